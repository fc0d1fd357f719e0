"""One run of `generate`, from the names of a workspace to its pairs: what the command line calls."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from datagen.asks import Request, make_asks, make_request
from datagen.budget import Budget
from datagen.drive import drive
from datagen.generate import Options, Progress, Run
from datagen.ledger import Ledger
from datagen.prompts import Prompt
from datagen.teacher import Dialect, Endpoint, Limits, Teacher, client
from nomenclair.errors import UserError
from nomenclair.kinds import KindTable
from nomenclair.records import FileName, Pair, Rejected
from nomenclair.workspace import REPOSITORY, Workspace, read_records, write_records

KINDS = REPOSITORY / "corpus" / "kinds.tsv"


@dataclass(frozen=True, slots=True)
class Written:
    """What stands in pairs.parquet and pairs-rejected.parquet: every name is in exactly one of the two."""

    pairs: int
    rejected: dict[str, int]


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
) -> Run:
    asks = list(make_asks(files, prompt, options.model, options.samples, options.people))
    return Run(asks, prompt, options, ledger, budget, tell)


def requests_to_come(run: Run, prompt: Prompt, options: Options) -> tuple[list[Request], list[Request]]:
    """What the run will send, and what it may have to send for siblings, as it stands now."""
    certain, perhaps = run.queue.waves()
    make = [
        [make_request(asks, prompt, options.model, Dialect()) for asks in wave] for wave in (certain, perhaps)
    ]
    return make[0], make[1]


def ask_endpoint(
    workspace: Workspace, run: Run, base_url: str | None, api_key: str | None, limits: Limits
) -> Written:
    """Drive the run, then write the pairs, whatever ended it; raises what `drive` raises."""
    stop: UserError | None = None
    try:
        drive(run, Endpoint(client(base_url, api_key), limits, run.failed))
    except UserError as error:
        stop = error
    written = write_results(workspace, run.results(KindTable.load(KINDS)))
    if stop is not None:
        raise stop
    return written


def ask_teacher(workspace: Workspace, files: Sequence[FileName], teacher: Teacher) -> Written:
    """Names to pairs by a teacher that needs no requests."""
    return write_results(workspace, teacher.describe(files))


def write_results(workspace: Workspace, rows: Iterable[Pair | Rejected]) -> Written:
    pairs: list[Pair] = []
    rejected: list[Rejected] = []
    for row in rows:
        (pairs if isinstance(row, Pair) else rejected).append(row)
    write_records(workspace.pairs, Pair, pairs)
    write_records(workspace.pairs_rejected, Rejected, rejected)
    return Written(len(pairs), dict(Counter(r.reason for r in rejected).most_common()))
