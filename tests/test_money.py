"""Prices, token counts, estimates and the ledger by themselves."""

import shutil
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen.budget import Budget, Size
from datagen.generate import Options
from datagen.ledger import Outcome, Usage, open_ledger
from datagen.preview import TOKENS_OF_ENTRY, estimate, tokens_of_entry
from datagen.prices import PRICES, Price, bytes_of_messages, count_messages, price_of, read_prices
from datagen.prompts import load
from datagen.session import open_run, requests_to_come
from nomenclair.errors import PartialResult, UserError
from nomenclair.records import FileName
from tests.generating import some_names

PRICE = Price("m*", 2.0, 0.5, 8.0, 0.5, "2026-01")


def test_cached_tokens_are_cheaper_and_a_batch_is_half():
    usage = Usage(input=1_000_000, cached=400_000, output=100_000)
    assert PRICE.cost(usage) == pytest.approx(0.6 * 2.0 + 0.4 * 0.5 + 0.1 * 8.0)
    assert PRICE.cost(usage, batch=True) == pytest.approx(PRICE.cost(usage) / 2)


def test_the_first_pattern_that_fits_counts():
    prices = read_prices()
    assert price_of("gpt-4.1-mini-2025-04-14", prices).input == 0.40
    assert price_of("gpt-4.1-2025-04-14", prices).input == 2.00
    assert price_of("SmolLM2-135M-Instruct.Q4_1.gguf", prices).output == 0
    assert price_of("never-heard-of", prices) is None
    assert all(p.as_of for p in prices)


def test_every_price_of_an_endpoint_is_dated():
    assert all(p.age(date(2026, 11, 21)) is not None for p in read_prices() if p.model != "*.gguf")


@pytest.mark.parametrize(
    ("as_of", "words"),
    [
        ("2026-11", ""),
        ("2025-11", ""),
        ("2025-10", "13 months ago"),
        ("2025-06-30", "17 months ago"),
        ("2019-01", "94 months ago"),
        ("a model on this machine", ""),
    ],
)
def test_a_price_of_more_than_a_year_is_doubted(as_of, words):
    doubt = replace(PRICE, as_of=as_of).doubt(date(2026, 11, 21))
    assert words in doubt and bool(words) == bool(doubt)
    assert not doubt or "prices.toml" in doubt


ROW = '[[price]]\nmodel = "m"\ninput = {}\ncached = 1\noutput = 1\nbatch = 0.5\nas_of = "2026-01"\n'


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("price = [", id="no TOML"),
        pytest.param("[[price]]\nmodel = 'x'\n", id="columns missing"),
        pytest.param("[[price]]\ncolour = 1\n", id="another column"),
        pytest.param(ROW.format('"0.4"'), id="a number in quotes"),
        pytest.param(ROW.format("true"), id="true is no price"),
        pytest.param(ROW.format("nan"), id="no cap would ever be passed"),
        pytest.param(ROW.format("inf"), id="infinity is no price"),
        pytest.param(ROW.format("-0.4"), id="a price below nothing"),
        pytest.param(ROW.format(1).replace('"m"', "4"), id="a model that is a number"),
        pytest.param("# \xe9\n" + ROW.format(1), id="not UTF-8"),
    ],
)
def test_a_broken_price_list_is_named(tmp_path, text):
    (tmp_path / "prices.toml").write_text(text, encoding="latin-1")
    with pytest.raises(UserError, match="price"):
        read_prices(tmp_path / "prices.toml")
    assert PRICES.exists()


@pytest.mark.parametrize(
    ("written", "as_of"),
    [
        pytest.param("2026-01-05", "2026-01-05", id="a date of TOML"),
        pytest.param("2026", "2026", id="a number"),
    ],
)
def test_a_date_without_quotes_is_read_as_text(tmp_path, written, as_of):
    row = '[[price]]\nmodel = "m"\ninput = 1\ncached = 1\noutput = 1\nbatch = 0.5\nas_of = '
    (tmp_path / "prices.toml").write_text(row + written)
    (price,) = read_prices(tmp_path / "prices.toml")
    assert price.as_of == as_of
    assert price.doubt(date(2026, 2, 1)) == ""


def test_bytes_bound_tokens():
    for name in ("describe-full", "describe-lean"):
        messages = load(name).messages([{"id": "7f3a", "name": "été_東京_🎉.txt"}])
        assert count_messages(messages) <= bytes_of_messages(messages)


def test_an_unknown_price_is_told():
    assert "price unknown" in Budget(None).spent_text()


def test_a_budget_learns_how_the_endpoint_counts_and_keeps_the_worst():
    budget = Budget(PRICE, max_tokens=100_000)
    size = Size(input_estimate=100, input_bytes=400, reply_tokens=50)
    assert budget.bound(size) == Usage(400, 0, 50), "before the first reply: bytes"
    assert budget.afford("a", size, 0)
    assert budget.waits_for_first_reply
    budget.settle("a", Usage(150, 0, 10))
    assert not budget.waits_for_first_reply
    assert 150 < budget.bound(size).input < 200
    assert budget.afford("b", size, 0)
    budget.settle("b", Usage(90, 0, 10))
    assert budget.bound(size).input > 150, "one cheap reply proves nothing"
    assert budget.used == Usage(240, 0, 20)


SIZES = st.builds(
    lambda tokens, wide, reply: Size(tokens, tokens * wide, reply),
    st.integers(1, 500),
    st.integers(4, 8),
    st.integers(1, 300),
)


