"""generate by batches, against the stub endpoint."""

import json

import pytest

from datagen.generate import Options
from datagen.ledger import open_ledger
from datagen.prompts import load
from nomenclair.errors import UserError
from nomenclair.records import FileName
from tests.generating import ask, pairs_of, sent_names, some_names, workspace_with
from tests.stub_endpoint import StubEndpoint, at_random, serving


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


def test_half_a_surrogate_in_a_batch_can_be_stored(tmp_path):
    workspace = workspace_with(tmp_path, some_names(20))
    faults = {1: "half", 2: "half-error"}
    with serving(StubEndpoint(choose=lambda n, body: faults.get(n, "ok"))) as stub:
        assert ask(workspace, stub, batch=True).pairs == 20
