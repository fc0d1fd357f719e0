"""Commands over all stages: status."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from nomenclair.cli.common import DEFAULT_WORKSPACE, WorkspaceOption, room, workspace


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: nomenclair status --json")(status)


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
    from rich.console import Console

    Console().print(table)
    print(f"next: {following}")
