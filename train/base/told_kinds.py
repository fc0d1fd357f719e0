"""What an extension says a file is, told like a word where the model cannot know it.

A glossary holds extensions beside words: `.gff3`, "GFF3 genome annotation", "annotation de génome GFF3 f". What few of
the written pairs have is not learnt from them; of an extension that it is told nothing of a model makes up a kind.
"""

from collections import Counter
from collections.abc import Iterable

from nomenclair import names
from nomenclair.kinds import Kind, KindTable

# An extension that fewer pairs have is told: their texts gain by it, those of the others no more (LOG.md, seventeenth
# run).
ENOUGH = 30


def extensions(table: KindTable) -> list[Kind]:
    """The kinds that an extension gives."""
    return [k for k in table.by_pattern.values() if names.split_ext("x" + k.pattern) == ("x", k.pattern)]


def told_kinds(table: KindTable) -> dict[str, tuple[str, str]]:
    """{extension: (English, French)} of every extension, as a glossary tells it."""
    return {kind.pattern: (_english(kind), f"{_lower(kind.fr)} {kind.gender}") for kind in extensions(table)}


def rare_kinds(table: KindTable, described: Iterable[str]) -> dict[str, tuple[str, str]]:
    """told_kinds of the extensions that fewer than ENOUGH of these names have."""
    met = Counter(table.of(name).pattern for name in described)
    return {pattern: cells for pattern, cells in told_kinds(table).items() if met[pattern] < ENOUGH}


def _english(kind: Kind) -> str:
    """A name keeps its capital: it stands in French with it too (`Godot script`, Script Godot)."""
    first = kind.en.split(" ")[0]
    return kind.en if first in kind.fr.split(" ")[1:] else _lower(kind.en)


def _lower(text: str) -> str:
    """Without the capital that begins a text; an acronym keeps its own."""
    return text if text[1:2].isupper() or text[1:2].isdigit() else text[:1].lower() + text[1:]
