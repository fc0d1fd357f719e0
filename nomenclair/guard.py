"""What no description may do, checked after the model: numbers, months and words that nothing in the name gives, a
kind that is not its extension's.

A small model garbles a rare word or a long number now and then. A reader is better served by the kind alone.
"""

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence

from nomenclair import names
from nomenclair.glossary import LITTLE
from nomenclair.kinds import Kind

# English months have a capital: `march` is a walk.
MONTHS = {
    word: number
    for months in (names.ENGLISH_MONTHS, map(names.fold, names.FRENCH_MONTHS))
    for number, word in enumerate(months, 1)
}
FOLDED_MONTHS = {names.fold(word): number for word, number in MONTHS.items()}
WORD = re.compile(r"[^\W\d_]+")
# A month with its day, its year or both, in folded text.
DATE = re.compile(rf"(?:\b([0-9]{{1,2}})(?:er)? )?\b({'|'.join(FOLDED_MONTHS)})\b(?: ([0-9]{{4}}))?")
JOINED = re.compile(r"\w+_\w+")
# Three words or more that hyphens join, in folded text.
HYPHENATED = re.compile(r"(?<![\w-])[^\W\d_]+(?:-[^\W_]+){2,}")
# A counter is a whole number of the name, not some digits of a clock's.
COUNTER = re.compile(r"(?:\bn° |\bno\. )([0-9]+)")
# A counter and what is joined to it.
CODE = re.compile(r"(?:\bn° |\bno\. )0*([0-9]+[A-Za-z]+)")
# A quarter or a half year by its ordinal, a season by its number, in folded text.
ORDINALS = {
    "first": 1, "premier": 1, "1er": 1, "1st": 1, "second": 2, "deuxieme": 2, "2e": 2, "2nd": 2,
    "third": 3, "troisieme": 3, "3e": 3, "3rd": 3, "fourth": 4, "quatrieme": 4, "4e": 4, "4th": 4,
}  # fmt: skip
# Letters beside a period's number in a name, and words of a name that may stand for any.
QUARTERS, HALVES = ("tq", "trim|quarter|term"), ("sh", "sem|half|temps")
CODES = {"quarter": QUARTERS, "trimestre": QUARTERS, "half": HALVES, "semestre": HALVES}
PERIOD = re.compile(rf"\b({'|'.join(ORDINALS)}) ({'|'.join(CODES)})\b")
# No year has so many: the letter before them in the name stands for something else (`S23` is a week).
MANY = re.compile(r"\b(semestre|trimestre|semester|quarter) ([0-9]{2})(?![0-9])")
SEASON = re.compile(r"\b(?:season|saison) 0*([0-9]+)")
# A season or an episode with letters behind its number: the next number's, or a picture's height (`S03E07.720p`).
LETTERED = re.compile(r"\b(?:season|saison|episode) 0*([0-9]+[a-z]+)")
# A month of a year as if it were a counter; a name says "no" where it is one.
MONTH_COUNTED = re.compile(rf"(?:\bn° |\bno\. )({names.YEAR}[-_/]{names.MONTH})(?![0-9-])")
NUMBERED = re.compile(r"(?<![a-z])(?:n|no|nr|num|numero|number)[°º_. -]*$")
# Two years side by side in a name, as a school year has them.
YEARS = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})[-_ /]((?:19|20)[0-9]{2})(?![0-9])")
# A number counted by year, as invoices are.
SERIAL = re.compile(rf"(?<![0-9-])([12][0-9]{{3}})-(?!{names.YEAR})([0-9]{{3,}})(?![0-9-])")
BETWEEN = re.compile(r"\b(?:to|and|à|et|au|until|through)\b")
FRENCH_MONTH = f"(?:{'|'.join(names.FRENCH_MONTHS)})"
# What no text has: a broken character (half of one written in bytes); no French one: an article cut short before a
# consonant (letters said one by one may begin with a vowel: l'XML), a day of a month above 99.
MISSPELT = re.compile(
    rf"\ufffd|\b[dlDL]'(?:[bcdfgjklmnpqrstvwxz]\w|[BCDFGJKLMNPQRSTVWXZ][a-zà-ÿ])\w*|\b[0-9]{{3,}} {FRENCH_MONTH}\b"
)
# The first of a month as no French text writes it.
FIRST = re.compile(rf"\b1 (?={FRENCH_MONTH}\b)")
# A day without its article.
BARE_DAY = re.compile(rf"\bde (?=[0-9]{{1,2}}(?:er)? {FRENCH_MONTH}\b)")
# A gap inside a word of a name (`gcloud- alpha`); not that of "left- and right-handed".
GAP = re.compile(r"(?<=[^\W_])([-_]) (?!(?:and|or|et|ou)\b)(?=[^\W_])")
# The same word twice in a row.
TWICE = re.compile(r"\b([^\W\d_]{4,}) \1\b")
# A word of at most so many letters is a unit, a code or a little word; it is not looked up.
SHORT = 3
# What stands beside the kind of an opaque name.
BESIDE_KIND = LITTLE | frozenset(
    """no n from for without sans copy copie version untitled titre title new nouveau nouvelle photo image
    picture scan numerisation scannee video audio recording enregistrement document data donnees temporary temporaire
    compressed compresse compressee""".split()
)
ENDINGS = ("s", "x", "e", "es", "ne", "nes")
# A content word may stand twice ("script that reads a script"), not more.
MOST_TIMES = 2

