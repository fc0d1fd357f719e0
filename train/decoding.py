"""What greedy decoding and beam search share: settings, the step they repeat, and the graph's inputs and outputs.

A single run maps input_ids and attention_mask [batch, source] and max_new_tokens [] (all int64) to tokens
[batch, answers, steps] (int64, padding after the end token) and score [batch, answers] (float, mean log-probability of
the generated tokens, the end token included), the best answer first. Every weight stands once, in the outer graph; the
loop's body reads it from there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from train.nodes import MICROSOFT, Nodes

OPSET = 21
# A run of this many tokens is written once at most: decoding of a small model falls into loops.
NO_REPEAT = 3
# The most of a Slice: to the end.
LAST = np.iinfo(np.int64).max

# (nodes, token [rows, 1], how many tokens the cache holds [], cached in, cached out) to logits [rows, vocab].
Step = Callable[[Nodes, str, str, list[str], list[str]], str]

value = helper.make_tensor_value_info
REAL, WHOLE, TRUTH = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


@dataclass(frozen=True, slots=True)
class Special:
    """The ids that decoding starts with, ends with, and fills finished rows with."""

    start: int
    end: int
    pad: int


T5_TOKENS = Special(start=0, end=1, pad=0)


@dataclass(frozen=True, slots=True)
class Decoding:
    """A decoder's layers, heads and width of a head; at most so many steps; how many beams, 1 for greedy decoding.

    `guarded` says that no answer may hold the same NO_REPEAT tokens twice.
    """

    layers: int
    heads: int
    d_kv: int
    most_steps: int
    beams: int = 1
    special: Special = T5_TOKENS
    guarded: bool = True


def bound(g: Nodes, decoding: Decoding) -> str:
    """The number of steps that a run may take."""
    return g.add("Min", ["max_new_tokens", g.constant("most_steps", np.int64(decoding.most_steps))])


def empty_cache(g: Nodes, rows: str, decoding: Decoding) -> str:
    """Keys or values of no token yet: [rows, heads, 0, d_kv]."""
    shape = g.constant("no_past", np.array([decoding.heads, 0, decoding.d_kv]))
    zero = numpy_helper.from_array(np.zeros(1, np.float32))
    return g.add("ConstantOfShape", [g.add("Concat", [rows, shape], axis=0)], value=zero)


def probabilities(g: Nodes, logits: str) -> str:
    """[rows, vocab] of logits of the same shape.

    Softmax and TopK run on ONNX Runtime's fast kernels; ReduceLogSumExp over the vocabulary cost a quarter of the
    whole run.
    """
    return g.add("Softmax", [logits], axis=-1)


def without_repeats(g: Nodes, likely: str) -> str:
    """Probabilities [rows, vocab], the lowest float for each token that would write a run of NO_REPEAT twice.

    `written` [rows, n] holds the start token and all tokens so far. A forbidden best token leaves the score of the
    next best as it was, so a student that wants to loop is seen to be unsure.
    """
    return g.add("NGramRepeatBlock", ["written", likely], domain=MICROSOFT, ngram_size=NO_REPEAT)


def going_on(g: Nodes, done: str) -> None:
    """`go_on` []: is any of these rows [n, 1] not done?"""
    g.add("Not", [g.add("ReduceMin", [done], keepdims=0)], ["go_on"])


def repeated(
    outer: Nodes,
    body: Nodes,
    steps: str,
    carried: dict[str, tuple[str, str, int, list]],
    kept: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """A Loop of at most `steps` rounds of `body`, ended when its `go_on` is false.

    `carried` maps what the body reads to (what it begins with, what the body writes for the next round, type, shape);
    the outer graph finds its end under the name `last_…`, and what the body writes as `step_…` for each of `kept`
    (name to type, [rows, 1]) on top of each other under their own names.
    """
    begun = [value("iteration", WHOLE, []), value("condition", TRUTH, [])]
    graph = helper.make_graph(
        body.nodes,
        "step",
        [*begun, *(value(name, *kind) for name, (_, _, *kind) in carried.items())],
        [
            value("go_on", TRUTH, []),
            *(value(after, *kind) for _, after, *kind in carried.values()),
            *(value(f"step_{name}", kind, [None, 1]) for name, kind in kept.items()),
        ],
    )
    always = outer.constant("true", np.array(True))
    starts = [start for start, *_ in carried.values()]
    outer.add("Loop", [steps, always, *starts], [*(f"last_{name}" for name in carried), *kept], body=graph)


def complete(outer: Nodes) -> onnx.ModelProto:
    """The model of these nodes, which write `tokens` and `score`."""
    inputs = [
        value("input_ids", WHOLE, ["batch", "source"]),
        value("attention_mask", WHOLE, ["batch", "source"]),
        value("max_new_tokens", WHOLE, []),
    ]
    outputs = [
        value("tokens", WHOLE, ["batch", "answers", "steps"]),
        value("score", REAL, ["batch", "answers"]),
    ]
    graph = helper.make_graph(outer.nodes, "student", inputs, outputs, list(outer.initializers.values()))
    imports = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
    return helper.make_model(graph, opset_imports=imports, ir_version=10, producer_name="nomenclair")
