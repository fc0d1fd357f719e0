"""Lines of a sheet and the words they become."""

from dataclasses import replace

import pytest
from pyarrow import parquet

from nomenclair.workspace import write_records
from review.apply import apply_rows
from review.desk import DeskRow, conflict, not_applied, rows
from review.sheet import write_sheet
from review.words import Word, final_pairs, read_words, rival_of, said, with_rival
from tests.reviewing import BAD, INVOICE, LUC, PAIRS, REPORT, SOURCES, in_conflict, line, word


@pytest.mark.parametrize(
    ("changes", "verdict", "text"),
    [
        pytest.param({"verdict": "keep"}, "keep", REPORT.fr, id="kept"),
        pytest.param({"verdict": " DROP "}, "dropped", REPORT.fr, id="dropped, in capitals with spaces"),
        pytest.param({"fr": "Rapport annuel"}, "edited", "Rapport annuel", id="text changed, no verdict"),
        pytest.param({"fr": "Rapport", "verdict": "keep"}, "edited", "Rapport", id="text changed and keep"),
        pytest.param({"verdict": "edited"}, "keep", REPORT.fr, id="edited, but nothing was"),
        pytest.param({"note": "hm"}, "", REPORT.fr, id="a note alone"),
        pytest.param(
            {"fr": "Rapport\n de  2023\r\n"}, "edited", "Rapport de 2023", id="a line break in a text"
        ),
    ],
)
def test_what_a_line_says(changes, verdict, text):
    after, done = apply_rows([line(REPORT, **changes)], PAIRS, {}, "marie")
    assert (after[REPORT.id].verdict, after[REPORT.id].fr, after[REPORT.id].by) == (verdict, text, "marie")
    assert not done.refused and not done.conflicts


def test_an_untouched_line_says_nothing():
    after, done = apply_rows([line(REPORT)], PAIRS, {}, "marie")
    assert after == {} and done.untouched == 1


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param({"id": "n0"}, "no pair has the id 'n0'", id="unknown id"),
        pytest.param({"name": "other.pdf"}, "do not belong together", id="a column sorted alone"),
        pytest.param({"verdict": "maybe"}, "unknown verdict 'maybe'", id="unknown verdict"),
        pytest.param({"fr": "  "}, "a text is empty", id="empty text"),
    ],
)
def test_a_line_that_is_refused_costs_no_other(changes, says):
    lines = [line(REPORT, **changes), (3, line(INVOICE, verdict="keep")[1])]
    after, done = apply_rows(lines, PAIRS, {}, "marie")
    assert [(r.line, says in r.why) for r in done.refused] == [(2, True)]
    assert after[INVOICE.id].verdict == "keep"


def test_a_line_twice_is_refused():
    _, done = apply_rows([line(REPORT), (9, line(REPORT)[1])], PAIRS, {}, "marie")
    assert "stands on line 2 already" in done.refused[0].why


def test_the_same_sheet_twice_changes_nothing():
    lines = [line(REPORT, fr="Rapport"), (3, line(BAD, verdict="drop")[1])]
    once, _ = apply_rows(lines, PAIRS, {}, "marie")
    twice, done = apply_rows(lines, PAIRS, once, "paul")
    assert twice == once and done.already == 2


def test_a_regenerated_pair_never_overwrites_a_person():
    marie = word(REPORT, "edited", fr="Rapport annuel PDF de 2023")
    fresh = replace(REPORT, fr="Compte rendu PDF de 2023")
    pairs = {**PAIRS, REPORT.id: fresh}
    assert {p.id: p.fr for p in final_pairs(pairs.values(), [marie])}[REPORT.id] == marie.fr
    assert "Compte rendu" in conflict(fresh, marie)[0].why
    first = rows(pairs, {REPORT.id: marie}, SOURCES, {})[0]
    assert (first.pair.fr, first.flags[0].code) == (marie.fr, "conflict")


def test_a_pair_regenerated_after_the_export_is_taken_and_shown():
    edited = line(REPORT, fr="Rapport annuel")
    pairs = {REPORT.id: replace(REPORT, en="Report", fr="Compte rendu")}
    after, done = apply_rows([edited], pairs, {}, "marie")
    assert after[REPORT.id].fr == "Rapport annuel" and len(done.conflicts) == 1
    assert conflict(pairs[REPORT.id], after[REPORT.id])


