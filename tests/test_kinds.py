import pytest

from nomenclair.errors import UserError
from nomenclair.kinds import COLUMNS, UNKNOWN, KindTable
from nomenclair.workspace import REPOSITORY

TABLE = KindTable.load(REPOSITORY / "corpus" / "kinds.tsv")


@pytest.mark.parametrize(
    ("name", "kind", "fr"),
    [
        pytest.param("report.pdf", "document", "Document PDF", id="extension"),
        pytest.param(
            "BACKUP.TAR.GZ", "archive", "Archive TAR compressée en gzip", id="compound, in capitals"
        ),
        pytest.param("libssl.so.1.1", "library", "Bibliothèque partagée", id="versioned library"),
        pytest.param("tar.1.gz", "manual", None, id="two suffixes"),
        pytest.param("Dockerfile.alpine", "build", None, id="whole name with a suffix"),
        pytest.param("Dockerfile", "build", None, id="whole name"),
        pytest.param("notes", "other", "Fichier", id="no extension"),
        pytest.param("x.zzzz", "other", "Fichier", id="unknown extension"),
    ],
)
def test_kind_of(name, kind, fr):
    found = TABLE.of(name)
    assert found.kind == kind
    assert fr is None or found.fr == fr


def test_each_row_names_itself():
    """Its own texts carry its marks, so a bare kind always counts as the right kind."""
    rows = TABLE.by_pattern.values()
    assert [row.pattern for row in rows if not (row.named_in(row.en) and row.named_in(row.fr))] == []
    assert [row.pattern for row in rows if row.en[0].islower() or row.fr[0].islower()] == []


def test_the_unknown_kind_names_itself():
    assert UNKNOWN.named_in(UNKNOWN.text("fr")) and UNKNOWN.named_in(UNKNOWN.text("en"))


def test_marks_are_whole_words():
    assert not TABLE.of("a.r").named_in("Filter source")
    assert TABLE.of("a.cpp").named_in("Fichier source C++ du serveur")


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        pytest.param(["pattern,kind"], "line 1 is not the header", id="wrong delimiter"),
        pytest.param(["\t".join(COLUMNS), ".x\tscript\tX"], "line 2: not 6 cells", id="missing cells"),
        pytest.param(["\t".join(COLUMNS), ".x\tnew\tX\tX\tm\tx"], "line 2: not 6 cells", id="unknown kind"),
        pytest.param(["\t".join(COLUMNS), *[".x\tscript\tX\tX\tm\tx"] * 2], "line 3: .x stands", id="twice"),
    ],
)
def test_a_bad_table_names_its_line(tmp_path, lines, says):
    path = tmp_path / "kinds.tsv"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(UserError, match=says):
        KindTable.load(path)
