"""Commands over all stages: run, status."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from nomenclair.cli import curate, datagen, generate, review, train
from nomenclair.cli.common import DEFAULT_WORKSPACE, WorkspaceOption, console, printer, room, workspace
from nomenclair.cli.generate import MaskPeopleOption, TeacherName


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: nomenclair run ~/Documents --teacher grammar --seed")(run)
    app.command(epilog="Example: nomenclair status --json")(status)


def run(
    paths: Annotated[list[Path], typer.Argument(help="Folders to harvest names from.")],
    teacher: Annotated[TeacherName | None, typer.Option(help="grammar, local or openai.")] = None,
    model: Annotated[
        str | None, typer.Option(help="Model name at the endpoint.", envvar="OPENAI_MODEL")
    ] = None,
    mask_people: MaskPeopleOption = None,
    seed: Annotated[bool, typer.Option("--seed", help="Add the seed corpus, written by hand.")] = False,
    base: Annotated[str | None, typer.Option(help="A T5: a folder, a hub name, or random.")] = None,
    epochs: Annotated[float | None, typer.Option(help="Most passes over the pairs, as in train.")] = None,
    root: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Go through all stages; those that are done are left alone, so the same command resumes."""
    ws = workspace(root)
    module = room("nomenclair.stages")
    steps: dict[str, Callable[[bool], None]] = {
        "scan": lambda stale: datagen.scan(paths, root=root),
        "generate": lambda stale: generate.generate(
            teacher, model, os.environ.get("OPENAI_BASE_URL"), mask_people=mask_people, root=root
        ),
        "curate": lambda stale: curate.curate(seed=seed, root=root),
        "review": lambda stale: review.export(root=root),
        "train": lambda stale: train.train(base=base, epochs=epochs, fresh=stale, root=root),
        "export": lambda stale: train.export(root=root),
        "evaluate": lambda stale: train.evaluate(root=root),
    }
    for name, step in steps.items():
        # Looked at anew each time: a stage that ran makes those after it stale.
        state = next(state for state in module.inspect(ws) if state.name == name)
        console.rule(f"{name}: {state.state}" if state.state == "done" else name)
        if state.state != "done":
            step(state.state == "stale")


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    root: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Say what each stage has made so far, and which command comes next."""
    ws = workspace(root)
    stages = room("nomenclair.stages")
    room("pyarrow")
    states = stages.inspect(ws)
    following = stages.next_command(states, ws)
    if as_json:
        rows = [{**asdict(state), "output": str(state.output)} for state in states]
        print(json.dumps({"stages": rows, "next": following}, ensure_ascii=False, indent=2))
        return
    table = Table("stage", "state", "rows", "rejected", "file", title=str(ws.root), title_justify="left")
    for state in states:
        table.add_row(
            state.name,
            state.state,
            "" if state.rows is None else str(state.rows),
            "" if state.rejected is None else str(state.rejected),
            str(state.output),
        )
    printer().print(table)
    print(f"next: {following}")
