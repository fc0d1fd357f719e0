import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen.language import judge, languages
from datagen.spelling import accented, known


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        pytest.param("Rapport PDF des ventes de mars", "fr", id="French"),
        pytest.param("PDF report of the March sales", "en", id="English"),
        pytest.param("Sauvegarde ZIP de juillet", "fr", id="French without accents"),
        pytest.param("ZIP backup from July", "en", id="English, four words"),
        pytest.param("Script shell qui extrait les evenements", "fr", id="accents lost"),
        pytest.param("Archive TAR", "fr", id="noun before the name"),
        pytest.param("TAR archive", "en", id="noun after the name"),
        pytest.param("fichier de paramètres", "fr", id="small letters"),
        pytest.param("Facture d'électricité", "fr", id="elision"),
        pytest.param("42", "uncertain", id="no word"),
        pytest.param("", "uncertain", id="empty"),
    ],
)
def test_one_text(text, answer):
    assert judge(text).answer == answer


@pytest.mark.parametrize(
    ("en", "fr", "answer"),
    [
        pytest.param("PDF sales report of March", "Rapport PDF des ventes de mars", ("en", "fr"), id="right"),
        pytest.param(
            "Rapport PDF des ventes de mars", "PDF sales report of March", ("fr", "en"), id="swapped"
        ),
        pytest.param(
            "PDF sales report of March", "Sales report for March in PDF", ("en", "en"), id="both English"
        ),
        pytest.param(
            "MP3 audio of Les Pieds sur terre, 5 October 2022",
            "Audio MP3 des Pieds sur terre du 5 octobre 2022",
            ("en", "fr"),
            id="a French title in both",
        ),
        pytest.param(
            "PDF résumé of Jean Martin", "CV de Jean Martin en PDF", ("en", "fr"), id="an English résumé"
        ),
        pytest.param(
            "Word résumés for 2024", "CV Word de 2024 du personnel", ("en", "fr"), id="English résumés"
        ),
        pytest.param(
            "Résumé du rapport annuel des ventes",
            "Summary of the annual sales report",
            ("fr", "en"),
            id="a French résumé",
        ),
    ],
)
def test_two_texts_compared(en, fr, answer):
    assert languages(en, fr) == answer


@settings(deadline=None)  # the first call loads the models
@given(st.text(max_size=60))
def test_the_same_text_has_the_same_answer_whatever_came_before(text):
    first = judge(text)
    judge("quelque chose d'autre")
    assert judge(text) == first


def test_dictionaries():
    assert known("sauvegarde") == {"fr"} and known("backup") == {"en"} and known("image") == {"fr", "en"}
    assert "données" in accented("fr")["donnees"]
