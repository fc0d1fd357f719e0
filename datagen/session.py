"""One run of `generate`, from the names of a workspace to its pairs: what the command line calls."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from datagen import judge as judging
from datagen.asks import Request, make_asks, make_request
from datagen.batch import drive_batches, find_made_batches
from datagen.budget import Budget
from datagen.drive import drive
from datagen.generate import Options, Progress, Run, swapped
from datagen.ledger import Ledger
from datagen.prices import count_tokens
from datagen.prompts import KINDS, Prompt
from datagen.teacher import Endpoint, Limits, Teacher
from datagen.wire import client
from nomenclair.errors import UserError
from nomenclair.kinds import KindTable
from nomenclair.records import FileName, Pair, PairFlag, Rejected
from nomenclair.workspace import Workspace, read_records, write_records


@dataclass(frozen=True, slots=True)
class Address:
    """Where requests go, how hard, and whether as batches (polled every `poll_seconds`)."""

    base_url: str | None
    api_key: str | None
    limits: Limits
    batch: bool = False
    poll_seconds: float = 30.0

    def client(self):
        return client(self.base_url, self.api_key)


@dataclass(frozen=True, slots=True)
class Written:
    """What stands in pairs.parquet and pairs-rejected.parquet: every name is in exactly one of the two."""

    pairs: int
    rejected: dict[str, int]
    flags: int = 0


def read_names(workspace: Workspace) -> list[FileName]:
    files = list(read_records(workspace.need(workspace.names, "scan PATH"), FileName))
    if not files:
        raise UserError(
            f"{workspace.names} holds no names.", "Scan a folder that holds files: nomenclair scan PATH"
        )
    return files


def open_run(
    files: Sequence[FileName],
    prompt: Prompt,
    options: Options,
    ledger: Ledger,
    budget: Budget,
    tell: Callable[[Progress], None],
    address: Address | None = None,
) -> Run:
    """A run over `files`. UserError where a batch is under way and requests are to go out one by one.

    One that the endpoint does not know is then given up, as the error that told of it has said.
    """
    elsewhere: frozenset[str] = frozenset()
    if address and not address.batch:
        ledger.give_up_unknown_batches()
    if address and ledger.batches_under_way():
        if not address.batch:
            raise UserError(
                "A batch is still under way; sent one by one, its names would be paid for twice.",
                "Run nomenclair generate with --batch: it collects the batch.",
            )
        elsewhere = find_made_batches(address.client(), ledger)
    # Dictionaries and vocabulary take seconds to load: not while replies come in.
    swapped("", "")
    count_tokens("")
    asks = list(make_asks(files, prompt, options.model, options.samples, options.people))
    return Run(asks, prompt, options, ledger, budget, tell, elsewhere)


def requests_to_come(run: Run, prompt: Prompt, options: Options) -> tuple[list[Request], list[Request]]:
    """What the run will send, and what it may have to send for siblings, as it stands now."""
    certain, perhaps = run.queue.waves()

    def made(wave: list) -> list[Request]:
        return [make_request(asks, prompt, options.model, run.dialect) for asks in wave]

    return made(certain), made(perhaps)


def ask_endpoint(
    workspace: Workspace,
    run: Run,
    ledger: Ledger,
    address: Address,
    make_judging: Callable[[], judging.Judging] | None = None,
) -> Written:
    """Drive the run (then its judge, if any) and write pairs and flags, whatever ended it.

    Raises what `drive` raises, after writing; a run that got no answer leaves the pairs that stand there.
    """
    stop: UserError | None = None
    judge = None
    try:
        if address.batch:
            drive_batches(run, address.client(), ledger, address.poll_seconds)
        else:
            drive(run, Endpoint(address.client(), address.limits, run.failed))
        if make_judging:
            judge = make_judging()
            drive(judge, Endpoint(address.client(), address.limits, run.failed))
    except UserError as error:
        stop = error
        # The pairs there may be another model's: a mistyped --model must not empty them.
        if judge is None and not run.answers and workspace.pairs.exists():
            raise
    written = write_results(
        workspace,
        run.results(KindTable.load(KINDS)),
        judging.flags(run, ledger, judge.prompt if judge else None),
    )
    if stop is not None:
        raise stop
    return written


def ask_teacher(
    workspace: Workspace, files: Sequence[FileName], teacher: Teacher, label: str, tell: Callable[[], None]
) -> Written:
    """Names to pairs by a teacher that needs no requests; `label` goes into Pair.teacher."""
    kinds = KindTable.load(KINDS)

    def rows() -> Iterator[Pair | Rejected]:
        for file in files:
            told = teacher.describe(file.name)
            tell()
            if hasattr(told, "reason"):
                yield Rejected(file.id, file.name, "generate", f"{label}-{told.reason}", told.word)
            else:
                kind = kinds.of(file.name).kind
                yield Pair(file.id, file.name, told.en, told.fr, kind, label, "")

    return write_results(workspace, rows(), ())


def write_results(
    workspace: Workspace, rows: Iterable[Pair | Rejected], flags: Iterable[PairFlag]
) -> Written:
    pairs: list[Pair] = []
    rejected: list[Rejected] = []
    for row in rows:
        (pairs if isinstance(row, Pair) else rejected).append(row)
    # A fresh table of pairs is what says that generate is done: it comes last, and until then the old one is stale.
    with suppress(OSError):
        os.utime(workspace.pairs, (0, 0))
    write_records(workspace.pairs_rejected, Rejected, rejected)
    doubts = write_records(workspace.pairs_flags, PairFlag, flags)
    write_records(workspace.pairs, Pair, pairs)
    return Written(len(pairs), dict(Counter(r.reason for r in rejected).most_common()), doubts)
