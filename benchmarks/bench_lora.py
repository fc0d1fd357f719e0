"""The default LoRA against five others on the seed corpus, each judged on the same validation names.

    python -m benchmarks.bench_lora [--base FOLDER] [--pairs 1000] [--epochs 3]

Five minutes on two cores. The test names stay unseen, so a default chosen by this table can still be tested
honestly. The last line is one JSON object.
"""

import json
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.training import arguments, chrf, corpus, pairs_of
from nomenclair.contract import LANGUAGES
from train.fit import ATTENTION, Settings, fit


def rivals(default: Settings) -> dict[str, Settings]:
    """What the literature and our own doubt put beside the default."""
    return {
        f"default: rank {default.lora_rank}, attention and feed-forward": default,
        "rank 8, query and value alone": replace(
            default, lora_rank=8, lora_alpha=16, lora_targets=r".*\.(q|v)"
        ),
        "rank 16, attention alone": replace(default, lora_targets=ATTENTION),
        "rank 64, attention and feed-forward": replace(default, lora_rank=64, lora_alpha=128),
        "default with dropout 0.05": replace(default, lora_dropout=0.05),
        "default at 1e-3": replace(default, learning_rate=1e-3),
    }


def main() -> None:
    args = arguments(__doc__.split("\n")[0], pairs=1000, epochs=3).parse_args()
    pairs = corpus(args.pairs)
    validation = pairs_of(pairs, "validation")
    table = Table(
        "adapter", "weights", "validation loss", *(f"chrF {lang}" for lang in LANGUAGES), "epoch", "s"
    )
    rows = []
    for name, settings in rivals(Settings(base=args.base, epochs=args.epochs)).items():
        with tempfile.TemporaryDirectory() as folder:
            outcome = fit(pairs, settings, Path(folder))
            scores = chrf(Path(folder), validation)
        rows.append({"adapter": name, "chrf": scores, **asdict(outcome)})
        table.add_row(
            name,
            f"{outcome.trainable_parameters:,}",
            f"{outcome.validation_loss:.3f}",
            *(f"{scores[lang]:.1f}" for lang in LANGUAGES),
            f"{outcome.best_epoch:g}",
            f"{outcome.seconds:.0f}",
        )
    Console().print(table)
    best = max(rows, key=lambda row: sum(row["chrf"].values()))
    print(f"best by mean chrF: {best['adapter']}")
    print(json.dumps({"pairs": len(pairs), "epochs": args.epochs, "rows": rows, "best": best["adapter"]}))


if __name__ == "__main__":
    main()
