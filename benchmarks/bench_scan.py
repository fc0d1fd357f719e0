"""The walk of datagen/scan.py beside scandir-rs, on a real tree: entries, seconds, and what each loses.

    python -m benchmarks.bench_scan /usr

scandir-rs lists faster, but yields an error instead of a name that is not UTF-8 and knows no .gitignore;
so scan keeps os.scandir. Needs: pip install -r benchmarks/requirements.txt
"""

import os
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table
from scandir_rs import ReturnType, Scandir

from datagen.scan import ScanOptions, walk

REPEATS = 3


def ours(root: Path) -> list[str]:
    return list(walk([root], ScanOptions(), lambda path, reason: None, lambda: None))


def peer(root: Path) -> list[str]:
    entries = Scandir(str(root), skip_hidden=False, return_type=ReturnType.Base)
    return [os.path.basename(entry.path) for entry in entries if getattr(entry, "is_file", False)]


def best_seconds(listing, root: Path) -> tuple[float, list[str]]:
    seconds, found = [], []
    for _ in range(REPEATS):
        start = time.perf_counter()
        found = listing(root)
        seconds.append(time.perf_counter() - start)
    return min(seconds), found


def main() -> None:
    root = Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share")
    table = Table("walker", "files", "seconds", "keeps a name that is not UTF-8")
    for label, listing in (("nomenclair (os.scandir)", ours), ("scandir-rs", peer)):
        seconds, found = best_seconds(listing, root)
        with tempfile.TemporaryDirectory() as odd:
            with open(os.path.join(os.fsencode(odd), b"\xe9t\xe9.txt"), "w"):
                pass
            keeps = "\udce9t\udce9.txt" in listing(Path(odd))
        table.add_row(label, str(len(found)), f"{seconds:.2f}", "yes" if keeps else "no")
    Console().print(table)


if __name__ == "__main__":
    main()