@given(
    cap=st.integers(100, 5000),
    counts=st.floats(0.5, 3.5),
    steps=st.lists(st.tuples(SIZES, st.booleans(), st.floats(0.96, 1.04), st.floats(0, 1)), max_size=40),
)
def test_whatever_is_affordable_never_passes_the_cap(cap, counts, steps):
    """Requests go out and come back in any order, at an endpoint that counts `counts` tokens for one of ours."""
    budget, in_flight = Budget(PRICE, max_tokens=cap), {}
    for number, (size, lands, wavers, share) in enumerate(steps):
        if lands and in_flight:
            budget.settle(*in_flight.popitem())
        if budget.waits_for_first_reply:
            continue
        try:
            sent = budget.afford(str(number), size, len(in_flight))
        except PartialResult:
            assert not in_flight
            assert (budget.used + budget.bound(size)).total > cap, "it stopped though there was room"
            continue
        if sent:
            used = int(size.input_estimate * counts * wavers)
            in_flight[str(number)] = Usage(used, 0, int(size.reply_tokens * share))
        assert sum(in_flight.values(), budget.used).total <= cap


def test_what_is_in_flight_is_waited_for_before_a_cap_stops():
    budget, size = Budget(max_tokens=250), Size(100, 100, 50)
    assert budget.afford("a", size, 0)
    assert not budget.afford("b", size, 1), "150 + 150 could pass 250, but a may come back cheaper"
    budget.settle("a", Usage(60, 0, 10))
    assert budget.afford("b", size, 0)
    with pytest.raises(PartialResult, match="--max-tokens 250"):
        budget.afford("c", size, 0)


def test_the_estimate_bounds_what_will_be_used(tmp_path):
    prompt, options = load("describe-full"), Options("stub")
    files = [*some_names(30), *(FileName.of(f"IMG_{n}.jpg") for n in range(100, 130))]
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        run = open_run(files, prompt, options, ledger, Budget(), lambda p: None)
        found = estimate(*requests_to_come(run, prompt, options), prompt)
        assert (found.requests, found.most_requests) == (4, 7)
        assert found.likely.total < found.most.total
        assert run.queue.take(), "estimating does not use up the queue"


def test_an_estimate_without_examples_takes_a_number_of_its_own(tmp_path):
    prompt, options = replace(load("describe-full"), examples=()), Options("stub")
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        run = open_run(some_names(12), prompt, options, ledger, Budget(), lambda p: None)
        found = estimate(*requests_to_come(run, prompt, options), prompt)
    assert found.likely.output == 12 * TOKENS_OF_ENTRY


def test_the_number_for_no_examples_is_near_that_of_the_examples():
    assert tokens_of_entry(load("describe-full").examples) == pytest.approx(TOKENS_OF_ENTRY, rel=0.3)


def test_outcomes_are_kept_with_their_reply_in_one_transaction(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with open_ledger(path) as ledger:
        ledger.record_request("k", "ask", "m", "p@1", "{}")
        ledger.record_reply(
            "k", 0.1, "raw", Usage(5, 1, 2), [Outcome("i", 0, "n1", reason="missing", raw="r")]
        )
        ledger.record_reply("k", 0.1, "raw2", Usage(5, 0, 3), [Outcome("i", 1, "n1", "en", "fr")])
        assert [o.attempt for o in ledger.outcomes()] == [0, 1]
        assert ledger.usage() == Usage(10, 1, 5)
        assert ledger.usage_of(["i"]) == Usage(10, 1, 5)
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize(
    ("items", "usage"),
    [
        pytest.param(["a", "b"], Usage(60, 0, 12), id="a whole reply, and one attempt more"),
        pytest.param(["a"], Usage(20, 0, 4), id="half of a reply"),
        pytest.param(["carried"], Usage(), id="without a reply"),
        pytest.param(["never"], Usage(), id="never asked"),
    ],
)
def test_what_some_of_the_names_have_used(tmp_path, items, usage):
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        both = [Outcome("a", 0, "n1", "en", "fr"), Outcome("b", 0, "n2", reason="missing")]
        ledger.record_reply("k", 0.1, "raw", Usage(40, 0, 8), both)
        ledger.record_reply("l", 0.1, "raw", Usage(20, 0, 4), [Outcome("b", 1, "n2", "en", "fr")])
        ledger.record_reply("m", 0.1, "raw", Usage(500, 0, 90), [Outcome("other", 0, "n3", "en", "fr")])
        ledger.record_outcomes([Outcome("carried", 0, "n4", "en", "fr", via="family")])
        assert ledger.usage_of(items) == usage


def replies_in_the_file_alone(path: Path, folder: Path) -> int:
    """As after a power cut: without the log beside it."""
    copy = Path(shutil.copy(path, folder / "copy.sqlite"))
    try:
        with closing(sqlite3.connect(copy)) as db:
            return db.execute("SELECT COUNT(*) FROM replies").fetchone()[0]
    except sqlite3.DatabaseError:  # the copy was taken before its tables came, or while pages did
        return 0


def test_what_is_recorded_reaches_the_disk_beside_the_run(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with open_ledger(path) as ledger:
        for n in (1, 2, 3):
            ledger.record_reply("k", 0.1, "raw", Usage(5, 1, 2))
            until = time.monotonic() + 30
            while replies_in_the_file_alone(path, tmp_path) < n:
                assert time.monotonic() < until
                time.sleep(0.01)


def test_a_batch_is_on_the_disk_before_it_is_made(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with open_ledger(path) as ledger:
        ledger.record_reply("k", 0.1, "raw", Usage(5, 1, 2))
        ledger.to_disk()
        assert replies_in_the_file_alone(path, tmp_path) == 1


def test_a_ledger_of_another_version_is_refused(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(UserError, match="another version"), open_ledger(path):
        pass


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="--workspace"), open_ledger(tmp_path / "file" / "ledger.sqlite"):
        pass
