"""Commands: curate, dataset."""

from typing import Annotated

import typer

from nomenclair.cli.common import DEFAULT_WORKSPACE, WorkspaceOption, console, room, workspace


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: nomenclair curate --seed")(curate)
    app.command(epilog="Example: nomenclair dataset --license cc-by-4.0")(dataset)


def curate(
    seed: Annotated[
        bool, typer.Option("--seed", help="Add the seed corpus, written by hand; it may stand alone.")
    ] = False,
    root: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Drop bad pairs, repeats and what is too many of; write down each with its reason."""
    from nomenclair.records import Pair, Rejected
    from nomenclair.workspace import read_records, write_json, write_records

    module = room("datagen.curate")
    ws = workspace(root)
    pairs = room("datagen.corpus").seed_pairs() if seed else []
    if ws.pairs.exists() or not seed:
        pairs += read_records(ws.need(ws.pairs, "generate"), Pair)
    result = module.curate(pairs)
    write_records(ws.curated, Pair, result.kept)
    write_records(ws.curated_rejected, Rejected, result.rejected)
    write_json(ws.curate_report, result.report)
    for step in result.report["steps"]:
        reasons = ", ".join(f"{n} {code}" for code, n in step["reasons"].items())
        console.print(
            f"  {step['step']}: {step['before']} → {step['after']}" + (f" ({reasons})" if reasons else "")
        )
    console.print(
        f"{result.report['before']} pairs, {len(result.kept)} kept in {ws.curated}, "
        f"{len(result.rejected)} dropped in {ws.curated_rejected}"
    )
    if result.report["short"]:
        console.print(f"  add more: {', '.join(result.report['short'][:8])}")


def dataset(
    license: Annotated[str, typer.Option(help="Licence of the texts, for the card.")] = "other",
    root: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Write the pairs as a dataset with its card, which datasets.load_dataset reads; nothing is uploaded."""
    data = room("train.data")
    ws = workspace(root)
    splits: dict[str, list] = {"train": [], "validation": [], "test": []}
    for pair in data.workspace_pairs(ws):
        splits[data.split_of(pair.name)].append(pair)
    counts = room("datagen.dataset").write_dataset(ws.dataset, splits, license)
    console.print(f"{', '.join(f'{n} {split}' for split, n in counts.items())} in {ws.dataset}")
