"""Names whose answer follows from a sibling's are not sent: same words, or same family with other digits.

A text is carried over only where every digit of it can be traced to the sibling's name; anything that was put
in words (a month, a quarter, an ordinal) is asked afresh.
"""

import re
from typing import Literal

from datagen.parse import Texts
from nomenclair import names

Via = Literal["words", "family"]

# A digit said in words cannot be exchanged for another.
NUMBER_WORDS = re.compile(
    rf"\b(?:{'|'.join(sorted(names.MONTH_WORDS))}"
    r"|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|premiere?|seconde?|\w+ieme"
    r"|one|two|three|four|five|six|seven|eight|nine|ten|un|une|deux|trois|quatre|cinq|sept|huit|neuf|dix"
    r"|quarter|trimestre|semester|semestre|half|moitie|mid|century|siecle)\b"
)
ORDINAL = re.compile(r"\d+(?:st|nd|rd|th|er|re|ere|e|eme|nde?)\b", re.IGNORECASE)
DIGITS = re.compile(r"\d+")


def words_key(name: str) -> str:
    """Names with one key say the same thing: same words and numbers, whatever the case and the separators."""
    stem, ext = names.split_ext(name)
    return " ".join(names.fold(w) for w in names.words(stem)) + ext


def carry_over(answered: str, texts: Texts, sibling: str) -> tuple[Texts, Via] | None:
    """The sibling's texts from those of an answered name of its family, or None where it must be asked."""
    if words_key(answered) == words_key(sibling):
        return texts, "words"
    old, new = _skeleton(answered), _skeleton(sibling)
    if old[0] != new[0]:
        return None
    changes = _changes(old[1], new[1])
    if changes is None:
        return None
    # A text tells 01 as 1: where 01 and 1 stand in one name, it may be either.
    plain = _changes([_plain(n) for n in old[1]], [_plain(n) for n in new[1]])
    if plain is None:
        return None
    en, fr = (_exchange(t, {**plain, **changes}, old[1]) for t in (texts.en, texts.fr))
    return (Texts(en, fr), "family") if en and fr else None


def _skeleton(name: str) -> tuple[str, list[str]]:
    """The words of a name with hashes and digits blanked, and the digits."""
    stem, ext = names.split_ext(name)
    bare = " ".join(names.fold(w) for w in names.words(names.without_hashes(stem, " # ")))
    return DIGITS.sub("0", bare) + ext, DIGITS.findall(bare)


def _changes(old: list[str], new: list[str]) -> dict[str, str] | None:
    """Which number becomes which; None where one number would have to become two."""
    changes: dict[str, str] = {}
    for a, b in zip(old, new, strict=True):
        if changes.setdefault(a, b) != b:
            return None
    return changes


def _plain(number: str) -> str:
    return number.lstrip("0") or "0"


def _exchange(text: str, changes: dict[str, str], said: list[str]) -> str | None:
    folded = names.fold(text)
    # Of a name without digits nothing can have been put in words.
    if said and (NUMBER_WORDS.search(folded) or ORDINAL.search(folded)):
        return None
    if any(number not in changes for number in DIGITS.findall(text)):
        return None
    return DIGITS.sub(lambda m: changes[m[0]], text)
