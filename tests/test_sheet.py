import csv
import shutil
import subprocess
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nomenclair.errors import UserError
from nomenclair.records import name_id
from review.sheet import COLUMNS, Row, escape, read_sheet, text_print, unescape, write_sheet

TRICKY = [
    pytest.param("2023", id="number"),
    pytest.param("007", id="leading zeros"),
    pytest.param("1-2", id="day and month"),
    pytest.param("Mar 5", id="English date"),
    pytest.param("5 mars 2024", id="French date"),
    pytest.param("=1+1", id="formula"),
    pytest.param("+33", id="plus"),
    pytest.param("-1", id="minus"),
    pytest.param("@SUM(A1)", id="at sign"),
    pytest.param("TRUE", id="truth value"),
    pytest.param("1E10", id="exponent"),
    pytest.param("12:30", id="hour"),
    pytest.param("５０", id="full-width digits"),
    pytest.param("'quoted", id="apostrophe"),
    pytest.param('"a" b', id="quotes"),
    pytest.param(" space ", id="spaces at both ends"),
    pytest.param("tab\there", id="tab"),
    pytest.param("line\nbreak\r\n", id="line breaks"),
    pytest.param("back\\slash \\n \\ ", id="backslashes"),
    pytest.param("\x01\x1b[31m\x7f", id="control characters"),
    pytest.param("photo\u202egpj.exe", id="right-to-left override"),
    pytest.param("\ufeffmark", id="byte order mark"),
    pytest.param("e\u0301t\u00e9 \U0001f600 日本", id="combining, emoji, ideographs"),
    pytest.param("a;b,c", id="other delimiters"),
]


def row(name: str, fr: str = "Fichier", en: str = "File", verdict: str = "", note: str = "") -> Row:
    return Row(name_id(name), name, fr, en, "", "", verdict, note, text_print(fr, en, verdict, note))


@pytest.mark.parametrize("cell", TRICKY)
def test_a_cell_comes_back_and_is_text(cell):
    written = escape(cell)
    assert unescape(written) == cell
    assert not written.startswith(("=", "+", "-", "@", "'", '"', "\t"))
    assert not any(unicodedata.category(c) == "Cc" for c in written)


@settings(max_examples=300)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back(cell):
    assert unescape(escape(cell)) == cell


def test_a_plain_description_is_left_as_it_reads():
    assert escape("Rapport PDF de 2023") == "Rapport PDF de 2023"


@settings(max_examples=50)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=5, unique=True))
def test_any_sheet_comes_back(tmp_path_factory, names):
    path = tmp_path_factory.mktemp("sheet") / "review.tsv"
    rows = [row(name, fr=name, en=name[::-1]) for name in names]
    assert write_sheet(path, rows) == len(rows)
    found, refused = read_sheet(path)
    assert [r for _, r in found] == rows and refused == []


def test_lines_are_counted_as_editors_do(tmp_path):
    path = tmp_path / "review.tsv"
    path.write_text(
        "\t".join(COLUMNS) + "\n" + "\t".join(['"a', 'b"', *"cdefgh"]) + "\nshort\tline\n", encoding="utf-8"
    )
    assert [line.line for line in read_sheet(path)[1]] == [2, 3]


@pytest.mark.parametrize(
    ("edits", "says"),
    [
        pytest.param({2: '"A'}, "lines 3 to 6 were read as one", id="never closed"),
        pytest.param({2: '"A', 4: '"B'}, "lines 3 to 5 were read as one", id="closed by another: nine cells"),
        pytest.param({2: '"A\tB"'}, "a quotation mark holds a tab", id="a tab in a cell, nine cells"),
    ],
)
def test_a_quotation_mark_typed_before_a_text_swallows_no_line(tmp_path, edits, says):
    path = tmp_path / "review.tsv"
    write_sheet(path, [row(f"name{n}.txt", fr=f"Fichier {n}") for n in range(1, 6)])
    text = path.read_text(encoding="utf-8")
    for number, cell in edits.items():
        text = text.replace(f"Fichier {number}", f"{cell} fichier {number}")
    path.write_text(text, encoding="utf-8")
    found, refused = read_sheet(path)
    assert [line.line for line in refused] == [3] and says in refused[0].why
    assert all(r == row(r.name, fr=r.fr) for _, r in found)


def test_a_quotation_mark_that_swallows_a_long_sheet_is_named(tmp_path):
    path = tmp_path / "review.tsv"
    write_sheet(path, [row("a.txt", fr="Fichier un"), *(row(f"{n}.txt") for n in range(4000))])
    path.write_text(path.read_text(encoding="utf-8").replace("Fichier un", '"Fichier un'), encoding="utf-8")
    with pytest.raises(UserError, match=r"lines 2 to [0-9]* were read as one"):
        read_sheet(path)


