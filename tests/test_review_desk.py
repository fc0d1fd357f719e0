"""What a reviewer has before them, and verdicts that come from a page."""

import threading
from dataclasses import replace

import pytest

from nomenclair.errors import UserError
from nomenclair.records import Pair, PairFlag
from review.apply import apply_rows
from review.desk import Desk, conflict, rows
from review.flags import doubts_of
from review.sheet import read_sheet, text_print, write_sheet
from review.words import read_words, with_rival, write_words
from tests.reviewing import BAD, INVOICE, LUC, PAIRS, REPORT, SOURCES, in_conflict, pair, word


def test_the_sheet_is_worst_first_and_judged_last():
    order = [row.pair.name for row in rows(PAIRS, {BAD.id: word(BAD, "dropped")}, SOURCES, {})]
    assert order[-1] == BAD.name
    assert rows(PAIRS, {}, SOURCES, {})[0].pair.name == BAD.name


def test_what_a_judge_doubts_is_shown_until_a_person_changes_the_texts():
    doubts = doubts_of([PairFlag(REPORT.id, "judge_french", "not idiomatic")])
    shown = {row.pair.id: row for row in rows(PAIRS, {}, SOURCES, doubts)}
    assert [flag.code for flag in shown[REPORT.id].flags] == ["judge_french"]
    edited = replace(word(REPORT, "edited"), fr="Rapport corrigé en PDF de 2023")
    after = {row.pair.id: row for row in rows(PAIRS, {REPORT.id: edited}, SOURCES, doubts)}
    assert "judge_french" not in [flag.code for flag in after[REPORT.id].flags]


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path / "reviewed.parquet", PAIRS, {}, "marie", {})


def press(desk, of: Pair, verdict="keep", **texts):
    """Judge a row as the desk showed it last."""
    row = desk.rows[of.id]
    return desk.judge(
        of.id, verdict, texts.get("fr", row.pair.fr), texts.get("en", row.pair.en), "", row.seen
    )


def test_a_verdict_on_the_page_keeps_what_others_wrote_meanwhile(desk):
    write_words(desk.path, {INVOICE.id: word(INVOICE, "dropped", by="paul")})
    press(desk, REPORT)
    assert {w.id: w.by for w in read_words(desk.path).values()} == {REPORT.id: "marie", INVOICE.id: "paul"}
    write_words(desk.path, {**read_words(desk.path), BAD.id: word(BAD, "dropped", by="luc")})
    desk.undo()
    assert {w.id: w.by for w in read_words(desk.path).values()} == {INVOICE.id: "paul", BAD.id: "luc"}


def test_two_pages_at_once_keep_every_word(desk):
    other = Desk(desk.path, PAIRS, {}, "paul", {})
    threads = [
        threading.Thread(target=press, args=args) for args in ((desk, REPORT), (other, INVOICE), (desk, BAD))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(read_words(desk.path)) == set(PAIRS)


@pytest.mark.parametrize(
    "meanwhile",
    [
        pytest.param(word(REPORT, "dropped", by="paul"), id="judged by another"),
        pytest.param(with_rival(word(REPORT), word(REPORT, "dropped", by="luc")), id="a rival came"),
        pytest.param(with_rival(word(REPORT), LUC), id="another rival came"),
        pytest.param(None, id="taken back"),
    ],
)
def test_a_verdict_or_undo_on_a_row_that_changed_is_refused(desk, meanwhile):
    press(desk, REPORT)
    now = {REPORT.id: meanwhile} if meanwhile else {}
    write_words(desk.path, now)
    with pytest.raises(UserError, match="changed in another window"):
        press(desk, REPORT, fr="Rapport de Marie")
    with pytest.raises(UserError, match="somebody changed it since"):
        desk.undo()
    assert read_words(desk.path) == now
    assert desk.undo() is None, "what cannot be taken back does not bar the way"


def test_the_page_shows_what_is_on_disk_and_a_pair_that_only_a_word_has(desk):
    gone = pair("gone.txt", "Text file", "Fichier texte")
    write_words(desk.path, {gone.id: word(gone, by="paul"), REPORT.id: in_conflict()})
    shown = desk.now()
    assert shown[0].pair.id == REPORT.id, "conflicts come first"
    assert gone.id in [row.pair.id for row in shown]
    write_words(desk.path, {})
    assert {row.pair.id for row in desk.now()} == set(PAIRS)


def test_undo_shows_the_rival_again(desk):
    write_words(desk.path, {REPORT.id: in_conflict()})
    desk.now()
    assert not conflict(REPORT, press(desk, REPORT).word)
    assert [flag.code for flag in desk.undo().flags if flag.code == "conflict"] == ["conflict"]
    assert read_words(desk.path) == {REPORT.id: in_conflict()}


def test_undo_can_be_tried_again_after_a_full_disk(desk, monkeypatch):
    press(desk, REPORT)

    def full(*_):
        raise UserError("Cannot write.", "Free some space.")

    with monkeypatch.context() as patch:
        patch.setattr("review.desk.write_words", full)
        with pytest.raises(UserError):
            desk.undo()
    assert desk.undo().word is None and read_words(desk.path) == {}


def test_a_line_break_typed_on_the_page_is_no_part_of_a_text(desk):
    kept = press(desk, REPORT, fr=REPORT.fr.replace(" ", "\n"), en=f"{REPORT.en}\n")
    assert (kept.word.verdict, kept.word.fr, kept.word.en) == ("keep", REPORT.fr, REPORT.en)


def test_a_corrected_text_is_flagged_anew(tmp_path):
    lost = pair("facture_fevrier.pdf", "PDF invoice for February", "Facture PDF de fevrier")
    doubts = doubts_of([PairFlag(lost.id, "judge_french", "not idiomatic")])
    desk = Desk(tmp_path / "reviewed.parquet", {lost.id: lost}, {}, "marie", doubts)
    for fr, codes in (
        ("Facture PDF de février", []),
        ("Facture PDF de février.", ["style"]),
        (lost.fr, ["missing_accents", "judge_french"]),
    ):
        assert [flag.code for flag in press(desk, lost, fr=fr).flags] == codes
    assert [flag.code for flag in desk.undo().flags] == ["style"]
    write_words(desk.path, {})
    assert [flag.code for flag in desk.now()[0].flags] == ["missing_accents", "judge_french"]


def test_page_shows_the_generated_text_beside_a_note_alone(tmp_path):
    path, noted = tmp_path / "reviewed.parquet", replace(word(REPORT, ""), note="hm")
    fresh = replace(REPORT, fr="Compte rendu PDF de 2023")
    write_words(path, {REPORT.id: noted})
    desk = Desk(path, {REPORT.id: fresh}, {}, "paul", {})
    row = desk.now()[0]
    assert (row.pair, row.sheet_row().fr, row.sheet_row().note) == (fresh, fresh.fr, "hm")
    assert press(desk, fresh).word.pair() == fresh


def test_page_and_sheet_in_turn(desk, tmp_path):
    sheet = tmp_path / "review.tsv"
    write_sheet(sheet, [row.sheet_row() for row in desk.rows.values()])
    desk.judge(
        REPORT.id, "keep", "Rapport de la page", REPORT.en, "", text_print(REPORT.fr, REPORT.en, "", "")
    )
    lines, _ = read_sheet(sheet)
    edited = [(n, replace(r, verdict="drop") if r.id == BAD.id else r) for n, r in lines]
    after, done = apply_rows(edited, PAIRS, read_words(desk.path), "paul")
    assert (after[REPORT.id].fr, after[BAD.id].verdict, done.conflicts) == (
        "Rapport de la page",
        "dropped",
        [],
    )
