"""Commands that use a student: describe. They need the light core alone."""

import json
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from nomenclair import SHIPPED
from nomenclair.cli.common import DEFAULT_WORKSPACE, WorkspaceOption
from nomenclair.contract import check_lang
from nomenclair.errors import UserError
from nomenclair.names import readable
from nomenclair.workspace import Workspace

# Control characters, line separators and marks that turn the order of a line around.
STEERING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")

StudentOption = Annotated[
    Path | None, typer.Option("--student", help="Folder of an exported student.", envvar="NOMENCLAIR_STUDENT")
]


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: ls | nomenclair describe - --lang fr")(describe)


def describe(
    names: Annotated[
        list[str], typer.Argument(help="File names; - reads them from standard input, a line each.")
    ],
    lang: Annotated[str, typer.Option(help="fr, en or both (what the student speaks).")] = "both",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    student: StudentOption = None,
    root: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Say what files are, from their names alone."""
    if lang != "both":
        check_lang(lang)
    loaded = load_student(student, root)
    robust_streams(json_lines=as_json)
    languages = list(loaded.languages) if lang == "both" else [lang]
    given = names_of(sys.stdin) if names == ["-"] else names
    found = loaded.stream((name, lang) for name in given for lang in languages)
    while row := list(islice(found, len(languages))):
        print(_as_json(row) if as_json else _as_text(row))


def names_of(lines: Iterable[str]) -> Iterator[str]:
    """The names of a list, a line each, however its lines end."""
    return filter(None, (line.rstrip("\r\n") for line in lines))


def load_student(folder: Path | None, root: Path):
    """The student given, else the workspace's, else the one inside the package."""
    from nomenclair.student import Student

    if folder:
        return Student.load(folder)
    of_workspace = Workspace(root).student
    for place in (of_workspace, SHIPPED):
        if place.is_dir():
            return Student.load(place)
    raise UserError(
        f"No student here: neither {of_workspace} nor one inside the package.",
        "Name one with --student FOLDER, or make one: nomenclair run PATH",
    )


def robust_streams(json_lines: bool) -> None:
    """No byte of a name stops a command: input that is not UTF-8 is mended later, as `readable` does.

    JSON is written as UTF-8; text for people in the terminal's encoding, with ? for what that lacks.
    """
    sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")
    sys.stdout.reconfigure(encoding="utf-8" if json_lines else None, errors="replace")


def one_line(name: str) -> str:
    """The name as text that breaks no line and steers no terminal."""
    return STEERING.sub("�", readable(name))


def _as_json(row: list) -> str:
    return json.dumps({"name": readable(row[0].name), **{d.lang: d.text for d in row}}, ensure_ascii=False)


def _as_text(row: list) -> str:
    return "\t".join([one_line(row[0].name), *(d.text for d in row)])
