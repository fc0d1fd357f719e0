"""Whether the fp32 graph answers as torch does, token for token: an export that differs is refused."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from nomenclair.contract import source_text
from nomenclair.errors import UserError
from nomenclair.records import Pair
from nomenclair.student import MODEL, Student
from train import bases
from train.decoding import NO_REPEAT

PARITY_NAMES = 200  # (name, language) pairs compared
TIE = 1e-4  # scores this close are one score: some hundred times float32's rounding, a hundredth of a word's lead


def same_choice(model, source: dict, found: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether a graph's token ids are torch's, whose first is the start token.

    Where they first differ, torch must score both tokens alike: another processor rounds another way, and an
    untrained base has many near ties.
    """
    wanted, begun = wanted[1:], wanted[:1]
    if found.tolist() == wanted.tolist():
        return True
    length = min(len(found), len(wanted))
    apart = np.flatnonzero(found[:length] != wanted[:length])
    if not len(apart):
        return False
    at = apart[0]
    before = torch.from_numpy(np.concatenate([begun, wanted[:at]]))[None]
    scores = model(**source, decoder_input_ids=before).logits[0, -1]
    return bool((scores[found[at]] - scores[wanted[at]]).abs() < TIE)


def check_parity(model, folder: Path, pairs: Sequence[Pair], languages: tuple[str, ...]) -> None:
    """fp32 ONNX against torch, token for token, both greedy."""
    asked = [(pair.name, lang) for pair in pairs for lang in languages][:PARITY_NAMES]
    student = Student.load(folder)
    tokenizer = student._tokenizer
    session = onnxruntime.InferenceSession(str(folder / MODEL), providers=["CPUExecutionProvider"])
    most = bases.limits(model.config.vocab_size)
    different = []
    for name, lang in asked:
        ids = np.array([tokenizer.encode(source_text(name, lang, student.glossary)).ids], np.int64)
        mask, bound = np.ones_like(ids), np.array(most.new, np.int64)
        found, _ = session.run(None, {"input_ids": ids, "attention_mask": mask, "max_new_tokens": bound})
        source = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
        with torch.inference_mode():
            wanted = model.generate(
                **source,
                max_new_tokens=most.new,
                do_sample=False,
                num_beams=1,
                no_repeat_ngram_size=NO_REPEAT if most.guarded else 0,
                decoder_start_token_id=model.config.decoder_start_token_id,
                eos_token_id=model.config.eos_token_id,
                pad_token_id=model.config.pad_token_id,
                # A tuned BART has learnt its first and last token; the graph forces none.
                forced_bos_token_id=None,
                forced_eos_token_id=None,
            )[0]
            if not same_choice(model, source, found[0, 0], wanted.numpy()):
                different.append(name)
    if different:
        raise UserError(
            f"fp32 ONNX and torch differ on {len(different)} of {len(asked)} names, {different[0]!r} first.",
            "Nothing was exported. Report this base: the graph does not fit it.",
        )
