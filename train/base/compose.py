"""Composed examples: a name built from lexicon words in some naming style, and what it means in both languages.

The phrases are few and regular so that copying and word-for-word translation emerge early; variety comes later from
the grammar's descriptions of real names and from the seed corpus. Everything is drawn from one `random.Random`.
"""

import random
from dataclasses import dataclass, field
from pathlib import Path

from nomenclair import names
from nomenclair.kinds import Kind
from nomenclair.names import ENGLISH_MONTHS, FRENCH_MONTHS
from train.base.inflection import (
    VOWEL,
    agreed,
    elided,
    english_plural,
    english_third,
    french_plural,
    french_third,
)

SHORT_FRENCH = "janv févr mars avr mai juin juil août sept oct nov déc".split()
SEASONS = (("spring", "printemps"), ("summer", "été"), ("autumn", "automne"), ("winter", "hiver"))
ORDINALS = ("", ("first", "premier"), ("second", "deuxième"), ("third", "troisième"), ("fourth", "quatrième"))
# What becomes of a paper: English, French, as written.
STATES = (
    ("final version", "version finale", "final"), ("final version", "version finale", "finale"),
    ("draft", "brouillon", "draft"), ("draft", "brouillon", "brouillon"), ("signed", "signé", "signé"),
    ("old version", "ancienne version", "old"), ("old version", "ancienne version", "ancien"),
    ("copy", "copie", "copie"), ("copy", "copie", "copy"), ("corrected", "corrigé", "corrigé"),
)  # fmt: skip
COUNTERS = (
    *(
        "IMG_",
        "IMG_",
        "DSC",
        "DSC_",
        "DSCN",
        "DSCF",
        "_MG_",
        "IMG-",
        "P",
        "PICT",
        "GOPR",
        "MVI_",
        "CCF_",
        "SKMBT_",
    ),
    *(
        "file",
        "doc",
        "doc_",
        "scan",
        "Scan",
        "Scan_",
        "image",
        "x",
        "f",
        "fichier",
        "page-",
        "",
        "",
        "",
        "a",
        "n",
    ),
)
PROGRAMS = frozenset({"script", "notebook", "source", "executable", "test"})
SYLLABLES = """ba be bi bo bra ca ce cho cla da de dra el en fa
fi flo ga gi gra ha ix jo ka ki la le lu ma me mi mo na ne no or pa pe pi plu qui ra re ri
ro sa se si so sta ta te ti to tri u va ve vi vo wa xe yo za zo""".split()


@dataclass(frozen=True, slots=True)
class Word:
    """A lexicon word: as it stands in names (by language, "xx" for both), and both lemmas."""

    form: str
    lang: str
    en: str
    fr: str
    gender: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """A noun phrase without article, with the words that an English and a French name write it with."""

    en: str
    fr: str
    en_words: tuple[str, ...]
    fr_words: tuple[str, ...]
    gender: str = "m"
    plural: bool = False
    proper: bool = False


@dataclass
class Lexicon:
    by_pos: dict[str, list[Word]] = field(default_factory=dict)

    @classmethod
    def load(cls, *paths: Path) -> "Lexicon":
        lexicon = cls()
        for line in (line for path in paths for line in path.read_text(encoding="utf-8").splitlines()[1:]):
            form, lang, pos, en, fr, gender = line.split("\t")
            if en and fr:
                lexicon.by_pos.setdefault(pos, []).append(Word(form, lang, en, fr, gender or "m"))
        return lexicon


def with_article(p: Phrase, de: bool) -> str:
    """`le serveur`, `du serveur`, `de l'archive`, `des journaux`; proper names take no article."""
    if p.proper:
        return elided("de", p.fr) if de else p.fr
    if p.plural:
        return f"{'des' if de else 'les'} {p.fr}"
    if VOWEL.match(p.fr):
        return f"{'de ' if de else ''}l'{p.fr}"
    if p.gender == "f":
        return f"{'de ' if de else ''}la {p.fr}"
    return f"{'du' if de else 'le'} {p.fr}"


