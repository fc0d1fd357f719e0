"""A person's words: sheet in and out, page, merge. One small world of pairs for all."""

import json
import re
import shutil
import threading
import urllib.error
import urllib.request
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from nomenclair.cli import app
from nomenclair.errors import UserError
from nomenclair.records import Pair, PairFlag, name_id
from nomenclair.workspace import Workspace, write_records
from review.apply import (
    Word,
    apply_rows,
    as_note,
    final_pairs,
    generated_print,
    held,
    read_words,
    rival_of,
    said,
    with_rival,
    write_words,
)
from review.desk import Desk, DeskRow, conflict, not_applied, rows
from review.flags import doubts_of
from review.merge import add, cohen_kappa, merge
from review.server import PAGE, as_json, listening
from review.sheet import read_sheet, text_print, write_sheet
from review.sources import Sources

SOURCES = Sources.load()


def pair(name: str, en: str, fr: str) -> Pair:
    return Pair(name_id(name), name, en, fr, "document", "grammar", "p@1")


REPORT = pair("report_2023.pdf", "PDF report for 2023", "Rapport PDF de 2023")
INVOICE = pair("facture_edf.pdf", "PDF invoice from EDF", "Facture EDF en PDF")
BAD = pair("budget.xlsx", "I cannot determine what this is", "Je ne sais pas ce que c'est")
PAIRS = {p.id: p for p in (REPORT, INVOICE, BAD)}


def line(of: Pair, word=None, **changes):
    row = DeskRow(word.pair() if word else of, word, conflict(of, word))
    return 2, replace(row.sheet_row(), **changes)


def word(of: Pair, verdict="keep", by="marie", **texts):
    fresh = replace(of, **texts)
    return said(of, fresh.fr, fresh.en, verdict, "", by, generated_print(of))


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


LUC = word(REPORT, "edited", by="luc", fr="Rapport de Luc")


def in_conflict(note="") -> Word:
    """Paul's edited report, that Marie would drop; both as merge or an older sheet leaves them."""
    paul = replace(word(REPORT, "edited", by="paul", fr="Rapport de Paul"), note=note)
    return with_rival(paul, word(REPORT, "dropped"))


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


def workspace(tmp_path) -> Workspace:
    ws = Workspace(tmp_path)
    write_records(ws.curated, Pair, PAIRS.values())
    return ws


def run(tmp_path, *args):
    return CliRunner().invoke(app, [*args, "--workspace", str(tmp_path)])


def test_export_edit_apply_through_the_command_line(tmp_path):
    ws = workspace(tmp_path)
    assert run(tmp_path, "review", "export").exit_code == 0
    lines, _ = read_sheet(ws.sheet)
    changed = [replace(r, fr="Rapport") if r.name == REPORT.name else r for _, r in lines]
    changed = [replace(r, verdict="drop") if r.name == BAD.name else r for r in changed]
    write_sheet(ws.sheet, changed)
    again = run(tmp_path, "review", "export")
    assert "2 changes that are not applied" in str(again.exception), "an export never overwrites edits"
    assert run(tmp_path, "review", "apply", "--by", "marie").exit_code == 0
    kept = {w.id: (w.verdict, w.by) for w in read_words(ws.reviewed).values()}
    assert kept == {REPORT.id: ("edited", "marie"), BAD.id: ("dropped", "marie")}
    assert run(tmp_path, "review", "export").exit_code == 0
    assert not_applied(ws.sheet, PAIRS, read_words(ws.reviewed)) == 0


def test_apply_with_a_bad_line_keeps_the_others_and_names_it(tmp_path):
    ws = workspace(tmp_path)
    run(tmp_path, "review", "export")
    lines, _ = read_sheet(ws.sheet)
    changed = [replace(lines[0][1], verdict="nonsense"), replace(lines[1][1], verdict="keep")]
    write_sheet(ws.sheet, changed)
    result = run(tmp_path, "review", "apply")
    assert "line 2" in str(result.exception) and len(read_words(ws.reviewed)) == 1


