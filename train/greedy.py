"""Greedy decoding as one ONNX Loop, for any encoder and decoder.

A single run maps a batch of token ids to a batch of generated ids: input_ids and attention_mask [batch, source],
max_new_tokens [] (all int64) to tokens [batch, steps] (int64, padding after the end token) and score [batch] (float,
mean log-probability of the generated tokens, the end token included). Every weight stands once, in the outer graph;
the loop's body reads it from there.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from train.nodes import MICROSOFT, Nodes

OPSET = 21
# A run of this many tokens is written once at most: greedy decoding of a small model falls into loops.
NO_REPEAT = 3
# The most of a Slice: to the end.
LAST = np.iinfo(np.int64).max

# (nodes, token [batch, 1], how many tokens the cache holds [1], cached in, cached out) to logits [batch, 1, vocab].
Step = Callable[[Nodes, str, str, list[str], list[str]], str]


@dataclass(frozen=True, slots=True)
class Special:
    """The ids that decoding starts with, ends with, and fills finished rows with."""

    start: int
    end: int
    pad: int


T5_TOKENS = Special(start=0, end=1, pad=0)


def greedy(
    outer: Nodes,
    step: Step,
    layers: int,
    heads: int,
    d_kv: int,
    most_steps: int,
    special: Special = T5_TOKENS,
    guarded: bool = True,
) -> onnx.ModelProto:
    """The complete graph around an encoder's nodes: `step` writes those of one decoder step of so many layers.

    `guarded` says that no row may hold the same NO_REPEAT tokens twice.
    """
    batch = outer.add("Shape", ["input_ids"], start=0, end=1)
    one = outer.constant("one_1", np.array([1]))
    column = outer.add("Concat", [batch, one], axis=0)
    start = outer.add("Expand", [outer.constant("start", np.array([[special.start]])), column])
    alive = outer.add("Equal", [start, start])
    zeros = outer.add("Sub", [start, start])
    score = outer.add("Cast", [zeros], to=TensorProto.FLOAT)
    no_past = outer.add("Concat", [batch, outer.constant("no_past", np.array([heads, 0, d_kv]))], axis=0)
    empty = outer.add("ConstantOfShape", [no_past], value=numpy_helper.from_array(np.zeros(1, np.float32)))
    bound = outer.add("Min", ["max_new_tokens", outer.constant("most_steps", np.int64(most_steps))])

    body = outer.inner("step_")
    past = [f"past_{i}" for i in range(2 * layers)]
    present = [f"present_{i}" for i in range(2 * layers)]
    t = body.add("Unsqueeze", ["iteration", body.constant("axis_0", np.array([0]))])
    logits = step(body, "token", t, past, present)
    # Softmax and TopK run on ONNX Runtime's fast kernels; ReduceLogSumExp over the vocabulary cost a quarter
    # of the whole run.
    axis1 = outer.constant("axis_1", np.array([1]))
    likely = body.add("Softmax", [body.add("Squeeze", [logits, axis1])], axis=-1)
    if guarded:
        likely = without_repeats(body, likely)
    top, best = body.add("TopK", [likely, one], 2, axis=-1)
    body.add("Where", ["alive", best, body.constant("pad", np.array([[special.pad]]))], ["next_token"])
    gain = body.add("Mul", [body.add("Log", [top]), body.add("Cast", ["alive"], to=TensorProto.FLOAT)])
    body.add("Add", ["log_probability", gain], ["next_log_probability"])
    body.add("Concat", ["written", "next_token"], ["next_written"], axis=1)
    body.add("Cast", ["alive"], ["counted"], to=TensorProto.FLOAT)
    end = body.add("Equal", ["next_token", body.constant("end", np.array([[special.end]]))])
    body.add("And", ["alive", body.add("Not", [end])], ["next_alive"])
    some = body.add("ReduceMax", [body.add("Cast", ["next_alive"], to=TensorProto.INT32)], keepdims=0)
    body.add("Cast", [some], ["go_on"], to=TensorProto.BOOL)

    value = helper.make_tensor_value_info
    real, whole, truth = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
    cache = ["batch", heads, None, d_kv]
    carried_in = [
        value("token", whole, ["batch", 1]),
        value("alive", truth, ["batch", 1]),
        value("log_probability", real, ["batch", 1]),
        value("written", whole, ["batch", None]),
    ]
    carried_out = [
        value("next_token", whole, ["batch", 1]),
        value("next_alive", truth, ["batch", 1]),
        value("next_log_probability", real, ["batch", 1]),
        value("next_written", whole, ["batch", None]),
    ]
    graph = helper.make_graph(
        body.nodes,
        "greedy_step",
        [
            value("iteration", whole, []),
            value("condition", truth, []),
            *carried_in,
            *(value(p, real, cache) for p in past),
        ],
        [
            value("go_on", truth, []),
            *carried_out,
            *(value(p, real, cache) for p in present),
            value("counted", real, ["batch", 1]),
        ],
    )
    always = outer.constant("true", np.array(True))
    finals = [
        "last_token",
        "last_alive",
        "log_probability_sum",
        "all_written",
        *(f"last_{p}" for p in past),
        "counted_steps",
    ]
    outer.add("Loop", [bound, always, start, alive, score, start, *([empty] * len(past))], finals, body=graph)
    steps = [outer.constant(f"end_{end}", np.array([end])) for end in (1, LAST)]
    outer.add("Slice", ["all_written", *steps, axis1], ["tokens"])
    length = outer.add("ReduceSum", ["counted_steps", outer.constant("axes_0", np.array([0]))], keepdims=0)
    outer.add("Squeeze", [outer.add("Div", ["log_probability_sum", length]), axis1], ["score"])
    inputs = [
        value("input_ids", whole, ["batch", "source"]),
        value("attention_mask", whole, ["batch", "source"]),
        value("max_new_tokens", whole, []),
    ]
    outputs = [value("tokens", whole, ["batch", "steps"]), value("score", real, ["batch"])]
    complete = helper.make_graph(outer.nodes, "greedy", inputs, outputs, list(outer.initializers.values()))
    imports = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
    return helper.make_model(complete, opset_imports=imports, ir_version=10, producer_name="nomenclair")


def without_repeats(g: Nodes, likely: str) -> str:
    """Probabilities [batch, vocab] with -1 for each token that would write a run of NO_REPEAT twice.

    `written` [batch, n] holds the start token and all tokens so far, `token` the last of them. A forbidden best
    token leaves the score of the next best as it was, so a student that wants to loop is seen to be unsure.
    """
    axis = g.constant("axis_1", np.array([1]))
    ends = {end: g.constant(f"end_{end}", np.array([end])) for end in (-2, -1, 0, 1, 2, LAST)}

    def part(start: int, end: int) -> str:
        return g.add("Slice", ["written", ends[start], ends[end], axis])

    same = [g.add("Equal", [part(0, -2), part(-2, -1)]), g.add("Equal", [part(1, -1), "token"])]
    never, free = g.constant("never", np.float32(-1)), g.constant("free", np.float32(2))
    ceiling = g.add("Where", [g.add("And", same), never, free])
    return g.add("ScatterElements", [likely, part(2, LAST), ceiling], axis=1, reduction="min")
