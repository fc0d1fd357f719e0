import os
import shlex

import pytest

from nomenclair.cli.train import as_typed
from nomenclair.records import NOT_ASKED, FileName, Pair, Rejected
from nomenclair.stages import MADE_BY, inspect, next_command
from nomenclair.workspace import Workspace, write_json, write_records, write_text


def has_names(ws):
    write_records(ws.names, FileName, [FileName.of("a.pdf"), FileName.of("b.pdf")])


def has_pairs(ws):
    has_names(ws)
    write_records(ws.pairs, Pair, [Pair("n1", "a.pdf", "PDF", "PDF", "document", "grammar", "")])


def has_newer_names(ws):
    has_pairs(ws)
    os.utime(ws.pairs, (1, 1))


def has_rejected(ws, reason):
    has_pairs(ws)
    write_records(ws.pairs_rejected, Rejected, [Rejected("n2", "b.pdf", "generate", reason, "")])


def has_everything(ws):
    has_pairs(ws)
    write_records(ws.curated, Pair, [])
    write_text(ws.sheet, "id\tname\nn1\ta.pdf\n")
    for done in (ws.training / "training.json", ws.student / "student.json", ws.evaluation / "metrics.json"):
        write_json(done, {})


def learns_from_own_pairs(ws):
    table = ws.root / "my table.csv"
    table.write_text("file,desc\na.pdf,Document PDF\n")
    command = as_typed({"base": "random", "pairs_file": table, "target_column": ["fr=desc"], "fresh": True})
    write_json(ws.training / MADE_BY, {"command": command, "table": str(table)})


def has_stopped_training(ws):
    has_everything(ws)
    (ws.training / "training.json").unlink()
    write_json(ws.training / MADE_BY, {"command": as_typed({"epochs": 2.5, "full": True}), "table": None})


def has_trained_on_own_pairs(ws):
    learns_from_own_pairs(ws)
    write_json(ws.training / "training.json", {})


def has_newer_own_pairs(ws):
    has_trained_on_own_pairs(ws)
    os.utime(ws.training / "training.json", (1, 1))


OWN = "nomenclair train --base random --pairs '{root}/my table.csv' --target-column fr=desc"


@pytest.mark.parametrize(
    ("make", "command"),
    [
        pytest.param(lambda ws: None, "nomenclair scan PATH --workspace", id="an empty workspace"),
        pytest.param(has_names, "nomenclair generate --workspace", id="after scan"),
        pytest.param(has_pairs, "nomenclair curate --workspace", id="after generate"),
        pytest.param(has_newer_names, "nomenclair generate --workspace", id="scanned again"),
        pytest.param(
            lambda ws: has_rejected(ws, NOT_ASKED),
            "nomenclair generate --workspace",
            id="generate was stopped",
        ),
        pytest.param(
            lambda ws: has_rejected(ws, "unanswered-timeout"),
            "nomenclair curate --workspace",
            id="a name that the endpoint did not answer",
        ),
        pytest.param(
            lambda ws: has_rejected(ws, "bad-request"),
            "nomenclair curate --workspace",
            id="a name that was refused for good",
        ),
        pytest.param(learns_from_own_pairs, f"{OWN} --workspace", id="a training on own pairs was stopped"),
        pytest.param(has_trained_on_own_pairs, "nomenclair export --workspace", id="trained on own pairs"),
        pytest.param(has_newer_own_pairs, f"{OWN} --fresh --workspace", id="own pairs changed since"),
        pytest.param(
            has_stopped_training,
            "nomenclair train --epochs 2.5 --full --workspace",
            id="a training was stopped",
        ),
        pytest.param(has_everything, "nomenclair describe NAME --student", id="after all"),
    ],
)
def test_next_command(tmp_path, make, command):
    ws = Workspace(tmp_path)
    make(ws)
    assert next_command(inspect(ws), ws).startswith(command.format(root=tmp_path))


@pytest.mark.parametrize("make", [lambda ws: None, has_everything], ids=["a stage", "the student"])
def test_a_folder_with_a_space_is_one_word_of_the_command(tmp_path, make):
    ws = Workspace(tmp_path / "my work")
    make(ws)
    assert shlex.split(next_command(inspect(ws), ws))[-1].startswith(str(ws.root))


def test_own_pairs_need_no_stage_before_training(tmp_path):
    ws = Workspace(tmp_path)
    has_trained_on_own_pairs(ws)
    assert [state.state for state in inspect(ws)] == [*["not needed"] * 4, "done", "missing", "missing"]


def test_rows_are_counted(tmp_path):
    ws = Workspace(tmp_path)
    has_everything(ws)
    rows = {state.name: state.rows for state in inspect(ws)}
    assert rows == {
        "scan": 2,
        "generate": 1,
        "curate": 0,
        "review": 1,
        "train": None,
        "export": None,
        "evaluate": None,
    }
