"""The seed corpus and the gold set, written by hand: corpus/pairs/*.tsv and corpus/gold.tsv, as records."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nomenclair.errors import UserError
from nomenclair.kinds import KindTable
from nomenclair.names import readable
from nomenclair.records import Pair, name_id
from nomenclair.workspace import REPOSITORY

FOLDER = REPOSITORY / "corpus"
PAIR_COLUMNS = ("name", "en", "fr")
GOLD_COLUMNS = ("name", "en", "en2", "en3", "fr", "fr2", "fr3")


@dataclass(frozen=True, slots=True)
class Gold:
    """A name with one to three accepted texts per language, the first being the best."""

    id: str
    name: str
    kind: str
    en: tuple[str, ...]
    fr: tuple[str, ...]

    def texts(self, lang: str) -> tuple[str, ...]:
        return self.fr if lang == "fr" else self.en


def kinds(folder: Path = FOLDER) -> KindTable:
    return KindTable.load(folder / "kinds.tsv")


def seed_pairs(folder: Path = FOLDER) -> list[Pair]:
    """Every pair of corpus/pairs, in file order; the kind is the table's, the teacher is `person`."""
    table = kinds(folder)
    return [
        Pair(name_id(name), name, en, fr, table.of(name).kind, "person", "")
        for path in sorted((folder / "pairs").glob("*.tsv"))
        for name, en, fr in _rows(path, PAIR_COLUMNS)
    ]


def gold(folder: Path = FOLDER) -> list[Gold]:
    """The gold set: never trained on, disjoint by family from corpus/pairs."""
    table = kinds(folder)
    return [
        Gold(name_id(row[0]), row[0], table.of(row[0]).kind, _present(row[1:4]), _present(row[4:7]))
        for row in _rows(folder / "gold.tsv", GOLD_COLUMNS)
    ]


def _present(texts: list[str]) -> tuple[str, ...]:
    return tuple(text for text in texts if text)


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[list[str]]:
    lines = path.read_text(encoding="utf-8").split("\n")
    if tuple(lines[0].split("\t")) != columns:
        raise UserError(f"{path}: line 1 is not the header {' '.join(columns)}.", "Restore the file.")
    for number, line in enumerate(lines[1:], 2):
        cells = line.split("\t")
        if line and len(cells) != len(columns):
            raise UserError(
                f"{path}, line {number}: {len(cells)} cells, not {len(columns)}.", "Mend the line."
            )
        if line:
            yield [readable(cell) for cell in cells]
