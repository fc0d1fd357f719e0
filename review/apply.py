"""A person's words on pairs: kept for ever, stronger than any regenerated pair.

A *word* is what one person said of one pair. The file of words (workspace.reviewed) only grows or is
corrected by a person; `review apply`, `review serve` and `review merge` are its only writers, each under the
lock that `held` takes.
"""

import fcntl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from nomenclair.errors import UserError
from nomenclair.records import Pair, columns, name_id
from nomenclair.workspace import read_records, write_records
from review.sheet import Refused, Row, text_print

VERDICTS = ("", "keep", "edited", "dropped")

# What a person may type in the verdict column.
SPELLINGS = {
    "": "", "keep": "keep", "k": "keep", "ok": "keep", "garder": "keep",
    "edited": "edited", "edit": "edited", "e": "edited",
    "dropped": "dropped", "drop": "dropped", "d": "dropped", "x": "dropped", "supprimer": "dropped",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Word:
    """The Pair columns with the texts as the person left them, then what was said.

    `verdict` is keep, edited, dropped or "" (a note alone). `seen` is the print of the generated texts that
    the person judged: where the pair has other texts now, the word is in conflict. `rival_*` hold a second
    person's word that contradicts this one and awaits a decision; "" where there is none.
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


def read_words(path: Path) -> dict[str, Word]:
    """The words by id; empty where nobody has said anything yet. UserError where the file is damaged."""
    try:
        return {word.id: word for word in read_records(path, Word)} if path.exists() else {}
    except UserError as error:
        raise UserError(
            error.what,
            "Put a copy of it back, and do not remove it: it holds what people said, which no command makes "
            "again (review.tsv may hold the last corrections).",
        ) from error


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


@dataclass(slots=True)
class Applied:
    """What applying a sheet did. `taken` counts the verdicts set, `conflicts` and `refused` name lines."""

    taken: dict[str, int] = field(default_factory=dict)
    untouched: int = 0
    already: int = 0
    conflicts: list[Refused] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    def count(self, verdict: str) -> None:
        self.taken[verdict] = self.taken.get(verdict, 0) + 1


Cells = tuple[str, str, str, str]


def state(pair: Pair, word: Word | None) -> Cells:
    """What a sheet shows and a person may change: (fr, en, verdict, note)."""
    return (word.fr, word.en, word.verdict, word.note) if word else (pair.fr, pair.en, "", "")


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


def shown(holds: Cells, against: Sequence[str]) -> tuple[Cells, str]:
    """The cells (fr, en, verdict, note) of a row and the print of all that it shows.

    Where something contradicts the word, the verdict cell is empty, so that any verdict decides; what
    contradicts it is then a second part of the print, for nobody decides on what they have not seen.
    """
    if not against:
        return holds, text_print(*holds)
    fr, en, verdict, note = holds
    cells = (fr, en, "", note)
    return cells, text_print(*cells) + text_print(verdict, *against)


def one_line(text: str) -> str:
    """A text with single spaces and no line break, as the student learns it.

    >>> one_line(" Rapport\\n de  2023")
    'Rapport de 2023'
    """
    return " ".join(text.split())


def apply_rows(
    rows: Iterable[tuple[int, Row]], pairs: Mapping[str, Pair], words: Mapping[str, Word], by: str
) -> tuple[dict[str, Word], Applied]:
    """The words after a sheet, and what was done. Only lines that the person changed count.

    Where the stored word changed too since the sheet was exported (the page, another sheet), the stored one
    stays and the sheet's stands beside it as its rival until a person decides. Where only the generated pair
    changed, the person's text is taken and its old `seen` makes the next sheet show the conflict.
    """
    after, done, first_line = dict(words), Applied(), {}
    for line, row in rows:
        problem = _problem(row, pairs, words, first_line.get(row.id))
        first_line.setdefault(row.id, line)
        if problem:
            done.refused.append(Refused(line, problem))
            continue
        stored, pair = after.get(row.id), pairs.get(row.id)
        now = stored.pair() if stored else pair
        against = contradictions(pair, stored)
        holds = state(now, stored)
        current = row.seen == shown(holds, against)[1]
        # The word stands as it was shown, and at most the pair was generated anew under it.
        same_word = current or not stored or (row.seen == text_print(*holds) and not stored.rival_by)
        told = fr, en, verdict, note = _told(row, stored, pair)
        word = said(pair or now, fr, en, verdict, note, by, stored.seen if stored else row.seen)
        if not row.touched:
            done.untouched += 1
        elif not same_word:
            after[row.id] = kept = _beside(stored, word)
            if kept == stored:
                done.already += 1
            elif rival_of(kept) == rival_of(stored):
                done.count("note")
            else:
                done.conflicts.append(Refused(line, f"{row.name}: {stored.by} changed it too; both are kept"))
        elif told == holds and not (against and current):
            done.already += 1
        elif against and not verdict:  # a note decides nothing
            after[row.id] = replace(stored, note=note)
            done.count("note")
        else:
            after[row.id] = replace(word, seen=generated_print(pair)) if pair and current else word
            done.count(verdict or "note")
            if not current:
                done.conflicts.append(Refused(line, f"{row.name}: generated anew meanwhile; yours is kept"))
    return after, done


def _beside(stored: Word, word: Word) -> Word:
    """The stored word with one from an older sheet beside it: as its rival, or its note alone where the stored
    word or its rival says the same already (the same texts, dropped or not). A word without a verdict is a note.
    """
    for other in filter(None, (stored, rival_of(stored))):
        same_texts = (word.fr, word.en) == (other.fr, other.en)
        same_fate = other.verdict and (word.verdict == "dropped") == (other.verdict == "dropped")
        if same_texts and (same_fate or not word.verdict):
            return replace(stored, note=joined(stored.note, word.note))
    return with_rival(stored, word)


def said(pair: Pair, fr: str, en: str, verdict: str, note: str, by: str, seen: str) -> Word:
    values = {name: getattr(pair, name) for name in columns(Pair)} | {"fr": fr, "en": en}
    return Word(**values, verdict=verdict, by=by, note=note, seen=seen)


def rival_of(word: Word) -> Word | None:
    """The word that awaits a decision beside this one, as its own word without a note."""
    if not word.rival_by:
        return None
    texts = (word.rival_fr, word.rival_en)
    return said(word.pair(), *texts, word.rival_verdict, note="", by=word.rival_by, seen="")


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
        note=joined(word.note, other.note, *gives_way),
    )


def as_note(word: Word) -> str:
    return f"{word.by}: {word.verdict}, fr: {word.fr}, en: {word.en}"


def joined(*notes: str) -> str:
    """Notes as one, each once.

    >>> joined("a", "a / b", "", "b", "c")
    'a / b / c'
    """
    out = ""
    for note in notes:
        if not out or _has_note(note, out):
            out = note
        elif note and not _has_note(out, note):
            out = f"{out} / {note}"
    return out


def _has_note(notes: str, note: str) -> bool:
    return f" / {note} / " in f" / {notes} / "


def kept_or_edited(fr: str, en: str, pair: Pair | None, stored: Word | None) -> str:
    """The verdict on texts that are let through: edited where they are a person's, not the teacher's.

    `pair` is the generated one; where there is none any more, the stored word tells.
    """
    if pair:
        return "keep" if (fr, en) == (pair.fr, pair.en) else "edited"
    return "keep" if (fr, en) == (stored.fr, stored.en) and stored.verdict != "edited" else "edited"


def _told(row: Row, stored: Word | None, pair: Pair | None) -> Cells:
    """What the line says: a verdict, or texts changed without one."""
    fr, en = one_line(row.fr), one_line(row.en)
    verdict = SPELLINGS[row.verdict.strip().casefold()]
    now = stored or pair
    if verdict != "dropped" and (verdict or (fr, en) != (now.fr, now.en)):
        verdict = kept_or_edited(fr, en, pair, stored)
    return fr, en, verdict, row.note


def _problem(row: Row, pairs: Mapping[str, Pair], words: Mapping[str, Word], first: int | None) -> str | None:
    if row.id not in pairs and row.id not in words:
        return f"no pair has the id {row.id!r}"
    if first is not None:
        return f"the id {row.id} stands on line {first} already"
    if name_id(row.name) != row.id:
        return f"id and name do not belong together ({row.name!r}): was a column sorted or edited alone?"
    if row.verdict.strip().casefold() not in SPELLINGS:
        return f"unknown verdict {row.verdict!r}: write keep, edited or drop"
    if not row.fr.strip() or not row.en.strip():
        return "a text is empty: write it again, or drop the pair with the verdict drop"
    return None
