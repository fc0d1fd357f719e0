"""Faults put into good pairs, one kind at a time: what the flags must catch.

Each fault maps a good pair to a bad one, or to None where it cannot occur in that pair. Where one text alone is
enough, chance says which, so that both languages are tried half and half.
"""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from datagen.lexicon import Lexicon
from datagen.spelling import dictionary
from nomenclair.contract import LANGUAGES
from nomenclair.names import fold
from nomenclair.records import Pair

Fault = Callable[[Pair, random.Random], Pair | None]
WORD = re.compile(r"[^\W\d_]+")


def faults(pairs: Sequence[Pair], lexicon: Lexicon) -> dict[str, Fault]:
    """Every fault by the name of what it breaks."""
    nouns = [
        e for e in lexicon.entries() if e.pos == "N" and " " not in e.en + e.fr and len(e.en) > 3 < len(e.fr)
    ]
    people = ["Martin Keller", "Sylvie Garnaud", "Thornbury", "Lachenal", "Globexia", "Veltrans"]

    def other_text(pair, rng):
        other = rng.choice(pairs)
        return None if _share(other, pair) else replace(pair, en=other.en, fr=other.fr)

    def invent(pair, rng):
        noun = rng.choice(nouns)
        known = fold(pair.name + pair.en + pair.fr)
        if fold(noun.en)[:4] in known or fold(noun.fr)[:4] in known:
            return None
        return replace(pair, en=f"{pair.en} for the {noun.en}", fr=f"{pair.fr} pour {noun.fr}")

    def name_once(pair, rng):
        person = rng.choice(people)
        return _in_one(pair, rng, en=f"{pair.en} by {person}", fr=f"{pair.fr} par {person}")

    def lose_word(pair, rng):
        """Keep the kind alone: the first words of texts that tell more."""
        simple = [p for p in pairs if p.kind == pair.kind and len(p.en.split()) <= 3]
        if len(pair.en.split()) < 6 or not simple:
            return None
        kind = rng.choice(simple)
        return replace(pair, en=kind.en, fr=kind.fr)

    def wrong_kind(pair, rng):
        swap = {
            "PDF": "MP3",
            "Excel": "JPEG",
            "JPEG": "PDF",
            "PNG": "DOCX",
            "CSV": "MP4",
            "SQL": "PNG",
            "JSON": "MP3",
        }
        for old, new in swap.items():
            if re.search(rf"\b{old}\b", pair.en) and re.search(rf"\b{old}\b", pair.fr):
                return replace(pair, en=pair.en.replace(old, new), fr=pair.fr.replace(old, new))
        return None

    return {
        "wrong language (English in fr)": lambda p, r: _if(_plain(p), replace(p, fr=_reworded(p.en))),
        "wrong language (French in en)": lambda p, r: _if(_plain(p), replace(p, en=_reworded(p.fr))),
        "texts swapped": lambda p, r: _if(_plain(p), replace(p, en=p.fr, fr=p.en)),
        "copied": lambda p, r: _if(_plain(p), _in_one(p, r, en=p.fr, fr=p.en)),
        "accents lost": lambda p, r: _accents_lost(p),
        "digit changed in one text": lambda p, r: _digits(p, r, both=False),
        "digit invented": lambda p, r: _digits(p, r, both=True),
        "name in one text alone": name_once,
        "kind in one text alone": _kind_once,
        "word of the name lost": lose_word,
        "invented content": invent,
        "wrong kind": wrong_kind,
        "texts of another name": other_text,
        "echo": lambda p, r: _if("." in p.name[1:], _in_one(p, r, en=p.name, fr=p.name)),
        "too long": lambda p, r: _in_one(
            p,
            r,
            en=f"{p.en} with all of the other parts of the very same kind as before",
            fr=f"{p.fr} avec toutes les autres parties de la même sorte que les fois passées",
        ),
        "sentence": lambda p, r: _in_one(p, r, en=f"This file is {p.en}.", fr=f"Ce fichier est {p.fr}."),
        "final period": lambda p, r: _in_one(p, r, en=f"{p.en}.", fr=f"{p.fr}."),
        "small first letter": _small_letter,
        "hedging": lambda p, r: _in_one(p, r, en=f"{p.en}, likely", fr=f"{p.fr}, probablement"),
        "Markdown": lambda p, r: _in_one(p, r, en=f"**{p.en}**", fr=f"**{p.fr}**"),
        "quotes": lambda p, r: _in_one(p, r, en=f'"{p.en}"', fr=f"« {p.fr} »"),
        "refusal": lambda p, r: _in_one(
            p, r, en="I cannot determine what this file is", fr="Je ne peux pas le dire"
        ),
        "PII": lambda p, r: _in_one(
            p, r, en=f"{p.en} of marie.durand@orange.fr", fr=f"{p.fr} de marie.durand@orange.fr"
        ),
        "spelling": _misspelled,
    }


