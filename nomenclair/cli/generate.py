"""Commands of the room datagen that ask a teacher: generate, prompt compare."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import count
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from nomenclair.cli.common import (
    DEFAULT_WORKSPACE,
    WorkspaceOption,
    console,
    printer,
    progress,
    room,
    workspace,
)
from nomenclair.errors import UserError

TeacherName = Literal["grammar", "local", "openai"]
# Those that read a prompt.
PromptedName = Literal["local", "openai"]

TEACHER_HELP = (
    "grammar (no endpoint), local (llama.cpp on this machine) or openai (any OpenAI-compatible URL)."
)
ModelOption = Annotated[str | None, typer.Option(help="Model name at the endpoint.", envvar="OPENAI_MODEL")]
BaseUrlOption = Annotated[str | None, typer.Option(help="Address of the endpoint.", envvar="OPENAI_BASE_URL")]
GgufOption = Annotated[Path | None, typer.Option(help="Model file for --teacher local.")]
PricesOption = Annotated[
    Path | None,
    typer.Option(
        help="Price list (TOML) instead of prompts/prices.toml: US $ per million tokens by model pattern, dated;"
        " edit that file, or give your own."
    ),
]
MaskPeopleOption = Annotated[
    Path | None,
    typer.Option(
        help="File of persons' names to mask too, one a line: found in any order and case, with or"
        " without accents. A surname that stands alone needs a line of its own."
    ),
]


DEFAULT_PROMPTS = {"openai": "describe-full", "local": "describe-lines"}

# Requests that llama.cpp answers side by side.
LOCAL_SLOTS = 2

prompt_app = typer.Typer(help="Compare prompt templates.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(prompt_app, name="prompt")
    prompt_app.command(
        epilog="Example: nomenclair prompt compare describe-full describe-lean --teacher local"
    )(compare)
    app.command(
        epilog="Example: nomenclair generate --teacher openai --model gpt-4.1-mini --max-cost 2 --dry-run"
    )(generate)


def generate(
    teacher: Annotated[
        TeacherName | None,
        typer.Option(help=TEACHER_HELP + " Default: openai where an endpoint is set, else grammar."),
    ] = None,
    model: ModelOption = None,
    base_url: BaseUrlOption = None,
    prompt: Annotated[
        str | None,
        typer.Option(help="Template of prompts/, or a path (describe-full; local: describe-lines)."),
    ] = None,
    per_request: Annotated[
        int | None, typer.Option(min=1, help="Names in one request (10; local: 1).")
    ] = None,
    samples: Annotated[
        int, typer.Option(min=1, max=2, help="2: a second answer, compared with the first.")
    ] = 1,
    concurrency: Annotated[int, typer.Option(min=1, help="Requests in flight at most.")] = 16,
    rpm: Annotated[int, typer.Option(min=0, help="Requests per minute at most (0: no limit).")] = 0,
    tpm: Annotated[int, typer.Option(min=0, help="Tokens per minute at most (0: no limit).")] = 0,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for a reply.")] = 120.0,
    max_cost: Annotated[float | None, typer.Option(help="Stop before this run costs more (US $).")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Stop before this run uses more tokens.")] = None,
    prices: PricesOption = None,
    mask_people: MaskPeopleOption = None,
    gguf: GgufOption = None,
    batch: Annotated[
        bool,
        typer.Option(
            "--batch",
            help="Through the Batch API: half the price, an answer within a day. A run without it gives up a batch "
            "that the endpoint no longer has.",
        ),
    ] = False,
    judge: Annotated[
        bool, typer.Option("--judge", help="Have each pair marked; bad marks are flags.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be sent; send nothing.")
    ] = False,
    preview: Annotated[
        Path | None,
        typer.Option(
            help="Write the exact bytes of each request here; send nothing. A judge's lack texts still to come."
        ),
    ] = None,
    root: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Ask a teacher for both descriptions of every name; a second run asks only what is missing."""
    ws = workspace(root)
    session = room("datagen.session")
    files = session.read_names(ws)
    chosen = teacher is not None
    if not chosen:
        teacher = "openai" if base_url or os.environ.get("OPENAI_API_KEY") else "grammar"
        if teacher == "grammar" and _has_asked(ws.ledger):
            raise UserError(
                f"{ws.ledger} holds the answers of an endpoint (or waits for a batch of it), and none is set now.",
                "Set OPENAI_API_KEY (or give --base-url, or --teacher local) to go on, or give --teacher grammar.",
            )
    if teacher == "grammar":
        _refuse_for_grammar(
            {
                "--model": None if chosen else model,  # it may come from the environment
                "--prompt": prompt,
                "--per-request": per_request,
                "--samples": samples > 1,
                "--max-cost": max_cost,
                "--max-tokens": max_tokens,
                "--prices": prices,
                "--mask-people": mask_people,
                "--gguf": gguf,
                "--batch": batch,
                "--judge": judge,
                "--dry-run": dry_run,
                "--preview": preview,
            }
        )
        grammar = room("datagen.grammar").GrammarTeacher.load(session.KINDS.parent)
        with progress("names") as bar:
            task = bar.add_task("Describing by grammar", total=len(files))
            written = session.ask_teacher(ws, files, grammar, "grammar", lambda: bar.advance(task))
        _say(written, ws)
        return
    with _endpoint(teacher, model, base_url, gguf, dry_run or preview is not None) as (url, key, model):
        batch_size = per_request or (1 if teacher == "local" else 10)
        options = room("datagen.generate").Options(model, batch_size, samples, _people(mask_people))
        template = room("datagen.prompts").load(prompt or DEFAULT_PROMPTS[teacher])
        judges = room("datagen.prompts").load("judge") if judge else None
        price = _price(model, prices)
        # A judge is never asked in a batch: with one, a cap counts all of the run at full price.
        budget = room("datagen.budget").Budget(price, max_cost, max_tokens, batch and not judge)
        at_once = min(concurrency, LOCAL_SLOTS) if teacher == "local" else concurrency
        limits = room("datagen.teacher").Limits(at_once, rpm, tpm, timeout)
        address = session.Address(url, key, limits, batch)
        with room("datagen.ledger").open_ledger(ws.ledger) as ledger, progress("answers") as bar:
            task = bar.add_task("Asking", total=None)

            def tell(p) -> None:
                trouble = "".join(f", {n}× {code}" for code, n in p.failures.most_common(3))
                bar.update(
                    task,
                    completed=p.done,
                    total=p.names,
                    description=f"Asking {model}: {budget.spent_text()}{trouble}",
                )

            dry = dry_run or preview is not None
            run = session.open_run(files, template, options, ledger, budget, tell, None if dry else address)
            certain, perhaps = session.requests_to_come(run, template, options)
            previewing, judging = room("datagen.preview"), room("datagen.judge")
            estimate = previewing.estimate(certain, perhaps, template)
            console.print(
                f"{len(files)} names, {run.progress.done} of {run.progress.names} answers in the ledger."
                f" To send: {estimate.text(budget)}",
                highlight=False,
            )
            shown = [(template, [*certain, *perhaps])]
            if judges:
                to_judge = judging.requests_to_come(run, judges, ledger)
                shown.append((judges, to_judge))
                console.print(
                    f"To judge: {previewing.estimate_judging(to_judge).text(budget)}", highlight=False
                )
            if dry:
                bar.stop()
                _show(shown, preview)
                return
            tell(run.progress)

            def make_judging():
                task = bar.add_task("Judging", total=None)
                return judging.Judging(
                    run,
                    judges,
                    model,
                    ledger,
                    budget,
                    lambda done, total: bar.update(task, completed=done, total=total),
                )

            try:
                written = session.ask_endpoint(ws, run, ledger, address, make_judging if judge else None)
            finally:
                _account(run, ledger, budget)
            _say(written, ws)


