"""A trained model to a student folder: one int8 ONNX graph, tokenizer, card. Each gate is measured.

The LoRA adapter is merged on the unquantised base (merging into 8-bit weights would round them). fp32 ONNX
must give the same tokens as torch; int8 must keep chrF within a tolerance of fp32 in each language. Layers that
hurt stay in float until it does.
"""

import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import sacrebleu
import torch
from peft import PeftModel

from nomenclair import contract
from nomenclair.contract import source_text
from nomenclair.errors import UserError
from nomenclair.records import Pair
from nomenclair.student import CARD, KINDS, MODEL, TOKENIZER, Student
from nomenclair.workspace import read_json, write_json, write_text
from train import bases
from train.fit import PREPARED
from train.t5_graph import EOS, PAD, Builder, shape_of

# Below any mean log-probability: without a calibrated threshold the student never abstains.
NEVER = -1e9
PARITY_NAMES = 200
# The most chrF that int8 may lose against fp32, in points, per language.
TOLERANCE = 1.0

# Which layers are int8, most first: each step keeps the layers that quantise worst in float.
PRECISIONS: dict[str, Callable[[str], bool]] = {
    "int8": lambda layer: True,
    "int8, feed-forward output in float": lambda layer: not layer.endswith(".wo"),
    "int8, feed-forward output and head in float": lambda layer: (
        not layer.endswith(".wo") and layer != "lm_head"
    ),
    "int8 embedding only": lambda layer: layer == "shared",
}


@dataclass(frozen=True, slots=True)
class Quality:
    """One precision on held-out names: chrF against the references, and how many texts equal fp32's."""

    precision: str
    megabytes: float
    chrf: dict[str, float]
    same_as_fp32: dict[str, float]


def load_trained(training: Path) -> tuple[torch.nn.Module, Path, dict]:
    """The merged fp32 model, its tokenizer folder, and training.json."""
    report = read_json(training / "training.json")
    settings = report["settings"]
    tokenizer_folder = training / "tokenizer"
    if (training / "model").exists():
        tokenizer = bases.load_tokenizer(str(tokenizer_folder), ())
        return (
            bases.load_model(str(training / "model"), tokenizer, 0).float().eval(),
            tokenizer_folder,
            report,
        )
    base = str(training / PREPARED) if report["prepared"] else settings["base"]
    tokenizer = bases.load_tokenizer(base, ())
    base = bases.load_model(base, tokenizer, settings["seed"], dtype=torch.float32)
    merged = PeftModel.from_pretrained(base, str(training / "adapter")).merge_and_unload()
    return merged.eval(), tokenizer_folder, report


