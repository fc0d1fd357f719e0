"""What of a T5's config decides its graph, and where its positions fall."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a T5Config decides the graph."""

    vocab: int
    d_model: int
    d_kv: int
    encoder_layers: int
    decoder_layers: int
    heads: int
    buckets: int
    max_distance: int
    epsilon: float
    gated: bool
    head_scale: float


def relative_bucket(relative: np.ndarray, both_ways: bool, buckets: int, max_distance: int) -> np.ndarray:
    """T5's bucket of a relative position (key minus query): exact when near, logarithmic when far."""
    start = np.zeros_like(relative)
    if both_ways:
        buckets //= 2
        start = (relative > 0) * buckets
        relative = np.abs(relative)
    else:
        relative = -np.minimum(relative, 0)
    exact = buckets // 2
    far = exact + (
        np.log(np.maximum(relative, 1).astype(np.float32) / exact)
        / math.log(max_distance / exact)
        * (buckets - exact)
    ).astype(np.int64)
    return start + np.where(relative < exact, relative, np.minimum(far, buckets - 1))


def shape_of(config: Any) -> Shape:
    """The Shape of a transformers T5Config (or mT5's); ValueError for an activation the graph does not know."""
    activation = config.dense_act_fn
    if (config.is_gated_act, activation) not in ((True, "gelu_new"), (False, "relu")):
        raise ValueError(f"no graph for the feed-forward {config.feed_forward_proj!r}")
    return Shape(
        vocab=config.vocab_size,
        d_model=config.d_model,
        d_kv=config.d_kv,
        encoder_layers=config.num_layers,
        decoder_layers=config.num_decoder_layers,
        heads=config.num_heads,
        buckets=config.relative_attention_num_buckets,
        max_distance=config.relative_attention_max_distance,
        epsilon=config.layer_norm_epsilon,
        gated=config.is_gated_act,
        head_scale=head_scale(config),
    )


def head_scale(config: Any) -> float:
    """What a model multiplies its head's input with: 1 but for a T5 whose head is its embedding. mT5 never scales,
    whatever its config says of the two."""
    scaled = config.model_type == "t5" and config.scale_decoder_outputs
    return config.d_model**-0.5 if scaled else 1.0
