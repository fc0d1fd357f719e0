"""Beam search as one ONNX Loop, for any encoder and decoder: as many answers for a name as there are beams.

The beams of a name are rows beside each other: decoder tensors have batch * beams rows. Every beam may end at every
step; of all answers that ended, the best by score are kept. A name is done when its best answer scores no worse than
its best beam does; then it stays as it is, whatever the others of its batch still do. What has not ended at the bound
is no answer.
"""

import numpy as np
import onnx

from train.decoding import (
    LAST,
    REAL,
    TRUTH,
    WHOLE,
    Decoding,
    Step,
    bound,
    complete,
    empty_cache,
    going_on,
    probabilities,
    repeated,
    without_repeats,
)
from train.greedy import greedy
from train.nodes import Nodes, attention

# The score of no answer: below any mean log-probability.
NONE = -1e4
# The smallest probability that a logarithm is taken of: without_repeats writes less.
LEAST = 1e-30


def decoded(outer: Nodes, step: Step, decoding: Decoding) -> onnx.ModelProto:
    """Greedy decoding where there is one beam, else beam search."""
    return (beam_search if decoding.beams > 1 else greedy)(outer, step, decoding)


def beam_search(outer: Nodes, step: Step, decoding: Decoding) -> onnx.ModelProto:
    """The complete graph around an encoder's nodes: `step` writes those of one decoder step."""
    d = decoding
    batch = outer.add("Shape", ["input_ids"], start=0, end=1)
    k, one = outer.constant("beams", np.array([d.beams])), outer.constant("one_1", np.array([1]))
    rows = outer.add("Mul", [batch, k])

    def filled(name: str, with_: list, *shape: str) -> str:
        shape = outer.add("Concat", list(shape), axis=0)
        return outer.add("Expand", [outer.constant(name, np.array(with_)), shape])

    start = filled("start", [[d.special.start]], rows, one)
    # All beams begin alike: the first alone counts.
    sums = filled("first_sums", np.array([[0.0] + [NONE] * (d.beams - 1)], np.float32), batch, k)
    no_score = filled("no_score", np.array([[NONE]], np.float32), batch, k)
    no_answer = filled("no_answer", [[[d.special.start]]], batch, k, one)
    ends = filled("end_column", [[[d.special.end]]], batch, k, one)
    pads = filled("pad_column", [[[d.special.pad]]], batch, k, one)
    done = filled("done", [[False]], batch, one)
    first_rows = _first_rows(outer, batch, d.beams)

    body = outer.inner("step_")
    past = [f"past_{i}" for i in range(2 * d.layers)]
    grown = [f"grown_{i}" for i in range(2 * d.layers)]
    present = [f"present_{i}" for i in range(2 * d.layers)]
    likely = probabilities(body, step(body, "token", "iteration", past, grown))
    lengths = body.constant("lengths", np.arange(1, d.most_steps + 1, dtype=np.float32))
    length = body.add("Gather", [lengths, "iteration"])
    _end_here(body, likely, length, d, batch, ends, pads)
    source = _go_on_with(body, likely, d, first_rows)
    for before, after in zip(grown, present, strict=True):
        body.add("Gather", [before, source], [after], axis=0)
    leader, answer = (_first(body, name) for name in ("next_sums", "next_best"))
    worse = body.add("LessOrEqual", [body.add("Div", [leader, length]), answer])
    body.add("Or", ["done", worse], ["next_done"])
    going_on(body, "next_done")

    carried = {
        "token": (start, "next_token", WHOLE, ["rows", 1]),
        "done": (done, "next_done", TRUTH, ["batch", 1]),
        "sums": (sums, "next_sums", REAL, ["batch", d.beams]),
        "written": (start, "next_written", WHOLE, ["rows", None]),
        "best": (no_score, "next_best", REAL, ["batch", d.beams]),
        "answers": (no_answer, "next_answers", WHOLE, ["batch", d.beams, None]),
    }
    empty = empty_cache(outer, rows, d)
    kind = REAL, ["rows", d.heads, None, d.d_kv]
    cache = {before: (empty, after, *kind) for before, after in zip(past, present, strict=True)}
    repeated(outer, body, bound(outer, d), carried | cache)
    outer.add("Identity", ["last_best"], ["score"])
    after_start = [outer.constant(f"end_{end}", np.array([end])) for end in (1, LAST)]
    outer.add("Slice", ["last_answers", *after_start, outer.constant("axis_2", np.array([2]))], ["tokens"])
    return complete(outer)


