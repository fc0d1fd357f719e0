import dataclasses
import json
import shutil

import httpx2
import pytest
import torch
from transformers import (
    AutoTokenizer,
    BartConfig,
    BartForConditionalGeneration,
    ByT5Tokenizer,
    LEDConfig,
    LEDForConditionalGeneration,
    MBartConfig,
    MBartForConditionalGeneration,
    MT5Config,
    MT5ForConditionalGeneration,
    T5Config,
    T5ForConditionalGeneration,
)

from datagen.corpus import FOLDER, seed_pairs
from nomenclair import Student, UserError
from nomenclair.contract import source_text
from train import bases
from train.data import split_of
from train.export import export
from train.fit import fit
from train.t5_shape import head_scale

TINY = {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_decoder_layers": 1, "num_heads": 4}


def saved(model, tokenizer, folder):
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture
def tokenizer(tiny_base):
    return AutoTokenizer.from_pretrained(tiny_base)


def mt5(size):
    """Gated GELU and a head of its own, as all of mT5's sizes have."""
    config = MT5Config(vocab_size=size, tie_word_embeddings=False, decoder_start_token_id=0, **TINY)
    return MT5ForConditionalGeneration(config)


def t5_1_0(size):
    """ReLU and the embedding as head, as the first T5 had."""
    return T5ForConditionalGeneration(
        T5Config(vocab_size=size, feed_forward_proj="relu", decoder_start_token_id=0, **TINY)
    )


def byt5(size):
    """Three times as deep an encoder, gated GELU and a head of its own."""
    config = T5Config(vocab_size=size, feed_forward_proj="gated-gelu", tie_word_embeddings=False,
                      decoder_start_token_id=0, **{**TINY, "num_layers": 3})  # fmt: skip
    return T5ForConditionalGeneration(config)


SMALL = {"d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64,
         "encoder_attention_heads": 4, "decoder_attention_heads": 4, "max_position_embeddings": 64,
         "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2, "forced_eos_token_id": 1}  # fmt: skip


def bart(size):
    """Its head is its embedding; it starts an answer with the end token."""
    return BartForConditionalGeneration(BartConfig(vocab_size=size, decoder_start_token_id=1, **SMALL))


def mbart(size):
    """Its config does not say what an answer starts with."""
    return MBartForConditionalGeneration(MBartConfig(vocab_size=size, scale_embedding=True, **SMALL))


@pytest.mark.parametrize(
    ("build", "bytewise"),
    [
        pytest.param(mt5, False, id="mT5"),
        pytest.param(t5_1_0, False, id="T5"),
        pytest.param(byt5, True, id="ByT5"),
        pytest.param(bart, False, id="BART"),
        pytest.param(mbart, False, id="mBART"),
    ],
)
def test_the_family_becomes_one_graph(tmp_path, settings, pairs, tokenizer, build, bytewise):
    """export checks fp32 against torch, token for token: it fails where the graph reads the config wrongly."""
    torch.manual_seed(0)
    tokenizer = ByT5Tokenizer() if bytewise else tokenizer
    base = saved(build(len(tokenizer)), tokenizer, tmp_path / "base")
    # BART by an adapter: it must find the matrices by their other names.
    tuned = dataclasses.replace(settings, base=base, epochs=1, full=build is not bart)
    fit(pairs[:120], tuned, tmp_path / "training")
    held_out = [pair for pair in pairs if split_of(pair.name) != "train"][:12]
    export(tmp_path / "training", tmp_path / "student", held_out, FOLDER / "kinds.tsv")
    assert all(Student.load(tmp_path / "student").describe(["facture.pdf", "a.sh"], "fr"))


@pytest.mark.parametrize("build", [mt5, t5_1_0, byt5])
def test_the_head_reads_what_torch_gives_it(build):
    """Greedy decoding would not see a scale; scores, thresholds and beams do."""
    torch.manual_seed(0)
    model = build(30).eval()
    with torch.inference_mode():
        out = model(input_ids=torch.tensor([[3, 4, 1]]), decoder_input_ids=torch.tensor([[0, 5]]),
                    output_hidden_states=True)  # fmt: skip
        found = model.lm_head(out.decoder_hidden_states[-1] * head_scale(model.config))
    torch.testing.assert_close(found, out.logits)


def test_a_table_of_bytes_reads_and_writes_as_byt5():
    theirs = ByT5Tokenizer()
    ours = bases.byte_tokenizer(theirs).backend_tokenizer
    texts = [source_text(pair.name, lang) for pair in seed_pairs()[::40] for lang in ("fr", "en")]
    for text in [*texts, "", " ", "é à ç œ 日本 📷 \x00\x7f", "a  b"]:
        ids = ours.encode(text).ids
        assert ids == theirs(text)["input_ids"]
        assert ours.decode(ids) == text
    cut = ours.encode("é").ids[1:]
    assert ours.decode(cut) == "\ufffd"


def test_other_families_are_refused_before_training(tmp_path, settings, pairs, tokenizer):
    config = LEDConfig(
        vocab_size=len(tokenizer), d_model=16, encoder_layers=1, decoder_layers=1, encoder_ffn_dim=16,
        decoder_ffn_dim=16, encoder_attention_heads=2, decoder_attention_heads=2, attention_window=4,
        max_encoder_position_embeddings=64, max_decoder_position_embeddings=64,
    )  # fmt: skip
    base = saved(LEDForConditionalGeneration(config), tokenizer, tmp_path / "base")
    with pytest.raises(UserError, match=r"is a led\..*Choose a T5, .* BART or mBART"):
        fit(pairs, dataclasses.replace(settings, base=base), tmp_path / "training")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        pytest.param({"feed_forward_proj": "gated-silu"}, "is refused.*gated-silu", id="an activation"),
        pytest.param(
            {"eos_token_id": 2}, r"starts, ends and fills answers with the tokens \(0, 2, 0\)", id="CodeT5"
        ),
    ],
)
def test_what_no_graph_knows_is_refused_before_training(tmp_path, settings, pairs, tokenizer, changed, says):
    config = T5Config(vocab_size=len(tokenizer), **{**TINY, "decoder_start_token_id": 0, **changed})
    base = saved(T5ForConditionalGeneration(config), tokenizer, tmp_path / "base")
    with pytest.raises(UserError, match=f"{says}.*no graph can be written"):
        fit(pairs, dataclasses.replace(settings, base=base), tmp_path / "training")


