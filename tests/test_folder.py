import pytest

from nomenclair.workspace import read_json, write_json
from train.folder import put_back, set_aside

STATE = {"settings": {"epochs": 2}, "data": "d", "contract": 1}


def finished(folder):
    write_json(folder / "training.json", {})


def half_made(folder, checkpoints=1, state=STATE):
    write_json(folder / "run.json", state)
    for i in range(checkpoints):
        write_json(folder / "checkpoints" / f"checkpoint-{i}" / "trainer_state.json", {})


def whole(folder):
    half_made(folder)
    finished(folder)


def made_a_broken_checkpoint(folder):
    half_made(folder)
    (folder / "checkpoints" / "checkpoint-0" / "trainer_state.json").write_text("{")


@pytest.mark.parametrize(
    ("made", "back"),
    [
        pytest.param(lambda folder: folder.mkdir(), True, id="it could not begin"),
        pytest.param(lambda folder: half_made(folder, 0), True, id="it was stopped in its first epoch"),
        pytest.param(made_a_broken_checkpoint, True, id="the disk was full at its first checkpoint"),
        pytest.param(half_made, False, id="it was stopped later: the same command goes on"),
        pytest.param(whole, False, id="it is finished"),
        pytest.param(lambda folder: None, True, id="it made no folder"),
    ],
)
def test_a_training_comes_back_where_the_new_one_made_nothing(tmp_path, made, back):
    folder = tmp_path / "training"
    write_json(folder / "training.json", {"old": True})
    set_aside(folder, STATE)
    made(folder)
    put_back(folder)
    put_back(folder)  # nothing stands aside, or what was made stays
    old = (folder / "training.json").exists() and "old" in read_json(folder / "training.json")
    assert (old, (folder / "checkpoints").exists()) == (back, not back)


@pytest.mark.parametrize(
    ("made", "stays"),
    [
        pytest.param(half_made, True, id="the same command after an interruption"),
        pytest.param(
            lambda folder: half_made(folder, state={**STATE, "data": "other"}), False, id="other data"
        ),
        pytest.param(whole, False, id="a finished one of the same settings"),
        pytest.param(lambda folder: folder.mkdir(), False, id="one that had not begun"),
    ],
)
def test_begun_anew_a_second_time(tmp_path, made, stays):
    folder = tmp_path / "training"
    finished(folder)
    set_aside(folder, STATE)
    made(folder)
    set_aside(folder, STATE)
    assert folder.exists() == stays
    assert (tmp_path / ".training.old" / "training.json").exists()
