"""The grammar teacher: a name -> its words -> French and English, or an abstention that names the word.

Precision first: an unknown word, an unclear structure or more words than a phrase holds make it abstain.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from datagen import phrases, reading, realise, telling
from datagen.dating import Details, details_of
from datagen.lexicon import Lexicon, key
from datagen.phrases import Phrase, Unclear
from datagen.reading import FRENCH_LINKS, SCRIPTING, Item
from datagen.telling import PREPOSITIONS, WHEN, Description
from nomenclair import names
from nomenclair.contract import MAX_CHARS, MAX_WORDS
from nomenclair.kinds import Kind, KindTable

MAX_CONTENT_WORDS = 6

# Kinds whose names are identifiers: told with the stem as it stands.
IDENTIFIERS = frozenset("library font manual compiled".split())
# Kinds of files that people make for themselves: only these hold French abbreviations (pv, cr, rib).
PERSONAL = frozenset("document spreadsheet presentation text photo image archive email backup".split())
OWN = frozenset(
    "data contact database markup calendar video audio webpage ebook presentation shortcut link".split()
)
# Words that code uses in more than one sense that French tells apart (carte, table de correspondance).
DOUBTFUL_WORDS = frozenset(
    "map order language frame Windows quote statement assignment light statistics TV meal".split()
)
# First words of icon names, which put the thing before what is done to it: folder-new, shield-check.
ICON_HEADS = frozenset(
    """folder document edit view format package printer menu go media network application user shield script mail
    window list insert object zoom weather face emblem input audio video text system tool process attachment
    account bookmark call camera cloud dialog drive file insert key list map security star tab""".split()
)
# Formats and means: convertir_factures_csv, inspecter_toits_drone.
MEANS = frozenset(
    """drone webcam scanner email csv pdf json xml html sms png jpg jpeg svg yaml sql mp3 mp4 epub excel word txt tsv
    zip""".split()
)
# French nouns that end no phrase without a link: behind another noun they are its head, or said aside.
HEADS_FR = frozenset(
    """demande modèle extension liste copie formulaire attestation dossier lettre photo plan scan brouillon
    résumé recto verso décret arrêté loi avis
    version exemple projet synthèse bilan rapport facture devis contrat reçu schéma tableau fichier""".split()
)
# Extensions that stand for more than one kind, so that the words alone would have to tell.
DOUBTFUL = frozenset((".key", ".pub", ".map", ".model", ".md5"))
COMPRESSED = frozenset((".gz", ".bz2", ".xz", ".zst", ".lz"))
# Names that documentation generators make of identifiers: classQgsMapCanvas.
GENERATED = re.compile(
    r"^(?:class|struct|namespace|group|dir|union|interface|type|enum|functions?)[A-Z]|^(?:class|struct)_"
)


@dataclass(frozen=True, slots=True)
class Abstention:
    """`reason`: kind, unknown-word, dotted, number, language, long, order, verb, adjective-last, proper-last…"""

    word: str
    reason: str


@dataclass(frozen=True, slots=True)
class GrammarTeacher:
    lexicon: Lexicon
    kinds: KindTable

    @classmethod
    def load(cls, corpus: Path) -> "GrammarTeacher":
        """Read lexicon.tsv and kinds.tsv of a corpus folder."""
        return cls(Lexicon.load(corpus / "lexicon.tsv"), KindTable.load(corpus / "kinds.tsv"))

    def describe(self, name: str) -> Description | Abstention:
        """Both descriptions of a file name, or why there are none. Pure; about a millisecond."""
        name = names.readable(name)
        kind = self.kinds.of(name)
        try:
            answer = self._describe(name, kind)
        except Unclear as stop:
            return Abstention(*stop.args)
        if any(len(t.split()) > MAX_WORDS or len(t) > MAX_CHARS for t in (answer.en, answer.fr)):
            return Abstention(name, "long")
        if re.search(r"\b([^\W\d]{4,}) \1", answer.en):
            return Abstention(name, "order")  # the payment payment schedule
        return answer

    def _describe(self, name: str, kind: Kind) -> Description:
        if kind.pattern == name:
            return Description(kind.en, kind.fr)
        stem, ext = names.split_ext(name)
        if kind.pattern not in self.kinds.by_pattern or not ext:
            raise Unclear(ext or name, "kind")
        if stem in self.kinds.by_pattern:
            raise Unclear(stem, "kind")
        if kind.kind == "manual" and re.search(r"log(?:\.|$)", stem):
            raise Unclear(stem, "kind")  # syslog.3.gz is a rotated log
        if kind.kind in IDENTIFIERS:
            return telling.identifier(stem, kind)
        if kind.pattern == ".cif" and stem.isupper():
            raise Unclear(stem, "unknown-word")
        if kind.pattern == ".csl":
            return telling.journal(stem, kind)
        if re.search(r"(?<!\d)\d{3,}\.\d", stem) and re.search(r"[ _]", stem):
            raise Unclear(stem, "number")  # fiche 281.10 2022
        rest, details = details_of(stem)
        if re.fullmatch(r"[0-9]{1,2}\.[0-9]{1,2}\.(?:[0-9]{2}|20[0-9]{2})", details.version):
            raise Unclear(details.version, "number")  # a date
        flat = re.search(r"(?i)appart|logement|bail|studio|maison", rest)  # T3: three rooms
        if re.search(r"[&=@$]", rest) or (details.quarter and flat):
            raise Unclear(rest, "order")
        if details.quarter and kind.kind not in PERSONAL - {"image", "photo"}:
            raise Unclear(rest, "number")
        if not any(c.isalpha() for c in rest) or (
            names.is_opaque(name) and not self._known(names.words(rest))
        ):
            return self._opaque(rest, kind, details)
        if re.search(r"\w.* - .*\w|\b(?:du|de|le) +(?:-|$)", rest):
            raise Unclear(rest, "order")  # two names in one, or a link that led to a date
        if re.search(r"[^\W\d]\.\w|__|~|::|%", rest) or GENERATED.search(rest):
            raise Unclear(rest, "dotted")
        if kind.pattern in DOUBTFUL or (kind.pattern in COMPRESSED and "." in stem) or kind.pattern[0] != ".":
            raise Unclear(ext, "kind")
        return self._told(rest, kind, details)

    def _known(self, words: Sequence[str]) -> bool:
        return any(len(w) > 1 and self.lexicon.senses(w) and key(w) not in names.COUNTER_WORDS for w in words)

    def _opaque(self, rest: str, kind: Kind, details: Details) -> Description:
        words = names.words(rest)
        letters = [w for w in words if w[0].isalpha()]
        numbers = [w for w in words if w.isdecimal()]
        if details.copy.strip() and not numbers and all(key(w) in names.COUNTER_WORDS for w in letters):
            details = replace(details, number=details.copy, copy="")
        counted = all(key(w) in names.COUNTER_WORDS for w in letters)
        if any(len(w) > 2 and w.isalpha() and key(w) not in names.COUNTER_WORDS for w in letters):
            if names.without_hashes(rest, " ") == rest:
                raise Unclear(letters[0], "unknown-word")
            counted = False
        if counted and len(numbers) == 1 and len(numbers[0]) < 9 and not details.number and not details.date:
            details = replace(details, number=str(int(numbers[0])))
        en, fr, when = kind.en, kind.fr, WHEN.get(kind.kind, "")
        label = en.rpartition(" ")[0]
        if [key(w) for w in letters] == ["scan"] and fr in (
            f"Document {label}",
            f"Image {label}",
            f"Photo {label}",
        ):
            en, fr = f"{label} scan", f"Numérisation {label}"
        return Description(en + details.en(when), fr + details.fr(when))

    def _told(self, rest: str, kind: Kind, details: Details) -> Description:
        tests = None
        groups = self.lexicon.read(reading.glued(names.words(rest), self.lexicon))
        groups, details = reading.without_number(groups, rest, details)
        if kind.en.endswith(" source file") and len(groups) > 1:
            groups, tests = reading.without_test(groups)
        if len(groups) > MAX_CONTENT_WORDS + 2:
            raise Unclear(groups[-1][0], "long")
        groups, marks = reading.without_marks(groups)
        for text, senses in groups:
            if not senses and not reading.acronym(text, rest):
                raise Unclear(text, "unknown-word")
        lang = reading.language(groups, kind)
        items = [reading.choose(text, senses, lang, i, groups) for i, (text, senses) in enumerate(groups)]
        if len(groups) > 1 and lang == "en":
            items[0] = reading.verb_or_noun(items[0], groups, kind, rest)
        personal = kind.kind in PERSONAL
        own = personal or kind.kind in OWN
        reading.refuse_marked(items, marks, own)
        reading.refuse_common_names(items, own)
        if lang == "fr":
            reading.refuse_disagreement(items)
        else:
            reading.refuse_hidden_verb(items, kind)
        if tests:
            return telling.described(*tests, self._phrase(items, lang), kind, details)
        items = reading.with_full_names(items)
        for item in items:
            if item.sense.entry.en in DOUBTFUL_WORDS and not personal:
                raise Unclear(item.text, "sense")
            if (
                item.sense.entry.lang == "fr"
                and len(item.text) < 4
                and item.sense.pos in "ND"
                and not personal
            ):
                raise Unclear(item.text, "unknown-word")
            if item.sense.pos == "P" and f" {item.sense.entry.en} " in f" {kind.en} ":
                raise Unclear(item.text, "order")
        inside = any(item.sense.pos == "D" for item in items[:-1])
        if own and lang == "en" and inside and items[-1].sense.pos == "N":
            raise Unclear(items[0].text, "order")
        letters = [item.text for item in items if len(item.text) == 1 and item.text.isupper()]
        if letters and not rest.isupper():
            raise Unclear(letters[0], "order")
        lemmas = [item.sense.entry.en for item in items if item.sense.pos != "F"]
        if len(set(lemmas)) < len(lemmas):
            raise Unclear(rest, "order")
        if own and re.fullmatch(r"1[5-9][0-9]{2}", details.number):
            raise Unclear(details.number, "number")  # a year before those that dates are looked for in
        items = reading.numbered(items, details)
        if items[-1].number:
            details = replace(details, number="")
        if items[0].sense.pos == "V":
            return self._program(items, lang, kind, details)
        items = reading.without_kind_word(items, lang, kind)
        if not items and details.copy.strip():
            details = replace(details, number=details.copy, copy="")
        if not items:
            return Description(kind.en + details.en(), kind.fr + details.fr())
        icon = (
            kind.kind in ("image", "icon")
            and len(items) > 1
            and any(key(item.text) in ICON_HEADS for item in items[:-1])
        )
        if icon or items[-1].text.lower() in ("fill", "pos", "free"):
            raise Unclear(items[0].text, "order")
        if kind.kind == "audio" and items[-1].sense.pos in "N":
            raise Unclear(items[-1].text, "sense")
        return self._titled(items, lang, kind, details)

    def _phrase(self, items: Sequence["Item"], lang: str) -> Phrase:
        if any(item.sense.pos in "VRZM" for item in items):
            bad = next(item for item in items if item.sense.pos in "VRZM")
            raise Unclear(bad.text, {"V": "verb"}.get(bad.sense.pos, "order"))
        if lang == "en":
            if any(item.sense.pos == "F" for item in items):
                raise Unclear(next(i.text for i in items if i.sense.pos == "F"), "order")
            return phrases.english([item.word() for item in items])
        for item in items:
            if item.sense.pos == "F" and key(item.text) not in FRENCH_LINKS:
                raise Unclear(item.text, "order")
        return phrases.french([key(i.text) if i.sense.pos == "F" else i.word() for i in items])

    def _split(self, items: Sequence["Item"], lang: str) -> tuple[Phrase, str, Phrase | None]:
        """The phrase before a preposition, its French or English counterpart's key, the phrase behind it."""
        for i, item in enumerate(items):
            if item.sense.pos == "F" and key(item.text) in PREPOSITIONS[lang]:
                if i == 0 or i + 1 == len(items):
                    raise Unclear(item.text, "order")
                word = key(item.text)
                return self._phrase(items[:i], lang), word, self._phrase(items[i + 1 :], lang)
        return self._phrase(items, lang), "", None

    def _titled(self, items: list["Item"], lang: str, kind: Kind, details: Details) -> Description:
        said = f" {kind.en} {kind.fr} ".lower().replace("'", " ")
        told = [w for i in items if i.sense.pos in "ND" for w in (i.sense.entry.en, i.sense.entry.fr)]
        if any(f" {w.lower()} " in said or f" {w.lower()}s " in said for w in told):
            raise Unclear(items[0].text, "order")
        if lang == "en" and len(items) > 2 and items[-1].sense.pos == "P":
            raise Unclear(items[-1].text, "order")
        linked = len(items) > 1 and items[-2].sense.pos == "F"
        if lang == "fr" and len(items) > 1 and not linked and items[-1].sense.entry.fr in HEADS_FR:
            raise Unclear(items[-1].text, "order")
        first, word, second = self._split(items, lang)
        if second:
            if word in ("and", "et") and kind.kind not in (
                "source",
                "header",
                "config",
                "document",
                "archive",
            ):
                raise Unclear(word, "order")
            first = telling.attached(first, word, second, lang)
        return telling.described(kind.en, kind.fr, first, kind, details)

    def _program(self, items: list["Item"], lang: str, kind: Kind, details: Details) -> Description:
        is_source = kind.en.endswith(" source file")
        if kind.kind not in ("script", "notebook") and not is_source:
            raise Unclear(items[0].text, "verb")
        if len(items) < 2 or items[1].sense.pos == "F":
            raise Unclear(items[0].text, "verb")
        language = kind.en.removesuffix(" source file")
        en, fr = kind.en, kind.fr
        if is_source and language in SCRIPTING:
            en, fr = f"{language} script", f"Script {language}"
        verb = items[0].sense.entry
        rest, goal = reading.goal(items[1:], lang)
        loose = (
            len(rest) > 1 and rest[1].sense.pos in "ND" and rest[1].sense.entry.fr not in phrases.PEOPLE_FR
        )
        if lang == "fr" and (loose or (rest[0].sense.entry.fr in phrases.PEOPLE_FR and len(rest) > 1)):
            raise Unclear(rest[1].text, "order")  # avertir_voisins_travaux: two objects
        if re.match(r"use[A-Z]", items[0].text + rest[0].text):
            raise Unclear("use", "verb")  # useCart: a hook of a web framework
        if lang == "en" and any(i.sense.plural and i.sense.pos in "ND" for i in rest[:-1]):
            raise Unclear(rest[0].text, "order")  # multiply_fractions_quiz: the quiz is not multiplied
        if lang == "fr" and len(rest) > 1 and rest[-1].text.lower() in MEANS:
            raise Unclear(rest[-1].text, "order")  # convertir_factures_csv
        thing = self._phrase(rest, lang)
        converts = verb.en == "convert" and thing.proper and goal
        if thing.proper and (thing.en.isupper() or goal) and not converts:
            raise Unclear(items[1].text, "order")
        object_fr = ("de", "le", *thing.fr) if converts else thing.the_fr()
        end_en, end_fr = "", ()
        if goal:
            target = self._phrase(goal, lang)
            if not converts or not target.proper:
                raise Unclear(goal[0].text, "order")
            end_en, end_fr = f" to {target.en}", ("en", *target.fr)
        en += f" that {realise.verb_en(verb.en)} {thing.the_en()}{end_en}"
        fr += " " + realise.join_fr(("qui", realise.verb_fr(verb.fr), *object_fr, *end_fr))
        return Description(en + details.en(), fr + details.fr())
