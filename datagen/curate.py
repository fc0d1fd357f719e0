"""Which pairs are good enough to learn from. GATES, then repeats, then balance: the order a pair goes through.

Every pair that is dropped is written down with the gate that dropped it and why.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from datagen.balance import balance
from datagen.dedupe import repeats
from datagen.language import languages
from nomenclair.contract import LANGUAGES, MAX_CHARS, MAX_WORDS
from nomenclair.names import fold, split_ext, words
from nomenclair.records import Pair, Rejected

Gate = Callable[[Pair], str | None]

REFUSAL = re.compile(
    r"\b(?:i (?:cannot|can't|am unable|can not|don't know)|i'm (?:sorry|unable)|as an ai|sorry, "
    r"|je ne (?:peux|sais|suis) pas|désolé|en tant qu['’]ia|en tant que modèle|unable to determine"
    r"|cannot (?:be )?determine|impossible (?:de|à) (?:déterminer|dire|savoir|identifier)|n/a\b)",
    re.IGNORECASE,
)
APOLOGY = re.compile(r"\b(?:désolée?s?|desolee?s?|sorry)\b", re.IGNORECASE)
PLACEHOLDER = re.compile(r"\[\[|\]\]|\{\{|\}\}|<[a-z_]+>|\$\{|\blorem ipsum\b|\bTODO\b", re.IGNORECASE)
LETTER = re.compile(r"[^\W\d_]")


def not_one_line(pair: Pair) -> str | None:
    """A text with a line break, or without a single letter."""
    for lang in LANGUAGES:
        text = pair.text(lang)
        if "\n" in text or "\r" in text or "\t" in text:
            return f"{lang}: more than one line"
        if not LETTER.search(text):
            return f"{lang}: no word in it"
    return None


def too_long(pair: Pair) -> str | None:
    """More than the contract's words or characters: the student could not say it."""
    for lang in LANGUAGES:
        text = pair.text(lang)
        if len(text) > MAX_CHARS:
            return f"{lang}: {len(text)} characters, over {MAX_CHARS}"
        if len(text.split()) > MAX_WORDS:
            return f"{lang}: {len(text.split())} words, over {MAX_WORDS}"
    return None


def refusal(pair: Pair) -> str | None:
    """The teacher talks about itself instead of describing; an apology that the name has is none (désolé.mp3)."""
    texts = {lang: pair.text(lang) for lang in LANGUAGES}
    if APOLOGY.search(" ".join(words(pair.name))):
        texts = {lang: APOLOGY.sub("", text) for lang, text in texts.items()}
    return _mark(REFUSAL, texts, pair.name)


def placeholder(pair: Pair) -> str | None:
    """Template marks left in, and words that a realiser did not know."""
    return _mark(PLACEHOLDER, {lang: pair.text(lang) for lang in LANGUAGES}, pair.name)


def _mark(pattern: re.Pattern, texts: Mapping[str, str], name: str) -> str | None:
    """The first mark that the teacher left; what stands in the name (TODO.md, je_ne_sais_pas.mp3) is none."""
    return next(
        (
            f"{lang}: {m[0]!r}"
            for lang, text in texts.items()
            for m in pattern.finditer(text)
            if not _in_name(m[0], name)
        ),
        None,
    )


def _in_name(mark: str, name: str) -> bool:
    """Words of the name in whatever writing (todolist, i_cant), or other marks as they stand."""
    if not LETTER.match(mark):
        return mark in name
    return f" {_spaced(mark)}" in f" {_spaced(name)}"


def _spaced(text: str) -> str:
    return fold(" ".join(words(re.sub("['’]", "", text))))


def echo(pair: Pair) -> str | None:
    """A text that is the name itself; a name in plain words, without an extension, may well be its text."""
    name = fold(pair.name)
    if not split_ext(pair.name)[1]:
        return None
    return next((f"{lang}: the name again" for lang in LANGUAGES if fold(pair.text(lang)) == name), None)


