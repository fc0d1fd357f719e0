import dataclasses
import itertools

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, T5Config, T5ForConditionalGeneration

from datagen.corpus import FOLDER, seed_pairs
from nomenclair import Student, UserError
from nomenclair.contract import source_text
from train import prepare
from train.data import split_of
from train.export import export
from train.fit import fit
from train.t5_graph import Builder
from train.t5_shape import shape_of


@pytest.mark.parametrize(("layers", "kept"), list(itertools.product([1, 2, 6, 8], [1, 2, 3])))
def test_kept_layers_rise_and_hold_both_ends(layers, kept):
    if kept <= layers:
        chosen = prepare.spread(layers, kept)
        assert len(chosen) == kept == len(set(chosen)) and chosen == sorted(chosen)
        assert chosen[0] == 0 and (kept == 1 or chosen[-1] == layers - 1)


def deep_t5(**changes):
    torch.manual_seed(0)
    config = T5Config(**{"vocab_size": 300, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2,
                         "num_decoder_layers": 4, "num_heads": 4, "decoder_start_token_id": 0} | changes)  # fmt: skip
    return T5ForConditionalGeneration(config).eval()


def test_layers_between_are_left_out():
    """A model whose inner decoder layers add nothing says the same without them."""
    model = deep_t5()
    with torch.no_grad():
        for block in list(model.decoder.block)[1:3]:
            for name, weight in block.named_parameters():
                if name.endswith((".o.weight", ".wo.weight")):
                    weight.zero_()
    ids = torch.tensor([[5, 6, 7, 1]])
    before = model(input_ids=ids, decoder_input_ids=ids).logits
    after = prepare.with_decoder_layers(model, 2)(input_ids=ids, decoder_input_ids=ids).logits
    assert torch.allclose(before, after, atol=1e-5)


@pytest.mark.parametrize("kept", [-1, 5])
def test_a_depth_that_the_base_lacks_is_refused(kept):
    with pytest.raises(UserError, match=r"has 4 decoder layers, not .*Choose 1 to 4"):
        prepare.with_decoder_layers(deep_t5(), kept)


@pytest.fixture(scope="module")
def tokenizer(tiny_base):
    return AutoTokenizer.from_pretrained(tiny_base).backend_tokenizer


def test_each_name_encodes_to_the_same_pieces(tokenizer, pairs):
    texts = [source_text(pair.name, "fr") for pair in pairs[:40]]
    trimmed = prepare.trim_tokenizer(tokenizer, texts, [], 0)
    assert 256 + 100 < trimmed.tokenizer.get_vocab_size() < tokenizer.get_vocab_size()
    for text in texts:
        assert trimmed.tokenizer.encode(text).tokens == tokenizer.encode(text).tokens


@pytest.mark.parametrize("text", ["Ça coûte 12 €", "{}[]\\^`|~", "日本.txt", "fr: naïveté œuvre .JPG"])
def test_any_text_survives_a_trimmed_vocabulary(tokenizer, text):
    smaller = prepare.trim_tokenizer(tokenizer, ["fr: a .pdf"], [], 0).tokenizer
    assert smaller.decode(smaller.encode(text).ids) == tokenizer.decode(tokenizer.encode(text).ids)


def test_likely_texts_come_before_likely_pieces(tokenizer):
    fill = prepare.trim_tokenizer(tokenizer, [], ["ordonnance médicale"], 600).tokenizer
    assert fill.encode("ordonnance médicale").tokens == tokenizer.encode("ordonnance médicale").tokens


def test_the_vocabulary_fills_up_to_its_size(tokenizer):
    assert prepare.trim_tokenizer(tokenizer, [], [], 600).tokenizer.get_vocab_size() == 600


