"""Variants of written pairs whose names hold a date, a counter or a copy's number, in the many ways that people write
them: of the written pairs one in three hundred has one, of the papers on a person's computer every third.

What is added stands behind a comma in both texts, so that it sticks to none of their nouns.
"""

import random
import re

from nomenclair import names
from nomenclair.contract import MAX_CHARS, MAX_WORDS
from nomenclair.kinds import KindTable
from nomenclair.names import ENGLISH_MONTHS, FRENCH_MONTHS
from train.base.swap import Row

# What people date; code and configuration have versions.
DATED = frozenset(
    "archive audio backup data database document ebook email image photo presentation spreadsheet text video".split()
)
# What cameras and recorders count.
COUNTED = frozenset("audio image photo video".split())
YEARS = range(1995, 2031)
# Of a hundred variants, how many have a counter where they may, how many a copy's number, how many a date before the
# words.
COUNTERS, COPIES, IN_FRONT = 30, 15, 20
# A text or a stem that says no number yet and has no part behind a comma.
PLAIN = re.compile(r"[^\d,;:()]+")

Added = tuple[str, str, str]  # as it stands in the name, in the English text, in the French text


def dated(row: Row, table: KindTable, rng: random.Random) -> Row | None:
    """The row with a date, a counter or a copy's number; None for a row that cannot take one: its kind is none of
    DATED, it has a number already, tells what a program does, or would be too long."""
    name, en, fr = row
    stem, ext = names.split_ext(name)
    kind = table.of(name)
    plain = all(PLAIN.fullmatch(text) for text in (stem, en, fr)) and not _says_month(stem)
    if not plain or kind.pattern != ext or kind.kind not in DATED or re.search(" that | qui ", f"{en} {fr}"):
        return None
    gap = next((mark for mark in "_- " if mark in stem), rng.choice("_-"))
    front = False
    if kind.kind in COUNTED and rng.randrange(100) < COUNTERS:
        added = _counter(gap, rng)
    elif rng.randrange(100) < COPIES:
        number = rng.randint(1, 4)
        added, gap = (f"({number})", f"copy {number}", f"copie {number}"), gap.strip("_-")
    else:
        french = _shared(stem, fr) > _shared(stem, en)
        added, front = _date(gap, french, rng), rng.randrange(100) < IN_FRONT
    written, english, told = added
    texts = f"{en}, {english}", f"{fr}, {told}"
    if any(len(text) > MAX_CHARS or len(text.split()) > MAX_WORDS for text in texts):
        return None
    return (f"{written}{gap}{stem}{ext}" if front else f"{stem}{gap}{written}{ext}", *texts)


def _says_month(stem: str) -> bool:
    return any(names.fold(word) in names.MONTH_WORDS for word in names.words(stem))


def _shared(stem: str, text: str) -> int:
    """How many of the text's words the stem has: the language of the text that shares more is the name's."""
    return len({*map(names.fold, names.words(stem))} & {*map(names.fold, names.words(text))})


def _counter(gap: str, rng: random.Random) -> Added:
    """A counter of three or four digits, behind a year or not."""
    number = rng.randint(1, 400)
    counted = f"{number:0{rng.choice((3, 3, 4))}}"
    if rng.random() < 0.4:
        return counted, f"no. {number}", f"n° {number}"
    year = rng.choice(YEARS)
    return f"{year}{gap}{counted}", f"{year}, no. {number}", f"{year}, n° {number}"


def _date(gap: str, french: bool, rng: random.Random) -> Added:
    """A day, a month, a year or two years, in digits or in the words of the name's language."""
    year, month, day = rng.choice(YEARS), rng.randrange(12), rng.randint(1, 28)
    y, m, d = str(year), f"{month + 1:02}", f"{day:02}"
    said = (FRENCH_MONTHS if french else ENGLISH_MONTHS)[month]
    said = rng.choice((said, said.lower(), names.fold(said)))
    mark = rng.choice(("-", "-", gap))
    english, told = f"{ENGLISH_MONTHS[month]} {year}", f"{FRENCH_MONTHS[month]} {year}"
    first = "1er" if day == 1 else str(day)
    sort = rng.random()
    if sort < 0.4:
        ways = [
            mark.join((y, m, d)), y + m + d, mark.join((d, m, y)), f"{d}.{m}.{y}", d + m + y,
            gap.join((str(day), said, y)),
        ]  # fmt: skip
        return rng.choice(ways), f"{day} {english}", f"{first} {told}"
    if sort < 0.85:
        ways = [mark.join((y, m)), mark.join((y, m)), y + m, mark.join((m, y)), gap.join((said, y)), said + y]
        return rng.choice(ways), english, told
    if sort < 0.93:
        return y, y, y
    years = f"{year}-{year + 1}"
    return rng.choice((years, f"{year}{gap}{year + 1}")), years, years
