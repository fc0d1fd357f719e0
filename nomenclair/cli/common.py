"""What every command shares: the --workspace option, error printing, the guard for the pipeline's rooms."""

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from nomenclair.errors import UserError
from nomenclair.workspace import Workspace


def printer(stderr: bool = False) -> Console:
    """A console that shows text as it stands: brackets and colons of a path are no markup."""
    return Console(stderr=stderr, markup=False, emoji=False)


# Progress and tables for people go to stderr, so that stdout holds results alone and can be piped.
console = printer(stderr=True)

WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", help="Folder of this run.", envvar="NOMENCLAIR_WORKSPACE")
]
DEFAULT_WORKSPACE = Path("workspace")


def workspace(path: Path) -> Workspace:
    return Workspace(path)


def room(module: str) -> ModuleType:
    """Import a module of the pipeline; UserError where only the light core is installed."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise UserError(
            f"This command needs {error.name!r}, which is not installed.",
            "The pipeline runs from a checkout: in it, type `make install`, then .venv/bin/nomenclair.",
        ) from error


def fail(error: UserError, code: int) -> None:
    print(f"nomenclair: {error.what} {error.cure}", file=sys.stderr)
    sys.exit(code)


def progress(unit: str) -> Progress:
    """A progress bar on stderr; `total=None` tasks show a spinner and a count of `unit`."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        console=console,
    )
