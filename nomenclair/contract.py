"""What training and serving must agree on: languages, the text the model reads, length limits.

`train` imports this file to build its examples and `student` imports it to serve, so the two cannot drift.
"""

import re
from typing import Literal, get_args

from nomenclair import names
from nomenclair.errors import UserError
from nomenclair.glossary import Glossary

Lang = Literal["fr", "en"]
LANGUAGES: tuple[Lang, ...] = get_args(Lang)

# Raised whenever source_text changes: a student of another version would read a text it was not trained on.
CONTRACT_VERSION = 3

MAX_SOURCE_TOKENS = 64
MAX_NEW_TOKENS = 32

# From ../corpus style: a description has 3 to 14 words and at most 90 characters (opaque names may have two).
MAX_WORDS = 14
MAX_CHARS = 90

# The number that a second download or copy gets; any other bracket says nothing.
COPY_NUMBER = re.compile(r"(\([0-9]{1,3}\))")

# A name of 255 bytes is cut here, in the middle of its stem: its end and its extension say the most. A name that its
# glosses would make as long goes without them.
MAX_SOURCE_CHARS = 120

NO_GLOSSARY = Glossary()


def check_lang(lang: str) -> Lang:
    """Return `lang` if it is a language the student speaks; UserError otherwise."""
    if lang not in LANGUAGES:
        raise UserError(f"Unknown language {lang!r}.", f"Use one of: {', '.join(LANGUAGES)}.")
    return lang


def source_text(name: str, lang: Lang, glossary: Glossary = NO_GLOSSARY) -> str:
    """The text that the model reads for a file name; what the glossary knows of a word stands behind it in brackets.

    >>> source_text("extractWindowEvents_v2.sh", "fr")
    'fr: extract Window Events v2 .sh'
    >>> source_text("9DC08797A0F63F7C.pem", "en")
    'en: # .pem'
    >>> source_text("Facture(2).pdf", "fr")
    'fr: Facture (2) .pdf'
    >>> source_text("serrure.stl", "en", Glossary(b"serrure\\tlock\\tserrure f\\n"))
    'en: serrure [ lock ] .stl'
    """
    stem, ext = names.split_ext(names.readable(name))
    parts = COPY_NUMBER.split(names.without_hashes(stem, " # "))
    # Split by one group: what it matched stands at the odd places.
    words = [w for i, part in enumerate(parts) for w in ([part] if i % 2 else names.words(part))]
    text, glossed = " ".join(words), " ".join(_glossed(word, lang, glossary) for word in words)
    if len(glossed) <= MAX_SOURCE_CHARS:
        text = glossed
    elif len(text) > MAX_SOURCE_CHARS:
        half = MAX_SOURCE_CHARS // 2
        text = f"{text[:half]} … {text[-half:]}"
    return f"{lang}: {text} {ext[:16]}".strip()


def _glossed(word: str, lang: Lang, glossary: Glossary) -> str:
    found = glossary.of(names.fold(word), lang)
    return f"{word} [ {found} ]" if found not in ("", word) else word
