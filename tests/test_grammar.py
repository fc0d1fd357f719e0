"""The grammar teacher on names read by a person, and what it refuses."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagen import realise
from datagen.grammar import Abstention, Description, GrammarTeacher
from nomenclair.contract import MAX_CHARS, MAX_WORDS

TEACHER = GrammarTeacher.load(Path(__file__).resolve().parent.parent / "corpus")


@pytest.mark.parametrize(
    ("name", "en", "fr"),
    [
        ("report_2023.pdf", "PDF report for 2023", "Rapport PDF de 2023"),
        (
            "extract_window_events.sh",
            "Shell script that extracts window events",
            "Script shell qui extrait les événements de fenêtre",
        ),
        ("facture_edf_mars.pdf", "PDF of the EDF invoice for March", "Facture EDF de mars en PDF"),
        (
            "UserRepository.java",
            "Java source file of the user repository",
            "Fichier source Java du dépôt d'utilisateurs",
        ),
        ("backup_july.zip", "ZIP backup from July", "Sauvegarde ZIP de juillet"),
        ("a1b2c3d4.tmp", "Temporary file", "Fichier temporaire"),
        ("IMG_0042.jpg", "JPEG photo no. 42", "Photo JPEG n° 42"),
        ("test_csv_reader.py", "Python tests of the CSV reader", "Tests Python du lecteur CSV"),
        (
            "image_filters.cpp",
            "C++ source file of the image filters",
            "Fichier source C++ des filtres d'image",
        ),
        (
            "convert_flac_to_mp3.bash",
            "Bash script that converts FLAC to MP3",
            "Script Bash qui convertit du FLAC en MP3",
        ),
        (
            "releve_compte_2023-11-08.pdf",
            "PDF bank statement of 8 November 2023",
            "Relevé de compte PDF du 8 novembre 2023",
        ),
        (
            "rapport final 1er mars 2021.pdf",
            "Final PDF report of 1 March 2021",
            "Rapport final PDF du 1er mars 2021",
        ),
        ("facture (2).pdf", "PDF invoice, copy 2", "Facture PDF, copie 2"),
        ("analyser_logs.py", "Python script that analyzes logs", "Script Python qui analyse les journaux"),
        (
            "enregistrer_plaintes_clients.php",
            "PHP script that saves client complaints",
            "Script PHP qui enregistre les plaintes des clients",
        ),
        (
            "inventory_lyon.ini",
            "INI configuration file of the Lyon inventory",
            "Fichier de configuration INI de l'inventaire de Lyon",
        ),
        (
            "CACHER_OEUFS_PAQUES.js",
            "JavaScript script that hides Easter eggs",
            "Script JavaScript qui cache les œufs de Pâques",
        ),
        ("libcurl.so.4", "Shared library libcurl, version 4", "Bibliothèque partagée libcurl, version 4"),
        ("issue-3099.stderr", "Error output of issue 3099", "Sortie d'erreur du ticket 3099"),
        ("brush_2.xpm", "XPM image of brush no. 2", "Image XPM du pinceau n° 2"),
        (
            "Q1_2024_Sales_Report.docx",
            "Word sales report for the first quarter of 2024",
            "Rapport des ventes Word du premier trimestre de 2024",
        ),
    ],
)
def test_descriptions(name, en, fr):
    assert TEACHER.describe(name) == Description(en, fr)


@pytest.mark.parametrize(
    ("name", "word", "reason"),
    [
        pytest.param("rapport_zorglub.pdf", "zorglub", "unknown-word", id="word that the lexicon lacks"),
        pytest.param("facture", "facture", "kind", id="no extension"),
        pytest.param("server.key", ".key", "kind", id="extension of two kinds"),
        pytest.param("numpy.linalg.svd.html", "numpy.linalg.svd", "dotted", id="identifier with dots"),
        pytest.param("chunk_3_of_7_report.txt", "3", "number", id="numbers inside"),
        pytest.param("BuildEventModule.java", "Build", "verb", id="class that begins with a verb"),
        pytest.param("partition_usb_stick.sh", "partition", "sense", id="word of several senses"),
        pytest.param("water_tomatoes.ino", "water", "verb", id="verb that the lexicon has as a noun"),
        pytest.param("multiply_fractions_quiz.py", "fractions", "order", id="object with a qualifier behind"),
        pytest.param("convertir_factures_csv.R", "csv", "order", id="format that may be the goal"),
        pytest.param("facture_plombier_signee.pdf", "signee", "order", id="adjective of either noun"),
        pytest.param("toile_de_verre_metrage.ods", "toile", "sense", id="marked in the lexicon"),
        pytest.param("grand_livre_loyer_2019-2023.xls", "2023", "number", id="span of years"),
        pytest.param("syslog.3.gz", "syslog.3", "kind", id="rotated log, no manual page"),
        pytest.param("rapport_².pdf", "²", "unknown-word", id="superscript digit, no number"),
    ],
)
def test_abstentions_name_the_word(name, word, reason):
    assert TEACHER.describe(name) == Abstention(word, reason)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(sorted({e.word for e in TEACHER.lexicon.entries()})), min_size=1, max_size=3),
    st.sampled_from([".pdf", ".py", ".png", ".html", ".zip", ".docx", ".xlsx", ".c"]),
    st.sampled_from(["", "_2023", "_v2", "_2023-11-08", " (1)"]),
)
def test_every_answer_keeps_the_style(words, ext, tail):
    name = "_".join(words) + tail + ext
    answer = TEACHER.describe(name)
    if isinstance(answer, Abstention):
        assert answer.reason and answer.word
        return
    for text in (answer.en, answer.fr):
        assert len(text) <= MAX_CHARS and len(text.split()) <= MAX_WORDS
        assert not text[0].islower() and "  " not in text and "[[" not in text and not text.endswith(".")
    assert not re.search(r"\b(?:de le|de les|à le|à les|de [aeiouéè]\w{2,})\b", answer.fr), answer.fr


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_no_name_breaks_it(name):
    assert isinstance(TEACHER.describe(name), (Description, Abstention))


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["surface_m", "IMG_", "x", "rapport_", ""]),
    st.text(st.characters(categories=("Nd", "No", "Nl")), min_size=1, max_size=3),
    st.sampled_from([".pdf", ".jpg", ".png", ".xlsx"]),
)
def test_no_digit_of_any_script_breaks_it(stem, digits, ext):
    assert isinstance(TEACHER.describe(stem + digits + ext), (Description, Abstention))


def test_it_is_pure():
    names = ["facture_edf_mars.pdf", "extract_window_events.sh", "zorglub.pdf"]
    assert [TEACHER.describe(n) for n in names] == [TEACHER.describe(n) for n in names]


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        pytest.param(("de", "le", "serveur"), "du serveur", id="contraction"),
        pytest.param(("de", "le", "événement"), "de l'événement", id="elision before contraction"),
        pytest.param(("de", "le", "héros"), "du héros", id="h aspiré"),
        pytest.param(("de", "YAML"), "de YAML", id="y of an acronym"),
        pytest.param(("de", "HTML"), "de HTML", id="spelled h"),
        pytest.param(("à", "les", "clients"), "aux clients", id="aux"),
    ],
)
def test_joining(tokens, text):
    assert realise.join_fr(tokens) == text


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (realise.noun_fr("pièce jointe", "f", True), "pièces jointes"),
        (realise.noun_fr("relevé de compte", "m", True), "relevés de compte"),
        (realise.noun_fr("API", "f", True), "API"),
        (realise.adjective_fr("signé", "f", True), "signées"),
        (realise.adjective_fr("par défaut", "f", True), "par défaut"),
        (realise.verb_fr("mettre à jour"), "met à jour"),
        (realise.verb_en("back up"), "backs up"),
        (realise.plural_en("bill of lading"), "bills of lading"),
        (realise.plural_en("library"), "libraries"),
        (realise.plural_en("vote counters"), "vote counters"),
        (realise.plural_en("going concern parties"), "going concern parties"),
        (realise.plural_en("glass"), "glasses"),
    ],
)
def test_inflection(made, text):
    assert made == text
