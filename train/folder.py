"""What stands in a training folder: whether a training may go on from it, and what makes room for another."""

import json
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

from transformers.trainer import TRAINER_STATE_NAME

from nomenclair.errors import UserError
from nomenclair.workspace import read_json

# The base made smaller, where the settings ask for it.
PREPARED = "base"


def set_aside(folder: Path, state: dict) -> None:
    """Move a training that stands in the folder out of the way of a new one, of which `state` is the run_state.

    One of the same state that did not finish stays: the new one goes on from it. Another that was itself begun anew
    and did not finish goes: the finished one before it still stands aside.
    """
    finished = (folder / "training.json").exists()
    if not finished and (folder / "run.json").exists() and not _changed(folder, state):
        return
    if _aside(folder).exists() and not finished:
        shutil.rmtree(folder, ignore_errors=True)
    elif folder.exists():
        drop_aside(folder)
        folder.rename(_aside(folder))


def put_back(folder: Path) -> None:
    """Undo set_aside, where the new training made nothing that the same command could go on from."""
    begun = (folder / "training.json").exists() or has_checkpoint(folder)
    if _aside(folder).exists() and not begun:
        shutil.rmtree(folder, ignore_errors=True)
        _aside(folder).rename(folder)


def drop_aside(folder: Path) -> None:
    shutil.rmtree(_aside(folder), ignore_errors=True)


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


def remove_leftovers(folder: Path) -> None:
    """What an earlier training left whose checkpoints are gone: of its model nothing may slip into this one's."""
    if not has_checkpoint(folder):
        for name in ("model", "adapter", "tokenizer", PREPARED):
            shutil.rmtree(folder / name, ignore_errors=True)


def _checkpoints(folder: Path) -> Iterator[Path]:
    return (folder / "checkpoints").glob("checkpoint-*")


def base_begun(folder: Path) -> str | None:
    """The base of the training that the same command would go on from; what is the default may change by the day."""
    if not has_checkpoint(folder) or not (folder / "run.json").exists():
        return None
    return read_json(folder / "run.json").get("settings", {}).get("base")


def has_checkpoint(folder: Path) -> bool:
    """Is there anything that a training could go on from?"""
    return any(map(_is_whole, _checkpoints(folder)))


def remove_broken_checkpoints(folder: Path) -> None:
    """Those that a kill or a full disk left half-written: the trainer would go on from them and fail."""
    for path in list(_checkpoints(folder)):
        if not _is_whole(path):
            shutil.rmtree(path)


def _is_whole(checkpoint: Path) -> bool:
    """Is its last file there, which the trainer writes last?"""
    try:
        json.loads((checkpoint / TRAINER_STATE_NAME).read_bytes())
    except (OSError, ValueError):
        return False
    return True


def _changed(folder: Path, state: dict) -> list[str]:
    """What of the state differs from that of the training begun in the folder."""
    begun = read_json(folder / "run.json")
    same = json.loads(json.dumps(state))
    return [key for key in same if begun.get(key) != same[key]]


def _differing(folder: Path, state: dict) -> str:
    """What `_changed` finds, each of the settings with what it was and is; "" where nothing differs."""
    parts = [key for key in _changed(folder, state) if key != "settings"]
    before = read_json(folder / "run.json").get("settings", {})
    now = json.loads(json.dumps(state["settings"]))
    parts += [f"{key} ({before.get(key)}, now {now[key]})" for key in now if before.get(key) != now[key]]
    return " and ".join(parts)


def check_same_run(folder: Path, state: dict) -> None:
    if not has_checkpoint(folder) or not (folder / "run.json").exists():
        return
    if differing := _differing(folder, state):
        raise UserError(
            f"{folder} holds a training of other {differing}.",
            f"Begin again: nomenclair train --fresh --workspace {shlex.quote(str(folder.parent))} (the old training "
            "goes once the new one is made), or choose another --workspace.",
        )