def test_a_base_without_its_tokenizer_is_named(tmp_path, tiny_base):
    shutil.copytree(tiny_base, tmp_path / "base", ignore=shutil.ignore_patterns("tokenizer*", "special*"))
    with pytest.raises(UserError, match=r"base' cannot read.*Store the tokenizer beside the weights"):
        bases.load_tokenizer(str(tmp_path / "base"), ())


def test_a_decoder_of_another_family_stays_whole(tmp_path, settings, pairs, tokenizer):
    base = saved(bart(len(tokenizer)), tokenizer, tmp_path / "base")
    with pytest.raises(UserError, match="Only a T5's decoder can be made shallower, not a bart's"):
        fit(pairs, dataclasses.replace(settings, base=base, decoder_layers=1), tmp_path / "training")


def test_the_random_base_reads_every_character():
    tokenizer = bases.train_tokenizer(["facture mars", "rapport annuel", "photo de vacances"] * 20, 330)
    text = "日本 été {}"
    assert tokenizer.decode(tokenizer(text)["input_ids"], skip_special_tokens=True) == text


def test_a_base_cut_short_is_named(tmp_path, tiny_base, tokenizer):
    shutil.copytree(tiny_base, tmp_path / "base")
    weights = tmp_path / "base" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(UserError, match=r"base' cannot be loaded: .*Give a folder"):
        bases.load_model(str(tmp_path / "base"), tokenizer, 0)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(json.JSONDecodeError("Expecting value", "<html>", 0), id="a proxy's login page"),
        pytest.param(httpx2.ConnectError("no route"), id="no network"),
    ],
)
def test_what_is_no_hub_is_not_reached(monkeypatch, answer):
    def asked(*args, **kwargs):
        raise answer

    # An interrupted download left one file.
    cached = {"config.json": "/cache/config.json"}
    monkeypatch.setattr(bases, "try_to_load_from_cache", lambda model, file: cached.get(file))
    monkeypatch.setattr(bases.HfApi, "model_info", asked)
    assert bases.default_base()[0] == str(bases.EMBEDDED)
