"""The command itself: exit codes, one-line errors, dry run, preview, Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date

import pytest

from datagen.ledger import open_ledger
from nomenclair.cli import main
from nomenclair.records import FileName
from tests.generating import pairs_of, some_names, workspace_with
from tests.stub_endpoint import StubEndpoint, files_of, serving


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def nomenclair(monkeypatch, capfd):
    """Run the command line in this process, as `main` would be run in one of its own."""

    def run(*args: object, stub: StubEndpoint | None = None, api_key: str = "test") -> Done:
        for key in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "OPENAI_MODEL"):
            monkeypatch.delenv(key, raising=False)
        for key, value in environment(stub, api_key).items():
            monkeypatch.setenv(key, value)
        monkeypatch.setattr(sys, "argv", ["nomenclair", *map(str, args)])
        capfd.readouterr()
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        out, err = capfd.readouterr()
        return Done(code, out, err)

    return run


def environment(stub: StubEndpoint | None, api_key: str = "test") -> dict[str, str]:
    address = {"OPENAI_BASE_URL": stub.url} if stub else {}
    return {**address, **({"OPENAI_API_KEY": api_key} if stub and api_key else {}), "COLUMNS": "200"}


def test_generate_with_an_endpoint_from_the_environment(tmp_path, nomenclair):
    workspace = workspace_with(tmp_path, some_names(12))
    with serving(StubEndpoint()) as stub:
        done = nomenclair("generate", "--model", "stub", "-w", tmp_path, stub=stub)
    assert done.returncode == 0, done.stderr
    assert "12 pairs of 12 names" in done.stderr
    assert len(pairs_of(workspace)) == 12


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [("401", 2, "OPENAI_API_KEY"), ("404", 2, "--model")],
)
def test_an_endpoint_that_refuses_is_one_line_with_the_cure(tmp_path, nomenclair, fault, code, words):
    workspace_with(tmp_path, some_names(3))
    with serving(StubEndpoint(choose=lambda n, body: fault)) as stub:
        done = nomenclair("generate", "--model", "stub", "--timeout", 1, "-w", tmp_path, stub=stub)
    assert done.returncode == code
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("nomenclair: ") and words in last
    assert "Traceback" not in done.stderr


def test_run_asks_an_endpoint_that_needs_no_key(tmp_path, nomenclair):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "rapport.pdf").touch()
    with serving(StubEndpoint(choose=lambda n, body: "404")) as stub:
        done = nomenclair(
            "run", tmp_path / "tree", "--model", "stub", "-w", tmp_path / "work", stub=stub, api_key=""
        )
    assert done.returncode == 2
    assert "--model" in done.stderr.strip().splitlines()[-1]


def test_a_cap_ends_with_1_and_a_second_run_goes_on(tmp_path, nomenclair):
    workspace = workspace_with(tmp_path, some_names(100))
    with serving(StubEndpoint()) as stub:
        first = nomenclair("generate", "--model", "stub", "--max-tokens", 9000, "-w", tmp_path, stub=stub)
        assert first.returncode == 1 and "--max-tokens" in first.stderr
        assert 0 < len(pairs_of(workspace)) < 100
        second = nomenclair("generate", "--model", "stub", "-w", tmp_path, stub=stub)
        assert second.returncode == 0
        asked = [f["name"] for body in stub.bodies for f in files_of(json.loads(body))]
    assert sorted(asked) == sorted(f.name for f in some_names(100))


def test_run_goes_on_with_a_generate_that_was_stopped(tmp_path, nomenclair):
    workspace = workspace_with(tmp_path, some_names(100))
    with serving(StubEndpoint()) as stub:
        nomenclair("generate", "--model", "stub", "--max-tokens", 9000, "-w", tmp_path, stub=stub)
        assert "unfinished" in nomenclair("status", "-w", tmp_path).stdout
        workspace.curate_report.mkdir()  # the stage behind it ends the run
        done = nomenclair("run", tmp_path, "--model", "stub", "-w", tmp_path, stub=stub)
    assert "curate.json" in done.stderr.splitlines()[-1]
    assert len(pairs_of(workspace)) == 100


@pytest.mark.parametrize(
    ("args", "words"),
    [
        pytest.param(["--teacher", "openai"], "--model", id="no model"),
        pytest.param(["--teacher", "openai", "--model", "m"], "OPENAI_API_KEY", id="no endpoint"),
        pytest.param(["--teacher", "openai", "--model", "m", "--max-cost", "1"], "prices", id="no price"),
        pytest.param(
            ["--teacher", "openai", "--model", "gpt-4.1", "--max-cost", "nan"], "--max-cost", id="no cap"
        ),
        pytest.param(
            ["--teacher", "openai", "--model", "gpt-4.1", "--max-cost", "-1"], "--max-cost", id="below 0"
        ),
        pytest.param(
            ["--teacher", "openai", "--model", "m", "--prompt", "x"], "describe-full", id="no template"
        ),
        pytest.param(["--teacher", "local", "--gguf", "none.gguf"], "GGUF", id="no model file"),
        pytest.param(
            ["--teacher", "openai", "--model", "m", "--prices", "none"], "price", id="no price file"
        ),
    ],
)
def test_wrong_options(tmp_path, nomenclair, args, words):
    workspace_with(tmp_path, some_names(1))
    done = nomenclair("generate", *args, "-w", tmp_path)
    assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "args",
    [
        pytest.param(["--dry-run"], id="would write"),
        pytest.param(["--preview", "bodies.jsonl"], id="would write, and no preview"),
        pytest.param(["--model", "gpt-4.1-mini"], id="a forgotten key"),
        pytest.param(["--max-cost", "0"], id="a cap of nothing"),
        pytest.param(["--teacher", "grammar", "--batch"], id="a teacher that was named"),
    ],
)
def test_options_of_an_endpoint_never_let_the_grammar_write(tmp_path, nomenclair, args):
    workspace = workspace_with(tmp_path, some_names(1))
    done = nomenclair("generate", *args, "-w", tmp_path)
    option = next(a for a in args if a.startswith("--") and a != "--teacher")
    assert done.returncode == 2 and option in done.stderr and "OPENAI_API_KEY" in done.stderr
    assert not workspace.pairs.exists()


def test_the_grammar_takes_the_place_of_paid_pairs_only_when_named(tmp_path, nomenclair):
    workspace = workspace_with(tmp_path, [FileName.of("report_2023.pdf")])
    with serving(StubEndpoint()) as stub:
        nomenclair("generate", "--model", "stub", "-w", tmp_path, stub=stub)
    paid = pairs_of(workspace)
    done = nomenclair("generate", "-w", tmp_path)
    assert done.returncode == 2 and "--teacher grammar" in done.stderr and pairs_of(workspace) == paid
    assert nomenclair("generate", "--teacher", "grammar", "-w", tmp_path).returncode == 0
    assert pairs_of(workspace) != paid


@pytest.mark.parametrize(
    "look",
    [
        pytest.param(["--dry-run"], id="dry run"),
        pytest.param(["--preview", "bodies.jsonl"], id="preview"),
    ],
)
def test_a_look_at_what_would_be_sent_does_not_stop_the_grammar(tmp_path, nomenclair, monkeypatch, look):
    monkeypatch.chdir(tmp_path)
    workspace = workspace_with(tmp_path, [FileName.of("report_2023.pdf")])
    with serving(StubEndpoint()) as stub:
        assert nomenclair("generate", "--model", "stub", *look, "-w", tmp_path, stub=stub).returncode == 0
    assert workspace.ledger.exists()
    done = nomenclair("generate", "-w", tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(pairs_of(workspace)) == 1


def test_the_grammar_does_not_go_before_a_batch_that_is_still_to_come(tmp_path, nomenclair):
    workspace = workspace_with(tmp_path, [FileName.of("report_2023.pdf")])
    with open_ledger(workspace.ledger) as ledger:
        ledger.record_batch("0123456789abcdef", [])
    done = nomenclair("generate", "-w", tmp_path)
    assert done.returncode == 2 and "batch" in done.stderr and not workspace.pairs.exists()


def test_a_model_in_the_environment_does_not_stop_a_named_grammar(tmp_path, nomenclair, monkeypatch):
    workspace = workspace_with(tmp_path, [FileName.of("report_2023.pdf")])
    monkeypatch.setattr("tests.test_generate_cli.environment", lambda *_: {"OPENAI_MODEL": "gpt-4.1-mini"})
    assert nomenclair("generate", "--teacher", "grammar", "-w", tmp_path).returncode == 0
    assert len(pairs_of(workspace)) == 1


def test_no_names_yet_says_what_to_run(tmp_path, nomenclair):
    done = nomenclair("generate", "-w", tmp_path)
    assert done.returncode == 2 and "nomenclair scan" in done.stderr


def test_dry_run_and_preview_send_nothing_and_show_the_bytes(tmp_path, nomenclair):
    files = [*some_names(15), FileName.of("cv_jean.dupont@free.fr.pdf")]
    workspace_with(tmp_path, files)
    preview = tmp_path / "bodies.jsonl"
    with serving(StubEndpoint()) as stub:
        common = ["generate", "--model", "gpt-4.1-mini", "-w", tmp_path, "--concurrency", 1]
        dry = nomenclair(*common, "--dry-run", stub=stub)
        assert dry.returncode == 0, dry.stderr
        assert nomenclair(*common, "--preview", preview, stub=stub).returncode == 0
        assert stub.bodies == []
        assert nomenclair(*common, stub=stub).returncode == 0
        assert preview.read_bytes().splitlines() == stub.bodies
    assert "EMAIL_1.pdf" in dry.stdout and "dupont" not in dry.stdout
    assert "about $" in dry.stderr and "2 to 2 requests" in dry.stderr


def test_a_preview_shows_what_a_judge_would_be_sent(tmp_path, nomenclair):
    persons = [FileName.of("cv_jean.durandal@free.fr.pdf"), FileName.of("CV Marie Durandal.odt")]
    workspace_with(tmp_path, [*some_names(12), *persons])
    (tmp_path / "people.txt").write_text("Marie Durandal\n")
    preview = tmp_path / "bodies.jsonl"
    common = ["generate", "--model", "gpt-4.1-mini", "--mask-people", tmp_path / "people.txt", "-w", tmp_path]
    with serving(StubEndpoint()) as stub:
        dry = nomenclair(*common, "--judge", "--dry-run", stub=stub)
        assert dry.returncode == 0, dry.stderr
        nomenclair(*common, "--judge", "--preview", preview, stub=stub)
        before = preview.read_bytes().splitlines()
        nomenclair(*common, stub=stub)
        nomenclair(*common, "--judge", "--preview", preview, stub=stub)
        known = preview.read_bytes().splitlines()
        assert len(stub.bodies) == 2, "no preview asks a judge"
        assert nomenclair(*common, "--judge", "--concurrency", 1, stub=stub).returncode == 0
    assert stub.bodies[2:] == known and len(known) == 2, "once the texts are there, the exact bytes"
    names = [
        [f["name"] for body in bodies for f in files_of(json.loads(body))] for bodies in (before[2:], known)
    ]
    assert names[0] == names[1] and {"EMAIL_1.pdf", "CV PERSON_1.odt"} < set(names[0])
    assert all(b"(the French text of the answer)" in body for body in before[2:])
    assert b"urandal" not in b"".join([*before, *stub.bodies])
    assert "To judge: 2 to 2 requests" in dry.stderr and "EMAIL_1.pdf" in dry.stdout.split("judge@")[1]


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["generate"], id="generate"),
        pytest.param(["prompt", "compare", "describe-full"], id="compare"),
        pytest.param(["run", "a folder that was scanned"], id="run"),
    ],
)
def test_every_command_that_asks_a_teacher_masks_people(tmp_path, nomenclair, command):
    workspace = workspace_with(tmp_path, [FileName.of("CV Marie Durandal.odt")])
    workspace.curate_report.mkdir()  # ends `run` behind generate
    (tmp_path / "people.txt").write_text("Marie Durandal\n")
    with serving(StubEndpoint()) as stub:
        nomenclair(
            *command, "--model", "stub", "--mask-people", tmp_path / "people.txt", "-w", tmp_path, stub=stub
        )
        (body,) = stub.bodies
    assert [f["name"] for f in files_of(json.loads(body))] == ["CV PERSON_1.odt"]


def test_an_old_price_is_doubted_and_help_says_where_to_mend_it(tmp_path, nomenclair):
    workspace_with(tmp_path, some_names(3))
    prices = tmp_path / "prices.toml"
    row = '[[price]]\nmodel = "m*"\ninput = 1\ncached = 1\noutput = 1\nbatch = 0.5\nas_of = "{}"\n'
    common = ["generate", "--model", "mine", "--dry-run", "--prices", prices, "-w", tmp_path]
    with serving(StubEndpoint()) as stub:
        prices.write_text(row.format("2020-05"))
        assert "is of 2020-05" in nomenclair(*common, stub=stub).stderr
        prices.write_text(row.format(f"{date.today():%Y-%m}"))
        fresh = nomenclair(*common, stub=stub)
        assert fresh.returncode == 0 and "may have changed" not in fresh.stderr
    told = nomenclair("generate", "--help").stdout
    assert "prompts/prices.toml" in told and "dated" in told


def test_ctrl_c_awaits_what_is_in_flight_and_keeps_it(tmp_path):
    workspace = workspace_with(tmp_path, some_names(600))
    with serving(StubEndpoint(latency=0.3)) as stub:
        args = [sys.executable, "-m", "nomenclair.cli", "generate", "--model", "stub", "--concurrency", "4"]
        at_stub = {**os.environ, **environment(stub)}
        client = subprocess.Popen([*args, "-w", tmp_path], env=at_stub, stderr=subprocess.PIPE, text=True)
        while len(stub.bodies) < 8:
            assert client.poll() is None
            time.sleep(0.01)
        client.send_signal(signal.SIGINT)
        _, errors = client.communicate(timeout=60)
        assert client.returncode == 1 and "Interrupted" in errors
        assert len(pairs_of(workspace)) == 10 * len(stub.delivered) == 10 * len(stub.bodies)


def test_compare_asks_no_grammar(tmp_path, nomenclair):
    workspace_with(tmp_path, some_names(1))
    done = nomenclair("prompt", "compare", "describe-full", "--teacher", "grammar", "-w", tmp_path)
    assert done.returncode == 2 and "'local', 'openai'" in done.stderr


def test_compare_prints_a_row_per_template(tmp_path, nomenclair):
    workspace_with(tmp_path, some_names(45))
    with serving(StubEndpoint()) as stub:
        args = [
            "prompt",
            "compare",
            "describe-full",
            "describe-lean",
            "--model",
            "gpt-4.1-mini",
            "--names",
            20,
        ]
        done = nomenclair(*args, "-w", tmp_path, stub=stub)
        assert done.returncode == 0, done.stderr
        assert len(stub.bodies) == 4
    rows = [line for line in done.stdout.splitlines() if "@" in line]
    with serving(StubEndpoint()) as stub:
        nomenclair("generate", "--model", "gpt-4.1-mini", "-w", tmp_path, stub=stub)
        again = nomenclair(*args, "-w", tmp_path, stub=stub)
    assert again.stdout == done.stdout, "what generate paid for other names is not counted"
    assert ["full" in rows[0], "lean" in rows[1]] == [True, True]
    assert all("100%" in row for row in rows)
