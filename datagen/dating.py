"""Dates, versions, numbers and copy marks of a stem, read once and written out in both languages."""

import re
from dataclasses import dataclass

from nomenclair import names

MONTHS = tuple(zip(names.ENGLISH_MONTHS, names.FRENCH_MONTHS, strict=True))
QUARTERS = (("first", "premier"), ("second", "deuxième"), ("third", "troisième"), ("fourth", "quatrième"))

YEAR = r"(?:19[5-9][0-9]|20[0-4][0-9])"
EDGE = r"(?<![^\W\d_])"
NO_LETTER = r"(?![^\W\d_])"
SCHOOL_YEAR = re.compile(r"(?<![0-9])(20[0-4][0-9])[-_/ ](20[0-4][0-9]|[1-4][0-9])(?![-_.]?[0-9])")
VERSION = re.compile(
    r"(?<![A-Za-z0-9])(?:v|V|ver|version|Version)[ ._-]?([0-9]+(?:\.[0-9]+)*)(?![A-Za-z0-9]|\.[0-9])"
    r"|(?<=[a-z])V([0-9]+)$"
)
DOTTED = re.compile(r"(?<![\w.])([0-9]{1,4}(?:\.[0-9]{1,4}){1,3})(?![\w]|\.[0-9])")
QUARTER = re.compile(r"(?<![A-Za-z0-9])[QT]([1-4])(?![A-Za-z0-9])")
COPY = re.compile(r"(?<=.)\s*\(([0-9]{1,2})\)$")
COPY_WORD = re.compile(r"^(?:copie de|copy of) |[-_ ]+\(?(?:copie|copy)\)?$", re.IGNORECASE)
# Three letters name a month only beside a number; whole names do by themselves, save those that mean more.
WHOLE = {names.fold(word): i for i, pair in enumerate(MONTHS, 1) for word in pair}
SHORT = {
    **{names.fold(en)[:3]: i for i, (en, _) in enumerate(MONTHS, 1)},
    **dict(zip("janv fevr fev avr juil sept sep aou".split(), (1, 2, 2, 4, 7, 9, 9, 8), strict=True)),
}
MONTH_WORDS = "|".join(
    sorted({*WHOLE, *SHORT, "février", "févr", "fév", "août", "décembre", "déc"}, key=len)[::-1]
)
DAY = r"(?:0?[1-9]|[12][0-9]|3[01])"
WRITTEN = re.compile(
    rf"(?:(?<![0-9])(?P<day>{DAY})(?:er|th|st|nd|rd)?[-_ .]?)?{EDGE}(?P<month>{MONTH_WORDS}){NO_LETTER}"
    rf"(?:[-_ .]?(?P<year>{YEAR})(?![0-9]))?",
    re.IGNORECASE,
)
YEAR_FIRST = re.compile(
    rf"(?<![0-9])(?P<year>{YEAR})[-_ .]?{EDGE}(?P<month>{MONTH_WORDS}){NO_LETTER}", re.IGNORECASE
)
# Whole month names that are words of their own, in one language or the other.
OTHER_SENSES = frozenset("march may mars mai".split())


@dataclass(frozen=True, slots=True)
class Details:
    """`date`: (year, month, day), each 0 where unknown. The others are "" where the name has none."""

    date: tuple[int, int, int] | None = None
    quarter: int = 0
    school_year: str = ""
    version: str = ""
    number: str = ""
    copy: str = ""

    def en(self, link: str = "") -> str:
        """What follows the English phrase; `link` (for, from) binds the date, a comma does without one."""
        out = f" no. {self.number}" if self.number else ""
        if self.quarter:
            year = f" of {self.date[0]}" if self.date else ""
            out += f" for the {QUARTERS[self.quarter - 1][0]} quarter{year}"
        elif self.date:
            year, month, day = self.date
            text = " ".join(
                str(x) for x in (day or "", MONTHS[month - 1][0] if month else "", year or "") if x
            )
            out += f" of {text}" if link == "for" and day else f" {link} {text}" if link else f", {text}"
        if self.school_year:
            out += f" for {self.school_year}"
        return out + self._tail("copy")

    def fr(self, link: str = "") -> str:
        out = f" n° {self.number}" if self.number else ""
        if self.quarter:
            year = f" de {self.date[0]}" if self.date else ""
            out += f" du {QUARTERS[self.quarter - 1][1]} trimestre{year}"
        elif self.date:
            year, month, day = self.date
            word = MONTHS[month - 1][1] if month else ""
            text = " ".join(str(x) for x in ("1er" if day == 1 else day or "", word, year or "") if x)
            of = "du " if day else "d'" if text[0] in "ao" else "de "
            out += f" {of}{text}" if link else f", {text}"
        if self.school_year:
            out += f" de {self.school_year}"
        return out + self._tail("copie")

    def _tail(self, copy: str) -> str:
        version = f", version {self.version}" if self.version else ""
        return version + (f", {copy} {self.copy}".rstrip() if self.copy else "")


