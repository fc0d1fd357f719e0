"""What a base is told of words, phrases and extensions that its corpus shows too rarely to teach: glossary.tsv.gz, in
its folder.

Unpacked, three tab-separated columns: a folded word or phrase, or an extension with its dot; what it is in English;
what it is in French. A noun stands with its gender in French (`serrure f`), a proper name with its class in both: a
given name `Zoé g`, a surname `Dupond s`, what is either `Martin p`, a town `Bastia t`, a brand `Peugeot b`. A word's
cell is empty where there is nothing to say, a phrase's where it would say the phrase again. A phrase stands without
its LITTLE words: `cle chiffrement` for clé de chiffrement. Lines stand in the order of their bytes (see
sorted_lines).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nomenclair import names
from nomenclair.errors import UserError
from nomenclair.sorted_lines import SortedLines, pack, unpack

FILE = "glossary.tsv.gz"
COLUMNS = 3

# What names leave out of phrases: articles, the commonest prepositions, an English genitive's s.
LITTLE = frozenset("a an au aux d de des du en et l la le les of s the un une".split())


@dataclass(frozen=True, slots=True)
class Glossary(SortedLines):
    """`lines` are the file's."""

    @classmethod
    def load(cls, folder: Path) -> "Glossary":
        """The folder's glossary, empty where it has none; UserError for a file that is none."""
        path = folder / FILE
        if not path.exists():
            return cls()
        lines = unpack(path)
        if lines[: lines.index(b"\n")].count(b"\t") != COLUMNS - 1:
            raise UserError(f"{path}, line 1: not {COLUMNS} cells.", "Copy the whole folder again.")
        return cls(lines)

    @classmethod
    def of_words(cls, words: Mapping[str, tuple[str, str]]) -> "Glossary":
        """The glossary of {folded word: (English, French)}."""
        rows = sorted((word.encode(), *cells) for word, cells in words.items())
        lines = (f"{word.decode()}\t{english}\t{french}\n" for word, english, french in rows)
        return cls("".join(lines).encode())

    def store(self, folder: Path) -> None:
        """Write the folder's glossary; an empty one is no file."""
        if self.lines:
            pack(folder / FILE, self.lines)

    def longest(self, words: Sequence[str], lang: str) -> tuple[int, str]:
        """How many of the words, from the first on, the longest entry takes, and what they are in the language.

        (1, "") where there is nothing to say. LITTLE words after the first are passed over. A phrase of the language
        itself is told too: what reads it keeps its words together.

        >>> glossary = Glossary.of_words({"cle": ("key", "clé f"), "cle chiffrement": ("encryption key", "")})
        >>> glossary.longest(["clé", "de", "chiffrement"], "en")
        (3, 'encryption key')
        >>> Glossary.of_words({"cycle count": ("", "inventaire tournant m")}).longest(["cycle", "count"], "en")
        (2, 'cycle count')
        """
        found, key = (1, ""), b""
        for count, word in enumerate(words, 1):
            folded = names.fold(word)
            if count > 1 and folded in LITTLE:
                continue
            key += (b" " if key else b"") + folded.encode("utf-8", "replace")
            start = self.first_with(key + b"\t")
            if start >= 0:
                _, english, french = (
                    self.lines[start : self.lines.index(b"\n", start)].decode("utf-8").split("\t")
                )
                said = (english if lang == "en" else french) or (key.decode() if b" " in key else "")
                found = (count, said) if said else found
            if self.first_with(key + b" ") < 0:
                break
        return found
