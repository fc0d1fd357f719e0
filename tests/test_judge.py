"""A judge's marks, against the stub endpoint."""

import json
from contextlib import nullcontext
from dataclasses import replace

import pytest

from datagen.budget import Budget
from datagen.driven import REFUSED_AT_START, SILENT
from datagen.generate import UNANSWERED
from datagen.ledger import open_ledger
from datagen.prompts import load
from nomenclair.errors import PartialResult
from nomenclair.records import FileName, PairFlag
from nomenclair.workspace import read_records
from tests.generating import FAST, ask, pairs_of, some_names, workspace_with
from tests.stub_endpoint import StubEndpoint, files_of, serving


def judged(workspace) -> int:
    with open_ledger(workspace.ledger) as ledger:
        return ledger.count("judgements")


def test_a_judge_flags_what_it_dislikes_and_judges_once(tmp_path):
    workspace = workspace_with(tmp_path, [*some_names(25), FileName.of("holiday_photo.jpg")])
    with serving(StubEndpoint()) as stub:
        written = ask(workspace, stub, judge=True)
        assert written.pairs == 26
        asked = len(stub.bodies)
        assert asked == 3 + 3
        assert ask(workspace, stub, judge=True) == written
        assert len(stub.bodies) == asked
    flags = list(read_records(workspace.pairs_flags, PairFlag))
    disliked = {p.id for p in pairs_of(workspace) if "invoice" in p.name}
    assert {f.id for f in flags} == disliked and len(disliked) < 26
    assert {(f.code, f.why) for f in flags} == {("judge-faithful", "2 of 5. not an invoice")}


def test_a_judge_that_leaves_pairs_out_is_asked_again_for_them(tmp_path):
    workspace = workspace_with(tmp_path, some_names(10))
    with serving(StubEndpoint(choose=lambda n, body: "missing" if n == 2 else "ok")) as stub:
        ask(workspace, stub, judge=True)
    assert len(stub.bodies) == 3
    assert judged(workspace) == 10


@pytest.mark.parametrize("source", ["", pytest.param(" ", id="the prompt of the judge has changed since")])
def test_a_judges_doubts_stay_in_a_later_run_without_a_judge(tmp_path, monkeypatch, source):
    workspace = workspace_with(tmp_path, some_names(15))
    judge = load("judge")
    monkeypatch.setattr("tests.generating.load", lambda name: replace(judge, source=judge.source + source))
    with serving(StubEndpoint()) as stub:
        written = ask(workspace, stub, prompt=load("describe-full"), judge=True)
        asked = len(stub.bodies)
        monkeypatch.undo()
        assert ask(workspace, stub) == written and written.flags > 0
        assert len(stub.bodies) == asked


def test_a_judge_who_only_thinks_is_not_asked_for_each_pair(tmp_path):
    workspace = workspace_with(tmp_path, some_names(10))
    with serving(StubEndpoint(choose=lambda n, body: "ok" if n == 1 else "thinking")) as stub:
        with pytest.raises(PartialResult, match=r"only-thinking.* 10 pairs are not judged"):
            ask(workspace, stub, judge=True)
        assert len(pairs_of(workspace)) == 10 and len(stub.bodies) == 2


def told_by_the_judge(fault: str, bad: set[str]):
    """A stub that answers every name, and gives this fault to every request to judge one of `bad`."""

    def choose(number: int, body: dict) -> str:
        judging = "faithful" in body["messages"][0]["content"]
        return fault if judging and bad & {f["name"] for f in files_of(body)} else "ok"

    return choose


@pytest.mark.parametrize(
    ("fault", "why", "asked"),
    [
        pytest.param("content-filter", "content-filter: The response was filtered.", 1, id="a filter"),
        pytest.param("bad", "bad-request: Something is wrong", 1, id="a bad request"),
        pytest.param("503", "http-503: Overloaded.", UNANSWERED - 1, id="no answer, again and again"),
    ],
)
def test_a_pair_that_gets_no_marks_costs_the_others_none_and_is_told(tmp_path, fault, why, asked):
    files = some_names(30)
    bad = files[23].name
    workspace = workspace_with(tmp_path, files)
    # One by one: a judge whose first answer is none is not asked again.
    limits = replace(FAST, tries=1, concurrency=1)
    with serving(StubEndpoint(choose=told_by_the_judge(fault, {bad}))) as stub:
        with pytest.raises(PartialResult, match=rf"{why}.* 1 pairs are not judged.*run the same command"):
            ask(workspace, stub, limits=limits, judge=True)
        assert (len(pairs_of(workspace)), judged(workspace)) == (30, 29)
        alone = [body for body in stub.bodies[3:] if len(files_of(json.loads(body))) == 1]
        assert sum(bad in body.decode() for body in alone) == asked
        stub.choose = lambda n, body: "ok"
        ask(workspace, stub, judge=True)
    assert judged(workspace) == 30


def test_a_judge_whose_every_request_is_refused_is_not_asked_to_the_end(tmp_path):
    files = some_names(200)
    workspace = workspace_with(tmp_path, files)
    limits = replace(FAST, concurrency=1)
    with serving(StubEndpoint(choose=told_by_the_judge("bad", {f.name for f in files}))) as stub:
        with pytest.raises(
            PartialResult, match=r"refuses every request of the judge.* 200 pairs are not judged"
        ):
            ask(workspace, stub, limits=limits, judge=True)
        assert len(stub.bodies) == 20 + REFUSED_AT_START
    assert len(pairs_of(workspace)) == 200


