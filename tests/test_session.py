"""What a run of generate leaves on the disk where it, or the writing, ends early."""

import pytest

from datagen import session
from datagen.budget import Budget
from datagen.generate import Options
from nomenclair.errors import UserError
from nomenclair.records import Pair
from nomenclair.stages import inspect
from tests.generating import ask, pairs_of, rejected_of, some_names, workspace_with
from tests.stub_endpoint import StubEndpoint, serving


def state_of_generate(workspace) -> str:
    return next(s.state for s in inspect(workspace) if s.name == "generate")


@pytest.mark.parametrize("failing", ["pairs.parquet", "pairs-rejected.parquet", "pairs-flags.parquet"])
@pytest.mark.parametrize("before", [False, pytest.param(True, id="over an unfinished run")])
def test_a_table_that_cannot_be_written_leaves_the_stage_to_do(tmp_path, monkeypatch, failing, before):
    workspace = workspace_with(tmp_path, some_names(40))
    write = session.write_records

    def full(path, kind, rows):
        if path.name == failing:
            raise UserError("The disk is full.", "Free some space.")
        return write(path, kind, rows)

    with serving(StubEndpoint()) as stub:
        if before:
            with pytest.raises(UserError, match="--max-tokens"):
                ask(workspace, stub, budget=Budget(max_tokens=5000))
            assert state_of_generate(workspace) == "unfinished" and pairs_of(workspace)
        monkeypatch.setattr(session, "write_records", full)
        with pytest.raises(UserError, match="disk is full"):
            ask(workspace, stub)
        assert state_of_generate(workspace) in ("missing", "stale")
        monkeypatch.undo()
        assert ask(workspace, stub).pairs == 40
    assert state_of_generate(workspace) == "done"


@pytest.mark.parametrize(
    ("fault", "budget"),
    [
        pytest.param("404", Budget(), id="a mistyped model"),
        pytest.param("401", Budget(), id="a wrong key"),
        pytest.param("bad", Budget(), id="refused whole"),
        pytest.param("thinking", Budget(), id="replies without a text"),
        pytest.param("ok", Budget(max_tokens=1), id="a cap that lets nothing out"),
    ],
)
def test_a_run_that_ends_without_an_answer_leaves_the_pairs_that_stand(tmp_path, fault, budget):
    workspace = workspace_with(tmp_path, some_names(50))
    with serving(StubEndpoint()) as stub:
        ask(workspace, stub)
        paid = pairs_of(workspace)
        stub.choose = lambda n, body: fault
        with pytest.raises(UserError):
            ask(workspace, stub, Options("stbu"), budget=budget)
    assert pairs_of(workspace) == paid and not rejected_of(workspace)


def test_a_judge_that_is_refused_does_not_keep_the_pairs_from_being_written(tmp_path):
    workspace = workspace_with(tmp_path, some_names(10))
    with serving(StubEndpoint()) as stub:
        ask(workspace, stub)
        session.write_records(workspace.pairs, Pair, [])
        stub.choose = lambda n, body: "401"
        with pytest.raises(UserError, match="OPENAI_API_KEY"):
            ask(workspace, stub, judge=True)
    assert len(pairs_of(workspace)) == 10
