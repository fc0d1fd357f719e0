import re

import pytest

from nomenclair.contract import SENSES
from nomenclair.names import fold
from train.base.build import CORPUS
from train.base.compose import Lexicon, Word
from train.base.glossary import glosses
from train.base.proper_names import ALSO, CLASSES, ProperName, load

LEXICON = Lexicon(
    {
        "N": [
            Word("serrure", "fr", "lock", "serrure", "f"),
            Word("pain", "fr", "bread", "pain", "m"),
            Word("pain", "en", "pain", "douleur", "f"),
            Word("cheval", "fr", "horse", "cheval", "m"),
            Word("cfg", "en", "configuration", "configuration", "f"),
            Word("date", "fr", "date", "date", "f"),
            Word("log cabin", "en", "log cabin", "cabane en rondins", "f"),
            Word("proof of address", "en", "proof of address", "justificatif de domicile", "m"),
            Word("parking meter", "en", "parking meter", "parcmètre", "m"),
            Word("online", "en", "online", "en ligne", "m"),
            Word("peeling", "en", "peeling", "épluchure", "f"),
            Word("swallow", "en", "swallow", "hirondelle", "f"),
        ],
        "A": [Word("flou", "fr", "blurry", "flou", ""), Word("suivant", "fr", "following", "suivant", "")],
        "V": [
            Word("redresser", "fr", "straighten", "redresser", ""),
            Word("date", "en", "date", "dater", ""),
            Word("give", "en", "give", "donner", ""),
            Word("peel", "en", "peel", "éplucher", ""),
            Word("set thermostat", "en", "set thermostat", "régler le thermostat", ""),
            Word("suivre", "fr", "follow", "suivre", ""),
            Word("avaler", "fr", "swallow", "avaler", ""),
        ],
        "P": [Word("edf", "xx", "EDF", "EDF", "m"), Word("may", "xx", "May", "May", "m")],
        "X": [Word("stage", "xx", "stage", "étape", "")],
    }
)
TOLD = glosses(LEXICON)


@pytest.mark.parametrize(
    ("word", "english", "french"),
    [
        pytest.param("serrure", "lock", "serrure f", id="a noun, its gender in French"),
        pytest.param("lock", "", "serrure f", id="a word that only stands as a translation"),
        pytest.param("chevaux", "horse", "cheval m", id="an irregular plural"),
        pytest.param(
            "pain", "bread, pain", "pain m, douleur f", id="a word of both languages keeps both senses"
        ),
        pytest.param("floues", "blurry", "", id="an adjective without accents is copied"),
        pytest.param(
            "redresse", "straightened, straightens", "redressé, redresse", id="a participle, a third person"
        ),
        pytest.param("redresser", "straightens", "redresse", id="a French infinitive, what it does"),
        pytest.param("redressees", "straightened", "redressées", id="a participle gets its accents back"),
        pytest.param("straightening", "", "redresse", id="an English present participle"),
        pytest.param("cfg", "configuration", "configuration f", id="an abbreviation in its own language"),
        pytest.param("edf", "EDF", "EDF", id="a name gets its capitals"),
        pytest.param("log cabin", "", "cabane en rondins f", id="a phrase"),
        pytest.param("log cabins", "", "cabanes en rondins fp", id="a phrase's plural is told as one"),
        pytest.param("cabanes rondins", "log cabins", "cabanes en rondins fp", id="the other way round"),
        pytest.param(
            "proof address",
            "proof of address",
            "justificatif de domicile m",
            id="a little word is given back",
        ),
        pytest.param("parking meters", "", "parcmètres mp", id="a phrase that is one word in French"),
        pytest.param("gave", "", "donné", id="an English simple past as a participle"),
        pytest.param("set thermostat", "", "règle le thermostat", id="what is done, not what was"),
        pytest.param("peeling", "", "épluchure f, épluche", id="a thing, and what somebody does, last"),
        pytest.param("swallow", "", "hirondelle f", id="a noun that is a verb only as a translation"),
        pytest.param("swallows", "", "hirondelle f", id="its plural"),
        pytest.param("swallowing", "", "avale", id="what one does"),
        pytest.param("swallowed", "", "avalé", id="what one has done"),
        pytest.param("suivant", "following", "", id="not so in French"),
        pytest.param("parcmetre", "parking meter", "parcmètre m", id="a word that is a phrase in English"),
        pytest.param("dates", "", "date f, date", id="nothing told that the letters say"),
    ],
)
def test_what_is_told(word, english, french):
    assert TOLD[word] == (english, french)


@pytest.mark.parametrize(
    "word",
    [
        pytest.param("may", id="a name that is a common word"),
        pytest.param("stage", id="a word of several senses"),
        pytest.param("ligne", id="what would be left of a phrase that begins with a little word"),
    ],
)
def test_what_is_not_told(word):
    assert word not in TOLD


