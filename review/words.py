"""A person's words on pairs: kept for ever, stronger than any regenerated pair.

A *word* is what one person said of one pair. The file of words (workspace.reviewed) only grows or is
corrected by a person; `review apply`, `review serve` and `review merge` are its only writers, each under the
lock that `held` takes.
"""

import fcntl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from nomenclair.errors import UserError
from nomenclair.records import Pair, columns
from nomenclair.workspace import read_records, write_records
from review.sheet import joined, text_print

VERDICTS = ("", "keep", "edited", "dropped")


@dataclass(frozen=True, slots=True)
class Word:
    """The Pair columns with the texts as the person left them, then what was said.

    `verdict` is keep, edited, dropped or "" (a note alone). `seen` is the print of the generated texts that
    the person judged: where the pair has other texts now, the word is in conflict. `rival_*` hold a second
    person's word that contradicts this one and awaits a decision; "" where there is none. `line` and
    `rival_line` tell which line of which sheet said the one and the other (line_of); "" where none did.
    """

    id: str
    name: str
    en: str
    fr: str
    kind: str
    teacher: str
    prompt: str
    verdict: str
    by: str
    note: str
    seen: str
    rival_en: str = ""
    rival_fr: str = ""
    rival_verdict: str = ""
    rival_by: str = ""
    line: str = ""
    rival_line: str = ""

    def __post_init__(self):
        if self.verdict not in VERDICTS:
            raise ValueError(f"{self.name!r}: unknown verdict {self.verdict!r}")

    def pair(self) -> Pair:
        """The pair as the person left it; texts that a person wrote have the teacher `person`."""
        values = {name: getattr(self, name) for name in columns(Pair)}
        if self.verdict == "edited":
            values |= {"teacher": "person", "prompt": ""}
        return Pair(**values)


def final_pairs(curated: Iterable[Pair], reviewed: Iterable[Word]) -> list[Pair]:
    """What the student learns from: curated pairs, each replaced by a person's word where there is one.

    A dropped pair is out, a kept or edited one has the person's texts whatever the teacher says now, and a
    pair that a person kept stays even where curate no longer lets it through. Sorted by id.
    """
    pairs = {pair.id: pair for pair in curated}
    for word in reviewed:
        if word.verdict == "dropped":
            pairs.pop(word.id, None)
        elif word.verdict:
            pairs[word.id] = word.pair()
    return sorted(pairs.values(), key=lambda pair: pair.id)


# What to do where the workspace's own words cannot be read.
RESTORE = (
    "Put a copy of it back, and do not remove it: it holds what people said, which no command makes again "
    "(review.tsv may hold the last corrections)."
)


def read_words(path: Path, cure: str = RESTORE) -> dict[str, Word]:
    """The words by id; empty where nobody has said anything yet. UserError, with this cure, where the file is
    damaged or another one."""
    try:
        return {word.id: word for word in read_records(path, Word)} if path.exists() else {}
    except UserError as error:
        raise UserError(error.what, cure) from error


@contextmanager
def held(path: Path) -> Iterator[dict[str, Word]]:
    """Give the words as they are on disk; no other command or page changes them until the block ends.

    Waits while another holds them. UserError where the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = open(path.with_name(path.name + ".lock"), "w")  # noqa: SIM115 (closed below)
    except OSError as error:
        raise UserError(
            f"Cannot write in {path.parent}: {error.strerror}.", "Choose another folder with --workspace."
        ) from error
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield read_words(path)


def write_words(path: Path, words: Mapping[str, Word]) -> int:
    return write_records(path, Word, (words[key] for key in sorted(words)))


def standing(pair: Pair | None, word: Word | None) -> Pair:
    """The pair that is shown, flagged and compared: a person's texts where they gave a verdict or another's
    awaits one, else the generated ones. A note alone holds no text fast; it tells where no pair is left.
    """
    return word.pair() if word and (word.verdict or word.rival_by or not pair) else pair


def generated_print(pair: Pair) -> str:
    return text_print(pair.fr, pair.en)


def contradictions(pair: Pair | None, word: Word | None) -> list[str]:
    """What speaks against a word: another person, or the pair as it was generated anew under it."""
    out = []
    if word and word.rival_by:
        texts = f"fr: {word.rival_fr} | en: {word.rival_en}"
        out.append(f"{word.rival_by} says {word.rival_verdict}: {texts}")
    if (
        word
        and pair
        and word.verdict
        and word.seen != generated_print(pair)
        and (pair.fr, pair.en) != (word.fr, word.en)
    ):
        out.append(f"generated anew since {word.by} judged it: fr: {pair.fr} | en: {pair.en}")
    return out


def said(pair: Pair, fr: str, en: str, verdict: str, note: str, by: str, seen: str, line: str = "") -> Word:
    values = {name: getattr(pair, name) for name in columns(Pair)} | {"fr": fr, "en": en}
    return Word(**values, verdict=verdict, by=by, note=note, seen=seen, line=line)


def rival_of(word: Word) -> Word | None:
    """The word that awaits a decision beside this one, as its own word without a note."""
    if not word.rival_by:
        return None
    texts = (word.rival_fr, word.rival_en)
    who = {"by": word.rival_by, "line": word.rival_line}
    return said(word.pair(), *texts, word.rival_verdict, note="", seen="", **who)


def without_rival(word: Word) -> Word:
    return replace(word, rival_en="", rival_fr="", rival_verdict="", rival_by="", rival_line="")


def with_rival(word: Word, other: Word) -> Word:
    """The word with a second person's beside it; an earlier rival that gives way is kept as a note."""
    earlier = rival_of(word)
    texts = (other.fr, other.en, other.verdict)
    gives_way = [as_note(earlier)] if earlier and (earlier.fr, earlier.en, earlier.verdict) != texts else []
    return replace(
        word,
        rival_fr=other.fr,
        rival_en=other.en,
        rival_verdict=other.verdict,
        rival_by=other.by,
        rival_line=other.line,
        note=joined(word.note, other.note, *gives_way),
    )


def as_note(word: Word) -> str:
    return f"{word.by}: {word.verdict}, fr: {word.fr}, en: {word.en}"
