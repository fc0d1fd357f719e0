"""Prompt templates side by side on the same names and model: what is usable, in which language, for how much."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from datagen import language
from datagen.asks import make_asks
from datagen.budget import Budget
from datagen.drive import drive
from datagen.generate import Options, Progress, Run
from datagen.ledger import Ledger, Usage
from datagen.prompts import Prompt
from datagen.session import KINDS, Address, open_run
from datagen.teacher import Endpoint
from nomenclair.kinds import KindTable
from nomenclair.records import FileName, Pair
from review.flags import Raised, raised
from review.sources import Sources


@dataclass(frozen=True, slots=True)
class Compared:
    """One template over `names` names. Rates are from 0 to 1; `usage` is of all replies to these, whenever they came.

    `first` is the share answered well by the first reply, `valid` after second asks; `in_language` the share of
    texts that are in the language they should be in, or in none that can be told; flags are those of the review.
    `usable` is the share of names whose pair no flag stops. Tokens and cost are by pair that has a reply of its own.
    """

    prompt: str
    names: int
    valid: float
    first: float
    in_language: float
    flags_per_pair: float
    usable: float
    usage: Usage
    tokens_per_pair: float
    cost_per_1000: float | None


def one_of_each_family(files: Sequence[FileName], most: int) -> list[FileName]:
    """The first of each family, `most` in all: `generate` answers siblings by one reply."""
    first = {file.family: file for file in reversed(files)}
    return [file for file in files if first[file.family] is file][:most]


def compare(
    prompts: Sequence[Prompt],
    files: Sequence[FileName],
    options: Options,
    ledger: Ledger,
    budget: Budget,
    address: Address,
    tell: Callable[[Progress], None],
) -> Iterator[Compared]:
    """Ask each template for each name (what the ledger knows is not asked again) and measure the pairs."""
    for prompt in prompts:
        run = open_run(files, prompt, options, ledger, budget, tell, address)
        drive(run, Endpoint(address.client(), address.limits, run.failed))
        asks = make_asks(files, prompt, options.model, options.samples, options.people)
        yield measure(run, prompt, ledger.usage_of([ask.item for ask in asks]), budget)


def measure(run: Run, prompt: Prompt, usage: Usage, budget: Budget) -> Compared:
    rows = list(run.results(KindTable.load(KINDS)))
    pairs = [row for row in rows if isinstance(row, Pair)]
    count = len(pairs) or 1
    # Not those that `generate` carried over from a sibling: they cost nothing, under this prompt or any other.
    asked = sum(run.state.last[ask.item].via == "asked" for ask in run.answered()) or 1
    flags = flags_of(pairs)
    return Compared(
        prompt.version,
        len(rows),
        len(pairs) / len(rows),
        run.answered_at_once() / len(rows),
        sum(_in_language(p) for p in pairs) / (2 * count),
        sum(map(len, flags)) / count,
        sum(not found for found in flags) / len(rows),
        usage,
        usage.total / asked,
        1000 * budget.cost(usage) / asked if budget.price else None,
    )


def flags_of(pairs: Sequence[Pair]) -> list[list[Raised]]:
    """What the review would flag of each pair."""
    sources = Sources.load()
    return [raised(pair, sources) for pair in pairs]


def _in_language(pair: Pair) -> int:
    answers = language.languages(pair.en, pair.fr)
    return sum(found in (lang, "uncertain") for found, lang in zip(answers, ("en", "fr"), strict=True))
