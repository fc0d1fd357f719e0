"""Commands for people with a folder and for programs in any language: ls, serve. The light core is enough."""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, TextIO

import typer

from nomenclair.cli.common import DEFAULT_WORKSPACE, WorkspaceOption
from nomenclair.cli.describe import StudentOption, load_student, one_line, robust_streams
from nomenclair.contract import check_lang
from nomenclair.errors import UserError
from nomenclair.names import readable

# Small enough that the first lines show at once, large enough that batches hold names of like length.
LIST_BLOCK = 128


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: nomenclair ls ~/Documents --lang fr")(ls)
    app.command(epilog='Example: echo \'{"id": 1, "names": ["a.pdf"], "lang": "fr"}\' | nomenclair serve')(
        serve
    )


def ls(
    folder: Annotated[Path, typer.Argument(help="The folder to list; its subfolders are not entered.")],
    lang: Annotated[str, typer.Option(help="fr or en.")] = "fr",
    student: StudentOption = None,
    root: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """List a folder's files by name, each with its description, as they are described."""
    check_lang(lang)
    names = file_names(folder)
    loaded = load_student(student, root)
    robust_streams(json_lines=False)
    for found in loaded.stream([(name, lang) for name in names], LIST_BLOCK):
        print(f"{one_line(found.name)}\t{found.text}", flush=True)


def file_names(folder: Path) -> list[str]:
    """The names of a folder's files, sorted; UserError where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return sorted(readable(entry.name) for entry in entries if not _is_folder(entry))
    except OSError as error:
        raise UserError(
            f"{folder} cannot be listed: {error.strerror}.", "Name a folder that you may read."
        ) from error


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle, or to where one may not look: a name like any other
        return False


def serve(student: StudentOption = None, root: WorkspaceOption = DEFAULT_WORKSPACE) -> None:
    """Answer JSON lines on standard input with JSON lines on standard output, until the input ends.

    A request is {"id": …, "names": [NAME, …], "lang": "fr"}; its answer {"id": …, "texts": [TEXT, …],
    "scores": [MEAN LOG-PROBABILITY, …]}, or {"id": …, "error": TEXT}. The first line tells that it is ready.
    """
    loaded = load_student(student, root)
    robust_streams(json_lines=True)
    converse(loaded, sys.stdin, sys.stdout)


def converse(student, requests: Iterable[str], answers: TextIO) -> None:
    """Write one line per request, in order, each at once; a bad request gets an error and ends nothing."""
    ready = {"ready": True, "contract": student.card["contract"], "languages": list(student.languages)}
    for line in _lines(ready, (_answer(student, request) for request in requests if request.strip())):
        answers.write(line)
        answers.flush()


def _lines(ready: dict, answers: Iterable[dict]) -> Iterator[str]:
    yield json.dumps(ready) + "\n"
    for answer in answers:
        yield json.dumps(answer, ensure_ascii=False) + "\n"


def _answer(student, line: str) -> dict:
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as error:
        return {"id": None, "error": f"not JSON: {error}"}
    if not isinstance(request, dict):
        return {"id": None, "error": "not a JSON object"}
    names, lang, key = request.get("names"), request.get("lang"), request.get("id")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return {"id": key, "error": '"names" must be a list of texts'}
    try:
        found = student.describe_scored([(name, lang) for name in names])
    except UserError as error:
        return {"id": key, "error": str(error)}
    return {"id": key, "texts": [d.text for d in found], "scores": [round(d.score, 4) for d in found]}
