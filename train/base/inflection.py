"""Plurals, agreement, elision and third persons by rule: enough for composed phrases, which need no exceptions."""

import re
from collections.abc import Callable

VOWEL = re.compile(r"^[aeiouyâàéèêëîïôöùûüœhAEIOUÂÀÉÈÊÎÔŒ]")


def english_plural(noun: str) -> str:
    if re.search(r"(?:s|x|z|ch|sh)$", noun):
        return noun + "es"
    return noun[:-1] + "ies" if re.search(r"[^aeiou]y$", noun) else noun + "s"


def english_third(verb: str) -> str:
    head, _, tail = verb.partition(" ")
    third = english_plural(head) if not head.endswith("o") else head + "es"
    return f"{third} {tail}".strip()


def french_plural(phrase: str) -> str:
    """Plural of a noun with its plain adjectives; only the head changes where a preposition follows."""
    head, sep, tail = phrase.partition(" ")
    if head.endswith(("s", "x", "z")):
        plural = head
    elif head.endswith(("eau", "eu")):
        plural = head + "x"
    else:
        plural = head[:-2] + "aux" if head.endswith("al") else head + "s"
    if sep and not re.match(r"(?:de|d'|à|au|aux|du|des|en|par|pour|sans|sur)\b", tail):
        tail = " ".join(agreed(w, False, True) for w in tail.split())
    return plural + sep + tail


def agreed(adjective: str, feminine: bool, plural: bool) -> str:
    """A French adjective in its form; the lemma is masculine singular."""
    out = adjective
    if feminine and not out.endswith("e"):
        for ending, becomes in (
            ("eux", "euse"), ("if", "ive"), ("er", "ère"), ("el", "elle"), ("eil", "eille"), ("en", "enne"),
            ("on", "onne"), ("et", "ète"), ("eur", "euse"), ("eau", "elle"), ("anc", "anche"), ("ic", "ique"),
        ):  # fmt: skip
            if out.endswith(ending):
                out = out[: -len(ending)] + becomes
                break
        else:
            out += "e"
    if plural and not out.endswith(("s", "x")):
        out = out[:-2] + "aux" if out.endswith("al") else out + "s"
    return out


def elided(little: str, phrase: str) -> str:
    """`de` or `le`… before a phrase, elided before a vowel."""
    return (
        f"{little[:-1]}'{phrase}"
        if VOWEL.match(phrase) and little in ("de", "le", "la", "que")
        else f"{little} {phrase}"
    )


def french_third(verb: str, conjugate: Callable[[str], str | None]) -> str | None:
    head, sep, tail = verb.partition(" ")
    third = conjugate(head)
    return third + sep + tail if third else None
