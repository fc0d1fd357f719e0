"""Batches that are refused, lost or shared by one body: nothing is barred for good, nothing is paid for twice."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace

import openai
import pytest

from datagen import generate
from datagen.asks import make_asks, make_request, request_key
from datagen.ledger import Usage, open_ledger
from datagen.prompts import load
from datagen.session import Address
from datagen.teacher import Dialect
from datagen.wire import client
from nomenclair.errors import UserError
from nomenclair.records import FileName
from tests.generating import ask, rejected_of, sent_names, some_names, workspace_with
from tests.stub_endpoint import StubEndpoint, serving

LINES = load("describe-lines")


def refusing(stub: StubEndpoint, called: str, status: int) -> None:
    """From now on the stub answers this status where method and path begin so."""
    error = json.dumps({"error": {"message": "said by the stub"}}).encode()
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(error)}\r\n\r\n"
    answering(stub, called, head.encode() + error)


def answering(stub: StubEndpoint, called: str, answer: bytes) -> None:
    """From now on the stub gives this HTTP answer where method and path begin so."""
    handle = type(stub.batches).handle

    def answered(method: str, path: str, body: bytes) -> bytes:
        if f"{method} {path.removeprefix('/v1/')}".startswith(called):
            return answer
        return handle(stub.batches, method, path, body)

    stub.batches.handle = answered


def mend(stub: StubEndpoint) -> None:
    del stub.batches.handle


@pytest.mark.parametrize(
    ("called", "status", "told"),
    [
        pytest.param("POST files", 404, "no Batch API.*Run without --batch", id="no Batch API"),
        pytest.param("POST files", 413, "refuses the batch.*said by the stub", id="a file that is too large"),
        pytest.param("POST files", 401, "Set OPENAI_API_KEY", id="a wrong key"),
        pytest.param("POST files", 503, "Run the same command again", id="no file, so no batch of it"),
        pytest.param("POST batches", 404, "no Batch API.*Run without --batch", id="files, but no batches"),
        pytest.param("POST batches", 400, "refuses the batch.*or run without --batch", id="a model of none"),
        pytest.param(
            "POST batches", 429, "refuses the batch.*said by the stub", id="too much is queued there"
        ),
    ],
)
def test_a_batch_that_was_refused_does_not_bar_the_next_run(tmp_path, called, status, told):
    workspace = workspace_with(tmp_path, some_names(20))
    with serving(StubEndpoint()) as stub:
        refusing(stub, called, status)
        with pytest.raises(UserError, match=told):
            ask(workspace, stub, batch=True)
        assert ask(workspace, stub).pairs == 20


@pytest.mark.parametrize("called", ["POST files", "POST batches"])
def test_a_web_page_is_no_batch_api(tmp_path, called):
    workspace = workspace_with(tmp_path, some_names(20))
    page = b"<html>Please log in</html>"
    head = f"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {len(page)}\r\n\r\n"
    with serving(StubEndpoint()) as stub:
        answering(stub, called, head.encode() + page)
        with pytest.raises(UserError, match=r"answered with a web page.*Run the same command again"):
            ask(workspace, stub, batch=True)
        mend(stub)
        assert ask(workspace, stub, batch=True).pairs == 20
        assert len(sent_names(stub)) == 20


@pytest.mark.parametrize("status", [408, 409, 500, 503])
def test_a_batch_that_may_have_been_made_is_not_lost_track_of(tmp_path, status):
    workspace = workspace_with(tmp_path, some_names(20))
    with serving(StubEndpoint()) as stub:
        refusing(stub, "POST batches", status)
        with pytest.raises(UserError, match="Run the same command again"):
            ask(workspace, stub, batch=True)
        with pytest.raises(UserError, match="still under way"):
            ask(workspace, stub)


def left_under_way(stub: StubEndpoint, workspace, called: str) -> None:
    """A run that made a batch of all names, and ends before it knows the batch's id or has its replies."""
    refusing(stub, "GET batches/", 403)
    stub.batches.fail_making = called == "GET batches?"
    with pytest.raises(UserError):
        ask(workspace, stub, batch=True)
    stub.batches.fail_making = False


UNKNOWN = [
    pytest.param("GET batches/", 404, "batch-1", id="deleted, or of another key"),
    pytest.param("GET batches/", 410, "batch-1", id="gone for good"),
    pytest.param("GET files/", 404, "batch-1.*files/file-2/content", id="its output has expired"),
    pytest.param("GET batches?", 404, "lists no batches", id="making cut short, no Batch API"),
    pytest.param("GET batches?", 405, "lists no batches", id="making cut short, nothing can be listed"),
]


