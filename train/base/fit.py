"""Pretraining on a core or two: a small T5, Muon on its matrices and AdamW on the rest, bf16, compiled, resumable.

    python -m train.base.fit SHARDS RUN --mix templates=8,seeds=2 --until 06:40

The rate decays linearly with the wall clock, so that the decay happens whatever
the machine's speed. A checkpoint holds model, optimizers, step and clock; the same command goes on from it.
"""

import argparse
import json
import math
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import torch
from sacrebleu.metrics import CHRF
from tokenizers import Tokenizer
from torch.nn.functional import cross_entropy
from transformers import T5ForConditionalGeneration

from train.base.model import carry_over, drop_channels, new_model, shape
from train.base.shards import IGNORED, Shard, batches

HIDDEN = 2  # <unk>, which no text holds: the tokenizer falls back to bytes
WARMUP_STEPS = 100


def words_before(labels: np.ndarray, hide: float, rng: np.random.Generator) -> np.ndarray:
    """What the decoder reads [size, T]: the labels one place later, a share of them hidden.

    A decoder that cannot trust its own last words must look at the name (word dropout, Bowman et al. 2016, "Generating
    Sentences from a Continuous Space"): it tells fewer texts from memory. Unlike dropout it costs no time.
    """
    before = np.zeros_like(labels)
    before[:, 1:] = np.where(labels[:, :-1] == IGNORED, 0, labels[:, :-1])
    hidden = rng.random(labels.shape) < hide
    hidden[:, 0] = False
    return np.where(hidden, HIDDEN, before)


def surprise(said: torch.Tensor, labels: torch.Tensor, smoothing: float) -> torch.Tensor:
    """Mean cross-entropy of the labels [size, T] under the logits said [size, T, vocabulary].

    A share `smoothing` of each label is spread over all tokens (Szegedy et al. 2016, "Rethinking the Inception
    Architecture"): a model that knows its pairs by heart stays less sure of them.
    """
    return cross_entropy(
        said.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED, label_smoothing=smoothing
    )


def optimizers(model: T5ForConditionalGeneration, muon: float, adam: float) -> list[torch.optim.Optimizer]:
    """Muon on the layers' matrices, AdamW on embeddings, norms and position biases.

    T5 divides no attention score by the root of the head's width: its query matrices are that much smaller, and so
    must their steps be, or attention freezes on one word within a few hundred steps. Position biases are added to
    those scores, so they need large steps.
    """
    sorts: dict[str, list[torch.nn.Parameter]] = {"query": [], "matrix": [], "bias": [], "rest": []}
    for name, parameter in model.named_parameters():
        if "relative" in name:
            sort = "bias"
        elif parameter.ndim != 2 or "shared" in name:
            sort = "rest"
        else:
            sort = "query" if name.endswith(".q.weight") else "matrix"
        sorts[sort].append(parameter)
    of_query = muon / math.sqrt(model.config.d_kv)
    rates = {"query": of_query, "matrix": muon, "bias": 10 * adam, "rest": adam}
    groups = {sort: {"params": sorts[sort], "lr": at, "initial_lr": at} for sort, at in rates.items()}
    return [
        torch.optim.Muon([groups["matrix"], groups["query"]], weight_decay=0.01),
        torch.optim.AdamW([groups["rest"], groups["bias"]], betas=(0.9, 0.98), weight_decay=0.0),
    ]


@torch.no_grad()
def greedy(
    model: T5ForConditionalGeneration, tokenizer: Tokenizer, texts: list[str], most: int = 32
) -> list[str]:
    """The model's greedy answers."""
    ids = [tokenizer.encode(text).ids[:64] for text in texts]
    out: list[str] = []
    for i in range(0, len(ids), 64):
        part = ids[i : i + 64]
        source = torch.zeros((len(part), max(map(len, part))), dtype=torch.long)
        for row, one in enumerate(part):
            source[row, : len(one)] = torch.tensor(one)
        mask = (source != 0).long()
        done = model.generate(source, attention_mask=mask, max_new_tokens=most, do_sample=False, num_beams=1)
        out += [tokenizer.decode(row, skip_special_tokens=True) for row in done.tolist()]
    return out


def score(
    model: T5ForConditionalGeneration, tokenizer: Tokenizer, held_out: list[dict]
) -> tuple[dict[str, float], list[str]]:
    """chrF by language on held-out examples {"source", "target", "lang"}, and the answers."""
    answers = greedy(model, tokenizer, [h["source"] for h in held_out])
    scores = {}
    for lang in ("en", "fr"):
        mine = [(a, h["target"]) for a, h in zip(answers, held_out, strict=True) if h["lang"] == lang]
        scores[lang] = CHRF().corpus_score([a for a, _ in mine], [[t for _, t in mine]]).score
    return scores, answers


def deadline(text: str) -> float:
    """The next moment (seconds since the epoch) at which the clock in UTC shows HH:MM."""
    hour, minute = map(int, text.split(":"))
    now = datetime.now(UTC)
    at = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return (at if at > now else at + timedelta(days=1)).timestamp()


def rate(step: int, now: float, start: float, end: float) -> float:
    """Share of the full learning rate: a short warm-up by step, then linear decay by the clock."""
    left = max(0.0, min(1.0, (end - now) / (end - start)))
    return min(1.0, (step + 1) / WARMUP_STEPS) * max(0.01, left)


