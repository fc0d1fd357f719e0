"""Batches, judges and second samples against the stub endpoint."""

import json
from contextlib import nullcontext
from dataclasses import replace

import pytest

from datagen.budget import Budget
from datagen.driven import REFUSED_AT_START, SILENT
from datagen.generate import UNANSWERED, Options
from datagen.ledger import open_ledger
from datagen.prompts import load
from nomenclair.errors import PartialResult, UserError
from nomenclair.records import FileName, PairFlag
from nomenclair.workspace import read_records
from tests.generating import FAST, ask, pairs_of, rejected_of, some_names, workspace_with
from tests.stub_endpoint import StubEndpoint, at_random, files_of, serving


def sent_names(stub: StubEndpoint) -> list[str]:
    return [f["name"] for body in stub.bodies for f in files_of(json.loads(body))]


def test_a_batch_gives_the_same_pairs_as_single_requests(tmp_path):
    files = some_names(95)
    with serving(StubEndpoint()) as stub:
        workspace = workspace_with(tmp_path / "batch", files)
        assert ask(workspace, stub, batch=True).pairs == 95
        assert len(stub.batches.made) == 1
        again = ask(workspace, stub, batch=True)
        assert again.pairs == 95 and len(stub.batches.made) == 1, "nothing is missing: no second batch"
        single = workspace_with(tmp_path / "single", files)
        ask(single, stub)
    assert pairs_of(workspace) == pairs_of(single)


def test_lines_that_failed_are_asked_again_in_the_next_batch(tmp_path):
    workspace = workspace_with(tmp_path, some_names(300))
    faults = {"500": 0.1, "hang": 0.1, "missing": 0.1, "prose": 0.1, "wrong-ids": 0.1, "no-choices": 0.05}
    with serving(StubEndpoint(choose=at_random(faults, 5))) as stub:
        written = ask(workspace, stub, batch=True)
        assert 2 <= len(stub.batches.made) <= 8
    assert written.pairs + sum(written.rejected.values()) == 300
    assert written.pairs > 270
    with open_ledger(workspace.ledger) as ledger:
        assert ledger.count("replies") == sum(bool(d.id) for d in stub.delivered)
        assert not ledger.batches_under_way()


@pytest.mark.parametrize(
    "prompt",
    [
        pytest.param("describe-full", id="many names a line"),
        pytest.param("describe-lines", id="one name a line of the batch: a refusal would be final"),
    ],
)
def test_a_batch_that_lacks_something_is_sent_again_without_it(tmp_path, prompt):
    """All lines complain of the same field: the first tells the run, the others are no refusals."""

    def choose(number: int, body: dict) -> str:
        return (
            "no-max-tokens" if "max_tokens" in body else "no-temperature" if "temperature" in body else "ok"
        )

    workspace = workspace_with(tmp_path, some_names(50))
    with serving(StubEndpoint(choose=choose)) as stub:
        assert ask(workspace, stub, prompt=load(prompt), batch=True).pairs == 50
        assert len(stub.batches.made) == 3
        workspace_with(tmp_path, some_names(60))
        assert ask(workspace, stub, prompt=load(prompt), batch=True).pairs == 60
        assert len(stub.batches.made) == 4, "what was learnt is remembered"


def test_a_format_that_one_line_prompts_do_not_use_is_still_known_after_their_batch(tmp_path):
    workspace = workspace_with(tmp_path, some_names(5))
    choose = lambda n, body: "no-max-tokens" if "max_tokens" in body else "ok"  # noqa: E731
    with serving(StubEndpoint(choose=choose)) as stub:
        assert ask(workspace, stub, prompt=load("describe-lines"), batch=True).pairs == 5
        assert ask(workspace, stub).pairs == 5
    body = json.loads(stub.bodies[-1])
    assert body["response_format"]["type"] == "json_schema" and "max_completion_tokens" in body


def test_a_batch_that_is_refused_whole_stops_the_run_and_does_not_bar_the_next(tmp_path):
    workspace = workspace_with(tmp_path, some_names(50))
    refusing = StubEndpoint(choose=lambda n, body: "bad")
    with serving(refusing), pytest.raises(UserError, match="refuses every request"):
        ask(workspace, refusing, batch=True)
    with serving(StubEndpoint()) as stub:
        assert ask(workspace, stub).pairs == 50


