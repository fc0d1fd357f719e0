"""Variants of a written pair about something else: a noun, a compound term, an adjective or a verb that its name
holds and both texts tell, in whose place another stands that agrees alike.

The texts of a corpus are few enough to be learnt by heart; what stands between their words is what must be learnt.
"""

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from datagen import realise
from nomenclair import names
from nomenclair.glossary import LITTLE
from train.base.compose import Lexicon, without_accents
from train.base.glossary import key_of

Row = tuple[str, str, str]

# Where a sound cannot be told from the letters (`un hibou`, `une heure`; `a user`, `an uncle`) a word is left alone.
FRENCH_VOWEL, ENGLISH_VOWEL = re.compile(r"[aeiouyâàéèêëîïôöùûœ]", re.I), re.compile(r"[aeio]", re.I)
UNSURE_FRENCH, UNSURE_ENGLISH = re.compile(r"h|y|onz", re.I), re.compile(r"u|eu|one|hour|hono|heir", re.I)
PLAIN = re.compile(r"[^\W\d_][^\W_]*(?:[ '-][^\W_]+)*")
MONTHS = frozenset(map(names.fold, names.FRENCH_MONTHS))
MOST_TERM_WORDS = 5


@dataclass(frozen=True, slots=True)
class Form:
    """A word or term as the texts say it and as names write it, and what another must share to stand in its place.

    `alike`: part of speech with gender, number, whether the French and whether the English begins with a vowel.
    """

    en: str
    fr: str
    en_name: str
    fr_name: str
    alike: tuple[str, bool, bool, bool]

    def written(self, lang: str) -> str:
        return self.en_name if lang == "en" else self.fr_name


@dataclass(frozen=True, slots=True)
class Forms:
    """Forms by how a name may write them (`key_of`), and by what they share."""

    by_key: Mapping[str, Sequence[Form]]
    by_alike: Mapping[tuple[str, bool, bool, bool], Sequence[Form]]

    @classmethod
    def of(cls, forms: Iterable[Form]) -> "Forms":
        """A form whose gender does not show (`rapide`) may come in, but is not taken out."""
        by_key, by_alike, genders = defaultdict(list), defaultdict(list), defaultdict(set)
        forms = list(dict.fromkeys(forms))
        for form in forms:
            by_alike[form.alike].append(form)
            genders[form.en, form.fr].add(form.alike)
        for form in forms:
            if len(genders[form.en, form.fr]) == 1:
                for key in {key_of(form.en_name), key_of(form.fr_name)} - {""}:
                    by_key[key].append(form)
        return cls(by_key, by_alike)


def forms(lexicon: Lexicon, rows: Iterable[Row]) -> Iterator[Form]:
    """Nouns and terms in both numbers, adjectives in both genders too, and the verbs that `rows` use of programs."""
    for word in (*lexicon.by_pos.get("N", ()), *lexicon.by_pos.get("D", ())):
        always = word.gender.endswith("p")
        yield from _form(word.en, word.fr, "N" + word.gender[0], always)
        if not always:
            en, fr = realise.plural_en(word.en), realise.noun_fr(word.fr, word.gender, True)
            yield from _form(en, fr, "N" + word.gender[0], True)
    for word in lexicon.by_pos.get("A", ()):
        before_nouns = realise.ADJECTIVE_HEAD.fullmatch(word.fr)
        adverb = word.fr.endswith("ment") and word.en.endswith("ly")
        if not before_nouns and not adverb and " " not in word.en + word.fr:
            for gender in "mf":
                for plural in (False, True):
                    yield from _form(
                        word.en, realise.adjective_fr(word.fr, gender, plural), "A" + gender, plural
                    )
    said = frozenset(
        pair
        for _, en, fr in rows
        if (pair := (_after(r" that (\w+) ", en), _after(r" qui (\w+) (?:l'|l[ae]s? |une? |des |du )", fr)))
        and all(pair)
    )
    thirds = frozenset(third for pair in said for third in pair)
    for word in lexicon.by_pos.get("V", ()):
        if " " not in word.en + word.fr:
            en, fr = realise.verb_en(word.en), realise.verb_fr(word.fr)
            if {en, fr} <= thirds:
                yield Form(en, fr, word.en, word.fr, ("V", False, False, False))


