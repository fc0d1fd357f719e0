import pytest

from datagen.cascade import carry_over, words_key
from datagen.parse import Texts

PHOTO = ("IMG_0042.jpg", Texts("JPEG photo no. 42", "Photo JPEG n° 42"))
REPORT = ("report_2023.pdf", Texts("PDF report for 2023", "Rapport PDF de 2023"))
QUARTER = (
    "report_Q3_2023.pdf",
    Texts("PDF report for the third quarter of 2023", "Rapport PDF du troisième trimestre de 2023"),
)
DATED = ("log-2023-11-08.txt", Texts("Text log of 8 November 2023", "Journal texte du 8 novembre 2023"))
HASHED = ("a1b2c3d4.tmp", Texts("Temporary file", "Fichier temporaire"))
LESSON = ("lecon_01_partie_1.pdf", Texts("PDF of lesson 1, part 1", "Leçon 1, partie 1 en PDF"))
PAGES = ("scan_1_1.png", Texts("PNG scan 1, page 1", "Numérisation PNG 1, page 1"))


@pytest.mark.parametrize(
    ("answered", "sibling", "expected"),
    [
        pytest.param(PHOTO, "IMG_0057.jpg", ("JPEG photo no. 57", "Photo JPEG n° 57"), id="another number"),
        pytest.param(PHOTO, "img-0057.JPG", ("JPEG photo no. 57", "Photo JPEG n° 57"), id="other separators"),
        pytest.param(
            REPORT, "report-2024.pdf", ("PDF report for 2024", "Rapport PDF de 2024"), id="another year"
        ),
        pytest.param(
            REPORT, "Report 2023.pdf", ("PDF report for 2023", "Rapport PDF de 2023"), id="same words"
        ),
        pytest.param(HASHED, "9f8e7d6c5b.tmp", ("Temporary file", "Fichier temporaire"), id="another hash"),
        pytest.param(QUARTER, "report_Q4_2023.pdf", None, id="a number said in words"),
        pytest.param(DATED, "log-2023-12-08.txt", None, id="a month said in words"),
        pytest.param(REPORT, "report_2023_2.pdf", None, id="one number more"),
        pytest.param(PAGES, "scan_1_2.png", None, id="one number that becomes two"),
        pytest.param(
            LESSON, "lecon_02_partie_1.pdf", None, id="one number, without its zero, that becomes two"
        ),
        pytest.param(
            LESSON,
            "lecon_02_partie_2.pdf",
            ("PDF of lesson 2, part 2", "Leçon 2, partie 2 en PDF"),
            id="both change, one with a zero",
        ),
        pytest.param(
            PAGES, "scan_3_3.png", ("PNG scan 3, page 3", "Numérisation PNG 3, page 3"), id="both change"
        ),
        pytest.param(
            ("take2.wav", Texts("WAV take, 2nd", "Prise WAV, 2e")), "take3.wav", None, id="an ordinal"
        ),
        pytest.param(
            ("v2.zip", Texts("ZIP archive of 2019", "Archive ZIP de 2019")),
            "v3.zip",
            None,
            id="an invented number",
        ),
    ],
)
def test_carry_over(answered, sibling, expected):
    carried = carry_over(*answered, sibling)
    assert (carried and (carried[0].en, carried[0].fr)) == expected


def test_the_way_it_came_is_told():
    assert carry_over(*REPORT, "REPORT 2023.pdf")[1] == "words"
    assert carry_over(*REPORT, "report_2025.pdf")[1] == "family"


def test_words_key_keeps_numbers_and_extension():
    assert words_key("Mes Photos_2.zip") == words_key("mes-photos-2.ZIP") != words_key("mes photos 3.zip")
    assert words_key("a b.zip") != words_key("a b.tar")
