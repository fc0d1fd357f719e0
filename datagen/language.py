"""Is this short text French, English, or uncertain?

Neither langdetect nor lingua is good enough alone on 2 to 14 words (benchmarks/bench_curate.py prints all
three). So evidence adds up, as weights on a scale where positive is French: words that only one language's
dictionary has, function words, accents and elisions, and lingua's own confidence; langdetect, slow, is asked
only where the rest is close. The weights were fitted by logistic regression on one half of Debian's
human-written short texts; the figures come from the other half.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from datagen.spelling import dictionary

Answer = Literal["fr", "en", "uncertain"]

FUNCTION_WORDS = {
    "fr": frozenset(
        """le la les un une des du de d l au aux et ou en dans pour par sur avec sans sous vers chez qui que
        qu dont où est sont a ce cet cette ces son sa ses leur leurs n s y il elle entre depuis lors ne pas plus
        selon comme à été afin tout tous toute toutes même vos votre nos notre mes mon ma""".split()
    ),
    "en": frozenset(
        """the a an of and or in for to by on with without under from into that which whose where is are was
        were this these those its it their his her as at be not no than your our my using used between
        through about all each any via upon has have can""".split()
    ),
}
# "a", "on" and the like say nothing: both languages have them.
SHARED = FUNCTION_WORDS["fr"] & FUNCTION_WORDS["en"]

WORD = re.compile(r"[^\W\d_]+")
ELISION = re.compile(r"\b(?:[dlnsjmc]|qu|lorsqu|jusqu)['’](?=\w)", re.IGNORECASE)
FRENCH_LETTER = re.compile(r"[àâçèéêëîïôùûœÀÂÇÈÉÊËÎÏÔÙÛŒ]")
ENGLISH_ENDING = re.compile(r"(?:ing|ness|ship|ful|less|ed|ly|ght|th|wn|ck|sh|ty)$")
FRENCH_ENDING = re.compile(
    r"(?:eur|eurs|eux|euse|aire|aires|tion de|iser|ique|iques|ette|elle|oir|oire|ier|iers)$"
)

# English keeps the accents of this word; its French twin is another word.
RESUME = re.compile(r"\br[ée]sum[ée](?=s?\b)", re.IGNORECASE)

# A chain such as coop-computing-tools is an identifier, in no language.
IDENTIFIER = re.compile(r"\S+[-_.]\S+[-_.]\S+")

FEATURES = ("bias", "function", "dictionary", "accents", "elisions", "endings", "order", "lingua")
WEIGHTS = (-0.80, 3.44, 1.93, 1.40, 0.32, 0.75, 2.39, 0.76)
# More than this made French worse on the tuning half.
LANGDETECT_WEIGHT = 0.1

CLOSE = 1.5
DECIDED = 1.0
# Within this, a text of a pair may be overruled by the comparison of the two.
WEAK = 4.0


@dataclass(frozen=True, slots=True)
class Judgement:
    """`score` is a log-odds: positive for French, 0 where nothing is known."""

    answer: Answer
    score: float


def judge(text: str) -> Judgement:
    """Decide for one text, 2 to 14 words (shorter and longer ones are answered too)."""
    if not WORD.search(text):
        return Judgement("uncertain", 0.0)
    score = sum(weight * value for weight, value in zip(WEIGHTS, features(text), strict=True))
    if abs(score) < CLOSE:
        score += LANGDETECT_WEIGHT * langdetect_log_odds(text)
    return Judgement(_answer(score), score)


def languages(en: str, fr: str) -> tuple[Answer, Answer]:
    """The languages of a pair's two texts, compared: what stands in both (names, formats) says nothing, and a
    text that looks wrong alone is right where the French one is by far the more French of the two.
    """
    shared = set(WORD.findall(en)) & set(WORD.findall(fr))
    left = [_without(text, shared) for text in (en, fr)]
    if min(len(WORD.findall(text)) for text in left) < 2 and en != fr:
        return "uncertain", "uncertain"
    english, french = judge(RESUME.sub("resume", left[0])), judge(left[1])
    if (distance := french.score - english.score) > DECIDED:
        excused = max(WEAK, 0.75 * distance)
        return (
            "en" if abs(english.score) < excused else english.answer,
            "fr" if abs(french.score) < excused else french.answer,
        )
    return english.answer, french.answer


def _without(text: str, words: set[str]) -> str:
    said = {w for w in words if len(w) > 2 and w not in FUNCTION_WORDS["fr"] | FUNCTION_WORDS["en"]}
    left = WORD.sub(lambda m: "" if m[0] in said else m[0], text)
    return left if WORD.search(left) else text


def _answer(score: float) -> Answer:
    if abs(score) < DECIDED:
        return "uncertain"
    return "fr" if score > 0 else "en"


def features(text: str) -> Sequence[float]:
    """The evidence in a text, in the order of FEATURES; positive for French."""
    found = WORD.findall(IDENTIFIER.sub(" ", text))
    words = [word.casefold() for word in found]
    # A name or an acronym (a capital that does not begin the text) is in no language.
    plain = [word for n, word in enumerate(words) if n == 0 or found[n].islower()]
    function = sum(
        (w in FUNCTION_WORDS["fr"]) - (w in FUNCTION_WORDS["en"]) for w in words if w not in SHARED
    )
    french, english = dictionary("fr"), dictionary("en")
    content = [w for w in plain if w not in FUNCTION_WORDS["fr"] and w not in FUNCTION_WORDS["en"]]
    lexical = sum((w in french) - (w in english) for w in content)
    endings = sum(bool(FRENCH_ENDING.search(w)) - bool(ENGLISH_ENDING.search(w)) for w in content)
    accents = sum(bool(FRENCH_LETTER.search(w)) for w in plain)
    elisions = len(ELISION.findall(text))
    return (1.0, function, lexical, accents, elisions, endings, _order(found), lingua_log_odds(text))


def _order(found: Sequence[str]) -> int:
    """The noun stands before a name in French (archive ZIP), after it in English (ZIP archive)."""
    if len(found) < 2:
        return 0
    first, last = (
        word.casefold() in dictionary("fr") or word.casefold() in dictionary("en")
        for word in (found[0], found[-1])
    )
    return (first and not found[-1].islower()) - (last and found[-1].islower() and found[0].isupper())


@cache
def _lingua_detector():
    from lingua import Language, LanguageDetectorBuilder

    builder = LanguageDetectorBuilder.from_languages(Language.FRENCH, Language.ENGLISH)
    return builder.with_preloaded_language_models().build(), Language.FRENCH


def lingua_log_odds(text: str) -> float:
    """lingua's log-odds for French, within ±6."""
    detector, french = _lingua_detector()
    # lingua adds up in no fixed order: without rounding the last digits differ from call to call.
    return round(_log_odds(detector.compute_language_confidence(text, french)), 6)


@cache
def _langdetect_factory():
    from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory

    factory = DetectorFactory()
    factory.load_profile(PROFILES_DIRECTORY)
    factory.set_seed(0)
    return factory


def langdetect_log_odds(text: str) -> float:
    """langdetect's log-odds for French among the two languages, within ±6; seeded, or it would be random."""
    from langdetect.lang_detect_exception import LangDetectException

    detector = _langdetect_factory().create()
    detector.set_prior_map({"fr": 0.5, "en": 0.5})
    detector.append(text)
    try:
        found = {guess.lang: guess.prob for guess in detector.get_probabilities()}
    except LangDetectException:  # no letters at all
        return 0.0
    return _log_odds(found.get("fr", 0.0) / ((found.get("fr", 0.0) + found.get("en", 0.0)) or 1.0))


def _log_odds(probability: float) -> float:
    p = min(max(probability, 0.0025), 0.9975)
    return math.log(p / (1 - p))
