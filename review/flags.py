"""What may be wrong with a pair: each flag has a code, a weight and a reason in plain words for the reviewer.

FLAGS is the list; the order is the order of the reasons in the sheet. A flag is a hint, never a verdict.
benchmarks/bench_curate.py injects each fault into good pairs and counts what is caught, and what is flagged
in pairs that are good.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from datagen import curate
from datagen.privacy import mask
from datagen.spelling import accented, dictionary
from nomenclair.contract import LANGUAGES
from nomenclair.names import find_date, fold, is_opaque, split_ext, words
from nomenclair.records import Pair, PairFlag
from review.sources import Sources

Check = Callable[[Pair, Sources], str | None]


@dataclass(frozen=True, slots=True)
class Flag:
    """`weight` orders the sheet: the sum over a pair's flags, worst first."""

    code: str
    weight: int
    check: Check


@dataclass(frozen=True, slots=True)
class Raised:
    code: str
    weight: int
    why: str


DIGITS = re.compile(r"\d+")
PART = re.compile(r"[^\W\d_]+")
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
# A name stands behind an elision (d'Annie) or before 's.
BETWEEN_APOSTROPHES = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
HEDGE = re.compile(
    r"\b(?:likely|probably|possibly|perhaps|maybe|might|may be|appears?|seems?|presumably|apparently|suggests?"
    r"|some kind of|potentially|probablement|peut-être|sans doute|semble|vraisemblablement|possiblement|suggère"
    r"|apparemment|pourrait|devrait|une sorte de|éventuellement|supposé|potentiellement)\b",
    re.IGNORECASE,
)
# The hedges as a name has them: its words folded, with spaces between.
NAMED_HEDGE = re.compile(fold(HEDGE.pattern).replace("-", " "))
MARKUP = re.compile(r"[*`#_]{2}|^[-*#>•]|\*\w|`|^[\"'«“‘]|[\"»”’']$|[«»“”\"]|\]\(|</?\w+>|^\w+: (?=[A-Z])")
# Not where it begins with capitals alone: an IT budget, the CE marking, a UN report.
SENTENCE = re.compile(
    r"^(?!(?-i:[A-Z]{2,} ))"
    r"(?:this|the file|a file that|it |here |ce |cette |cet |c'est|il s'agit|le fichier|voici|an? |une? )"
    r"|\b(?:this file|ce fichier|that contains|which contains|qui contient|used to|utilisé pour)\b"
    r"|[.!?;]$|\w{4}\. [A-Z]",
    re.IGNORECASE,
)


YEAR = re.compile(r"(?:19|20)\d\d")
# A brand that is written small wherever it stands, without a capital inside.
SMALL_BRANDS = frozenset(("npm",))
TEXTUAL = frozenset(("config", "script", "source", "data", "build", "markup", "lock"))


def _adapted(gate: curate.Gate) -> Check:
    return lambda pair, _: gate(pair)


def copied(pair: Pair, _: Sources) -> str | None:
    """The two texts share all their words, one of which is a plain word of one language only."""
    if fold(pair.en) != fold(pair.fr):
        return None
    here = [w.casefold() for w in WORD.findall(pair.en)]
    one_sided = [w for w in here if (w in dictionary("en")) != (w in dictionary("fr"))]
    return "the two texts are the same" if one_sided or len(here) > 3 else None


def missing_accents(pair: Pair, sources: Sources) -> str | None:
    """A French word that exists only with an accent."""
    for n, word in enumerate(PART.findall(pair.fr)):
        low = word.casefold()
        if (n and not word.islower()) or not low.isascii() or low in dictionary("fr"):
            continue
        if low not in accented("fr") or sources.is_brand(word):
            continue
        # renomme: the list has the participle alone
        if not (low.endswith("e") and accented("fr")[low] == {low[:-1] + "é"}):
            return f"fr: {word} → {min(accented('fr')[low])}?"
    return None


def spelling(pair: Pair, sources: Sources) -> str | None:
    """A lower-case word that the language's dictionary, the lexicon and the name lack, but one edit mends."""
    for lang in LANGUAGES:
        other = pair.text("en" if lang == "fr" else "fr").casefold()
        for word in WORD.findall(pair.text(lang)):
            for part in re.split(r"['’-]", word):
                low = part.casefold()
                if len(low) < 6 or not (part.islower() or pair.text(lang).startswith(part)) or low in other:
                    continue
                if low in dictionary(lang) or sources.has_form(low) or _named(part, pair):
                    continue
                if mended := one_edit_away(low, lang):
                    return f"{lang}: {part} → {mended}?"
    return None


def one_edit_away(word: str, lang) -> str | None:
    """A dictionary word one insertion, deletion, replacement or swap away, or None."""
    letters = "abcdefghijklmnopqrstuvwxyz" + ("àâçèéêëîïôûù" if lang == "fr" else "")
    words_of = dictionary(lang)
    for at in range(len(word) + 1):
        head, tail = word[:at], word[at:]
        tries = [head + tail[1:], head + tail[1:2] + tail[:1] + tail[2:]] if tail else []
        # One letter replaced makes another word of many short ones (cariste, curiste).
        tries += [head + c + tail[1:] for c in letters] if tail and len(word) > 8 else []
        tries += [head + c + tail for c in letters]
        for attempt in tries:
            if attempt in words_of:
                return attempt
    return None