def test_a_word_is_corrected_though_its_pair_was_generated_anew_after_the_export():
    stored = {REPORT.id: word(REPORT)}
    lines = [(2, replace(DeskRow(REPORT, stored[REPORT.id], []).sheet_row(), fr="Rapport annuel"))]
    pairs = {REPORT.id: replace(REPORT, en="Report", fr="Compte rendu")}
    after, _ = apply_rows(lines, pairs, stored, "marie")
    assert (after[REPORT.id].fr, after[REPORT.id].rival_by) == ("Rapport annuel", "")
    assert (
        conflict(pairs[REPORT.id], after[REPORT.id]) and apply_rows(lines, pairs, after, "marie")[0] == after
    )


def test_two_people_on_one_pair_both_stay_until_one_decides():
    stored = {REPORT.id: word(REPORT, "edited", by="paul", fr="Rapport de Paul")}
    after, done = apply_rows([line(REPORT, fr="Rapport de Marie")], PAIRS, stored, "marie")
    kept = after[REPORT.id]
    assert (kept.fr, kept.rival_fr, kept.rival_by) == ("Rapport de Paul", "Rapport de Marie", "marie")
    assert done.conflicts and conflict(REPORT, kept)
    decided, _ = apply_rows([line(REPORT, kept, fr="Rapport de Marie")], PAIRS, after, "paul")
    assert decided[REPORT.id].fr == "Rapport de Marie" and not conflict(REPORT, decided[REPORT.id])


@pytest.mark.parametrize(
    ("changes", "verdict", "text", "decided"),
    [
        pytest.param({"verdict": "keep"}, "edited", "Rapport de Paul", True, id="for the word that stands"),
        pytest.param({"verdict": "drop"}, "dropped", "Rapport de Paul", True, id="for the rival"),
        pytest.param({"fr": "Rapport"}, "edited", "Rapport", True, id="another text"),
        pytest.param({"fr": REPORT.fr}, "keep", REPORT.fr, True, id="the generated text"),
        pytest.param({"note": "hm"}, "edited", "Rapport de Paul", False, id="a note alone decides nothing"),
    ],
)
def test_a_conflict_is_decided_in_the_table(changes, verdict, text, decided):
    stored = {REPORT.id: in_conflict("old")}
    asked = line(REPORT, stored[REPORT.id])
    assert asked[1].verdict == "" and not asked[1].touched
    lines = [(2, replace(asked[1], **changes))]
    after, _ = apply_rows(lines, PAIRS, stored, "luc")
    kept = after[REPORT.id]
    assert (kept.verdict, kept.fr, kept.by) == (verdict, text, "luc" if decided else "paul")
    assert bool(rival_of(kept)) is not decided and kept.note == changes.get("note", "old")
    again, _ = apply_rows(lines, PAIRS, after, "luc")
    assert again == after, "the same sheet twice changes nothing"


def test_nobody_decides_on_a_rival_they_have_not_seen():
    lines = [line(REPORT, in_conflict(), verdict="keep")]
    later = with_rival(word(REPORT, "edited", by="paul", fr="Rapport de Paul"), LUC)
    after, _ = apply_rows(lines, PAIRS, {REPORT.id: later}, "paul")
    assert rival_of(after[REPORT.id]).by == "luc"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"verdict": "drop"}, id="dropped"),
        pytest.param({"fr": "Rapport de Marie"}, id="edited"),
        pytest.param({"fr": "Rapport de Marie", "note": "mine"}, id="with a note"),
        pytest.param({"note": "mine", "verdict": "keep"}, id="kept with a note"),
    ],
)
def test_a_sheet_that_made_a_conflict_is_applied(changes, tmp_path):
    lines = [line(REPORT, **changes)]
    paul = replace(word(REPORT, "edited", by="paul", fr="Rapport de Paul"), note="his")
    once, done = apply_rows(lines, PAIRS, {REPORT.id: paul}, "marie")
    assert len(done.conflicts) == 1
    sheet = tmp_path / "review.tsv"
    write_sheet(sheet, [row for _, row in lines])
    assert not_applied(sheet, PAIRS, once) == 0, "export would refuse for ever"
    twice, done = apply_rows(lines, PAIRS, once, "marie")
    assert twice == once and done.already == 1


