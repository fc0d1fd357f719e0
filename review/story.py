"""The figures of one run, read from its workspace: what `nomenclair report` shows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from datagen.balance import name_language
from datagen.ledger import open_ledger
from datagen.prices import price_of, read_prices
from nomenclair.contract import LANGUAGES
from nomenclair.errors import UserError
from nomenclair.records import Pair, Rejected
from nomenclair.workspace import Workspace, count_records, read_json, read_records
from review.flags import flags_of
from review.sources import Sources
from review.words import Word, final_pairs, read_words
from train.data import split_of

SAMPLES = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a bar chart; `share` is of the longest bar, 0 to 1; `before` where something was dropped."""

    label: str
    value: int
    share: float
    before: int | None = None
    before_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Story:
    funnel: Sequence[Bar]
    reasons: Mapping[str, Sequence[Bar]]
    balance: Mapping[str, Sequence[Bar]]
    short: Sequence[str]
    languages: Sequence[Bar]
    lengths: Mapping[str, Sequence[Bar]]
    spent: Sequence[dict]
    verdicts: Sequence[Bar]
    flags: Sequence[dict]


def read_story(ws: Workspace) -> Story:
    """Read whatever stages have run; UserError where not even one has."""
    pairs = list(_records(ws.curated, Pair))
    words = read_words(ws.reviewed)
    if not (ws.names.exists() or ws.pairs.exists() or pairs):
        raise UserError(f"{ws.root} holds no run yet.", f"Run: nomenclair scan PATH --workspace {ws.root}")
    report = read_json(ws.curate_report) if ws.curate_report.exists() else {}
    final = final_pairs(pairs, words.values())
    asked, spent = _ledger(ws)
    return Story(
        bars(_funnel(ws, pairs, words, final, asked, report)),
        {
            "generate": bars(_reasons(ws.pairs_rejected)),
            "curate": bars(_reasons(ws.curated_rejected)),
        },
        {axis: _balance_bars(values) for axis, values in report.get("balance", {}).items()},
        report.get("short", []),
        bars(Counter(name_language(p.name) for p in final).most_common()),
        {lang: bars(sorted(Counter(len(p.text(lang).split()) for p in final).items())) for lang in LANGUAGES},
        spent,
        bars(Counter(w.verdict or "note" for w in words.values()).most_common()),
        _flags(final),
    )


def bars(counts: Sequence[tuple[object, int]]) -> list[Bar]:
    longest = max((n for _, n in counts), default=0) or 1
    return [Bar(str(label), n, n / longest) for label, n in counts]


def _funnel(
    ws: Workspace,
    pairs: Sequence[Pair],
    words: Mapping[str, Word],
    final: Sequence[Pair],
    asked: Mapping,
    report: Mapping,
) -> list:
    splits = Counter(split_of(pair.name) for pair in final)
    rows = [
        ("names", count_records(ws.names)),
        ("sent", asked.get("sent", 0)),
        ("replied", asked.get("replied", 0)),
        ("pairs", report.get("before") or count_records(ws.pairs)),
        ("kept by curate", len(pairs)),
        ("reviewed", sum(bool(word.verdict) for word in words.values())),
        ("to learn from", len(final)),
    ]
    return rows + [
        (f"split: {name}", splits[name]) for name in ("train", "validation", "test") if splits[name]
    ]


def _ledger(ws: Workspace) -> tuple[dict, list[dict]]:
    """({sent, replied: names}, one row per model with its tokens and what they cost in USD, None unknown)."""
    if not ws.ledger.exists():
        return {}, []
    with open_ledger(ws.ledger) as ledger:
        outcomes = list(ledger.outcomes())
        usage = ledger.usage_by_model()
    prices = read_prices()
    spent = []
    for model, used in sorted(usage.items()):
        price = price_of(model, prices)
        cost = price.cost(used) if price else None
        spent.append(
            {"model": model, "input": used.input, "cached": used.cached, "output": used.output, "cost": cost}
        )
    sent = {outcome.name_id for outcome in outcomes}
    replied = {outcome.name_id for outcome in outcomes if outcome.en}
    return {"sent": len(sent), "replied": len(replied)}, spent


def _reasons(path: Path) -> list[tuple[str, int]]:
    return Counter(row.reason for row in _records(path, Rejected)).most_common()


def _records(path: Path, record_type: type):
    return read_records(path, record_type) if path.exists() else ()


def _balance_bars(values: Mapping[str, Mapping[str, int]]) -> list[Bar]:
    """The 20 most frequent values, after over before."""
    rows = sorted(values.items(), key=lambda item: -item[1]["before"])[:20]
    longest = max((counts["before"] for _, counts in rows), default=0) or 1
    return [Bar(v, c["after"], c["after"] / longest, c["before"], c["before"] / longest) for v, c in rows]


def _flags(pairs: Sequence[Pair]) -> list[dict]:
    """Per flag: its code, how many pairs carry it, the first few of them with the reason."""
    by_id = {pair.id: pair for pair in pairs}
    found: dict[str, list] = {}
    for key, raised in flags_of(pairs, Sources.load()).items():
        for flag in raised:
            found.setdefault(flag.code, []).append((by_id[key], flag.why))
    rows = sorted(found.items(), key=lambda item: -len(item[1]))
    return [{"code": code, "count": len(hits), "samples": hits[:SAMPLES]} for code, hits in rows]
