"""What would leave the machine, before it does: the exact bytes, and how many tokens and dollars that is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean

from datagen.asks import REPLY_TOKENS_BASE, REPLY_TOKENS_PER_NAME, Request
from datagen.budget import Budget
from datagen.ledger import Usage
from datagen.prices import count_tokens
from datagen.prompts import Example, Prompt
from datagen.wire import encode

# Other vocabularies than o200k need more tokens for the same text; chat formats add some.
DEAREST = 1.3
# What a judge says of a pair: its id, four marks and mostly no word more.
TOKENS_OF_MARKS = 40
# What a name's two texts in a reply come to where no example tells: those of prompts/examples.tsv are 27 on average.
TOKENS_OF_ENTRY = 30


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
    per_entry = tokens_of_entry(prompt.examples)
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


def tokens_of_entry(examples: Sequence[Example]) -> float:
    """How long one name's part of a reply is likely to be."""
    tokens = [count_tokens(f'{{"id":"7f3a","en":"{e.en}","fr":"{e.fr}"}},') for e in examples]
    return mean(tokens) if tokens else TOKENS_OF_ENTRY


def estimate_judging(requests: Sequence[Request]) -> Estimate:
    """Of a judge's requests, in which texts may be still to come: at most as long as a reply may be."""
    pairs = sum(len(r.by_id) for r in requests)
    known = sum(r.size.input_estimate for r in requests)
    to_come = pairs * (REPLY_TOKENS_BASE + REPLY_TOKENS_PER_NAME)
    most = Usage(round(DEAREST * (known + to_come)), 0, sum(r.size.reply_tokens for r in requests))
    return Estimate(len(requests), len(requests), Usage(known, 0, TOKENS_OF_MARKS * pairs), most)


def write_bodies(requests: Sequence[Request], write: Callable[[bytes], None]) -> None:
    """Hand over each request's body exactly as it would go out, one call a request."""
    for request in requests:
        write(encode(request.body))