@pytest.mark.parametrize(
    ("first", "then", "verdict", "text", "note"),
    [
        pytest.param({"fr": "Un"}, {"fr": "Deux"}, "edited", "Deux", "", id="a second correction"),
        pytest.param(
            {"note": "hm"}, {"note": "hm", "fr": "Un"}, "edited", "Un", "hm", id="a note, then a text"
        ),
        pytest.param({"verdict": "drop"}, {"verdict": "keep"}, "keep", REPORT.fr, "", id="another verdict"),
        pytest.param({"verdict": "drop"}, {"note": "hm"}, "", REPORT.fr, "hm", id="a verdict made a note"),
        pytest.param(
            {"fr": "Un", "note": "a"}, {"fr": "Un", "note": "b"}, "edited", "Un", "b", id="another note"
        ),
    ],
)
def test_a_line_applied_again_replaces_what_it_said(first, then, verdict, text, note):
    once, _ = apply_rows([line(REPORT, **first)], PAIRS, {}, "marie")
    after, done = apply_rows([line(REPORT, **then)], PAIRS, once, "marie")
    kept = after[REPORT.id]
    assert (kept.verdict, kept.fr, kept.note, rival_of(kept)) == (verdict, text, note, None)
    assert not done.conflicts and apply_rows([line(REPORT, **then)], PAIRS, after, "marie")[0] == after


def test_an_emptied_line_takes_back_what_it_said_in_its_own_file_alone():
    once, _ = apply_rows([line(REPORT, verdict="drop")], PAIRS, {}, "marie", "a.tsv")
    for by, sheet, left in (("marie", "copy.tsv", once), ("paul", "a.tsv", once), ("marie", "a.tsv", {})):
        assert apply_rows([line(REPORT)], PAIRS, once, by, sheet)[0] == left


def test_a_decision_emptied_again_stands_and_says_so():
    stored = {REPORT.id: in_conflict()}
    asked = line(REPORT, stored[REPORT.id])
    once, _ = apply_rows([(2, replace(asked[1], verdict="drop"))], PAIRS, stored, "luc")
    after, done = apply_rows([asked], PAIRS, once, "luc")
    assert after == once and "the decision stands" in done.refused[0].why


@pytest.mark.parametrize(
    ("then", "rival"),
    [
        pytest.param({"fr": "Deux"}, "Deux", id="its later text waits"),
        pytest.param({}, "", id="taken back"),
        pytest.param({"fr": "Rapport de Paul"}, "", id="it agrees now"),
    ],
)
def test_a_rival_is_replaced_by_its_own_line(then, rival):
    paul = {REPORT.id: word(REPORT, "edited", by="paul", fr="Rapport de Paul")}
    once, _ = apply_rows([line(REPORT, fr="Un")], PAIRS, paul, "marie")
    kept = apply_rows([line(REPORT, **then)], PAIRS, once, "marie")[0][REPORT.id]
    assert (kept.fr, kept.by, kept.rival_fr, kept.note) == ("Rapport de Paul", "paul", rival, "")


def test_a_line_applied_again_leaves_another_persons_words():
    once, _ = apply_rows([line(REPORT, fr="Un", note="hers")], PAIRS, {}, "marie")
    both, _ = apply_rows([line(REPORT, fr="Un", note="his")], PAIRS, once, "paul")
    both, _ = apply_rows([line(REPORT, fr="Rapport de Paul")], PAIRS, both, "paul")
    kept = apply_rows([line(REPORT, fr="Deux", note="hers")], PAIRS, both, "marie")[0][REPORT.id]
    assert (kept.fr, kept.rival_fr, kept.note) == ("Deux", "Rapport de Paul", "hers / his")
    back = apply_rows([line(REPORT)], PAIRS, both, "marie")[0][REPORT.id]
    assert (back.fr, back.by, back.rival_by) == ("Rapport de Paul", "paul", "")


