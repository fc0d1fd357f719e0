"""Composed examples: the French that the rules make, and what every draw must hold."""

import re

import pytest

from nomenclair.kinds import KindTable
from train.base.build import CORPUS, third_person
from train.base.compose import Composer, Lexicon, Phrase, with_article
from train.base.inflection import agreed, elided, english_third, french_plural


@pytest.mark.parametrize(
    ("singular", "plural"),
    [
        pytest.param("facture", "factures", id="regular"),
        pytest.param("journal", "journaux", id="-al"),
        pytest.param("bureau", "bureaux", id="-eau"),
        pytest.param("prix", "prix", id="ends in x"),
        pytest.param("feuille de calcul", "feuilles de calcul", id="only the head before a preposition"),
        pytest.param("retour d'expérience", "retours d'expérience", id="only the head before an elided one"),
        pytest.param("certificat médical", "certificats médicaux", id="adjective in -al"),
    ],
)
def test_french_plural(singular: str, plural: str) -> None:
    assert french_plural(singular) == plural


@pytest.mark.parametrize(
    ("lemma", "feminine", "plural", "form"),
    [
        pytest.param("actif", True, False, "active", id="-if"),
        pytest.param("sérieux", True, True, "sérieuses", id="-eux, both"),
        pytest.param("mensuel", True, False, "mensuelle", id="-el"),
        pytest.param("principal", False, True, "principaux", id="-al"),
        pytest.param("rouge", True, False, "rouge", id="same in both"),
        pytest.param("public", True, False, "publique", id="-ic"),
    ],
)
def test_agreement(lemma: str, feminine: bool, plural: bool, form: str) -> None:
    assert agreed(lemma, feminine, plural) == form


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        pytest.param(Phrase("server", "serveur", (), ()), "du serveur", id="masculine"),
        pytest.param(Phrase("archive", "archive", (), (), "f"), "de l'archive", id="vowel"),
        pytest.param(Phrase("invoice", "facture", (), (), "f"), "de la facture", id="feminine"),
        pytest.param(Phrase("users", "utilisateurs", (), (), "m", True), "des utilisateurs", id="plural"),
        pytest.param(Phrase("EDF", "EDF", (), (), proper=True), "d'EDF", id="a proper name has no article"),
    ],
)
def test_of_the(phrase: Phrase, text: str) -> None:
    assert with_article(phrase, de=True) == text


def test_small_words_and_verbs() -> None:
    assert elided("de", "histoire") == "d'histoire" and elided("de", "facture") == "de facture"
    assert [english_third(v) for v in ("copy", "fetch", "set up")] == ["copies", "fetches", "sets up"]
    assert third_person("extraire") == "extrait" and third_person("nettoyer") == "nettoie"


def test_every_draw_copies_its_numbers_and_says_its_kind() -> None:
    table = KindTable.load(CORPUS / "kinds.tsv")
    kinds = [table.by_pattern[e] for e in (".pdf", ".py", ".jpg", ".sh", ".zip", ".csv")]
    composer = Composer(Lexicon.load(CORPUS / "lexicon.tsv"), kinds, ["Zorbla", "qeglfs"], third_person, 4)
    for _ in range(400):
        name, en, fr = composer.example()
        kind = table.of(name)
        assert en.startswith(kind.en) and fr.startswith(kind.fr)
        for number in re.findall(r"[0-9]{4,}", en):
            assert number in fr and (number in name or number[2:] in name)  # 15-10-26 is of 2026
        assert "  " not in en + fr and not re.search(r"\b(?:de le|de les|le [aeiou])\b", fr)
