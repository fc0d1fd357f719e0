"""The architecture, and weights of another base taken over."""

from collections import Counter
from pathlib import Path

import torch
from transformers import AutoModelForSeq2SeqLM

from nomenclair.glossary import Glossary
from train.base.model import ChannelDropout, carry_over, drop_channels, new_model, shape, shape_of
from train.base.publish import mean, published
from train.base.tokenizer import train


def test_the_shape_is_read_from_the_weights() -> None:
    model = new_model(shape(512, 128, 96, 3, 1))
    assert shape_of(model.state_dict()).to_dict() == model.config.to_dict()


def test_a_base_of_another_tokenizer_is_carried_over(tmp_path: Path) -> None:
    lines = Counter({"fr: facture lycée": 9, "en: invoice school": 9, "d'eau": 4})
    old_tokens, new_tokens = train(lines, 420), train(lines, 420, ("fencing",))
    size = -(-max(t.get_vocab_size() for t in (old_tokens, new_tokens)) // 64) * 64
    old = new_model(shape(size, 128, 96, 1, 1))
    published(old.state_dict(), old_tokens, Glossary(), tmp_path)
    model = new_model(shape(size, 128, 96, 1, 1))
    carry_over(model, new_tokens, tmp_path)
    stored = AutoModelForSeq2SeqLM.from_pretrained(tmp_path).float()
    assert torch.equal(
        model.encoder.block[0].layer[0].SelfAttention.k.weight,
        stored.encoder.block[0].layer[0].SelfAttention.k.weight,
    )
    same, new = "</s>", "▁fencing"
    rows, old_rows = model.shared.weight, stored.shared.weight
    assert torch.equal(rows[new_tokens.token_to_id(same)], old_rows[old_tokens.token_to_id(same)])
    pieces = [piece.id for piece in old_tokens.model.tokenize(new)]
    assert torch.allclose(rows[new_tokens.token_to_id(new)], old_rows[pieces].mean(0))
    assert model.lm_head.weight is model.shared.weight


def test_the_mean_of_two_runs() -> None:
    first, second = ({"w": torch.tensor([value, 0.0])} for value in (1.0, 4.0))
    assert torch.equal(mean([first, second])["w"], torch.tensor([2.5, 0.0]))


def test_a_deeper_encoder_says_at_first_what_the_base_says(tmp_path: Path) -> None:
    tokens = train(Counter({"fr: facture lycée": 9, "en: invoice school": 9}), 420)
    size = -(-tokens.get_vocab_size() // 64) * 64
    torch.manual_seed(2)
    published(new_model(shape(size, 128, 96, 2, 1)).state_dict(), tokens, Glossary(), tmp_path)
    stored = AutoModelForSeq2SeqLM.from_pretrained(tmp_path).float()
    model = new_model(shape(size, 128, 96, 5, 1))
    carry_over(model, tokens, tmp_path)
    known = tokens.get_vocab_size()
    source, before = torch.randint(3, known, (4, 9)), torch.randint(3, known, (4, 7))
    said = [m.eval()(input_ids=source, decoder_input_ids=before).logits[..., :known] for m in (stored, model)]
    assert torch.allclose(*said, atol=1e-4)
    matrices = [block.layer[0].SelfAttention.k.weight for block in model.encoder.block]
    assert len(matrices) == 5 and torch.equal(matrices[0], matrices[1]) and not torch.equal(*matrices[2:4])


def test_a_channel_is_dropped_at_each_position_of_an_example_and_never_after_training() -> None:
    torch.manual_seed(1)
    dropout, ones = ChannelDropout(0.25), torch.ones(64, 5, 128)
    out = dropout(ones)
    assert torch.equal(out, out[:, :1].expand_as(out)), "the same channels at each position"
    assert set(out.unique().tolist()) == {0.0, torch.tensor(1 / 0.75).item()}
    assert abs((out == 0).float().mean() - 0.25) < 0.02
    assert not torch.equal(out[0], out[1]), "others in another example"
    assert torch.equal(dropout.eval()(ones), ones)


def test_every_dropout_of_the_model_becomes_one_of_channels() -> None:
    model = new_model(shape(512, 128, 96, 1, 1))
    drop_channels(model, 0.1)
    assert not any(isinstance(m, torch.nn.Dropout) for m in model.modules())
    assert sum(isinstance(m, ChannelDropout) for m in model.modules()) > 4


def test_a_fresh_model_looks_at_its_neighbours() -> None:
    model = new_model(shape(512, 128, 96, 1, 1))
    attention = model.encoder.block[0].layer[0].SelfAttention
    bias = attention.compute_bias(6, 6)[0]  # heads, query, key
    assert bias[0, 3].argmax() == 2 and bias[1, 3].argmax() == 4
    causal = model.decoder.block[0].layer[0].SelfAttention.compute_bias(6, 6)[0]
    assert causal[0, 3].argmax() == 2
