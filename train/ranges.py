"""How large the inputs of a model's matrices get, seen on real pairs: what int8 needs to know before it serves.

A step chosen from the batch itself (dynamic quantisation) makes a name's text depend on the other names of its
batch. A step chosen here does not, and costs the same time; it is coarser, which the gate of the export weighs.
"""

from collections.abc import Sequence

import torch
from torch import nn
from transformers import PreTrainedModel

PAIRS_AT_ONCE = 32
# Room for names that excite a layer more than those seen did.
MARGIN = 1.1
# Cross-attention reads the source; values have the input that keys have.
CROSSED_KEYS = ("EncDecAttention.k", "encoder_attn.k_proj")
CROSSED_VALUES = ("EncDecAttention.v", "encoder_attn.v_proj")
FILLER = -100  # no token of any family: BART begins each source with token 0


def activation_ranges(
    model: PreTrainedModel, pairs: Sequence[tuple[list[int], list[int]]], head_scale: float
) -> dict[str, tuple[float, float]]:
    """Smallest and largest input of each nn.Linear, by module name, over token ids of (sources, targets).

    `head_scale` is what torch multiplies the head's input with, and the graph its weights.
    """
    found: dict[str, tuple[float, float]] = {}
    valid: dict[str, torch.Tensor] = {}

    def note(name: str, x: torch.Tensor) -> None:
        reads_source = name.startswith(("encoder", "model.encoder")) or name.endswith(CROSSED_KEYS)
        seen = x[valid["encoder" if reads_source else "decoder"]]
        low, high = found.get(name, (0.0, 0.0))
        found[name] = min(low, float(seen.min())), max(high, float(seen.max()))

    hooks = [
        module.register_forward_pre_hook(lambda _, args, name=name: note(name, args[0]))
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and not name.endswith(CROSSED_VALUES)
    ]
    try:
        for start in range(0, len(pairs), PAIRS_AT_ONCE):
            sources, targets = zip(*pairs[start : start + PAIRS_AT_ONCE], strict=True)
            ids, labels = _padded(sources, FILLER), _padded(targets, FILLER)
            valid["encoder"], valid["decoder"] = ids != FILLER, labels != FILLER
            with torch.inference_mode():
                model(input_ids=ids.clamp(min=0), attention_mask=valid["encoder"].long(), labels=labels)
    finally:
        for hook in hooks:
            hook.remove()
    scaled = {"lm_head": tuple(bound / head_scale for bound in found["lm_head"])} if found else {}
    return {name: (low * MARGIN, high * MARGIN) for name, (low, high) in (found | scaled).items()}


def _padded(rows: Sequence[Sequence[int]], filler: int) -> torch.Tensor:
    width = max(map(len, rows))
    return torch.tensor([[*row, *[filler] * (width - len(row))] for row in rows])