def test_a_truncated_parquet_is_named_and_left(tmp_path):
    ws = workspace(tmp_path)
    write_words(ws.reviewed, {REPORT.id: word(REPORT)})
    ws.reviewed.write_bytes(ws.reviewed.read_bytes()[:-40])
    before = ws.reviewed.read_bytes()
    result = run(tmp_path, "review", "export")
    assert "damaged" in str(result.exception) and ws.reviewed.read_bytes() == before
    assert "do not remove it" in str(result.exception), "no command makes a person's words again"


def test_merge_keeps_every_word_and_counts_agreement():
    marie = {p.id: word(p) for p in PAIRS.values()}
    paul = {
        REPORT.id: word(REPORT, by="paul"),
        BAD.id: word(BAD, "dropped", by="paul"),
        INVOICE.id: word(INVOICE, "edited", by="paul", fr="Facture d'EDF en PDF"),
    }
    result = merge(marie, paul)
    assert (result.both, result.agreed, result.conflicts) == (3, 1, 2)
    assert result.words[INVOICE.id].rival_fr == "Facture d'EDF en PDF"
    assert add(result.words, result.words) == result.words
    assert add(marie, result.words)[BAD.id].rival_verdict == "dropped"


@pytest.mark.parametrize(
    ("first", "second", "verdict", "by", "rival", "note"),
    [
        pytest.param(
            said(REPORT, REPORT.fr, REPORT.en, "", "first", "m", "s"),
            replace(word(REPORT, by="paul"), note="second"),
            *("keep", "paul", "", "first / second"),
            id="a verdict replaces a note alone, not its words",
        ),
        pytest.param(
            with_rival(word(REPORT), word(REPORT, "dropped", by="paul")),
            with_rival(word(REPORT), LUC),
            *("keep", "marie", "paul", as_note(LUC)),
            id="two rivals: one waits, one is a note",
        ),
        pytest.param(
            word(REPORT),
            with_rival(word(REPORT, "dropped", by="paul"), word(REPORT)),
            *("keep", "marie", "paul", ""),
            id="the same conflict from the other side",
        ),
    ],
)
def test_a_merge_loses_no_word(first, second, verdict, by, rival, note):
    got = add({REPORT.id: first}, {REPORT.id: second})
    kept = got[REPORT.id]
    assert (kept.verdict, kept.by, kept.rival_by, kept.note) == (verdict, by, rival, note)
    assert add({REPORT.id: first}, got) == got == add(got, {REPORT.id: second}), "once more adds nothing"


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        pytest.param([word(REPORT)], [word(INVOICE)], "no pair was judged by both", id="no pair in common"),
        pytest.param([word(REPORT)], [word(REPORT)], "all verdicts are alike", id="both kept all"),
        pytest.param([word(REPORT)], [word(REPORT, "dropped")], "kappa 0.000", id="none alike"),
    ],
)
def test_merge_through_the_command_line_counts_what_it_wrote(tmp_path, first, second, says):
    ws = workspace(tmp_path)
    write_words(ws.reviewed, {BAD.id: word(BAD, "dropped")})
    for name, words in (("marie.parquet", first), ("paul.parquet", second)):
        write_words(tmp_path / name, {w.id: w for w in words})
    result = run(tmp_path, "review", "merge", str(tmp_path / "marie.parquet"), str(tmp_path / "paul.parquet"))
    assert says in result.output
    assert f"{len(read_words(ws.reviewed))} words in" in result.output.replace("\n", " ")


@pytest.mark.parametrize(
    ("verdicts", "kappa"),
    [
        pytest.param([("keep", "keep"), ("dropped", "dropped")], 1.0, id="all agree"),
        pytest.param([("keep", "dropped"), ("dropped", "keep")], -1.0, id="none agree"),
        # 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no: observed 0.7, by chance 0.5
        pytest.param(
            [("k", "k")] * 20 + [("k", "d")] * 5 + [("d", "k")] * 10 + [("d", "d")] * 15, 0.4, id="textbook"
        ),
        pytest.param([], None, id="nothing judged"),
        pytest.param([("keep", "keep")], None, id="one verdict alone"),
    ],
)
def test_kappa(verdicts, kappa):
    assert cohen_kappa(verdicts) == pytest.approx(kappa)


@pytest.fixture
def page(tmp_path):
    desk = Desk(tmp_path / "reviewed.parquet", PAIRS, {}, "marie", {})
    with listening(desk) as (url, server):
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield url, desk
        server.shutdown()
        thread.join()


