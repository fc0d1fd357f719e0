import pytest

from train.base.uses import by_use, is_said, uses

LOG = {"log": ["bûche f", "journal m"], "devis": ["devis m"]}


@pytest.mark.parametrize(
    ("described", "found"),
    [
        pytest.param([("app.log", "Journal de l'application")], {}, id="what is no word of the stem"),
        pytest.param([("error_log.txt", "Journal des erreurs en TXT")], {("log", "journal m"): 1}, id="said"),
        pytest.param([("Logs.txt", "Journaux")], {}, id="another word of the name"),
        pytest.param(
            [("log_a.txt", "Journaux d'erreurs"), ("log_log.txt", "Bûche, bûche")],
            {("log", "journal m"): 1, ("log", "bûche f"): 1},
            id="a plural; once a text, however often",
        ),
        pytest.param([("devis.pdf", "Devis en PDF")], {}, id="a word with one sense"),
        pytest.param([("log.txt", "")], {}, id="no text"),
    ],
)
def test_uses(described, found):
    assert uses(described, LOG) == found


@pytest.mark.parametrize(
    ("sense", "text", "said"),
    [
        pytest.param("serrure f", ["les", "serrures"], True, id="a plural"),
        pytest.param("serrure f", ["serre"], False, id="a word that only begins alike"),
        pytest.param("Daisy g", ["daisy"], False, id="a flower is no given name"),
        pytest.param("daisy", ["Daisy"], False, id="nor the other way round"),
        pytest.param("conseil d'administration m", ["conseil"], False, id="every word of a term"),
        pytest.param("bail m", ["bail"], True, id="a short word itself"),
        pytest.param("or m", ["or"], True, id="two letters"),
        pytest.param("reçoit", ["recoit"], True, id="accents apart"),
    ],
)
def test_is_said(sense, text, said):
    assert is_said(sense, text) is said


def test_the_sense_said_more_often_is_first_others_keep_their_order():
    used = {("log", "journal m"): 2, ("other", "rondin m"): 9}
    assert by_use("log", ["bûche f", "rondin m", "journal m"], used) == ["journal m", "bûche f", "rondin m"]