def compare(
    prompts: Annotated[list[str], typer.Argument(help="Templates of prompts/, or paths.")],
    teacher: Annotated[PromptedName, typer.Option(help="local or openai.")] = "openai",
    model: ModelOption = None,
    base_url: BaseUrlOption = None,
    names: Annotated[int, typer.Option(min=1, help="How many of the scanned names to ask.")] = 40,
    per_request: Annotated[
        int | None, typer.Option(min=1, help="Names in one request (10; local: 1).")
    ] = None,
    max_cost: Annotated[float | None, typer.Option(help="Stop before this run costs more (US $).")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Stop before this run uses more tokens.")] = None,
    prices: PricesOption = None,
    mask_people: MaskPeopleOption = None,
    gguf: GgufOption = None,
    root: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Ask several templates for the same names: how much is usable, and what a thousand pairs cost."""
    ws = workspace(root)
    session, comparing = room("datagen.session"), room("datagen.compare")
    files = comparing.one_of_each_family(session.read_names(ws), names)
    templates = [room("datagen.prompts").load(name) for name in prompts]
    table = Table(title=f"{len(files)} names")
    table.add_column("prompt", no_wrap=True)
    for heading in ("valid", "at once", "in language", "flags/pair", "usable", "tokens/pair", "$/1000 pairs"):
        table.add_column(heading, justify="right")
    with _endpoint(teacher, model, base_url, gguf, False) as (url, key, model), progress("answers") as bar:
        price = _price(model, prices)
        options = room("datagen.generate").Options(
            model,
            per_request or (1 if teacher == "local" else 10),
            people=_people(mask_people),
            cascade=False,
        )
        address = session.Address(
            url, key, room("datagen.teacher").Limits(LOCAL_SLOTS if teacher == "local" else 16)
        )
        budget = room("datagen.budget").Budget(price, max_cost, max_tokens)
        task = bar.add_task(f"Asking {model}", total=None)
        with room("datagen.ledger").open_ledger(ws.ledger) as ledger:
            rows = comparing.compare(
                templates,
                files,
                options,
                ledger,
                budget,
                address,
                lambda p: bar.update(task, completed=p.done, total=p.names),
            )
            for row in rows:
                cost = "unknown" if row.cost_per_1000 is None else f"{row.cost_per_1000:.3f}"
                table.add_row(
                    row.prompt,
                    f"{row.valid:.0%}",
                    f"{row.first:.0%}",
                    f"{row.in_language:.0%}",
                    f"{row.flags_per_pair:.2f}",
                    f"{row.usable:.0%}",
                    f"{row.tokens_per_pair:.0f}",
                    cost,
                )
    printer().print(table)


def _has_asked(path: Path) -> bool:
    """Has an endpoint answered here, or is it to? A ledger alone tells nothing: a dry run makes one too."""
    if not path.exists():
        return False
    with room("datagen.ledger").open_ledger(path) as ledger:
        return bool(ledger.count("replies") or ledger.batches_under_way())


def _refuse_for_grammar(given: dict[str, object]) -> None:
    """UserError where options of an endpoint are given: the grammar would write over the pairs all the same."""
    used = [option for option, value in given.items() if value is not None and value is not False]
    if used:
        raise UserError(
            f"The grammar teacher asks no endpoint: {', '.join(used)} would have no effect.",
            "Set OPENAI_API_KEY and give --teacher openai (or give --teacher local); or give --teacher grammar alone.",
        )


@contextmanager
def _endpoint(
    teacher: str, model: str | None, base_url: str | None, gguf: Path | None, dry: bool
) -> Iterator[tuple[str | None, str | None, str]]:
    """(base URL, key, model) of the endpoint; a local one is served until the block ends."""
    if teacher == "openai":
        if not model:
            raise UserError("Which model shall answer?", "Give --model NAME (or set OPENAI_MODEL).")
        yield base_url, os.environ.get("OPENAI_API_KEY"), model
        return
    local = room("datagen.local")
    path = gguf or local.default_model()
    if dry:
        yield "http://127.0.0.1/v1", None, path.name
        return
    with local.serve(path, slots=LOCAL_SLOTS, threads=len(os.sched_getaffinity(0))) as served:
        yield served.base_url, None, served.model


def _people(path: Path | None) -> tuple[str, ...]:
    return room("datagen.privacy").read_people(path) if path else ()


def _price(model: str, prices: Path | None):
    """The model's price, or None; a price that is old is said to be."""
    known = room("datagen.prices")
    price = known.price_of(model, known.read_prices(prices or known.PRICES))
    if price and (doubt := price.doubt(date.today())):
        console.print(doubt, style="yellow", highlight=False)
    return price


def _show(shown: Sequence[tuple], preview: Path | None) -> None:
    """(Template, its requests) as text (stdout), or as the bytes that would be sent (a file, one body a line)."""
    if preview:
        requests = [request for _, of_template in shown for request in of_template]
        with room("nomenclair.workspace").replacing(preview) as fresh, open(fresh, "wb") as out:
            room("datagen.preview").write_bodies(requests, lambda body: out.write(body + b"\n"))
        console.print(f"{len(requests)} request bodies in {preview}; nothing was sent.", highlight=False)
        return
    numbers = count(1)
    for template, requests in shown:
        print(f"--- with each request ({template.version})\n{template.system}")
        for request in requests:
            print(f"--- request {next(numbers)} ({request.size.input_estimate} tokens in all)")
            print(request.body["messages"][-1]["content"])
    console.print("Nothing was sent.")


def _account(run, ledger, budget) -> None:
    p, total = run.progress, ledger.usage()
    console.print(
        f"This run: {p.requests} requests, {budget.spent_text()}."
        f" All runs of this workspace: {total.input:,} + {total.output:,} tokens.",
        highlight=False,
    )
    saved = sum(p.saved.values())
    if saved:
        detail = ", ".join(f"{n} by {via}" for via, n in p.saved.most_common())
        console.print(
            f"Not sent, carried over from a sibling: {saved} of {p.names} names"
            f" ({100 * saved / p.names:.0f} %; {detail}).",
            highlight=False,
        )
    if p.failures:
        detail = ", ".join(f"{n}× {code}" for code, n in p.failures.most_common())
        console.print(f"Tries that failed: {detail}.", highlight=False)


def _say(written, ws) -> None:
    total = written.pairs + sum(written.rejected.values())
    console.print(f"{written.pairs} pairs of {total} names in {ws.pairs}", highlight=False)
    for reason, n in written.rejected.items():
        console.print(f"  rejected {n}: {reason}", highlight=False)
    if "only-thinking" in written.rejected:
        console.print(
            "  only-thinking: the replies were full before their first word; give a --model that answers at once",
            highlight=False,
        )
    if written.flags:
        console.print(f"  {written.flags} doubts for review in {ws.pairs_flags}", highlight=False)
    if written.rejected:
        console.print(f"  listed with the raw reply in {ws.pairs_rejected}", highlight=False)
