"""What training and serving must agree on: languages, the text the model reads, length limits.

`train` imports this file to build its examples and `student` imports it to serve, so the two cannot drift.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal, get_args

from nomenclair import names
from nomenclair.errors import UserError
from nomenclair.glossary import Glossary

Lang = Literal["fr", "en"]
LANGUAGES: tuple[Lang, ...] = get_args(Lang)

# Raised whenever source_text changes, or the files of a student: one of another version would read a text that it was
# not trained on.
CONTRACT_VERSION = 13

MAX_SOURCE_TOKENS = 64
MAX_NEW_TOKENS = 32
# Answers that an exported student follows at once, unless told otherwise (train/base/LOG.md, eighth run).
BEAMS = 4

# From ../corpus style: a description has 3 to 14 words and at most 90 characters (opaque names may have two).
MAX_WORDS = 14
MAX_CHARS = 90

# The number that a second download or copy gets; any other bracket says nothing.
COPY_NUMBER = re.compile(r"(\([0-9]{1,3}\))")

# The clock behind a day (20240102_101112, 202401021011, 2024-01-02-10-11-12, 2024-01-02 10h11), with thousandths or
# not: no description tells it, and the model reads so many digits in a row wrongly. Four digits behind a mark are a
# clock's where they are neither a counter's (0003) nor a year's.
HOUR, SIXTIETH = "(?:[01][0-9]|2[0-3])", "[0-5][0-9]"
DAYTIME = f"(?!{names.YEAR})(?:0[6-9]|1[0-9]|2[0-3]){SIXTIETH}"
CLOCK = re.compile(
    rf"(?<![0-9])(?P<day>{names.YEAR}(?P<mark>[-_.]?){names.MONTH}(?P=mark){names.DAY})"
    rf"(?:(?:(?:[-_ T]| at | à )?{HOUR}[-_.:]?{SIXTIETH}[-_.:]?{SIXTIETH}(?:[0-9]{{3}})?|{HOUR}{SIXTIETH})(?![0-9])"
    rf"|(?:[-_ T]| at | à )(?:{HOUR}[-_.:hH]{SIXTIETH}|{DAYTIME})(?![0-9A-Za-z]))"
)

# A name of 255 bytes is cut here, in the middle of its stem: its end and its extension say the most.
MAX_SOURCE_CHARS = 120

# Senses told of one word; fewer where they make the text too long, and at last of fewer words.
SENSES = (3, 2, 1)

# How a glossary's sense ends that is a person's name: a given name, a surname, either.
GIVEN, SURNAME, PERSON = " g", " s", " p"

NO_GLOSSARY = Glossary()


def check_lang(lang: str) -> Lang:
    """Return `lang` if it is a language the student speaks; UserError otherwise."""
    if lang not in LANGUAGES:
        raise UserError(f"Unknown language {lang!r}.", f"Use one of: {', '.join(LANGUAGES)}.")
    return lang


def source_text(name: str, lang: Lang, glossary: Glossary = NO_GLOSSARY) -> str:
    """The text that the model reads for a file name; what the glossary knows of words, and of the extension, stands
    behind them in brackets.

    >>> source_text("extractWindowEvents_v2.sh", "fr")
    'fr: extract Window Events v2 .sh'
    >>> source_text("9DC08797A0F63F7C.pem", "en")
    'en: # .pem'
    >>> source_text("IMG_20240102_101112.jpg", "en")
    'en: IMG 20240102 .jpg'
    >>> source_text("Scan 2024-01-02 10h11.tif", "fr"), source_text("20240102_0003.tif", "fr")
    ('fr: Scan 2024 01 02 .tif', 'fr: 20240102 0003 .tif')
    >>> source_text("event_hooks.cpython-312.pyc", "en")
    'en: event hooks .pyc'
    >>> source_text("Facture(2).pdf", "fr")
    'fr: Facture (2) .pdf'
    >>> source_text("serrure.stl", "en", Glossary(b"serrure\\tlock\\tserrure f\\n"))
    'en: serrure [ lock ] .stl'
    >>> source_text("login.cgi", "fr", Glossary(b".cgi\\tCGI script\\tscript CGI m\\n"))
    'fr: login .cgi [ script CGI m ]'
    """
    stem, ext = names.split_ext(names.readable(name))
    stem = CLOCK.sub(r"\g<day>", names.INTERPRETER.sub("", stem))
    parts = COPY_NUMBER.split(names.without_hashes(stem, " # "))
    # Split by one group: what it matched stands at the odd places.
    words = [w for i, part in enumerate(parts) for w in ([part] if i % 2 else names.words(part))]
    text = " ".join(words)
    if len(text) > MAX_SOURCE_CHARS:  # no telling fits; trying them all takes the square of the words' number
        half = MAX_SOURCE_CHARS // 2
        text = f"{text[:half]} … {text[-half:]}"
    else:
        glossed = list(_glossed(words, lang, glossary, stem))
        text = next(told for told in _tellings(glossed) if len(told) <= MAX_SOURCE_CHARS)
    _, kind = glossary.longest([ext], lang) if ext else (1, "")
    return f"{lang}: {text} {_told(ext[:16], [kind] if kind else [])}".strip()


def _glossed(
    words: Sequence[str], lang: Lang, glossary: Glossary, stem: str
) -> Iterator[tuple[str, list[str]]]:
    """(word or phrase of the glossary, its senses) in the words' order; no senses where there is nothing to say.

    A given name and a surname right behind each other in the stem are one person's.
    """
    start = 0
    while start < len(words):
        count, found = glossary.longest(words[start:], lang)
        text = " ".join(words[start : start + count])
        senses = found.split(", ") if found and (count > 1 or found != text) else []
        following = words[start + 1 : start + 2]
        if count == 1 and senses and following and _is_person(senses[0]):
            second = _person(words[start + 1 :], lang, glossary)
            beside = f"{re.escape(text)}[ _.-]?{re.escape(following[0])}"
            if second and _one_person(senses[0], second) and re.search(beside, stem):
                text, count = f"{text} {following[0]}", 2
                senses = [f"{senses[0][: -len(PERSON)]} {second[: -len(PERSON)]}{PERSON}"]
        yield text, senses
        start += count


def _person(words: Sequence[str], lang: Lang, glossary: Glossary) -> str:
    """The first word's sense as a person's name, "" where it has none or begins a phrase."""
    count, found = glossary.longest(words, lang)
    return next((sense for sense in found.split(", ") if _is_person(sense)), "") if count == 1 else ""


def _is_person(sense: str) -> bool:
    return sense.endswith((GIVEN, SURNAME, PERSON))


def _one_person(first: str, second: str) -> bool:
    """Two given names, or two surnames, are two persons'."""
    return first[-2:] != second[-2:] or first.endswith(PERSON)


def _tellings(glossed: Sequence[tuple[str, list[str]]]) -> Iterator[str]:
    """The words with their senses in brackets: ever fewer of each word, then one of ever fewer words."""
    for most in SENSES:
        yield " ".join(_told(text, senses[:most]) for text, senses in glossed)
    for last in reversed(range(len(glossed))):
        yield " ".join(_told(text, senses[: i < last]) for i, (text, senses) in enumerate(glossed))


def _told(text: str, senses: Sequence[str]) -> str:
    return f"{text} [ {', '.join(senses)} ]" if senses else text
