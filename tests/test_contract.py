import pytest
from hypothesis import given

from nomenclair import contract
from nomenclair.errors import UserError
from tests.test_names import file_names


@pytest.mark.parametrize(
    ("name", "lang", "text"),
    [
        pytest.param("facture_edf_mars.pdf", "fr", "fr: facture edf mars .pdf", id="plain"),
        pytest.param("UserRepository.java", "en", "en: User Repository .java", id="case is kept"),
        pytest.param("9DC08797A0F63F7C.pem", "en", "en: # .pem", id="a hash says nothing"),
        pytest.param("Dockerfile", "en", "en: Dockerfile", id="no extension"),
        pytest.param("📷.png", "fr", "fr:  .png", id="no word"),
        pytest.param(
            "Facture (2).pdf", "fr", "fr: Facture (2) .pdf", id="the number of a copy keeps its brackets"
        ),
        pytest.param("Bach (1685).pdf", "en", "en: Bach 1685 .pdf", id="a year is no copy"),
    ],
)
def test_source_text(name, lang, text):
    assert contract.source_text(name, lang) == text


@given(file_names)
def test_source_text_is_bounded(name):
    text = contract.source_text(name, "fr")
    assert text.startswith("fr:")
    assert len(text) <= contract.MAX_SOURCE_CHARS + 24
    assert "\n" not in text


def test_unknown_language():
    with pytest.raises(UserError, match=r"'de'.*fr, en"):
        contract.check_lang("de")
