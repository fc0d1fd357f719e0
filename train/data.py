"""Pairs to examples: splits by name family, and the texts that the student reads and writes."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TypeVar, get_args

from datasets import Dataset, DatasetDict

from nomenclair.contract import LANGUAGES, NO_GLOSSARY, source_text
from nomenclair.errors import UserError
from nomenclair.glossary import Glossary
from nomenclair.names import family
from nomenclair.records import Pair
from nomenclair.workspace import Workspace, read_records, write_records
from review.words import final_pairs, read_words

Item = TypeVar("Item")
Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)

# Of twenty parts of the families, one is tested and one validated. The embedded base saw neither: train/base holds
# out by the same function.
PARTS: dict[int, Split] = {0: "test", 1: "validation"}

# Held-out names of a large corpus that are measured: enough to know chrF to half a point.
MOST_NAMES = 2500

# In the training folder: the pairs that a training was made from, so that what it held out stays known.
STORED = "pairs.parquet"


@dataclass(frozen=True, slots=True)
class OwnPair(Pair):
    """A pair that may lack a language: its text there is ""."""

    def __post_init__(self):
        if not (self.id and self.name and (self.en or self.fr)):
            raise ValueError(f"{self.name!r}: no id, no name or no text")


def split_of(name: str) -> Split:
    """The split of a name, by hash of its family: rows never move between splits and siblings never part."""
    digest = hashlib.sha1(family(name).encode("utf-8"), usedforsecurity=False).digest()
    return PARTS.get(int.from_bytes(digest) % 20, "train")


def workspace_pairs(ws: Workspace) -> list[Pair]:
    """What a student of this workspace learns from: curated pairs, a person's words winning."""
    return final_pairs(read_records(ws.need(ws.curated, "curate"), Pair), read_words(ws.reviewed).values())


def store_pairs(training: Path, pairs: Iterable[Pair]) -> None:
    write_records(training / STORED, OwnPair, pairs)


def stored_pairs(ws: Workspace, *splits: Split) -> list[Pair]:
    """The pairs of these splits that the workspace's training was made from."""
    path = ws.need(ws.training / STORED, "train")
    return [pair for pair in read_records(path, OwnPair) if split_of(pair.name) in splits]


def spread(rows: Sequence[Item], most: int = MOST_NAMES) -> list[Item]:
    """At most so many rows, at even distances over all.

    >>> spread(range(10), 4)
    [0, 2, 5, 7]
    """
    if most >= len(rows):
        return list(rows)
    return [rows[i * len(rows) // most] for i in range(most)]


def examples(
    pairs: Iterable[Pair], languages: Sequence[str] = LANGUAGES, glossary: Glossary = NO_GLOSSARY
) -> DatasetDict:
    """Rows of (id, name, lang, kind, source, target) in three splits; UserError where training has none."""
    rows: dict[str, list[dict]] = {split: [] for split in SPLITS}
    for pair in pairs:
        for lang in languages:
            rows[split_of(pair.name)].append(
                {
                    "id": pair.id,
                    "name": pair.name,
                    "lang": lang,
                    "kind": pair.kind,
                    "source": source_text(pair.name, lang, glossary),
                    "target": pair.text(lang),
                }
            )
    if not rows["train"] or not rows["validation"]:
        raise UserError(
            f"{sum(map(len, rows.values())) // len(languages)} pairs are too few to split by family.",
            "It takes some hundred: generate and curate more, add the seed corpus (nomenclair curate --seed), "
            "or give --pairs a longer table.",
        )
    return DatasetDict({split: Dataset.from_list(rows[split]) for split in SPLITS if rows[split]})


def fingerprint(pairs: Iterable[Pair]) -> str:
    """A hash of the pairs, whatever their order: says which data a student was trained on."""
    digest = hashlib.sha256()
    for line in sorted("\0".join(asdict(pair).values()) for pair in pairs):
        digest.update(line.encode("utf-8") + b"\n")
    return digest.hexdigest()