def copied(pair: Pair) -> str | None:
    """The same text in both languages, where it is long enough to hold more than a kind and a name."""
    same = fold(pair.en) == fold(pair.fr)
    return "fr and en are the same text" if same and len(pair.en.split()) > 3 else None


def wrong_language(pair: Pair) -> str | None:
    """A text that is decided to be in the other language."""
    en, fr = languages(pair.en, pair.fr)
    if en == "fr":
        return "en: the text is in French"
    if fr == "en" and len(pair.fr.split()) > 3:
        return "fr: the text is in English"
    return None


# In this order; the first that gives a reason drops the pair.
GATES: tuple[tuple[str, Gate], ...] = (
    ("not_one_line", not_one_line),
    ("too_long", too_long),
    ("refusal", refusal),
    ("placeholder", placeholder),
    ("echo", echo),
    ("copied", copied),
    ("wrong_language", wrong_language),
)


@dataclass(frozen=True, slots=True)
class Curated:
    """`kept` in the order they came, `rejected`, and `report`: JSON-ready counts for people and pages."""

    kept: Sequence[Pair]
    rejected: Sequence[Rejected]
    report: dict


def curate(pairs: Iterable[Pair]) -> Curated:
    """Put every pair through the gates, the repeats and the balance. The same input gives the same output.

    A pair that a person wrote passes everything but a second pair for its name, and counts in the balance.
    """
    kept = list(pairs)
    rejected: list[Rejected] = []
    steps: list[dict] = []

    def step(name: str, reasons: dict[int, tuple[str, str]]) -> None:
        """Drop the rows with a reason: position -> (code, detail)."""
        nonlocal kept
        for row, (code, detail) in sorted(reasons.items()):
            pair = kept[row]
            raw = f"{detail} | fr: {pair.fr} | en: {pair.en}"
            rejected.append(Rejected(pair.id, pair.name, "curate", code, raw))
        before = len(kept)
        kept = [pair for row, pair in enumerate(kept) if row not in reasons]
        counts = Counter(code for code, _ in reasons.values())
        steps.append(
            {"step": name, "before": before, "after": len(kept), "reasons": dict(sorted(counts.items()))}
        )

    total = len(kept)
    step("duplicate", _same_id(kept))
    for name, gate in GATES:
        step(name, _gated(kept, name, gate))
    step("repeat", _repeated(kept))
    balanced = balance(kept)
    step("balance", {row: ("over_cap", f"too many of this {axis}") for row, axis in balanced.dropped.items()})
    report = {"before": total, "after": len(kept), "steps": steps}
    report |= {"balance": balanced.axes, "short": list(balanced.short)}
    return Curated(kept, rejected, report)


def _same_id(pairs: Sequence[Pair]) -> dict[int, tuple[str, str]]:
    seen: dict[str, int] = {}
    out = {}
    for row, pair in enumerate(pairs):
        if pair.id in seen:
            out[row] = ("duplicate", "this name has a pair already")
        else:
            seen[pair.id] = row
    return out


def _gated(pairs: Sequence[Pair], name: str, gate: Gate) -> dict[int, tuple[str, str]]:
    return {
        row: (name, why) for row, pair in enumerate(pairs) if pair.teacher != "person" and (why := gate(pair))
    }


def _repeated(pairs: Sequence[Pair]) -> dict[int, tuple[str, str]]:
    """Names that repeat another; a person's pairs come first, so they are what others repeat."""
    order = sorted(range(len(pairs)), key=lambda row: (pairs[row].teacher != "person", pairs[row].id))
    found = repeats([pairs[row].name for row in order])
    return {
        order[repeat.index]: (f"repeat_{repeat.why}", f"repeats {pairs[order[repeat.of]].name}")
        for repeat in found
        if pairs[order[repeat.index]].teacher != "person"
    }