# The words of a text as they stand, and folded.
Said = Sequence[tuple[str, str]]


def fault(
    name: str, text: str, words: Container[str], kind: Kind, source: str = "", named: bool = True
) -> str | None:
    """Why the text may not stand for the name, or None.

    `words` are the folded words that texts of this language are made of, `kind` is the name's, `source` is what the
    model read for it: also what the glossary told of its words. `named` says whether texts are to name their kind.

    >>> pdf = Kind(".pdf", "document", "PDF document", "Document PDF", "m", ("pdf",))
    >>> fault("notes_2023-06-02.pdf", "PDF document of notes, 14 February 2023", {"document", "notes"}, pdf)
    'number 14'
    """
    folded, told = names.fold(name), names.fold(text)
    said = [(word, names.fold(word)) for word in WORD.findall(text)]
    return (
        _number(f"{name} {kind.en}", text)
        or _month(folded, said)
        or _date(folded, told)
        or _period(folded, told)
        or _years(name, text)
        or _joined(folded, text)
        or _half_copied(folded, told)
        or _loop(said)
        or _twice(folded, told)
        or _misspelt(text)
        or (_subject(folded, said, kind, source) if names.is_opaque(name) else None)
        or _unknown(folded, said, words)
        or (_kind(text, kind) if named else None)
    )


def mended(text: str) -> str:
    """The text with a day of a month as French writes it, and no gap inside a word.

    >>> mended("Rapport PDF de 1 février 2023"), mended("C file of gcloud- alpha")
    ('Rapport PDF du 1er février 2023', 'C file of gcloud-alpha')
    """
    return GAP.sub(r"\1", BARE_DAY.sub("du ", FIRST.sub("1er ", text)))


def vocabulary(texts: Iterable[str]) -> frozenset[str]:
    """The folded words of these texts that `fault` looks up."""
    return frozenset(names.fold(word) for text in texts for word in WORD.findall(text) if len(word) > SHORT)


def _unknown(name: str, said: Said, words: Container[str]) -> str | None:
    """A word that is neither a word of the language nor letters of the name."""
    for word, key in said:
        # A plural's ending is no capital (`QHttpS` is no QHttp), unless all letters are.
        forms = (key,) if word[-1].isupper() and not word.isupper() else _forms(key)
        if len(word) > SHORT and not any(f in name or f in FOLDED_MONTHS or f in words for f in forms):
            return f"word {word}"
    return None


def _kind(text: str, kind: Kind) -> str | None:
    """What the extension says the file is, not told: another kind was made up, or none."""
    return f"kind {kind.pattern}" if kind.pattern and not kind.named_in(text) else None


def _forms(word: str) -> Iterator[str]:
    """A word, and what it may be a plural or a feminine of."""
    yield word
    for ending in ENDINGS:
        if word.endswith(ending):
            yield word.removesuffix(ending)


def _number(name: str, text: str) -> str | None:
    runs = re.findall(r"[0-9]+", name)
    for number in re.findall(r"[0-9]+", text):
        bare = number.lstrip("0") or "0"
        short_year = re.fullmatch(r"(?:19|20)([0-9]{2})", number)
        if any(bare in run for run in runs) or (short_year and any(short_year[1] in run for run in runs)):
            continue
        return f"number {number}"
    whole = {run.lstrip("0") for run in runs}
    counters = [number for number in COUNTER.findall(text) if number.lstrip("0") not in whole]
    counters += [code for code in CODE.findall(text) if code.lower() not in name.lower()]
    serials = SERIAL.findall(text)
    counters += ["-".join(s) for s in serials if not re.search("[^0-9]*".join(s) + "(?![0-9])", name)]
    counters += [month for month in MONTH_COUNTED.findall(text) if not _is_numbered(names.fold(name), month)]
    return next((f"number {number}" for number in counters), None)


def _is_numbered(name: str, number: str) -> bool:
    """Does a word for number stand right before it in the folded name?"""
    before, found, _ = name.partition(number)
    return bool(found and NUMBERED.search(before))


def _month(name: str, said: Said) -> str | None:
    runs = re.findall(r"[0-9]+", name)
    for word, key in said:
        number = MONTHS.get(word) or MONTHS.get(key)
        if number is None or _spelled(name, number):
            continue
        if not any(f"{number:02}" in run or str(number) == run for run in runs):
            return f"month {word}"
    return None