@pytest.mark.parametrize(("called", "status", "told"), UNKNOWN)
@pytest.mark.parametrize("given_up", [True, pytest.param(False, id="known again")])
def test_a_batch_that_the_endpoint_does_not_know(tmp_path, called, status, told, given_up):
    workspace = workspace_with(tmp_path, some_names(20))
    with serving(StubEndpoint()) as stub:
        left_under_way(stub, workspace, called)
        refusing(stub, called.rstrip("?"), status)
        for _ in range(2):
            with pytest.raises(UserError, match=f"{told}.*To give it up, run without --batch"):
                ask(workspace, stub, batch=True)
        if given_up:
            assert ask(workspace, stub).pairs == 20
            assert ask(workspace, stub, batch=True).pairs == 20, "nothing of it is looked for again"
        mend(stub)
        assert ask(workspace, stub, batch=True).pairs == 20
        assert len(stub.batches.made) == 1
        assert given_up or len(sent_names(stub)) == 20


def test_a_batch_that_is_known_again_is_not_given_up(tmp_path):
    workspace = workspace_with(tmp_path, some_names(20))
    with serving(StubEndpoint()) as stub:
        refusing(stub, "GET batches/", 404)
        with pytest.raises(UserError, match="To give it up"):
            ask(workspace, stub, batch=True)
        refusing(stub, "GET files/", 500)
        with pytest.raises(UserError, match="Run the same command again"):
            ask(workspace, stub, batch=True)
        with pytest.raises(UserError, match="still under way"):
            ask(workspace, stub)


@pytest.mark.parametrize("called", ["GET batches/", "GET batches?"])
def test_clients_are_closed_where_the_batch_api_fails(tmp_path, monkeypatch, called):
    workspace = workspace_with(tmp_path, some_names(1))
    made, closed = [], []
    close = openai.AsyncOpenAI.close

    async def closing(api: openai.AsyncOpenAI) -> None:
        closed.append(api)
        await close(api)

    def making(address: Address) -> openai.AsyncOpenAI:
        made.append(client(address.base_url, address.api_key))
        return made[-1]

    monkeypatch.setattr(openai.AsyncOpenAI, "close", closing)
    monkeypatch.setattr(Address, "client", making)
    with serving(StubEndpoint()) as stub:
        left_under_way(stub, workspace, called)
        refusing(stub, called.rstrip("?"), 404)
        with pytest.raises(UserError):
            ask(workspace, stub, batch=True)
    assert made and closed == made


# Names that differ in what is masked only: one body for all of them.
MASKED_ALIKE = [FileName.of(f"appel 06 12 34 56 {n}.pdf") for n in (78, 79, 80, 81)]


@pytest.mark.parametrize(
    ("files", "choose", "pairs"),
    [
        pytest.param(
            some_names(4),
            lambda n, body: "no-temperature" if "temperature" in body else "prose",
            0,
            id="a second attempt is told nothing of the first",
        ),
        pytest.param(
            some_names(4),
            lambda n, body: "no-temperature" if "temperature" in body else "ok" if n > 8 else "prose",
            4,
            id="a second attempt that is good",
        ),
        pytest.param(
            MASKED_ALIKE, lambda n, body: "prose" if n <= 3 else "ok", 3, id="a first name that is given up"
        ),
        pytest.param(MASKED_ALIKE, lambda n, body: "prose", 0, id="names that are all given up"),
    ],
)
def test_each_reply_to_one_and_the_same_body_is_landed_once(tmp_path, files, choose, pairs):
    workspace = workspace_with(tmp_path, files)
    with serving(StubEndpoint(choose=choose)) as stub:
        assert ask(workspace, stub, prompt=LINES, batch=True).pairs == pairs
        paid = len(stub.delivered)
        assert ask(workspace, stub, prompt=LINES, batch=True).pairs == pairs
        assert len(stub.delivered) == paid, "the second run asks nothing"
    assert {r.reason for r in rejected_of(workspace)} <= {"not-a-line"}
    with open_ledger(workspace.ledger) as ledger:
        asked = [o for o in ledger.outcomes() if o.via == "asked"]
        assert len(asked) == ledger.count("replies") == paid


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda a: replace(a, item="other"), id="another name"),
        pytest.param(lambda a: a.after("not-a-line"), id="another attempt"),
    ],
)
def test_requests_of_one_body_have_keys_of_their_own(change):
    (first,) = make_asks(some_names(1), LINES, "stub", 1, ())

    def request(asked):
        return make_request([asked], LINES, "stub", Dialect(temperature=False))

    assert request(first).body == request(change(first)).body
    assert request(first).key == request(replace(first, unanswered=1)).key != request(change(first)).key