def details_of(stem: str) -> tuple[str, Details]:
    """The stem without its dates, version and copy mark (a space in the place of each), and these.

    >>> details_of("facture_2023-11-08_v2")[1].date
    (2023, 11, 8)
    """
    found: dict[str, str | int | tuple[int, int, int]] = {}
    if m := COPY.search(stem):
        found["copy"], stem = m[1], stem[: m.start()]
    elif m := COPY_WORD.search(stem):
        found["copy"], stem = " ", _cut(stem, m)
    if m := VERSION.search(stem):
        found["version"], stem = m[1] or m[2], _cut(stem, m)
    if (m := SCHOOL_YEAR.search(stem)) and int(m[2]) % 100 == (int(m[1]) + 1) % 100 and int(m[2]) > 12:
        found["school_year"], stem = f"{m[1]}-{m[2]}", _cut(stem, m)
    elif (date := names.find_date(stem)) and _stands_alone(stem, *date):
        value, (start, end) = date
        found["date"] = (value.year, value.month or 0, value.day or 0)
        stem = f"{stem[:start]} {stem[end:]}"
    if (m := YEAR_FIRST.search(_unstuck(stem))) or (m := _written(_unstuck(stem))):
        stem = _unstuck(stem)
        groups = m.groupdict()
        known = found.get("date")
        year = int(groups.get("year") or (known[0] if isinstance(known, tuple) and not known[1] else 0))
        word = names.fold(groups["month"])
        found["date"] = (year, WHOLE.get(word) or SHORT[word], int(groups.get("day") or 0))
        stem = _cut(stem, m)
    if m := QUARTER.search(stem):
        found["quarter"], stem = int(m[1]), _cut(stem, m)
    full = isinstance(date := found.get("date"), tuple) and date[2]  # a dotted number beside it is a time
    if "version" not in found and not full and (m := DOTTED.search(stem)):
        found["version"], stem = m[1], _cut(stem, m)
    return stem, Details(**found)  # type: ignore[arg-type]


def _stands_alone(stem: str, date: names.Date, span: tuple[int, int]) -> bool:
    """A year alone may be a part of a hash (2000b9a) or a count (2048); with its month it is a date."""
    around = stem[max(0, span[0] - 1) : span[0]] + stem[span[1] : span[1] + 1]
    hashed = re.search(r"[0-9]", stem[: span[0]] + stem[span[1] :]) and any(c.isalpha() for c in around)
    return bool(date.month) or (date.year < 2035 and not hashed)


def _unstuck(stem: str) -> str:
    """July2023 and 12janvier with a space, so that a month stands as a word; underscores become spaces."""
    return re.sub(r"(?<=[a-zé])(?=[A-Z])", " ", stem.replace("_", " "))


def _written(stem: str) -> re.Match[str] | None:
    for m in WRITTEN.finditer(stem):
        word = names.fold(m["month"])
        beside = m["day"] or m["year"]
        if (word in WHOLE and word not in OTHER_SENSES) or beside:
            return m
        if word == "mars" and re.search(r"(?i)\b(?:facture|relev|paie|salaire|loyer|rapport|compte)", stem):
            return m
    return None


def _cut(stem: str, m: re.Match[str]) -> str:
    return f"{stem[: m.start()]} {stem[m.end() :]}"
