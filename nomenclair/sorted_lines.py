"""Tables whose lines stand in the order of their bytes: a line is found by halving, so a hundred thousand of them cost
the memory of the file and no time to load."""

from dataclasses import dataclass


def first_from(lines: bytes, needle: bytes) -> int:
    """Where the first line begins that is not before `needle`; the end of `lines` if all are.

    >>> first_from(b"arbre\\npont\\n", b"b")
    6
    """
    low, high = 0, len(lines)
    while low < high:
        start = lines.rfind(b"\n", low, (low + high) // 2) + 1 or low
        end = lines.index(b"\n", start) + 1
        if lines[start:end] < needle:
            low = end
        else:
            high = start
    return low


@dataclass(frozen=True, slots=True)
class WordList:
    """A set of words: `lines` are their UTF-8 bytes, one word each.

    >>> "pont" in WordList(b"arbre\\npont\\n"), "po" in WordList(b"arbre\\npont\\n")
    (True, False)
    """

    lines: bytes

    def __contains__(self, word: object) -> bool:
        line = f"{word}\n".encode("utf-8", "replace")
        return self.lines.startswith(line, first_from(self.lines, line))
