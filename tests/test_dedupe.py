from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from datagen.dedupe import MIN_KEY, PER_FAMILY, near_families, repeats
from nomenclair.names import family


def gone(*names: str) -> dict[str, tuple[str, str]]:
    return {names[r.index]: (names[r.of], r.why) for r in repeats(names)}


def test_a_few_siblings_stay():
    names = [f"IMG_{n:04}.jpg" for n in range(10)]
    assert gone(*names) == {name: ("IMG_0000.jpg", "family") for name in names[PER_FAMILY:]}


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        pytest.param("monthly_report_sales.pdf", "monthly_reports_sales.pdf", "one_edit", id="plural"),
        pytest.param("recieved_invoices.csv", "received_invoices.csv", "one_edit", id="two letters swapped"),
        pytest.param(
            "sales_report_paris.pdf", "paris sales report.pdf", "word_order", id="words in another order"
        ),
        pytest.param(
            "fiche_de_paie_été.pdf", "Fiche de paie ete (copie).pdf", None, id="same family, still few"
        ),
    ],
)
def test_near_names(first, second, why):
    assert gone(first, second) == ({second: (first, why)} if why else {})


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("cat.jpg", "car.jpg", id="short words"),
        pytest.param("server_configuration.h", "server_configuration.c", id="another extension"),
        pytest.param("import_users_table.sql", "export_users_table.sql", id="two edits apart"),
        pytest.param("encode_video_frames.py", "decode_video_frames.py", id="the other way round"),
    ],
)
def test_unlike_names_both_stay(first, second):
    assert gone(first, second) == {}


def test_the_earlier_name_stays_and_nothing_repeats_what_is_gone():
    names = ["annual_budget_draft.ods", "annual_budget_drafts.ods", "annual_budgets_drafts.ods"]
    found = repeats(names)
    assert {r.index for r in found}.isdisjoint({r.of for r in found}) and all(r.of < r.index for r in found)


@settings(max_examples=60)
@given(
    st.lists(st.text("ab _", min_size=10, max_size=14).map(lambda s: s + ".txt"), unique=True, max_size=12)
)
def test_among_a_few_nothing_near_is_missed(names):
    """With fewer rows than the window holds, the result is that of comparing all with all."""
    keys = list(dict.fromkeys(family(name) for name in names))[:8]
    near = near_families(keys)
    stay = [key for key in keys if key not in near]
    for one, other in combinations(stay, 2):
        a, b = one.partition(".")[0], other.partition(".")[0]
        if min(len(a), len(b)) >= MIN_KEY and one.partition(".")[2] == other.partition(".")[2]:
            assert OSA.distance(a, b) > 1
