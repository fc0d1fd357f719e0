"""The grammar teacher on real names: how many words the lexicon knows, how many names get an answer, and how fast.

    python -m benchmarks.bench_grammar names.txt [--sample 20000] [--seed 1]

names.txt holds one base name a line. For the figures of the documentation it was made of the base names of the
Debian archive's Contents lists: apt-file update; then the last path element of each line of
/var/lib/apt/lists/*Contents*, each name once.
"""

import argparse
import random
import time
from collections import Counter
from pathlib import Path

from datagen.grammar import IDENTIFIERS, Abstention, GrammarTeacher
from nomenclair import names

CORPUS = Path(__file__).resolve().parent.parent / "corpus"


def coverage(teacher: GrammarTeacher, sample: list[str]) -> tuple[int, Counter[str]]:
    """How many words of two letters or more the lexicon knows, and the unknown ones."""
    known = 0
    unknown: Counter[str] = Counter()
    for name in sample:
        words = [word for word in names.words(names.split_ext(name)[0]) if word.isalpha() and len(word) > 1]
        for text, senses in teacher.lexicon.read(words):
            if senses:
                known += len(text.split())
            else:
                unknown[text.lower()] += 1
    return known, unknown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", type=Path)
    parser.add_argument("--sample", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    all_names = args.names.read_text(encoding="utf-8").splitlines()
    sample = random.Random(args.seed).sample(all_names, min(args.sample, len(all_names)))
    teacher = GrammarTeacher.load(CORPUS)
    print(f"lexicon: {len(teacher.lexicon.entries())} entries")
    told = [name for name in sample if teacher.kinds.of(name).kind not in IDENTIFIERS]
    for title, some in (("all names", sample), ("without fonts, libraries, objects and manual pages", told)):
        known, unknown = coverage(teacher, some)
        total = known + unknown.total()
        print(f"{title}: {total} words of two letters or more, {known / total:.1%} known")
    for run in ("first", "second"):
        start = time.perf_counter()
        answers = [teacher.describe(name) for name in sample]
        each = (time.perf_counter() - start) / len(sample) * 1e3
        print(f"{run} pass: {each:.2f} ms a name")
    why = Counter(a.reason for a in answers if isinstance(a, Abstention))
    print(f"answered: {1 - sum(why.values()) / len(sample):.1%}; abstained: {dict(why.most_common())}")
    print("frequent unknown words:", " ".join(word for word, _ in unknown.most_common(60)))


if __name__ == "__main__":
    main()
