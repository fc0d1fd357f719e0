import pytest
from hypothesis import given

from nomenclair import contract
from nomenclair.errors import UserError
from nomenclair.glossary import Glossary
from tests.test_names import file_names


@pytest.mark.parametrize(
    ("name", "lang", "text"),
    [
        pytest.param("facture_edf_mars.pdf", "fr", "fr: facture edf mars .pdf", id="plain"),
        pytest.param("UserRepository.java", "en", "en: User Repository .java", id="case is kept"),
        pytest.param("9DC08797A0F63F7C.pem", "en", "en: # .pem", id="a hash says nothing"),
        pytest.param("Dockerfile", "en", "en: Dockerfile", id="no extension"),
        pytest.param(
            "hooks.cpython-312.opt-1.pyc", "en", "en: hooks .pyc", id="which interpreter compiled it"
        ),
        pytest.param(
            "x.cpython-311-x86_64.so", "en", "en: x cpython 311 x86 64 .so", id="a library's is kept"
        ),
        pytest.param("📷.png", "fr", "fr:  .png", id="no word"),
        pytest.param(
            "Facture (2).pdf", "fr", "fr: Facture (2) .pdf", id="the number of a copy keeps its brackets"
        ),
        pytest.param("Bach (1685).pdf", "en", "en: Bach 1685 .pdf", id="a year is no copy"),
        pytest.param("IMG20240102101112.jpg", "en", "en: IMG 20240102 .jpg", id="a clock joined to its day"),
        pytest.param("PXL_20240102_101112123.jpg", "en", "en: PXL 20240102 .jpg", id="with thousandths"),
        pytest.param("a-20240102T101112Z.log", "en", "en: a 20240102 Z .log", id="as ISO 8601 writes it"),
        pytest.param("scan202401021011.pdf", "en", "en: scan 20240102 .pdf", id="hour and minute"),
        pytest.param("a 2024-01-02 10-11-12.mkv", "en", "en: a 2024 01 02 .mkv", id="in groups of two"),
        pytest.param("É 2024-01-02 à 10.11.12.png", "fr", "fr: É 2024 01 02 .png", id="as macOS writes it"),
        pytest.param("Doc 2024-01-02 10_11.pdf", "en", "en: Doc 2024 01 02 .pdf", id="no seconds"),
        pytest.param(
            "a_2024-01-02_9h15.mp3", "fr", "fr: a 2024 01 02 9 h15 .mp3", id="no hour in two digits"
        ),
        pytest.param("a_2024-01-02_10h11.mp3", "fr", "fr: a 2024 01 02 .mp3", id="as the French write it"),
        pytest.param(
            "VID_20240102_1011.3gp", "en", "en: VID 20240102 .3gp", id="four digits of a day's hours"
        ),
        pytest.param("a_20240102_2024.csv", "en", "en: a 20240102 2024 .csv", id="a year is no clock"),
        pytest.param("a_20240102_0815kg.csv", "en", "en: a 20240102 0815 kg .csv", id="nor is an amount"),
        pytest.param("IMG_20240102_0007.jpg", "en", "en: IMG 20240102 0007 .jpg", id="a counter is no clock"),
        pytest.param("20241302101112.sql", "en", "en: 20241302101112 .sql", id="no thirteenth month"),
        pytest.param("20240102251112.sql", "en", "en: 20240102251112 .sql", id="no hour 25"),
    ],
)
def test_source_text(name, lang, text):
    assert contract.source_text(name, lang) == text


GLOSSARY = Glossary.of_words(
    {
        "serrure": ("lock", "serrure f"),
        "ete": ("summer", "été m"),
        "edf": ("EDF", "EDF"),
        "pompe": ("pump, shoe, pomp", "pompe f"),
    }
)


