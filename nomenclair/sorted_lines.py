"""Tables whose lines stand in the order of their bytes: half a million of them cost the memory of the file and a few
milliseconds to load, and a line is found in one of its blocks. On disk they are packed (gzip)."""

import gzip
import zlib
from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path

from nomenclair.errors import UserError

# Bytes from one line that is remembered to the next.
BLOCK = 4096
# What zlib calls a file in the format of gzip, and how many times smaller than its table one may be.
GZIP, MOST_PACKED = 31, 32


def pack(path: Path, lines: bytes) -> None:
    """Write a table; no date goes into it: the same lines are the same bytes."""
    path.write_bytes(gzip.compress(lines, mtime=0))


def unpack(path: Path) -> bytes:
    """The lines of a packed table; UserError for a file that is missing, damaged or cut short."""
    cure = "Copy the whole folder again."
    try:
        packed = path.read_bytes()
        # A gzip file ends with its size unpacked (RFC 1952): a buffer of that size is not copied to grow.
        size = min(int.from_bytes(packed[-4:], "little"), MOST_PACKED * len(packed))
        lines = zlib.decompress(packed, GZIP, size)
    except (OSError, zlib.error) as error:
        raise UserError(f"{path} cannot be unpacked: {error}.", cure) from error
    if not lines.endswith(b"\n"):
        raise UserError(f"{path} cannot be read: its last line is cut short.", cure)
    return lines


@dataclass(frozen=True, slots=True)
class SortedLines:
    """`lines` are the table's bytes, each line with its end; `starts` and `firsts` are where blocks begin, and with
    what line."""

    lines: bytes = b""
    starts: tuple[int, ...] = field(init=False, repr=False, compare=False)
    firsts: tuple[bytes, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        # The line that holds the last byte before a block's place ends there.
        places = range(0, len(self.lines), BLOCK)
        starts = sorted({self.lines.index(b"\n", place - 1) + 1 if place else 0 for place in places})
        starts = tuple(start for start in starts if start < len(self.lines))
        # With its end, as it was sorted: without it, a line that goes on with a lower byte would come too late.
        firsts = tuple(self.lines[start : self.lines.index(b"\n", start) + 1] for start in starts)
        object.__setattr__(self, "starts", starts)
        object.__setattr__(self, "firsts", firsts)

    def first_with(self, prefix: bytes) -> int:
        """Where the first line begins that starts with the prefix; -1 where none does.

        >>> SortedLines(b"arbre\\npont\\n").first_with(b"po"), SortedLines(b"arbre\\npont\\n").first_with(b"b")
        (6, -1)
        """
        # Lines with the prefix may begin in the last block whose first line is before it, or as the next block.
        after = bisect_right(self.firsts, prefix)
        start = self.starts[after - 1] if after else 0
        end = self.starts[after] + len(prefix) if after < len(self.starts) else len(self.lines)
        if self.lines.startswith(prefix, start):
            return start
        found = self.lines.find(b"\n" + prefix, start, end)
        return found + 1 if found >= 0 else -1


@dataclass(frozen=True, slots=True)
class WordList(SortedLines):
    """A set of words: `lines` are their UTF-8 bytes, one word each.

    >>> "pont" in WordList(b"arbre\\npont\\n"), "po" in WordList(b"arbre\\npont\\n")
    (True, False)
    """

    def __contains__(self, word: object) -> bool:
        return self.first_with(f"{word}\n".encode("utf-8", "replace")) >= 0