def as_before(asks: Sequence, *told: object):
    """A request whose key is the hash of its body alone, as the ledgers of before hold it."""
    request = make_request(asks, *told)
    return replace(request, key=request_key(request.body))


@pytest.mark.parametrize(
    ("choose", "options"),
    [
        pytest.param(lambda n, body: "ok", {}, id="requests one by one"),
        pytest.param(lambda n, body: "ok", {"batch": True}, id="a batch"),
        pytest.param(lambda n, body: "prose", {"prompt": LINES, "batch": True}, id="names given up"),
    ],
)
def test_what_a_ledger_of_before_holds_is_not_asked_again(tmp_path, monkeypatch, choose, options):
    workspace = workspace_with(tmp_path, some_names(4))
    with serving(StubEndpoint(choose=choose)) as stub:
        monkeypatch.setattr(generate, "make_request", as_before)
        written = ask(workspace, stub, **options)
        monkeypatch.undo()
        paid = len(stub.bodies)
        assert ask(workspace, stub, **options) == written
        assert len(stub.bodies) == paid


def test_a_batch_of_before_is_collected_though_its_keys_have_replies(tmp_path, monkeypatch):
    """First attempts were answered badly; the second ones, of the same bodies, are in a batch under way."""
    workspace = workspace_with(tmp_path, some_names(4))
    with open_ledger(workspace.ledger) as ledger:
        ledger.set("dialect stub", json.dumps({"temperature": False}))

    def choose(number: int, body: dict) -> str:
        stub.batches.fail_making = number <= 4
        return "prose" if number <= 4 else "ok"

    with serving(StubEndpoint(choose=choose)) as stub:
        monkeypatch.setattr(generate, "make_request", as_before)
        with pytest.raises(UserError, match="Batch API"):
            ask(workspace, stub, prompt=LINES, batch=True)
        monkeypatch.undo()
        stub.batches.fail_making = False
        assert ask(workspace, stub, prompt=LINES, batch=True).pairs == 4
        assert len(stub.batches.made) == 2 and len(stub.delivered) == 8
    with open_ledger(workspace.ledger) as ledger:
        assert ledger.count("replies") == 8


def test_lines_that_were_landed_before_a_run_was_killed_are_not_landed_again(tmp_path):
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.record_batch("token", [("a", "{}"), ("b", "{}")])
        ledger.record_reply("a", 0.1, "raw", Usage(5, 1, 2))
        assert set(ledger.unread_lines("token")) == {"b"}


def no_database(path) -> None:
    path.write_bytes(b"this is not a database" * 100)


def a_page_overwritten(path) -> None:
    with open_ledger(path) as ledger:
        ledger.record_reply("a", 0.1, "raw", Usage(5, 1, 2))
    with open(path, "r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 4000)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        pytest.param(no_database, "not a database", id="no database"),
        pytest.param(a_page_overwritten, "malformed", id="a page overwritten"),
    ],
)
def test_a_ledger_that_is_damaged_may_be_moved_away(tmp_path, spoil, said):
    path = tmp_path / "ledger.sqlite"
    spoil(path)
    with pytest.raises(UserError, match=f"{said}.*move it away"), open_ledger(path) as ledger:
        list(ledger.outcomes())


def one_key_twice(ledger) -> None:
    ledger.record_batch("token", [("a", "{}"), ("a", "{}")])


def without_a_table(ledger) -> None:
    with sqlite3.connect(ledger.path) as db:
        db.execute("DROP TABLE settings")
    ledger.get("x")


@pytest.mark.parametrize(
    ("fail", "said"),
    [
        pytest.param(one_key_twice, "UNIQUE constraint failed", id="a key that stands there"),
        pytest.param(without_a_table, "no such table", id="a table that is missing"),
    ],
)
def test_any_other_error_of_sqlite_is_told_and_the_ledger_is_to_be_kept(tmp_path, fail, said):
    told = pytest.raises(UserError, match=f"{said}.*Keep the file")
    with told as raised, open_ledger(tmp_path / "ledger.sqlite") as ledger:
        fail(ledger)
    assert "move it away" not in str(raised.value)


def test_a_ledger_that_cannot_be_opened_is_named(tmp_path):
    (tmp_path / "ledger.sqlite").mkdir()
    with (
        pytest.raises(UserError, match=r"ledger\.sqlite.*Keep the file"),
        open_ledger(tmp_path / "ledger.sqlite"),
    ):
        pass


def test_two_samples_of_one_body_are_two_requests():
    first, second = make_asks(some_names(1), LINES, "stub", 2, ())
    requests = [make_request([a], LINES, "stub", Dialect(temperature=False)) for a in (first, second)]
    assert requests[0].body == requests[1].body and requests[0].key != requests[1].key
