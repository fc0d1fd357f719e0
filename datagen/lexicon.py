"""The words that file names are made of: corpus/lexicon.tsv, read once and looked up by folded word.

Columns: word, lang (en, fr, xx for both), pos, en, fr, gender. Parts of speech: N noun, D noun that is a kind
of document, A adjective, V verb, P proper name or acronym kept as it stands, F function word, R adverb,
M month, weekday or season, Z number word; and three marks of a word with more senses than a name tells apart, so
that the grammar abstains: X always, Y where it is no verb, Q in the names of people's own files and of
scripts that begin with a verb. `en` and `fr` are singular lemmas (or plural where the word has no
singular); `gender` is that of `fr`: m, f, or mp and fp for a noun that is always plural.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nomenclair import names
from nomenclair.errors import UserError

COLUMNS = ("word", "lang", "pos", "en", "fr", "gender")
POS = frozenset("NDAVPFRMZXYQ")


@dataclass(frozen=True, slots=True)
class Entry:
    """One row; `word` is as written in the table, with its accents."""

    word: str
    lang: str
    pos: str
    en: str
    fr: str
    gender: str


@dataclass(frozen=True, slots=True)
class Sense:
    """An entry as a word of a name shows it: `plural` for events, `exact` where accents agree too."""

    entry: Entry
    plural: bool = False
    exact: bool = True

    @property
    def pos(self) -> str:
        return self.entry.pos

    def speaks(self, lang: str) -> bool:
        return self.entry.lang in (lang, "xx")


@dataclass(frozen=True, slots=True)
class Lexicon:
    by_word: Mapping[str, tuple[Entry, ...]]
    longest: int

    @classmethod
    def load(cls, path: Path) -> "Lexicon":
        """Read a lexicon.tsv; UserError names the line that is wrong."""
        lines = path.read_text(encoding="utf-8").split("\n")
        if tuple(lines[0].split("\t")) != COLUMNS:
            raise UserError(f"{path}: line 1 is not the header {' '.join(COLUMNS)}.", "Restore the file.")
        by_word: dict[str, list[Entry]] = {}
        seen: set[tuple[str, ...]] = set()
        for number, line in enumerate(lines[1:], 2):
            if not line:
                continue
            cells = line.split("\t")
            if len(cells) != len(COLUMNS) or not all(cells[:5]) or cells[2] not in POS:
                raise UserError(f"{path}, line {number}: not six cells with a known pos.", "Mend the line.")
            if cells[1] not in ("en", "fr", "xx") or cells[5] not in ("m", "f", "mp", "fp", ""):
                raise UserError(f"{path}, line {number}: unknown lang or gender.", "Mend the line.")
            if tuple(cells[:3]) in seen:
                raise UserError(f"{path}, line {number}: {cells[0]} stands twice.", "Keep one of the two.")
            seen.add(tuple(cells[:3]))
            by_word.setdefault(key(cells[0]), []).append(Entry(*cells))
        longest = max((len(word.split()) for word in by_word), default=1)
        return cls({word: tuple(entries) for word, entries in by_word.items()}, longest)

    def entries(self) -> list[Entry]:
        """All rows, in the order of their words."""
        return [entry for rows in self.by_word.values() for entry in rows]

    def senses(self, word: str) -> tuple[Sense, ...]:
        """What a word (or several, with spaces) may mean, most usual first; () where it is unknown.

        Case and accents do not count, but an accent in `word` excludes entries that are spelled otherwise.
        Regular plurals of nouns and of French adjectives are found through their singular, and so are regular
        French feminines of adjectives.
        """
        found = [
            Sense(e, _is_plural(e), _same_accents(e.word, word)) for e in self.by_word.get(key(word), ())
        ]
        known = {sense.entry.lang for sense in found if sense.pos in "NDPA"}
        for lang, rules in SINGULARS.items():
            if lang in known or "xx" in known:
                continue
            for ending, singular, plural, pos in rules:
                if not key(word).endswith(ending) or len(word) < len(ending) + 2:
                    continue
                base = key(word)[: -len(ending)] + singular
                found += [
                    Sense(e, plural, _same_accents(e.word, word[: len(e.word)]))
                    for e in self.by_word.get(base, ())
                    if e.pos in pos and e.lang in (lang, "xx") and not (e.pos in "ND" and _is_plural(e))
                ]
        if names.fold(word) != word.casefold():
            found = [sense for sense in found if sense.exact] or found
        unique: dict[Entry, Sense] = {}
        for sense in sorted(found, key=lambda s: not s.exact):
            unique.setdefault(sense.entry, sense)
        return tuple(unique.values())

    def read(self, words: Sequence[str]) -> list[tuple[str, tuple[Sense, ...]]]:
        """Words grouped by the longest entries that they spell, with the senses of each group.

        >>> lexicon = Lexicon.load(Path("corpus/lexicon.tsv"))
        >>> [text for text, _ in lexicon.read(["statut", "pièce", "jointe"])]
        ['statut', 'pièce jointe']
        """
        out: list[tuple[str, tuple[Sense, ...]]] = []
        start = 0
        while start < len(words):
            for end in range(min(len(words), start + self.longest), start, -1):
                text = " ".join(words[start:end])
                senses = self.senses(text) if end == start + 1 or self._spelled(text) else ()
                if senses or end == start + 1:
                    out.append((text, senses))
                    start = end
                    break
        return out

    def _spelled(self, text: str) -> bool:
        folded = key(text)
        return folded in self.by_word or (folded.endswith("s") and folded[:-1] in self.by_word)


def key(word: str) -> str:
    return re.sub(r"[ '’-]+", " ", names.fold(word)).strip()


def _same_accents(entry_word: str, word: str) -> bool:
    return entry_word.casefold() == word.casefold()


# Abbreviations whose last letter is only an s.
NO_PLURALS = frozenset("docs sys pos obs gps hires vis nas bios sms meas pres".split())


def _is_plural(entry: Entry) -> bool:
    """Always plural in French (données), or a row that is itself a plural: options, utils, mice."""
    if entry.pos not in "ND":
        return False
    if entry.lang == "fr" and entry.word != entry.fr and entry.word[-1] in "sx" and entry.fr[-1] not in "sx":
        return entry.word[:3] == entry.fr[:3]
    own = entry.word.endswith("s") and not entry.en.endswith("s") and entry.lang != "fr"
    return entry.gender in ("mp", "fp") or (
        own and entry.word[:2] == entry.en[:2].lower() and entry.word not in NO_PLURALS
    )


# (ending, singular ending, plural?, parts of speech); the first that leads to an entry counts with the others.
SINGULARS = {
    "en": (
        ("ies", "y", True, "NDPXYQ"),
        ("ses", "s", True, "NDXYQ"),
        ("xes", "x", True, "NDXYQ"),
        ("ches", "ch", True, "NDXYQ"),
        ("shes", "sh", True, "NDXYQ"),
        ("oes", "o", True, "NDXYQ"),
        ("s", "", True, "NDXYQ"),
    ),
    "fr": (
        ("s", "", True, "NDAXYQ"),
        ("eaux", "eau", True, "NDAXYQ"),
        ("aux", "al", True, "NDAXYQ"),
        ("eux", "eu", True, "NDXYQ"),
        ("es", "", True, "A"),
        ("e", "", False, "A"),
        ("ives", "if", True, "A"),
        ("ive", "if", False, "A"),
        ("euses", "eux", True, "A"),
        ("euse", "eux", False, "A"),
        ("elles", "el", True, "A"),
        ("elle", "el", False, "A"),
        ("iennes", "ien", True, "A"),
        ("ienne", "ien", False, "A"),
        ("eres", "er", True, "A"),
        ("ere", "er", False, "A"),
    ),
}
