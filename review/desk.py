"""What a reviewer has before them: the pairs with flags, words and conflicts, worst first; one desk, two views
(the TSV sheet and the page)."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nomenclair.errors import UserError
from nomenclair.records import Pair
from review.apply import Word, apply_rows, generated_print, said, state, write_words
from review.flags import Raised, flags_of, weight
from review.sheet import Row, read_sheet, text_print
from review.sources import Sources

CONFLICT_WEIGHT = 100


@dataclass(frozen=True, slots=True)
class DeskRow:
    """A pair as it stands now (with the person's texts where there are any) and what is said against it."""

    pair: Pair
    word: Word | None
    flags: Sequence[Raised]

    def sheet_row(self) -> Row:
        now = state(self.pair, self.word)
        return Row(
            self.pair.id,
            self.pair.name,
            *now[:2],
            " ".join(flag.code for flag in self.flags),
            "; ".join(flag.why for flag in self.flags),
            *now[2:],
            text_print(*now),
        )


Doubts = Mapping[str, Sequence[Raised]]


def rows(
    pairs: Mapping[str, Pair], words: Mapping[str, Word], sources: Sources, doubts: Doubts
) -> list[DeskRow]:
    """All pairs and all words: conflicts first, then by the weight of the flags, judged ones last.

    `doubts` are further flags by pair id; they fall away once a person has changed the texts.
    """
    shown = {key: words[key].pair() if key in words else pairs[key] for key in pairs.keys() | words.keys()}
    found = flags_of([shown[key] for key in sorted(shown)], sources)
    out = []
    for key, pair in shown.items():
        clash = conflict(pairs.get(key), words.get(key))
        doubted = doubts.get(key, ()) if pair == pairs.get(key) else ()
        out.append(DeskRow(pair, words.get(key), [*clash, *found[key], *doubted]))
    return sorted(out, key=_worst_first)


def _worst_first(row: DeskRow) -> tuple:
    clash = any(flag.code == "conflict" for flag in row.flags)
    judged = row.word is not None and row.word.verdict != ""
    return (not clash, judged, -weight(row.flags), row.pair.id)


def conflict(pair: Pair | None, word: Word | None) -> list[Raised]:
    """Where a word is contradicted: by another person, or because the pair was generated anew under it."""
    out = []
    if word and word.rival_by:
        texts = f"fr: {word.rival_fr} | en: {word.rival_en}"
        out.append(Raised("conflict", CONFLICT_WEIGHT, f"{word.rival_by} says {word.rival_verdict}: {texts}"))
    if (
        word
        and pair
        and word.verdict
        and word.seen != generated_print(pair)
        and (pair.fr, pair.en) != (word.fr, word.en)
    ):
        texts = f"fr: {pair.fr} | en: {pair.en}"
        out.append(Raised("conflict", CONFLICT_WEIGHT, f"generated anew since {word.by} judged it: {texts}"))
    return out


def not_applied(path: Path, pairs: Mapping[str, Pair], words: Mapping[str, Word]) -> int:
    """How many lines of a sheet on disk hold something that is nowhere else yet."""
    if not path.exists():
        return 0
    try:
        lines, broken = read_sheet(path)
    except UserError:
        return 1  # not a sheet as it stands: a person's file all the same
    after, done = apply_rows(lines, pairs, words, "")
    refused_changed = sum(
        row.seen != text_print(row.fr, row.en, row.verdict, row.note)
        for line, row in lines
        if any(refused.line == line for refused in done.refused)
    )
    return len(broken) + refused_changed + sum(after[key] != words.get(key) for key in after)


class Desk:
    """The state of one `review serve`: each verdict is on disk before it is answered. Thread-safe."""

    def __init__(
        self, path: Path, pairs: Mapping[str, Pair], words: Mapping[str, Word], by: str, doubts: Doubts
    ):
        self.path, self.pairs, self.by = path, pairs, by
        self.words = dict(words)
        self.lock = threading.Lock()
        self.rows = {row.pair.id: row for row in rows(pairs, words, Sources.load(), doubts)}
        self.undo_stack: list[tuple[str, Word | None]] = []

    def judge(self, key: str, verdict: str, fr: str, en: str, note: str, seen: str) -> DeskRow:
        """Set a person's word; `seen` is the print of what the page showed. UserError says what is wrong."""
        with self.lock:
            row = self.rows.get(key)
            if row is None:
                raise UserError(f"No pair has the id {key!r}.", "Load the page again.")
            if not fr.strip() or not en.strip():
                raise UserError("A text is empty.", "Write it again, or drop the pair.")
            now = state(row.pair, row.word)
            if seen != text_print(*now):
                raise UserError("This pair changed in another window.", "Load the page again.")
            if verdict not in ("keep", "dropped"):
                raise UserError(f"Unknown verdict {verdict!r}.", "Keep or drop.")
            base = self.pairs.get(key, row.pair)
            changed = (fr.strip(), en.strip()) != (base.fr, base.en)
            final = "edited" if changed and verdict == "keep" else verdict
            word = said(base, fr.strip(), en.strip(), final, note, self.by, generated_print(base))
            return self._store(key, word, remember=True)

    def undo(self) -> DeskRow | None:
        """Take back the last verdict of this session; None where there is none left."""
        with self.lock:
            if not self.undo_stack:
                return None
            key, before = self.undo_stack.pop()
            return self._store(key, before, remember=False)

    def _store(self, key: str, word: Word | None, remember: bool) -> DeskRow:
        before = self.words.get(key)
        after = dict(self.words)
        if word is None:
            after.pop(key, None)
        else:
            after[key] = word
        write_words(self.path, after)
        if remember:
            self.undo_stack.append((key, before))
        self.words = after
        shown = word.pair() if word else self.pairs[key]
        flags = [flag for flag in self.rows[key].flags if flag.code != "conflict"]
        self.rows[key] = replace(self.rows[key], pair=shown, word=word, flags=flags)
        return self.rows[key]
