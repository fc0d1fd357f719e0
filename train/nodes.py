"""What every graph is written with: nodes, and matrices of any precision. Operators of the domain com.microsoft are
ONNX Runtime's own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from train.packing import BLOCK, int4_blocks, int8_columns, uint8_input

MICROSOFT = "com.microsoft"


@dataclass(slots=True)
class Nodes:
    """Nodes under construction; `outer` owns the initializers, so a loop body shares them."""

    initializers: dict[str, onnx.TensorProto]
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    prefix: str = ""

    def constant(self, name: str, value: np.ndarray) -> str:
        if name not in self.initializers:
            self.initializers[name] = numpy_helper.from_array(
                np.ascontiguousarray(value).reshape(np.shape(value)), name
            )
        return name

    def add(
        self, operator: str, inputs: list[str], outputs: int | list[str] = 1, domain: str = "", **attributes
    ):
        if isinstance(outputs, int):
            outputs = [f"{self.prefix}{operator}_{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(operator, inputs, outputs, domain=domain, **attributes))
        return outputs[0] if len(outputs) == 1 else outputs

    def inner(self, prefix: str) -> "Nodes":
        return Nodes(self.initializers, prefix=prefix)


@dataclass(frozen=True, slots=True)
class Matrices:
    """Products with a model's weights.

    `weights` are float arrays by their Hugging Face names; `int8(layer)` says whether a layer's matrix is stored
    and multiplied in int8, `int4(layer)` whether in 4 bits instead. `ranges` holds the smallest and largest input of
    each torch module; an int8 matrix with one quantises its input by it, so that a name's text does not depend on
    its batch.
    """

    weights: Mapping[str, np.ndarray]
    int8: Callable[[str], bool]
    int4: Callable[[str], bool] = lambda layer: False
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def linear(self, g: Nodes, x: str, name: str, weight: np.ndarray) -> str:
        """x @ weight [in, out]; int8 with dynamic activation scale, or 4 bits, where the precision asks for it."""
        if self.int4(name):
            q, scale = int4_blocks(weight)
            inputs = [x, g.constant(f"{name}.int4", q), g.constant(f"{name}.scale", scale)]
            rows, columns = weight.shape
            return g.add(
                "MatMulNBits",
                inputs,
                domain=MICROSOFT,
                K=rows,
                N=columns,
                bits=4,
                block_size=BLOCK,
                accuracy_level=4,  # activations in int8 too
            )
        if not self.int8(name):
            return g.add("MatMul", [x, g.constant(name, weight.astype(np.float32))])
        q, scale = int8_columns(weight)
        known = self.ranges.get(name.split("+")[0])
        if known:
            step, middle = uint8_input(*known)
            step, middle = g.constant(f"{name}.step", step), g.constant(f"{name}.middle", middle)
            x = g.add("QuantizeLinear", [x, step, middle])
            stored = [g.constant(f"{name}.int8", q), step, g.constant(f"{name}.scale", scale), middle]
            return g.add("MatMulIntegerToFloat", [x, *stored], domain=MICROSOFT)
        zero = g.constant(f"{name}.zero", np.zeros(len(scale), np.int8))
        inputs = [x, g.constant(f"{name}.int8", q), g.constant(f"{name}.scale", scale), zero]
        return g.add("DynamicQuantizeMatMul", inputs, domain=MICROSOFT)

    def projection(self, g: Nodes, x: str, *names: str) -> str:
        """One product for several projections of the same input: their weights side by side, biases added."""
        weight = np.concatenate([self.weights[f"{n}.weight"].T for n in names], axis=1)
        found = self.linear(g, x, "+".join(names), weight)
        if f"{names[0]}.bias" not in self.weights:
            return found
        bias = np.concatenate([self.weights[f"{n}.bias"] for n in names]).astype(np.float32)
        return g.add("Add", [found, g.constant(f"{'+'.join(names)}.bias", bias)])

    def head(self, g: Nodes, x: str, weight: np.ndarray, scale: float, tied: bool) -> str:
        """x [rows, 1, d_model] @ (weight [vocab, d_model] * scale).T as [rows, vocab]; its layer is called "lm_head".

        A `tied` weight is the table that embedding() reads: where both are int8, they are one.
        """
        x = g.add("Squeeze", [x, g.constant("axis_1", np.array([1]))])
        known = self.ranges.get("lm_head")
        one = (
            tied
            and known
            and all(self.int8(layer) and not self.int4(layer) for layer in ("lm_head", "shared"))
        )
        if not one:
            return self.linear(g, x, "lm_head", (weight * scale).T)
        q, scales = int8_columns(weight.T)
        step, middle = uint8_input(*known)
        step, middle = g.constant("lm_head.step", step), g.constant("lm_head.middle", middle)
        stored = [g.constant("shared.int8", q.T), g.constant("lm_head.scale", scales * np.float32(scale))]
        # QGemm wants a zero for each column where it has a scale for each.
        zeros = g.constant("lm_head.zero", np.zeros(len(scales), np.int8))
        x = g.add("QuantizeLinear", [x, step, middle])
        return g.add("QGemm", [x, step, middle, *stored, zeros], domain=MICROSOFT, transB=1)

    def embedding(self, g: Nodes, ids: str, name: str = "shared") -> str:
        """Rows of the table `name`; its layer is called "shared"."""
        table = self.weights[f"{name}.weight"]
        if self.int4("shared") and table.shape[1] % BLOCK == 0:
            q, scale = int4_blocks(table.T)
            inputs = [
                g.constant("shared.int4", q.reshape(len(q), -1)),
                ids,
                g.constant("shared.scale", scale),
            ]
            return g.add(
                "GatherBlockQuantized",
                inputs,
                domain=MICROSOFT,
                bits=4,
                block_size=BLOCK,
                gather_axis=0,
                quantize_axis=1,
            )
        if not self.int8("shared"):
            return g.add("Gather", [g.constant("shared", table.astype(np.float32)), ids], axis=0)
        q, scale = int8_columns(table.T)
        rows = g.add("Gather", [g.constant("shared.int8", q.T), ids], axis=0)
        scales = g.add("Gather", [g.constant("shared.scale", scale[:, None]), ids], axis=0)
        return g.add("Mul", [g.add("Cast", [rows], to=TensorProto.FLOAT), scales])


def attention(
    g: Nodes,
    heads: int,
    scale: float,
    q: str,
    k: str,
    v: str,
    bias: str,
    past: list[str] | None = None,
    present: list[str] | None = None,
):
    """Attention of q to k and v; with `past` and `present` the names of the cached keys and values."""
    inputs = [q, k, v, "", "", bias, *(past or [])]
    outputs = [f"{g.prefix}attention_{len(g.nodes)}", *(present or [])]
    g.add("MultiHeadAttention", inputs, outputs, MICROSOFT, num_heads=heads, scale=scale)
    return outputs[0]


def added_mask(g: Nodes) -> str:
    """attention_mask as what is added to scores, [batch, 1, 1, source]: 0 or nearly minus infinity."""
    mask = g.add("Cast", ["attention_mask"], to=TensorProto.FLOAT)
    one, far = g.constant("one", np.float32(1)), g.constant("masked", np.float32(1e9))
    mask = g.add("Mul", [g.add("Sub", [mask, one]), far])
    return g.add("Unsqueeze", [mask, g.constant("axes_1_2", np.array([1, 2]))])


def crossed(g: Nodes, both: str, heads: int, d_kv: int) -> list[str]:
    """Keys and values side by side, [batch, source, 2 heads d_kv], as [batch, heads, source, d_kv] each."""
    shape = g.constant("cross.shape", np.array([0, 0, 2 * heads, d_kv]))
    both = g.add("Transpose", [g.add("Reshape", [both, shape])], perm=[0, 2, 1, 3])
    return g.add("Split", [both], 2, axis=1, num_outputs=2)


def thirds(g: Nodes, x: str) -> list[str]:
    return g.add("Split", [x], 3, axis=-1, num_outputs=3)
