import os
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nomenclair import names

# What a file system can hold: any bytes but / and NUL, 1 to 255 of them, as Python shows them.
file_names = (
    st.binary(min_size=1, max_size=255)
    .map(lambda raw: raw.replace(b"/", b"_").replace(b"\0", b"_"))
    .map(os.fsdecode)
)
any_text = st.text(st.characters(), min_size=1, max_size=255)


@pytest.mark.parametrize(
    ("name", "stem", "ext"),
    [
        pytest.param("report.PDF", "report", ".pdf", id="extension in lower case"),
        pytest.param("backup.tar.gz", "backup", ".tar.gz", id="compound archive"),
        pytest.param("types.d.ts", "types", ".d.ts", id="compound source"),
        pytest.param(".gitignore", ".gitignore", "", id="a hidden file is no extension"),
        pytest.param(".tar.gz", ".tar", ".gz", id="compound needs a stem"),
        pytest.param("Makefile", "Makefile", "", id="none"),
        pytest.param("release 1.2", "release 1.2", "", id="a version is no extension"),
        pytest.param("printf.3", "printf", ".3", id="manual section"),
        pytest.param("libssl.so.1.1", "libssl 1.1", ".so", id="shared library keeps its version"),
        pytest.param("a.", "a.", "", id="trailing dot"),
        pytest.param("...", "...", "", id="dots alone"),
        pytest.param("x.pdf\n", "x.pdf\n", "", id="a line break behind it"),
        pytest.param("x.tar.gz\n", "x.tar.gz\n", "", id="a line break behind a compound one"),
        pytest.param("x.so.1\n", "x.so.1\n", "", id="a line break behind a library's version"),
        pytest.param("x².1", "x²", ".1", id="a raised number is no digit of a version"),
        pytest.param("x.reallylongsuffix", "x.reallylongsuffix", "", id="too long for an extension"),
    ],
)
def test_split_ext(name, stem, ext):
    assert names.split_ext(name) == (stem, ext)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("extractWindowEvents", ("extract", "Window", "Events"), id="camelCase"),
        pytest.param("HTTPServerError", ("HTTP", "Server", "Error"), id="acronym then word"),
        pytest.param("facture_edf-mars", ("facture", "edf", "mars"), id="snake and kebab"),
        pytest.param("Relevé d'identité", ("Relevé", "d", "identité"), id="accents and apostrophe"),
        pytest.param("rapport2023", ("rapport", "2023"), id="word then year"),
        pytest.param("plan_v2_S1", ("plan", "v2", "S1"), id="short codes stay whole"),
        pytest.param("scan4K", ("scan", "4", "K"), id="a code needs a border"),
        pytest.param("numpy-1.26.4", ("numpy", "1.26.4"), id="a version stays whole"),
        pytest.param("C++ primer C#", ("C++", "primer", "C#"), id="languages"),
        pytest.param("фото_пляж", ("фото", "пляж"), id="other scripts"),
        pytest.param("___", (), id="separators alone"),
    ],
)
def test_words(text, expected):
    assert names.words(text) == expected


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        pytest.param("IMG_0001.JPG", "IMG_9999.jpg", True, id="counters"),
        pytest.param("rapport.pdf", "Rapport (1).pdf", True, id="download copy"),
        pytest.param("rapport - copie.pdf", "rapport - Copy.pdf", True, id="copy marks of both languages"),
        pytest.param("relevé_v1.pdf", "releve_v12.pdf", True, id="accents and versions"),
        pytest.param("a1b2c3d4e5.tmp", "0f9e8d7c6b.tmp", True, id="hashes"),
        pytest.param("a.pyc", "a.cpython-312.opt-1.pyc", True, id="interpreters"),
        pytest.param("rapport.pdf", "rapport.docx", False, id="another extension"),
        pytest.param("facture_edf.pdf", "facture_engie.pdf", False, id="another word"),
        pytest.param("photocopy.pdf", "photo.pdf", False, id="copy inside a word"),
    ],
)
def test_family(a, b, same):
    assert (names.family(a) == names.family(b)) is same


