"""The base's tokenizer: what it takes apart, decoding puts back; no byte of a name is unknown."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from nomenclair.contract import source_text
from train.base.tokenizer import SHIFT, SPACE, SPECIALS, train

LINES = [
    "fr: facture edf mars .pdf",
    "Facture PDF d'EDF de mars 2023",
    "PDF invoice from EDF for March 2023",
    "Script shell qui extrait l'historique des événements",
    "Shell script that extracts the history of window events",
    "Word document of the annual report, version 2",
]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train(Counter({line: 30 for line in LINES}), 700, ("fr:", "en:", ".pdf"))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Photo JPEG n° 42", id="capital first, acronym, number"),
        pytest.param("L'École d'État de l'île", id="elision before a capital with an accent"),
        pytest.param("the users' files and the driver's log", id="an English possessive is no elision"),
        pytest.param("d'abord qu'il s'ouvre", id="elisions of one letter and of qu"),
        pytest.param("日本 ḃ 🎉", id="bytes"),
        pytest.param("iPhone PostgreSQL C++ c# McDonald", id="capitals inside a word"),
        pytest.param("Archive : a/b (c), d; e", id="punctuation"),
    ],
)
def test_decoding_gives_the_text_back(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text).ids) == text


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(blacklist_categories=("Cs",)), max_size=60), st.sampled_from(["fr", "en"]))
def test_no_byte_of_a_name_is_unknown(tokenizer: Tokenizer, name: str, lang: str) -> None:
    assert SPECIALS.index("<unk>") not in tokenizer.encode(source_text(name, lang)).ids


def test_case_does_not_change_a_words_tokens(tokenizer: Tokenizer) -> None:
    small, capital = (tokenizer.encode(f"the {w}").tokens for w in ("window", "Window"))
    assert [t for t in capital if t != SHIFT] == small


def test_a_year_is_one_token_and_other_digits_stand_alone(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("20231117 4217").tokens == [f"{SPACE}2023", *"1117", SPACE, *"4217", "</s>"]


def test_special_ids_are_those_of_t5(tokenizer: Tokenizer) -> None:
    assert [tokenizer.token_to_id(t) for t in SPECIALS] == [0, 1, 2]
    assert [tokenizer.token_to_id(SPACE + w) is None for w in ("fr:", ".pdf")] == [False, False]
