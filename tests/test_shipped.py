"""The student inside the package: whole, small, of this contract, and saying nothing that a name does not give."""

import re
import shutil

import pytest

from datagen.corpus import gold
from nomenclair import Student, UserError
from nomenclair.cli.describe import SHIPPED
from nomenclair.contract import LANGUAGES
from nomenclair.kinds import KindTable

MOST_MEGABYTES = 20
GOLD = gold()


@pytest.fixture(scope="module")
def shipped():
    return Student.load(SHIPPED, verify=True)


def test_it_is_small():
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < MOST_MEGABYTES * 1e6


def test_a_copy_without_the_glossary_is_refused(tmp_path):
    """It would answer, and worse."""
    shutil.copytree(SHIPPED, tmp_path / "student", ignore=shutil.ignore_patterns("glossary*"))
    with pytest.raises(UserError, match=r"glossary\.tsv\.gz is missing"):
        Student.load(tmp_path / "student")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_names_the_kind_of_names_it_never_saw(shipped, lang):
    texts = shipped.describe([row.name for row in GOLD], lang)
    named = [shipped.kind(row.name).named_in(text) for row, text in zip(GOLD, texts, strict=True)]
    assert sum(named) / len(named) > 0.9


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_number_is_invented(shipped, lang):
    for row, text in zip(GOLD, shipped.describe([row.name for row in GOLD], lang), strict=True):
        for number in re.findall("[0-9]+", text):
            assert number.lstrip("0") in row.name or number[-2:] in row.name, (row.name, text)


def test_its_kinds_are_the_corpus_s():
    """A kind that is added to the corpus reaches those who only install the package: ship again."""
    from datagen.corpus import FOLDER

    assert KindTable.load(SHIPPED / "kinds.tsv") == KindTable.load(FOLDER / "kinds.tsv")


@pytest.mark.parametrize(
    ("name", "lang", "says"),
    [
        pytest.param("a1b2c3d4.tmp", "en", "Temporary file", id="opaque, English"),
        pytest.param("a1b2c3d4.tmp", "fr", "Fichier temporaire", id="opaque, French"),
        pytest.param("backup_july.zip", "fr", "juillet", id="an English name told in French"),
        pytest.param("facture_edf_mars.pdf", "en", "March", id="a French name told in English"),
    ],
)
def test_what_the_readme_shows(shipped, name, lang, says):
    assert says in shipped.describe([name], lang)[0]


@pytest.mark.parametrize(
    ("name", "english", "french"),
    [
        pytest.param("CV.pdf", "CV", "CV", id="letters without a vowel"),
        pytest.param("CR_2023-04-12.docx", "minutes", "Compte rendu", id="what letters abbreviate"),
        pytest.param("main.py", "Main", "principal", id="a word of the other language"),
        pytest.param("index.html", "home page", "accueil", id="a web site's first page"),
        pytest.param("id_rsa.pub", "RSA public key", "Clé publique RSA", id="a well-known whole name"),
        pytest.param("rdv_dentiste_zoe.ics", "Zo", "Zo", id="a person"),
        pytest.param("CV Marie Dupont.pdf", "Marie Dupont", "Marie Dupont", id="a person's two names"),
        pytest.param("facture_n°2024-0153.pdf", "2024-0153", "2024-0153", id="a number counted by year"),
    ],
)
def test_names_that_everybody_has(shipped, name, english, french):
    assert english in shipped.describe([name], "en")[0]
    assert french in shipped.describe([name], "fr")[0]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("IMG_20240302_101112.jpg", id="a phone's photo"),
        pytest.param("Screenshot_20240302-101112.png", id="a phone's screenshot"),
        pytest.param("DJI_20240302101112_0007_D.MP4", id="fourteen digits in a row"),
        pytest.param("scan_202403021011.pdf", id="twelve digits in a row"),
        pytest.param("2024-03-02 10-11-12.mkv", id="groups of two"),
    ],
)
def test_a_day_with_its_clock_is_told(shipped, name):
    assert "2 March 2024" in shipped.describe([name], "en")[0]
    assert "2 mars 2024" in shipped.describe([name], "fr")[0]
