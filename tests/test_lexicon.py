"""corpus/lexicon.tsv and its loader."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen.lexicon import COLUMNS, Lexicon, key
from nomenclair.errors import UserError

CORPUS = Path(__file__).resolve().parent.parent / "corpus"
LEXICON = Lexicon.load(CORPUS / "lexicon.tsv")


def test_size_and_both_languages():
    langs = Counter(entry.lang for entry in LEXICON.entries())
    assert sum(langs.values()) >= 4000
    assert langs["fr"] >= 1000 and langs["en"] >= 1000


def test_each_noun_has_a_gender():
    assert not [e for e in LEXICON.entries() if e.pos in "ND" and not e.gender]


@pytest.mark.parametrize(
    ("word", "fr", "plural"),
    [
        pytest.param("facture", "facture", False, id="as it stands"),
        pytest.param("FACTURES", "facture", True, id="case and French plural"),
        pytest.param("reunion", "réunion", False, id="accent missing"),
        pytest.param("libraries", "bibliothèque", True, id="English plural in -ies"),
        pytest.param("travaux", "travaux", True, id="always plural"),
        pytest.param("tableaux", "tableau", True, id="French plural in -eaux"),
        pytest.param("cfg", "configuration", False, id="abbreviation"),
        pytest.param("utils", "utilitaire", True, id="abbreviation of a plural"),
        pytest.param("pièce jointe", "pièce jointe", False, id="several words"),
        pytest.param("credentials", "identifiants", True, id="plural agreement"),
    ],
)
def test_first_noun(word, fr, plural):
    sense = next(s for s in LEXICON.senses(word) if s.pos in "ND")
    assert (sense.entry.fr, sense.plural) == (fr, plural)


def test_french_feminine_adjective():
    assert [s.entry.fr for s in LEXICON.senses("signée") if s.pos == "A"] == ["signé"]


def test_an_unknown_word_has_no_sense():
    assert LEXICON.senses("xqzzt") == ()


def test_read_takes_the_longest_entry():
    assert [text for text, _ in LEXICON.read(["hash", "table", "test"])] == ["hash table", "test"]


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        pytest.param(["mot\tfr\tN\tword\tmot\tm", "x"], "line 3", id="cells"),
        pytest.param(["mot\tfr\tK\tword\tmot\tm"], "line 2", id="pos"),
        pytest.param(["mot\tde\tN\tword\tmot\tm"], "line 2", id="lang"),
        pytest.param(["mot\tfr\tN\tword\tmot\tm"] * 2, "line 3", id="twice"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, lines, line):
    path = tmp_path / "lexicon.tsv"
    path.write_text("\n".join(["\t".join(COLUMNS), *lines]) + "\n", encoding="utf-8")
    with pytest.raises(UserError, match=line):
        Lexicon.load(path)


def test_a_wrong_header_is_named(tmp_path):
    path = tmp_path / "lexicon.tsv"
    path.write_text("a\tb\n", encoding="utf-8")
    with pytest.raises(UserError, match="line 1"):
        Lexicon.load(path)


@given(st.lists(st.text(min_size=1, max_size=12), max_size=6))
def test_read_loses_no_word(words):
    assert " ".join(text for text, _ in LEXICON.read(words)) == " ".join(words)


@given(st.text(max_size=30))
def test_key_is_stable(word):
    assert key(key(word)) == key(word)
