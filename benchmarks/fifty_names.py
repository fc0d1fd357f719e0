"""Fifty names of this machine that nothing was trained on, as they come, through a student: docs/fifty-names.md.

    python -m benchmarks.fifty_names [FOLDER ...] [--student nomenclair/shipped] > docs/fifty-names.md

The names' families belong to the test split: neither the seed corpus's training rows nor the grammar's examples for
the base hold them. They are drawn by hash, not chosen; no name of one family, no opaque one.
"""

import argparse
import hashlib
from pathlib import Path

from datagen.corpus import seed_pairs
from datagen.scan import ScanOptions, walk
from nomenclair.contract import LANGUAGES
from nomenclair.names import family, is_opaque, readable
from nomenclair.student import Student
from nomenclair.workspace import REPOSITORY
from train.data import split_of

SHOWN = 50


def drawn(folders: list[Path]) -> list[str]:
    """The first SHOWN families by hash, one name of each."""
    in_corpus = {family(pair.name) for pair in seed_pairs()}
    found: dict[str, str] = {}
    for raw in walk(folders, ScanOptions(), lambda path, reason: None, lambda: None):
        name = readable(raw)
        if split_of(name) == "test" and not is_opaque(name) and (key := family(name)) not in in_corpus:
            found[key] = min(found.get(key, name), name)
    order = sorted(found, key=lambda key: hashlib.sha256(key.encode()).digest())
    return [found[key] for key in order[:SHOWN]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folders", type=Path, nargs="*", default=[Path("/usr")])
    parser.add_argument("--student", type=Path, default=REPOSITORY / "nomenclair" / "shipped")
    args = parser.parse_args()
    names, student = drawn(args.folders), Student.load(args.student)
    texts = [student.describe(names, lang) for lang in LANGUAGES]
    print("# Fifty names of a machine, as they come\n")
    print(
        "By `python -m benchmarks.fifty_names`: drawn by hash from /usr of a Debian machine, not chosen, and of"
    )
    print("families that nothing was trained on. Right and wrong answers alike; none was corrected.\n")
    print("| name |", " | ".join(LANGUAGES), "|\n|---|---|---|")
    for row in zip(names, *texts, strict=True):
        print("|", " | ".join(cell.replace("|", "\\|") for cell in (f"`{row[0]}`", *row[1:])), "|")


if __name__ == "__main__":
    main()
