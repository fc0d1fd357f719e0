"""The stages of a run in order: what each needs and makes, and so which command comes next."""

from dataclasses import dataclass
from pathlib import Path

from nomenclair.workspace import Workspace, count_records


@dataclass(frozen=True, slots=True)
class Stage:
    """`output` is what proves the stage ran; `inputs` are what make it stale when newer."""

    name: str
    command: str
    inputs: tuple[Path, ...]
    output: Path
    rejected: Path | None = None


@dataclass(frozen=True, slots=True)
class StageState:
    name: str
    command: str
    output: Path
    state: str  # done, stale or missing
    rows: int | None
    rejected: int | None


def stages(ws: Workspace) -> list[Stage]:
    return [
        Stage("scan", "scan PATH", (), ws.names),
        Stage("generate", "generate", (ws.names,), ws.pairs, ws.pairs_rejected),
        Stage("curate", "curate", (ws.pairs,), ws.curated, ws.curated_rejected),
        Stage("review", "review export", (ws.curated,), ws.sheet),
        Stage("train", "train", (ws.curated, ws.reviewed), ws.training / "training.json"),
        Stage("export", "export", (ws.training / "training.json",), ws.student / "student.json"),
        Stage("evaluate", "evaluate", (ws.student / "student.json",), ws.evaluation / "metrics.json"),
    ]


def inspect(ws: Workspace) -> list[StageState]:
    """What each stage has made so far; a stage is stale when one of its inputs is newer than its output."""
    return [
        StageState(
            stage.name,
            f"nomenclair {stage.command} --workspace {ws.root}",
            stage.output,
            _state(stage),
            _rows(stage.output),
            _rows(stage.rejected) if stage.rejected else None,
        )
        for stage in stages(ws)
    ]


def next_command(states: list[StageState], ws: Workspace) -> str:
    """The command of the first stage that is not done; once all are, the one that uses the student."""
    todo = (state.command for state in states if state.state != "done")
    return next(todo, f"nomenclair describe NAME --student {ws.student}")


def _state(stage: Stage) -> str:
    if not stage.output.exists():
        return "missing"
    made = stage.output.stat().st_mtime
    newer = any(path.exists() and path.stat().st_mtime > made for path in stage.inputs)
    return "stale" if newer else "done"


def _rows(path: Path) -> int | None:
    if not path.exists():
        return None
    if path.suffix == ".parquet":
        return count_records(path)
    if path.suffix == ".tsv":
        with open(path, "rb") as lines:
            return max(sum(1 for _ in lines) - 1, 0)
    return None
