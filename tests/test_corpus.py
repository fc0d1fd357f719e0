import re
from collections import Counter

import pytest

from datagen.corpus import FOLDER, PAIR_COLUMNS, gold, kinds, seed_pairs
from nomenclair.contract import MAX_CHARS, MAX_WORDS
from nomenclair.errors import UserError
from nomenclair.names import family, readable

PAIRS = seed_pairs()
GOLD = gold()


def test_the_corpus_is_there():
    assert len(PAIRS) >= 3500
    assert len(GOLD) == 300


def test_no_two_names_of_one_family():
    families = Counter(family(pair.name) for pair in PAIRS)
    assert sorted(f for f, names in families.items() if names > 1) == []


def test_no_gold_name_is_of_a_family_that_is_trained_on():
    trained = {family(pair.name) for pair in PAIRS}
    gold_families = [family(row.name) for row in GOLD]
    assert [row.name for row in GOLD if family(row.name) in trained] == []
    assert len(set(gold_families)) == len(GOLD)


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_form_of_the_texts(lang):
    """Length, capital, no final period, no quotation mark, no Markdown: the rules that a program can check."""
    for text in [*(pair.text(lang) for pair in PAIRS), *(text for row in GOLD for text in row.texts(lang))]:
        first = text.split()[0]
        # macOS and vCard keep their own spelling.
        assert first[0].isupper() or first[0].isdigit() or any(c.isupper() for c in first), text
        assert len(text) <= MAX_CHARS and len(text.split()) <= MAX_WORDS, text
        assert not text.endswith(".") and not re.search(r'["«»`*“”’]', text), text
        assert text == readable(text) and "  " not in text, text


@pytest.mark.parametrize(
    ("lang", "other"),
    [
        pytest.param("en", r"(?i)\bemails?\b", id="e-mail"),
        pytest.param("fr", r"^E-mails?\b", id="Courriel"),
    ],
)
def test_one_way_to_write_a_word(lang, other):
    """What the corpus decided (its card): a student that learns both writes either."""
    assert [pair.text(lang) for pair in PAIRS if re.search(other, pair.text(lang))] == []


def test_the_kinds_of_most_pairs_are_named():
    table = kinds()
    known = [p for p in PAIRS if p.kind != "other"]
    named = [p for p in known if all(table.of(p.name).named_in(p.text(lang)) for lang in ("fr", "en"))]
    assert len(named) / len(known) > 0.98


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param("name,en,fr\n", "line 1 is not the header", id="wrong delimiter"),
        pytest.param(
            "\t".join(PAIR_COLUMNS) + "\na.pdf\tPDF\n", "line 2: 2 cells, not 3", id="a cell missing"
        ),
    ],
)
def test_a_bad_file_names_its_line(tmp_path, content, says):
    (tmp_path / "pairs").mkdir()
    (tmp_path / "pairs" / "x.tsv").write_text(content, encoding="utf-8")
    (tmp_path / "kinds.tsv").write_text((FOLDER / "kinds.tsv").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(UserError, match=says):
        seed_pairs(tmp_path)
