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
    alive = outer.add("Equal", [start, start])
    score = outer.add("Cast", [outer.add("Sub", [start, start])], to=TensorProto.FLOAT)
    empty = empty_cache(outer, batch, d)

    body = outer.inner("step_")
    past = [f"past_{i}" for i in range(2 * d.layers)]
    present = [f"present_{i}" for i in range(2 * d.layers)]
    t = body.add("Unsqueeze", ["iteration", body.constant("axis_0", np.array([0]))])
    likely = probabilities(body, step(body, "token", t, past, present))
    if d.guarded:
        likely = without_repeats(body, likely)
    top, best = body.add("TopK", [likely, one], 2, axis=-1)
    body.add("Where", ["alive", best, body.constant("pad", np.array([[special.pad]]))], ["next_token"])
    gain = body.add("Mul", [body.add("Log", [top]), body.add("Cast", ["alive"], to=TensorProto.FLOAT)])
    body.add("Add", ["log_probability", gain], ["next_log_probability"])
    body.add("Concat", ["written", "next_token"], ["next_written"], axis=1)
    body.add("Cast", ["alive"], ["step_counted"], to=TensorProto.FLOAT)
    end = body.add("Equal", ["next_token", body.constant("end", np.array([[special.end]]))])
    body.add("And", ["alive", body.add("Not", [end])], ["next_alive"])
    going_on(body, "next_alive")

    carried = {
        "token": (start, "next_token", WHOLE, ["batch", 1]),
        "alive": (alive, "next_alive", TRUTH, ["batch", 1]),
        "log_probability": (score, "next_log_probability", REAL, ["batch", 1]),
        "written": (start, "next_written", WHOLE, ["batch", None]),
    }
    cache = {
        p: (empty, after, REAL, ["batch", d.heads, None, d.d_kv])
        for p, after in zip(past, present, strict=True)
    }
    repeated(outer, body, bound(outer, d), carried | cache, ("counted",))
    after_start = [outer.constant(f"end_{end}", np.array([end])) for end in (1, LAST)]
    tokens = outer.add("Slice", ["last_written", *after_start, axis1])
    outer.add("Unsqueeze", [tokens, axis1], ["tokens"])
    length = outer.add("ReduceSum", ["counted", outer.constant("axes_0", np.array([0]))], keepdims=0)
    outer.add("Div", ["last_log_probability", length], ["score"])
    return complete(outer)
