"""What the training benchmarks share: their arguments, splits of the seed corpus, chrF of a tuned model in torch."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import sacrebleu
import torch

from datagen.corpus import seed_pairs
from nomenclair.contract import LANGUAGES, source_text
from nomenclair.glossary import Glossary
from nomenclair.records import Pair
from train import bases
from train.data import Split, split_of, spread
from train.decoding import NO_REPEAT
from train.export import load_trained


def arguments(description: str, pairs: int, epochs: int | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--base", default=str(bases.EMBEDDED), help="folder, hub name, or random")
    parser.add_argument("--pairs", type=int, default=pairs, help="so many pairs of the seed corpus")
    parser.add_argument("--epochs", type=int, default=epochs)
    return parser


def pairs_of(pairs: Sequence[Pair], *splits: Split) -> list[Pair]:
    return [pair for pair in pairs if split_of(pair.name) in splits]


def corpus(most: int) -> list[Pair]:
    return spread(seed_pairs(), most)


def chrf(training: Path, asked: Sequence[Pair]) -> dict[str, float]:
    """Corpus chrF per language of the merged fp32 model, greedy, on these pairs."""
    model, folder, _ = load_trained(training)
    tokenizer, glossary = bases.load_tokenizer(str(folder), ()), Glossary.load(folder)
    scores = {}
    for lang in LANGUAGES:
        texts = greedy_texts(model, tokenizer, [source_text(pair.name, lang, glossary) for pair in asked])
        scores[lang] = sacrebleu.corpus_chrf(texts, [[pair.text(lang) for pair in asked]]).score
    return scores


def greedy_texts(model, tokenizer, sources: Sequence[str]) -> list[str]:
    """What a model in torch answers to each source text, greedily, within its student's limits."""
    most = bases.limits(model.config.vocab_size)
    texts: list[str] = []
    for start in range(0, len(sources), 32):
        batch = tokenizer(list(sources[start : start + 32]), return_tensors="pt", padding=True)
        with torch.inference_mode():
            out = model.generate(
                input_ids=batch["input_ids"],
                attention_mask=batch["attention_mask"],
                max_new_tokens=most.new,
                do_sample=False,
                no_repeat_ngram_size=NO_REPEAT if most.guarded else 0,
            )
        texts += tokenizer.batch_decode(out, skip_special_tokens=True)
    return texts
