"""What the grammar teacher says of real names and of composed ones: the larger part of the base's examples.

    python -m train.base.told OUT.tsv --names names.txt [--real 600000] [--composed 300000]

A family that is held out from students, or that is in the gold set, is left out.
"""

import argparse
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from datagen.grammar import Description, GrammarTeacher
from nomenclair import names
from nomenclair.kinds import KindTable
from train.base.build import CORPUS, composer, read_rows
from train.base.swap import Row
from train.data import split_of

# Of one extension at most this many: the archive's lists are full of hashed PNGs and font metrics.
MOST_OF_ONE = 4000
# Of one extension, names that say nothing but a kind, a counter or an identifier.
MOST_BARE = 150


def told(teacher: GrammarTeacher, candidates: Iterable[str], gold: frozenset[str]) -> Iterator[Row]:
    """(name, en, fr) of each candidate that the teacher answers, one of a family, capped by extension."""
    families: set[str] = set(gold)
    per_kind: Counter[str] = Counter()
    bare: Counter[str] = Counter()
    for name in candidates:
        family = names.family(name)
        kind = teacher.kinds.of(name).pattern
        if per_kind[kind] >= MOST_OF_ONE or split_of(name) != "train" or "\t" in name:
            continue
        opaque = names.is_opaque(name)
        if (opaque and bare[kind] >= MOST_BARE) or (not opaque and family in families):
            continue
        answer = teacher.describe(name)
        if isinstance(answer, Description):
            families.add(family)
            per_kind[kind] += 1
            bare[kind] += opaque
            yield name, answer.en, answer.fr


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--names", type=Path, required=True)
    parser.add_argument("--real", type=int, default=600_000)
    parser.add_argument("--composed", type=int, default=300_000)
    parser.add_argument("--seed", type=int, default=2)
    args = parser.parse_args()
    gold = frozenset(names.family(row[0]) for row in read_rows(CORPUS / "gold.tsv"))
    lines = args.names.read_text(encoding="utf-8", errors="replace").splitlines()
    real = random.Random(args.seed).sample(lines, min(len(lines), args.real))
    making = composer(KindTable.load(CORPUS / "kinds.tsv"), args.names, args.seed)
    made = (making.example()[0] for _ in range(args.composed))
    teacher = GrammarTeacher.load(CORPUS)
    counts = []
    with args.out.open("w", encoding="utf-8") as file:
        print("name", "en", "fr", sep="\t", file=file)
        for candidates in (real, made):
            counts.append(0)
            for row in told(teacher, candidates, gold):
                print(*row, sep="\t", file=file)
                counts[-1] += 1
    print(f"{counts[0]} of {len(real)} real names, {counts[1]} of {args.composed} composed ones")


if __name__ == "__main__":
    main()