@pytest.mark.parametrize(
    ("name", "date"),
    [
        pytest.param("scan_20230412.pdf", names.Date(2023, 4, 12), id="compact"),
        pytest.param("2023-11-08 relevé.pdf", names.Date(2023, 11, 8), id="ISO"),
        pytest.param("relevé 08-11-2023.pdf", names.Date(2023, 11, 8), id="day first"),
        pytest.param("paie_2023_11.pdf", names.Date(2023, 11), id="year and month"),
        pytest.param("paie 11-2023.pdf", names.Date(2023, 11), id="month and year"),
        pytest.param("bilan2022.xlsx", names.Date(2022), id="year"),
        pytest.param("photo_1234.jpg", None, id="a number that is no year"),
        pytest.param("v2023.1.2.zip", None, id="a version is no date"),
        pytest.param("n20231399.txt", None, id="no such month"),
    ],
)
def test_find_date(name, date):
    found = names.find_date(name)
    assert (found and found[0]) == date


@pytest.mark.parametrize(
    ("name", "opaque"),
    [
        pytest.param("a1b2c3d4.tmp", True, id="hexadecimal"),
        pytest.param("550e8400-e29b-41d4-a716-446655440000.log", True, id="UUID"),
        pytest.param("IMG_0042.jpg", True, id="camera counter"),
        pytest.param("document(3).pdf", True, id="download counter"),
        pytest.param("x.c", True, id="one letter"),
        pytest.param("qwrtz.docx", True, id="no vowel"),
        pytest.param("budget_a1b2c3d4.xlsx", False, id="a word beside a hash"),
        pytest.param("²été.pdf", False, id="a raised number is no digit"),
        pytest.param("facture_mars.pdf", False, id="French words"),
        pytest.param("report.pdf", False, id="English word"),
    ],
)
def test_is_opaque(name, opaque):
    assert names.is_opaque(name) is opaque


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param("\udce9t\udce9.txt", "été.txt", id="bytes of an old code page"),
        pytest.param("é\udcff.txt", "éÿ.txt", id="good UTF-8 beside a bad byte"),
        pytest.param("\ud83d.txt", "\ufffd.txt", id="half an emoji, from Windows"),
        pytest.param("e\u0301te\u0301.txt", "été.txt", id="decomposed, from macOS"),
    ],
)
def test_readable(raw, expected):
    assert names.readable(raw) == expected


@given(st.one_of(file_names, any_text))
@example("\udcff" * 255)
@example("\n\t\r")
@example("=cmd()|' /C calc'!A0")
def test_every_name_can_be_read(name):
    text = names.readable(name)
    assert text.encode("utf-8")
    assert names.readable(text) == text
    stem, ext = names.split_ext(text)
    assert stem or not text
    assert ext == ext.lower()
    assert all(names.words(stem)) or not names.words(stem)
    assert names.family(text).endswith(ext)
    names.is_opaque(text)
    names.find_date(text)


# What a name of any length may be made of: marks of five classes, those that are of two marks, letters with marks.
marked_text = st.text(
    "\u0301\u0308\u0327\u0323\u0334\u0345\u0344\u0f73aé\u1e69\ufb2c\u0958\uac01\u034f", max_size=30
)


@given(marked_text)
@example("a\u0301\u0327")
@example("\u0327\u0f40\u0f73\u0f73")
def test_a_long_name_is_composed_as_a_short_one(text):
    for name in (text, names.LONGEST * "x" + text, text * names.LONGEST):
        assert names.readable(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    "run",
    [
        pytest.param("\u0301\u0327", id="marks of two classes in turn"),
        pytest.param("\u0f73", id="a mark that is two of two classes"),
    ],
)
def test_normalize_has_no_run_of_marks_left_to_sort(run):
    """It sorts one in the square of its length: minutes for a name of a megabyte."""
    ordered = names._in_canonical_order("x" + run * 200)
    assert unicodedata.is_normalized("NFD", ordered) and not unicodedata.is_normalized("NFD", "x" + run * 200)


@given(file_names)
def test_words_invent_no_letter(name):
    text = names.readable(name)
    assert set("".join(names.words(text))) <= set(text)