def save(
    path: Path, model: torch.nn.Module, opts: list[torch.optim.Optimizer], step: int, start: float
) -> None:
    state = {
        "model": model.state_dict(),
        "opts": [o.state_dict() for o in opts],
        "step": step,
        "start": start,
    }
    torch.save(state, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def fit(args: argparse.Namespace) -> None:
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    tokenizer = Tokenizer.from_file(str(args.shards / "tokenizer.json"))
    held_out = json.loads((args.shards / "held_out.json").read_text("utf-8"))[: args.held_out]
    mix = {k: float(v) for k, v in (part.split("=") for part in args.mix.split(","))}
    shards = {name: Shard.load(args.shards / f"{name}.npz") for name in mix}
    vocabulary = -(-tokenizer.get_vocab_size() // 64) * 64  # matrices of round sizes are faster
    model = new_model(shape(vocabulary, args.width, args.feed_forward, args.encoder, args.decoder))
    if args.start:
        carry_over(model, tokenizer, args.start)
    if args.dropout:
        drop_channels(model, args.dropout)
    opts = optimizers(model, args.muon, args.adam)
    args.run.mkdir(parents=True, exist_ok=True)
    checkpoint = args.run / "checkpoint.pt"
    step, start = 0, time.time()
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        for opt, saved in zip(opts, state["opts"], strict=True):
            opt.load_state_dict(saved)
        step, start = state["step"], state["start"]
    end = deadline(args.until)

    def loss_of(
        source: torch.Tensor, mask: torch.Tensor, before: torch.Tensor, labels: torch.Tensor
    ) -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            said = model(input_ids=source, attention_mask=mask, decoder_input_ids=before).logits
        return surprise(said, labels, args.smoothing)

    compiled = torch.compile(loss_of, dynamic=False)
    model.train()
    rng = np.random.default_rng(args.seed + step)
    running, seen, shown, kept = [], 0, time.time(), time.time()
    log = (args.run / "log.tsv").open("a", encoding="utf-8", buffering=1)
    print(
        f"{datetime.now(UTC):%H:%M:%S}\tfrom step {step}, mix {args.mix}, sizes",
        {n: len(s) for n, s in shards.items()},
        file=log,
    )
    for source, labels in batches(shards, mix, args.batch, args.seed + step):
        now = time.time()
        if now >= end or step == args.steps:
            break
        for group in (g for opt in opts for g in opt.param_groups):
            group["lr"] = group["initial_lr"] * rate(step, now, start, end)
        x, before = torch.from_numpy(source), torch.from_numpy(words_before(labels, args.hide, rng))
        loss = compiled(x, (x != 0).long(), before, torch.from_numpy(labels))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for opt in opts:
            opt.step()
            opt.zero_grad()
        running.append(loss.item())
        if not math.isfinite(running[-1]):
            raise FloatingPointError(f"The loss is {running[-1]} at step {step}.")
        step, seen = step + 1, seen + args.batch
        if step % 100 == 0:
            speed = seen / (time.time() - shown)
            print(
                f"{datetime.now(UTC):%H:%M:%S}\t{step}\tloss {np.mean(running):.3f}\t{speed:.0f} ex/s",
                file=log,
            )
            running, seen, shown = [], 0, time.time()
        if time.time() - kept > args.every:
            report(model, tokenizer, held_out, step, args.run, log)
            save(checkpoint, model, opts, step, start)
            kept = shown = time.time()
            seen = 0
    report(model, tokenizer, held_out, step, args.run, log)
    save(checkpoint, model, opts, step, start)


def report(model, tokenizer: Tokenizer, held_out: list[dict], step: int, run: Path, log) -> None:
    """Score the held-out names into the log, the answers into a file beside it."""
    model.eval()
    scores, answers = score(model, tokenizer, held_out)
    model.train()
    print(f"{datetime.now(UTC):%H:%M:%S}\t{step}\tchrF en {scores['en']:.1f} fr {scores['fr']:.1f}", file=log)
    lines = [f"{h['source']}\t{a}\t{h['target']}" for h, a in zip(held_out, answers, strict=True)]
    (run / "answers.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("shards", type=Path, help="folder of `build`: tokenizer.json, held_out.json, *.npz")
    parser.add_argument("run", type=Path, help="folder of checkpoint and log")
    parser.add_argument(
        "--start", type=Path, help="a published base to go on from, of another tokenizer or not"
    )
    parser.add_argument("--mix", required=True, help="shard=weight, comma between")
    parser.add_argument("--until", required=True, help="HH:MM in UTC at which the rate reaches its end")
    parser.add_argument("--steps", type=int, help="stop after so many steps in all, before the hour")
    parser.add_argument("--every", type=float, default=300, help="seconds between checkpoints")
    parser.add_argument("--held-out", type=int, default=200, help="examples scored at each checkpoint")
    parser.add_argument("--threads", type=int, default=1, help="cores; leave one for other work")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--muon", type=float, default=0.02)
    parser.add_argument("--adam", type=float, default=6e-3)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--feed-forward", type=int, default=1024)
    parser.add_argument("--encoder", type=int, default=4)
    parser.add_argument("--decoder", type=int, default=2)
    parser.add_argument(
        "--hide", type=float, default=0.0, help="share of its own words hidden from the decoder"
    )
    parser.add_argument("--dropout", type=float, default=0.0, help="share of channels dropped")
    parser.add_argument(
        "--smoothing", type=float, default=0.0, help="share of each label given to all tokens"
    )
    parser.add_argument("--seed", type=int, default=1)
    fit(parser.parse_args())


if __name__ == "__main__":
    main()
