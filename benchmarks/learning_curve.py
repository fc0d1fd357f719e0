"""How many pairs a user needs: students of growing parts of the seed corpus, judged on the same test names.

python -m benchmarks.learning_curve [--base FOLDER] [--epochs 12] [--sizes 125 250 500 1000 2000 3000]
"""

import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.training import arguments, chrf, corpus, pairs_of, spread
from nomenclair.contract import LANGUAGES
from nomenclair.workspace import write_json
from train.fit import Settings, fit

SIZES = (125, 250, 500, 1000, 2000, 3000)


def main() -> None:
    parser = arguments(__doc__.split("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    args = parser.parse_args()
    pairs = corpus(args.pairs)
    test = pairs_of(pairs, "test")
    learnt = pairs_of(pairs, "train", "validation")
    table = Table("pairs", *(f"chrF {lang}" for lang in LANGUAGES), "validation loss", "epoch", "s")
    rows = []
    # A size beyond the corpus would repeat the largest run.
    for size in sorted({min(size, len(learnt)) for size in args.sizes}):
        with tempfile.TemporaryDirectory() as folder:
            outcome = fit(spread(learnt, size), Settings(base=args.base, epochs=args.epochs), Path(folder))
            scores = chrf(Path(folder), test)
        rows.append({"pairs": size, "chrf": scores, "validation_loss": outcome.validation_loss})
        table.add_row(
            str(size),
            *(f"{scores[lang]:.1f}" for lang in LANGUAGES),
            f"{outcome.validation_loss:.3f}",
            f"{outcome.best_epoch:g}",
            f"{outcome.seconds:.0f}",
        )
    Console().print(table)
    print(f"{len(test)} test names, the same for each row")
    if args.out:
        write_json(args.out, rows)


if __name__ == "__main__":
    main()
