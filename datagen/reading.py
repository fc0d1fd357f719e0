"""The words of a name, each in the sense that fits its place; what stops the reading is raised as Unclear."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from datagen import phrases, realise
from datagen.dating import Details
from datagen.lexicon import Entry, Lexicon, Sense, key
from datagen.phrases import Unclear, Word
from nomenclair import names
from nomenclair.kinds import Kind

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
# Last words of a name whose first word is then no verb: process_list, log_parser.
NAMING_ENDS = ("er", "or", "tion", "list", "table", "map", "set", "type", "types", "name", "mode", "size")
Groups = list[tuple[str, tuple[Sense, ...]]]


@dataclass(frozen=True, slots=True)
class Item:
    text: str
    sense: Sense
    number: str = ""

    def word(self) -> Word:
        return Word(self.sense, self.number)


def glued(words: Sequence[str], lexicon: Lexicon) -> list[str]:
    """Words with what the lexicon knows as one put together again: sha 256, UTF 8, Java Script."""
    out: list[str] = []
    for word in words:
        if out and key(out[-1] + word) in lexicon.by_word and (word.isdecimal() or word[:1].isupper()):
            out[-1] += word
        else:
            out.append(word)
    return out


def without_number(groups: Groups, rest: str, details: Details) -> tuple[Groups, Details]:
    """The words without a final number, which goes to the details; any other number is not understood."""
    numbers = [i for i, (text, _) in enumerate(groups) if text[0].isdecimal() and not groups[i][1]]
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
        return without_number(groups, rest, details)
    if len(numbers) > 1 or where == 0 or where != len(groups) - 1 or not text.isdecimal() or len(text) > 5:
        raise Unclear(text, "number")
    short = before[1] and len(before[0]) < 5 and before[0].lower() != before[1][0].entry.en.lower()
    if before[0] and ((short and before[0] + text in rest) or (before[0].isupper() and not before[1])):
        raise Unclear(before[0] + text, "number")
    plural = before[1] and before[1][0].plural and before[1][0].entry.lang == "fr"
    year = details.date and re.fullmatch(r"(?:19|20)[0-9][0-9]", text)  # 2019-2023
    if details.number or details.version or plural or year:
        raise Unclear(text, "number")
    return groups[:-1], replace(details, number=str(int(text)))


def without_test(groups: Groups) -> tuple[Groups, tuple[str, str] | None]:
    for at in (0, -1):
        if key(groups[at][0]) in ("test", "tests"):
            return (groups[1:] if at == 0 else groups[:-1]), ("tests", "Tests")
    return groups, None


def numbered(items: list["Item"], details: Details) -> list["Item"]:
    last = items[-1]
    if (
        details.number
        and last.sense.pos in "ND"
        and not last.sense.plural
        and last.sense.entry.en in NUMBERED
    ):
        return [*items[:-1], replace(last, number=details.number)]
    return items


def acronym(text: str, rest: str) -> bool:
    return 2 <= len(text) <= 5 and text.isascii() and text.isalpha() and text.isupper() and not rest.isupper()


def language(groups: Groups, kind: Kind) -> str:
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
        if sum(bool(senses) and senses[0].pos in "ND" for _, senses in groups) > 1:
            raise Unclear(groups[0][0], "language")  # menu_restaurant: which of the two is the head?
        own = {lang: sum(bool(s) and s[0].entry.lang == lang for _, s in groups) for lang in possible}
        if own["fr"] > own["en"]:
            return "fr"
        if not any(own.values()) and groups[-1][1] and groups[-1][1][0].pos == "P":
            return "fr"
        if not any(own.values()) and not all(s and s[0].pos == "P" for _, s in groups[:-1]):
            raise Unclear(groups[0][0], "language")
    return possible[0]


def choose(text: str, senses: tuple[Sense, ...], lang: str, at: int, groups: Groups) -> Item:
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


def without_marks(groups: Groups) -> tuple[Groups, list[frozenset[str]]]:
    """Each word's senses, and apart from them its marks: X, Y, Q (see datagen.lexicon)."""
    kept = [(text, tuple(s for s in senses if s.pos not in "XYQ")) for text, senses in groups]
    return kept, [frozenset(s.pos for s in senses if s.pos in "XYQ") for _, senses in groups]


def refuse_marked(items: Sequence[Item], marks: Sequence[frozenset[str]], own: bool) -> None:
    """Words that have more senses than a name tells apart; `own`: in the name of somebody's own file."""
    own = own or items[0].sense.pos == "V"
    for item, mark in zip(items, marks, strict=True):
        if "X" in mark or (item.sense.pos != "V" and ("Y" in mark or ("Q" in mark and own))):
            raise Unclear(item.text, "sense")


