"""Pairs from a person's own table: CSV, TSV or JSON lines with a column of names and one of texts per language."""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

import pandas as pd

from nomenclair.contract import LANGUAGES, check_lang
from nomenclair.errors import UserError
from nomenclair.kinds import KindTable
from nomenclair.names import readable
from nomenclair.records import name_id
from train.data import OwnPair

TEACHER = "person"
# A drive or a server before a backslash.
WINDOWS = re.compile(r"[A-Za-z]:\\|\\\\")
# Within a cell: a line that begins as a row does, with a file name and a separator.
SWALLOWED = re.compile(r'\n"?[^\n\t;,"]+\.\w{1,8}"?[\t;,]')


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that gives no pair; `line` is where it begins in the file, from 1."""

    line: int
    reason: str
    name: str


def target_columns(given: list[str], lang: str | None) -> dict[str, str]:
    """Language to column, from COLUMN (its language is `lang`, French where none is said) or LANG=COLUMN.

    >>> target_columns(["fr=phrase", "en=sentence"], None)
    {'fr': 'phrase', 'en': 'sentence'}
    """
    found: dict[str, str] = {}
    for text in given:
        head, equals, column = text.partition("=")
        spoken, column = (head, column) if equals else (lang or LANGUAGES[0], text)
        if check_lang(spoken) in found:
            raise UserError(
                f"Two columns for {spoken}: {found[spoken]!r} and {column!r}.",
                "Say which is which: --target-column fr=COLUMN --target-column en=COLUMN",
            )
        found[spoken] = column
    return found


def read_pairs(
    path: Path,
    input_column: str,
    targets: Mapping[str, str],
    kinds: KindTable,
    sayable: Callable[[str], bool] = lambda text: True,
) -> tuple[list[OwnPair], list[BadRow]]:
    """The pairs of a file, and its bad rows; of a name that stands twice, the first row counts.

    `sayable` says whether a text is short enough for the student. Raises UserError where the file, its format or a
    column is wrong, or where no row gives a pair.
    """
    table, lines = _read(path)
    _check_columns(path, table, [input_column, *targets.values()])
    pairs: dict[str, OwnPair] = {}
    first_line: dict[str, int] = {}
    bad: list[BadRow] = []
    for line, row in zip(lines, table.to_dict("records"), strict=True):
        name = _base_name(readable(str(row[input_column])).strip())
        texts = {lang: " ".join(readable(str(row[column])).split()) for lang, column in targets.items()}
        cells = [row[column] for column in (input_column, *targets.values())]
        if reason := _no_text(cells) or _problem(name, texts, first_line.get(name), sayable):
            bad.append(BadRow(line, reason, name))
            continue
        first_line[name] = line
        pairs[name] = OwnPair(
            name_id(name), name, texts.get("en", ""), texts.get("fr", ""), kinds.of(name).kind, TEACHER, ""
        )
    if not pairs:
        raise UserError(
            f"{path} gives no pair: " + ("; ".join(map(describe_bad, bad[:3])) or "it has no row") + ".",
            "Each row needs a file name and a text.",
        )
    return list(pairs.values()), bad


def describe_bad(row: BadRow) -> str:
    return f"line {row.line}: {row.reason}" + (f" ({row.name})" if row.name else "")


def _base_name(path: str) -> str:
    """The last part of a path; only a Windows path is parted by backslashes, other names may hold one.

    >>> _base_name("/home/x/a.pdf"), _base_name(r"C:\\Users\\a.pdf"), _base_name(r"a\\b.pdf")
    ('a.pdf', 'a.pdf', 'a\\\\b.pdf')
    """
    return PureWindowsPath(path).name if WINDOWS.match(path) else path.rpartition("/")[2]


def _no_text(cells: Iterable[object]) -> str | None:
    """A cell that no person wrote as a text or a number, or that holds the rows after it."""
    for cell in cells:
        number = isinstance(cell, int | float) and not isinstance(cell, bool) and math.isfinite(cell)
        if not isinstance(cell, str) and not number:
            return f"{cell!r} is no text"
        if isinstance(cell, str) and SWALLOWED.search(cell):
            return "a quotation mark is not closed: the cell goes on into the next rows"
    return None


def _problem(
    name: str, texts: Mapping[str, str], first: int | None, sayable: Callable[[str], bool]
) -> str | None:
    if not name:
        return "no file name"
    if missing := [lang for lang, text in texts.items() if not text]:
        return f"no text in {' and '.join(missing)}"
    if first is not None:
        return f"the name stands on line {first} already"
    if long := [lang for lang, text in texts.items() if not sayable(text)]:
        return f"the text in {' and '.join(long)} is longer than a student can say"
    return None


def _read(path: Path) -> tuple[pd.DataFrame, list[int]]:
    """(all cells as text, "" where empty; the line on which each row begins)."""
    try:
        if path.suffix.lower() == ".jsonl":
            return _read_jsonl(path)
        if path.suffix.lower() in (".csv", ".tsv"):
            return _read_table(path)
    except OSError as error:
        raise UserError(
            f"{path} cannot be read: {error.strerror}.", "Check the path given to --pairs."
        ) from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8.", "Save it again as UTF-8 (in Excel: CSV UTF-8).") from error
    raise UserError(f"{path}: unknown format {path.suffix!r}.", "Give a .csv, .tsv or .jsonl file.")


def _read_table(path: Path) -> tuple[pd.DataFrame, list[int]]:
    with open(path, encoding="utf-8-sig") as file:
        header = file.readline()
    # A French Excel writes semicolons.
    separator = "\t" if path.suffix.lower() == ".tsv" else max(",;\t", key=header.count)
    try:
        table = pd.read_csv(
            path,
            sep=separator,
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,
            encoding="utf-8-sig",
        ).fillna("")
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise UserError(f"{path} cannot be read: {str(error).strip()}.", "Mend that line.") from error
    if not isinstance(table.index, pd.RangeIndex):  # pandas took the first cells for row names
        raise UserError(
            f"{path}, line 2: it has more cells than the header.", "Quote texts that hold the separator."
        )
    # A quoted cell may hold line breaks: later rows begin that much further down.
    breaks = table.map(lambda cell: cell.count("\n")).sum(axis=1).astype(int)
    starts = breaks.cumsum() - breaks
    return table, [2 + index + extra for index, extra in enumerate(starts)]


def _read_jsonl(path: Path) -> tuple[pd.DataFrame, list[int]]:
    rows, lines = [], []
    with open(path, encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise UserError(f"{path}, line {number}: not JSON ({error}).", "Mend that line.") from error
            except RecursionError as error:
                raise UserError(f"{path}, line {number}: nested too deep.", "Mend that line.") from error
            if not isinstance(row, dict):
                raise UserError(f"{path}, line {number}: not a JSON object.", "Mend that line.")
            rows.append(row)
            lines.append(number)
    return pd.DataFrame(rows, dtype=object).fillna(""), lines


def _check_columns(path: Path, table: pd.DataFrame, wanted: list[str]) -> None:
    if table.columns.empty:
        raise UserError(f"{path} has no row.", "Each row needs a file name and a text.")
    missing = [column for column in wanted if column not in table.columns]
    if missing:
        raise UserError(
            f"{path} has no column {' or '.join(map(repr, missing))}; it has {', '.join(map(repr, table.columns))}.",
            "Name the columns with --input-column and --target-column.",
        )
