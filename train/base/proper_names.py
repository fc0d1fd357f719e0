"""Names of persons (and pets), towns and brands, which no model of this size can tell from words by their letters:
corpus/proper_names.tsv.

Three tab-separated columns: the name as its bearer writes it, alike in both languages; its class, which is `person`
where it is a given name as often as a surname; `also`: empty, or `word` or `name` where it is an ordinary word too,
whichever is likelier in a file's name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from nomenclair import names
from nomenclair.glossary import LITTLE

Class = Literal["given", "surname", "person", "town", "brand"]
CLASSES: tuple[Class, ...] = get_args(Class)
ALSO = ("", "word", "name")


@dataclass(frozen=True, slots=True)
class ProperName:
    name: str
    kind: Class
    also: str

    def told(self) -> str:
        """How a glossary tells it, in both languages: `Zoé g`, `Bastia t`, `Peugeot b`."""
        return f"{self.name} {self.kind[0]}"

    def forms(self) -> Iterator[str]:
        """What it may stand as in a name, folded: its words, and one word where it is one (`PlayStation`)."""
        first, *rest = map(names.fold, names.words(self.name))
        yield " ".join([first, *(word for word in rest if word not in LITTLE)])
        if rest and self.name.isalnum():
            yield names.fold(self.name)


def load(path: Path) -> list[ProperName]:
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    return [ProperName(*line.split("\t")) for line in lines]
