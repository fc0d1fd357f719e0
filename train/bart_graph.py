"""A BART or mBART as one ONNX graph: encoder, then the loop of train/greedy.py or train/beam.py around one decoder
step.

Facts used here: learned positions from row 2 of their table; biases everywhere; the embeddings are normalised. BART
normalises after each sum, mBART before each part and once at the end.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx

from train.beam import crossed_attention, decoded, mask_of_beams
from train.decoding import Decoding, Special
from train.nodes import MICROSOFT, Matrices, Nodes, added_mask, attention, crossed, thirds

FIRST_POSITION = 2
EPSILON = 1e-5
ACTIVATIONS = {"gelu": ("Gelu", MICROSOFT), "relu": ("Relu", "")}


@dataclass(frozen=True, slots=True)
class Builder:
    """Writes the nodes of one BART or mBART.

    `config` is its BartConfig or MBartConfig; `weights`, `int8`, `int4` and `ranges` are those of Matrices;
    `max_source` and `max_steps` bound sources and answers, in tokens; `guarded` and `beams` are those of
    Decoding. ValueError for an activation that the graph does not know.
    """

    config: Any
    weights: Mapping[str, np.ndarray]
    int8: Callable[[str], bool]
    max_source: int
    max_steps: int
    int4: Callable[[str], bool] = lambda layer: False
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    guarded: bool = True
    beams: int = 1

    def __post_init__(self):
        if self.config.activation_function not in ACTIVATIONS:
            raise ValueError(f"no graph for the activation {self.config.activation_function!r}")

    @property
    def matrices(self) -> Matrices:
        return Matrices(self.weights, self.int8, self.int4, self.ranges)

    @property
    def before(self) -> bool:
        """Are a layer's parts normalised before them (mBART), not after (BART)?"""
        return self.config.model_type == "mbart"

    def normed(self, g: Nodes, x: str, name: str) -> str:
        both = [g.constant(f"{name}.{part}", self.weights[f"{name}.{part}"]) for part in ("weight", "bias")]
        return g.add("LayerNormalization", [x, *both], axis=-1, epsilon=EPSILON)

    def around(self, g: Nodes, x: str, name: str, part: Callable[[str], str]) -> str:
        """x + part(x), normalised where this model does."""
        if self.before:
            return g.add("Add", [x, part(self.normed(g, x, name))])
        return self.normed(g, g.add("Add", [x, part(x)]), name)

    def embedded(self, g: Nodes, ids: str, side: str, start: str, end: str) -> str:
        """Embeddings of ids [batch, n] at the positions from `start` to `end`, both [1]."""
        x = self.matrices.embedding(g, ids, "model.shared")
        if self.config.scale_embedding:
            x = g.add("Mul", [x, g.constant("scale", np.float32(math.sqrt(self.config.d_model)))])
        most = FIRST_POSITION + max(self.max_source, self.max_steps)
        table = self.weights[f"model.{side}.embed_positions.weight"][FIRST_POSITION:most].astype(np.float32)
        zero = g.constant("axis_0", np.array([0]))
        places = g.add("Slice", [g.constant(f"{side}.positions", table), start, end, zero])
        return self.normed(g, g.add("Add", [x, places]), f"model.{side}.layernorm_embedding")

    def feed_forward(self, g: Nodes, x: str, layer: str) -> str:
        operator, domain = ACTIVATIONS[self.config.activation_function]
        hidden = g.add(operator, [self.matrices.projection(g, x, f"{layer}.fc1")], domain=domain)
        return self.matrices.projection(g, hidden, f"{layer}.fc2")

    def attended(self, g: Nodes, name: str, heads: int, *tensors: str, **cache) -> str:
        scale = (self.config.d_model // heads) ** -0.5
        return self.matrices.projection(g, attention(g, heads, scale, *tensors, **cache), f"{name}.out_proj")

    def encoder(self, g: Nodes) -> tuple[list[str], str]:
        """Cross-attention keys and values of every decoder layer ([batch, heads, source, d_kv] each), and the mask."""
        c, project = self.config, self.matrices.projection
        heads = c.encoder_attention_heads
        mask = added_mask(g)
        zero, source = g.constant("axis_0", np.array([0])), g.add("Shape", ["input_ids"], start=1, end=2)
        square = g.add("Concat", [g.constant("ones_2", np.array([1, 1])), source, source], axis=0)
        bias = g.add("Expand", [mask, square])
        x = self.embedded(g, "input_ids", "encoder", zero, source)
        for i in range(c.encoder_layers):
            layer = f"model.encoder.layers.{i}"
            own = f"{layer}.self_attn"

            def attend(n: str, own: str = own) -> str:
                q, k, v = thirds(g, project(g, n, *(f"{own}.{p}_proj" for p in "qkv")))
                return self.attended(g, own, heads, q, k, v, bias)

            x = self.around(g, x, f"{layer}.self_attn_layer_norm", attend)
            x = self.around(
                g, x, f"{layer}.final_layer_norm", lambda n, layer=layer: self.feed_forward(g, n, layer)
            )
        if self.before:
            x = self.normed(g, x, "model.encoder.layer_norm")
        crossing = []
        for i in range(c.decoder_layers):
            both = project(g, x, *(f"model.decoder.layers.{i}.encoder_attn.{p}_proj" for p in "kv"))
            crossing += crossed(g, both, c.decoder_attention_heads, c.d_model // c.decoder_attention_heads)
        return crossing, mask

    def step(
        self, g: Nodes, token: str, t: str, past: list[str], present: list[str], cross: list[str], mask: str
    ) -> str:
        """Logits [batch, vocab] of one decoder step; `t` [] is how many tokens the cache holds."""
        c, project = self.config, self.matrices.projection
        heads = c.decoder_attention_heads
        t = g.add("Unsqueeze", [t, g.constant("axis_0", np.array([0]))])
        after = g.add("Add", [t, g.constant("one_1", np.array([1]))])
        x = self.embedded(g, token, "decoder", t, after)
        for i in range(c.decoder_layers):
            layer = f"model.decoder.layers.{i}"
            cache = slice(2 * i, 2 * i + 2)
            own, other = f"{layer}.self_attn", f"{layer}.encoder_attn"

            def attend(n: str, own: str = own, cache: slice = cache) -> str:
                q, k, v = thirds(g, project(g, n, *(f"{own}.{p}_proj" for p in "qkv")))
                return self.attended(g, own, heads, q, k, v, "", past=past[cache], present=present[cache])

            def look(n: str, other: str = other, cache: slice = cache) -> str:
                q, scale = project(g, n, f"{other}.q_proj"), (c.d_model // heads) ** -0.5
                found = crossed_attention(g, self.beams, heads, scale, q, *cross[cache], mask)
                return project(g, found, f"{other}.out_proj")

            x = self.around(g, x, f"{layer}.self_attn_layer_norm", attend)
            x = self.around(g, x, f"{layer}.encoder_attn_layer_norm", look)
            x = self.around(
                g, x, f"{layer}.final_layer_norm", lambda n, layer=layer: self.feed_forward(g, n, layer)
            )
        if self.before:
            x = self.normed(g, x, "model.decoder.layer_norm")
        head, table = (self.weights[f"{name}.weight"] for name in ("lm_head", "model.shared"))
        logits = self.matrices.head(g, x, head, 1.0, np.array_equal(head, table))
        return g.add("Add", [logits, g.constant("logits_bias", self.weights["final_logits_bias"])])

    def model(self) -> onnx.ModelProto:
        c = self.config
        outer = Nodes({})
        cross, mask = self.encoder(outer)
        mask = mask_of_beams(outer, mask, self.beams)
        heads = c.decoder_attention_heads

        def step(g: Nodes, token: str, t: str, past: list[str], present: list[str]) -> str:
            return self.step(g, token, t, past, present, cross, mask)

        special = Special(c.decoder_start_token_id, c.eos_token_id, c.pad_token_id)
        d_kv = c.d_model // heads
        decoding = Decoding(c.decoder_layers, heads, d_kv, self.max_steps, self.beams, special, self.guarded)
        return decoded(outer, step, decoding)
