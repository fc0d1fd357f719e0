"""Greedy decoding as one ONNX Loop, for any encoder and decoder: one answer for a name (see train/decoding.py)."""

import numpy as np
import onnx
from onnx import TensorProto

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
from train.nodes import Nodes


def greedy(outer: Nodes, step: Step, decoding: Decoding) -> onnx.ModelProto:
    """The complete graph around an encoder's nodes: `step` writes those of one decoder step."""
    d, special = decoding, decoding.special
    batch = outer.add("Shape", ["input_ids"], start=0, end=1)
    one, axis1 = outer.constant("one_1", np.array([1])), outer.constant("axis_1", np.array([1]))
    column = outer.add("Concat", [batch, one], axis=0)
    start = outer.add("Expand", [outer.constant("start", np.array([[special.start]])), column])
    done = outer.add("Less", [start, start])
    empty = empty_cache(outer, batch, d)

    body = outer.inner("step_")
    past = [f"past_{i}" for i in range(2 * d.layers)]
    present = [f"present_{i}" for i in range(2 * d.layers)]
    likely = probabilities(body, step(body, "token", "iteration", past, present))
    if d.guarded:
        likely = without_repeats(body, likely)
    # ONNX Runtime finds the best two in half the time that it takes for the best one.
    top, best = body.add("TopK", [likely, body.constant("two", np.array([2]))], 2, axis=-1)
    first = body.constant("first", np.array([0]))
    best = body.add("Gather", [best, first], axis=1)
    body.add("Where", ["done", body.constant("pad", np.array([[special.pad]])), best], ["next_token"])
    body.add("Gather", [top, first], ["step_chosen"], axis=1)
    body.add("Identity", ["done"], ["step_over"])
    body.add("Concat", ["written", "next_token"], ["next_written"], axis=1)
    end = body.add("Equal", ["next_token", body.constant("end", np.array([[special.end]]))])
    body.add("Or", ["done", end], ["next_done"])
    going_on(body, "next_done")

    carried = {
        "token": (start, "next_token", WHOLE, ["batch", 1]),
        "done": (done, "next_done", TRUTH, ["batch", 1]),
        "written": (start, "next_written", WHOLE, ["batch", None]),
    }
    cache = {
        p: (empty, after, REAL, ["batch", d.heads, None, d.d_kv])
        for p, after in zip(past, present, strict=True)
    }
    repeated(outer, body, bound(outer, d), carried | cache, {"chosen": REAL, "over": TRUTH})
    after_start = [outer.constant(f"end_{end}", np.array([end])) for end in (1, LAST)]
    tokens = outer.add("Slice", ["last_written", *after_start, axis1])
    outer.add("Unsqueeze", [tokens, axis1], ["tokens"])
    # [steps, batch, 1] each: a row's score is the mean over the steps before it was done.
    counted = outer.add("Cast", [outer.add("Not", ["over"])], to=TensorProto.FLOAT)
    gain = outer.add("Mul", [outer.add("Log", ["chosen"]), counted])
    first_axis = outer.constant("axes_0", np.array([0]))
    gain, length = (outer.add("ReduceSum", [steps, first_axis], keepdims=0) for steps in (gain, counted))
    outer.add("Div", [gain, length], ["score"])
    return complete(outer)
