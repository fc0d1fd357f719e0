"""What a base is told of the words that its corpus shows too rarely to be known: glossary.tsv, in its folder.

Three tab-separated columns under a header: a folded word, what it is in English, what it is in French (a noun with its
gender: `serrure f`); a cell is empty where there is nothing to say. Lines stand in the order of their words' bytes, so
that a word is found by halving: tens of thousands of words cost the memory of the file and no time to load.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nomenclair.errors import UserError

FILE = "glossary.tsv"
HEADER = "word\ten\tfr\n"


@dataclass(frozen=True, slots=True)
class Glossary:
    """`lines` are the file's lines after its header, as bytes, each with its end."""

    lines: bytes = b""

    @classmethod
    def load(cls, folder: Path) -> "Glossary":
        """The folder's glossary, empty where it has none; UserError for a file that is none."""
        path = folder / FILE
        if not path.exists():
            return cls()
        data = path.read_bytes()
        header = HEADER.encode()
        if not data.startswith(header) or not data.endswith(b"\n"):
            raise UserError(
                f"{path} does not begin with the header {HEADER!r}.", "Copy the whole folder again."
            )
        return cls(data[len(header) :])

    @classmethod
    def of_words(cls, words: Mapping[str, tuple[str, str]]) -> "Glossary":
        """The glossary of {folded word: (English, French)}."""
        rows = sorted((word.encode(), *cells) for word, cells in words.items())
        lines = (f"{word.decode()}\t{english}\t{french}\n" for word, english, french in rows)
        return cls("".join(lines).encode())

    def store(self, folder: Path) -> None:
        """Write the folder's glossary; an empty one is no file."""
        if self.lines:
            (folder / FILE).write_bytes(HEADER.encode() + self.lines)

    def of(self, word: str, lang: str) -> str:
        """What a folded word is in the language, or "".

        >>> Glossary(b"chat\\tcat\\tchat m\\nserrure\\tlock\\tserrure f\\n").of("serrure", "en")
        'lock'
        """
        wanted = word.encode("utf-8", "replace")
        low, high = 0, len(self.lines)
        while low < high:
            start = self.lines.rfind(b"\n", low, (low + high) // 2) + 1 or low
            end = self.lines.index(b"\n", start)
            found, english, french = self.lines[start:end].split(b"\t")
            if found == wanted:
                return (english if lang == "en" else french).decode("utf-8")
            if found < wanted:
                low = end + 1
            else:
                high = start
        return ""