@pytest.mark.parametrize(
    ("name", "lang", "text"),
    [
        pytest.param("serrure_porte.stl", "en", "en: serrure [ lock ] porte .stl", id="into English"),
        pytest.param(
            "SERRURE.stl", "fr", "fr: SERRURE [ serrure f ] .stl", id="into French, whatever the case"
        ),
        pytest.param("photos été.zip", "en", "en: photos été [ summer ] .zip", id="accents do not count"),
        pytest.param("facture EDF.pdf", "fr", "fr: facture EDF .pdf", id="a word told as it stands"),
        pytest.param("pompe.stl", "en", "en: pompe [ pump, shoe, pomp ] .stl", id="all senses"),
        pytest.param(
            "pompe " * 5 + ".stl", "en", "en: " + "pompe [ pump, shoe ] " * 5 + ".stl", id="room for two each"
        ),
        pytest.param(
            "pompe " * 6 + ".stl", "en", "en: " + "pompe [ pump ] " * 6 + ".stl", id="room for one each"
        ),
        pytest.param(
            "serrure " * 14 + ".stl",
            "en",
            "en: serrure [ lock ] " + "serrure " * 13 + ".stl",
            id="room for the first one's",
        ),
        pytest.param(
            "serrure " * 15 + ".stl", "en", "en: " + "serrure " * 15 + ".stl", id="too long for glosses"
        ),
    ],
)
def test_glossed_source_text(name, lang, text):
    assert contract.source_text(name, lang, GLOSSARY) == text


PERSONS = Glossary.of_words(
    {
        "julie": ("Julie g", "Julie g"),
        "nico": ("Nico g", "Nico g"),
        "brown": ("Brown s", "marron, Brown s"),
        "dupond": ("Dupond s", "Dupond s"),
        "martin": ("Martin p", "Martin p"),
        "rose": ("pink, Rose p", "rose f, Rose p"),
        "san": ("San p", "San p"),
        "san juan": ("San Juan t", "San Juan t"),
    }
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param(
            "cv_julie_brown.pdf", "cv julie brown [ Julie Brown p ] .pdf", id="a person's two names"
        ),
        pytest.param("JulieBrown.pdf", "Julie Brown [ Julie Brown p ] .pdf", id="in camel case"),
        pytest.param(
            "julie & brown.pdf",
            "julie [ Julie g ] brown [ marron, Brown s ] .pdf",
            id="two persons, by a mark",
        ),
        pytest.param("dupond julie.pdf", "dupond julie [ Dupond Julie p ] .pdf", id="the surname first"),
        pytest.param(
            "julie_nico.pdf", "julie [ Julie g ] nico [ Nico g ] .pdf", id="two given names: two persons"
        ),
        pytest.param(
            "dupond-brown.pdf",
            "dupond [ Dupond s ] brown [ marron, Brown s ] .pdf",
            id="two surnames: two persons",
        ),
        pytest.param(
            "martin nico.pdf", "martin nico [ Martin Nico p ] .pdf", id="either beside a given name"
        ),
        pytest.param("Martin Martin.pdf", "Martin Martin [ Martin Martin p ] .pdf", id="either twice"),
        pytest.param(
            "rose brown.pdf",
            "rose [ rose f, Rose p ] brown [ marron, Brown s ] .pdf",
            id="likelier a word first",
        ),
        pytest.param(
            "julie san juan.pdf", "julie [ Julie g ] san juan [ San Juan t ] .pdf", id="before a phrase"
        ),
        pytest.param("cv julie.pdf", "cv julie [ Julie g ] .pdf", id="nothing behind it"),
    ],
)
def test_the_names_of_one_person_are_told_as_one(name, text):
    assert contract.source_text(name, "fr", PERSONS) == f"fr: {text}"


@given(file_names)
def test_source_text_is_bounded(name):
    text = contract.source_text(name, "fr")
    assert text.startswith("fr:")
    assert len(text) <= contract.MAX_SOURCE_CHARS + 24
    assert "\n" not in text


def test_a_name_too_long_for_glosses_is_not_glossed(monkeypatch):
    """A name of any length may come (`serve`): trying its tellings takes the square of its words' number."""
    monkeypatch.setattr(contract, "_glossed", None)
    text = contract.source_text("serrure " * 4000 + ".stl", "en", GLOSSARY)
    assert text.startswith("en: serrure serrure") and text.endswith("serrure serrure .stl")


def test_unknown_language():
    with pytest.raises(UserError, match=r"'de'.*fr, en"):
        contract.check_lang("de")
