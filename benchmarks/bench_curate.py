"""Curation and review, measured: language, flags, near duplicates. The last line is one JSON object.

Language is measured on human-written texts from Debian that nobody tuned to, flags on faults injected into
the seed corpus (and their false alarms on the seed corpus and on the gold set), dedupe on the names of
Debian's Contents lists. Needs apt's lists: the error says how to fetch them. Run: make bench-curate
"""

import json
import multiprocessing
import random
import time
from collections import Counter

from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

from benchmarks.debian_texts import all_texts, apt_lists, cat
from benchmarks.faults import faults
from benchmarks.student_engine import peak_mb
from datagen import language
from datagen.corpus import gold, seed_pairs
from datagen.dedupe import near_families, repeats
from nomenclair.names import family
from nomenclair.records import Pair
from review.flags import raised
from review.sources import Sources

SIZES = (10_000, 100_000, 1_000_000, None)
PER_FAULT = 150


def main() -> None:
    result = {"language": language_figures(), "flags": flag_figures(), "dedupe": dedupe_figures()}
    print(json.dumps(result))


def language_figures() -> dict:
    """Share right of what is decided and share uncertain, ours and each detector alone; ms a text."""
    texts = [t for t in all_texts() if t.held_out]
    print(f"language: {len(texts)} texts in each language, the half that nobody tuned to")
    out: dict = {}
    for title, judge in (("ours", ours), ("langdetect", langdetect_alone), ("lingua", lingua_alone)):
        judge("a text to load the models")
        figures = {}
        for lang in ("en", "fr"):
            start = time.perf_counter()
            answers = [judge(getattr(t, lang)) for t in texts]
            seconds = time.perf_counter() - start
            decided = [answer for answer in answers if answer != "uncertain"]
            figures[lang] = {
                "right": round(decided.count(lang) / len(decided), 4),
                "uncertain": round(1 - len(decided) / len(answers), 4),
                "ms": round(1000 * seconds / len(answers), 3),
            }
            by_source = {}
            for source in sorted({t.source for t in texts}):
                own = [
                    a for a, t in zip(answers, texts, strict=True) if t.source == source and a != "uncertain"
                ]
                by_source[source] = round(own.count(lang) / len(own), 4)
            print(f"  {title:11} {lang} {figures[lang]}  right by source: {by_source}")
        out |= figures if title == "ours" else {title: figures}
    return out


def ours(text: str) -> str:
    return language.judge(text).answer


def langdetect_alone(text: str) -> str:
    return "fr" if language.langdetect_log_odds(text) > 0 else "en"


def lingua_alone(text: str) -> str:
    return "fr" if language.lingua_log_odds(text) > 0 else "en"


def flag_figures() -> dict:
    """Recall over injected faults; share of good pairs with any flag."""
    sources, pairs = Sources.load(), seed_pairs()
    loud = {pair.id for pair in pairs if raised(pair, sources)}
    false_alarms = len(loud) / len(pairs)
    held = [Pair(g.id, g.name, g.en[0], g.fr[0], g.kind, "person", "") for g in gold()]
    alarms_held = sum(bool(raised(pair, sources)) for pair in held) / len(held)
    codes = Counter(flag.code for pair in pairs for flag in raised(pair, sources))
    print(f"flags: false alarms {false_alarms:.2%} of {len(pairs)} seed pairs {dict(codes.most_common())}")
    print(f"  and {alarms_held:.2%} of {len(held)} gold pairs, which nobody tuned to")
    # A pair that is flagged already would count as caught whatever the fault.
    quiet = [pair for pair in pairs if pair.id not in loud]
    caught = total = 0
    by_fault = {}
    for name, fault in faults(quiet, sources.lexicon).items():
        rng = random.Random(7)
        bad = (fault(pair, rng) for pair in rng.sample(quiet, len(quiet)))
        some = [pair for pair, _ in zip(filter(None, bad), range(PER_FAULT), strict=False)]
        hits = sum(bool(raised(pair, sources)) for pair in some)
        by_fault[name] = [hits, len(some)]
        caught, total = caught + hits, total + len(some)
        print(f"  {name:32} {hits} of {len(some)}")
    print(f"  recall {caught / total:.2%} of {total} faults")
    return {
        "recall": round(caught / total, 4),
        "false_alarms": round(false_alarms, 4),
        "false_alarms_gold": round(alarms_held, 4),
        "by_fault": by_fault,
    }


def dedupe_figures() -> list[dict]:
    """Time and peak memory at each size, each in a process of its own; what the window misses at 10^4."""
    names = contents_names()
    random.Random(0).shuffle(names)
    print(f"dedupe: {len(names)} distinct base names of the Contents lists")
    out = []
    # Not forked: a copy of this process would count its memory too.
    context = multiprocessing.get_context("spawn")
    for size in SIZES:
        with context.Pool(1) as pool:
            figures = pool.apply(_dedupe_once, (names[:size],))
        print(f"  {figures}")
        out.append(figures)
    print(
        f"  near pairs found by neighbours, of all near pairs among 10,000 families: {window_recall(names):.1%}"
    )
    return out


def contents_names() -> list[str]:
    """The distinct base names of every path in apt's Contents lists."""
    found = set()
    for path in apt_lists("Contents-all.lz4", "Contents-amd64.lz4"):
        process = cat(path)
        for line in process.stdout:
            found.add(line.rsplit(None, 1)[0].rsplit(b"/", 1)[-1])
        process.wait()
    return sorted(name.decode("utf-8", "replace") for name in found if name)


def _dedupe_once(names: list[str]) -> dict:
    start = time.perf_counter()
    found = repeats(names)
    seconds = time.perf_counter() - start
    why = dict(Counter(repeat.why for repeat in found))
    return {"names": len(names), "seconds": round(seconds, 1), "peak_mb": round(peak_mb()), **why}


def window_recall(names: list[str]) -> float:
    """Share of the families that comparing all with all would remove and that the neighbours remove too."""
    keys = [k for k in dict.fromkeys(map(family, names[:12_000])) if len(k.partition(".")[0]) >= 10][:10_000]
    stems, exts = zip(*((k.partition(".")[0], k.partition(".")[2]) for k in keys), strict=True)
    edits = cdist(stems, stems, scorer=OSA.distance, score_cutoff=1, workers=-1)
    all_near = {keys[j] for i, j in zip(*(edits <= 1).nonzero(), strict=True) if i < j and exts[i] == exts[j]}
    return len(all_near & near_families(keys).keys()) / max(1, len(all_near))


if __name__ == "__main__":
    main()
