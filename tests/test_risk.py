import dataclasses

import pytest
import torch
from transformers import AutoTokenizer, T5Config, T5ForConditionalGeneration

from nomenclair.errors import UserError
from nomenclair.workspace import read_json
from train.fit import fit
from train.risk import advantage, encode, log_probability, said

IDS = torch.tensor([[3, 4, 5, 1], [6, 7, 1, 0]])
MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])


@pytest.fixture(
    params=[
        pytest.param({"feed_forward_proj": "relu", "tie_word_embeddings": True}, id="tied, ReLU"),
        pytest.param({"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}, id="untied, gated"),
    ]
)
def model(request):
    torch.manual_seed(0)
    config = T5Config(vocab_size=20, d_model=16, d_kv=4, d_ff=24, num_layers=2, num_heads=3,
                      decoder_start_token_id=0, dropout_rate=0.0, **request.param)  # fmt: skip
    made = T5ForConditionalGeneration(config).eval()
    for (
        parameter
    ) in made.parameters():  # an untrained T5's scores are too level to tell one text from another
        torch.nn.init.normal_(parameter, std=0.4)
    return made


def test_log_probabilities_are_those_of_transformers(model):
    tokens = torch.tensor([[[5, 6, 1], [7, 7, 7]], [[2, 1, 0], [1, 0, 0]]])
    counted = torch.tensor([[[1, 1, 1], [1, 1, 1]], [[1, 1, 0], [1, 0, 0]]]).bool()
    found = log_probability(model, encode(model, IDS, MASK), tokens, counted)
    for name in range(2):
        for text in range(2):
            labels = tokens[name, text][counted[name, text]][None]
            out = model(input_ids=IDS[name : name + 1], attention_mask=MASK[name : name + 1], labels=labels)
            assert torch.isclose(found[name, text], -out.loss * labels.shape[1], atol=1e-4)


def test_greedy_texts_are_those_of_transformers(model):
    found = said(model, encode(model, IDS, MASK), 1, 9, greedy=True)[:, 0]
    theirs = model.generate(
        IDS, attention_mask=MASK, max_new_tokens=9, do_sample=False, num_beams=1, use_cache=True
    )
    assert found.tolist() == theirs[:, 1:].tolist()


def test_texts_are_drawn_by_their_probability(model):
    torch.manual_seed(1)
    names = encode(model, IDS[:1], MASK[:1])
    first = said(model, names, 20_000, 1)[0, :, 0]
    shares = torch.bincount(first, minlength=20) / len(first)
    each = torch.arange(20).view(1, 20, 1)
    wanted = log_probability(model, names, each, torch.ones_like(each, dtype=torch.bool)).exp()[0]
    assert torch.allclose(shares, wanted, atol=0.015)  # four times the greatest deviation of so many draws


def test_nothing_follows_the_end(model):
    torch.manual_seed(2)
    texts = said(model, encode(model, IDS, MASK), 50, 12).flatten(0, 1)
    end = (texts == 1).cumsum(-1) - (texts == 1).long()
    assert ((texts == 0) | (end == 0)).all()


def test_a_text_is_held_against_the_others():
    found = advantage(torch.tensor([[0.9, 0.3, 0.3], [0.5, 0.5, 0.5]]))
    assert torch.allclose(found, torch.tensor([[0.6, -0.3, -0.3], [0.0, 0.0, 0.0]]))


@pytest.mark.parametrize("bf16", [False, True])
def test_the_risk_falls(tmp_path, settings, pairs, bf16):
    """From a student that has learnt a little: what it says of its training names comes nearer to their texts."""
    begun = dataclasses.replace(settings, full=True, epochs=6, learning_rate=3e-3, batch=32)
    fit(pairs[:120], begun, tmp_path / "begun")
    base = tmp_path / "begun" / "model"
    AutoTokenizer.from_pretrained(tmp_path / "begun" / "tokenizer").save_pretrained(base)
    risk = dataclasses.replace(
        begun, base=str(base), minimum_risk=True, epochs=4, learning_rate=1e-3, bf16=bf16
    )
    fit(pairs[:120], risk, tmp_path / "risk")
    history = read_json(tmp_path / "risk" / "training.json")["history"]
    shown = [row["loss"] for row in history if "loss" in row]
    assert shown[-1] < shown[0]
    assert all(0 <= row["eval_loss"] <= 1 for row in history if "eval_loss" in row)


def test_another_family_is_refused(tmp_path, settings, pairs, tiny_base):
    from transformers import BartConfig, BartForConditionalGeneration

    tokenizer = AutoTokenizer.from_pretrained(tiny_base)
    small = {
        "d_model": 16,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "encoder_ffn_dim": 16,
        "decoder_ffn_dim": 16,
    }
    config = BartConfig(
        vocab_size=len(tokenizer), encoder_attention_heads=2, decoder_attention_heads=2, **small
    )
    BartForConditionalGeneration(config).save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    asked = dataclasses.replace(settings, base=str(tmp_path / "base"), minimum_risk=True)
    with pytest.raises(UserError, match="--minimum-risk tunes a T5, not a bart"):
        fit(pairs, asked, tmp_path / "training")