def _named(word: str, pair: Pair) -> bool:
    return fold(word) in fold(pair.name)


def numbers(text: str) -> set[str]:
    """The numbers of a text, without leading zeros."""
    return {digits.lstrip("0") or "0" for digits in DIGITS.findall(text)}


def digits_disagree(pair: Pair, _: Sources) -> str | None:
    """Digits that one text has and the other lacks."""
    odd = sorted(numbers(pair.en) ^ numbers(pair.fr))
    return f"the number {odd[0]} is in one text alone" if odd else None


def invented_digit(pair: Pair, sources: Sources) -> str | None:
    """A number that the name does not have, nor its kind."""
    kind = sources.kinds.of(pair.name)
    allowed = numbers(" ".join((pair.name, kind.en, kind.fr, *kind.marks)))
    allowed |= _parts(pair.name)
    for lang in LANGUAGES:
        for number in sorted(numbers(pair.text(lang))):
            if number in allowed or (len(number) < 3 and _two_digit_year(number, allowed)):
                continue
            if YEAR.fullmatch(number) and (number[2:].lstrip("0") or "0") in allowed:  # 23 told as 2023
                continue
            if re.search(rf"[a-zA-Z]{number}\b", pair.text(lang)):  # a format: MP3, IPv4, Base64
                continue
            return f"{lang}: the number {number} is not in the name"
    return None


def _parts(name: str) -> set[str]:
    """What may be cut out of the runs of digits of a name, two by two: 20230415 and 1430 are a date and an
    hour; a year alone is whole, and so is a shorter number."""
    runs = [run for run in DIGITS.findall(name) if len(run) > 3 and not YEAR.fullmatch(run)]
    cuts = (run[i:j] for run in runs for i in range(0, len(run), 2) for j in range(i + 2, len(run) + 1, 2))
    return {cut.lstrip("0") or "0" for cut in cuts}


def _two_digit_year(number: str, allowed: set[str]) -> bool:
    return any(len(a) == 4 and a.endswith(number) for a in allowed)


def lost_number(pair: Pair, _: Sources) -> str | None:
    """A year of the name that neither text tells."""
    date = find_date(split_ext(pair.name)[0])
    if date and not is_opaque(pair.name) and str(date[0].year) not in pair.en + pair.fr:
        short = str(date[0].year)[2:]
        if short not in pair.en + pair.fr:
            return f"the year {date[0].year} of the name is not told"
    return None


def lost_word(pair: Pair, sources: Sources) -> str | None:
    """A known word of the name that neither text tells."""
    lost = sources.lost(pair)
    return f"{lost[0]} in the name is not told" if lost else None


def invented(pair: Pair, sources: Sources) -> str | None:
    """A content word in both texts that nothing in the name accounts for."""
    found = sources.invented(pair)
    return f"not in the name: {', '.join(found[:3])}" if found else None


def wrong_kind(pair: Pair, sources: Sources) -> str | None:
    """Both texts name a format that is neither the extension's nor in the name."""
    kind = sources.kinds.of(pair.name)
    own = {fold(w) for text in (*kind.marks, kind.en, kind.fr, pair.name) for w in PART.findall(text)}
    for word in sorted(sources.format_words(pair.en) & sources.format_words(pair.fr)):
        other = sources.kinds.by_pattern[f".{word}"]
        # A configuration may well be YAML, a lock file of PHP: text formats hold one another.
        if kind.kind == "other" or {kind.kind, other.kind} <= TEXTUAL:
            continue
        strange = other.kind != kind.kind or not (kind.named_in(pair.en) or kind.named_in(pair.fr))
        if strange and word not in own and word not in fold(pair.name):
            return f"the extension says {kind.en}, the texts say {word.upper()}"
    return None


def kinds_disagree(pair: Pair, sources: Sources) -> str | None:
    """A format that one text alone names."""
    en, fr = sources.format_words(pair.en), sources.format_words(pair.fr)
    odd = sorted(w for w in en ^ fr if w not in fold(pair.en) or w not in fold(pair.fr))
    return f"{odd[0].upper()} is in one text alone" if odd else None


def names_disagree(pair: Pair, sources: Sources) -> str | None:
    """A proper name that one text alone has, and the other has not in its own language (Warsaw, Varsovie)."""
    en, fr = fold(pair.en), fold(pair.fr)
    for text, other in ((pair.en, fr), (pair.fr, en)):
        for word in BETWEEN_APOSTROPHES.findall(text)[1:]:
            low = fold(word)
            if not re.fullmatch(r"[A-ZÉÈÀ]\w{3,}", word) or low[:4] in other:
                continue
            if any(name in other for name in sources.abroad.get(low, ())):
                continue
            if low not in sources.plain and not sources.knows(low):
                return f"{word} is in one text alone"
            if low in fold(pair.name) and sources.is_brand(word, untranslated=True):
                return f"{word} is in one text alone"
    return None


