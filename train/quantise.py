"""Precisions of the graph, and the gate between them: the smallest that keeps chrF is the one that ships."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import sacrebleu

from nomenclair.errors import UserError
from nomenclair.kinds import KindTable
from nomenclair.records import Pair
from nomenclair.student import KINDS, MODEL, WEIGHTS, Student
from train import bart_graph, t5_graph
from train.bases import limits
from train.t5_shape import shape_of

# The most chrF that a precision may lose against fp32, in points, per language.
TOLERANCE = 1.0

Layers = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Precision:
    """Which layers are stored and multiplied in 4 bits, and which of the others in int8."""

    name: str
    int8: Layers
    int4: Layers


def _all(layer: str) -> bool:
    return True


def _none(layer: str) -> bool:
    return False


FP32 = Precision("fp32", _none, _none)
INT4 = Precision("int4", _all, _all)
# What INT8[0] is compared with, never kept: int8 whose inputs are scaled by the batch at hand.
BY_BATCH = Precision("int8, inputs scaled by batch", _all, _none)
# The feed-forward's second matrix, in T5's names and BART's.
OUTPUTS = (".wo", ".fc2")
# Most int8 first: each step keeps the layers that quantise worst in float.
INT8 = (
    Precision("int8", _all, _none),
    Precision("int8, feed-forward output in float", lambda layer: not layer.endswith(OUTPUTS), _none),
    Precision(
        "int8, feed-forward output and head in float",
        lambda layer: not layer.endswith(OUTPUTS) and layer != "lm_head",
        _none,
    ),
    Precision("int8 embedding only", lambda layer: layer == "shared", _none),
)


@dataclass(frozen=True, slots=True)
class Quality:
    """One precision on held-out names: chrF against the pairs' texts, the share of texts equal to fp32's, and
    the share that does not name the file's kind."""

    precision: str
    megabytes: float
    chrf: dict[str, float]
    same_as_fp32: dict[str, float]
    kind_errors: dict[str, float]


def write_graph(
    model,
    weights: Mapping[str, np.ndarray],
    precision: Precision,
    folder: Path,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    beams: int = 1,
) -> float:
    """Write the graph, its int8 inputs quantised by `ranges` where given; returns its size in MB."""
    config, most = model.config, limits(model.config.vocab_size)
    is_t5 = config.model_type in ("t5", "mt5")
    build = t5_graph.Builder if is_t5 else bart_graph.Builder
    builder = build(
        shape_of(config) if is_t5 else config,
        weights,
        precision.int8,
        most.source,
        most.new,
        precision.int4,
        ranges or {},
        most.guarded,
        beams,
    )
    save_graph(builder.model(), folder)
    return megabytes(folder)


def save_graph(graph: onnx.ModelProto, folder: Path) -> None:
    """Write model.onnx and, beside it, weights.bin: ONNX Runtime maps that file instead of holding it twice."""
    (folder / WEIGHTS).unlink(missing_ok=True)
    onnx.save(graph, str(folder / MODEL), save_as_external_data=True, location=WEIGHTS)
    # onnx lets the owner alone read it; a wheel would install it so.
    (folder / WEIGHTS).chmod((folder / MODEL).stat().st_mode)


def megabytes(folder: Path) -> float:
    """What the graph and its weights take on disk, in MB."""
    return sum((folder / name).stat().st_size for name in (MODEL, WEIGHTS)) / 1e6


def quantise(
    model,
    weights: Mapping[str, np.ndarray],
    folder: Path,
    pairs: Sequence[Pair],
    languages: Sequence[str],
    int4: bool = False,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    beams: int = 1,
) -> list[Quality]:
    """Rows for fp32 (which stands in `folder`) and the precisions tried; the last row's graph is left there.

    int8 steps are tried until one is within tolerance. With `int4` that row stands too, and is the last where
    it is within tolerance. With `ranges` a row shows what inputs scaled by batch would give. UserError where no
    step is within tolerance.
    """
    fp32 = _texts(folder, pairs, languages)
    exact = _quality(FP32.name, megabytes(folder), folder, pairs, fp32, fp32)

    def tried(precision: Precision) -> Quality:
        scaled_by = {} if precision is BY_BATCH else ranges
        size = write_graph(model, weights, precision, folder, scaled_by, beams)
        return _quality(precision.name, size, folder, pairs, _texts(folder, pairs, languages), fp32)

    def passes(row: Quality) -> bool:
        return all(exact.chrf[lang] - row.chrf[lang] <= TOLERANCE for lang in languages)

    shown = [tried(BY_BATCH)] if ranges else []
    small = [tried(INT4)] if int4 else []
    rows = []
    for precision in INT8:
        rows.append(tried(precision))
        if passes(rows[-1]):
            break
    if small and passes(small[0]):
        write_graph(model, weights, INT4, folder, ranges, beams)
        return [exact, *shown, *rows, *small]
    if not passes(rows[-1]):
        raise UserError(
            f"No int8 graph keeps chrF within {TOLERANCE} of fp32: {rows[-1].chrf} against {exact.chrf}.",
            "Nothing was exported. Train longer or on another base.",
        )
    return [exact, *shown, *small, *rows]


def _texts(folder: Path, pairs: Sequence[Pair], languages: Sequence[str]) -> dict[str, list[str]]:
    student = Student.load(folder).outspoken()
    return {lang: student.describe([pair.name for pair in pairs], lang) for lang in languages}


def _quality(
    name: str,
    size: float,
    folder: Path,
    pairs: Sequence[Pair],
    texts: Mapping[str, Sequence[str]],
    fp32: Mapping[str, Sequence[str]],
) -> Quality:
    table = KindTable.load(folder / KINDS)
    kinds = [table.of(pair.name) for pair in pairs]
    chrf = {
        lang: sacrebleu.corpus_chrf(found, [[pair.text(lang) for pair in pairs]]).score
        for lang, found in texts.items()
    }
    same = {
        lang: sum(a == b for a, b in zip(found, fp32[lang], strict=True)) / len(pairs)
        for lang, found in texts.items()
    }
    errors = {
        lang: sum(not kind.named_in(text) for kind, text in zip(kinds, found, strict=True)) / len(pairs)
        for lang, found in texts.items()
    }
    return Quality(name, size, chrf, same, errors)