def ask(url: str, body: dict | None = None, host: str = "") -> tuple[int, dict]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Host": host} if host else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_each_verdict_is_on_disk_before_it_is_answered_and_undo_takes_it_back(page):
    url, desk = page
    _, got = ask(url + "rows")
    shown = got["rows"][0]
    assert shown["name"] == BAD.name
    verdict = {**{k: shown[k] for k in ("id", "fr", "en", "note", "seen")}, "verdict": "dropped"}
    assert ask(url + "verdict", verdict)[1]["verdict"] == "dropped"
    assert read_words(desk.path)[BAD.id].by == "marie"
    assert ask(url + "verdict", verdict)[0] == 409, "the page shows a state that is past"
    assert ask(url + "undo", {})[1]["verdict"] == ""
    assert read_words(desk.path) == {} and ask(url + "undo", {})[1] == {}


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


def test_apply_waits_for_the_lock_and_reads_again(tmp_path):
    ws = workspace(tmp_path)
    write_sheet(ws.sheet, [line(REPORT, verdict="keep")[1]])
    with held(ws.reviewed) as words:
        applying = threading.Thread(target=run, args=(tmp_path, "review", "apply", "--by", "marie"))
        applying.start()
        applying.join(0.5)
        assert applying.is_alive()
        write_words(ws.reviewed, {**words, BAD.id: word(BAD, "dropped")})
    applying.join()
    assert set(read_words(ws.reviewed)) == {REPORT.id, BAD.id}


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


@pytest.mark.parametrize(
    ("command", "says"),
    [
        pytest.param(["serve", "--port", "99999"], "--port", id="no such port"),
        pytest.param(["serve"], "--by NAME", id="serve: who speaks"),
        pytest.param(["apply"], "--by NAME", id="apply: who speaks"),
    ],
)
def test_a_user_id_without_a_name_and_a_port_that_is_none(tmp_path, monkeypatch, command, says):
    def unknown():
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr("getpass.getuser", unknown)
    ws = workspace(tmp_path)
    write_sheet(ws.sheet, [line(REPORT)[1]])
    result = run(tmp_path, "review", *command)
    assert result.exit_code != 0 and says in f"{result.output}{result.exception}"


def test_page_and_sheet_in_turn(page, tmp_path):
    _, desk = page
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


@pytest.mark.parametrize(
    ("path", "host"),
    [
        pytest.param("/rows", "", id="no token"),
        pytest.param("/wrong/rows", "", id="wrong token"),
        pytest.param(None, "evil.example:80", id="another host's name for this machine"),
    ],
)
def test_strangers_see_nothing(page, path, host):
    url, _ = page
    base = url.rsplit("/", 2)[0]
    assert ask(base + path if path else url + "rows", host=host)[0] == 404


def test_a_request_that_makes_no_sense_is_refused(page):
    url, desk = page
    assert ask(url + "verdict", {"id": "n0"})[0] == 400
    assert ask(url + "verdict", dict.fromkeys(("id", "verdict", "fr", "en", "note", "seen"), "x"))[0] == 409
    assert not desk.path.exists()


def test_hidden_characters_of_a_name_are_shown_as_in_the_sheet():
    row = DeskRow(pair("a\u202egpj\n.exe", "Program", "Programme"), None, [])
    assert as_json(row)["name"] == "a\\u{202e}gpj\\n.exe"


