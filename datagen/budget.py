"""Hard stops on tokens and money: nothing is sent that, at its dearest, could pass a cap."""

import math
from dataclasses import dataclass, field

from datagen.ledger import Usage
from datagen.prices import Price
from nomenclair.errors import PartialResult, UserError

# How much more input than ever seen so far, per token counted here, a reply may turn out to have cost.
MARGIN = 1.1


@dataclass(frozen=True, slots=True)
class Size:
    """A request before it is sent: input tokens as counted here, bytes, the most tokens of its reply."""

    input_estimate: int
    input_bytes: int
    reply_tokens: int


@dataclass(slots=True)
class Budget:
    """Caps of one run (`max_cost` in US dollars; None: no cap) and what it has used.

    `used` is the sum of the usage fields of the replies. `at_risk` is the most that may have been billed for
    replies without that field and for tries without a reply (timeouts, connections lost in mid-reply, no
    completion); caps count it too.
    """

    price: Price | None = None
    max_cost: float | None = None
    max_tokens: int | None = None
    batch: bool = False
    used: Usage = field(default_factory=Usage)
    at_risk: Usage = field(default_factory=Usage)
    # Tokens that the endpoint counts for one of ours: unknown before its first reply.
    ratio: float | None = None
    _open: dict[str, Size] = field(default_factory=dict)
    _aside: Usage = field(default_factory=Usage)

    def __post_init__(self):
        for option, cap in (("--max-cost", self.max_cost), ("--max-tokens", self.max_tokens)):
            if cap is not None and not 0 <= cap < math.inf:  # nothing is larger than nan
                raise UserError(
                    f"{option} {cap} is no cap.", f"Give {option} a number from 0 up, or leave it out."
                )
        if self.max_cost is not None and self.price is None:
            raise UserError(
                "No price is known for this model, so --max-cost cannot be held.",
                "Add the model to prompts/prices.toml (or give --prices FILE), or use --max-tokens.",
            )

    @property
    def waits_for_first_reply(self) -> bool:
        """Under a cap one request goes ahead: its reply tells how this endpoint counts."""
        capped = self.max_cost is not None or self.max_tokens is not None
        return capped and self.ratio is None and bool(self._open)

    def bound(self, size: Size) -> Usage:
        """The most that one try of a request can cost."""
        tokens = size.input_bytes
        if self.ratio is not None:
            tokens = min(tokens, int(size.input_estimate * self.ratio * MARGIN) + 8)
        return Usage(tokens, 0, size.reply_tokens)

    def afford(self, key: str, size: Size, in_flight: int) -> bool:
        """Set aside the most that the next request can cost; False where that must wait for those in flight.

        Raises PartialResult where it could pass a cap and nothing is in flight that may come back cheaper.
        """
        cap = self._passed_by(size)
        if cap and not in_flight:
            raise PartialResult(
                f"The next request could pass {cap}, so it was not sent ({self.spent_text()} in this run).",
                "Run the same command again to go on (each run has its own cap), or raise the cap.",
            )
        if cap:  # what is set aside for them will mostly come back
            return False
        self._open[key] = size
        self._aside += self.bound(size)
        return True

    def settle(self, key: str, usage: Usage | None) -> None:
        """A reply has come, with the usage that it reports; None where it reports none: its bound counts."""
        if usage is None:
            self.lost_try(key)
        size = self.release(key)
        if usage is not None:
            self.used += usage
            if usage.input and size:
                self._learn(usage.input / size.input_estimate)

    def release(self, key: str) -> Size | None:
        """A request has ended: what was set aside for it is free again."""
        size = self._open.pop(key, None)  # a batch of an earlier run was set aside there
        if size:
            self._aside -= self.bound(size)
        return size

    def _learn(self, ratio: float) -> None:
        if self.ratio is None or ratio > self.ratio:
            self.ratio = max(1.0, ratio)
            self._aside = sum(map(self.bound, self._open.values()), Usage())

    def _passed_by(self, size: Size) -> str | None:
        """The cap that this request and all in flight could pass together at their dearest, or None."""
        worst = self.used + self.at_risk + self._aside + self.bound(size)
        if self.max_tokens is not None and worst.total > self.max_tokens:
            return f"--max-tokens {self.max_tokens}"
        if self.max_cost is not None and self.cost(worst) > self.max_cost:
            return f"--max-cost {self.max_cost:g}"
        return None

    def lost_try(self, key: str) -> None:
        """A try may be billed, and no reply tells for how much."""
        if key in self._open:
            self.at_risk += self.bound(self._open[key])

    def cost(self, usage: Usage) -> float:
        return self.price.cost(usage, self.batch) if self.price else 0.0

    def spent_text(self) -> str:
        tokens = f"{self.used.input:,} + {self.used.output:,} tokens"
        cost = (
            f"${self.cost(self.used):.4f} at prices of {self.price.as_of}" if self.price else "price unknown"
        )
        if not self.at_risk.total:
            return f"{tokens}, {cost}"
        return (
            f"{tokens}, {cost}, and at most {self.at_risk.total:,} tokens of which the endpoint gave no count"
        )
