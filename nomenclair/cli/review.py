"""Commands of the room review: review export, apply, serve, merge; report."""

import getpass
import shlex
from pathlib import Path
from typing import Annotated

import typer

from nomenclair.cli.common import DEFAULT_WORKSPACE, WorkspaceOption, console, room, workspace
from nomenclair.errors import PartialResult, UserError

review = typer.Typer(
    no_args_is_help=True, help="Show pairs to a person, worst first, and keep what they say."
)
ByOption = Annotated[str, typer.Option("--by", help="Who speaks; your login name by default.")]


def register(app: typer.Typer) -> None:
    review.command(epilog="Example: nomenclair review export --workspace work")(export)
    review.command(epilog="Example: nomenclair review apply review.tsv --by marie")(apply)
    review.command(epilog="Example: nomenclair review serve --by marie")(serve)
    review.command(epilog="Example: nomenclair review merge marie.parquet paul.parquet")(merge)
    app.add_typer(review, name="review")
    app.command(epilog="Example: nomenclair report --workspace work")(report)


def _loaded(root: Path):
    """(workspace, curated pairs by id)"""
    from nomenclair.records import Pair
    from nomenclair.workspace import read_records

    ws = workspace(root)
    return ws, {pair.id: pair for pair in read_records(ws.need(ws.curated, "curate"), Pair)}


def _speaker(by: str) -> str:
    try:
        return by or getpass.getuser()
    except (KeyError, OSError) as error:  # a user id without a name, as in containers
        raise UserError("This machine has no login name for you.", "Say who you are: --by NAME") from error


def _doubts(ws):
    """What a judge or a second answer doubts, written by generate."""
    from nomenclair.records import PairFlag
    from nomenclair.workspace import read_records

    flags = read_records(ws.pairs_flags, PairFlag) if ws.pairs_flags.exists() else ()
    return room("review.flags").doubts_of(flags)


def export(
    sheet: Annotated[Path | None, typer.Argument(help="Where to write; review.tsv of the workspace.")] = None,
    root: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Write the pairs as a table to correct (TSV), worst first."""
    table, desk = room("review.sheet"), room("review.desk")
    ws, pairs = _loaded(root)
    words = room("review.words").read_words(ws.reviewed)
    path = sheet or ws.sheet
    if unsaid := desk.not_applied(path, pairs, words):
        command = f"nomenclair review apply {shlex.quote(str(path))} --workspace {shlex.quote(str(ws.root))}"
        changes = "1 change that is" if unsaid == 1 else f"{unsaid} changes that are"
        raise UserError(
            f"{path} holds {changes} not applied yet.",
            f"Run: {command} (or move the file away).",
        )
    rows = desk.rows(pairs, words, room("review.sources").Sources.load(), _doubts(ws))
    total = table.write_sheet(path, (row.sheet_row() for row in rows))
    console.print(f"{total} pairs in {path}, {sum(bool(row.flags) for row in rows)} with a flag, worst first")
    console.print("  correct fr and en in place, write keep, edited or drop as verdict, then: review apply")


def apply(
    sheet: Annotated[Path | None, typer.Argument(help="The table; review.tsv of the workspace.")] = None,
    by: ByOption = "",
    root: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Take a person's corrections from the table and keep them for ever."""
    module, words_of, table = room("review.apply"), room("review.words"), room("review.sheet")
    ws, pairs = _loaded(root)
    path = sheet or ws.need(ws.sheet, "review export")
    lines, broken = table.read_sheet(path)
    by = _speaker(by)
    with words_of.held(ws.reviewed) as words:
        after, done = module.apply_rows(lines, pairs, words, by, str(path.resolve()))
        if after != words:
            words_of.write_words(ws.reviewed, after)
    refused = sorted([*broken, *done.refused], key=lambda line: line.line)
    said = ", ".join(f"{n} {verdict}" for verdict, n in sorted(done.taken.items())) or "nothing new"
    console.print(f"{said}; {done.untouched} untouched, {done.already} applied before; kept in {ws.reviewed}")
    for conflict in done.conflicts:
        console.print(f"  conflict, line {conflict.line}: {conflict.why}", markup=False)
    for line in refused:
        console.print(f"  refused, line {line.line}: {line.why}", markup=False)
    if refused:
        raise PartialResult(
            f"{path}: {len(refused)} lines were refused, the first is line {refused[0].line}: {refused[0].why}.",
            "Mend them and apply the sheet again; the other lines are kept.",
        )


def serve(
    by: ByOption = "",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    root: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Review in a browser, with the keyboard; every verdict is saved at once."""
    server = room("review.server")
    ws, pairs = _loaded(root)
    words = room("review.words").read_words(ws.reviewed)
    table = room("review.desk").Desk(ws.reviewed, pairs, words, _speaker(by), _doubts(ws))
    with server.listening(table, port) as (url, running):
        print(url, flush=True)
        console.print("Open this address in a browser on this machine. Ctrl-C ends; every verdict is saved.")
        running.serve_forever()


def merge(
    first: Annotated[Path, typer.Argument(help="One reviewer's reviewed.parquet.")],
    second: Annotated[Path, typer.Argument(help="The other's.")],
    root: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Join two reviewers' files into the workspace's and print how far they agree (Cohen's kappa)."""
    module = room("review.merge")
    words = room("review.words")
    ws = workspace(root)
    cure = "Give two whole reviewed.parquet files, one from each reviewer's workspace."
    for path in (first, second):
        if not path.exists():
            raise UserError(f"{path} is not there.", cure)
    with words.held(ws.reviewed) as stored:
        result = module.merge(*(words.read_words(path, cure) for path in (first, second)))
        kept = module.add(stored, result.words)
        words.write_words(ws.reviewed, kept)
    waiting = sum(bool(word.rival_by) for word in kept.values())
    console.print(
        f"{len(kept)} words in {ws.reviewed}; both judged {result.both}, "
        f"agreed on {result.agreed}, conflicts that wait for a decision: {waiting} (review export shows them)"
    )
    undefined = "all verdicts are alike" if result.both else "no pair was judged by both"
    print(f"kappa undefined: {undefined}" if result.kappa is None else f"kappa {result.kappa:.3f}")


def report(root: WorkspaceOption = DEFAULT_WORKSPACE) -> None:
    """Write the story of this run as one HTML page."""
    module = room("review.report")
    ws = workspace(root)
    module.write(ws)
    console.print(f"{ws.report}")
