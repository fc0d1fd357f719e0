"""What the training benchmarks share: their arguments, splits of the seed corpus, chrF of a tuned model in torch."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import sacrebleu

from datagen.corpus import seed_pairs
from nomenclair.contract import LANGUAGES, source_text
from nomenclair.glossary import Glossary
from nomenclair.records import Pair
from train import bases
from train.data import Split, split_of
from train.evaluate import greedy_texts
from train.export import load_trained


def arguments(description: str, pairs: int, epochs: int | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--base", default=str(bases.EMBEDDED), help="folder, hub name, or random")
    parser.add_argument("--pairs", type=int, default=pairs, help="so many pairs of the seed corpus")
    parser.add_argument("--epochs", type=int, default=epochs)
    return parser


def pairs_of(pairs: Sequence[Pair], *splits: Split) -> list[Pair]:
    return [pair for pair in pairs if split_of(pair.name) in splits]


def spread(pairs: Sequence[Pair], most: int) -> list[Pair]:
    """At most so many pairs, at even distances over the corpus."""
    if most >= len(pairs):
        return list(pairs)
    return [pairs[i * len(pairs) // most] for i in range(most)]


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
