"""What would leave the machine, before it does: the exact bytes, and how many tokens and dollars that is."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean

import httpx2

from datagen.asks import Request
from datagen.budget import Budget
from datagen.ledger import Usage
from datagen.prices import count_tokens
from datagen.prompts import Prompt
from datagen.teacher import client, post_chat

# Other vocabularies than o200k need more tokens for the same text; chat formats add some.
DEAREST = 1.3


@dataclass(frozen=True, slots=True)
class Estimate:
    """Before the first request: what is likely, and a bound without second asks (every sibling asked, every
    reply as long as it may be)."""

    requests: int
    most_requests: int
    likely: Usage
    most: Usage

    def text(self, budget: Budget) -> str:
        tokens = (
            f"{self.requests:,} to {self.most_requests:,} requests, about {self.likely.input:,} tokens in and"
            f" {self.likely.output:,} out (at most {self.most.total:,} without second asks)"
        )
        if budget.price is None:
            return f"{tokens}; price unknown, so tokens only"
        likely, most = budget.cost(self.likely), budget.cost(self.most)
        return f"{tokens}: about ${likely:.4f}, at most ${most:.4f} (prices of {budget.price.as_of})"


def estimate(certain: Sequence[Request], perhaps: Sequence[Request], prompt: Prompt) -> Estimate:
    """Measured on the real requests: those that will be sent, and those that may have to be."""
    per_entry = mean(count_tokens(f'{{"id":"7f3a","en":"{e.en}","fr":"{e.fr}"}},') for e in prompt.examples)
    everything = [*certain, *perhaps]
    likely = Usage(
        sum(r.size.input_estimate for r in certain), 0, round(per_entry * sum(len(r.by_id) for r in certain))
    )
    most = Usage(
        round(DEAREST * sum(r.size.input_estimate for r in everything)),
        0,
        sum(r.size.reply_tokens for r in everything),
    )
    return Estimate(len(certain), len(everything), likely, most)


class _Recorder(httpx2.AsyncBaseTransport):
    """Stands where the network would: takes each request's bytes, sends nothing."""

    def __init__(self, write: Callable[[bytes], None]):
        self._write = write

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self._write(await request.aread())
        return httpx2.Response(200, json={})


def write_bodies(requests: Sequence[Request], write: Callable[[bytes], None]) -> None:
    """Hand over each request's body exactly as the client would put it on the wire, one call a request."""

    async def record() -> None:
        async with client("http://preview.invalid/v1", None, _Recorder(write)) as api:
            for request in requests:
                await post_chat(api, request.body)

    asyncio.run(record())
