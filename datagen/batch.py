"""Sends a run's requests as batches (OpenAI's Batch API): half the price, an answer within a day.

A batch is written in the ledger before it is made, under a token that goes along as its metadata. So a run that
was killed at any moment finds its batch again and never pays for a second one.

A batch that the endpoint does not know (it was deleted, or another key made it) stays in the ledger until a run
without --batch gives it up: its names are then asked again.
"""

import asyncio
import json
import secrets
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import suppress

import openai

from datagen.asks import Request
from datagen.budget import Size
from datagen.generate import Run
from datagen.ledger import Ledger
from datagen.teacher import (
    REFUSALS,
    Dialect,
    Result,
    Unanswered,
    dialect_of,
    read_error,
    read_refusal,
    read_reply,
)
from nomenclair.errors import PartialResult, UserError

# The endpoint's own limits are 50,000 lines and 200 MB; a smaller batch is done sooner.
MOST_LINES = 10_000
MOST_BYTES = 100_000_000
ENDED = {"completed", "failed", "expired", "cancelled"}
# Polls that may fail in a row (a laptop that slept) before the run ends; the batch goes on without it.
PATIENCE = 10
# HTTP statuses that say: there is no such thing here.
UNKNOWN = (404, 405, 410)
# Of the statuses from 400 to 499, those after which a batch may have been made all the same.
UNDECIDED = (408, 409)


def find_made_batches(api: openai.AsyncOpenAI, ledger: Ledger) -> frozenset[str]:
    """Adopt batches whose making was cut short, then give the items that are under way in any batch."""

    async def find() -> None:
        cut_short = [token for token, remote in ledger.batches_under_way() if not remote]
        if not cut_short:
            return
        try:
            made = {(b.metadata or {}).get("nomenclair"): b.id async for b in api.batches.list()}
        except openai.APIStatusError as error:
            if error.status_code not in UNKNOWN:
                raise
            for token in cut_short:
                ledger.set_batch(token, "unknown")
            raise _unknown(
                f"The endpoint {_url(api)} lists no batches ({_words(error)}): nothing tells whether it made the one"
                f" that this workspace knows as {', '.join(cut_short)}."
            ) from error
        for token in cut_short:
            ledger.set_batch(token, "open" if token in made else "never-made", made.get(token, ""))

    asyncio.run(_translated(api, find()))
    lines = (_unread(ledger, token) for token, _ in ledger.batches_under_way())
    return frozenset(item for line in lines for asked in line.values() for item, _, _ in asked.values())


def drive_batches(run: Run, api: openai.AsyncOpenAI, ledger: Ledger, poll_seconds: float) -> None:
    """Collect open batches, then send what is missing as new ones until nothing is; raises as `drive` does."""

    async def go() -> None:
        await _collect_all(run, api, ledger, poll_seconds)
        while requests := list(_fill(run)):
            await _make(run, api, ledger, requests)
            await _collect_all(run, api, ledger, poll_seconds)

    try:
        asyncio.run(_translated(api, go()))
    except UserError as stop:
        run.stop(stop)
    except KeyboardInterrupt:
        run.stop(
            PartialResult(
                "Interrupted: the batch goes on at the endpoint.", "Run the same command again to collect it."
            )
        )
    run.finish()


def _fill(run: Run) -> Iterator[Request]:
    lines = size = 0
    while lines < MOST_LINES and size < MOST_BYTES and (request := run.next_request(lines)):
        lines, size = lines + 1, size + request.size.input_bytes
        yield request


async def _make(run: Run, api: openai.AsyncOpenAI, ledger: Ledger, requests: Sequence[Request]) -> None:
    """Upload a file and make a batch of it."""
    token = secrets.token_hex(8)
    with ledger.together():
        for request in requests:
            run.record_request(request)
        ledger.record_batch(token, ((r.key, _asked(r)) for r in requests))
    ledger.to_disk()
    lines = "".join(
        json.dumps({"custom_id": r.key, "method": "POST", "url": "/v1/chat/completions", "body": r.body})
        + "\n"
        for r in requests
    )
    file = None
    try:
        file = await api.files.create(file=(f"nomenclair-{token}.jsonl", lines.encode()), purpose="batch")
        batch = await api.batches.create(
            input_file_id=file.id,
            endpoint="/v1/chat/completions",
            completion_window="24h",
            metadata={"nomenclair": token},
        )
    except openai.APIError as error:
        refused = _is_refusal(error)
        if refused or file is None:  # without its file, nothing has asked for a batch
            ledger.set_batch(token, "never-made")
        if refused and not isinstance(error, openai.AuthenticationError):
            raise _not_made(api, error) from error
        raise
    ledger.set_batch(token, "open", batch.id)


def _is_refusal(error: openai.APIError) -> bool:
    status = error.status_code if isinstance(error, openai.APIStatusError) else 0
    return 400 <= status < 500 and status not in UNDECIDED


def _not_made(api: openai.AsyncOpenAI, refusal: openai.APIStatusError) -> UserError:
    if refusal.status_code in UNKNOWN:
        what, cure = f"The endpoint {_url(api)} has no Batch API", "Run without --batch."
    else:
        what = f"The endpoint {_url(api)} refuses the batch"
        cure = "Mend what it says, then run the same command again; or run without --batch."
    return UserError(f"{what} ({_words(refusal)}).", cure)


