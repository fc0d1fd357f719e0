"""The grammar teacher: a name -> its words -> French and English, or an abstention that names the word.

Precision first: an unknown word, an unclear structure or more words than a phrase holds make it abstain.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from datagen import phrases, realise, telling
from datagen.dating import Details, details_of
from datagen.lexicon import Entry, Lexicon, Sense, key
from datagen.phrases import Phrase, Unclear, Word
from datagen.telling import PREPOSITIONS, WHEN, Description
from nomenclair import names
from nomenclair.contract import MAX_CHARS, MAX_WORDS
from nomenclair.kinds import UNKNOWN, Kind, KindTable

MAX_CONTENT_WORDS = 6

# Kinds whose names are identifiers: told with the stem as it stands.
IDENTIFIERS = frozenset("library font manual compiled".split())
SCRIPTING = frozenset(
    "Python Perl Ruby PHP JavaScript R Lua TypeScript Shell Bash Tcl PowerShell AWK Groovy Julia SQL".split()
)
FRENCH_LINKS = frozenset("de d du des le la les l".split())
# What a following number names rather than counts: issue 62913, chapter 3.
NUMBERED = frozenset(
    """chapter page part lecture session issue bug ticket lesson exercise level section step week day episode
    season volume figure phase stage""".split()
)
# Verbs first of all, whatever else they may be.
COMMANDS = frozenset(
    """set check show find load run open close start stop build print update test make move plot create get draw
    extract sort format insert convert read write copy delete remove select search add""".split()
)
# Kinds of files that people make for themselves: only these hold French abbreviations (pv, cr, rib).
PERSONAL = frozenset("document spreadsheet presentation text photo image archive email backup".split())
# Words that code uses in more than one sense that French tells apart (carte, table de correspondance).
DOUBTFUL_WORDS = frozenset(
    "map order language frame Windows quote statement assignment statistics TV meal".split()
)
# First words of icon names, which put the thing before what is done to it: folder-new, shield-check.
ICON_HEADS = frozenset(
    """folder document edit view format package printer menu go media network application user shield script mail
    window list insert object zoom weather face emblem input audio video text system tool process attachment
    account bookmark call camera cloud dialog drive file insert key list map security star tab""".split()
)
# Extensions that stand for more than one kind, so that the words alone would have to tell.
DOUBTFUL = frozenset((".key", ".pub", ".map", ".model", ".md5"))
COMPRESSED = frozenset((".gz", ".bz2", ".xz", ".zst", ".lz"))
# Names that documentation generators make of identifiers: classQgsMapCanvas.
GENERATED = re.compile(r"^(?:class|struct|namespace|group|dir|union|interface|type|enum|functions?)[A-Z]")
# Last words of a name whose first word is then no verb: process_list, log_parser.
NAMING_ENDS = ("er", "or", "tion", "list", "table", "map", "set", "type", "types", "name", "mode", "size")


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
        return answer

    def _describe(self, name: str, kind: Kind) -> Description:
        if kind.pattern == name:
            return Description(kind.en, kind.fr)
        stem, ext = names.split_ext(name)
        if kind is UNKNOWN or not ext:
            raise Unclear(ext or name, "kind")
        if kind.kind in IDENTIFIERS:
            return telling.identifier(stem, kind)
        if kind.pattern == ".cif" and stem.isupper():
            raise Unclear(stem, "unknown-word")
        if kind.pattern == ".csl":
            return telling.journal(stem, kind)
        if stem in self.kinds.by_pattern:
            raise Unclear(stem, "kind")
        rest, details = details_of(stem)
        if details.quarter and kind.kind not in PERSONAL - {"image", "photo"}:
            raise Unclear(rest, "number")
        if not any(c.isalpha() for c in rest) or (
            names.is_opaque(name) and not self._known(names.words(rest))
        ):
            return self._opaque(rest, kind, details)
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
        numbers = [w for w in words if w.isdigit()]
        if details.copy.strip() and len(letters) < 2 and not numbers:
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
        groups = self.lexicon.read(_glued(names.words(rest), self.lexicon))
        groups, details = _without_number(groups, rest, details)
        if kind.en.endswith(" source file") and len(groups) > 1:
            groups, tests = _without_test(groups)
        if len(groups) > MAX_CONTENT_WORDS + 2:
            raise Unclear(groups[-1][0], "long")
        for text, senses in groups:
            if not senses and not _acronym(text, rest):
                raise Unclear(text, "unknown-word")
        lang = _language(groups, kind)
        items = [_choose(text, senses, lang, i, groups) for i, (text, senses) in enumerate(groups)]
        if len(groups) > 1 and lang == "en":
            items[0] = _verb_or_noun(items[0], groups, kind, rest)
        if tests:
            return telling.described(*tests, self._phrase(items, lang), kind, details)
        personal = kind.kind in PERSONAL
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
        titled = len(items) > 1 and lang == "en" and personal and items[0].sense.pos == "D"
        if titled and items[-1].sense.pos != "D":
            raise Unclear(items[0].text, "order")
        lemmas = [item.sense.entry.en for item in items if item.sense.pos != "F"]
        if len(set(lemmas)) < len(lemmas):
            raise Unclear(rest, "order")
        items = _numbered(items, details)
        if items[-1].number:
            details = replace(details, number="")
        if items[0].sense.pos == "V":
            return self._program(items, lang, kind, details)
        items = _without_kind_word(items, lang, kind)
        if not items:
            return Description(kind.en + details.en(), kind.fr + details.fr())
        icon = kind.kind in ("image", "icon") and len(items) > 1 and key(items[0].text) in ICON_HEADS
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
        rest, goal = _goal(items[1:], lang)
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


@dataclass(frozen=True, slots=True)
class Item:
    text: str
    sense: Sense
    number: str = ""

    def word(self) -> Word:
        return Word(self.sense, self.number)


def _glued(words: Sequence[str], lexicon: Lexicon) -> list[str]:
    """Words with what the lexicon knows as one put together again: sha 256, UTF 8, Java Script."""
    out: list[str] = []
    for word in words:
        if out and key(out[-1] + word) in lexicon.by_word and (word.isdigit() or word[:1].isupper()):
            out[-1] += word
        else:
            out.append(word)
    return out


Groups = list[tuple[str, tuple[Sense, ...]]]


def _without_number(groups: Groups, rest: str, details: Details) -> tuple[Groups, Details]:
    """The words without a final number, which goes to the details; any other number is not understood."""
    numbers = [i for i, (text, _) in enumerate(groups) if text[0].isdigit() and not groups[i][1]]
    if not numbers:
        return groups, details
    where = numbers[0]
    text = groups[where][0]
    before = groups[where - 1] if where else ("", ())
    glued = before[1] and before[1][0].pos == "P" and before[0] + text in rest and text[0] != "0"
    if glued and where < len(groups) - 1 and text in ("2", "4"):
        raise Unclear(text, "number")
    if glued and len(numbers) == 1 and len(text) < 5:
        entry = before[1][0].entry
        space = "" if entry.en.isupper() and len(text) < 3 else " "
        joined = Sense(replace(entry, en=f"{entry.en}{space}{text}", fr=f"{entry.fr}{space}{text}"))
        groups = [*groups[: where - 1], (f"{before[0]}{text}", (joined,)), *groups[where + 1 :]]
        return _without_number(groups, rest, details)
    if len(numbers) > 1 or where == 0 or where != len(groups) - 1 or not text.isdigit() or len(text) > 5:
        raise Unclear(text, "number")
    short = before[1] and len(before[0]) < 5 and before[0].lower() != before[1][0].entry.en.lower()
    if before[0] and ((short and before[0] + text in rest) or (before[0].isupper() and not before[1])):
        raise Unclear(before[0] + text, "number")
    plural = before[1] and before[1][0].plural and before[1][0].entry.lang == "fr"
    if details.number or details.version or plural:
        raise Unclear(text, "number")
    return groups[:-1], replace(details, number=str(int(text)))


def _without_test(groups: Groups) -> tuple[Groups, tuple[str, str] | None]:
    for at in (0, -1):
        if key(groups[at][0]) in ("test", "tests"):
            return (groups[1:] if at == 0 else groups[:-1]), ("tests", "Tests")
    return groups, None


def _numbered(items: list["Item"], details: Details) -> list["Item"]:
    last = items[-1]
    if (
        details.number
        and last.sense.pos in "ND"
        and not last.sense.plural
        and last.sense.entry.en in NUMBERED
    ):
        return [*items[:-1], replace(last, number=details.number)]
    return items


def _acronym(text: str, rest: str) -> bool:
    return 2 <= len(text) <= 5 and text.isascii() and text.isalpha() and text.isupper() and not rest.isupper()


def _language(groups: Groups, kind: Kind) -> str:
    """The language whose words all of these are; UNCLEAR where none is, or both and the order matters."""
    possible = []
    for lang in ("en", "fr"):
        if all(not senses or any(s.speaks(lang) for s in senses) for _, senses in groups):
            possible.append(lang)
    if not possible:
        raise Unclear(" ".join(text for text, _ in groups), "language")
    if any(names.fold(text) != text.casefold() for text, _ in groups) and "fr" in possible:
        return "fr"
    if len(possible) == 2 and len(groups) > 1:
        own = {lang: sum(bool(s) and s[0].entry.lang == lang for _, s in groups) for lang in possible}
        if own["fr"] > own["en"]:
            return "fr"
        if not any(own.values()) and not all(s and s[0].pos == "P" for _, s in groups[:-1]):
            raise Unclear(groups[0][0], "language")
    return possible[0]


def _choose(text: str, senses: tuple[Sense, ...], lang: str, at: int, groups: Groups) -> Item:
    """The sense that fits the place: a verb only in front, in English an adjective only before something."""
    if lang == "fr" and at and {"A"} < {s.pos for s in senses if s.entry.lang == "fr" and s.pos in "NDA"}:
        raise Unclear(text, "sense")
    if not senses:
        return Item(text, Sense(Entry(text, "xx", "P", text, text, "")))
    fitting = [s for s in senses if s.speaks(lang)]
    exact = [s for s in fitting if s.exact] or fitting
    last = at == len(groups) - 1
    if at > 0 or last:
        exact = [s for s in exact if s.pos != "V"] or [s for s in fitting if s.pos != "V"]
        if not exact:
            raise Unclear(text, "verb")
    if lang == "en" and not last and any(s.pos == "A" for s in exact):
        exact = [s for s in exact if s.pos == "A"]
    if lang == "en" and last:
        exact = [s for s in exact if s.pos in "NDP"] or exact
    if lang == "fr" and at == 0:
        exact = [s for s in exact if s.pos in "NDPV"] or exact
    return Item(text, exact[0])


def _verb_or_noun(item: Item, groups: Groups, kind: Kind, rest: str) -> Item:
    """The first word of an English name where it may be a verb: scripts do (list_users), classes are."""
    senses = [s for s in groups[0][1] if s.speaks("en") and s.pos in "VNDA"]
    verbs = [s for s in senses if s.pos == "V"]
    nouns = [s for s in senses if s.pos != "V"]
    if not verbs:
        return item
    last = names.fold(groups[-1][0])
    program = kind.kind in ("script", "notebook") or kind.en.removesuffix(" source file") in SCRIPTING
    named = last.endswith(NAMING_ENDS) or re.match(r"[A-Z]", rest)
    if not nouns:
        if program and not re.match(r"[A-Z]", rest):
            return item
        raise Unclear(item.text, "verb")
    if last.endswith(NAMING_ENDS) and item.sense.entry.en not in COMMANDS:
        return Item(item.text, nouns[0])
    if named or not program:
        raise Unclear(item.text, "verb")
    if program and (senses[0].pos == "V" or any(s.plural for s in groups[-1][1])):
        return Item(item.text, verbs[0])
    raise Unclear(item.text, "verb")


def _goal(items: Sequence[Item], lang: str) -> tuple[Sequence[Item], Sequence[Item]]:
    word = {"en": "to", "fr": "en"}[lang]
    for i, item in enumerate(items):
        if key(item.text) == word and item.sense.pos == "F":
            if i == 0 or i + 1 == len(items):
                raise Unclear(item.text, "order")
            return items[:i], items[i + 1 :]
    return items, ()


def _without_kind_word(items: list[Item], lang: str, kind: Kind) -> list[Item]:
    """Without the head that the kind already says: server_log.log is the log of the server."""
    at = len(items) - 1 if lang == "en" else 0
    head = items[at]
    if head.sense.pos in "ND" and head.sense.entry.en.lower() in kind.en.lower().split():
        left = items[:at] if lang == "en" else items[1:]
        if left and left[0].sense.pos == "F":
            left = left[1:] if key(left[0].text) in FRENCH_LINKS else items
        if not left or any(i.sense.pos in "NDP" for i in left):
            return left
    return items
