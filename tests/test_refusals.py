"""Names and runs that an endpoint refuses, against a real HTTP server on loopback."""

import pytest

from datagen.driven import REFUSED_AT_START
from datagen.generate import Options
from datagen.teacher import Limits
from nomenclair.errors import UserError
from nomenclair.records import FileName
from tests.generating import FAST, ask, rejected_of, sent_names, some_names, workspace_with
from tests.stub_endpoint import StubEndpoint, files_of, serving


def test_a_name_that_the_content_filter_stops_is_rejected_alone_and_not_retried(tmp_path):
    files = some_names(10)
    bad = files[3].name

    def choose(number: int, body: dict) -> str:
        return "content-filter" if bad in [f["name"] for f in files_of(body)] else "ok"

    workspace = workspace_with(tmp_path, files)
    with serving(StubEndpoint(choose=choose)) as stub:
        written = ask(workspace, stub)
    assert (written.pairs, written.rejected) == (9, {"content-filter": 1})
    assert sent_names(stub).count(bad) == 2


@pytest.mark.parametrize(
    ("fault", "words", "per_request"),
    [
        ("401", "OPENAI_API_KEY", 10),
        ("404", "--model", 10),
        ("no-credit", "credit", 10),
        ("402", "credit", 10),
        ("bad", "refuses every request", 10),
        pytest.param("bad", "refuses every request", 1, id="the first two are no refusals of their names"),
    ],
)
def test_what_no_retry_can_mend_stops_at_once(tmp_path, fault, words, per_request):
    workspace = workspace_with(tmp_path, some_names(50))
    with serving(StubEndpoint(choose=lambda n, body: fault)) as stub:
        with pytest.raises(UserError, match=words) as caught:
            ask(workspace, stub, Options("stub", per_request=per_request))
        assert len(stub.bodies) <= FAST.concurrency + REFUSED_AT_START
    assert "\n" not in str(caught.value)
    assert [r.reason for r in rejected_of(workspace)] == ["not-asked-yet"] * 50
    with serving(StubEndpoint()) as stub:
        assert ask(workspace, stub).pairs == 50


def test_names_refused_in_a_run_without_an_answer_are_told_and_asked_again_in_the_next(tmp_path):
    """The key may be what was refused: no name is given up for it."""
    workspace = workspace_with(tmp_path, some_names(2))
    with serving(StubEndpoint(choose=lambda n, body: "bad" if n <= 2 else "ok")) as stub:
        refused = ask(workspace, stub, Options("stub", per_request=1))
        assert refused.rejected == {"bad-request": 2}
        assert {r.raw for r in rejected_of(workspace)} == {"Something is wrong with this request."}
        assert ask(workspace, stub, Options("stub", per_request=1)).pairs == 2


def refusing(bad: set[str]):
    """A stub's endpoint that refuses every request with one of these names."""
    return lambda n, body: "bad" if bad & {f["name"] for f in files_of(body)} else "ok"


@pytest.mark.parametrize("batch", [False, True])
def test_refusals_at_the_start_are_of_their_names_where_others_in_flight_are_answered(tmp_path, batch):
    files = some_names(80)
    workspace = workspace_with(tmp_path, files)
    with serving(StubEndpoint(choose=refusing({files[n].name for n in (5, 15, 25)}))) as stub:
        written = ask(workspace, stub, batch=batch)
        assert (written.pairs, written.rejected) == (77, {"bad-request": 3})
        asked = len(stub.bodies)
        assert ask(workspace, stub, batch=batch) == written
        assert len(stub.bodies) == asked, "with an answer beside them they are final"


@pytest.mark.parametrize(
    ("new", "good"),
    [
        pytest.param(5, 0, id="nothing but refused names is new"),
        pytest.param(5, 4, id="others behind them are asked"),
    ],
)
def test_names_that_come_new_and_are_refused_do_not_block_what_was_answered_before(tmp_path, new, good):
    files = some_names(10 + new + good)
    workspace = workspace_with(tmp_path, files[:10])
    with serving(StubEndpoint(choose=refusing({f.name for f in files[10 : 10 + new]}))) as stub:
        ask(workspace, stub)
        workspace_with(tmp_path, files)
        one_by_one = Options("stub", per_request=1)
        for _ in range(2):
            written = ask(workspace, stub, one_by_one, limits=Limits(concurrency=1))
            assert (written.pairs, written.rejected) == (10 + good, {"bad-request": new})


def test_a_wrong_key_told_as_a_bad_request_gives_up_no_name(tmp_path):
    files = some_names(30)
    workspace = workspace_with(tmp_path, files[:10])
    with serving(StubEndpoint()) as stub:
        ask(workspace, stub)
        workspace_with(tmp_path, files)
        stub.choose = lambda n, body: "bad"
        assert ask(workspace, stub).pairs == 10
        stub.choose = lambda n, body: "ok"
        assert ask(workspace, stub).pairs == 30


def test_siblings_of_a_name_that_was_refused_first_are_asked(tmp_path):
    workspace = workspace_with(tmp_path, [FileName.of(f"IMG_{n:04}.jpg") for n in range(5)])
    with serving(StubEndpoint(choose=lambda n, body: "bad" if n == 1 else "ok")) as stub:
        written = ask(workspace, stub, Options("stub", per_request=1))
    assert (written.pairs, written.rejected) == (4, {"bad-request": 1})