@pytest.mark.parametrize(
    ("name", "key", "both"),
    [
        pytest.param(ProperName("Zoé", "person", ""), "zoe", ("Zoé p", "Zoé p"), id="a person"),
        pytest.param(
            ProperName("Pain", "person", "word"),
            "pain",
            ("bread, pain, Pain p", "pain m, douleur f, Pain p"),
            id="a word that is rarely a name: last",
        ),
        pytest.param(
            ProperName("Pain", "town", "name"),
            "pain",
            ("Pain t, bread, pain", "Pain t, pain m, douleur f"),
            id="a word that is a name more often: first",
        ),
        pytest.param(
            ProperName("EDF", "brand", ""), "edf", ("EDF b", "EDF b"), id="in an untold class before"
        ),
        pytest.param(
            ProperName("May", "person", "word"), "may", ("May p", "May p"), id="not left out as a word"
        ),
        pytest.param(
            ProperName("Saint-Jean-de-Luz", "town", ""),
            "saint jean luz",
            ("Saint-Jean-de-Luz t", "Saint-Jean-de-Luz t"),
            id="of several words, without its little ones",
        ),
        pytest.param(
            ProperName("La Poste", "brand", ""),
            "la poste",
            ("La Poste b", "La Poste b"),
            id="an article that leads",
        ),
        pytest.param(
            ProperName("PlayStation", "brand", ""),
            "playstation",
            ("PlayStation b",) * 2,
            id="its capitals lost",
        ),
    ],
)
def test_proper_names_are_told_with_their_class(name, key, both):
    assert glosses(LEXICON, [name])[key] == both


@pytest.mark.parametrize(
    ("rows", "both"),
    [
        pytest.param(
            [], ("bread, pain", "pain m, douleur f"), id="no pair has the word: the lexicon's order"
        ),
        pytest.param(
            [("pain.txt", "Pain in a text file", "Fichier texte sur la douleur")],
            ("pain, bread", "douleur f, pain m"),
            id="what the pairs say, in each language",
        ),
        pytest.param(
            [
                ("pain.txt", "Bread", "Pain"),
                ("pain_b.txt", "Pains", "Douleurs"),
                ("pain_c.txt", "Loaf", "Pain"),
            ],
            ("bread, pain", "pain m, douleur f"),
            id="said alike: the lexicon's order",
        ),
    ],
)
def test_what_the_pairs_say_more_often_is_told_first(rows, both):
    assert glosses(LEXICON, rows=rows)["pain"] == both


def test_the_proper_names_are_well_formed():
    rows = load(CORPUS / "proper_names.tsv")
    assert len({row.name for row in rows}) == len(rows) > 5_000
    for row in rows:
        assert row.kind in CLASSES and row.also in ALSO, row
        assert re.fullmatch(r"[\w][\w' .+&-]*", row.name) and len(row.name) > 2, row


def test_the_dictionary_is_well_formed():
    header, *lines = (CORPUS / "dictionary.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    assert header.split("\t") == ["word", "lang", "pos", "en", "fr", "gender"]
    assert len(rows) > 25_000 and len({tuple(row) for row in rows}) == len(rows)
    for word, lang, pos, en, fr, gender in rows:
        if lang == "xx":  # an abbreviation, another spelling, or a name that lower case hides
            assert re.fullmatch(r"[a-z]{2,}", word) and {en, fr} != {word}, word
        else:
            assert lang in ("en", "fr") and word.lower() == (en if lang == "en" else fr).lower(), word
        assert pos in ("NAVP" if lang == "xx" else "NAV"), word
        assert (gender in ("m", "f", "mp", "fp")) == (pos == "N"), word
        assert re.fullmatch(r"[\w' .’+&-]+", en + fr), word


def test_what_a_reader_set_right_stands_instead():
    corrected = {"lock": ("lock", "verrou m"), "pain": ("", "")}
    found = glosses(LEXICON, corrected=corrected)
    assert found["lock"] == ("lock", "verrou m") and "pain" not in found
    assert {key: both for key, both in found.items() if key not in corrected} == {
        key: both for key, both in TOLD.items() if key not in corrected
    }


def test_the_glosses_set_right_are_well_formed():
    header, *lines = (CORPUS / "glosses.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    assert header == "word\ten\tfr" and all(len(row) == 3 for row in rows)
    keys = [row[0] for row in rows]
    assert keys == sorted(set(keys)) and all(key == fold(key) for key in keys)
    cells = [cell for row in rows for cell in row[1:]]
    assert [cell for cell in cells if len(cell.split(", ")) > max(SENSES) or cell != cell.strip()] == []
