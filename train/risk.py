"""Minimum risk training: the model says several texts of a name and learns to prefer those nearer to the pair's own.

Cross-entropy teaches the next token of a perfect beginning; here whole texts of the model's own count, as they will
when it serves ("Minimum Risk Training for Neural Machine Translation", Shen et al. 2016). The risk of a text is
1 - chrF++ / 100. Its gradient is REINFORCE's, each text against the mean of the others ("Buy 4 REINFORCE Samples, Get
a Baseline for Free!", Kool et al. 2019).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from accelerate import PartialState
from sacrebleu.metrics import CHRF
from transformers import Seq2SeqTrainer, T5ForConditionalGeneration

from nomenclair.errors import UserError
from train import bases
from train.t5_shape import head_scale

TEXTS = 6  # said of each name in a step
LIKELIHOOD = (
    0.1  # cross-entropy's share beside the risk: what a model never says it cannot learn from its own texts
)
IGNORED = -100
MASKED = -1e9

# Self-attention: (layer, its module, its normed input [names, n, width]) to values [names, n, heads * d_kv].
Attend = Callable[[int, torch.nn.Module, torch.Tensor], torch.Tensor]


@dataclass(frozen=True, slots=True)
class Encoded:
    """Names as the decoder looks at them: keys and values [names, heads, source, d_kv] of each layer, and what the
    mask adds to scores [names, 1, 1, source]."""

    cross: tuple[tuple[torch.Tensor, torch.Tensor], ...]
    bias: torch.Tensor


def encode(model: T5ForConditionalGeneration, ids: torch.Tensor, mask: torch.Tensor) -> Encoded:
    """Token ids and mask [names, source]."""
    states = model.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    modules = [block.layer[1].EncDecAttention for block in model.decoder.block]
    cross = tuple((_heads(model, m.k(states)), _heads(model, m.v(states))) for m in modules)
    return Encoded(cross, (1.0 - mask[:, None, None].float()) * MASKED)


@torch.no_grad()
def said(
    model: T5ForConditionalGeneration, names: Encoded, texts: int, most: int, greedy: bool = False
) -> torch.Tensor:
    """Token ids [names, texts, n] of texts drawn as the model's probabilities have it (or each token the likeliest),
    of at most so many tokens, padded after the end token."""
    config, count = model.config, len(names.bias)
    bias = _own_bias(model, most)
    keys: list[list[torch.Tensor]] = [[] for _ in names.cross]
    values: list[list[torch.Tensor]] = [[] for _ in names.cross]

    def attend(layer: int, attention: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
        query, key, value = (
            f(x).view(count, texts, config.num_heads, 1, config.d_kv)
            for f in (attention.q, attention.k, attention.v)
        )
        keys[layer].append(key)
        values[layer].append(value)
        at = len(keys[layer])
        return _attended(
            query, torch.cat(keys[layer], -2), torch.cat(values[layer], -2), bias[:, at - 1 : at, :at]
        ).view(count, texts, -1)

    last = names.bias.new_full((count, texts), config.decoder_start_token_id, dtype=torch.long)
    ended = torch.zeros_like(last, dtype=torch.bool)
    tokens = []
    while len(tokens) < most and not ended.all():
        scores = _logits(model, last, names, attend).float()
        last = scores.argmax(-1) if greedy else _drawn(scores)
        last = last.masked_fill(ended, config.pad_token_id)
        ended |= last == config.eos_token_id
        tokens.append(last)
    return torch.stack(tokens, -1)


def log_probability(
    model: T5ForConditionalGeneration, names: Encoded, tokens: torch.Tensor, counted: torch.Tensor
) -> torch.Tensor:
    """Log-probabilities [names, texts] of texts: the sum over those tokens [names, texts, n] that count."""
    config, (count, texts, length) = model.config, tokens.shape
    bias = _own_bias(model, length) + torch.full((length, length), MASKED, device=tokens.device).triu(1)

    def attend(_: int, attention: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
        query, key, value = (
            _heads(model, f(x).view(count, texts, length, -1))
            for f in (attention.q, attention.k, attention.v)
        )
        return _attended(query, key, value, bias).transpose(-3, -2).reshape(count, texts * length, -1)

    before = tokens.roll(1, -1)
    before[..., 0] = config.decoder_start_token_id
    scores = _logits(model, before.flatten(1), names, attend).float()
    labels = tokens.masked_fill(~counted, IGNORED)
    lost = F.cross_entropy(scores.flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="none")
    return -lost.view(tokens.shape).sum(-1)


def advantage(rewards: torch.Tensor) -> torch.Tensor:
    """How much better each text [names, texts] is than the mean of its name's others."""
    texts = rewards.shape[1]
    return (rewards - rewards.mean(1, keepdim=True)) * texts / (texts - 1)


def check_risk(model) -> None:
    """UserError for a model, or a launch of several processes, that this file cannot train."""
    family = model.config.model_type
    if family not in ("t5", "mt5"):
        raise UserError(f"--minimum-risk tunes a T5, not a {family}.", "Leave --minimum-risk out.")
    if PartialState().num_processes > 1 or torch.cuda.device_count() > 1:
        cure = "Set CUDA_VISIBLE_DEVICES=0 and start it without accelerate launch."
        raise UserError("--minimum-risk trains in one process, on one GPU.", cure)


