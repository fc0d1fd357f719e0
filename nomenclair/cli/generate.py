"""Commands of the room datagen that ask a teacher: generate, prompt compare."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer

from nomenclair.cli.common import DEFAULT_WORKSPACE, WorkspaceOption, console, progress, room, workspace
from nomenclair.errors import UserError

TeacherName = Literal["grammar", "local", "openai"]

TEACHER_HELP = (
    "grammar (no endpoint), local (llama.cpp on this machine) or openai (any OpenAI-compatible URL)."
)
ModelOption = Annotated[str | None, typer.Option(help="Model name at the endpoint.", envvar="OPENAI_MODEL")]
BaseUrlOption = Annotated[str | None, typer.Option(help="Address of the endpoint.", envvar="OPENAI_BASE_URL")]
GgufOption = Annotated[Path | None, typer.Option(help="Model file for --teacher local.")]
PricesOption = Annotated[Path | None, typer.Option(help="Price list (TOML) instead of prompts/prices.toml.")]


def register(app: typer.Typer) -> None:
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
    prompt: Annotated[str, typer.Option(help="Template of prompts/, or a path to one.")] = "describe-full",
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
    mask_people: Annotated[
        Path | None, typer.Option(help="File of persons' names to mask too, one a line.")
    ] = None,
    gguf: GgufOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be sent; send nothing.")
    ] = False,
    preview: Annotated[
        Path | None, typer.Option(help="Write the exact bytes of each request here; send nothing.")
    ] = None,
    root: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Ask a teacher for both descriptions of every name; a second run asks only what is missing."""
    ws = workspace(root)
    session, privacy = room("datagen.session"), room("datagen.privacy")
    files = session.read_names(ws)
    if teacher is None:
        teacher = "openai" if base_url or os.environ.get("OPENAI_API_KEY") else "grammar"
    if teacher == "grammar":
        _say(session.ask_teacher(ws, files, room("datagen.grammar").GrammarTeacher()), ws)
        return
    with _endpoint(teacher, model, base_url, gguf, dry_run or preview is not None) as (url, key, model):
        people = privacy.read_people(mask_people) if mask_people else ()
        batch_size = per_request or (1 if teacher == "local" else 10)
        options = room("datagen.generate").Options(model, batch_size, samples, people)
        template = room("datagen.prompts").load(prompt)
        price_list = room("datagen.prices")
        price = price_list.price_of(model, price_list.read_prices(prices or price_list.PRICES))
        budget = room("datagen.budget").Budget(price, max_cost, max_tokens)
        limits = room("datagen.teacher").Limits(
            min(concurrency, 2) if teacher == "local" else concurrency, rpm, tpm, timeout
        )
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

            run = session.open_run(files, template, options, ledger, budget, tell)
            certain, perhaps = session.requests_to_come(run, template, options)
            estimate = room("datagen.preview").estimate(certain, perhaps, template)
            console.print(
                f"{len(files)} names, {run.progress.done} of {run.progress.names} answers in the ledger."
                f" To send: {estimate.text(budget)}",
                highlight=False,
            )
            if dry_run or preview:
                bar.stop()
                _show([*certain, *perhaps], template, preview)
                return
            tell(run.progress)
            try:
                _say(session.ask_endpoint(ws, run, url, key, limits), ws)
            finally:
                _account(run, ledger, budget)


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
    with local.serve(path, slots=2, threads=os.cpu_count() or 1) as served:
        yield served.base_url, None, served.model


def _show(requests: list, template, preview: Path | None) -> None:
    """The requests as text (stdout), or as the bytes that would be sent (a file, one body a line)."""
    if preview:
        with room("nomenclair.workspace").replacing(preview) as fresh, open(fresh, "wb") as out:
            room("datagen.preview").write_bodies(requests, lambda body: out.write(body + b"\n"))
        console.print(f"{len(requests)} request bodies in {preview}; nothing was sent.", highlight=False)
        return
    print(f"--- with each request ({template.version})\n{template.system}")
    for number, request in enumerate(requests, 1):
        print(f"--- request {number} ({request.size.input_estimate} tokens in all)")
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
    if written.rejected:
        console.print(f"  listed with the raw reply in {ws.pairs_rejected}", highlight=False)