class Composer:
    """Draws names with their two descriptions.

    `unknown` are words to copy; `conjugate` gives a French verb's third person, or None where it does not know it.
    """

    def __init__(self, lexicon: Lexicon, kinds: list[Kind], unknown: list[str], conjugate, seed: int) -> None:
        self.words = lexicon.by_pos
        self.kinds = kinds
        self.unknown = unknown
        self.conjugate = conjugate
        self.random = random.Random(seed)

    def noun(self) -> Phrase:
        r = self.random
        word = r.choice(self.words["N"] if r.random() < 0.75 else self.words["D"])
        gender, always = word.gender[0], word.gender.endswith("p")
        plural = not always and r.random() < 0.3 and not word.en.endswith("s") and not word.en.isupper()
        if not plural:
            forms = self._form(word, "en"), self._form(word, "fr")
            return Phrase(word.en, word.fr, *forms, gender, always)
        en, fr = english_plural(word.en), french_plural(word.fr)
        return Phrase(en, fr, tuple(en.split()), tuple(names.words(fr)), gender, True)

    def _form(self, word: Word, lang: str) -> tuple[str, ...]:
        lemma = word.en if lang == "en" else word.fr
        short = word.lang in (lang, "xx") and len(word.form) > 1 and not word.form.endswith("s")
        return (
            tuple(names.words(word.form))
            if short and self.random.random() < 0.7
            else tuple(names.words(lemma))
        )

    def proper(self) -> Phrase:
        """A name to copy: one of the lexicon's, a word seen in real names, or one made up."""
        r = self.random
        if r.random() < 0.4:
            word = r.choice(self.words["P"])
            form = tuple(names.words(word.form if r.random() < 0.6 else word.en))
            return Phrase(word.en, word.fr, form, form, proper=True)
        if r.random() < 0.55:
            text = r.choice(self.unknown)
        else:
            text = "".join(r.choice(SYLLABLES) for _ in range(r.randint(2, 3)))
            text = r.choice((str.title, str.title, str.lower, str.upper))(text)
        if r.random() < 0.15:
            text += " " + "".join(r.choice(SYLLABLES) for _ in range(2)).title()
        return Phrase(text, text, tuple(text.split()), tuple(text.split()), proper=True)

    def phrase(self) -> Phrase:
        """A noun, or a noun with an adjective, a complement or a proper name."""
        r, head = self.random, self.noun()
        shape = r.random()
        if shape < 0.35:
            return head
        if shape < 0.55:
            adjective = r.choice(self.words["A"])
            fr = agreed(adjective.fr, head.gender == "f", head.plural)
            written = names.words(adjective.form if adjective.lang in ("en", "xx") else adjective.en)
            return Phrase(
                f"{adjective.en} {head.en}", f"{head.fr} {fr}", (*written, *head.en_words),
                (*head.fr_words, *names.words(fr)), head.gender, head.plural,
            )  # fmt: skip
        other = self.proper() if shape > 0.85 else self.noun()
        little = () if r.random() < 0.6 else ("de",)
        link = with_article(other, True) if r.random() < 0.5 else elided("de", other.fr)
        english = other.en if not other.plural else other.en[:-1] if other.en.endswith("s") else other.en
        words = (*other.en_words, *head.en_words)
        return Phrase(f"{english if not other.proper else other.en} {head.en}", f"{head.fr} {link}", words,
                      (*head.fr_words, *little, *other.fr_words), head.gender, head.plural)  # fmt: skip

    def date(self) -> tuple[str, str, str]:
        """A year, month, quarter, season or day: English, French, and one of the ways a name writes it."""
        r = self.random
        year, month, day = r.randint(1990, 2029), r.randint(1, 12), r.randint(1, 28)
        english, french = ENGLISH_MONTHS[month - 1], FRENCH_MONTHS[month - 1]
        short = r.choice((english[:3], SHORT_FRENCH[month - 1]))
        shape = r.random()
        if shape < 0.2:
            return str(year), str(year), str(year)
        if shape < 0.4:
            mm = f"{month:02}"
            numbers = (f"{year}-{mm}", f"{year}_{mm}", f"{mm}-{year}", f"{mm}_{year}", f"{year}.{mm}")
            words = (
                f"{french} {year}",
                f"{english} {year}",
                f"{short} {year}",
                f"{short}{year}",
                f"{year} {short}",
            )
            return f"{english} {year}", f"{french} {year}", r.choice((*numbers, *words))
        if shape < 0.8:
            yy, mm, dd = f"{year % 100:02}", f"{month:02}", f"{day:02}"
            first = "1er" if day == 1 else str(day)
            written = [
                f"{year}-{mm}-{dd}", f"{year}{mm}{dd}", f"{dd}-{mm}-{year}", f"{year}_{mm}_{dd}", f"{dd}_{mm}_{year}",
                f"{dd}.{mm}.{year}", f"{dd}{mm}{year}", f"{year}.{mm}.{dd}", f"{day} {french} {year}",
                f"{dd} {short} {year}", f"{dd}{short}{year}", f"{english} {day} {year}", f"{short}-{day}-{year}",
            ]  # fmt: skip
            if day > 12 and 2000 <= year < 2030:
                written += [f"{dd}-{mm}-{yy}", f"{dd}.{mm}.{yy}", f"{dd}_{mm}_{yy}"]
            return f"{day} {english} {year}", f"{first} {french} {year}", r.choice(written)
        if shape < 0.87:
            n = r.randint(1, 4)
            written = (
                f"Q{n} {year}",
                f"T{n} {year}",
                f"{year}Q{n}",
                f"{n}T{year}",
                f"Q{n}-{year}",
                f"T{n}_{year}",
            )
            return (
                f"{ORDINALS[n][0]} quarter of {year}",
                f"{ORDINALS[n][1]} trimestre de {year}",
                r.choice(written),
            )
        if shape < 0.94:
            english, french = r.choice(SEASONS)
            return f"{english} {year}", f"{french} {year}", f"{r.choice((english, french))} {year}"
        return english, french, r.choice((english, french))

    def tail(self) -> tuple[str, str, tuple[str, ...]]:
        """A date, version, copy or number: how each language says it, and how a name writes it."""
        r = self.random
        shape = r.random()
        if shape < 0.55:
            en, fr, written = self.date()
            return f", {en}", f", {fr}", tuple(written.split())
        if shape < 0.7:
            version = ".".join(str(r.randint(0, 20)) for _ in range(r.choice((1, 1, 2, 3))))
            written = r.choice(((f"v{version}",), (f"V{version}",), ("version", version)))
            return f", version {version}", f", version {version}", written
        if shape < 0.8:
            copy = r.randint(1, 4)
            written = r.choice((f"({copy})", f"({copy})", f"copy {copy}", f"copie {copy}"))
            return f", copy {copy}", f", copie {copy}", tuple(written.split())
        if shape < 0.87:
            en, fr, written = r.choice(STATES)
            return f", {en}", f", {fr}", (written,)
        number = r.randint(1, 10 ** r.randint(1, 4))
        written = f"{number:0{r.choice((1, 2, 3, 4))}}"
        return f" no. {number}", f" n° {number}", (written,)

    def styled(self, words: tuple[str, ...], ext: str) -> str:
        """The name of these words in one of the ways people write names."""
        r = self.random
        if r.random() < 0.55:
            words = tuple(w if w.isascii() else without_accents(w) for w in words)
        style = r.randrange(9)
        if style < 3:
            stem = "_".join(w if any(c.isupper() for c in w[1:]) else w.lower() for w in words)
        elif style < 5:
            stem = "-".join(w if any(c.isupper() for c in w[1:]) else w.lower() for w in words)
        elif style == 5:
            stem = "".join(w[:1].upper() + w[1:] for w in words)
        elif style == 6:
            stem = words[0].lower() + "".join(w[:1].upper() + w[1:] for w in words[1:])
        else:
            text = " ".join(words)
            stem = text[:1].upper() + text[1:]
            stem = stem.replace(" ", "_") if style == 8 else stem
        return stem + ext

    def example(self) -> tuple[str, str, str]:
        """(name, en, fr)."""
        r = self.random
        kind = r.choice(self.kinds)
        shape = r.random()
        if shape < 0.12:
            return self.opaque(kind)
        if kind.kind in PROGRAMS and shape < 0.55 and (made := self.program(kind)):
            return made
        if shape > 0.82:
            what = self.proper()
            en, fr = f"{kind.en} for {what.en}", f"{kind.fr} pour {what.fr}"
        else:
            what = self.phrase()
            article = "" if what.plural else "the "
            en, fr = f"{kind.en} of {article}{what.en}", f"{kind.fr} {with_article(what, True)}"
            if r.random() < 0.25:
                who = self.proper()
                en, fr = f"{en}, {who.en}", f"{fr}, {who.fr}"
                what = Phrase("", "", (*what.en_words, *who.en_words), (*what.fr_words, *who.fr_words))
        words = what.en_words if r.random() < 0.5 else what.fr_words
        if r.random() < 0.35:
            more_en, more_fr, written = self.tail()
            en, fr, words = en + more_en, fr + more_fr, (*words, *written)
        return self.styled(words, kind.pattern), en, fr

    def program(self, kind: Kind) -> tuple[str, str, str] | None:
        """A name that begins with a verb: `Shell script that …`."""
        r = self.random
        verb, what = r.choice(self.words["V"]), self.phrase()
        third = french_third(verb.fr, self.conjugate)
        if third is None:
            return None
        article = "" if what.plural else "the "
        en = f"{kind.en} that {english_third(verb.en)} {article}{what.en}"
        fr = f"{kind.fr} qui {third} {with_article(what, False)}"
        english = r.random() < 0.6
        head = names.words(
            verb.form if verb.lang == ("en" if english else "fr") else verb.en if english else verb.fr
        )
        return self.styled((*head, *(what.en_words if english else what.fr_words)), kind.pattern), en, fr

    def opaque(self, kind: Kind) -> tuple[str, str, str]:
        """A hash, random letters, a counter or a moment: the kind, and the counter's number or the date."""
        r = self.random
        shape = r.random()
        if shape < 0.4:
            return self.identifier() + kind.pattern, kind.en, kind.fr
        if shape < 0.6:
            return self.moment(kind)
        number = r.randint(1, 9999)
        written = f"{number:0{r.choice((1, 2, 3, 4, 5))}}"
        copy = r.randint(1, 3) if r.random() < 0.1 else 0
        more = (f", copy {copy}", f", copie {copy}", f" ({copy})") if copy else ("", "", "")
        name = f"{r.choice(COUNTERS)}{written}{more[2]}{kind.pattern}"
        return name, f"{kind.en} no. {number}{more[0]}", f"{kind.fr} n° {number}{more[1]}"

    def moment(self, kind: Kind) -> tuple[str, str, str]:
        """A date, as cameras and recorders write it: with the time, which nobody tells, or a counter, which all do."""
        r = self.random
        while len((moment := self.date())[2]) < 8:
            pass
        en, fr, written = moment
        if written.isdigit() and r.random() < 0.3:
            written += f"{r.randint(0, 235959):06}"
        prefix = r.choice(("", "", "IMG_", "VID_", "PXL_", "DJI_", "REC_", "scan_", "Scan "))
        number = r.randint(1, 999)
        after, no_en, no_fr = r.choice(
            (
                ("", "", ""),
                ("", "", ""),
                (f"{r.choice('_-')}{r.randint(0, 235959):06}", "", ""),
                (f"{r.choice('_-')}{number:0{r.choice((3, 4))}}", f" no. {number}", f" n° {number}"),
            )
        )
        article = "d'" if VOWEL.match(fr) else "du " if fr[0].isdigit() and len(fr) > 4 else "de "
        name = f"{prefix}{written}{after}{kind.pattern}"
        return name, f"{kind.en}{no_en} from {en}", f"{kind.fr}{no_fr} {article}{fr}"

    def identifier(self) -> str:
        """A stem that says nothing: hexadecimal digits, a UUID, random letters."""
        r = self.random
        shape = r.random()
        if shape < 0.5:
            while not names.HEX_RUN.fullmatch(
                stem := f"{r.getrandbits(160):040x}"[: r.choice((8, 10, 12, 16, 32, 40))]
            ):
                pass
        elif shape < 0.65:
            digits = f"{r.getrandbits(128):032x}"
            stem = "-".join(digits[a:b] for a, b in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)))
        elif shape < 0.85:
            stem = "".join(r.choice("bcdfghjklmnpqrstvwxz0123456789") for _ in range(r.randint(5, 10)))
        else:
            stem = "".join(
                r.choice("BCDFGHJKLMNPQRSTVWXZbcdfghjkmnpqrstvwxyz23456789") for _ in range(r.randint(6, 16))
            )
        stem = stem.upper() if r.random() < 0.2 else stem
        return r.choice(("", "", "", "", "tmp", "file_", "tmp_")) + stem


def without_accents(word: str) -> str:
    """The word without accents, its case kept."""
    folded = names.fold(word)
    return (
        folded.upper() if word.isupper() else folded[:1].upper() + folded[1:] if word[0].isupper() else folded
    )