def test_a_trimmed_model_says_the_same(tokenizer, tiny_base, pairs):
    model = AutoModelForSeq2SeqLM.from_pretrained(tiny_base).eval()
    trimmed = prepare.trim_tokenizer(tokenizer, [pair.name for pair in pairs[:20]], [], 0)
    smaller = prepare.with_tokens(model, trimmed.ids)
    for pair in pairs[:5]:
        old, new = (torch.tensor([t.encode(pair.name).ids]) for t in (tokenizer, trimmed.tokenizer))
        before = model(input_ids=old, decoder_input_ids=old).logits[..., trimmed.ids]
        assert torch.allclose(before, smaller(input_ids=new, decoder_input_ids=new).logits, atol=1e-5)


def test_only_unigram_vocabularies_are_trimmed():
    with pytest.raises(UserError, match="not WordLevel"):
        prepare.trim_tokenizer(Tokenizer(models.WordLevel({"a": 0}, unk_token="a")), [], [], 10)
    with pytest.raises(UserError, match="does not begin with <pad>"):
        prepare.trim_tokenizer(Tokenizer(models.Unigram([("a", 0.0)])), [], [], 10)


def test_a_shallow_trimmed_training_becomes_a_student(tmp_path, settings, pairs, monkeypatch):
    monkeypatch.setattr(prepare, "KEPT", 700)
    deep = deep_t5(vocab_size=800)
    deep.save_pretrained(tmp_path / "deep")
    AutoTokenizer.from_pretrained(settings.base).save_pretrained(tmp_path / "deep")
    small = dataclasses.replace(
        settings, base=str(tmp_path / "deep"), epochs=1, decoder_layers=2, trim_vocabulary=True
    )
    fit(pairs, small, tmp_path / "training")
    held_out = [pair for pair in pairs if split_of(pair.name) != "train"][:12]
    export(tmp_path / "training", tmp_path / "student", held_out, FOLDER / "kinds.tsv")
    assert Student.load(tmp_path / "student").describe(["facture.pdf"], "fr")[0]
    base = AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "training" / "base")
    assert base.config.num_decoder_layers == 2
    assert base.config.vocab_size == len(AutoTokenizer.from_pretrained(tmp_path / "training" / "base")) < 800


def large_tokenizer(size):
    """A unigram tokenizer of T5's size and form: real words of the corpus, then made-up ones, less likely each."""
    syllables = ["".join(parts) for parts in itertools.product("bcdfglmnprstv", "aeiou", "lnrst")]
    words = dict.fromkeys(
        "▁" + word for text in prepare.corpus_texts() for word in text.split() if word.isalpha()
    )
    singles = [chr(code) for code in (*range(33, 127), *range(192, 383))]
    made_up = ("▁" + "".join(parts) for parts in itertools.product(syllables, repeat=2))
    pieces = ["▁", *singles, *words, *(word for word in made_up if word not in words)]
    vocabulary = [(piece, 0.0) for piece in prepare.SPECIAL]
    vocabulary += [(piece, -5 - i / 3000) for i, piece in enumerate(pieces[: size - 3])]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=2))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return tokenizer


@pytest.mark.slow
def test_flan_t5_small_trimmed_fits_60_mb():
    """Its exact shape, random weights, a vocabulary of its size."""
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=32128,
        d_model=512,
        d_kv=64,
        d_ff=1024,
        num_layers=8,
        num_decoder_layers=8,
        num_heads=6,
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=False,
        decoder_start_token_id=0,
    )
    model = T5ForConditionalGeneration(config)
    texts = [text for pair in seed_pairs() for text in (source_text(pair.name, "fr"), pair.fr, pair.en)]
    trimmed = prepare.trim_tokenizer(large_tokenizer(32100), texts, prepare.corpus_texts(), prepare.KEPT)
    smaller = prepare.with_tokens(model, trimmed.ids)

    def megabytes(model):
        weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
        graph = Builder(shape_of(model.config), weights, lambda layer: True, 64, 32).model()
        return len(graph.SerializeToString()) / 1e6

    whole, cut = megabytes(model), megabytes(smaller)
    assert 75 < whole < 80 and cut <= 60
    assert len(trimmed.tokenizer.to_str().encode()) < 1e6