def _after(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found[1] if found else ""


def _form(en: str, fr: str, part: str, plural: bool) -> Iterator[Form]:
    plain = PLAIN.fullmatch(en) and PLAIN.fullmatch(fr) and en[:1].islower()
    unsure = UNSURE_ENGLISH.match(en) or UNSURE_FRENCH.match(fr) or names.fold(fr) in MONTHS
    if plain and not unsure:
        begins = bool(FRENCH_VOWEL.match(fr)), bool(ENGLISH_VOWEL.match(en))
        yield Form(en, fr, en, fr, (part, plural, *begins))


def swapped(row: Row, forms: Forms, kept: frozenset[str], rng: random.Random) -> Row:
    """The row with one of its forms in another's place, or the row itself. `kept`: folded words that say its kind."""
    name, en, fr = row
    stem, ext = names.split_ext(name)
    found = [
        (start, end, key, old)
        for start, end, key in spans(stem)
        if key not in kept
        for old in forms.by_key.get(key, ())
        if stem.count(stem[start:end]) == 1 and _told_once(old, en, fr)
    ]
    found = [f for f in found if not any(o[0] <= f[0] and f[1] <= o[1] and o[:2] != f[:2] for o in found)]
    if not found:
        return row
    start, end, key, old = rng.choice(found)
    new = rng.choice(forms.by_alike[old.alike])
    lang = "en" if key == key_of(old.en_name) else "fr"
    shown = _as_written(new.written(lang), stem, stem[start:end], rng)
    made = (
        stem[:start] + shown + stem[end:] + ext,
        _replaced(old.en, new.en, en),
        _replaced(old.fr, new.fr, fr),
    )
    return made if max(map(len, made)) <= 90 else row


def spans(stem: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, key) of each word and each run of words of a stem that a form may be written as."""
    places, at = [], 0
    for word in names.words(stem):
        at = stem.find(word, at)
        if at < 0:
            return
        places.append((at, at + len(word), names.fold(word)))
        at += len(word)
    for i, (start, *_) in enumerate(places):
        key = ""
        for _, end, word in places[i : i + MOST_TERM_WORDS]:
            if word in LITTLE:
                if not key:
                    break
                continue
            key = f"{key} {word}".strip()
            yield start, end, key


def _whole(form: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w+#-]){re.escape(form)}(?![\w+#-])", re.I)


def _told_once(form: Form, en: str, fr: str) -> bool:
    verb = form.alike[0] == "V"
    said = ((f"that {form.en}", en), (f"qui {form.fr}", fr)) if verb else ((form.en, en), (form.fr, fr))
    return all(s in t.lower() for s, t in said) and all(len(_whole(s).findall(t)) == 1 for s, t in said)


def _replaced(old: str, new: str, text: str) -> str:
    return _whole(old).sub(lambda m: new[:1].upper() + new[1:] if m[0][0].isupper() else new, text)


def _as_written(term: str, stem: str, old: str, rng: random.Random) -> str:
    """The term in the naming style of the stem, in whose old text's place it comes."""
    words = re.split(r"[ ']", term)
    if rng.random() < 0.6:
        words = [w for i, w in enumerate(words) if i == 0 or names.fold(w) not in LITTLE]
    if stem.isascii():
        words = [without_accents(w) for w in words]
    between = re.search(r"[_ -]", old) or re.search(r"[_ -]", stem)
    camel = not between and re.search(r"[a-z][A-Z]", stem)
    separator = between[0] if between else "" if camel else "_"
    if old.isupper() and len(old) > 1:
        return separator.join(words).upper()
    titles = camel or len(re.findall(r"(?:^|[_ -])[A-Z]", stem)) > 1
    shown = [w[:1].upper() + w[1:] if titles else w for w in words]
    first = shown[0][:1].upper() if old[0].isupper() else words[0][:1]
    return separator.join([first + shown[0][1:], *shown[1:]])
