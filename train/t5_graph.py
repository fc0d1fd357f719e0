"""A T5 as one ONNX graph: encoder, then a Loop around one greedy decoder step.

A single run maps a batch of token ids to a batch of generated ids: input_ids and attention_mask [batch, source],
max_new_tokens [] (all int64) to tokens [batch, steps] (int64, 0 after the end token) and score [batch] (float,
mean log-probability of the generated tokens, the end token included).

Every weight stands once, in the outer graph; the loop's body reads it from there. Operators of the domain
com.microsoft are ONNX Runtime's own. Facts about T5 used here: no scaling of attention scores; RMS
normalisation; the first layer's relative position biases serve all layers; a tied output head scales its input
by d_model**-0.5.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from train.packing import BLOCK, int4_blocks, int8_columns, uint8_input
from train.t5_shape import Shape, relative_bucket

MICROSOFT = "com.microsoft"
OPSET = 21
PAD, EOS = 0, 1
# A run of this many tokens is written once at most: greedy decoding of a small model falls into loops.
NO_REPEAT = 3
# The most of a Slice: to the end.
LAST = np.iinfo(np.int64).max


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
class Builder:
    """Writes the nodes of one T5.

    `weights` are float arrays by their Hugging Face names; `int8(layer)` says whether a layer's matrix is stored
    and multiplied in int8, `int4(layer)` whether in 4 bits instead; `max_source` and `max_steps` bound the
    position tables, in tokens. `ranges` holds the smallest and largest input of each torch module; an int8
    matrix with one quantises its input by it, so that a name's text does not depend on its batch. `guarded` says
    that no row may hold the same NO_REPEAT tokens twice.
    """

    shape: Shape
    weights: Mapping[str, np.ndarray]
    int8: Callable[[str], bool]
    max_source: int
    max_steps: int
    int4: Callable[[str], bool] = lambda layer: False
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    guarded: bool = True

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
        """One product for several projections of the same input: their weights side by side."""
        weight = np.concatenate([self.weights[f"{n}.weight"].T for n in names], axis=1)
        return self.linear(g, x, "+".join(names), weight)

    def normed(self, g: Nodes, x: str, skip: str | None, name: str) -> tuple[str, str]:
        """(residual stream x + skip, its RMS normalisation)."""
        gamma = g.constant(name, self.weights[f"{name}.weight"])
        if skip is None:
            return x, g.add("SimplifiedLayerNormalization", [x, gamma], axis=-1, epsilon=self.shape.epsilon)
        k = len(g.nodes)
        out = [f"{g.prefix}norm_{k}", "", "", f"{g.prefix}sum_{k}"]
        g.add(
            "SkipSimplifiedLayerNormalization", [x, skip, gamma], out, MICROSOFT, epsilon=self.shape.epsilon
        )
        return out[3], out[0]

    def embedding(self, g: Nodes, ids: str) -> str:
        table = self.weights["shared.weight"]
        if self.int4("shared") and self.shape.d_model % BLOCK == 0:
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
        self,
        g: Nodes,
        q: str,
        k: str,
        v: str,
        bias: str,
        past: list[str] | None = None,
        present: list[str] | None = None,
    ):
        inputs = [q, k, v, "", "", bias, *(past or [])]
        outputs = [f"{g.prefix}attention_{len(g.nodes)}", *(present or [])]
        g.add("MultiHeadAttention", inputs, outputs, MICROSOFT, num_heads=self.shape.heads, scale=1.0)
        return outputs[0]

    def feed_forward(self, g: Nodes, x: str, name: str) -> str:
        if self.shape.gated:
            both = self.projection(g, x, *(f"{name}.DenseReluDense.{part}" for part in ("wi_0", "wi_1")))
            gate, value = g.add("Split", [both], 2, axis=-1, num_outputs=2)
            hidden = g.add("Mul", [g.add("FastGelu", [gate], domain=MICROSOFT), value])
        else:
            hidden = g.add("Relu", [self.projection(g, x, f"{name}.DenseReluDense.wi")])
        return self.projection(g, hidden, f"{name}.DenseReluDense.wo")

    def encoder(self, g: Nodes) -> tuple[list[str], str]:
        """Cross-attention keys and values of every decoder layer ([batch, heads, source, d_kv] each), and the mask."""
        s = self.shape
        mask = g.add("Cast", ["attention_mask"], to=TensorProto.FLOAT)
        one, far = g.constant("one", np.float32(1)), g.constant("masked", np.float32(1e9))
        mask = g.add("Mul", [g.add("Sub", [mask, one]), far])
        mask = g.add("Unsqueeze", [mask, g.constant("axes_1_2", np.array([1, 2]))])
        position = np.arange(self.max_source)
        bucket = relative_bucket(position[None] - position[:, None], True, s.buckets, s.max_distance)
        table = self.weights["encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"]
        source = g.add("Shape", ["input_ids"], start=1, end=2)
        window = g.add("Concat", [source, source], axis=0)
        starts, axes = g.constant("zeros_2", np.array([0, 0])), g.constant("axes_2_3", np.array([2, 3]))
        bias = g.constant("encoder.bias", table[bucket].transpose(2, 0, 1)[None].astype(np.float32))
        bias = g.add("Add", [g.add("Slice", [bias, starts, window, axes]), mask])
        x, skip = self.embedding(g, "input_ids"), None
        for i in range(s.encoder_layers):
            layer = f"encoder.block.{i}.layer"
            x, n = self.normed(g, x, skip, f"{layer}.0.layer_norm")
            q, k, v = g.add(
                "Split",
                [self.projection(g, n, *(f"{layer}.0.SelfAttention.{p}" for p in "qkv"))],
                3,
                axis=-1,
                num_outputs=3,
            )
            skip = self.projection(g, self.attention(g, q, k, v, bias), f"{layer}.0.SelfAttention.o")
            x, n = self.normed(g, x, skip, f"{layer}.1.layer_norm")
            skip = self.feed_forward(g, n, f"{layer}.1")
        _, n = self.normed(g, x, skip, "encoder.final_layer_norm")
        # A product for each layer: one for all would hold every layer's keys and values three times at once.
        heads = g.constant("cross.shape", np.array([0, 0, 2 * s.heads, s.d_kv]))
        crossing = []
        for i in range(s.decoder_layers):
            both = self.projection(g, n, *(f"decoder.block.{i}.layer.1.EncDecAttention.{p}" for p in "kv"))
            both = g.add("Transpose", [g.add("Reshape", [both, heads])], perm=[0, 2, 1, 3])
            crossing += g.add("Split", [both], 2, axis=1, num_outputs=2)
        return crossing, mask

    def step(
        self, g: Nodes, token: str, t: str, past: list[str], present: list[str], cross: list[str], mask: str
    ) -> str:
        """Logits [batch, 1, vocab] of one decoder step; `t` [1] is how many tokens the cache holds."""
        s = self.shape
        distance = np.arange(self.max_steps)
        bucket = relative_bucket(-distance, False, s.buckets, s.max_distance)
        table = self.weights["decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"]
        # The bias depends on the distance alone: a slice of the reversed table serves every step.
        reverse = g.constant("decoder.bias", table[bucket].T[:, ::-1][None, :, None, :].astype(np.float32))
        first = g.add("Sub", [g.constant("last_step", np.array([self.max_steps - 1])), t])
        end, axis = g.constant("steps", np.array([self.max_steps])), g.constant("axis_3", np.array([3]))
        bias = g.add("Slice", [reverse, first, end, axis])
        x, skip = self.embedding(g, token), None
        for i in range(s.decoder_layers):
            layer = f"decoder.block.{i}.layer"
            x, n = self.normed(g, x, skip, f"{layer}.0.layer_norm")
            q, k, v = g.add(
                "Split",
                [self.projection(g, n, *(f"{layer}.0.SelfAttention.{p}" for p in "qkv"))],
                3,
                axis=-1,
                num_outputs=3,
            )
            cache = slice(2 * i, 2 * i + 2)
            own = self.attention(g, q, k, v, bias, past[cache], present[cache])
            skip = self.projection(g, own, f"{layer}.0.SelfAttention.o")
            x, n = self.normed(g, x, skip, f"{layer}.1.layer_norm")
            q = self.projection(g, n, f"{layer}.1.EncDecAttention.q")
            skip = self.projection(
                g, self.attention(g, q, *cross[cache], mask), f"{layer}.1.EncDecAttention.o"
            )
            x, n = self.normed(g, x, skip, f"{layer}.2.layer_norm")
            skip = self.feed_forward(g, n, f"{layer}.2")
        _, n = self.normed(g, x, skip, "decoder.final_layer_norm")
        head = self.weights.get("lm_head.weight", self.weights["shared.weight"])
        return self.linear(g, n, "lm_head", (head * s.head_scale).T)

    def without_repeats(self, g: Nodes, likely: str) -> str:
        """Probabilities [batch, vocab] with -1 for each token that would write a run of NO_REPEAT twice.

        `written` [batch, n] holds the start token and all tokens so far, `token` the last of them. A forbidden best
        token leaves the score of the next best as it was, so a student that wants to loop is seen to be unsure.
        """
        axis = g.constant("axis_1", np.array([1]))
        ends = {end: g.constant(f"end_{end}", np.array([end])) for end in (-2, -1, 0, 1, 2, LAST)}

        def part(start: int, end: int) -> str:
            return g.add("Slice", ["written", ends[start], ends[end], axis])

        same = [g.add("Equal", [part(0, -2), part(-2, -1)]), g.add("Equal", [part(1, -1), "token"])]
        never, free = g.constant("never", np.float32(-1)), g.constant("free", np.float32(2))
        ceiling = g.add("Where", [g.add("And", same), never, free])
        return g.add("ScatterElements", [likely, part(2, LAST), ceiling], axis=1, reduction="min")

    def model(self) -> onnx.ModelProto:
        s = self.shape
        outer = Nodes({})
        cross, mask = self.encoder(outer)
        batch = outer.add("Shape", ["input_ids"], start=0, end=1)
        one = outer.constant("one_1", np.array([1]))
        column = outer.add("Concat", [batch, one], axis=0)
        start = outer.add("Expand", [outer.constant("start", np.array([[PAD]])), column])
        alive = outer.add("Equal", [start, start])
        score = outer.add("Cast", [start], to=TensorProto.FLOAT)
        no_past = outer.add(
            "Concat", [batch, outer.constant("no_past", np.array([s.heads, 0, s.d_kv]))], axis=0
        )
        empty = outer.add(
            "ConstantOfShape", [no_past], value=numpy_helper.from_array(np.zeros(1, np.float32))
        )
        bound = outer.add("Min", ["max_new_tokens", outer.constant("most_steps", np.int64(self.max_steps))])

        body = outer.inner("step_")
        past = [f"past_{i}" for i in range(2 * s.decoder_layers)]
        present = [f"present_{i}" for i in range(2 * s.decoder_layers)]
        t = body.add("Unsqueeze", ["iteration", body.constant("axis_0", np.array([0]))])
        logits = self.step(body, "token", t, past, present, cross, mask)
        # Softmax and TopK run on ONNX Runtime's fast kernels; ReduceLogSumExp over the vocabulary cost a quarter
        # of the whole run.
        axis1 = outer.constant("axis_1", np.array([1]))
        likely = body.add("Softmax", [body.add("Squeeze", [logits, axis1])], axis=-1)
        if self.guarded:
            likely = self.without_repeats(body, likely)
        top, best = body.add("TopK", [likely, one], 2, axis=-1)
        body.add("Where", ["alive", best, body.constant("pad", np.array([[PAD]]))], ["next_token"])
        gain = body.add("Mul", [body.add("Log", [top]), body.add("Cast", ["alive"], to=TensorProto.FLOAT)])
        body.add("Add", ["log_probability", gain], ["next_log_probability"])
        body.add("Concat", ["written", "next_token"], ["next_written"], axis=1)
        body.add("Cast", ["alive"], ["counted"], to=TensorProto.FLOAT)
        end = body.add("Equal", ["next_token", body.constant("eos", np.array([[EOS]]))])
        body.add("And", ["alive", body.add("Not", [end])], ["next_alive"])
        some = body.add("ReduceMax", [body.add("Cast", ["next_alive"], to=TensorProto.INT32)], keepdims=0)
        body.add("Cast", [some], ["go_on"], to=TensorProto.BOOL)

        value = helper.make_tensor_value_info
        real, whole, truth = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
        cache = ["batch", s.heads, None, s.d_kv]
        carried_in = [
            value("token", whole, ["batch", 1]),
            value("alive", truth, ["batch", 1]),
            value("log_probability", real, ["batch", 1]),
            value("written", whole, ["batch", None]),
        ]
        carried_out = [
            value("next_token", whole, ["batch", 1]),
            value("next_alive", truth, ["batch", 1]),
            value("next_log_probability", real, ["batch", 1]),
            value("next_written", whole, ["batch", None]),
        ]
        graph = helper.make_graph(
            body.nodes,
            "greedy_step",
            [
                value("iteration", whole, []),
                value("condition", truth, []),
                *carried_in,
                *(value(p, real, cache) for p in past),
            ],
            [
                value("go_on", truth, []),
                *carried_out,
                *(value(p, real, cache) for p in present),
                value("counted", real, ["batch", 1]),
            ],
        )
        always = outer.constant("true", np.array(True))
        finals = [
            "last_token",
            "last_alive",
            "log_probability_sum",
            "all_written",
            *(f"last_{p}" for p in past),
            "counted_steps",
        ]
        outer.add(
            "Loop", [bound, always, start, alive, score, start, *([empty] * len(past))], finals, body=graph
        )
        steps = [outer.constant(f"end_{end}", np.array([end])) for end in (1, LAST)]
        outer.add("Slice", ["all_written", *steps, axis1], ["tokens"])
        length = outer.add(
            "ReduceSum", ["counted_steps", outer.constant("axes_0", np.array([0]))], keepdims=0
        )
        outer.add("Squeeze", [outer.add("Div", ["log_probability_sum", length]), axis1], ["score"])
        inputs = [
            value("input_ids", whole, ["batch", "source"]),
            value("attention_mask", whole, ["batch", "source"]),
            value("max_new_tokens", whole, []),
        ]
        outputs = [value("tokens", whole, ["batch", "steps"]), value("score", real, ["batch"])]
        complete = helper.make_graph(
            outer.nodes, "t5_greedy", inputs, outputs, list(outer.initializers.values())
        )
        imports = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(complete, opset_imports=imports, ir_version=10, producer_name="nomenclair")
