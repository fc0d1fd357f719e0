import gzip
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nomenclair import names
from nomenclair.errors import UserError
from nomenclair.glossary import FILE, LITTLE, Glossary

cells = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=6)
words = st.lists(st.text("abcé", min_size=1, max_size=2), min_size=1, max_size=4)
known = st.dictionaries(words.map(lambda w: names.fold(" ".join(w))), st.tuples(cells, cells), max_size=40)


@given(known, words)
def test_the_longest_entry_is_found(entries, asked):
    """Beside trying every length."""
    glossary = Glossary.of_words(entries)
    content = [asked[0]] + [w for w in asked[1:] if w not in LITTLE]
    keys = [names.fold(" ".join(content[:n])) for n in range(1, len(content) + 1)]
    # A phrase without a cell is told as it stands.
    told = [key in entries and (entries[key][0] or (" " in key and key)) for key in keys]
    held = [n for n, text in enumerate(told, 1) if text]
    count, text = glossary.longest(asked, "en")
    if held:
        assert text == told[held[-1] - 1]
        assert len([asked[0]] + [w for w in asked[1:count] if w not in LITTLE]) == held[-1]
    else:
        assert (count, text) == (1, "")


PHRASES = Glossary.of_words(
    {
        "cle": ("key", "clé f"),
        "cle chiffrement": ("encryption key", "clé de chiffrement f"),
        "log": ("", "journal m"),
        "log cabin": ("", "cabane en rondins f"),
        "log cabin kit repair": ("", "réparation f"),
    }
)


@pytest.mark.parametrize(
    ("asked", "lang", "found"),
    [
        pytest.param(
            "clé chiffrement", "en", (2, "encryption key"), id="a phrase goes before its first word"
        ),
        pytest.param("cle de chiffrement", "en", (3, "encryption key"), id="a little word is passed over"),
        pytest.param("cle de", "fr", (1, "clé f"), id="a little word at the end is left"),
        pytest.param("log cabin", "en", (2, "log cabin"), id="a phrase of this language"),
        pytest.param("log cabin kit", "fr", (2, "cabane en rondins f"), id="a longer phrase that breaks off"),
        pytest.param("cabin log", "fr", (1, ""), id="another order"),
    ],
)
def test_phrases(asked, lang, found):
    assert PHRASES.longest(asked.split(), lang) == found


def test_a_folder_keeps_it(tmp_path):
    glossary = Glossary.of_words({"serrure": ("lock", "serrure f"), "été": ("", "été m")})
    glossary.store(tmp_path)
    assert Glossary.load(tmp_path) == glossary


def test_the_same_words_are_the_same_bytes(tmp_path):
    stored = []
    for second in (1, 2):
        os.utime(tmp_path, (second, second))
        Glossary.of_words({"serrure": ("lock", "serrure f")}).store(tmp_path)
        stored.append((tmp_path / FILE).read_bytes())
    assert stored[0] == stored[1] and stored[0][4:8] == bytes(4), "a gzip header without a date (RFC 1952)"


def test_an_empty_one_is_no_file(tmp_path):
    Glossary().store(tmp_path)
    assert not (tmp_path / FILE).exists() and Glossary.load(tmp_path) == Glossary()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(gzip.compress(b"lock\tserrure\n"), id="two columns"),
        pytest.param(gzip.compress(b"serrure\tlock\tserr"), id="cut short"),
        pytest.param(gzip.compress(b"serrure\tlock\tserrure f\n")[:-12], id="packed, cut short"),
        pytest.param(
            gzip.compress(b"pont\tbridge\tpont m\n")[:12] + b"\xff" * 9, id="packed, its middle damaged"
        ),
        pytest.param(gzip.compress(b"")[:3], id="packed, three bytes of it"),
        pytest.param(b"serrure\tlock\tserrure f\n", id="not packed"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, data):
    (tmp_path / FILE).write_bytes(data)
    with pytest.raises(UserError, match=FILE):
        Glossary.load(tmp_path)


def test_a_lone_surrogate_is_looked_up():
    assert Glossary.of_words({"a": ("b", "c")}).longest(["\udce9"], "fr") == (1, "")
