import shutil

import pytest
from typer.testing import CliRunner

from nomenclair import UserError
from nomenclair.cli import app
from nomenclair.records import Pair
from nomenclair.workspace import Workspace, read_json, write_json, write_records
from train import bases, fit


@pytest.fixture
def ws(tmp_path, pairs):
    """A workspace with a finished training."""
    ws = Workspace(tmp_path / "ws")
    write_records(ws.curated, Pair, pairs[:80])
    write_json(ws.training / "training.json", {"old": True})
    return ws


def train(ws, base, *options):
    command = ["train", "--base", base, "--epochs", "2", "--workspace", str(ws.root), *options]
    return CliRunner().invoke(app, [str(part) for part in command])


def folders(ws):
    return sorted(path.name for path in ws.root.iterdir() if path.is_dir())


def checkpoints(ws):
    """Each with when it was made."""
    return {path.name: path.stat().st_mtime_ns for path in ws.training.glob("checkpoints/checkpoint-*")}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        pytest.param(["--batch", "0"], "batch", id="no example per step"),
        pytest.param(["--epochs", "0"], "epochs", id="no pass"),
        pytest.param(["--decoder-layers", "0"], "decoder-layers", id="no decoder layer"),
        pytest.param(["--lang", "fr"], "Add --pairs", id="a language of no table"),
        pytest.param(["--full", "--load-in-8bit"], "Leave out --full or --load-in-8bit", id="8 bits tuned"),
        pytest.param(["--pairs", "{root}/few.csv"], "give --pairs a longer table", id="a table too short"),
    ],
)
def test_a_refused_training_changes_nothing(ws, tiny_base, options, says):
    (ws.root / "few.csv").write_text("file,desc\na.pdf,Un PDF\n")
    done = train(ws, tiny_base, "--fresh", *(option.format(root=ws.root) for option in options))
    assert done.exit_code != 0 and says in f"{done.output} {done.exception}"
    assert folders(ws) == ["training"] and [path.name for path in ws.training.iterdir()] == ["training.json"]


def test_a_base_cut_short_brings_the_finished_training_back(ws, tiny_base, tmp_path):
    base = tmp_path / "base"
    shutil.copytree(tiny_base, base)
    weights = base / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    done = train(ws, base, "--fresh")
    assert isinstance(done.exception, UserError) and "cannot be loaded" in str(done.exception)
    assert read_json(ws.training / "training.json") == {"old": True} and folders(ws) == ["training"]


def test_begun_anew_the_same_command_goes_on(ws, tiny_base, monkeypatch):
    """A full disk at the last file, whose checkpoints stand: what stood before waits until the new one is made."""

    def full(path, value):
        if path.name == "training.json":
            raise UserError(f"Cannot write {path}.", "Free some space.")
        write_json(path, value)

    monkeypatch.setattr(fit, "write_json", full)
    assert isinstance(train(ws, tiny_base, "--fresh").exception, UserError)
    assert folders(ws) == [".training.old", "training"]
    made = checkpoints(ws)
    monkeypatch.undo()
    done = train(ws, tiny_base, "--fresh")
    assert done.exit_code == 0, done.output
    assert checkpoints(ws) == made
    assert read_json(ws.training / "training.json")["result"] and folders(ws) == ["training"]


def test_a_training_goes_on_with_the_base_that_it_began_with(ws, tiny_base, monkeypatch):
    """Where none is named, the default depends on whether the hub answers that day."""
    command = ["train", "--epochs", "2", "--workspace", str(ws.root)]
    monkeypatch.setattr(bases, "default_base", lambda: (tiny_base, ""))
    assert CliRunner().invoke(app, [*command, "--fresh"]).exit_code == 0
    monkeypatch.setattr(bases, "default_base", lambda: (bases.RANDOM, ""))
    again = CliRunner().invoke(app, command)
    assert again.exit_code == 0 and "as this training began" in " ".join(again.output.split())