def export(training: Path, student: Path, held_out: Sequence[Pair], kinds: Path) -> list[Quality]:
    """Build, check and write the student folder; returns the quantisation table.

    The old folder stays whole until the new one is complete. UserError where a gate does not open.
    """
    model, tokenizer_folder, report = load_trained(training)
    languages = tuple(report["settings"]["languages"])
    fresh = student.with_name(f".{student.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        shutil.copy(tokenizer_folder / "tokenizer.json", fresh / TOKENIZER)
        shutil.copy(kinds, fresh / KINDS)
        weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
        card = _card(report, languages)
        write_json(fresh / CARD, card)
        _write_graph(model, weights, lambda layer: False, fresh)
        _check_parity(model, fresh, held_out, languages)
        table = _quantise(model, weights, fresh, held_out, languages)
        card |= {"quantisation": [asdict(row) for row in table], "precision": table[-1].precision}
        write_text(fresh / "README.md", model_card(card))
        card["sha256"] = {name: _sha256(fresh / name) for name in (MODEL, TOKENIZER, KINDS)}
        write_json(fresh / CARD, card)
        _replace_folder(fresh, student)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return table


def export_fp32(training: Path, folder: Path, kinds: Path) -> None:
    """The student in fp32, ungated, into an existing folder: what benchmarks compare int8 with."""
    model, tokenizer_folder, report = load_trained(training)
    shutil.copy(tokenizer_folder / "tokenizer.json", folder / TOKENIZER)
    shutil.copy(kinds, folder / KINDS)
    write_json(folder / CARD, _card(report, tuple(report["settings"]["languages"])))
    weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    _write_graph(model, weights, lambda layer: False, folder)


def _card(report: dict, languages: tuple[str, ...]) -> dict:
    return {
        "contract": contract.CONTRACT_VERSION,
        "languages": languages,
        "abstain_below": dict.fromkeys(contract.LANGUAGES, NEVER),
        "base": report["settings"]["base"],
        "data": report["data"],
        "training": report["result"],
        "versions": report["versions"],
    }


def _write_graph(model, weights: dict[str, np.ndarray], int8: Callable[[str], bool], folder: Path) -> float:
    """Write model.onnx; returns its size in MB."""
    builder = Builder(
        shape_of(model.config), weights, int8, contract.MAX_SOURCE_TOKENS, contract.MAX_NEW_TOKENS
    )
    onnx.save(builder.model(), str(folder / MODEL))
    return (folder / MODEL).stat().st_size / 1e6


def _check_parity(model, folder: Path, held_out: Sequence[Pair], languages: tuple[str, ...]) -> None:
    """fp32 ONNX against torch, token for token."""
    asked = [(pair.name, lang) for pair in held_out for lang in languages][:PARITY_NAMES]
    tokenizer = Student.load(folder)._tokenizer
    session = onnxruntime.InferenceSession(str(folder / MODEL), providers=["CPUExecutionProvider"])
    different = []
    for name, lang in asked:
        ids = np.array([tokenizer.encode(source_text(name, lang)).ids], np.int64)
        mask, bound = np.ones_like(ids), np.array(contract.MAX_NEW_TOKENS, np.int64)
        found, _ = session.run(None, {"input_ids": ids, "attention_mask": mask, "max_new_tokens": bound})
        with torch.inference_mode():
            wanted = model.generate(
                input_ids=torch.from_numpy(ids),
                attention_mask=torch.from_numpy(mask),
                max_new_tokens=contract.MAX_NEW_TOKENS,
                do_sample=False,
                num_beams=1,
                decoder_start_token_id=PAD,
                eos_token_id=EOS,
                pad_token_id=PAD,
            )[0, 1:].numpy()
        if found[0].tolist() != wanted.tolist():
            different.append(name)
    if different:
        raise UserError(
            f"fp32 ONNX and torch differ on {len(different)} of {len(asked)} names, {different[0]!r} first.",
            "Nothing was exported. Report this base: the graph does not fit it.",
        )


def _quantise(
    model, weights: dict[str, np.ndarray], folder: Path, held_out: Sequence[Pair], languages: tuple[str, ...]
) -> list[Quality]:
    """Try the precisions, most int8 first, until one keeps chrF; the graph it leaves in `folder` is that one."""
    sample = list(held_out)[:PARITY_NAMES]
    reference = _texts(folder, sample, languages)
    table = [_quality("fp32", (folder / MODEL).stat().st_size / 1e6, sample, reference, reference)]
    for precision, int8 in PRECISIONS.items():
        megabytes = _write_graph(model, weights, int8, folder)
        row = _quality(precision, megabytes, sample, _texts(folder, sample, languages), reference)
        table.append(row)
        if all(table[0].chrf[lang] - row.chrf[lang] <= TOLERANCE for lang in languages):
            return table
    raise UserError(
        f"No int8 graph keeps chrF within {TOLERANCE} of fp32: {table[-1].chrf} against {table[0].chrf}.",
        "Nothing was exported. Train longer or on another base.",
    )


def _texts(folder: Path, pairs: Sequence[Pair], languages: tuple[str, ...]) -> dict[str, list[str]]:
    student = Student.load(folder)
    return {lang: student.describe([pair.name for pair in pairs], lang) for lang in languages}


def _quality(
    precision: str,
    megabytes: float,
    pairs: Sequence[Pair],
    texts: dict[str, list[str]],
    fp32: dict[str, list[str]],
) -> Quality:
    chrf = {
        lang: sacrebleu.corpus_chrf(found, [[pair.text(lang) for pair in pairs]]).score
        for lang, found in texts.items()
    }
    same = {
        lang: sum(a == b for a, b in zip(found, fp32[lang], strict=True)) / len(pairs)
        for lang, found in texts.items()
    }
    return Quality(precision, megabytes, chrf, same)


def _replace_folder(fresh: Path, target: Path) -> None:
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def model_card(card: dict) -> str:
    """The student's README.md: what it is, how it was made, what int8 cost."""
    rows = "\n".join(
        f"| {row['precision']} | {row['megabytes']:.1f} | "
        + " | ".join(
            f"{row['chrf'][lang]:.1f} | {row['same_as_fp32'][lang]:.0%}" for lang in card["languages"]
        )
        + " |"
        for row in card["quantisation"]
    )
    heads = " | ".join(f"chrF {lang} | same texts {lang}" for lang in card["languages"])
    return f"""# A nomenclair student

Describes a file from its name alone, in: {", ".join(card["languages"])}. Greedy decoding, one ONNX graph.

- base: `{card["base"]}`
- training data: SHA-256 `{card["data"]}`
- validation loss: {card["training"]["validation_loss"]:.3f} (training loss {card["training"]["train_loss"]:.3f})
- stored as: {card["precision"]}

| precision | MB | {heads} |
|---|---|{"---|---|" * len(card["languages"])}
{rows}

Measured on held-out names, against the pairs' own texts; "same texts" are those equal to fp32's.
It sees names only: it can be wrong about what a file holds, and says nothing about its safety.
"""