def _asked(request: Request) -> str:
    return json.dumps({i: [a.item, a.file.id, a.masked.text] for i, a in request.by_id.items()})


async def _collect_all(run: Run, api: openai.AsyncOpenAI, ledger: Ledger, poll_seconds: float) -> None:
    """Collect what is under way. UserError where the endpoint does not know it."""
    for token, remote in ledger.batches_under_way():
        try:
            await _collect(run, api, ledger, token, remote, poll_seconds)
        except openai.APIStatusError as error:
            if error.status_code not in UNKNOWN:
                raise
            ledger.set_batch(token, "unknown")
            raise _unknown(
                f"The endpoint {_url(api)} no longer has the whole batch {remote} ({_words(error)}),"
                " or it belongs to another key."
            ) from error


def _unknown(what: str) -> UserError:
    return UserError(
        what,
        "With the OPENAI_API_KEY and OPENAI_BASE_URL that it was made with, run the same command again."
        " To give it up, run without --batch: what it cost is lost, and its names are asked and paid for again.",
    )


async def _collect(
    run: Run, api: openai.AsyncOpenAI, ledger: Ledger, token: str, remote: str, poll_seconds: float
) -> None:
    """Wait for a batch and land each of its lines once, also those that it left out."""
    batch = await _ended(api, ledger, token, remote, poll_seconds)
    if batch.status == "failed":
        errors = batch.errors.data if batch.errors and batch.errors.data else []
        why = "; ".join(e.message or "" for e in errors) or "no reason given"
        ledger.set_batch(token, "done")
        raise UserError(f"The endpoint refuses the batch: {why}.", "Mend that, or run without --batch.")
    waiting = _unread(ledger, token)
    for file in filter(None, (batch.output_file_id, batch.error_file_id)):
        text = (await api.files.content(file)).text
        with ledger.together():
            for told in _objects(text):
                key = str(told.get("custom_id"))
                if asked := waiting.pop(key, None):
                    request = _request(run, ledger, key, asked)
                    # Not the run's own dialect: another line of this batch may have changed it meanwhile.
                    run.land(request, _result(told, dialect_of(request.body, run.dialect)), True)
    for key, asked in waiting.items():
        run.land(_request(run, ledger, key, asked), Unanswered(f"batch-{batch.status}", ""), True)
    # Also where a line stops the run: what could not be recorded has raised before this.
    ledger.set_batch(token, "done")


async def _ended(api: openai.AsyncOpenAI, ledger: Ledger, token: str, remote: str, poll_seconds: float):
    failures = 0
    while True:
        try:
            batch = await api.batches.retrieve(remote)
            failures = 0
            ledger.set_batch(token, "open")  # also where another key did not see it
            if batch.status in ENDED:
                return batch
        except (openai.APIConnectionError, openai.InternalServerError, openai.RateLimitError):
            failures += 1
            if failures >= PATIENCE:
                raise
        await asyncio.sleep(poll_seconds)


def _unread(ledger: Ledger, token: str) -> dict[str, dict[str, list[str]]]:
    return {key: json.loads(asked) for key, asked in ledger.unread_lines(token).items()}


def _request(run: Run, ledger: Ledger, key: str, asked: dict[str, list[str]]) -> Request:
    by_id = {i: run.ask_of(item, name_id, sent) for i, (item, name_id, sent) in asked.items()}
    return Request(key, ledger.body(key), by_id, Size(0, 0, 0))


def _objects(text: str) -> Iterator[dict]:
    """The lines of an output or error file. One that cannot be read is passed over: it counts as left out.

    Not `splitlines`: it cuts at U+2028 and others, which may stand unescaped inside a string.
    """
    for line in text.split("\n"):
        with suppress(ValueError, RecursionError):
            if isinstance(told := json.loads(line), dict):
                yield told


def _result(told: dict, dialect: Dialect) -> Result:
    """One line of an output or error file."""
    response = told.get("response")
    response = response if isinstance(response, dict) else {}
    status, body = response.get("status_code"), response.get("body")
    if status == 200:
        return read_reply(json.dumps(body), 0.0)  # in ASCII: half a surrogate pair could not be stored
    code, _, message = read_error(json.dumps(body or {"error": told.get("error")}))
    if status in REFUSALS:
        return read_refusal(code, message, dialect)
    return Unanswered(f"http-{status}" if status else code or "batch", message)


async def _translated(api: openai.AsyncOpenAI, work: Coroutine[None, None, None]) -> None:
    """API errors outside of single requests (upload, poll) as errors for a person; the client is closed after."""
    try:
        await work
    except openai.AuthenticationError as error:
        raise UserError(f"The endpoint refuses the key: {error}.", "Set OPENAI_API_KEY.") from error
    except openai.APIError as error:
        raise UserError(
            f"The Batch API does not answer as it should: {error.__cause__ or error}.",
            "Run the same command again to go on.",
        ) from error
    finally:
        await api.close()


def _url(api: openai.AsyncOpenAI) -> str:
    return str(api.base_url).rstrip("/")


def _words(error: openai.APIStatusError) -> str:
    """The status of an API error, the path asked for and the endpoint's own words."""
    return f"{error.status_code} at {error.request.url.path}: {read_error(error.response.text)[2]}"
