"""Caps on tokens and cost, against a real HTTP server on loopback."""

import pytest

from datagen.budget import Budget
from datagen.driven import REFUSED_AT_START
from datagen.generate import Options
from datagen.ledger import Usage
from datagen.prices import Price
from datagen.teacher import Limits
from nomenclair.errors import PartialResult, UserError
from tests.generating import FAST, ask, pairs_of, sent_names, some_names, workspace_with
from tests.stub_endpoint import StubEndpoint, serving

PRICE = Price("stub", 1.0, 0.5, 4.0, 0.5, "2026-01")


@pytest.mark.parametrize("cap", ["tokens", "cost"])
def test_a_cap_is_never_passed_and_the_state_is_resumable(tmp_path, cap):
    workspace = workspace_with(tmp_path, some_names(400))
    budget = Budget(PRICE, max_tokens=15_000) if cap == "tokens" else Budget(PRICE, max_cost=0.02)
    with serving(StubEndpoint(latency=0.01)) as stub:
        with pytest.raises(PartialResult, match=f"--max-{cap}"):
            ask(workspace, stub, budget=budget)
        used = sum(
            (Usage(d.prompt_tokens, d.cached_tokens, d.completion_tokens) for d in stub.delivered), Usage()
        )
        assert used == budget.used
        assert used.total <= 15_000 if cap == "tokens" else PRICE.cost(used) <= 0.02
        half = len(pairs_of(workspace))
        assert 50 < half < 400, "a cap that stops at once would be useless"
        assert ask(workspace, stub).pairs == 400
        assert len(sent_names(stub)) == 400


def test_tries_that_timed_out_count_against_the_cap(tmp_path):
    workspace = workspace_with(tmp_path, some_names(100))
    budget = Budget(max_tokens=12_000)
    limits = Limits(concurrency=1, timeout=0.1, tries=2, first_wait=0.01)
    with (
        serving(StubEndpoint(choose=lambda n, body: "ok" if n == 1 else "hang")) as stub,
        pytest.raises(PartialResult),
    ):
        ask(workspace, stub, limits=limits, budget=budget)
    assert budget.at_risk.total > 0
    assert budget.used.total + budget.at_risk.total <= 12_000 + 2_000


@pytest.mark.parametrize("cap", ["tokens", "cost"])
def test_a_cap_holds_at_an_endpoint_that_counts_no_tokens(tmp_path, cap):
    workspace = workspace_with(tmp_path, some_names(200))
    budget = Budget(PRICE, max_tokens=40_000) if cap == "tokens" else Budget(PRICE, max_cost=0.05)
    with serving(StubEndpoint(choose=lambda n, body: "no-usage")) as stub:
        with pytest.raises(PartialResult, match=f"--max-{cap}.*gave no count"):
            ask(workspace, stub, budget=budget)
        assert 0 < len(pairs_of(workspace)) == 10 * len(stub.bodies) < 200
        assert ask(workspace, stub).pairs == 200
    assert budget.used == Usage()
    assert budget.at_risk.total <= 40_000 if cap == "tokens" else budget.cost(budget.at_risk) <= 0.05


@pytest.mark.parametrize(
    ("fault", "times", "rejected"),
    [
        pytest.param("bad", REFUSED_AT_START, {"bad-request": REFUSED_AT_START}, id="refusals"),
        pytest.param("503", FAST.tries, {}, id="a silence"),
    ],
)
def test_an_endpoint_that_counts_no_tokens_is_known_to_answer(tmp_path, fault, times, rejected):
    workspace = workspace_with(tmp_path, some_names(12))
    choose = lambda n, body: fault if 2 <= n < 2 + times else "no-usage"  # noqa: E731
    limits = Limits(concurrency=1, first_wait=0.01)
    with serving(StubEndpoint(choose=choose)) as stub:
        assert ask(workspace, stub, Options("stub", per_request=1), limits).rejected == rejected


@pytest.mark.parametrize(
    ("caps", "option"),
    [
        pytest.param({"max_cost": float("nan")}, "--max-cost", id="nothing is more than nan"),
        pytest.param({"max_cost": float("inf")}, "--max-cost", id="nothing is more than infinity"),
        pytest.param({"max_cost": -0.01}, "--max-cost", id="less than nothing"),
        pytest.param({"max_tokens": -1}, "--max-tokens", id="less than no token"),
    ],
)
def test_a_number_that_caps_nothing_is_refused(caps, option):
    with pytest.raises(UserError, match=f"{option} .* is no cap"):
        Budget(PRICE, **caps)


def test_a_cap_of_nothing_is_one():
    assert Budget(PRICE, max_cost=0.0, max_tokens=0).max_cost == 0


def test_max_cost_without_a_price_is_refused():
    with pytest.raises(UserError, match="--max-tokens"):
        Budget(None, max_cost=1.0)