def style(pair: Pair, _: Sources) -> str | None:
    """A sentence, a final period, a small first letter, a leading article."""
    for lang in LANGUAGES:
        text = pair.text(lang)
        if m := SENTENCE.search(text):
            return f"{lang}: not a bare phrase ({m[0]!r})"
        first = text.split()[0]
        if text[0].islower() and first not in pair.name and not _written_small(first):
            return f"{lang}: begins with a small letter"
        if "  " in text or text != text.strip():
            return f"{lang}: stray spaces"
    return None


def _written_small(word: str) -> bool:
    """iCalendar, npm; not the elision of d'IBM."""
    head = PART.match(word)[0]
    return not head.islower() or head in SMALL_BRANDS


def hedging(pair: Pair, _: Sources) -> str | None:
    """More hedges in a text than the name has: might_and_magic has one, which a translation has too."""
    own = len(NAMED_HEDGE.findall(fold(" ".join(words(pair.name)))))
    for lang in LANGUAGES:
        if len(found := HEDGE.findall(pair.text(lang))) > own:
            return f"{lang}: {found[-1]!r}"
    return None


def markup(pair: Pair, _: Sources) -> str | None:
    for lang in LANGUAGES:
        if m := MARKUP.search(pair.text(lang).replace(pair.name, "")):
            return f"{lang}: marks or quotes ({m[0]!r})"
    return None


def private(pair: Pair, _: Sources) -> str | None:
    """An address, a number of a person or a secret in a text."""
    for lang in LANGUAGES:
        if hidden := mask(pair.text(lang)).hidden:
            return f"{lang}: holds {hidden[0][0].rpartition('_')[0].lower()}"
    return None


# Order: the reasons of a pair are listed so.
FLAGS: tuple[Flag, ...] = (
    Flag("refusal", 10, _adapted(curate.refusal)),
    Flag("placeholder", 10, _adapted(curate.placeholder)),
    Flag("wrong_language", 9, _adapted(curate.wrong_language)),
    Flag("copied", 9, copied),
    Flag("private", 9, private),
    Flag("echo", 8, _adapted(curate.echo)),
    Flag("invented_digit", 8, invented_digit),
    Flag("digits_disagree", 8, digits_disagree),
    Flag("wrong_kind", 7, wrong_kind),
    Flag("kinds_disagree", 6, kinds_disagree),
    Flag("names_disagree", 6, names_disagree),
    Flag("invented", 6, invented),
    Flag("lost_number", 5, lost_number),
    Flag("lost_word", 5, lost_word),
    Flag("hedging", 5, hedging),
    Flag("markup", 5, markup),
    Flag("style", 4, style),
    Flag("too_long", 4, _adapted(curate.too_long)),
    Flag("missing_accents", 4, missing_accents),
    Flag("spelling", 3, spelling),
)


def raised(pair: Pair, sources: Sources) -> list[Raised]:
    """The flags of one pair, looked at alone."""
    return [Raised(f.code, f.weight, why) for f in FLAGS if (why := f.check(pair, sources))]


# What a judge or a second answer doubts weighs as much as a middling flag: models err too.
DOUBT_WEIGHT = 5


def doubts_of(flags: Iterable[PairFlag]) -> dict[str, list[Raised]]:
    """The doubts that generate paid for (a judge, a second answer), by pair id."""
    found: dict[str, list[Raised]] = {}
    for flag in flags:
        found.setdefault(flag.id, []).append(Raised(flag.code, DOUBT_WEIGHT, flag.why))
    return found


def flags_of(pairs: Sequence[Pair], sources: Sources) -> dict[str, list[Raised]]:
    """The flags of each pair by its id, with those that need the other pairs (same text, unlike names)."""
    twins = same_texts(pairs)
    out = {}
    for pair in pairs:
        found = raised(pair, sources)
        if pair.id in twins:
            found.append(Raised("same_text", 4, f"says the same as {twins[pair.id]}"))
        out[pair.id] = found
    return out


def same_texts(pairs: Iterable[Pair]) -> Mapping[str, str]:
    """Pairs whose texts, digits and order aside, are another's though the name tells more: id -> that name.

    Opaque names rightly share a text, so do short texts of a kind and a number.
    """
    seen: dict[tuple[str, str], Pair] = {}
    out = {}
    for pair in pairs:
        if is_opaque(pair.name) or len(pair.en.split()) < 5:
            continue
        key = tuple(" ".join(sorted(fold(DIGITS.sub("", pair.text(lang))).split())) for lang in LANGUAGES)
        first = seen.setdefault(key, pair)
        if first is not pair and not _alike(first.name, pair.name):
            out[pair.id] = first.name
    return out


def _alike(one: str, other: str) -> bool:
    """Do two names share a word of four letters, or stems?"""
    a, b = ({fold(w)[:5] for w in words(split_ext(n)[0]) if len(w) > 2} for n in (one, other))
    return not a or not b or not a.isdisjoint(b)


def weight(found: Sequence[Raised]) -> int:
    return sum(flag.weight for flag in found)