@pytest.mark.parametrize(
    ("heading", "ends", "notes"),
    [
        pytest.param(
            "\tRemarque", ["\tà voir", "", ""], ["Remarque: à voir", "old", "old"], id="an added column"
        ),
        pytest.param("\t\t", ["", "\t", "\t\t\t"], ["old"] * 3, id="a padded header"),
        pytest.param(
            "\ta\t\tb", ["\t1\t2\t3", "\t\t", "\t\told"], ["a: 1 / 2 / b: 3", "old", "old"], id="once"
        ),
        pytest.param("\tfr", ["\t", "", "\told"], ["old", "old", "fr: old"], id="a heading twice"),
    ],
)
def test_cells_behind_the_sheets_own(tmp_path, heading, ends, notes):
    """A spreadsheet leaves trailing empty cells out; what stands in an added column is given to the note."""
    path = tmp_path / "review.tsv"
    write_sheet(path, [row(f"name{n}.txt", note="old") for n in range(3)])
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    lines = [text + end for text, end in zip(lines, ends, strict=True)]
    path.write_text("\n".join([head + heading, *lines, ""]), encoding="utf-8")
    found, refused = read_sheet(path)
    wanted = [note if note == "old" else f"old / {note}" for note in notes]
    assert ([r.note for _, r in found], refused) == (wanted, [])


def test_a_line_without_a_cell_of_the_sheets_own_is_refused(tmp_path):
    path = tmp_path / "review.tsv"
    write_sheet(path, [row("a.txt")])
    head, text = path.read_text(encoding="utf-8").splitlines()
    path.write_text(f"{head}\tremarque\n{text.rpartition(chr(9))[0]}\n", encoding="utf-8")
    assert [line.line for line in read_sheet(path)[1]] == [2]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_encodings_that_spreadsheets_write(tmp_path, encoding):
    path = tmp_path / "review.tsv"
    write_sheet(path, [row("été.txt", "Fichier texte de l'été")])
    text = path.read_text(encoding="utf-8-sig")
    mark = "\ufeff" if encoding == "utf-16-le" else ""
    path.write_bytes((mark + text).replace("\n", "\r\n").encode(encoding))
    assert [r.fr for _, r in read_sheet(path)[0]] == ["Fichier texte de l'été"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"id;name;fr;en;verdict\n", "separated by semicolons", id="wrong delimiter"),
        pytest.param(b"id,name,fr,en,verdict\n", "separated by commas", id="commas"),
        pytest.param(b"id\tname\tfr\tverdict\tnote\tseen\n", "column en is missing", id="missing column"),
        pytest.param("\t".join(COLUMNS).encode() + b"\n\xe9t\xe9", "line 2: not valid UTF-8", id="cp1252"),
        pytest.param(b"id name fr en verdict\n", "first line holds no tab", id="spaces"),
        pytest.param(b"", "is empty", id="empty file"),
        pytest.param(b"\xef\xbb\xbf\r\n", "is empty", id="a byte order mark and a line break alone"),
        pytest.param(b"\nid\tname\n", "first line names no column", id="an empty first line"),
    ],
)
def test_a_file_that_is_no_sheet(tmp_path, content, says):
    path = tmp_path / "review.tsv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=says):
        read_sheet(path)


@pytest.mark.slow
@pytest.mark.parametrize("detect_numbers", ["false", "true"])
def test_libreoffice_gives_every_cell_back(tmp_path, detect_numbers):
    """A real round trip: LibreOffice reads the sheet, saves it as its own format, and back to TSV."""
    if not shutil.which("soffice"):
        pytest.fail("LibreOffice is missing: apt-get install --no-install-recommends libreoffice-calc")
    cells = [param.values[0] for param in TRICKY] + ["Rapport PDF de 2023", "n1e5", "May.txt", "3/4"]
    rows = [row(cell, fr=cell, en=f"Text {cell}", note=cell) for cell in cells]
    tsv = tmp_path / "review.tsv"
    write_sheet(tsv, rows)
    read_filter = f"Text - txt - csv (StarCalc):9,34,76,1,,1033,false,{detect_numbers}"
    # fields: tab, ", UTF-8, from line 1, columns, language, quoted as text, detect, save as shown
    write_filter = "csv:Text - txt - csv (StarCalc):9,34,76,1,,1033,false,true"
    soffice = ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile"]
    for source, kind, infilter in (
        (tsv, "ods", read_filter),
        (tmp_path / "ods" / "review.ods", write_filter, ""),
    ):
        command = [*soffice, *([f"--infilter={infilter}"] if infilter else []), "--convert-to", kind]
        folder = tmp_path / ("ods" if kind == "ods" else "back")
        subprocess.run([*command, "--outdir", folder, source], check=True, capture_output=True, timeout=120)
    back = tmp_path / "back" / "review.csv"
    with open(back, encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.reader(file, delimiter="\t"))) == len(rows) + 1
    found, refused = read_sheet(back)
    assert refused == []
    assert [r for _, r in found] == rows
