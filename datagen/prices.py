"""Tokens to money: a price file that the user may edit, and counting tokens before anything is sent."""

import fnmatch
import math
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import cache, lru_cache
from pathlib import Path

from datagen.ledger import Usage
from nomenclair.errors import UserError
from nomenclair.workspace import REPOSITORY

PRICES = REPOSITORY / "prompts" / "prices.toml"

# What a chat format adds around each message, in the endpoints that document it.
TOKENS_PER_MESSAGE = 4


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens for models that fit the glob `model`; `batch` is --batch's factor."""

    model: str
    input: float
    cached: float
    output: float
    batch: float
    as_of: str

    def cost(self, usage: Usage, batch: bool = False) -> float:
        fresh = usage.input - usage.cached
        dollars = (fresh * self.input + usage.cached * self.cached + usage.output * self.output) / 1e6
        return dollars * (self.batch if batch else 1.0)

    def age(self, today: date) -> int | None:
        """Months since the price was last known to be true; None where `as_of` is not a year and a month."""
        found = re.match(r"(\d{4})-(\d\d)", self.as_of)
        return (today.year - int(found[1])) * 12 + today.month - int(found[2]) if found else None

    def doubt(self, today: date) -> str:
        """What to tell the user of a price that is over a year old; '' of any other."""
        months = self.age(today)
        if months is None or months <= 12:
            return ""
        return (
            f"The price of {self.model} is of {self.as_of}, {months} months ago, and may have changed since:"
            " look it up, then edit prompts/prices.toml or give --prices FILE."
        )


def read_prices(path: Path = PRICES) -> tuple[Price, ...]:
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("price", [])
        # TOML has dates of its own: one without quotes is no text.
        return tuple(replace(price, as_of=str(price.as_of)) for price in map(_price, rows))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError) as error:
        columns = ", ".join(f.name for f in fields(Price))
        raise UserError(
            f"{path} cannot be read as a price list: {error}.", f"Each [[price]] has {columns}."
        ) from error


def _price(row: dict) -> Price:
    price = Price(**row)
    if not isinstance(price.model, str):
        raise TypeError("model is no text")
    for name in ("input", "cached", "output", "batch"):
        value = getattr(price, name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError(f"{name} is no number")
        # With a price of nan or below 0, no sum would ever pass a cap.
        if not 0 <= value < math.inf:
            raise TypeError(f"{name} is {value}, no price")
    return price


def price_of(model: str, prices: Sequence[Price]) -> Price | None:
    return next((p for p in prices if fnmatch.fnmatch(model, p.model)), None)


@lru_cache(maxsize=256)  # the static part of a prompt is counted once
def count_tokens(text: str) -> int:
    """Tokens of a text in o200k, the vocabulary of recent OpenAI models; others differ by some tenths."""
    return len(_encoding().encode_ordinary(text))


def count_messages(messages: Sequence[dict[str, str]]) -> int:
    return sum(count_tokens(m["content"]) + TOKENS_PER_MESSAGE for m in messages)


def bytes_of_messages(messages: Sequence[dict[str, str]]) -> int:
    """No tokenizer makes more tokens than there are bytes: the bound before anything is known of a model."""
    return sum(len(m["content"].encode("utf-8")) + 4 * TOKENS_PER_MESSAGE for m in messages)


@cache
def _encoding():
    # tiktoken downloads its vocabulary when first used; this package holds it, so counting works offline.
    import bpe_openai

    return bpe_openai.get_encoding("o200k_base")
