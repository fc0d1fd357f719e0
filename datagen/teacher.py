"""Who answers: the Teacher protocol, and the client for any OpenAI-compatible endpoint.

`Endpoint.send` gives one request all the patience it deserves (retries, Retry-After, shared pauses) and
reports each failure; it decides nothing about names.
"""

import asyncio
import email.utils
import json
import math
import random
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

import openai
from aiolimiter import AsyncLimiter

from datagen import parse
from datagen.wire import Answered, Lost, Wire
from nomenclair.errors import UserError

SCHEMA = {
    "type": "object",
    "properties": {
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {k: {"type": "string"} for k in ("id", "en", "fr")},
                "required": ["id", "en", "fr"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["items"],
    "additionalProperties": False,
}


class Description(Protocol):
    """A teacher's two texts for a name."""

    en: str
    fr: str


class Abstention(Protocol):
    """Why a teacher has no texts: a code, and the word of the name that stopped it."""

    word: str
    reason: str


class Teacher(Protocol):
    """What answers a name by itself, without requests: the grammar."""

    def describe(self, name: str) -> Description | Abstention: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How hard an endpoint may be pressed. Seconds, requests and tokens per minute (0: no limit)."""

    concurrency: int = 16
    requests_per_minute: int = 0
    tokens_per_minute: int = 0
    timeout: float = 120.0
    tries: int = 6
    first_wait: float = 0.5
    longest_wait: float = 30.0


Format = Literal["schema", "json", "text"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """What this endpoint understands; learnt from its errors, kept in the ledger, so a resume knows it."""

    format: Format = "schema"
    tokens_field: str = "max_tokens"
    temperature: bool = True

    def adapted(self, message: str) -> "Dialect | None":
        """A dialect that avoids what this 400 complains of; None where it complains of something else."""
        text = message.lower()
        if "max_tokens" in text and self.tokens_field == "max_tokens":
            return replace(self, tokens_field="max_completion_tokens")
        if "temperature" in text and self.temperature:
            return replace(self, temperature=False)
        if any(w in text for w in ("response_format", "json_schema", "json_object", "schema", "grammar")):
            simpler: dict[Format, Format] = {"schema": "json", "json": "text"}
            return replace(self, format=simpler[self.format]) if self.format in simpler else None
        return None

    def body(self, ask: "Body") -> dict:
        """The JSON body of a chat completion. The static part stands first, so that prompt caches hit."""
        body: dict = {"model": ask.model, "messages": ask.messages, self.tokens_field: ask.reply_tokens}
        if self.temperature:
            body["temperature"] = ask.temperature
        if ask.one_line:
            body["stop"] = ["\n"]
        elif self.format == "schema":
            named = {"name": "labels", "strict": True, "schema": ask.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
        elif self.format == "json":
            body["response_format"] = {"type": "json_object"}
        return body


@dataclass(frozen=True, slots=True)
class Body:
    """A request before it is put in an endpoint's dialect."""

    model: str
    messages: list[dict[str, str]]
    reply_tokens: int
    temperature: float = 0.0
    schema: Mapping = field(default_factory=lambda: SCHEMA)
    one_line: bool = False


def dialect_of(body: Mapping, known: Dialect) -> Dialect:
    """The dialect that a body was written in. One that asks for a line tells no format: `known`'s stands."""
    formats: dict[str, Format] = {"json_schema": "schema", "json_object": "json"}
    wanted = formats.get(body.get("response_format", {}).get("type"), "text")
    return Dialect(
        known.format if "stop" in body else wanted,
        "max_tokens" if "max_tokens" in body else "max_completion_tokens",
        "temperature" in body,
    )


@dataclass(frozen=True, slots=True)
class Reply:
    """What came over the wire for a request, whole, with how long it took."""

    raw: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Refused:
    """The endpoint will never answer this request: content-filter or bad-request."""

    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """All tries failed for reasons that may pass: the last one's code, words and Retry-After in seconds."""

    code: str
    message: str
    wait: float | None = None


class Unsupported(Exception):
    """The endpoint does not understand a part of the body; `dialect` is what to use instead."""

    def __init__(self, dialect: Dialect):
        super().__init__(str(dialect))
        self.dialect = dialect


# HTTP statuses that say: not this request, however often it comes.
REFUSALS = (400, 413, 422)

# How a request ended; None: it was given up without an end.
Result = Reply | Refused | Unanswered | Unsupported | UserError | None


class Gate:
    """How many requests may be under way: halved when the endpoint says 429, one more for each calm round."""

    def __init__(self, highest: int):
        self.highest = highest
        self.limit = highest
        self._calm = 0
        self._closed_until = 0.0
        self._halved_at = -1e9

    def succeeded(self) -> None:
        self._calm += 1
        if self._calm >= self.limit and self.limit < self.highest:
            self.limit, self._calm = self.limit + 1, 0

    def refused(self, wait: float, sent: float) -> None:
        """A 429 to a request that was sent at `sent` (monotonic seconds): everybody waits.

        Those that were under way together count once: the others say nothing of the new limit.
        """
        now = time.monotonic()
        self._calm = 0
        if sent > self._halved_at:
            self.limit, self._halved_at = max(1, self.limit // 2), now
        self._closed_until = max(self._closed_until, now + wait)

    def closed_for(self) -> float:
        """Seconds until requests may go out again."""
        return self._closed_until - time.monotonic()


class Endpoint:
    """Sends bodies to one endpoint within its limits.

    `failed(key, code, message)` is told of every try that failed.
    """

    def __init__(self, api: openai.AsyncOpenAI, limits: Limits, failed: Callable[[str, str, str], None]):
        self.limits = limits
        self.gate = Gate(limits.concurrency)
        # Once set, nothing more is sent: what sleeps wakes up, what is in flight may land.
        self.stopping = asyncio.Event()
        self.answers = 0
        self._under_way = 0
        self._landed = asyncio.Event()
        self._wire = Wire(api)
        self._failed = failed
        rpm, tpm = limits.requests_per_minute, limits.tokens_per_minute
        # Smooth rather than a burst at the start of each minute: endpoints count over shorter windows too.
        self._requests = AsyncLimiter(1, 60 / rpm) if rpm else None
        # What a bucket holds comes on top of what flows: 1/31 and, in two seconds each, 30/31 of a minute's.
        self._tokens = AsyncLimiter(tpm / 31, 2) if tpm else None

    async def send(self, key: str, body: dict, tokens: int, dialect: Dialect) -> Reply | Refused | Unanswered:
        """One request with its retries. `tokens` is the most it may use, for the tokens-per-minute limit.

        Raises UserError for what no retry can mend (a wrong key, an unknown model, no credit left) and
        Unsupported where another dialect may do.
        """
        last = Unanswered("none", "")
        for attempt in range(self.limits.tries):
            await self._turn(tokens)
            if self.stopping.is_set():
                break
            began = time.monotonic()
            self._under_way += 1
            try:
                async with asyncio.timeout(self.limits.timeout):
                    answer = await self._wire.post(body)
            except TimeoutError:
                last = Unanswered("timeout", f"nothing came for {self.limits.timeout:g} s")
            except Lost as error:
                last = Unanswered(error.code, str(error))
            else:
                last = self._judge(answer, dialect, time.monotonic() - began)
                if isinstance(last, Reply):
                    self.answers += 1
                    self.gate.succeeded()
                    return last
                if isinstance(last, Refused):
                    self._failed(key, last.reason, last.raw)
                    return last
            finally:
                self._under_way -= 1
                self._landed.set()
            self._failed(key, last.code, last.message)
            if self.stopping.is_set() or attempt + 1 == self.limits.tries:
                break
            await self._back_off(attempt, last, began)
        return last

    async def close(self) -> None:
        await self._wire.close()

    async def _turn(self, tokens: int) -> None:
        """Wait until a request of this size may go out, or until nothing more may."""
        while not self.stopping.is_set():
            if (wait := self.gate.closed_for()) > 0:
                await self._sleep(wait)
                continue
            if self._requests:
                await self._or_stopped(_spend(self._requests, 1))
            if self._tokens:
                await self._or_stopped(_spend(self._tokens, tokens))
            while self._under_way >= self.gate.limit:  # retries of what was sent before it was halved
                self._landed.clear()
                await self._landed.wait()
            if self.gate.closed_for() <= 0:  # or it was closed while this one waited
                return

    async def _or_stopped(self, waiting: Coroutine[None, None, None]) -> None:
        ends = [asyncio.ensure_future(waiting), asyncio.ensure_future(self.stopping.wait())]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()

    async def _back_off(self, attempt: int, failure: Unanswered, sent: float) -> None:
        wait = min(self.limits.longest_wait, self.limits.first_wait * 2**attempt)
        # Full jitter on the upper half: clients that failed together do not come back together.
        wait *= random.uniform(0.5, 1.0)
        if failure.code == "http-429":
            self.gate.refused(wait if failure.wait is None else failure.wait, sent)
        await self._sleep(max(wait, failure.wait or 0.0))

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)

    def _judge(self, answer: Answered, dialect: Dialect, seconds: float) -> Reply | Refused | Unanswered:
        """What an HTTP answer means; raises for what ends the run."""
        if 200 <= answer.status < 300:
            return read_reply(answer.text, seconds)
        status, (code, kind, message) = answer.status, read_error(answer.text)
        if status in (401, 403):
            raise UserError(
                f"The endpoint {self._wire.url} refuses the key ({status}: {message}).",
                "Set OPENAI_API_KEY to a key of this endpoint, then run the same command again.",
            )
        if status == 404:
            raise UserError(
                f"The endpoint {self._wire.url} knows no such model or path (404: {message}).",
                "Check --model and OPENAI_BASE_URL (it often ends in /v1), then run the same command again.",
            )
        if status == 402 or (status == 429 and "insufficient_quota" in (code, kind)):
            raise UserError(
                f"The endpoint says that the account has no credit left ({message}).",
                "Top it up, then run the same command again: only what is missing is asked.",
            )
        if status in REFUSALS:
            refused = read_refusal(code, message, dialect)
            if isinstance(refused, Unsupported):
                raise refused
            return refused
        return Unanswered(f"http-{status}", message, seconds_to_wait(answer.headers))


async def _spend(limiter: AsyncLimiter, amount: float) -> None:
    """Take an amount out of a limiter, in parts where it is more than the limiter ever holds."""
    while amount > 0:
        part = min(amount, limiter.max_rate)
        await limiter.acquire(part)
        amount -= part


def read_reply(text: str, seconds: float) -> Reply | Unanswered:
    """What an answer with a good status means. The page of a captive portal, or an error with a 200, may pass."""
    if parse.is_completion(text):
        return Reply(text, seconds)
    return Unanswered("no-completion", read_error(text)[2])


def read_refusal(code: str, message: str, dialect: Dialect) -> Refused | Unsupported:
    """What an answer with a status of REFUSALS means."""
    if "content_filter" in code or "content management policy" in message:
        return Refused("content-filter", message)
    other = dialect.adapted(message)
    return Unsupported(other) if other else Refused("bad-request", message)


def read_error(text: str) -> tuple[str, str, str]:
    """Code, type and words of an endpoint's error; the whole text where it is not in the usual form."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = None
    error = told.get("error", told) if isinstance(told, dict) else told
    fields = error if isinstance(error, dict) else {"message": error}
    code, kind, message = (parse.one_line(fields.get(key)) for key in ("code", "type", "message"))
    return code, kind, (message or parse.one_line(text))[:500]


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """What Retry-After asks for, in seconds: milliseconds, a number, or an HTTP date; None where it says nothing."""
    wait = _number(headers.get("retry-after-ms"))
    if wait is not None:
        return wait / 1000
    value = headers.get("retry-after", "")
    wait = _number(value)
    return _seconds_until(value) if wait is None else wait


def _seconds_until(date: str) -> float | None:
    """Seconds until an HTTP date; None of what is no date, or is one that no calendar holds."""
    with suppress(ValueError, OverflowError):
        if parsed := email.utils.parsedate_tz(date):
            return max(0.0, email.utils.mktime_tz(parsed) - time.time())
    return None


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return max(0.0, number) if math.isfinite(number) else None
