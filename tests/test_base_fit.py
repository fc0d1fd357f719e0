"""Pretraining in small: the rate, the optimizers, a run that goes on from its checkpoint."""

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from train.base import fit, publish
from train.base.build import shard
from train.base.model import new_model, shape
from train.base.shards import IGNORED
from train.base.tokenizer import train

PAIRS = [(f"en: {w} .txt", f"Text file of {w}") for w in ("alpha", "beta", "gamma", "delta")]


LABELS = np.array([[7, 8, 1, IGNORED], [9, 1, IGNORED, IGNORED]])


@pytest.mark.parametrize(
    ("hide", "before"),
    [
        pytest.param(0, [[0, 7, 8, 1], [0, 9, 1, 0]], id="its own words, one place later"),
        pytest.param(1, [[0, 2, 2, 2], [0, 2, 2, 2]], id="all hidden but the start"),
    ],
)
def test_what_the_decoder_reads(hide: float, before: list[list[int]]) -> None:
    assert fit.words_before(LABELS, hide, np.random.default_rng(1)).tolist() == before


@pytest.mark.parametrize(
    ("smoothing", "sure", "unsure"),
    [
        pytest.param(0.0, 0.0, 1.099, id="the label alone"),
        pytest.param(
            0.3, 4.0, 1.099, id="a fifth of it on the two wrong tokens, which a sure model holds at -20"
        ),
    ],
)
def test_the_surprise_of_labels(smoothing: float, sure: float, unsure: float) -> None:
    labels = torch.tensor([[1, 0, IGNORED]])
    right = torch.tensor([[[0.0, 20, 0], [20, 0, 0], [0, 0, 20]]])
    assert fit.surprise(right, labels, smoothing).item() == pytest.approx(sure, abs=1e-3)
    assert fit.surprise(0 * right, labels, smoothing).item() == pytest.approx(unsure, abs=1e-3)


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    tokenizer = train(Counter({line: 40 for pair in PAIRS for line in pair}), 420, ("en:",))
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    shard(tokenizer, PAIRS * 8).save(tmp_path / "tiny.npz")
    held = [{"source": s, "target": t, "lang": "en"} for s, t in PAIRS]
    held += [{"source": "fr: alpha .txt", "target": "Fichier texte alpha", "lang": "fr"}]
    (tmp_path / "held_out.json").write_text(json.dumps(held), encoding="utf-8")
    return tmp_path


def test_the_rate_warms_up_and_falls_to_its_floor_at_the_end() -> None:
    assert fit.rate(0, 0.0, 0.0, 100.0) == pytest.approx(0.01)
    assert fit.rate(fit.WARMUP_STEPS, 50.0, 0.0, 100.0) == pytest.approx(0.5)
    assert fit.rate(fit.WARMUP_STEPS, 200.0, 0.0, 100.0) == pytest.approx(0.01)


def test_muon_gets_the_layers_matrices_and_nothing_twice() -> None:
    model = new_model(shape(512, 128, 96, 1, 1))
    muon, adam = (
        [p for g in o.param_groups for p in g["params"]] for o in fit.optimizers(model, 0.02, 0.004)
    )
    assert {id(p) for p in muon}.isdisjoint(map(id, adam))
    assert len(muon) + len(adam) == len(list(model.parameters()))
    assert any(p is model.shared.weight for p in adam)


def test_a_run_goes_on_from_its_checkpoint_and_is_published(
    shards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        torch, "compile", lambda f, **_: f
    )  # the compiler takes a minute and changes no result
    run, out = shards / "run", shards / "weights"
    sizes = ["--width", "128", "--feed-forward", "64", "--encoder", "1", "--decoder", "1", "--batch", "4"]
    command = ["fit", str(shards), str(run), "--mix", "tiny=1", "--until", "23:59", *sizes]
    steps = []
    for most in (3, 5):
        monkeypatch.setattr(sys, "argv", [*command, "--steps", str(most)])
        fit.main()
        steps.append(torch.load(run / "checkpoint.pt", weights_only=True)["step"])
    assert steps == [3, 5]
    assert "chrF en" in (run / "log.tsv").read_text("utf-8")

    monkeypatch.setattr(sys, "argv", ["publish", str(shards), str(run), "--out", str(out)])
    publish.main()
    tokenizer, model = AutoTokenizer.from_pretrained(out), AutoModelForSeq2SeqLM.from_pretrained(out)
    text = "en: Window d'alpha 2023 日 .txt"
    mine = Tokenizer.from_file(str(shards / "tokenizer.json"))
    assert tokenizer(text)["input_ids"] == mine.encode(text).ids
    assert tokenizer.decode(mine.encode(text).ids, skip_special_tokens=True) == text
    assert model.dtype == torch.bfloat16 and model.config.eos_token_id == 1


def test_a_query_matrix_steps_by_a_share_of_the_others_rate() -> None:
    model = new_model(shape(512, 128, 96, 1, 1))
    muon, adam = fit.optimizers(model, 0.02, 0.004)
    rates = {id(p): g["lr"] for o in (muon, adam) for g in o.param_groups for p in g["params"]}
    attention = model.encoder.block[0].layer[0].SelfAttention
    assert rates[id(attention.q.weight)] == pytest.approx(0.02 / 8)
    assert rates[id(attention.k.weight)] == 0.02
    assert rates[id(attention.relative_attention_bias.weight)] == pytest.approx(0.04)
