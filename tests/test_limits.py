"""What an endpoint may be asked per minute and at once, seen at the endpoint."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest

from datagen.generate import Options
from datagen.teacher import Dialect, Endpoint, Gate, Limits, Reply, seconds_to_wait
from datagen.wire import client
from tests.generating import ask, some_names, workspace_with
from tests.stub_endpoint import StubEndpoint, serving

BODY = {
    "model": "stub",
    "messages": [{"role": "user", "content": '{"files": [{"id": "a", "name": "a.txt"}]}'}],
}


def send_all(stub: StubEndpoint, limits: Limits, tokens: list[int]) -> float:
    """One request for each amount of tokens, all at once; seconds until the last is answered."""

    async def go() -> float:
        endpoint = Endpoint(client(stub.url, "key"), limits, lambda *failure: None)
        began = time.monotonic()
        sends = (endpoint.send(str(n), BODY, t, Dialect()) for n, t in enumerate(tokens))
        replies = await asyncio.gather(*sends)
        assert all(isinstance(reply, Reply) for reply in replies)
        seconds = time.monotonic() - began
        await endpoint.close()
        return seconds

    return asyncio.run(go())


@pytest.mark.parametrize(
    "tokens",
    [
        pytest.param([2_500] * 10, id="some fit at once"),
        pytest.param([100] * 250, id="many small ones"),
        pytest.param([25_000], id="one that is larger than what may go at once"),
        pytest.param([12_000, 500, 12_000, 500], id="large and small"),
    ],
)
def test_tokens_per_minute_hold_in_any_minute(tokens):
    """Of 310,000 a minute, 10,000 may go at once and 5,000 a second after: 310,000 in the first minute too."""
    with serving(StubEndpoint()) as stub:
        seconds = send_all(stub, Limits(tokens_per_minute=310_000), tokens)
        assert len(stub.bodies) == len(tokens)
    assert seconds >= (sum(tokens) - 10_000) / 5_000 - 0.01


def test_requests_per_minute_hold_over_retries_too():
    with serving(StubEndpoint(choose=lambda n, body: "ok" if n % 2 else "500")) as stub:
        send_all(stub, Limits(requests_per_minute=600, first_wait=0.01), [1] * 5)
        between = stub.arrivals[-1][0] - stub.arrivals[0][0]
        assert len(stub.bodies) > 5
    assert between >= 0.1 * (len(stub.bodies) - 1) - 0.05


def test_a_stop_does_not_wait_for_a_limit():
    async def go() -> None:
        endpoint = Endpoint(client(stub.url, "key"), Limits(requests_per_minute=1), lambda *failure: None)
        sends = [asyncio.ensure_future(endpoint.send(str(n), BODY, 1, Dialect())) for n in range(3)]
        await asyncio.wait(sends, return_when=asyncio.FIRST_COMPLETED)
        endpoint.stopping.set()
        await asyncio.wait_for(asyncio.gather(*sends), 20)  # the limit would be two minutes
        await endpoint.close()

    with serving(StubEndpoint()) as stub:
        asyncio.run(go())
        assert len(stub.bodies) == 1


def in_seconds(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"retry-after": "5"}, 5.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "2"}, 2.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "Wed, 21 Oct 99999 07:28:00 GMT"}, None),
        ({"retry-after": "Wed, 21 Oct 99999999999999999999 07:28:00 GMT"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": ""}, None),
    ],
)
def test_retry_after(headers, wait):
    assert seconds_to_wait(headers) == wait


def test_retry_after_as_a_date_to_come():
    assert 88 <= seconds_to_wait({"retry-after": in_seconds(90)}) <= 90


@pytest.mark.parametrize(
    ("retry_after", "at_least"),
    [
        pytest.param(lambda: "Retry-After: 1", 1.0, id="seconds"),
        pytest.param(lambda: "retry-after-ms: 700", 0.7, id="milliseconds"),
        # A date has whole seconds: two from now is between one and two from now.
        pytest.param(lambda: f"Retry-After: {in_seconds(2)}", 1.0, id="HTTP date"),
    ],
)
def test_nobody_asks_again_before_retry_after(tmp_path, retry_after, at_least):
    workspace = workspace_with(tmp_path, some_names(40))
    choose = lambda n, body: "429" if n == 5 else "ok"  # noqa: E731
    with serving(StubEndpoint(choose=choose, latency=0.01, retry_after=retry_after)) as stub:
        written = ask(workspace, stub, Options("stub", 1), Limits(concurrency=4, first_wait=0.01))
    assert written.pairs == 40 and len(stub.bodies) == 41
    times = sorted(at for at, _ in stub.arrivals)
    pauses = [after - before for before, after in pairwise(times)]
    # Those that were on their way come in with the 429; then there is one pause for all.
    assert max(pauses[3:8]) >= at_least - 0.15
    assert sum(pause > at_least / 2 for pause in pauses) == 1


def test_a_date_that_no_calendar_holds_ends_no_run(tmp_path):
    workspace = workspace_with(tmp_path, some_names(20))
    stub = StubEndpoint(
        choose=lambda n, body: "429" if n == 2 else "ok",
        retry_after=lambda: "Retry-After: Wed, 21 Oct 99999 07:28:00 GMT",
    )
    with serving(stub):
        assert ask(workspace, stub, Options("stub", 1)).pairs == 20


def test_a_gate_halves_once_a_storm_and_opens_by_one_for_each_calm_round(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    gate = Gate(16)
    for _ in range(16):
        gate.refused(0.5, sent=99.0)
    assert gate.limit == 8 and gate.closed_for() == 0.5
    clock[0] = 101.0
    gate.refused(0.1, sent=100.5)
    assert gate.limit == 4
    for _ in range(4):
        gate.succeeded()
    assert gate.limit == 5
    for _ in range(200):
        gate.succeeded()
    assert gate.limit == 16, "never more than allowed"
    for second in range(102, 110):
        clock[0] = second
        gate.refused(0.1, sent=second - 0.5)
    assert gate.limit == 1, "never none"


def test_concurrency_halves_in_a_storm_of_429_and_recovers(tmp_path):
    workspace = workspace_with(tmp_path, some_names(400))
    choose = lambda n, body: "429" if 33 <= n <= 40 else "ok"  # noqa: E731
    with serving(StubEndpoint(choose=choose, latency=0.03)) as stub:
        assert ask(workspace, stub, Options("stub", 1), Limits(16)).pairs == 400
    at_once = [count for _, count in stub.arrivals]
    assert max(at_once[:32]) == 16
    assert max(at_once[60:68]) <= 8
    assert max(at_once[-80:]) == 16


def test_an_endpoint_that_stands_four_at_once_gets_about_four(tmp_path):
    workspace = workspace_with(tmp_path, some_names(300))
    stub = StubEndpoint(latency=0.03)
    stub.choose = lambda n, body: "429" if stub.in_flight > 4 else "ok"
    with serving(stub):
        assert ask(workspace, stub, Options("stub", 1), Limits(16, first_wait=0.05)).pairs == 300
    assert "429" in stub.faults[:16], "16 at once were tried"
    assert max(count for _, count in stub.arrivals[32:]) <= 6
    assert stub.faults.count("429") < 60