PROMPTS = [
    pytest.param("describe-full", "describe-lines", id="JSON, then lines"),
    pytest.param("describe-lines", "describe-full", id="lines, then JSON"),
]


@pytest.mark.parametrize(("before", "after"), PROMPTS)
@pytest.mark.parametrize("first", ["ok", pytest.param("missing", id="one name asked again")])
def test_a_batch_collected_under_another_prompt_is_recorded_under_its_own(tmp_path, before, after, first):
    if (before, first) == ("describe-lines", "missing"):
        first = "prose"
    workspace = workspace_with(tmp_path, some_names(10))
    with serving(StubEndpoint(choose=lambda n, body: first if n == 1 else "ok")) as stub:

        def cut_short(lines: bytes) -> bytes:
            stub.batches.fail_making = True
            return lines

        if first == "ok":
            stub.batches.fail_making = True
        else:
            stub.batches.garbled = cut_short
        with pytest.raises(UserError, match="Batch API"):
            ask(workspace, stub, batch=True, prompt=load(before))
        stub.batches.fail_making, stub.batches.garbled = False, lambda lines: lines
        assert ask(workspace, stub, batch=True, prompt=load(after)).pairs == 10
        asked = len(stub.bodies)
        assert ask(workspace, stub, prompt=load(before)).pairs == 10
        assert len(stub.bodies) == asked, "what the batch cost is not paid again"


@pytest.mark.parametrize("fault", ["thinking", "bad"])
def test_a_batch_that_came_to_nothing_stops_no_run_under_another_prompt(tmp_path, fault):
    workspace = workspace_with(tmp_path, some_names(10))
    with serving(StubEndpoint(choose=lambda n, body: fault if n <= 10 else "ok")) as stub:
        stub.batches.fail_making = True
        with pytest.raises(UserError, match="Batch API"):
            ask(workspace, stub, batch=True, prompt=load("describe-lines"))
        stub.batches.fail_making = False
        assert ask(workspace, stub, batch=True).pairs == 10


def told_of_the_first(**more: object):
    """A batch file whose first line has these fields instead of its own."""

    def garbled(lines: bytes) -> bytes:
        first, rest = lines.split(b"\n", 1)
        return json.dumps({**json.loads(first), **more}).encode() + b"\n" + rest

    return garbled


@pytest.mark.parametrize(
    ("garbled", "lost"),
    [
        pytest.param(lambda b: b.replace(b"stop", "a\u2028b\u0085c".encode()), 0, id="line ends in a string"),
        pytest.param(lambda b: b"\n\r\n" + b.replace(b"\n", b"\r\n\n"), 0, id="blank lines"),
        pytest.param(lambda b: b"[1]\n3\nnull\n{}\n" + b, 0, id="lines that are no objects"),
        pytest.param(lambda b: b'{"custom_id": ["a"]}\n' + b, 0, id="an id that is none"),
        pytest.param(lambda b: b[:-40], 1, id="the last line is cut"),
        pytest.param(told_of_the_first(response="gone"), 1, id="a string for a response"),
        pytest.param(told_of_the_first(response=None, error="gone"), 1, id="a string for an error"),
        pytest.param(told_of_the_first(response={"status_code": 500, "body": "gone"}), 1, id="a string body"),
        pytest.param(
            told_of_the_first(response={"status_code": 400, "body": {"error": "gone"}}),
            1,
            id="an error in words",
        ),
    ],
)
def test_what_cannot_be_read_of_a_batch_is_asked_again_and_the_rest_is_kept(tmp_path, garbled, lost):
    workspace = workspace_with(tmp_path, some_names(40))
    with serving(StubEndpoint()) as stub:
        stub.batches.garbled = lambda lines: garbled(lines) if len(stub.batches.made) == 1 else lines
        assert ask(workspace, stub, batch=True).pairs == 40
        assert len(stub.batches.made) == 1 + lost
        assert len(sent_names(stub)) == 40 + 10 * lost


def test_a_batch_whose_making_was_cut_short_is_found_again(tmp_path):
    """The endpoint made it, the answer was lost (or the run was killed): no second batch is paid for."""
    workspace = workspace_with(tmp_path, some_names(20))
    with serving(StubEndpoint()) as stub:
        stub.batches.fail_making = True
        with pytest.raises(UserError):
            ask(workspace, stub, batch=True)
        stub.batches.fail_making = False
        with pytest.raises(UserError, match="--batch"):
            ask(workspace, stub)
        assert ask(workspace, stub, batch=True).pairs == 20
        assert len(stub.batches.made) == 1
    assert len(sent_names(stub)) == 20


