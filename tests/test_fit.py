import csv
import dataclasses
import shutil
import subprocess
import sys

import pytest
from safetensors.numpy import load_file, save_file
from transformers import TrainerCallback

from nomenclair.errors import UserError
from nomenclair.workspace import read_json, write_json
from tests import disk
from train.bases import EMBEDDED
from train.data import examples, fingerprint, split_of
from train.export import load_trained
from train.fit import Settings, default_epochs, fit, run_state
from train.folder import put_back, set_aside


class StopAfterEpoch(TrainerCallback):
    def __init__(self, epoch=1):
        self.epoch = epoch

    def on_save(self, args, state, *rest, **kwargs):
        if state.epoch >= self.epoch:
            raise KeyboardInterrupt


class FillDisk(TrainerCallback):
    """No file may grow past 20 kB from the first step on, as where the disk is full."""

    def on_step_end(self, *args, **kwargs):
        disk.fill(20_000)


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


def test_half_a_pass_goes_on_where_it_was_interrupted(tmp_path, settings, pairs):
    """One pass over many pairs takes hours: its fifths are kept."""
    half = dataclasses.replace(settings, epochs=0.5, batch=8)
    with pytest.raises(KeyboardInterrupt):
        fit(pairs, half, tmp_path, [StopAfterEpoch(0.15)])
    counter = CountSteps()
    outcome = fit(pairs, half, tmp_path, [counter])
    assert 0 < counter.steps < 0.9 * outcome.steps
    losses = [row["epoch"] for row in read_json(tmp_path / "training.json")["history"] if "eval_loss" in row]
    assert len(losses) == 5 and losses[-1] == pytest.approx(0.5, abs=0.02)


def cut_short(file):
    file.write_bytes(file.read_bytes()[:100])


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda file: file.unlink(), id="killed before the last file of a checkpoint"),
        pytest.param(cut_short, id="killed within it"),
    ],
)
def test_a_training_goes_on_from_the_last_whole_checkpoint(tmp_path, settings, pairs, spoil):
    with pytest.raises(KeyboardInterrupt):
        fit(pairs[:80], settings, tmp_path, [StopAfterEpoch(2)])
    first, last = sorted((tmp_path / "checkpoints").iterdir(), key=lambda path: int(path.name.split("-")[1]))
    spoil(last / "trainer_state.json")
    counter = CountSteps()
    outcome = fit(pairs[:80], settings, tmp_path, [counter])
    assert counter.steps == outcome.steps // 2 and first.exists()


def test_a_full_disk_says_what_to_do_and_loses_nothing(tmp_path, settings, pairs):
    told = pytest.raises(UserError, match=r"cannot be written.*Free some space.*same command again")
    with told, disk.freed_after():
        fit(pairs[:80], dataclasses.replace(settings, epochs=1), tmp_path, [FillDisk()])
    assert list((tmp_path / "checkpoints").iterdir())  # half a one
    fit(pairs[:80], dataclasses.replace(settings, epochs=1), tmp_path)
    assert (tmp_path / "training.json").exists()


def test_patience_goes_on_where_it_stood(tmp_path, settings, pairs):
    """Nothing is learnt, so the second and third epoch are no better than the first."""
    idle = dataclasses.replace(settings, learning_rate=0.0, epochs=6, patience=2)
    with pytest.raises(KeyboardInterrupt):
        fit(pairs[:80], idle, tmp_path, [StopAfterEpoch(2)])
    fit(pairs[:80], idle, tmp_path)
    assert max(row["epoch"] for row in read_json(tmp_path / "training.json")["history"]) == 3


def test_each_epoch_has_one_validation_loss(training):
    """The losses measured at the end are those of the best weights, not of the last epoch's."""
    report = read_json(training / "training.json")
    assert [row["epoch"] for row in report["history"] if "eval_loss" in row] == [1, 2]


def test_weights_in_8_bits_are_not_tuned_themselves():
    with pytest.raises(UserError, match="Leave out --full or --load-in-8bit"):
        Settings(base="random", full=True, load_in_8bit=True)


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


def test_other_settings_are_named(training, settings, pairs):
    with pytest.raises(UserError, match=r"other batch \(64, now 32\).*nomenclair train --fresh --workspace"):
        fit(pairs, dataclasses.replace(settings, batch=32), training)


def test_another_base_in_the_same_folder_is_noticed(tmp_path, settings, tiny_base, pairs):
    """Neither a training nor an export goes on from weights that it did not begin with."""
    base = tmp_path / "base"
    shutil.copytree(tiny_base, base)
    mine = dataclasses.replace(settings, base=str(base), epochs=1)
    fit(pairs[:80], mine, tmp_path / "training")
    weights = load_file(base / "model.safetensors")
    save_file({name: value + 1 for name, value in weights.items()}, base / "model.safetensors")
    with pytest.raises(UserError, match="training of other weights"):
        fit(pairs[:80], mine, tmp_path / "training")
    with pytest.raises(UserError, match=r"no longer the one.*nomenclair train --fresh"):
        load_trained(tmp_path / "training")


def test_a_training_without_a_checkpoint_blocks_no_other(tmp_path, settings, pairs):
    write_json(tmp_path / "run.json", {"settings": {"epochs": 2}, "data": "d", "contract": 1})
    (tmp_path / "checkpoints").mkdir()
    fit(pairs[:80], dataclasses.replace(settings, epochs=1), tmp_path)
    assert (tmp_path / "training.json").exists()


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


def test_begun_anew_and_interrupted_it_goes_on(tmp_path, settings, pairs):
    few, folder = pairs[:80], tmp_path / "training"
    write_json(folder / "training.json", {})
    set_aside(folder, run_state(few, settings))
    with pytest.raises(KeyboardInterrupt):
        fit(few, settings, folder, [StopAfterEpoch()])
    put_back(folder)
    set_aside(folder, run_state(few, settings))
    counter = CountSteps()
    assert fit(few, settings, folder, [counter]).steps == 2 * counter.steps


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