def _date(name: str, text: str) -> str | None:
    """A date whose day, month and year do not stand side by side in the name's digits, in any usual order."""
    for day, word, year in DATE.findall(text):
        month = FOLDED_MONTHS[word]
        if not (day or year) or _spelled(name, month):
            continue
        written = (
            parts
            for d in {day, day and day.zfill(2)}
            for m in (str(month), f"{month:02}")
            for y in {year, year[2:]}
            for parts in ((y, m, d), (d, m, y), (m, d, y))
        )
        if not any(_written(parts, bool(day), name) for parts in written):
            return " ".join(filter(None, ("date", day, word, year)))
    return None


def _written(parts: Sequence[str], with_day: bool, name: str) -> bool:
    """Does the name hold these digits of a date, separated or not?

    Of two digits each, they may begin a longer number (a clock's); a single digit may not, nor a month of another day
    than one of the calendar's (`2024-0153`). A single digit stands apart: `2019_045` is no 5 April.
    """
    digits = ("[^0-9]+" if any(len(part) == 1 for part in parts) else "[^0-9]*").join(filter(None, parts))
    if with_day and all(len(part) != 1 for part in parts):
        return re.search(digits, name) is not None
    if with_day:
        return re.search(rf"(?<![0-9]){digits}(?![0-9])", name) is not None
    return (
        re.search(rf"(?:(?<![0-9])|{names.DAY}[^0-9]?){digits}(?:(?![0-9])|[^0-9]?{names.DAY})", name)
        is not None
    )


def _period(name: str, text: str) -> str | None:
    """A quarter, a half year or a season other than the name's; words for them in the name may stand for any."""
    for word, unit in PERIOD.findall(text):
        number, (letters, said) = ORDINALS[word], CODES[unit]
        coded = rf"[{letters}]0?{number}(?![0-9])|(?<![0-9]){number}[{letters}](?![a-z])|{said}"
        if not re.search(coded, name):
            return f"period {word} {unit}"
    for unit, number in MANY.findall(text):
        if re.search(rf"[sqt]{number}(?![0-9])", name):
            return f"period {unit} {number}"
    for number in SEASON.findall(text):
        if not re.search(rf"s0*{number}(?![0-9])|(?<![0-9])0*{number}x|saison|season", name):
            return f"season {number}"
    for number in LETTERED.findall(text):
        if not re.search(rf"(?:s|saison|season|e|ep|episode)[ _.-]*0*{number}(?![0-9a-z])", name):
            return f"episode {number}"
    return None


def _years(name: str, text: str) -> str | None:
    """Two years that stand side by side in the name, and in the text apart ("budget of 2023 for 2024") or cut short
    ("2023-202")."""
    for first, second in YEARS.findall(name):
        found = re.search(rf"\b{first}\b(.*)\b{second}\b", text)
        apart = found and WORD.search(BETWEEN.sub("", found[1]))
        beside = re.search(rf"\b{first}[-/]([0-9]+)", text)
        if first < second and (apart or (beside and beside[1] not in (second, second[2:]))):
            return f"years {first} {second}"
    return None


def _spelled(name: str, month: int) -> bool:
    return any(word[:3].lower() in name for word, number in MONTHS.items() if number == month)


def _subject(name: str, said: Said, kind: Kind, source: str) -> str | None:
    """An opaque name gets its kind, with a number, a date, letters of its own or what they abbreviate (`CR_12.docx`):
    any other word was made up."""
    given = {names.fold(w) for t in (kind.en, kind.fr, *kind.marks, source) for w in WORD.findall(t)}
    for word, key in said:
        copied = len(key) >= SHORT and key in name
        if (
            not copied
            and key not in BESIDE_KIND
            and key not in FOLDED_MONTHS
            and given.isdisjoint(_forms(key))
        ):
            return f"subject {word}"
    return None


def _joined(name: str, text: str) -> str | None:
    """Words joined as names join them, but not as this name does: a long name half copied."""
    return next((f"joined {part}" for part in JOINED.findall(text) if names.fold(part) not in name), None)


def _half_copied(name: str, text: str) -> str | None:
    """Words joined by hyphens of which the first two stand so in the name, and another does not stand there."""
    stood = re.split(r"[\W_]+", name)
    joined = "-" + "-".join(stood)
    for part in HYPHENATED.findall(text):
        first, second, *others = part.split("-")
        inflected = tuple(word for word in stood if len(word) >= SHORT)
        made_up = (w for w in others if w not in LITTLE and w not in joined and not w.startswith(inflected))
        if f"-{first}-{second}" in joined and any(made_up):
            return f"joined {part}"
    return None


def _loop(said: Said) -> str | None:
    counts = Counter(key for word, key in said if len(word) > SHORT)
    return next((f"loop {word}" for word, times in counts.items() if times > MOST_TIMES), None)


def _twice(name: str, text: str) -> str | None:
    """The same word twice in a row, where the name has it once."""
    doubled = (word for word in TWICE.findall(text) if name.count(word) < 2)
    return next((f"twice {word}" for word in doubled), None)


def _misspelt(text: str) -> str | None:
    found = MISSPELT.search(text)
    return f"misspelt {found[0]}" if found else None