def luminance(color: str) -> float:
    digits = color if len(color) == 6 else "".join(2 * c for c in color)
    parts = (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
    linear = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize(
    ("name", "scheme", "other"),
    [
        pytest.param("good", 0, "fff", id="white on the keep button"),
        pytest.param("bad", 0, "fff", id="white on the drop button"),
        pytest.param("hint", 0, "fff", id="hints in the light"),
        pytest.param("error", 0, "fff", id="errors in the light"),
        pytest.param("hint", 1, "1c1b22", id="hints in the dark (Firefox, the lighter of the browsers')"),
        pytest.param("error", 1, "1c1b22", id="errors in the dark"),
    ],
)
def test_colors_of_the_page_can_be_read(name, scheme, other):
    """WCAG AA for text: 4.5 to 1."""
    color = re.findall(rf"--{name}: #(\w+);", PAGE.read_text(encoding="utf-8"))[scheme]
    dark, light = sorted((luminance(color), luminance(other)))
    assert (light + 0.05) / (dark + 0.05) >= 4.5


@pytest.fixture
def browser(page):
    """(Chromium on the page, its desk)"""
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.fail("Chromium is missing: apt-get install --no-install-recommends chromium chromium-driver")
    from selenium import webdriver

    url, desk = page
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in (
        "headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
        "disable-component-update", "disable-sync",
    ):  # fmt: skip
        options.add_argument(f"--{flag}")
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        driver.get(url)
        yield driver, desk
        errors = [e["message"] for e in driver.get_log("browser") if e["level"] == "SEVERE"]
        assert [e for e in errors if "favicon" not in e] == []
    finally:
        driver.quit()


@pytest.mark.slow
def test_the_page_by_keyboard_alone(browser):
    """Edit French, keep, drop, undo, filter; no mouse."""
    from selenium import webdriver
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import Select, WebDriverWait

    driver, desk = browser
    wait = WebDriverWait(driver, 20)

    def element(name):
        return driver.find_element(By.ID, name)

    def press(*keys):
        webdriver.ActionChains(driver).send_keys(*keys).perform()

    def until_named(name):
        wait.until(lambda _: element("name").text == name)

    until_named(BAD.name)
    assert "refusal" in element("flags").text
    press("d")
    wait.until(lambda _: read_words(desk.path).get(BAD.id))
    wait.until(lambda _: element("name").text != BAD.name)
    second = element("name").text
    press("f")
    press(Keys.END, " corrigé")
    webdriver.ActionChains(driver).key_down(Keys.CONTROL).send_keys(Keys.ENTER).key_up(Keys.CONTROL).perform()
    wait.until(lambda _: len(read_words(desk.path)) == 2)
    assert read_words(desk.path)[name_id(second)].fr.endswith(" corrigé")
    wait.until(lambda _: element("count").text == "2 of 3 judged")
    press("u")
    wait.until(lambda _: len(read_words(desk.path)) == 1)
    until_named(second)
    Select(element("filter")).select_by_value("refusal")
    wait.until(lambda _: element("count").text == "1 of 1 judged")


@pytest.mark.slow
def test_the_page_drops_no_word_and_takes_one_step_at_a_time(browser):
    from selenium import webdriver
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.expected_conditions import alert_is_present
    from selenium.webdriver.support.ui import Select, WebDriverWait

    driver, desk = browser
    wait = WebDriverWait(driver, 20)

    def element(name):
        return driver.find_element(By.ID, name)

    def press(*keys):
        webdriver.ActionChains(driver).send_keys(*keys).perform()

    def at_once(*keys):
        """Press keys before any answer can come; a key in capitals is one that is held down."""
        driver.execute_script(
            "for (const key of arguments) document.body.dispatchEvent(new KeyboardEvent('keydown',"
            " { key: key.toLowerCase(), repeat: key !== key.toLowerCase(), bubbles: true }));",
            *keys,
        )

    wait.until(lambda _: element("name").text == BAD.name)
    at_once("d", "d", "n")
    wait.until(lambda _: element("said").text.startswith("2 / 3"))
    at_once("K", "N")
    assert element("said").text.startswith("2 / 3") and set(read_words(desk.path)) == {BAD.id}

    second = element("name").text
    press("f", Keys.END, " corrigé", Keys.ESCAPE)
    typed = element("fr").get_property("value")
    for leave in (lambda: press("u"), lambda: Select(element("filter")).select_by_value("refusal")):
        leave()
        wait.until(alert_is_present()).dismiss()
        assert (element("name").text, element("fr").get_property("value")) == (second, typed)
        assert Select(element("filter")).first_selected_option.get_property("value") == "all"
    assert set(read_words(desk.path)) == {BAD.id}

    element("note").send_keys("one", Keys.ENTER, "two", Keys.ESCAPE)
    press("k")
    wait.until(lambda _: element("said").text.startswith("3 / 3"))
    assert read_words(desk.path)[name_id(second)].note == "one\ntwo"
    press("p")
    assert element("name").text == second and element("error").text == "", "a kept line break asks nothing"
    press("n")
    assert element("said").text.startswith("3 / 3")