def _end_here(
    g: Nodes, likely: str, length: str, decoding: Decoding, batch: str, ends: str, pads: str
) -> None:
    """`next_best`, `next_answers`: the best of the answers so far and of the beams, if they end, of names not done."""
    ending = g.add("Gather", [likely, g.constant("end", np.array([decoding.special.end]))], axis=1)
    by_name = g.constant("by_name", np.array([-1, decoding.beams]))
    ending = g.add("Add", ["sums", g.add("Reshape", [_log(g, ending), by_name])])
    none = g.constant("none", np.float32(NONE))
    scores = g.add("Where", ["done", none, g.add("Div", [ending, length])])
    both, best = g.add("Concat", ["best", scores], axis=1), ["next_best", f"{g.prefix}places"]
    g.add("TopK", [both, g.constant("beams", np.array([decoding.beams]))], best, axis=1)
    ended = g.add("Concat", [_by_name(g, "written", decoding, batch), ends], axis=2)
    texts = g.add("Concat", [g.add("Concat", ["answers", pads], axis=2), ended], axis=1)
    places = g.add("Unsqueeze", [best[1], g.constant("axis_2", np.array([2]))])
    width = g.add("Shape", [texts], start=2, end=3)
    shape = g.add("Concat", [g.constant("ones_2", np.array([1, 1])), width], axis=0)
    g.add("GatherElements", [texts, g.add("Expand", [places, shape])], ["next_answers"], axis=1)


def _go_on_with(g: Nodes, likely: str, decoding: Decoding, first_rows: str) -> str:
    """`next_token`, `next_sums` and `next_written` of the best continuations of all beams of a name together.

    Returns the row that each comes from [rows].
    """
    d = decoding
    if d.guarded:
        likely = without_repeats(g, likely)
    # The end token may be among them: one more than there are beams.
    some = g.constant("candidates", np.array([d.beams + 1]))
    top, token = g.add("TopK", [likely, some], 2, axis=-1)
    ends = g.add("Equal", [token, g.constant("end", np.array([d.special.end]))])
    gain = g.add("Where", [ends, g.constant("none", np.float32(NONE)), _log(g, top)])
    each, together = (
        g.constant(name, np.array([-1, n]))
        for name, n in (("each", 1), ("together", d.beams * (d.beams + 1)))
    )
    sums = g.add("Add", [g.add("Reshape", ["sums", each]), gain])
    best = ["next_sums", f"{g.prefix}chosen"]
    sums = g.add("Reshape", [sums, together])
    g.add("TopK", [sums, g.constant("beams", np.array([d.beams]))], best, axis=1)
    tokens = g.add("GatherElements", [g.add("Reshape", [token, together]), best[1]], axis=1)
    g.add("Reshape", [tokens, each], ["next_token"])
    source = g.add("Add", [g.add("Div", [best[1], some]), first_rows])
    source = g.add("Reshape", [source, g.constant("all", np.array([-1]))])
    written = g.add("Gather", ["written", source], axis=0)
    g.add("Concat", [written, "next_token"], ["next_written"], axis=1)
    return source


def _log(g: Nodes, probability: str) -> str:
    return g.add("Log", [g.add("Max", [probability, g.constant("least", np.float32(LEAST))])])


def _first(g: Nodes, scores: str) -> str:
    """The first column of [batch, beams]."""
    zero, one = g.constant("axis_0", np.array([0])), g.constant("one_1", np.array([1]))
    return g.add("Slice", [scores, zero, one, g.constant("axis_1", np.array([1]))])


def _first_rows(g: Nodes, batch: str, beams: int) -> str:
    """The row of each name's first beam, [batch, 1]."""
    count = g.add("Squeeze", [batch, g.constant("axis_0", np.array([0]))])
    numbers = g.add("Range", [g.constant("zero", np.int64(0)), count, g.constant("one_int", np.int64(1))])
    rows = g.add("Mul", [numbers, g.constant("beams_int", np.int64(beams))])
    return g.add("Unsqueeze", [rows, g.constant("axis_1", np.array([1]))])


def _by_name(g: Nodes, written: str, decoding: Decoding, batch: str) -> str:
    """[batch * beams, n] as [batch, beams, n]."""
    width = g.add("Shape", [written], start=1, end=2)
    beams = g.constant("beams", np.array([decoding.beams]))
    return g.add("Reshape", [written, g.add("Concat", [batch, beams, width], axis=0)])


def mask_of_beams(g: Nodes, mask: str, beams: int) -> str:
    """The added mask [batch, 1, 1, source] for the beams of a name as so many queries: [batch, 1, beams, source]."""
    return g.add("Expand", [mask, g.constant("beam_rows", np.array([1, 1, beams, 1]))]) if beams > 1 else mask


def crossed_attention(
    g: Nodes, beams: int, heads: int, scale: float, q: str, k: str, v: str, mask: str
) -> str:
    """Attention of q [batch * beams, 1, heads * d_kv] to a name's keys and values.

    Those stand once for all its beams, which to attention are so many queries; `mask` is that of mask_of_beams.
    """
    if beams == 1:
        return attention(g, heads, scale, q, k, v, mask)
    q = g.add("Reshape", [q, g.constant("as_queries", np.array([-1, beams, 0]))])
    found = attention(g, heads, scale, q, k, v, mask)
    return g.add("Reshape", [found, g.constant("as_rows", np.array([-1, 1, 0]))])
