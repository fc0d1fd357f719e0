"""How many pairs a user needs: students of growing parts of the seed corpus, judged on the same test names.

    python -m benchmarks.learning_curve [--base FOLDER] [--epochs 12] [--sizes 125 250 500 1000 2000 3000]

Eight minutes on two cores. Where no number of epochs is given, small parts are read up to twelve times and large
ones three. The last line is one JSON object.
"""

import json
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.training import arguments, chrf, corpus, pairs_of, spread
from nomenclair.contract import LANGUAGES
from train.fit import Settings, fit

SIZES = (125, 250, 500, 1000, 2000, 3000)
# Names that each student is judged on.
JUDGED = 250


def epochs_for(size: int) -> int:
    """About 2,400 readings of a pair, but 3 to 12 of each.

    >>> [epochs_for(size) for size in SIZES]
    [12, 9, 4, 3, 3, 3]
    """
    return min(12, max(3, 2400 // size))


def main() -> None:
    parser = arguments(__doc__.split("\n")[0], pairs=1_000_000, epochs=None)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    args = parser.parse_args()
    pairs = corpus(args.pairs)
    test = spread(pairs_of(pairs, "test"), JUDGED)
    learnt = pairs_of(pairs, "train", "validation")
    table = Table("pairs", *(f"chrF {lang}" for lang in LANGUAGES), "validation loss", "epoch", "s")
    rows = []
    # A size beyond the corpus would repeat the largest run.
    for size in sorted({min(size, len(learnt)) for size in args.sizes}):
        settings = Settings(base=args.base, epochs=args.epochs or epochs_for(size))
        with tempfile.TemporaryDirectory() as folder:
            outcome = fit(spread(learnt, size), settings, Path(folder))
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
    print(json.dumps({"test_names": len(test), "rows": rows}))


if __name__ == "__main__":
    main()
