import random
import re

import pytest

from nomenclair import names
from nomenclair.contract import MAX_CHARS, MAX_WORDS
from nomenclair.guard import fault
from nomenclair.kinds import KindTable
from train.base.build import CORPUS, seed_rows
from train.base.dated import dated

TABLE = KindTable.load(CORPUS / "kinds.tsv")
STATEMENT = ("releve_bancaire.pdf", "PDF bank statement", "Relevé bancaire PDF")
PHOTO = ("sea.jpg", "JPEG photo of the sea", "Photo JPEG de la mer")


def drawn(row, draws=600):
    return [made for seed in range(draws) if (made := dated(row, TABLE, random.Random(seed)))]


class Everything:
    def __contains__(self, word):
        return True


@pytest.mark.parametrize(
    ("row", "added", "english", "french"),
    [
        pytest.param(STATEMENT, r"_2\d\d\d[-_](\d\d)", r", [A-Z]\w+ \d{4}", r", \w+ \d{4}", id="a month of a year"),
        pytest.param(STATEMENT, r"_\d{8}", r", \d+ [A-Z]\w+ \d{4}", r", (1er|\d+) \w+ \d{4}", id="a day in a run"),
        pytest.param(STATEMENT, r"_mars_\d{4}", r", March \d{4}", r", mars \d{4}", id="a month's word"),
        pytest.param(STATEMENT, r"\((\d)\)", r", copy \d", r", copie \d", id="a copy"),
        pytest.param(PHOTO, r"[-_]\d{4}[-_](\d{3,4})", r", \d{4}, no\. \d+", r", \d{4}, n° \d+", id="a counter"),
    ],
)  # fmt: skip
def test_what_is_added_is_told_behind_a_comma(row, added, english, french):
    stem, ext = names.split_ext(row[0])
    found = [made for made in drawn(row) if re.fullmatch(stem + added + re.escape(ext), made[0])]
    assert any(re.fullmatch(re.escape(row[1]) + english, made[1]) for made in found)
    assert any(re.fullmatch(re.escape(row[2]) + french, made[2]) for made in found)


def test_a_date_may_stand_first():
    assert any(re.match(r"(19|20)\d\d", made[0]) for made in drawn(STATEMENT))


def test_only_what_cameras_make_is_counted():
    assert not any("no. " in made[1] for made in drawn(STATEMENT))


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(
            ("report_2023.pdf", "PDF report for 2023", "Rapport PDF de 2023"), id="a number already"
        ),
        pytest.param(("bill_march.pdf", "PDF bill for March", "Facture PDF de mars"), id="a month already"),
        pytest.param(("export.sh", "Shell export script", "Script shell d'export"), id="code has versions"),
        pytest.param(
            ("macro.xlsx", "Excel sheet that counts", "Feuille Excel qui compte"), id="what something does"
        ),
        pytest.param(("x.pdf", "PDF on " + "a" * 80, "PDF sur " + "a" * 80), id="no room left"),
    ],
)
def test_what_takes_none(row):
    assert drawn(row, 40) == []


def test_the_corpus_with_dates_is_as_the_guard_wants_it():
    rng = random.Random(3)
    rows = rng.sample(seed_rows(CORPUS)[0], 2000)
    made = [new for row in rows if (new := dated(row, TABLE, rng))]
    faults = [
        found
        for name, *texts in made
        for text in texts
        if (found := fault(name, text, Everything(), TABLE.of(name), named=False))
    ]
    assert len(made) > 500
    assert all(
        len(text) <= MAX_CHARS and len(text.split()) <= MAX_WORDS for _, *texts in made for text in texts
    )
    assert [reason for reason in faults if not reason.startswith("twice")] == []
