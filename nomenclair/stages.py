"""The stages of a run in order: what each needs and makes, and so which command comes next."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from nomenclair.records import NOT_ASKED
from nomenclair.workspace import Workspace, count_records, read_json, read_records

# In the training folder: the command that made it, and the person's own table where the pairs came from one.
MADE_BY = "made-by.json"
BEFORE_TRAINING = ("scan", "generate", "curate", "review")


@dataclass(frozen=True, slots=True)
class Stage:
    """`output` is what proves the stage ran; `inputs` are what make it stale when newer."""

    name: str
    command: str
    inputs: tuple[Path, ...]
    output: Path
    rejected: Path | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """The one column of a Rejected row that tells how a name ended."""

    reason: str


@dataclass(frozen=True, slots=True)
class StageState:
    name: str
    command: str
    output: Path
    state: str  # done, stale, unfinished, missing, or not needed (before a training on own pairs)
    rows: int | None
    rejected: int | None


def stages(ws: Workspace) -> list[Stage]:
    made = _made_by(ws)
    return [
        Stage("scan", "scan PATH", (), ws.names),
        Stage("generate", "generate", (ws.names,), ws.pairs, ws.pairs_rejected),
        Stage("curate", "curate", (ws.pairs,), ws.curated, ws.curated_rejected),
        Stage("review", "review export", (ws.curated,), ws.sheet),
        Stage(
            "train",
            made["command"],
            (*([Path(made["table"])] if made["table"] else []), ws.curated, ws.reviewed),
            ws.training / "training.json",
        ),
        Stage("export", "export", (ws.training / "training.json",), ws.student / "student.json"),
        Stage("evaluate", "evaluate", (ws.student / "student.json",), ws.evaluation / "metrics.json"),
    ]


def inspect(ws: Workspace) -> list[StageState]:
    """What each stage has made so far; a stage is stale when one of its inputs is newer than its output,
    and unfinished while names wait to be asked."""
    own = _made_by(ws)["table"]

    def seen(stage: Stage) -> StageState:
        state = _state(stage, needed=not (own and stage.name in BEFORE_TRAINING))
        # A training of other pairs is not gone on from.
        again = " --fresh" if stage.name == "train" and state == "stale" else ""
        return StageState(
            stage.name,
            f"nomenclair {stage.command}{again} --workspace {shlex.quote(str(ws.root))}",
            stage.output,
            state,
            _rows(stage.output),
            _rows(stage.rejected) if stage.rejected else None,
        )

    return [seen(stage) for stage in stages(ws)]


def next_command(states: list[StageState], ws: Workspace) -> str:
    """The command of the first stage that is not done; once all are, the one that uses the student."""
    todo = (state.command for state in states if state.state not in ("done", "not needed"))
    return next(todo, f"nomenclair describe NAME --student {shlex.quote(str(ws.student))}")


def _made_by(ws: Workspace) -> dict:
    path = ws.training / MADE_BY
    return read_json(path) if path.exists() else {"command": "train", "table": None}


def _state(stage: Stage, needed: bool) -> str:
    if not stage.output.exists():
        return "missing" if needed else "not needed"
    made = stage.output.stat().st_mtime
    newer = any(path.exists() and path.stat().st_mtime > made for path in stage.inputs)
    if newer:
        return "stale"
    return "unfinished" if needed and _waits(stage.rejected) else "done"


def _waits(rejected: Path | None) -> bool:
    """Was the stage stopped before it came to every name?

    One that the endpoint left unanswered is asked again too, but holds up no later stage: it might never be answered.
    """
    if rejected is None or not rejected.exists():
        return False
    return any(row.reason == NOT_ASKED for row in read_records(rejected, Ended))


def _rows(path: Path) -> int | None:
    if not path.exists():
        return None
    if path.suffix == ".parquet":
        return count_records(path)
    if path.suffix == ".tsv":
        with open(path, "rb") as lines:
            return max(sum(1 for _ in lines) - 1, 0)
    return None
