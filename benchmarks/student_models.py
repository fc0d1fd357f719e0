"""What bench_student measures: T5s of two shapes, written once for each engine."""

import shutil
from pathlib import Path

import torch
from tokenizers import Tokenizer, models
from transformers import AutoTokenizer, PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

from benchmarks.student_inputs import token_ids
from datagen.corpus import FOLDER, seed_pairs
from nomenclair import contract
from nomenclair.glossary import Glossary
from nomenclair.student import CARD, KINDS, TOKENIZER, write_words
from nomenclair.workspace import write_json
from train.bases import EMBEDDED, train_tokenizer
from train.decoding import T5_TOKENS
from train.quantise import INT8, write_graph
from train.ranges import activation_ranges
from train.t5_shape import shape_of

FLAN_T5_SMALL = T5Config(
    vocab_size=32_128,
    d_model=512,
    d_kv=64,
    d_ff=1024,
    num_layers=8,
    num_decoder_layers=8,
    num_heads=6,
    feed_forward_proj="gated-gelu",
    decoder_start_token_id=0,
)
EMBEDDED_SHAPE = T5Config(
    vocab_size=8192,
    d_model=256,
    d_kv=32,
    d_ff=1024,
    num_layers=6,
    num_decoder_layers=2,
    num_heads=8,
    feed_forward_proj="relu",
    decoder_start_token_id=0,
)


def build(shape: str) -> T5ForConditionalGeneration:
    """The model of a shape, random where no weights are there."""
    torch.manual_seed(0)
    if shape == "embedded" and EMBEDDED.exists():
        model = T5ForConditionalGeneration.from_pretrained(EMBEDDED)
    else:
        model = T5ForConditionalGeneration(FLAN_T5_SMALL if shape == "flan-t5-small" else EMBEDDED_SHAPE)
    with torch.no_grad():
        if shape == "flan-t5-small":
            model.lm_head.weight = torch.nn.Parameter(torch.randn_like(model.shared.weight))
            model.config.tie_word_embeddings = model.config.scale_decoder_outputs = False
    return model.float().eval()


def endless(model: T5ForConditionalGeneration) -> T5ForConditionalGeneration:
    """The model with an end token of zeros: each engine writes as many tokens as it may, none gains by stopping."""
    with torch.no_grad():
        model.shared.weight[T5_TOKENS.end] = 0
        model.lm_head.weight[T5_TOKENS.end] = 0
    return model


def write(shape: str, folder: Path) -> None:
    """model.onnx and weights.bin, torch/ and ctranslate2/ of one shape, all of the same weights."""
    # A peer of the benchmark alone: the tests of its arithmetic do not need it.
    from ctranslate2.converters import TransformersConverter

    model = endless(build(shape))
    folder.mkdir(parents=True, exist_ok=True)
    _save_graph(model, folder)
    _numbered_tokenizer(model.config.vocab_size).save_pretrained(folder / "torch")
    model.save_pretrained(folder / "torch")
    TransformersConverter(str(folder / "torch")).convert(
        str(folder / "ctranslate2"), quantization="int8", force=True
    )


def write_student(folder: Path) -> None:
    """A student folder of the embedded shape, with a tokenizer that reads names."""
    folder.mkdir(parents=True, exist_ok=True)
    model = build("embedded")
    if EMBEDDED.exists():
        tokenizer = AutoTokenizer.from_pretrained(EMBEDDED)
    else:
        texts = (text for pair in seed_pairs() for text in (pair.name, pair.en, pair.fr))
        tokenizer = train_tokenizer(texts, model.config.vocab_size)
    tokenizer.save_pretrained(folder)
    (folder / "tokenizer.json").replace(folder / TOKENIZER)
    shutil.copy(FOLDER / "kinds.tsv", folder / KINDS)
    Glossary.load(EMBEDDED).store(folder)
    pairs = seed_pairs()
    write_words(folder, {lang: [pair.text(lang) for pair in pairs] for lang in contract.LANGUAGES})
    _save_graph(model, folder, contract.BEAMS)
    never = dict.fromkeys(contract.LANGUAGES, -1e9)
    card = {
        "contract": contract.CONTRACT_VERSION,
        "languages": contract.LANGUAGES,
        "beams": contract.BEAMS,
        "abstain_below": never,
    }
    write_json(folder / CARD, card)


def file_mb(path: Path) -> float:
    """What an engine must ship for its weights, in MB."""
    weights = (".onnx", ".bin", ".safetensors")
    return sum(file.stat().st_size for file in path.iterdir() if file.suffix in weights) / 1e6


def _save_graph(model: T5ForConditionalGeneration, folder: Path, beams: int = 1) -> None:
    """The int8 graph as export writes it, its inputs quantised by what some random ones showed."""
    weights = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    rows = token_ids(model.config.vocab_size, 64)
    ranges = activation_ranges(
        model, list(zip(rows, rows[::-1], strict=True)), shape_of(model.config).head_scale
    )
    write_graph(model, weights, INT8[0], folder, ranges, beams)


def _numbered_tokenizer(size: int) -> PreTrainedTokenizerFast:
    """CTranslate2 takes tokens as text: token n is called tn."""
    words = ["<pad>", "</s>", "<unk>", *(f"t{i}" for i in range(3, size))]
    table = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    return PreTrainedTokenizerFast(
        tokenizer_object=table, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
