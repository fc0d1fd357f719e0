import random

import pytest

from train.base.compose import Lexicon, Word
from train.base.swap import Forms, forms, spans, swapped

ROWS = [
    ("a.py", "Python script that reads the mail", "Script Python qui lit le courrier"),
    ("b.py", "Python script that sorts the mail", "Script Python qui trie le courrier"),
]


def lexicon(**by_pos):
    """Rows of (English, French, gender) by part of speech."""
    return Lexicon({pos: [Word(en, "en", en, fr, g) for en, fr, g in rows] for pos, rows in by_pos.items()})


FORMS = Forms.of(
    forms(
        lexicon(
            N=[
                ("bridge", "pont", "m"),
                ("scarf", "foulard", "m"),
                ("tree", "arbre", "m"),
                ("hedgehog", "hérisson", "m"),
                ("town hall", "mairie", "f"),
                ("rag doll", "poupée de chiffon", "f"),
            ],
            A=[
                ("noisy", "bruyant", "m"),
                ("green", "vert", "m"),
                ("fast", "rapide", "m"),
                ("small", "petit", "m"),
            ],
            V=[("read", "lire", ""), ("sort", "trier", ""), ("sneeze", "éternuer", "")],
        ),
        ROWS,
    )
)


def drawn(row, kept=frozenset(), draws=200):
    return {swapped(row, FORMS, kept, random.Random(seed)) for seed in range(draws)}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param(
            ("liste_PONTS_2023.csv", "CSV list of the bridges, 2023", "Liste CSV des ponts, 2023"),
            ("liste_FOULARDS_2023.csv", "CSV list of the scarves, 2023", "Liste CSV des foulards, 2023"),
            id="a noun that agrees alike, in capitals as the name has it",
        ),
        pytest.param(
            ("BridgesAlps.png", "Bridges of the Alps, PNG image", "Ponts des Alpes, image PNG"),
            ("ScarvesAlps.png", "Scarves of the Alps, PNG image", "Foulards des Alpes, image PNG"),
            id="a noun that begins the texts keeps its capital",
        ),
        pytest.param(
            ("town_hall_roof.jpg", "JPEG photo of the town hall roof", "Photo JPEG du toit de la mairie"),
            (
                "rag_doll_roof.jpg",
                "JPEG photo of the rag doll roof",
                "Photo JPEG du toit de la poupée de chiffon",
            ),
            id="a term for a term",
        ),
        pytest.param(
            ("ToitMairie.jpg", "JPEG photo of the town hall roof", "Photo JPEG du toit de la mairie"),
            (
                "ToitPoupeeChiffon.jpg",
                "JPEG photo of the rag doll roof",
                "Photo JPEG du toit de la poupée de chiffon",
            ),
            id="a French term goes into a name without its little words, in the name's style",
        ),
        pytest.param(
            ("noisy dogs.mp3", "MP3 recording of noisy dogs", "Enregistrement MP3 de chiens bruyants"),
            ("fast dogs.mp3", "MP3 recording of fast dogs", "Enregistrement MP3 de chiens rapides"),
            id="an adjective, agreed",
        ),
        pytest.param(
            (
                "read_mail.py",
                "Python script that reads the mail",
                "Script Python qui lit le courrier",
            ),
            (
                "sort_mail.py",
                "Python script that sorts the mail",
                "Script Python qui trie le courrier",
            ),
            id="a program's verb",
        ),
    ],
)
def test_a_form_is_swapped_in_name_and_texts_alike(row, expected):
    assert expected in drawn(row)


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        pytest.param(
            ("ponts.odt", "OpenDocument on roads", "Note sur les ponts"),
            frozenset(),
            id="one text tells another",
        ),
        pytest.param(
            ("bridge_scan.pdf", "PDF bridge", "Pont PDF"),
            frozenset({"bridge"}),
            id="a word that says the kind",
        ),
        pytest.param(
            ("tree.obj", "OBJ model of the tree", "Modèle OBJ de l'arbre"),
            frozenset(),
            id="no other with a vowel",
        ),
        pytest.param(
            ("hedgehog.obj", "OBJ model of the hedgehog", "Modèle OBJ du hérisson"),
            frozenset(),
            id="h: mute or not, no letter says it",
        ),
        pytest.param(
            ("fast_car.jpg", "JPEG photo of a fast car", "Photo JPEG d'une voiture rapide"),
            frozenset(),
            id="an adjective whose gender does not show",
        ),
        pytest.param(
            ("small_car.jpg", "JPEG photo of a small car", "Photo JPEG d'une petite voiture"),
            frozenset(),
            id="an adjective that stands before its noun",
        ),
    ],
)
def test_what_cannot_be_swapped_stays(row, kept):
    assert drawn(row, kept) == {row}


def test_verbs_are_those_that_the_rows_use_of_programs():
    assert {form.en for form in FORMS.by_alike["V", False, False, False]} == {"reads", "sorts"}


def test_spans_pass_over_little_words():
    keys = [key for *_, key in spans("cle_de_chiffrement2")]
    assert keys == ["cle", "cle chiffrement", "cle chiffrement 2", "chiffrement", "chiffrement 2", "2"]
