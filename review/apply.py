"""A sheet's lines as words: what a person changed, beside what another said."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from nomenclair.records import Pair, name_id
from review.sheet import PRINT_LENGTH, Refused, Row, joined, text_print
from review.words import (
    Word,
    contradictions,
    generated_print,
    rival_of,
    said,
    standing,
    with_rival,
    without_rival,
)

# What a person may type in the verdict column.
SPELLINGS = {
    "": "", "keep": "keep", "k": "keep", "ok": "keep", "garder": "keep",
    "edited": "edited", "edit": "edited", "e": "edited",
    "dropped": "dropped", "drop": "dropped", "d": "dropped", "x": "dropped", "supprimer": "dropped",
}  # fmt: skip


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
    """What a sheet shows of the standing pair and a person may change: (fr, en, verdict, note)."""
    return (pair.fr, pair.en, word.verdict, word.note) if word else (pair.fr, pair.en, "", "")


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
    rows: Iterable[tuple[int, Row]],
    pairs: Mapping[str, Pair],
    words: Mapping[str, Word],
    by: str,
    sheet: str = "",
) -> tuple[dict[str, Word], Applied]:
    """The words after a sheet, and what was done. Only lines that the person changed count.

    A line that the same person changed once more since it was applied replaces what it said. Where the stored
    word changed otherwise since the sheet was exported (the page, another sheet), the stored one stays and the
    sheet's stands beside it as its rival until a person decides. Where only the generated pair changed, the
    person's text is taken and its old `seen` makes the next sheet show the conflict. `sheet` tells one file
    from another; with `by` empty, a line is taken for anybody's.
    """
    after, done, first_line = dict(words), Applied(), {}
    for line, row in rows:
        problem = _problem(row, pairs, words, first_line.get(row.id))
        first_line.setdefault(row.id, line)
        if problem:
            done.refused.append(Refused(line, problem))
            continue
        stored, pair = after.get(row.id), pairs.get(row.id)
        now = standing(pair, stored)
        against = contradictions(pair, stored)
        holds = state(now, stored)
        current = row.seen == shown(holds, against)[1]
        if not current and stored and (found := _said_by(row, stored, by, sheet)):
            _say_again(line, row, found, after, done, pair, by, sheet)
            continue
        # The word stands as it was shown, at most a note came or the pair was generated anew under it.
        undecided = not stored or not (stored.verdict or stored.rival_by)
        same_word = current or undecided or (row.seen == text_print(*holds) and not stored.rival_by)
        note_alone = not current and _note_alone(row, stored)
        told = fr, en, verdict, note = _told(row, note_alone or _texts(row) == (now.fr, now.en), pair, stored)
        if undecided and stored and not current:
            note = joined(stored.note, note)
        seen = stored.seen if stored else row.seen
        word = said(pair or now, fr, en, verdict, note, by, seen, line_of(row, sheet))
        if not row.touched:
            done.untouched += 1
        elif not same_word or (note_alone and stored):
            kept = replace(stored, note=joined(stored.note, note)) if note_alone else _beside(stored, word)
            after[row.id] = kept
            if kept == stored:
                done.already += 1
            elif rival_of(kept) == rival_of(stored):
                done.count("note")
            else:
                done.conflicts.append(_both_kept(line, row, stored))
        elif told == holds and not (against and current):
            done.already += 1
        elif against and not verdict:  # a note decides nothing
            after[row.id] = replace(stored, note=note)
            done.count("note")
        else:
            after[row.id] = replace(word, seen=generated_print(pair)) if pair and current else word
            done.count(verdict or "note")
            if contradictions(pair, after[row.id]):
                done.conflicts.append(Refused(line, f"{row.name}: generated anew meanwhile; yours is kept"))
    return after, done


def _both_kept(line: int, row: Row, stored: Word) -> Refused:
    return Refused(line, f"{row.name}: {stored.by} changed it too; both are kept")


def line_of(row: Row, sheet: str) -> str:
    """Which line said a word: the prints of what it showed, of what it says, of its note and of its sheet."""
    says = text_print(row.fr, row.en, row.verdict, row.note)
    return " ".join((row.seen, says, text_print(row.note), text_print(sheet)))


def _said_by(row: Row, stored: Word, by: str, sheet: str) -> tuple[Word, Word | None] | None:
    """(the word that this line said when it was applied before, the other one of the stored word and its rival).

    A line that is as it was exported takes back what it said in the same file alone: a copy says nothing.
    """
    rival = rival_of(stored)
    for word, other in ((stored, rival), (rival, without_rival(stored))):
        if word and word.line and by in ("", word.by):
            seen, *_, file = word.line.rsplit(" ", 3)
            if seen == row.seen and (row.touched or file == text_print(sheet)):
                return word, other
    return None


def _say_again(
    line: int,
    row: Row,
    found: tuple[Word, Word | None],
    after: dict[str, Word],
    done: Applied,
    pair: Pair | None,
    by: str,
    sheet: str,
) -> None:
    """Put what a line says now in the place of what it said before; what another person said stays."""
    (earlier, other), stored = found, after[row.id]
    _, says, noted, _ = earlier.line.rsplit(" ", 3)
    was_rival = earlier.by == stored.rival_by and earlier.line == stored.rival_line
    contested = len(row.seen) > PRINT_LENGTH
    if says == text_print(row.fr, row.en, row.verdict, row.note):
        done.already += row.touched
        done.untouched += not row.touched
        return
    if contested and not row.touched:  # its rival is no longer known
        why = f"{row.name}: the decision stands, write another verdict to change it"
        done.refused.append(Refused(line, why))
        return
    texts = _texts(row)
    # An empty verdict stands beside generated texts, or beside contested ones (shown).
    generated = (pair and texts == (pair.fr, pair.en)) or text_print(*texts) == earlier.seen
    unchanged = texts == (earlier.fr, earlier.en) if contested else generated or _note_alone(row, stored)
    fr, en, verdict, note = _told(row, unchanged, pair, stored)
    if contested and not verdict:
        verdict = earlier.verdict
    if not was_rival and text_print(stored.note) != noted:  # another's note stands there too
        note = joined(stored.note, note)
    word = said(
        pair or stored.pair(), fr, en, verdict, note, by or earlier.by, earlier.seen, line_of(row, sheet)
    )
    if was_rival:
        kept = _beside(other, word)
        if rival_of(kept):
            done.conflicts.append(_both_kept(line, row, stored))
    elif other and not verdict:
        kept = replace(other, note=note, seen=earlier.seen)
    else:
        kept = _beside(word, other) if other else word
    if kept.verdict or kept.note or kept.rival_by:
        after[row.id] = kept
    else:
        del after[row.id]
    done.count(verdict or ("note" if row.touched else "taken back"))


def _beside(stored: Word, word: Word) -> Word:
    """The stored word with one from an older sheet beside it: as its rival, or its note alone where the stored
    word or its rival says the same already (the same texts, dropped or not). A word without a verdict is a note.
    """
    if not word.verdict:
        return replace(stored, note=joined(stored.note, word.note))
    for other in filter(None, (stored, rival_of(stored))):
        same_texts = (word.fr, word.en) == (other.fr, other.en)
        same_fate = other.verdict and (word.verdict == "dropped") == (other.verdict == "dropped")
        if same_texts and same_fate:
            return replace(stored, note=joined(stored.note, word.note))
    return with_rival(stored, word)


def kept_or_edited(fr: str, en: str, pair: Pair | None, stored: Word | None) -> str:
    """The verdict on texts that are let through: edited where they are a person's, not the teacher's.

    `pair` is the generated one; where there is none any more, the stored word tells.
    """
    if pair:
        return "keep" if (fr, en) == (pair.fr, pair.en) else "edited"
    return "keep" if (fr, en) == (stored.fr, stored.en) and stored.verdict != "edited" else "edited"


def _texts(row: Row) -> tuple[str, str]:
    return one_line(row.fr), one_line(row.en)


def _note_alone(row: Row, stored: Word | None) -> bool:
    """Did the person change the note alone, as far as the print tells: from none, or from the stored one?"""
    notes = ("", stored.note) if stored else ("",)
    cells = (row.fr, row.en, row.verdict)
    return any(row.seen[:PRINT_LENGTH] == text_print(*cells, note) for note in notes)


def _told(row: Row, unchanged: bool, pair: Pair | None, stored: Word | None) -> Cells:
    """What the line says: a verdict, or texts changed without one."""
    fr, en = _texts(row)
    verdict = SPELLINGS[row.verdict.strip().casefold()]
    if verdict != "dropped" and (verdict or not unchanged):
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
