"""Review rows to a TSV that a person corrects in LibreOffice, Excel or an editor, and back.

Spreadsheets change what looks like a number, a date, a truth value or a formula. Every cell that could be
taken for one begins with the guard (a backslash and a space), which reading removes; control characters are
written as backslash escapes. So any Unicode comes back as it was, and no cell runs as a formula.
"""

import csv
import hashlib
import io
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path

from nomenclair.errors import UserError
from nomenclair.workspace import write_text

COLUMNS = ("id", "name", "fr", "en", "flags", "why", "verdict", "note", "seen")
REQUIRED = (*COLUMNS[:4], "verdict", "note", "seen")
# No export overwrites a file that cannot be read.
AFRESH = "move the file away and run: nomenclair review export"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the sheet, unescaped.

    `seen` is the print of the cells a person may change, as exported; where something contradicted them then,
    its print follows (apply.shown).
    """

    id: str
    name: str
    fr: str
    en: str
    flags: str
    why: str
    verdict: str
    note: str
    seen: str

    @property
    def touched(self) -> bool:
        """Has a person changed a cell since the export?"""
        return self.seen[:PRINT_LENGTH] != text_print(self.fr, self.en, self.verdict, self.note)


@dataclass(frozen=True, slots=True)
class Refused:
    """A line of a sheet that was not taken, and why; `line` counts from 1 as editors do."""

    line: int
    why: str


PRINT_LENGTH = 9


def text_print(*texts: str) -> str:
    """A short print of texts: the letter s and 8 hexadecimal digits (a spreadsheet leaves it alone).

    >>> text_print("Rapport", "Report") == text_print("Rapport", "Report") != text_print("RapportReport")
    True
    """
    return "s" + hashlib.sha256("\0".join(texts).encode("utf-8")).hexdigest()[: PRINT_LENGTH - 1]


def joined(*notes: str) -> str:
    """Notes as one, each once.

    >>> joined("a", "a / b", "", "b", "c")
    'a / b / c'
    """
    out = ""
    for note in notes:
        if not out or _has_note(note, out):
            out = note
        elif note and not _has_note(out, note):
            out = f"{out} / {note}"
    return out


def _has_note(notes: str, note: str) -> bool:
    return f" / {note} / " in f" / {notes} / "


GUARD = "\\ "

# Words that a spreadsheet reads as part of a date, a time, a sum, a number or a truth value.
CONVERTIBLE = frozenset(
    """jan january janv janvier feb february fév févr février mar march mars apr april avr avril may mai jun
    june juin jul july juil juillet aug august aoû août sep sept september septembre oct october octobre nov
    november novembre dec december déc décembre mon monday tue tuesday wed wednesday thu thursday fri friday
    sat saturday sun sunday lun lundi mardi mer mercredi jeu jeudi ven vendredi sam samedi dim dimanche true
    false vrai faux yes nan inf infinity eur euro euros usd chf gbp jpy""".split()
)
LETTERS = re.compile(r"[^\W\d_]{3,}")
# Invisible or order-changing characters: a person must see that they are there.
HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
SHORT = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
ESCAPE = re.compile(r"\\(?:([\\ntr ])|u\{([0-9a-f]{1,6})\})")


def visible(text: str) -> str:
    """A text with its hidden characters as escapes.

    >>> visible("photo\u202egpj.exe")
    'photo\\\\u{202e}gpj.exe'
    """
    return HIDDEN.sub(lambda m: SHORT.get(m[0], f"\\u{{{ord(m[0]):x}}}"), text.replace("\\", "\\\\"))


def escape(cell: str) -> str:
    """A cell as written: no control character, never taken for anything but text.

    >>> escape("=1+1"), escape("2023"), escape("Rapport de 2023"), escape("a\\tb.txt")
    ('\\\\ =1+1', '\\\\ 2023', 'Rapport de 2023', 'a\\\\tb.txt')
    """
    text = visible(cell)
    return text if text == "" or _is_plainly_text(text) else GUARD + text + _end_guard(text)


def _end_guard(text: str) -> str:
    # Editors strip a space at the end of a line or cell.
    return GUARD if text[-1].isspace() else ""


def _is_plainly_text(text: str) -> bool:
    """Begins with a letter or digit, ends without a space, and holds a word no date or number has."""
    if not text[0].isalnum() or text[-1].isspace():
        return False
    # Full-width and other compatibility digits are read as numbers too.
    plain = unicodedata.normalize("NFKC", text).casefold()
    return any(word not in CONVERTIBLE for word in LETTERS.findall(plain))


def unescape(cell: str) -> str:
    """The inverse of `escape`; a backslash that begins no escape stands for itself."""
    return ESCAPE.sub(_unescaped, cell)


def _unescaped(match: re.Match) -> str:
    if match[2]:
        code = int(match[2], 16)
        return chr(code) if code < 0x110000 and not 0xD800 <= code <= 0xDFFF else match[0]
    return {"\\": "\\", "n": "\n", "t": "\t", "r": "\r", " ": ""}[match[1]]


def write_sheet(path: Path, rows: Iterable[Row]) -> int:
    """Write rows in order; returns how many. UTF-8 with a byte order mark, which Excel needs to see UTF-8."""
    out = io.StringIO()
    table = csv.writer(out, delimiter="\t", lineterminator="\n")
    table.writerow(COLUMNS)
    total = 0
    for row in rows:
        table.writerow([escape(cell) for cell in astuple(row)])
        total += 1
    write_text(path, "\ufeff" + out.getvalue())
    return total


def read_sheet(path: Path) -> tuple[list[tuple[int, Row]], list[Refused]]:
    """(line number, row) for each line that is whole, and the lines that are not.

    Raises UserError where the file as a whole is not a review sheet: encoding, delimiter, columns.
    """
    text = _text(path)
    if not text.strip():
        raise UserError(f"{path} is empty.", f"Put a copy of it back, or {AFRESH}")
    table = csv.reader(io.StringIO(text, newline=""), delimiter="\t")
    before = 0
    try:
        headings = [cell.strip() for cell in next(table, [])]
        header = [heading.lower() for heading in headings]
        _check_header(path, header)
        own = {name: header.index(name) for name in COLUMNS if name in header}
        added = {at: heading for at, heading in enumerate(headings) if at not in own.values()}
        rows: list[tuple[int, Row]] = []
        refused: list[Refused] = []
        before = table.line_num
        for cells in table:
            line, before = before + 1, table.line_num
            if not any(cells):
                continue
            cells = _with_width(cells, max(own.values()) + 1, len(header))
            if problem := _not_whole(cells, len(header), line, table.line_num):
                refused.append(Refused(line, problem))
                continue
            values = dict.fromkeys(COLUMNS, "") | {name: unescape(cells[at]) for name, at in own.items()}
            # The next export has no such column: what a person wrote there goes on in the note.
            remarks = [_remark(heading, unescape(cells[at]).strip()) for at, heading in added.items()]
            rows.append((line, Row(**values | {"note": joined(values["note"], *remarks)})))
    except csv.Error as error:
        first, last = before + 1, table.line_num
        why = _swallowed(first, last) or f"line {first}: not a tab-separated table ({error})"
        raise UserError(
            f"{path}: {why}.", f"Mend it, then save it as text, tab-separated, UTF-8, or {AFRESH}"
        ) from error
    return rows, refused


def _not_whole(cells: list[str], width: int, first: int, last: int) -> str | None:
    """Why the cells read from these lines are no row. A quotation mark typed at the beginning of a cell joins
    cells and lines up to the next one, maybe to the right number; no cell is written with a raw tab."""
    if len(cells) == width and not any("\t" in cell for cell in cells):
        return None
    joined = "a cell that begins with a quotation mark holds a tab"
    counted = f"{len(cells)} cells, not {width}: a tab was added or lost"
    return _swallowed(first, last) or (joined if len(cells) == width else counted)


def _swallowed(first: int, last: int) -> str | None:
    if last <= first:
        return None
    return (
        f"lines {first} to {last} were read as one: a cell begins with a quotation mark that nothing closes"
    )


def _remark(heading: str, cell: str) -> str:
    return f"{heading}: {cell}" if heading and cell else cell


def _with_width(cells: list[str], own: int, width: int) -> list[str]:
    """The cells with those at the end that a spreadsheet left out, without those that it padded with; none of
    the sheet's own columns is supplied."""
    while len(cells) > width and cells[-1] == "":
        cells = cells[:-1]
    return [*cells, *[""] * (width - len(cells))] if len(cells) >= own else cells


def _check_header(path: Path, header: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in header]
    if not missing:
        return
    if not any(header):
        raise UserError(
            f"{path}: its first line names no column.", f"Put the columns' names back there, or {AFRESH}"
        )
    if len(header) == 1:
        signs = ((";", "semicolons"), (",", "commas"))
        found = next((word for sign, word in signs if sign in header[0]), None)
        between = (
            f"its columns are separated by {found}, not by tabs" if found else "its first line holds no tab"
        )
        raise UserError(
            f"{path}: {between}.",
            f"Save it again as text (CSV) with the tab as field separator, in UTF-8, or {AFRESH}",
        )
    raise UserError(f"{path}: the column {', '.join(missing)} is missing.", f"Put it back, or {AFRESH}")


def _text(path: Path) -> str:
    """The file's text without its byte order mark; UTF-16 (Excel's "Unicode Text") is known by its mark."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"{path} cannot be read: {error.strerror}.",
            "Give another file, or write one with: nomenclair review export FILE",
        ) from error
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise UserError(
            f"{path}, line {line}: not valid {encoding.removesuffix('-sig').upper()}.",
            f"Save it again in UTF-8 (in Excel: Unicode Text), or {AFRESH}",
        ) from error
