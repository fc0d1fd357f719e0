"""A person's words on pairs: kept for ever, stronger than any regenerated pair.

A *word* is what one person said of one pair. The file of words (workspace.reviewed) only grows or is
corrected by a person; `review apply`, `review serve` and `review merge` are its only writers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

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
    """The words by id; empty where nobody has said anything yet."""
    return {word.id: word for word in read_records(path, Word)} if path.exists() else {}


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


def state(pair: Pair, word: Word | None) -> tuple[str, str, str, str]:
    """What a sheet shows and a person may change: (fr, en, verdict, note)."""
    return (word.fr, word.en, word.verdict, word.note) if word else (pair.fr, pair.en, "", "")


def generated_print(pair: Pair) -> str:
    return text_print(pair.fr, pair.en)


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
        told = _told(row, stored, now)
        if row.seen == text_print(row.fr, row.en, row.verdict, row.note):
            done.untouched += 1
        elif _holds_already(row, told, now, stored):
            done.already += 1
        elif stored and row.seen != text_print(*state(now, stored)):
            fr, en, verdict, note = told
            after[row.id] = with_rival(stored, fr, en, verdict, note, by)
            done.conflicts.append(Refused(line, f"{row.name}: {stored.by} changed it too; both are kept"))
        else:
            fr, en, verdict, note = told
            unchanged = row.seen == text_print(*state(now, stored))
            seen = generated_print(pair) if pair and unchanged else row.seen
            after[row.id] = said(pair or now, fr, en, verdict, note, by, seen)
            done.taken[verdict or "note"] = done.taken.get(verdict or "note", 0) + 1
            if not unchanged:
                done.conflicts.append(Refused(line, f"{row.name}: generated anew meanwhile; yours is kept"))
    return after, done


def _holds_already(row: Row, told: tuple[str, str, str, str], now: Pair, stored: Word | None) -> bool:
    """An older sheet applied again: what it says is what is stored (a text edited without a verdict too)."""
    holds = state(now, stored)
    if told == holds:
        return True
    implied = (*told[:2], holds[2], told[3]) == holds and not row.verdict.strip()
    return implied and row.seen != text_print(*holds)


def said(pair: Pair, fr: str, en: str, verdict: str, note: str, by: str, seen: str) -> Word:
    values = {name: getattr(pair, name) for name in columns(Pair)} | {"fr": fr, "en": en}
    return Word(**values, verdict=verdict, by=by, note=note, seen=seen)


def with_rival(word: Word, fr: str, en: str, verdict: str, note: str, by: str) -> Word:
    """The word with a second person's beside it; an earlier rival that gives way is kept as a note."""
    notes = [word.note, note]
    if word.rival_by and (word.rival_fr, word.rival_en, word.rival_verdict) != (fr, en, verdict):
        notes.append(f"{word.rival_by}: {word.rival_verdict}, fr: {word.rival_fr}, en: {word.rival_en}")
    joined = " / ".join(dict.fromkeys(filter(None, notes)))
    return replace(word, rival_fr=fr, rival_en=en, rival_verdict=verdict, rival_by=by, note=joined)


def _told(row: Row, stored: Word | None, now: Pair) -> tuple[str, str, str, str]:
    """What the line says: changed texts make it edited, unless it is dropped."""
    verdict = SPELLINGS[row.verdict.strip().casefold()]
    changed = (row.fr, row.en) != (now.fr, now.en)
    if changed and verdict != "dropped":
        verdict = "edited"
    elif verdict == "edited" and not (stored and stored.verdict == "edited"):
        verdict = "keep"  # "edited" on texts nobody changed
    return row.fr.strip(), row.en.strip(), verdict, row.note


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
