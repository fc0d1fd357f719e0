import csv
import dataclasses
import subprocess
import sys

import pytest
from transformers import TrainerCallback

from nomenclair.errors import UserError
from nomenclair.workspace import read_json
from train.bases import EMBEDDED
from train.data import examples, fingerprint, split_of
from train.fit import Settings, default_epochs, fit, put_back, set_aside


class StopAfterEpoch(TrainerCallback):
    def on_save(self, *args, **kwargs):
        raise KeyboardInterrupt


class CountSteps(TrainerCallback):
    def __init__(self):
        self.steps = 0

    def on_step_end(self, *args, **kwargs):
        self.steps += 1


def test_training_leaves_a_full_record(training, settings, pairs):
    report = read_json(training / "training.json")
    assert report["settings"] == {**dataclasses.asdict(settings), "languages": ["fr", "en"]}
    assert report["data"] == fingerprint(pairs)
    assert report["result"]["best_epoch"] == 2
    assert report["result"]["validation_loss"] > 0
    assert (training / "adapter" / "adapter_model.safetensors").exists()
    assert list((training / "tensorboard").iterdir())


@pytest.mark.parametrize(
    ("texts", "epochs"),
    [
        pytest.param(3_000, 12, id="a few thousand: as many as stop early"),
        pytest.param(421_530, 0.19, id="the seed corpus: a part of one"),
        pytest.param(0, 12, id="none: the split says so"),
    ],
)
def test_how_long_where_nobody_says_it(texts, epochs):
    assert default_epochs(texts) == epochs


def test_an_interrupted_training_goes_on(tmp_path, settings, pairs):
    with pytest.raises(KeyboardInterrupt):
        fit(pairs, settings, tmp_path, [StopAfterEpoch()])
    counter = CountSteps()
    outcome = fit(pairs, settings, tmp_path, [counter])
    assert counter.steps == outcome.steps // 2


@pytest.mark.slow
def test_two_processes_train_as_one(tmp_path, pairs):
    """What `accelerate launch` starts on several GPUs, on the cores of this machine: one record, like losses."""
    table = tmp_path / "pairs.csv"
    rows = [[pair.name, pair.en] for pair in pairs]
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["file", "desc"], *rows])
    train = (
        f"train --pairs {table} --lang en --base {EMBEDDED} --epochs 1 --batch 32 --decoder-layers 1 --fp32"
    )
    outcomes = {}
    for processes in (1, 2):
        root = tmp_path / str(processes)
        launch = f"-m torch.distributed.run --nproc_per_node {processes} -m nomenclair.cli {train} --workspace {root}"
        done = subprocess.run([sys.executable, *launch.split()], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stderr.count(" pairs, ") == 1
        outcomes[processes] = read_json(root / "training" / "training.json")["result"]
        assert len(list((root / "training" / "tensorboard").iterdir())) == 1
    assert outcomes[1]["steps"] == pytest.approx(2 * outcomes[2]["steps"], abs=2)
    assert outcomes[2]["validation_loss"] == pytest.approx(outcomes[1]["validation_loss"], rel=0.1)


def test_other_data_does_not_resume(training, settings, pairs):
    with pytest.raises(UserError, match=r"a training of other data.*--fresh"):
        fit(pairs[:-1], settings, training)


def test_a_base_in_8_bits_trains_on_this_machine(tmp_path, settings, pairs):
    outcome = fit(pairs[:80], dataclasses.replace(settings, load_in_8bit=True, epochs=1), tmp_path)
    assert outcome.train_loss == outcome.train_loss  # not NaN


@pytest.mark.parametrize(
    ("base", "says"),
    [
        pytest.param("/nowhere", "'/nowhere' cannot be loaded.*Give a folder", id="no such folder"),
        pytest.param("nobody/no-such-model", "cannot be loaded.*hub name that answers", id="no hub"),
    ],
)
def test_a_missing_base_is_named(tmp_path, pairs, base, says):
    with pytest.raises(UserError, match=says):
        fit(pairs, Settings(base=base), tmp_path)


def test_a_training_comes_back_where_the_new_one_cannot_begin(tmp_path):
    folder = tmp_path / "training"
    folder.mkdir()
    (folder / "training.json").write_text("{}")
    set_aside(folder)
    folder.mkdir()  # what the new one began
    put_back(folder)
    assert [path.name for path in tmp_path.rglob("*")] == ["training", "training.json"]
    set_aside(folder)
    folder.mkdir()  # what a second new one began, before it was killed
    set_aside(folder)
    put_back(folder)
    put_back(folder)  # nothing stands aside
    assert (folder / "training.json").exists()


def test_nothing_of_an_earlier_training_slips_in(tmp_path, settings, pairs):
    """Its checkpoints were removed to save room; its model would be taken for the new one's."""
    (tmp_path / "model").mkdir()
    fit(pairs[:80], dataclasses.replace(settings, epochs=1), tmp_path)
    assert not (tmp_path / "model").exists() and (tmp_path / "adapter").exists()


def test_too_few_pairs(pairs, tmp_path, settings):
    with pytest.raises(UserError, match="1 pairs are too few"):
        fit(pairs[:1], settings, tmp_path)


def test_families_never_part(pairs):
    data = examples(pairs)
    assert {name for split in data.values() for name in split["name"]} == {p.name for p in pairs}
    assert split_of("IMG_0001.jpg") == split_of("IMG_9999.jpg")
    sizes = [len(data[split]) for split in ("train", "validation", "test")]
    assert sizes[0] > 6 * sizes[1] > 0 and sizes[2] > 0


def test_both_languages_of_a_name_share_its_split(pairs):
    for split in examples(pairs).values():
        assert sorted(split["name"]) == sorted([*set(split["name"])] * 2)
