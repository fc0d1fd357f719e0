"""A T5 as one ONNX graph: encoder, then the loop of train/greedy.py or train/beam.py around one decoder step.

Facts about T5 used here: no scaling of attention scores; RMS normalisation; the first layer's relative position
biases serve all layers; a tied output head scales its input by d_model**-0.5.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import onnx

from train.beam import crossed_attention, decoded, mask_of_beams
from train.decoding import Decoding
from train.nodes import MICROSOFT, Matrices, Nodes, added_mask, attention, crossed, thirds
from train.t5_shape import Shape, relative_bucket


@dataclass(frozen=True, slots=True)
class Builder:
    """Writes the nodes of one T5.

    `weights`, `int8`, `int4` and `ranges` are those of Matrices; `max_source` and `max_steps` bound the position
    tables, in tokens; `guarded` and `beams` are those of Decoding.
    """

    shape: Shape
    weights: Mapping[str, np.ndarray]
    int8: Callable[[str], bool]
    max_source: int
    max_steps: int
    int4: Callable[[str], bool] = lambda layer: False
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    guarded: bool = True
    beams: int = 1

    @property
    def matrices(self) -> Matrices:
        return Matrices(self.weights, self.int8, self.int4, self.ranges)

    def projection(self, g: Nodes, x: str, *names: str) -> str:
        return self.matrices.projection(g, x, *names)

    def attention(self, g: Nodes, *tensors, **cache) -> str:
        return attention(g, self.shape.heads, 1.0, *tensors, **cache)

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
        mask = added_mask(g)
        position = np.arange(self.max_source)
        bucket = relative_bucket(position[None] - position[:, None], True, s.buckets, s.max_distance)
        table = self.weights["encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"]
        source = g.add("Shape", ["input_ids"], start=1, end=2)
        window = g.add("Concat", [source, source], axis=0)
        starts, axes = g.constant("zeros_2", np.array([0, 0])), g.constant("axes_2_3", np.array([2, 3]))
        bias = g.constant("encoder.bias", table[bucket].transpose(2, 0, 1)[None].astype(np.float32))
        bias = g.add("Add", [g.add("Slice", [bias, starts, window, axes]), mask])
        x, skip = self.matrices.embedding(g, "input_ids"), None
        for i in range(s.encoder_layers):
            layer = f"encoder.block.{i}.layer"
            x, n = self.normed(g, x, skip, f"{layer}.0.layer_norm")
            q, k, v = thirds(g, self.projection(g, n, *(f"{layer}.0.SelfAttention.{p}" for p in "qkv")))
            skip = self.projection(g, self.attention(g, q, k, v, bias), f"{layer}.0.SelfAttention.o")
            x, n = self.normed(g, x, skip, f"{layer}.1.layer_norm")
            skip = self.feed_forward(g, n, f"{layer}.1")
        _, n = self.normed(g, x, skip, "encoder.final_layer_norm")
        # A product for each layer: one for all would hold every layer's keys and values three times at once.
        crossing = []
        for i in range(s.decoder_layers):
            both = self.projection(g, n, *(f"decoder.block.{i}.layer.1.EncDecAttention.{p}" for p in "kv"))
            crossing += crossed(g, both, s.heads, s.d_kv)
        return crossing, mask

    def step(
        self, g: Nodes, token: str, t: str, past: list[str], present: list[str], cross: list[str], mask: str
    ) -> str:
        """Logits [batch, vocab] of one decoder step; `t` [] is how many tokens the cache holds."""
        s = self.shape
        distance = np.arange(self.max_steps)
        bucket = relative_bucket(-distance, False, s.buckets, s.max_distance)
        table = self.weights["decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"]
        # The bias depends on the distance alone: a slice of the reversed table serves every step.
        reverse = g.constant("decoder.bias", table[bucket].T[:, ::-1][None, :, None, :].astype(np.float32))
        first = g.add("Gather", [g.constant("starts", np.arange(self.max_steps)[::-1, None]), t])
        end, axis = g.constant("steps", np.array([self.max_steps])), g.constant("axis_3", np.array([3]))
        bias = g.add("Slice", [reverse, first, end, axis])
        x, skip = self.matrices.embedding(g, token), None
        for i in range(s.decoder_layers):
            layer = f"decoder.block.{i}.layer"
            x, n = self.normed(g, x, skip, f"{layer}.0.layer_norm")
            q, k, v = thirds(g, self.projection(g, n, *(f"{layer}.0.SelfAttention.{p}" for p in "qkv")))
            cache = slice(2 * i, 2 * i + 2)
            own = self.attention(g, q, k, v, bias, past=past[cache], present=present[cache])
            skip = self.projection(g, own, f"{layer}.0.SelfAttention.o")
            x, n = self.normed(g, x, skip, f"{layer}.1.layer_norm")
            q = self.projection(g, n, f"{layer}.1.EncDecAttention.q")
            found = crossed_attention(g, self.beams, s.heads, 1.0, q, *cross[cache], mask)
            skip = self.projection(g, found, f"{layer}.1.EncDecAttention.o")
            x, n = self.normed(g, x, skip, f"{layer}.2.layer_norm")
            skip = self.feed_forward(g, n, f"{layer}.2")
        _, n = self.normed(g, x, skip, "decoder.final_layer_norm")
        table = self.weights["shared.weight"]
        head = self.weights.get("lm_head.weight", table)
        return self.matrices.head(g, n, head, s.head_scale, np.array_equal(head, table))

    def model(self) -> onnx.ModelProto:
        s = self.shape
        outer = Nodes({})
        cross, mask = self.encoder(outer)
        mask = mask_of_beams(outer, mask, self.beams)

        def step(g: Nodes, token: str, t: str, past: list[str], present: list[str]) -> str:
            return self.step(g, token, t, past, present, cross, mask)

        decoding = Decoding(
            s.decoder_layers, s.heads, s.d_kv, self.max_steps, self.beams, guarded=self.guarded
        )
        return decoded(outer, step, decoding)