def test_pairs_that_a_judge_refuses_do_not_bar_those_behind_them_once_he_has_judged(tmp_path):
    files = some_names(30)
    workspace = workspace_with(tmp_path, files[:10])
    limits = replace(FAST, concurrency=1)
    bad = {f.name for f in files[10:20]}
    with serving(StubEndpoint(choose=told_by_the_judge("bad", bad))) as stub:
        ask(workspace, stub, judge=True)
        workspace_with(tmp_path, files)
        with pytest.raises(PartialResult, match="10 pairs are not judged"):
            ask(workspace, stub, limits=limits, judge=True)
    assert judged(workspace) == 20


def test_a_pair_that_is_judged_twice_in_a_reply_is_one(tmp_path):
    workspace = workspace_with(tmp_path, some_names(10))
    with serving(StubEndpoint(choose=lambda n, body: "duplicate" if n == 2 else "ok")) as stub:
        ask(workspace, stub, judge=True)
    assert judged(workspace) == 10


@pytest.mark.parametrize(
    ("answered", "requests"),
    [
        pytest.param(0, 1, id="never there: the first silence tells"),
        pytest.param(4, 4 + SILENT, id="gone in the middle"),
    ],
)
def test_a_judge_that_is_gone_is_not_asked_to_the_end_and_the_pairs_stand(tmp_path, answered, requests):
    workspace = workspace_with(tmp_path, some_names(300))
    with serving(StubEndpoint()) as stub:
        ask(workspace, stub)
        asked = len(stub.bodies)
        stub.choose = lambda n, body: "ok" if n <= asked + answered else "503"
        with pytest.raises(
            PartialResult, match=f"judge does not answer.* {300 - 10 * answered} pairs are not judged"
        ):
            ask(workspace, stub, judge=True, limits=replace(FAST, tries=1, concurrency=1))
        assert len(stub.bodies) - asked == requests
        assert len(pairs_of(workspace)) == 300
        stub.choose = lambda n, body: "ok"
        ask(workspace, stub, judge=True)
    assert judged(workspace) == 300


def judged_as(mark: object):
    """A stub's judge who gives this mark for everything."""

    def choose(number: int, body: dict) -> str:
        return "ok" if number == 1 else f"marks {json.dumps(mark)}"

    return choose


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        pytest.param(5, 5, id="a whole number"),
        pytest.param("5", 5, id="a string"),
        pytest.param(" 3 ", 3, id="a string with spaces"),
        pytest.param(2.0, 2, id="a float"),
        pytest.param(4.5, 4, id="half a mark goes down"),
        pytest.param(0, None, id="under the scale"),
        pytest.param("6", None, id="over the scale"),
        pytest.param(True, None, id="true is no mark"),
        pytest.param("good", None, id="a word"),
        pytest.param([5], None, id="a list"),
        pytest.param(float("nan"), None, id="not a number"),
        pytest.param(10**400, None, id="larger than any float"),
    ],
)
def test_a_mark_counts_in_whatever_form_it_came(tmp_path, mark, expected):
    workspace = workspace_with(tmp_path, some_names(2))
    unread = nullcontext() if expected else pytest.raises(PartialResult, match="2 pairs are not judged")
    with serving(StubEndpoint(choose=judged_as(mark))) as stub, unread:
        ask(workspace, stub, judge=True)
    with open_ledger(workspace.ledger) as ledger:
        given = {m for j in ledger.judgements() for m in (j.faithful, j.french, j.english, j.agreement)}
    assert given == ({expected} if expected else set())


def test_pairs_whose_ids_begin_alike_are_both_judged(tmp_path):
    files = [replace(f, id=f"na1b2c3d{n}0000000") for n, f in enumerate(some_names(3))]
    workspace = workspace_with(tmp_path, files)
    with serving(StubEndpoint()) as stub:
        ask(workspace, stub, judge=True)
        assert len(stub.bodies) == 2
    assert judged(workspace) == 3


def test_a_judge_whose_tokens_nobody_counts(tmp_path):
    workspace = workspace_with(tmp_path, some_names(10))
    budget = Budget(max_tokens=100_000)
    with serving(StubEndpoint(choose=lambda n, body: "no-usage" if n == 2 else "ok")) as stub:
        ask(workspace, stub, budget=budget, judge=True)
        assert budget.used.total == stub.delivered[0].prompt_tokens + stub.delivered[0].completion_tokens
    assert budget.at_risk.total > 0
    assert judged(workspace) == 10


def test_half_a_surrogate_in_a_judges_words_is_kept_as_a_mark_and_not_paid_again(tmp_path):
    workspace = workspace_with(tmp_path, some_names(10))
    with serving(StubEndpoint(choose=lambda n, body: "half" if n == 2 else "ok")) as stub:
        ask(workspace, stub, judge=True)
        assert len(stub.bodies) == 2
    with open_ledger(workspace.ledger) as ledger:
        assert {j.why for j in ledger.judgements()} == {"cut ?"}