def _in_one(pair: Pair, rng: random.Random, en: str, fr: str) -> Pair:
    """The pair with one of its texts, English or French, replaced by the bad one given for it."""
    return replace(pair, **rng.choice(({"en": en}, {"fr": fr})))


def _if(possible: object, pair: Pair) -> Pair | None:
    return pair if possible else None


def _share(one: Pair, other: Pair) -> bool:
    return not {fold(w) for w in WORD.findall(one.en)}.isdisjoint({fold(w) for w in WORD.findall(other.name)})


def _plain(pair: Pair) -> bool:
    """Texts that are long enough to be in a language, and not the same."""
    return len(pair.en.split()) > 4 and len(pair.fr.split()) > 4 and fold(pair.en) != fold(pair.fr)


def _reworded(text: str) -> str:
    """The same language, other words: what a teacher that forgets to translate writes."""
    for old, new in (
        (" of ", " about the "),
        (" for ", " meant for "),
        (" de ", " sur les "),
        (" du ", " lié au "),
    ):
        if old in text:
            return text.replace(old, new, 1)
    return text


def _accents_lost(pair: Pair) -> Pair | None:
    bare = fold(pair.fr)
    changed = [w for w in WORD.findall(pair.fr) if not w.isascii() and w.islower() and len(w) > 3]
    if not any(fold(w) not in dictionary("fr") for w in changed):
        return None  # the bare forms are words too (cree, a): no reader could tell
    text = pair.fr
    for word in changed:
        text = text.replace(word, fold(word))
    return replace(pair, fr=text) if bare else None


def _digits(pair: Pair, rng: random.Random, both: bool) -> Pair | None:
    en, fr = (re.findall(r"(?<!\w)\d+(?!\w)", text) for text in (pair.en, pair.fr))
    same = [d for d in en if d in fr]
    if not same:
        return None
    old = rng.choice(same)
    new = str(int(old) + rng.randint(3, 60))
    if new in pair.name:
        return None
    bad = {lang: re.sub(rf"(?<!\w){old}(?!\w)", new, pair.text(lang)) for lang in LANGUAGES}
    return replace(pair, **bad) if both else _in_one(pair, rng, **bad)


def _small_letter(pair: Pair, rng: random.Random) -> Pair | None:
    lang = rng.choice(LANGUAGES)
    text = pair.text(lang)
    possible = text[1:2].islower() and text.split()[0].lower() not in pair.name
    return _if(possible, replace(pair, **{lang: text[0].lower() + text[1:]}))


def _kind_once(pair: Pair, rng: random.Random) -> Pair | None:
    for mark in ("PDF", "JPEG", "PNG", "CSV", "JSON", "SQL", "HTML", "XML", "YAML"):
        if re.search(rf"\b{mark}\b", pair.en) and re.search(rf"\b{mark}\b", pair.fr):
            return _in_one(pair, rng, **{lang: _without(mark, pair.text(lang)) for lang in LANGUAGES})
    return None


def _without(mark: str, text: str) -> str:
    rest = re.sub(rf" ?\b(?:en |in )?{mark}\b", "", text, count=1).strip()
    # A small first letter would be a fault of its own.
    return rest[:1].upper() + rest[1:]


def _misspelled(pair: Pair, rng: random.Random) -> Pair | None:
    """A long dictionary word with two letters swapped, one dropped or one doubled, in either language."""
    lang = rng.choice(LANGUAGES)
    text = pair.text(lang)
    for word in sorted(set(WORD.findall(text)), key=len, reverse=True):
        if (
            len(word) < 7
            or not word.islower()
            or word not in dictionary(lang)
            or fold(word) in fold(pair.name)
        ):
            continue
        at = rng.randint(1, len(word) - 3)
        head, tail = word[:at], word[at:]
        bad = rng.choice((head + tail[1] + tail[0] + tail[2:], head + tail[1:], head + tail[0] + tail))
        if bad != word and bad not in dictionary(lang):
            return replace(pair, **{lang: text.replace(word, bad)})
    return None