@pytest.mark.parametrize(
    "paul",
    [
        pytest.param(word(REPORT, "edited", by="paul", fr="Rapport de Paul"), id="edited"),
        pytest.param(word(REPORT, "dropped", by="paul"), id="dropped"),
        pytest.param(word(REPORT, "", by="paul"), id="a note too"),
    ],
)
def test_a_note_alone_is_no_rival(paul):
    paul = replace(paul, note="his")
    lines = [line(REPORT, note="hers")]
    once, done = apply_rows(lines, PAIRS, {REPORT.id: paul}, "marie")
    assert once[REPORT.id] == replace(paul, note="his / hers") and not done.conflicts
    assert apply_rows(lines, PAIRS, once, "marie")[0] == once


def test_a_verdict_beside_a_note_alone_stands():
    paul = {REPORT.id: replace(word(REPORT, "", by="paul"), note="his")}
    after, done = apply_rows([line(REPORT, fr="Un")], PAIRS, paul, "marie")
    kept = after[REPORT.id]
    assert (kept.fr, kept.by, kept.rival_by, kept.note, done.conflicts) == ("Un", "marie", "", "his", [])


def test_a_note_alone_holds_no_text_fast():
    noted, _ = apply_rows([line(REPORT, note="hm")], PAIRS, {}, "marie")
    fresh = replace(REPORT, fr="Compte rendu PDF de 2023")
    shown = line(fresh, noted[REPORT.id])[1]
    assert (shown.fr, shown.flags, shown.note) == (fresh.fr, "", "hm")
    assert [row.pair for row in rows({REPORT.id: fresh}, noted, SOURCES, {})] == [fresh]
    kept, _ = apply_rows([(2, replace(shown, verdict="keep"))], {REPORT.id: fresh}, noted, "marie")
    assert kept[REPORT.id].pair() == fresh and kept[REPORT.id].note == "hm"
    # The note came on a sheet that is older than the text.
    late, done = apply_rows([line(REPORT, note="hm")], {REPORT.id: fresh}, {}, "marie")
    assert late[REPORT.id].verdict == "" and not done.conflicts


def test_words_of_an_earlier_version_are_read(tmp_path):
    path, marie = tmp_path / "reviewed.parquet", {REPORT.id: in_conflict("old")}
    write_records(path, Word, marie.values())
    parquet.write_table(parquet.read_table(path).drop_columns(["line", "rival_line"]), path)
    assert read_words(path) == marie


def test_an_older_sheet_that_agrees_adds_its_note_once():
    paul = {REPORT.id: replace(word(REPORT, by="paul"), note="his")}
    lines = [line(REPORT, verdict="keep", note="mine")]
    once, done = apply_rows(lines, PAIRS, paul, "marie")
    assert (once[REPORT.id].note, once[REPORT.id].by, done.conflicts) == ("his / mine", "paul", [])
    assert apply_rows(lines, PAIRS, once, "marie")[0] == once


def test_keep_on_an_edited_row_leaves_the_text_a_persons():
    """Finding it right is no reason to call it the teacher's: after a note, and where the pair is gone too."""
    edited = {REPORT.id: word(REPORT, "edited", fr="Rapport de Marie")}
    lines = [line(REPORT, edited[REPORT.id], verdict="keep", note="right")]
    for pairs in (PAIRS, {}):
        after, _ = apply_rows(lines, pairs, edited, "paul")
        kept = after[REPORT.id]
        assert (kept.verdict, kept.pair().teacher, kept.note) == ("edited", "person", "right")


def test_what_train_reads():
    words = [
        word(BAD, "dropped"),
        word(REPORT, "edited", fr="Rapport"),
        said(INVOICE, INVOICE.fr, INVOICE.en, "", "?", "m", "s"),
    ]
    final = {p.id: p for p in final_pairs(PAIRS.values(), words)}
    assert set(final) == {REPORT.id, INVOICE.id}
    assert (final[REPORT.id].fr, final[REPORT.id].teacher) == ("Rapport", "person")
    assert final[INVOICE.id] == INVOICE
    assert [p.id for p in final_pairs([], [word(REPORT)])] == [REPORT.id], "kept though curate dropped it"