def test_a_batch_that_was_never_made_is_made_anew(tmp_path):
    workspace = workspace_with(tmp_path, some_names(20))
    with open_ledger(workspace.ledger) as ledger:
        ledger.record_batch("0123456789abcdef", [])
    with serving(StubEndpoint()) as stub:
        assert ask(workspace, stub, batch=True).pairs == 20


def test_two_samples_in_one_batch_where_no_temperature_tells_them_apart(tmp_path):
    workspace = workspace_with(tmp_path, some_names(6))
    choose = lambda n, body: "no-temperature" if "temperature" in body else "ok"  # noqa: E731
    with serving(StubEndpoint(choose=choose)) as stub:
        assert ask(workspace, stub, Options("stub", samples=2), batch=True).pairs == 6
        assert len(stub.batches.made) == 2 and len(stub.delivered) == 2
        assert ask(workspace, stub, Options("stub", samples=2), batch=True).pairs == 6
        assert len(stub.batches.made) == 2


def test_siblings_wait_for_a_batch_too(tmp_path):
    workspace = workspace_with(tmp_path, [FileName.of(f"IMG_{n:04}.jpg") for n in range(50)])
    with serving(StubEndpoint()) as stub:
        assert ask(workspace, stub, batch=True).pairs == 50
    assert len(sent_names(stub)) == 1


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
    with open_ledger(workspace.ledger) as ledger:
        assert ledger.count("judgements") == 10


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


def judged(workspace) -> int:
    with open_ledger(workspace.ledger) as ledger:
        return ledger.count("judgements")


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
    with open_ledger(workspace.ledger) as ledger:
        assert ledger.count("judgements") == 300


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
    with open_ledger(workspace.ledger) as ledger:
        assert ledger.count("judgements") == 3


def test_a_judge_whose_tokens_nobody_counts(tmp_path):
    workspace = workspace_with(tmp_path, some_names(10))
    budget = Budget(max_tokens=100_000)
    with serving(StubEndpoint(choose=lambda n, body: "no-usage" if n == 2 else "ok")) as stub:
        ask(workspace, stub, budget=budget, judge=True)
        assert budget.used.total == stub.delivered[0].prompt_tokens + stub.delivered[0].completion_tokens
    assert budget.at_risk.total > 0
    with open_ledger(workspace.ledger) as ledger:
        assert ledger.count("judgements") == 10


def test_half_a_surrogate_in_a_judges_words_is_kept_as_a_mark_and_not_paid_again(tmp_path):
    workspace = workspace_with(tmp_path, some_names(10))
    with serving(StubEndpoint(choose=lambda n, body: "half" if n == 2 else "ok")) as stub:
        ask(workspace, stub, judge=True)
        assert len(stub.bodies) == 2
    with open_ledger(workspace.ledger) as ledger:
        assert {j.why for j in ledger.judgements()} == {"cut ?"}


def test_half_a_surrogate_in_a_batch_can_be_stored(tmp_path):
    workspace = workspace_with(tmp_path, some_names(20))
    faults = {1: "half", 2: "half-error"}
    with serving(StubEndpoint(choose=lambda n, body: faults.get(n, "ok"))) as stub:
        assert ask(workspace, stub, batch=True).pairs == 20


def test_two_answers_that_differ_are_a_flag(tmp_path):
    workspace = workspace_with(tmp_path, some_names(10))

    def other_words(number: int, body: dict) -> str:
        return "other" if body["temperature"] else "ok"

    with serving(StubEndpoint(choose=other_words)) as stub:
        ask(workspace, stub, Options("stub", samples=2))
    flags = list(read_records(workspace.pairs_flags, PairFlag))
    assert {f.code for f in flags} == {"samples-en", "samples-fr"} and len(flags) == 20
    with serving(StubEndpoint()) as stub:
        same = workspace_with(tmp_path / "same", some_names(10))
        ask(same, stub, Options("stub", samples=2))
    assert list(read_records(same.pairs_flags, PairFlag)) == []
    assert not rejected_of(same)
