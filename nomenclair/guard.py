"""What no description may do, checked after the model: numbers, months and words that nothing in the name gives.

A small model garbles a rare word or a long number now and then. A reader is better served by the kind alone.
"""

import re
from collections import Counter
from collections.abc import Iterable, Set

from nomenclair import names
from nomenclair.kinds import Kind

ENGLISH = "January February March April May June July August September October November December".split()
FRENCH = "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre".split()
MONTHS = {word: number for months in (ENGLISH, FRENCH) for number, word in enumerate(months, 1)}
MONTHS_FOLDED = frozenset(names.fold(month) for month in MONTHS)
WORD = re.compile(r"[^\W\d_]+")
# A word of at most so many letters is a unit, a code or a little word; it is not looked up.
SHORT = 3
# What stands beside the kind of an opaque name.
LITTLE = frozenset(
    """no n from of for without du de d sans copy copie version untitled titre title new nouveau nouvelle photo image
    picture scan numerisation scannee video audio recording enregistrement document data donnees temporary temporaire
    compressed compresse compressee""".split()
)
# A content word may stand twice ("script that reads a script"), not more.
MOST_TIMES = 2


def fault(name: str, text: str, words: Set[str], kind: Kind) -> str | None:
    """Why the text may not stand for the name, or None.

    `words` are the folded words that texts are made of, `kind` is the name's.

    >>> pdf = Kind(".pdf", "document", "PDF document", "Document PDF", "m", ("pdf",))
    >>> fault("notes_2023-06-02.pdf", "PDF document of notes, 14 February 2023", {"document", "notes"}, pdf)
    'number 14'
    """
    return (
        _number(f"{name} {kind.en}", text)
        or _month(name, text)
        or _loop(text)
        or (_subject(text, kind) if names.is_opaque(name) else None)
        or next((f"word {w}" for w in unknown_words(name, text, words)), None)
    )


def unknown_words(name: str, text: str, words: Set[str]) -> list[str]:
    """The words of a text that are neither words of either language nor letters of the name."""
    folded = names.fold(name)
    return [
        word
        for word in WORD.findall(text)
        if len(word) > SHORT
        and not any(
            form in words or form in MONTHS_FOLDED or form in folded for form in _forms(names.fold(word))
        )
    ]


def vocabulary(texts: Iterable[str]) -> frozenset[str]:
    """The folded words of these texts that `unknown_words` looks up."""
    return frozenset(names.fold(word) for text in texts for word in WORD.findall(text) if len(word) > SHORT)


def _forms(word: str) -> list[str]:
    """A word, and what it may be a plural or a feminine of."""
    return [word, *(word.removesuffix(ending) for ending in ("s", "x", "e", "es", "ne", "nes"))]


def _number(name: str, text: str) -> str | None:
    runs = re.findall(r"[0-9]+", name)
    for number in re.findall(r"[0-9]+", text):
        bare = number.lstrip("0") or "0"
        short_year = re.fullmatch(r"(?:19|20)([0-9]{2})", number)
        if any(bare in run for run in runs) or (short_year and any(short_year[1] in run for run in runs)):
            continue
        return f"number {number}"
    return None


def _month(name: str, text: str) -> str | None:
    folded, runs = names.fold(name), re.findall(r"[0-9]+", name)
    for word in WORD.findall(text):
        # English months have a capital: `march` is a walk.
        number = MONTHS.get(word) or MONTHS.get(names.fold(word))
        if number is None or any(month[:3].lower() in folded for month, n in MONTHS.items() if n == number):
            continue
        if not any(f"{number:02}" in run or str(number) == run for run in runs):
            return f"month {word}"
    return None


def _subject(text: str, kind: Kind) -> str | None:
    """An opaque name gets its kind, with a number or a date: any other word was made up."""
    said = frozenset(names.fold(w) for t in (kind.en, kind.fr, *kind.marks) for w in WORD.findall(t))
    for word in WORD.findall(text):
        if (key := names.fold(word)) not in said and key not in LITTLE and key not in MONTHS_FOLDED:
            return f"subject {word}"
    return None


def _loop(text: str) -> str | None:
    counts = Counter(names.fold(w) for w in WORD.findall(text) if len(w) > SHORT)
    return next((f"loop {word}" for word, times in counts.items() if times > MOST_TIMES), None)
