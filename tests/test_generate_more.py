"""Batches, judges and second samples against the stub endpoint."""

import json

import pytest

from datagen.generate import Options
from datagen.ledger import open_ledger
from nomenclair.errors import UserError
from nomenclair.records import FileName, PairFlag
from nomenclair.workspace import read_records
from tests.generating import ask, pairs_of, rejected_of, some_names, workspace_with
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
    faults = {"500": 0.1, "hang": 0.1, "missing": 0.1, "prose": 0.1, "wrong-ids": 0.1}
    with serving(StubEndpoint(choose=at_random(faults, 5))) as stub:
        written = ask(workspace, stub, batch=True)
        assert 2 <= len(stub.batches.made) <= 8
    assert written.pairs + sum(written.rejected.values()) == 300
    assert written.pairs > 270
    with open_ledger(workspace.ledger) as ledger:
        assert ledger.count("replies") == len(stub.delivered)
        assert not ledger.batches_under_way()


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
