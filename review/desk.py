"""What a reviewer has before them: the pairs with flags, words and conflicts, worst first; one desk, two views
(the TSV sheet and the page)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nomenclair.errors import UserError
from nomenclair.records import Pair
from review.apply import Cells, apply_rows, kept_or_edited, one_line, shown, state
from review.flags import Raised, flags_of, raised, weight
from review.sheet import Row, read_sheet, visible
from review.sources import Sources
from review.words import Word, contradictions, generated_print, held, said, standing, write_words

CONFLICT_WEIGHT = 100


@dataclass(frozen=True, slots=True)
class DeskRow:
    """A pair as it stands now (with the person's texts where there are any) and what is said against it."""

    pair: Pair
    word: Word | None
    flags: Sequence[Raised]

    @property
    def seen(self) -> str:
        """The print of what the row shows: texts, verdict, note and what contradicts them."""
        return self._shown()[1]

    def sheet_row(self) -> Row:
        cells, seen = self._shown()
        return Row(
            self.pair.id,
            self.pair.name,
            *cells[:2],
            " ".join(flag.code for flag in self.flags),
            "; ".join(flag.why for flag in self.flags),
            *cells[2:],
            seen,
        )

    def _shown(self) -> tuple[Cells, str]:
        against = [flag.why for flag in self.flags if flag.code == "conflict"]
        return shown(state(self.pair, self.word), against)


Doubts = Mapping[str, Sequence[Raised]]


def rows(
    pairs: Mapping[str, Pair], words: Mapping[str, Word], sources: Sources, doubts: Doubts
) -> list[DeskRow]:
    """All pairs and all words: conflicts first, then by the weight of the flags, judged ones last.

    `doubts` are further flags by pair id; they fall away once a person has changed the texts.
    """
    now = {key: standing(pairs.get(key), words.get(key)) for key in pairs.keys() | words.keys()}
    found = flags_of([now[key] for key in sorted(now)], sources)
    out = []
    for key, pair in now.items():
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
    return [Raised("conflict", CONFLICT_WEIGHT, why) for why in contradictions(pair, word)]


def not_applied(path: Path, pairs: Mapping[str, Pair], words: Mapping[str, Word]) -> int:
    """How many lines of a sheet on disk hold something that is nowhere else yet.

    UserError where the file is no sheet as it stands: it is a person's all the same.
    """
    if not path.exists():
        return 0
    lines, broken = read_sheet(path)
    after, done = apply_rows(lines, pairs, words, "", str(path.resolve()))
    refused_changed = sum(
        row.touched for line, row in lines if any(refused.line == line for refused in done.refused)
    )
    changed = sum(after.get(key) != words.get(key) for key in after.keys() | words.keys())
    return len(broken) + refused_changed + changed


class Desk:
    """The state of one `review serve`: each verdict is on disk before it is answered.

    Every step takes over first what other commands and pages wrote meanwhile, and holds the file to its end;
    that keeps the threads of the server apart too.
    """

    def __init__(
        self, path: Path, pairs: Mapping[str, Pair], words: Mapping[str, Word], by: str, doubts: Doubts
    ):
        self.path, self.pairs, self.by = path, pairs, by
        self.words = dict(words)
        self.sources = Sources.load()
        self.doubts = doubts
        self.rows = {row.pair.id: row for row in rows(pairs, words, self.sources, doubts)}
        self.loaded = dict(self.rows)
        self.undo_stack: list[tuple[str, Word | None, Word]] = []

    def now(self) -> list[DeskRow]:
        """The rows as they are on disk now, worst first."""
        with held(self.path) as words:
            self._take_over(words)
            return sorted(self.rows.values(), key=_worst_first)

    def judge(self, key: str, verdict: str, fr: str, en: str, note: str, seen: str) -> DeskRow:
        """Set a person's word; `seen` is the print of what the page showed. UserError says what is wrong."""
        fr, en = one_line(fr), one_line(en)
        with held(self.path) as words:
            self._take_over(words)
            row = self.rows.get(key)
            if row is None:
                raise UserError(f"No pair has the id {key!r}.", "Load the page again.")
            if not fr or not en:
                raise UserError("A text is empty.", "Write it again, or drop the pair.")
            if seen != row.seen:
                raise UserError("This pair changed in another window.", "Load the page again.")
            if verdict not in ("keep", "dropped"):
                raise UserError(f"Unknown verdict {verdict!r}.", "Keep or drop.")
            base, before = self.pairs.get(key), words.get(key)
            final = kept_or_edited(fr, en, base, before) if verdict == "keep" else verdict
            base = base or row.pair
            word = said(base, fr, en, final, note, self.by, generated_print(base))
            fresh = self._store(key, word)
            self.undo_stack.append((key, before, word))
            return fresh

    def undo(self) -> DeskRow | None:
        """Take back the last verdict of this session; None where there is none left.

        UserError where somebody judged that pair since: theirs stays, and the verdict before is next.
        """
        with held(self.path) as words:
            self._take_over(words)
            if not self.undo_stack:
                return None
            key, before, after = self.undo_stack[-1]
            if words.get(key) != after:
                self.undo_stack.pop()
                raise UserError(
                    f"{visible(after.name)}: somebody changed it since, that stays.",
                    "Load the page again to see it.",
                )
            fresh = self._store(key, before)
            self.undo_stack.pop()
            return fresh

    def _take_over(self, words: Mapping[str, Word]) -> None:
        for key in words.keys() | self.words.keys():
            if words.get(key) != self.words.get(key):
                self._renew(key, words.get(key))
        self.words = words

    def _store(self, key: str, word: Word | None) -> DeskRow:
        after = {**self.words, key: word} if word else {k: w for k, w in self.words.items() if k != key}
        write_words(self.path, after)
        self.words = after
        self._renew(key, word)
        return self.rows[key]

    def _renew(self, key: str, word: Word | None) -> None:
        """Set the row of a word anew; it goes where neither a word nor a generated pair is left."""
        generated = self.pairs.get(key)
        if not (generated or word):
            del self.rows[key]
            return
        pair = standing(generated, word)
        self.rows[key] = DeskRow(pair, word, [*conflict(generated, word), *self._flags(pair)])

    def _flags(self, pair: Pair) -> list[Raised]:
        """The flags of a row's texts: those it was loaded with, else raised anew (the next load compares the
        text with all others); the judge's doubts are of the generated texts."""
        first = self.loaded.get(pair.id)
        if first and (first.pair.fr, first.pair.en) == (pair.fr, pair.en):
            return [flag for flag in first.flags if flag.code != "conflict"]
        doubted = self.doubts.get(pair.id, ()) if pair == self.pairs.get(pair.id) else ()
        return [*raised(pair, self.sources), *doubted]
