"""evaluation/report.html: one page without scripts or links, drawn from what evaluate measured."""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from train.calibrate import GOOD_ENOUGH

TEMPLATE = Path(__file__).with_name("report.html.j2")
SHOWN = 50
WIDTH, HEIGHT, LEFT, BELOW = 460, 240, 46, 34
COLOURS = ("#1b6ca8", "#c2571a", "#4b8b3b", "#7a4fa3")


def page(
    card: Mapping,
    report: Mapping,
    rows: Sequence[Mapping],
    curves: Mapping[str, Mapping],
    history: Sequence[Mapping],
) -> str:
    """The report as HTML. `rows` are outputs.json, `curves` coverage.json, `history` the trainer's log."""
    # Names come from anyone's disk: everything but the charts is escaped.
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        TEMPLATE.read_text(encoding="utf-8")
    )
    return template.render(
        card=card,
        report=report,
        languages=card["languages"],
        losses=losses_chart(history),
        coverage={lang: coverage_chart(curve) for lang, curve in curves.items()},
        curves=curves,
        worst=sorted(rows, key=lambda row: row["chrf"])[:SHOWN],
        sample=random.Random(0).sample(list(rows), min(SHOWN, len(rows))),
    )


def losses_chart(history: Sequence[Mapping]) -> Markup:
    series = {
        "training": [(row["epoch"], row["loss"]) for row in history if "loss" in row],
        "validation": [(row["epoch"], row["eval_loss"]) for row in history if "eval_loss" in row],
    }
    return chart(series, "epoch", "loss")


def coverage_chart(curve: Mapping) -> Markup:
    points = curve["points"]
    keys = {
        "described": "described names",
        "good": f"described names of chrF {GOOD_ENOUGH:.0f} or more, %",
        "kind_on_described": "the kind on these",
        "overall": "all names, as answered",
    }
    series = {label: [(point["coverage"], point[key]) for point in points] for key, label in keys.items()}
    return chart(series, "share of names described", "chrF")


def chart(series: Mapping[str, Sequence[tuple[float, float]]], across: str, up: str) -> Markup:
    """Lines as SVG; each point is (x, y) in the data's own units."""
    points = [point for line in series.values() for point in line]
    if not points:
        return Markup("<p>nothing to draw</p>")
    (x0, x1), (y0, y1) = ((min(axis), max(axis)) for axis in zip(*points, strict=True))

    def place(x: float, y: float) -> str:
        right = LEFT + (x - x0) / ((x1 - x0) or 1) * (WIDTH - LEFT - 10)
        down = HEIGHT - BELOW - (y - y0) / ((y1 - y0) or 1) * (HEIGHT - BELOW - 10)
        return f"{right:.1f},{down:.1f}"

    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{up} by {across}">']
    parts.append(f'<path d="M{LEFT},10 V{HEIGHT - BELOW} H{WIDTH - 10}" fill="none" stroke="#888"/>')
    for (label, line), colour in zip(series.items(), COLOURS, strict=False):
        dots = " ".join(place(*point) for point in line)
        parts.append(f'<polyline points="{dots}" fill="none" stroke="{colour}" stroke-width="2"/>')
        i = list(series).index(label)
        parts.append(f'<text x="{LEFT + 12}" y="{22 + 15 * i}" fill="{colour}">{label}</text>')
    for x, text in ((LEFT, f"{x0:.3g}"), (WIDTH - 34, f"{x1:.3g}")):
        parts.append(f'<text x="{x}" y="{HEIGHT - 18}">{text}</text>')
    for y, text in ((HEIGHT - BELOW, f"{y0:.3g}"), (18, f"{y1:.3g}")):
        parts.append(f'<text x="2" y="{y}">{text}</text>')
    parts.append(f'<text x="{WIDTH // 2 - 60}" y="{HEIGHT - 4}">{across}</text>')
    parts.append(f'<text x="2" y="{HEIGHT // 2}">{up}</text></svg>')
    return Markup("".join(parts))
