"""Commands of the room train: train, export, evaluate."""

import inspect
import shlex
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from nomenclair.cli.common import DEFAULT_WORKSPACE, WorkspaceOption, console, room, workspace
from nomenclair.contract import BEAMS, LANGUAGES
from nomenclair.errors import UserError
from nomenclair.stages import MADE_BY
from nomenclair.workspace import read_json, write_json, write_text

# The column of names where nobody says another.
NAMES = "file"


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: nomenclair train --base google/flan-t5-small --epochs 12")(train)
    app.command(epilog="Example: nomenclair export --workspace ./workspace")(export)
    app.command(epilog="Example: nomenclair evaluate --split test")(evaluate)
    app.command(epilog="Example: nomenclair compare old/student workspace/student")(compare)


def train(
    base: Annotated[
        str | None, typer.Option(help="A T5, BART or mBART: a folder, a hub name, or random.")
    ] = None,
    epochs: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            help="Most passes over the pairs, 0.5 is half of one; by default 12, or what shows 80,000 texts.",
        ),
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Examples per step.")] = 32,
    learning_rate: Annotated[float, typer.Option(help="Peak learning rate.")] = 3e-4,
    full: Annotated[
        bool, typer.Option("--full", help="Tune every weight instead of a LoRA adapter.")
    ] = False,
    decoder_layers: Annotated[
        int | None,
        typer.Option(min=1, help="Keep this many of the base's decoder layers: faster, a little worse."),
    ] = None,
    trim_vocabulary: Annotated[
        bool,
        typer.Option("--trim-vocabulary", help="Keep only the tokens that French, English and names use."),
    ] = False,
    load_in_8bit: Annotated[
        bool, typer.Option("--load-in-8bit", help="Keep the base in 8 bits (bitsandbytes).")
    ] = False,
    bf16: Annotated[
        bool | None,
        typer.Option("--bf16/--fp32", help="Compute in bfloat16; by default where the machine has it."),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin again; an earlier training goes once the new one is made.")
    ] = False,
    pairs_file: Annotated[
        Path | None, typer.Option("--pairs", help="Your own pairs instead: a .csv, .tsv or .jsonl file.")
    ] = None,
    input_column: Annotated[str, typer.Option(help="With --pairs: the column of file names.")] = NAMES,
    target_column: Annotated[
        list[str] | None,
        typer.Option(help="With --pairs: the column of texts (desc), or LANG=COLUMN once per language."),
    ] = None,
    lang: Annotated[str | None, typer.Option(help="With --pairs: the language of its texts (fr).")] = None,
    root: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Tune a base on the reviewed pairs; the same command resumes an interrupted training."""
    command = as_typed(locals())
    ws = workspace(root)
    if not pairs_file:
        if lang or target_column or input_column != NAMES:
            raise UserError("--lang and the columns are those of a table.", "Add --pairs FILE.")
        ws.need(ws.curated, "curate")
    fit, data, bases = room("train.fit"), room("train.data"), room("train.bases")
    folder = room("train.folder")
    own = room("train.own_pairs")
    if base is None:
        begun = None if fresh else folder.base_begun(ws.training)
        base, why = (begun, f"base: {begun}, as this training began") if begun else bases.default_base()
        console.print(why)
    elif Path(base).is_dir():
        base = str(Path(base).resolve())  # export may be called from another folder
    languages = LANGUAGES
    if pairs_file:
        targets = own.target_columns(target_column or ["desc"], lang)
        kinds, sayable = room("datagen.corpus").kinds(), bases.sayable(base)
        pairs, bad = own.read_pairs(pairs_file, input_column, targets, kinds, sayable)
        languages = tuple(code for code in LANGUAGES if code in targets)
        _report_bad_rows(ws.root / "train-rejected.tsv", [own.describe_bad(row) for row in bad])
    else:
        pairs = data.workspace_pairs(ws)
    if epochs is None:
        shown = sum(data.split_of(pair.name) == "train" for pair in pairs) * len(languages)
        epochs = fit.default_epochs(shown)
        console.print(f"epochs: {epochs:g}, over {shown:,} texts")
    settings = fit.Settings(
        base=base,
        languages=languages,
        epochs=epochs,
        batch=batch,
        learning_rate=learning_rate,
        full=full,
        decoder_layers=decoder_layers,
        trim_vocabulary=trim_vocabulary,
        load_in_8bit=load_in_8bit,
        bf16=bases.computes_bfloat16() if bf16 is None else bf16,
    )
    with fit.first_process_first() as first:
        if fresh and first:
            folder.set_aside(ws.training, fit.run_state(pairs, settings))
    made_by = {"command": command, "table": str(pairs_file.resolve()) if pairs_file else None}
    on_begin = partial(write_json, ws.training / MADE_BY, made_by)
    try:
        outcome = fit.fit(pairs, settings, ws.training, on_begin=on_begin)
    except BaseException:  # Ctrl-C, too
        if fresh and first:
            folder.put_back(ws.training)
        raise
    if not first:
        return
    folder.drop_aside(ws.training)
    evaluation = room("train.evaluate")
    console.print(
        f"{len(pairs)} pairs, {outcome.steps} steps, {outcome.examples_per_second:.0f} examples/s, "
        f"{outcome.trainable_parameters:,} weights tuned, best epoch {outcome.best_epoch:g}"
    )
    if outcome.unknown_share:
        console.print(
            f"{outcome.unknown_share:.2%} of the names' tokens are unknown to this base's vocabulary"
        )
    console.print(evaluation.overfit_verdict(asdict(outcome)))
    console.print(f"logs: tensorboard --logdir {ws.training / 'tensorboard'}")


def as_typed(values: Mapping[str, object]) -> str:
    """The command with these values of `train`, without what its defaults say; `nomenclair status` repeats it.

    Paths are whole, so that it may be typed in another folder.

    >>> as_typed({"base": "google/flan-t5-small", "epochs": 2.0, "full": True, "batch": 32, "bf16": False})
    'train --base google/flan-t5-small --epochs 2.0 --full --fp32'
    """
    defaults = inspect.signature(train).parameters
    options = {"pairs_file": "--pairs", "bf16": "--bf16" if values.get("bf16") else "--fp32"}
    words = ["train"]
    for name, value in values.items():
        if name in ("fresh", "root") or value == defaults[name].default:
            continue
        option = options.get(name, "--" + name.replace("_", "-"))
        for one in value if isinstance(value, list) else [value]:
            if name in ("base", "pairs_file") and Path(one).exists():
                one = Path(one).resolve()
            words += [option] if isinstance(one, bool) else [option, str(one)]
    return shlex.join(words)


def _report_bad_rows(path: Path, rows: list[str]) -> None:
    if not rows:
        path.unlink(missing_ok=True)  # an earlier table's
        return
    write_text(path, "\n".join(rows) + "\n")
    for row in rows[:5]:
        console.print(f"left out: {row}", markup=False)
    console.print(f"{len(rows)} rows give no pair; all are named in {path}", markup=False)


def export(
    int4: Annotated[
        bool,
        typer.Option("--int4", help="Weights of 4 bits where they keep chrF: smaller, slower in batches."),
    ] = False,
    beams: Annotated[
        int,
        typer.Option(
            min=1, max=16, help="Answers followed at once; 1 decodes greedily: faster, and wrong more often."
        ),
    ] = BEAMS,
    root: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Write the int8 student folder, after its gates: same tokens as torch, chrF kept."""
    ws = workspace(root)
    ws.need(ws.training / "training.json", "train")
    module, data, corpus = room("train.export"), room("train.data"), room("datagen.corpus")
    validation = data.spread(data.stored_pairs(ws, "validation"))
    table = module.export(ws.training, ws.student, validation, corpus.FOLDER / "kinds.tsv", int4, beams)
    columns = ("chrf", "same_as_fp32", "kind_errors")
    languages = list(table[0].chrf)
    heads = [f"{column} {lang}".replace("_", " ") for column in columns for lang in languages]
    shown = Table("precision", "MB", *heads)
    for row in table:
        rates = [f"{getattr(row, column)[lang]:.0%}" for column in columns[1:] for lang in languages]
        shown.add_row(
            row.precision, f"{row.megabytes:.1f}", *(f"{row.chrf[lang]:.1f}" for lang in languages), *rates
        )
    console.print(shown)
    for lang, row in read_json(ws.student / "student.json")["calibration"].items():
        console.print(f"{lang}: describes {row['coverage']:.0%} of {row['names']} validation names")
    console.print(f"stored as {table[-1].precision}: {ws.student}")


