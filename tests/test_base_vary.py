import random
import re

import pytest

from nomenclair import names
from nomenclair.kinds import KindTable
from train.base.build import CORPUS, seed_rows
from train.base.swap import Forms
from train.base.vary import (
    Pools,
    named_after,
    other_format,
    other_month,
    other_number,
    other_proper_name,
    other_serial,
    restyled,
    variants,
)  # fmt: skip

TABLE = KindTable.load(CORPUS / "kinds.tsv")
POOLS = Pools(
    {"": ["Nokia"], "person": ["Dupont", "Marchand", "Olga"], "town": ["Lyon"]},
    {"exporte": "exporter", "exports": "export"},
    Forms({}, {}),
)
INVOICE = ("facture_edf_mars.pdf", "PDF invoice from EDF for March", "Facture PDF d'EDF de mars")


def drawn(change, *words, draws=60):
    return {change(*words, random.Random(seed)) for seed in range(draws)}


def test_restyling_changes_the_name_alone():
    row = ("facture_edf_mars.pdf", "en", "fr")
    assert {("facture-edf-mars.pdf", "en", "fr"), ("FactureEdfMars.pdf", "en", "fr")} <= drawn(restyled, row)


@pytest.mark.parametrize(
    ("change", "row", "expected"),
    [
        pytest.param(
            lambda r, rng: other_format(r, TABLE, rng), INVOICE,
            ("facture_edf_mars.odt", "OpenDocument invoice from EDF for March", "Facture OpenDocument d'EDF de mars"),
            id="another format of the same sort",
        ),
        pytest.param(
            other_month, INVOICE,
            ("facture_edf_avril.pdf", "PDF invoice from EDF for April", "Facture PDF d'EDF d'avril"),
            id="another month, elided before a vowel",
        ),
        pytest.param(
            lambda r, rng: other_proper_name(r, TABLE, POOLS, rng),
            ("cv_dupont.pdf", "PDF résumé of Dupont", "CV PDF de Dupont"),
            ("cv_marchand.pdf", "PDF résumé of Marchand", "CV PDF de Marchand"),
            id="another person, whose name begins with a consonant as well",
        ),
        pytest.param(
            lambda r, rng: other_proper_name(r, TABLE, POOLS, rng),
            ("cv_gaumont.pdf", "PDF résumé of Gaumont", "CV PDF de Gaumont"),
            ("cv_nokia.pdf", "PDF résumé of Nokia", "CV PDF de Nokia"),
            id="a name of no known class, by another such",
        ),
        pytest.param(
            lambda r, rng: named_after(r, "fr", TABLE, POOLS, rng),
            ("export_contacts.py", "Python script that exports contacts", "Script Python qui exporte les contacts"),
            ("exporter_contacts.py", "Python script that exports contacts", "Script Python qui exporte les contacts"),
            id="a French name for a program",
        ),
        pytest.param(
            lambda r, rng: named_after(r, "en", TABLE, POOLS, rng), INVOICE,
            ("invoice-EDF-March.pdf", *INVOICE[1:]), id="an English name for a French paper",
        ),
    ],
)  # fmt: skip
def test_a_change_is_made_in_name_and_texts_alike(change, row, expected):
    assert expected in drawn(change, row, draws=400)


@pytest.mark.parametrize(
    ("change", "row"),
    [
        pytest.param(
            lambda r, rng: other_format(r, TABLE, rng), ("a_b.pdf", "PDF of the bill", "Facture en PDF"),
            id="the format is the noun",
        ),
        pytest.param(other_number, ("IMG_0042.jpg", "JPEG photo no. 42", "Photo JPEG n° 42 sur 42"), id="twice"),
        pytest.param(
            other_number, ("a_08-11-2016.pdf", "PDF of 8 November", "PDF du 8 novembre"), id="a day of a date",
        ),
        pytest.param(other_month, ("2023-03.log", "Log for March", "Journal de mars"), id="month not written out"),
        pytest.param(other_serial, ("a_2024-118-2.md", "Note 2024-118-2", "Note 2024-118-2"), id="of three parts"),
        pytest.param(other_serial, ("a_2024-118.md", "Note 2024-118", "Note n° 118"), id="told otherwise in French"),
    ],
)  # fmt: skip
def test_what_cannot_be_changed_stays(change, row):
    assert drawn(change, row) == {row}


def test_another_serial_number_stands_in_name_and_texts():
    made = drawn(other_serial, ("FA-2024-0153.pdf", "PDF invoice no. 2024-0153", "Facture PDF n° 2024-0153"))
    numbers = {name[3:-4] for name, _, _ in made}
    assert len(numbers) > 50 and all(re.fullmatch("20[0-9]{2}-[0-9]{4}", number) for number in numbers)
    assert made == {(f"FA-{n}.pdf", f"PDF invoice no. {n}", f"Facture PDF n° {n}") for n in numbers}


def test_variants_of_the_corpus_keep_digits_and_kinds():
    """Every number of a variant's texts that the row's own texts took from its name stands in the variant's name."""
    rng = random.Random(1)
    rows = rng.sample(seed_rows(CORPUS)[0], 300)
    for row in rows:
        for name, en, fr in variants(row, 6, TABLE, POOLS, rng):
            assert name == names.readable(name) and name.strip() and "/" not in name
            if all(n in row[0] for n in re.findall(r"[0-9]{3,}", row[1])):
                assert all(n in name for n in re.findall(r"[0-9]{3,}", en)), (row, name, en)
            if TABLE.of(row[0]).named_in(row[1]):
                assert TABLE.of(name).named_in(en), (row, name, en)
            if TABLE.of(row[0]).named_in(row[2]):
                assert TABLE.of(name).named_in(fr), (row, name, fr)