def refuse_common_names(items: Sequence[Item], own: bool) -> None:
    """Proper names that are words of either language too: poisson, cargo, apple."""
    if not own and items[0].sense.pos != "V" and len(items) < 3:
        return
    for item in items:
        common = item.sense.pos == "P" and not item.text.isupper() and not item.sense.entry.gender
        if common and len(items) > 1 and realise.is_word(item.text.lower()):
            raise Unclear(item.text, "sense")


def refuse_disagreement(items: Sequence[Item]) -> None:
    """A French adjective whose ending is not that of the noun beside it belongs to another, or to another sense."""
    nouns: list[Item] = []
    for at, item in enumerate(items):
        if item.sense.pos in "ND":
            nouns.append(item)
        if item.sense.pos != "A":
            continue
        beside = nouns[-1:] or [i for i in items[at:] if i.sense.pos in "ND"][:1]
        lemma = item.sense.entry.fr
        if len(nouns) > 1 and (lemma.endswith("é") or key(item.text) in _agreeing(lemma, nouns[0].sense)):
            raise Unclear(item.text, "order")
        if (
            item.sense.entry.lang == "fr"
            and beside
            and key(item.text) not in _agreeing(lemma, beside[0].sense)
        ):
            raise Unclear(item.text, "order")


def _agreeing(lemma: str, noun: Sense) -> set[str]:
    gender = noun.entry.gender[:1] or "m"
    form = realise.adjective_fr(lemma, gender, noun.plural or noun.entry.gender.endswith("p"))
    return {key(form), key(phrases.VOWEL_FORMS.get(form, form))}


def refuse_hidden_verb(items: Sequence[Item], kind: Kind) -> None:
    """An English name that begins with what may be a verb, read as a noun: partition_usb_stick, clean_water."""
    first, last = items[0], items[-1]
    scripting = kind.en.removesuffix(" source file") in SCRIPTING
    code = scripting or kind.kind in ("script", "notebook") or kind.en.endswith((" sketch", " script"))
    agent = names.fold(last.text).endswith(("er", "or")) and not last.sense.plural
    doubt = first.sense.pos == "A" or len(items) > 2 or (code and not agent)
    if first.sense.pos in "NDA" and len(items) > 1 and doubt and realise.may_be_verb_en(first.text.lower()):
        raise Unclear(first.text, "verb")


def verb_or_noun(item: Item, groups: Groups, kind: Kind, rest: str) -> Item:
    """The first word of an English name where it may be a verb: scripts do (list_users), classes are."""
    senses = [s for s in groups[0][1] if s.speaks("en") and s.pos in "VNDA"]
    verbs = [s for s in senses if s.pos == "V"]
    nouns = [s for s in senses if s.pos != "V"]
    last = names.fold(groups[-1][0])
    program = kind.kind in ("script", "notebook") or kind.en.removesuffix(" source file") in SCRIPTING
    if not verbs:
        return item
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


def goal(items: Sequence[Item], lang: str) -> tuple[Sequence[Item], Sequence[Item]]:
    word = {"en": "to", "fr": "en"}[lang]
    for i, item in enumerate(items):
        if key(item.text) == word and item.sense.pos == "F":
            if i == 0 or i + 1 == len(items):
                raise Unclear(item.text, "order")
            return items[:i], items[i + 1 :]
    return items, ()


def without_kind_word(items: list[Item], lang: str, kind: Kind) -> list[Item]:
    """Without the head that the kind already says: server_log.log is the log of the server."""
    at = len(items) - 1 if lang == "en" else 0
    head = items[at]
    if head.sense.entry.en == "source":  # MediaSource.java is no source of media
        return items
    if head.sense.pos in "ND" and head.sense.entry.en.lower() in kind.en.lower().split():
        left = items[:at] if lang == "en" else items[1:]
        if left and left[0].sense.pos == "F":
            left = left[1:] if key(left[0].text) in FRENCH_LINKS else items
        if not left or any(i.sense.pos in "NDP" for i in left):
            return left
    return items


def with_full_names(items: list[Item]) -> list[Item]:
    """Items with the names of one person put together: Julie Bernard (a gender marks people and places)."""
    out: list[Item] = []
    for item in items:
        entry = item.sense.entry
        last = out[-1].sense.entry if out else None
        if last and last.pos == entry.pos == "P" and last.gender and entry.gender:
            full = replace(last, en=f"{last.en} {entry.en}", fr=f"{last.fr} {entry.fr}")
            out[-1] = Item(f"{out[-1].text} {item.text}", Sense(full))
        else:
            out.append(item)
    return out
