"""Sends a run's requests to an endpoint, many at a time, from one loop.

The tasks only wait for the network; what they bring is taken in by the loop itself, so nothing is shared.
"""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from datagen.asks import Request
from datagen.driven import Driven
from datagen.teacher import Endpoint, Result, Unsupported
from nomenclair.errors import PartialResult, UserError


def drive(run: Driven, endpoint: Endpoint) -> None:
    """Send what is missing until nothing is left, or raise why the run ended early (see `Run.finish`).

    Whatever ends it (a cap, an endpoint that went away, Ctrl-C), every reply that came is in the ledger.
    """
    asyncio.run(_drive(run, endpoint))
    run.finish()


async def _drive(run: Driven, endpoint: Endpoint) -> None:
    in_flight: dict[asyncio.Task, tuple[Request, int]] = {}
    ended: asyncio.Queue[asyncio.Task] = asyncio.Queue()
    with _interruptible(run, endpoint, in_flight):
        _launch(run, endpoint, in_flight, ended)
        while in_flight:
            done = [await ended.get()]
            while not ended.empty():
                done.append(ended.get_nowait())
            # All at once: one that cannot be taken in must not leave the others waited for.
            landing = [(task, *in_flight.pop(task)) for task in done]
            try:
                with run.together():
                    for task, request, answers_before in landing:
                        run.land(request, _result(task), endpoint.answers > answers_before)
            except UserError as stop:
                run.stop(stop)
            if run.stopped:
                endpoint.stopping.set()
            _launch(run, endpoint, in_flight, ended)
    await endpoint.close()


def _launch(
    run: Driven,
    endpoint: Endpoint,
    in_flight: dict[asyncio.Task, tuple[Request, int]],
    ended: asyncio.Queue[asyncio.Task],
) -> None:
    while len(in_flight) < endpoint.gate.limit and not run.waits:
        request = run.next_request(len(in_flight))
        if request is None:
            return
        send = endpoint.send(request.key, request.body, run.most_tokens(request), run.dialect)
        task = asyncio.ensure_future(send)
        task.add_done_callback(ended.put_nowait)
        in_flight[task] = (request, endpoint.answers)


@contextmanager
def _interruptible(run: Driven, endpoint: Endpoint, in_flight: dict) -> Iterator[None]:
    """Ctrl-C once: what is in flight may land, nothing more is sent. Twice: it is dropped."""
    loop = asyncio.get_running_loop()

    def interrupt() -> None:
        if endpoint.stopping.is_set():
            for task in in_flight:
                task.cancel()
        endpoint.stopping.set()
        run.stop(
            PartialResult(
                "Interrupted: the requests in flight were awaited, nothing more was sent.",
                "Run the same command again to go on.",
            )
        )

    signals = (signal.SIGINT, signal.SIGTERM)
    with suppress(NotImplementedError, RuntimeError, ValueError):  # not the main thread
        for number in signals:
            loop.add_signal_handler(number, interrupt)
    yield
    for number in signals:
        loop.remove_signal_handler(number)


def _result(task: asyncio.Task) -> Result:
    """What a task gave or raised; None where it was cancelled."""
    try:
        return task.result()
    except (Unsupported, UserError) as error:
        return error
    except asyncio.CancelledError:
        return None
