import pytest
from hypothesis import given
from hypothesis import strategies as st

from nomenclair.errors import UserError
from nomenclair.glossary import FILE, Glossary

cells = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=6)
words = st.dictionaries(cells.filter(bool), st.tuples(cells, cells), max_size=40)


@given(words, cells)
def test_every_word_is_found_and_no_other(known, other):
    glossary = Glossary.of_words(known)
    for word, (english, french) in known.items():
        assert (glossary.of(word, "en"), glossary.of(word, "fr")) == (english, french)
    assert other in known or glossary.of(other, "en") == ""


def test_a_folder_keeps_it(tmp_path):
    glossary = Glossary.of_words({"serrure": ("lock", "serrure f"), "été": ("", "été m")})
    glossary.store(tmp_path)
    assert Glossary.load(tmp_path) == glossary


def test_an_empty_one_is_no_file(tmp_path):
    Glossary().store(tmp_path)
    assert not (tmp_path / FILE).exists() and Glossary.load(tmp_path) == Glossary()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"lock\tserrure\n", id="no header"),
        pytest.param(b"word\ten\tfr\nserrure\tlock\tserr", id="cut short"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, data):
    (tmp_path / FILE).write_bytes(data)
    with pytest.raises(UserError, match=FILE):
        Glossary.load(tmp_path)


def test_a_lone_surrogate_is_looked_up():
    assert Glossary.of_words({"a": ("b", "c")}).of("\udce9", "fr") == ""