def evaluate(
    split: Annotated[str, typer.Option(help="test, validation, or gold (the corpus's).")] = "test",
    root: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Score the exported student on held-out pairs, beside the untuned base and extension lookup."""
    ws = workspace(root)
    ws.need(ws.student / "student.json", "export")
    module, data = room("train.evaluate"), room("train.data")
    if split not in ("test", "validation", "gold"):
        raise UserError(f"Unknown split {split!r}.", "Use test, validation or gold.")
    pairs = room("datagen.corpus").gold() if split == "gold" else data.stored_pairs(ws, split)
    report = module.evaluate_workspace(ws, pairs)
    shown = Table("who", "lang", "chrF", "BLEU", "ROUGE-L", "kind", "names")
    for who, scores in report["scores"].items():
        for lang, row in scores.items():
            shown.add_row(
                who,
                lang,
                f"{row['chrf']:.1f}",
                f"{row['bleu']:.1f}",
                f"{row['rougeL']:.1f}",
                f"{row['kind']:.0%}",
                str(row["n"]),
            )
    console.print(shown)
    console.print(report["verdict"])
    console.print(f"by kind, by confidence, and every text: {ws.evaluation / 'report.html'}")


def compare(
    first: Annotated[Path, typer.Argument(help="A student folder.")],
    second: Annotated[Path, typer.Argument(help="Another one.")],
    show: Annotated[int, typer.Option(help="How many names to show on which they differ.")] = 10,
) -> None:
    """Score two students on the gold set and show where they differ."""
    gold = room("datagen.corpus").gold()
    found = room("train.compare").compare(first, second, gold)
    shown = Table("student", "lang", "chrF", "kind", "MB", "ms per name")
    for side in found.sides:
        for lang, row in side.scores.items():
            low, high = row["chrf_interval"]
            chrf = f"{row['chrf']:.1f} ({low:.1f} to {high:.1f})"
            size, speed = f"{side.megabytes:.1f}", f"{side.milliseconds:.1f}"
            shown.add_row(str(side.folder), lang, chrf, f"{row['kind']:.0%}", size, speed)
    console.print(shown)
    for lang, (mean, low, high) in found.difference.items():
        console.print(
            f"{lang}: the second gains {mean:+.1f} chrF a name (95%: {low:+.1f} to {high:+.1f}); "
            f"{found.same_texts[lang]:.0%} of the texts are the same"
        )
        old, new = (side.texts[lang] for side in found.sides)
        differing = [row for row in zip(gold, old, new, strict=True) if row[1] != row[2]]
        for item, a, b in differing[:show]:
            console.print(f"  {item.name}: {a} | {b}", markup=False, highlight=False)
