"""What a person meets when something is wrong: one line that says what to type next, and exit status 2."""

import io
import os
import subprocess
import sys
from contextlib import suppress

import pytest

from nomenclair.cli import main
from nomenclair.records import FileName, Pair
from nomenclair.workspace import Workspace, write_records, write_text


def nomenclair(*args, ws, **env):
    command = [sys.executable, "-m", "nomenclair.cli", *map(str, args)]
    clean = {k: v for k, v in os.environ.items() if not k.startswith("OPENAI")}
    environment = {**clean, "NOMENCLAIR_WORKSPACE": str(ws), "COLUMNS": "200", **env}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def nothing(ws):
    pass


def some_names(ws):
    write_records(ws.names, FileName, [FileName.of("report_2023.pdf")])


def truncated_names(ws):
    some_names(ws)
    ws.names.write_bytes(ws.names.read_bytes()[:-20])


def truncated_pairs(ws):
    write_records(ws.pairs, Pair, [])
    ws.pairs.write_bytes(ws.pairs.read_bytes()[:30])


def curated(ws):
    write_records(
        ws.curated, Pair, [Pair("n1", "a.pdf", "PDF report", "Rapport PDF", "document", "grammar", "")]
    )


def sheet_with_commas(ws):
    curated(ws)
    write_text(ws.sheet, "id,name,fr,en,flags,why,verdict,note,seen\nn1,a.pdf,Rapport,Report,,,,,\n")


def sheet_without_verdict(ws):
    curated(ws)
    write_text(ws.sheet, "id\tname\tfr\ten\nn1\ta.pdf\tRapport\tReport\n")


DEAD = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "OPENAI_API_KEY": "none"}


@pytest.mark.parametrize(
    ("make", "args", "says"),
    [
        pytest.param(nothing, ("scan", "/nowhere"), "/nowhere is not a folder. Give", id="scan nothing"),
        pytest.param(
            nothing, ("generate",), "names.parquet is not there yet. Run: nomenclair scan", id="too early"
        ),
        pytest.param(truncated_names, ("generate",), "names.parquet is damaged", id="truncated names"),
        pytest.param(truncated_pairs, ("curate",), "pairs.parquet is damaged", id="truncated pairs"),
        pytest.param(some_names, ("generate", "--teacher", "openai"), "Give --model NAME", id="no model"),
        pytest.param(
            sheet_with_commas, ("review", "apply"), "separated by commas, not by tabs", id="delimiter"
        ),
        pytest.param(sheet_without_verdict, ("review", "apply"), "verdict", id="missing column"),
        pytest.param(nothing, ("train",), "curated.parquet is not there yet", id="train too early"),
        pytest.param(
            nothing, ("export",), "training.json is not there yet. Run: nomenclair train", id="export"
        ),
        pytest.param(nothing, ("evaluate",), "Run: nomenclair export", id="evaluate too early"),
        pytest.param(
            nothing, ("describe", "a.pdf", "--student", "/nowhere"), "No student at /nowhere", id="student"
        ),
        pytest.param(
            nothing, ("describe", "a.pdf", "--lang", "de"), "Use one of: fr, en", id="unknown language"
        ),
    ],
)
def test_mistakes_are_one_line_with_the_cure(tmp_path, make, args, says):
    make(Workspace(tmp_path))
    done = nomenclair(*args, ws=tmp_path)
    last = done.stderr.strip().splitlines()[-1]
    assert (done.returncode, last.startswith("nomenclair: ")) == (2, True), done.stderr
    assert says in last
    assert "Traceback" not in done.stderr


def test_ctrl_c_says_how_to_go_on(monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("nomenclair.cli.host.load_student", interrupted)
    monkeypatch.setattr(sys, "argv", ["nomenclair", "serve"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 130 and "run the same command again" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "names"),
    [
        pytest.param(b"a.pdf\nb.sh\n", ["a.pdf", "b.sh"], id="a line each"),
        pytest.param(b"a.pdf\r\nb.sh\r\n", ["a.pdf", "b.sh"], id="lines of Windows"),
        pytest.param(b"\na.pdf\n\r\n\nb.sh", ["a.pdf", "b.sh"], id="empty lines between"),
        pytest.param(b" a.pdf \n", [" a.pdf "], id="spaces are the name's"),
        pytest.param(b"\n", [], id="nothing"),
    ],
)
def test_names_are_read_from_lines_however_they_end(monkeypatch, given, names):
    asked = []

    class Student:
        languages = ("fr",)

        def stream(self, pairs):
            asked.extend(name for name, _ in pairs)
            return iter(())

    monkeypatch.setattr("nomenclair.cli.describe.load_student", lambda *_: Student())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), newline="\n"))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO()))
    monkeypatch.setattr(sys, "argv", ["nomenclair", "describe", "-"])
    with suppress(SystemExit):
        main()
    assert asked == names


def test_an_endpoint_that_is_down_loses_nothing(tmp_path):
    ws = Workspace(tmp_path)
    some_names(ws)
    done = nomenclair(
        "generate", "--teacher", "openai", "--model", "m", "--timeout", "1", ws=tmp_path, **DEAD
    )
    assert done.returncode in (1, 2), done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("nomenclair: ")
    assert "Traceback" not in done.stderr
    assert ws.names.exists()


def test_scan_then_grammar_needs_no_key_and_no_network(tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("report_2023.pdf", "extract_window_events.sh", "qzxv_wub.dat"):
        (tree / name).write_text("")
    ws = tmp_path / "ws"
    assert nomenclair("scan", tree, ws=ws).returncode == 0
    done = nomenclair("generate", ws=ws)
    assert done.returncode == 0, done.stderr
    status = nomenclair("status", "--json", ws=ws)
    assert '"next": "nomenclair curate' in status.stdout


@pytest.mark.parametrize(
    "folder",
    [
        pytest.param("work[v2]", id="as a style"),
        pytest.param("p[/q]", id="as the end of a style"),
        pytest.param("a:cat:b", id="as a picture"),
    ],
)
def test_a_path_is_shown_as_it_stands(tmp_path, folder):
    (tmp_path / "a.pdf").touch()
    ws = Workspace(tmp_path / folder)
    scanned, status = (
        nomenclair(*args, ws=ws.root, COLUMNS="600") for args in (("scan", tmp_path), ("status",))
    )
    assert f"names in {ws.names}" in scanned.stderr
    assert status.stdout.splitlines()[0].rstrip() == str(ws.root)
    assert str(ws.names) in status.stdout


def test_help_fits_every_command():
    done = nomenclair("--help", ws=".")
    assert done.returncode == 0
    for command in (
        "scan",
        "generate",
        "curate",
        "review",
        "train",
        "export",
        "evaluate",
        "describe",
        "run",
        "status",
    ):
        assert f" {command} " in done.stdout
