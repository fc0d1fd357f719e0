"""Commands of the room datagen: scan; generate and prompt stand in generate.py."""

from pathlib import Path
from typing import Annotated

import typer

from nomenclair.cli import generate
from nomenclair.cli.common import DEFAULT_WORKSPACE, WorkspaceOption, console, progress, room, workspace


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: nomenclair scan ~/Documents /usr/share --exclude '*.pyc'")(scan)
    generate.register(app)


def scan(
    paths: Annotated[list[Path], typer.Argument(help="Folders to walk.")],
    include: Annotated[list[str] | None, typer.Option(help="Take only names that match this glob.")] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="Leave out names (and folders) that match.")
    ] = None,
    gitignore: Annotated[bool, typer.Option("--gitignore", help="Respect .gitignore files.")] = False,
    root: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Harvest the base names of a file tree, counted, into names.parquet."""
    module = room("datagen.scan")
    ws = workspace(root)
    options = module.ScanOptions(tuple(include or ()), tuple(exclude or ()), gitignore)
    with progress("folders") as bar:
        task = bar.add_task("Scanning", total=None)
        counts = module.scan(paths, ws.names, ws.skipped, options, lambda: bar.advance(task))
    console.print(
        f"{counts.files} files in {counts.folders} folders: {counts.names} distinct names in {ws.names}"
        + (f"; {counts.decoded} not UTF-8, read as cp1252" if counts.decoded else "")
    )
    for reason, n in sorted(counts.skipped.items(), key=lambda item: -item[1]):
        console.print(f"  skipped {n}: {reason}")
    if counts.skipped:
        console.print(f"  listed in {ws.skipped}")
