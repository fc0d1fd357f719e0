"""review export and apply through the command line: what is refused, what is left."""

import threading
from dataclasses import replace

import pytest

from review.desk import not_applied
from review.sheet import read_sheet, write_sheet
from review.words import held, read_words, write_words
from tests.reviewing import BAD, PAIRS, REPORT, line, run, word, workspace


def test_export_edit_apply_through_the_command_line(tmp_path):
    tmp_path /= "my work"
    ws = workspace(tmp_path)
    assert run(tmp_path, "review", "export").exit_code == 0
    lines, _ = read_sheet(ws.sheet)
    changed = [replace(r, fr="Rapport") if r.name == REPORT.name else r for _, r in lines]
    changed = [replace(r, verdict="drop") if r.name == BAD.name else r for r in changed]
    write_sheet(ws.sheet, changed)
    again = run(tmp_path, "review", "export")
    assert "2 changes that are not applied" in str(again.exception), "an export never overwrites edits"
    assert f"review apply '{ws.sheet}' --workspace '{ws.root}'" in str(again.exception), "to be pasted"
    assert run(tmp_path, "review", "apply", "--by", "marie").exit_code == 0
    kept = {w.id: (w.verdict, w.by) for w in read_words(ws.reviewed).values()}
    assert kept == {REPORT.id: ("edited", "marie"), BAD.id: ("dropped", "marie")}
    assert run(tmp_path, "review", "export").exit_code == 0
    assert not_applied(ws.sheet, PAIRS, read_words(ws.reviewed)) == 0


def test_the_same_open_sheet_is_applied_again_through_the_command_line(tmp_path):
    ws = workspace(tmp_path)
    run(tmp_path, "review", "export")
    lines = [row for _, row in read_sheet(ws.sheet)[0]]
    for verdict in ("drop", "keep", ""):
        write_sheet(ws.sheet, [replace(row, verdict=verdict) if row.id == BAD.id else row for row in lines])
        refused = run(tmp_path, "review", "export")
        assert "holds 1 change that is not applied yet" in str(refused.exception), verdict or "taken back"
        run(tmp_path, "review", "apply", "--by", "marie")
        assert {w.verdict[:4] for w in read_words(ws.reviewed).values()} == ({verdict} if verdict else set())
    assert run(tmp_path, "review", "export").exit_code == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"id;name;fr;en;verdict\n", "separated by semicolons", id="semicolons"),
        pytest.param(b"id\tname\tfr\tverdict\tnote\tseen\n", "column en is missing", id="a lost column"),
        pytest.param("id\tété".encode("cp1252"), "line 1: not valid UTF-8", id="an old code page"),
    ],
)
def test_export_over_a_file_that_is_no_sheet_names_its_fault_and_leaves_it(tmp_path, content, says):
    ws = workspace(tmp_path)
    for path in (ws.sheet, tmp_path / "mine.tsv"):
        path.write_bytes(content)
        result = run(tmp_path, "review", "export", str(path))
        assert str(path) in str(result.exception) and says in str(result.exception)
        assert "move the file away and run: nomenclair review export" in str(result.exception)
        assert path.read_bytes() == content


def test_a_column_of_their_own_goes_on_in_the_note(tmp_path):
    ws = workspace(tmp_path)
    run(tmp_path, "review", "export")
    head, *lines = ws.sheet.read_text(encoding="utf-8-sig").splitlines()
    lines = [f"{text}\tdemander à Paul" if REPORT.name in text else text for text in lines]
    ws.sheet.write_text("\n".join([f"{head}\tremarque", *lines, ""]), encoding="utf-8")
    assert "holds 1 change that is not applied yet" in str(run(tmp_path, "review", "export").exception)
    for _ in range(2):
        assert run(tmp_path, "review", "apply", "--by", "marie").exit_code == 0
        assert {w.note for w in read_words(ws.reviewed).values()} == {"remarque: demander à Paul"}
    assert run(tmp_path, "review", "export").exit_code == 0
    assert "remarque: demander à Paul" in ws.sheet.read_text(encoding="utf-8")


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