class RiskTrainer(Seq2SeqTrainer):
    """The trainer with the risk as its loss: of drawn texts in training, of the greedy one in evaluation."""

    def compute_loss(
        self, model, inputs: Mapping[str, torch.Tensor], return_outputs=False, num_items_in_batch=None
    ):
        risk = self._risk if model.training else self._greedy_risk
        # The trainer gives this context to the model's own forward alone, which is not called here.
        with self.accelerator.autocast():
            loss = risk(model, inputs)
        return (loss, {}) if return_outputs else loss

    def _greedy_risk(self, model, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        base, own = _bare(model), self._own(inputs)
        names = encode(base, inputs["input_ids"], inputs["attention_mask"])
        most = bases.limits(base.config.vocab_size).new
        return 1 - self._rewards(said(base, names, 1, most, greedy=True), own).mean()

    def _risk(self, model, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        base, own = _bare(model), self._own(inputs)
        base.eval()  # with dropout it would draw by other probabilities than it is judged by
        names = encode(base, inputs["input_ids"], inputs["attention_mask"])
        told = said(base, names, TEXTS, own.shape[1])
        end = told == base.config.eos_token_id
        # A text that has not ended where the longest of the batch's own has is worth nothing.
        rewards = self._rewards(told, own) * end.any(-1)
        drawn = log_probability(base, names, told, end.cumsum(-1) - end.long() == 0)
        written = inputs["labels"] != IGNORED
        likelihood = log_probability(base, names, own[:, None], written[:, None]).sum() / written.sum()
        loss = -(advantage(rewards) * drawn).mean() - LIKELIHOOD * likelihood
        # The log shows the risk, not what its gradient is computed by.
        return loss + (1 - rewards.mean() - loss).detach()

    def _own(self, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        return inputs["labels"].masked_fill(inputs["labels"] == IGNORED, self.processing_class.pad_token_id)

    def _rewards(self, told: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
        """chrF++ / 100 of each text [names, texts] against its name's own."""
        metric = CHRF(word_order=2)
        texts = self.processing_class.batch_decode(told.flatten(0, 1), skip_special_tokens=True)
        references = self.processing_class.batch_decode(own, skip_special_tokens=True)
        scores = [
            metric.sentence_score(text, [references[i // told.shape[1]]]).score
            for i, text in enumerate(texts)
        ]
        return torch.tensor(scores, device=told.device).view(told.shape[:2]) / 100


def _bare(model) -> T5ForConditionalGeneration:
    """The T5 inside an adapter's wrapping; its matrices keep their adapters."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def _heads(model: T5ForConditionalGeneration, x: torch.Tensor) -> torch.Tensor:
    """[…, n, heads * d_kv] to […, heads, n, d_kv]."""
    return x.view(*x.shape[:-1], model.config.num_heads, model.config.d_kv).transpose(-3, -2)


def _attended(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, bias: torch.Tensor
) -> torch.Tensor:
    """T5's attention: scores are not divided by the root of the width."""
    weights = (query @ key.transpose(-1, -2)).float() + bias
    return weights.softmax(-1).to(value.dtype) @ value


def _own_bias(model: T5ForConditionalGeneration, length: int) -> torch.Tensor:
    """What relative positions add to self-attention's scores [heads, length, length]."""
    attention = model.decoder.block[0].layer[0].SelfAttention
    return attention.compute_bias(length, length, device=model.device)[0].float()


def _logits(
    model: T5ForConditionalGeneration, tokens: torch.Tensor, names: Encoded, attend: Attend
) -> torch.Tensor:
    """[names, n, vocabulary] after each of the tokens [names, n]. All texts of a name look at it at once: its keys
    and values stand once, where transformers' own decoder needs a copy for each text."""
    x = model.shared(tokens)
    for layer, (block, (key, value)) in enumerate(zip(model.decoder.block, names.cross, strict=True)):
        itself, name, feed_forward = block.layer
        x = x + itself.SelfAttention.o(attend(layer, itself.SelfAttention, itself.layer_norm(x)))
        query = _heads(model, name.EncDecAttention.q(name.layer_norm(x)))
        seen = _attended(query, key, value, names.bias).transpose(-3, -2).flatten(-2)
        x = x + name.EncDecAttention.o(seen)
        x = x + feed_forward.DenseReluDense(feed_forward.layer_norm(x))
    return model.lm_head(model.decoder.final_layer_norm(x) * head_scale(model.config))


def _drawn(scores: torch.Tensor) -> torch.Tensor:
    """A token of each row of logits, by its probability; one random number a row, where multinomial takes one a
    token."""
    sums = scores.softmax(-1).cumsum(-1)
    at = torch.rand_like(sums[..., :1]) * sums[..., -1:]
    return torch.searchsorted(sums, at).squeeze(-1).clamp(max=scores.shape[-1] - 1)
