"""Word lists of both languages, from pyspellchecker's wheel: which words exist, which lost an accent."""

import unicodedata
from collections.abc import Mapping
from functools import cache

from nomenclair.contract import LANGUAGES, Lang
from nomenclair.names import fold


@cache
def dictionary(lang: Lang) -> frozenset[str]:
    """Every word of the list, lower case: 140,000 French, 160,000 English."""
    from spellchecker import SpellChecker

    words = SpellChecker(language=lang, distance=1).word_frequency.dictionary
    return frozenset(unicodedata.normalize("NFC", word) for word in words)


@cache
def accented(lang: Lang) -> Mapping[str, frozenset[str]]:
    """Accented words by what is left of them without accents: 'donnees' -> {'données'}."""
    out: dict[str, set[str]] = {}
    for word in dictionary(lang):
        if not word.isascii():
            out.setdefault(fold(word), set()).add(word)
    return {bare: frozenset(words) for bare, words in out.items()}


def known(word: str) -> frozenset[Lang]:
    """The languages whose dictionary has the word."""
    return frozenset(lang for lang in LANGUAGES if word.casefold() in dictionary(lang))
