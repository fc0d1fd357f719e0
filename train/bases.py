"""The base a student starts from: a folder, a hub name, the embedded base, or a small random T5."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import httpx2
import torch
from huggingface_hub import HfApi, try_to_load_from_cache
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled
from safetensors import SafetensorError
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    ByT5Tokenizer,
    PreTrainedTokenizerFast,
    T5Config,
)
from transformers import T5ForConditionalGeneration as T5
from transformers.convert_slow_tokenizer import bytes_to_unicode

from nomenclair.contract import MAX_NEW_TOKENS, MAX_SOURCE_TOKENS
from nomenclair.errors import UserError
from nomenclair.workspace import REPOSITORY
from train import bart_graph
from train.decoding import T5_TOKENS
from train.t5_shape import shape_of

EMBEDDED = REPOSITORY / "train" / "base" / "weights"
FLAN_T5_SMALL = "google/flan-t5-small"
RANDOM = "random"
VOCABULARY = 4000
HUB_SECONDS = 5
# A text that every base can read.
PLAIN = "en: a file .pdf"
# A model's files on the hub: an interrupted download has some of them.
NEEDED = ("config.json", "model.safetensors", "tokenizer.json")
# What of a base's folder decides a training.
READ = ("*.json", "*.safetensors", "*.bin", "*.model", "*.tsv.gz")
# What a graph is written for, by its config's model_type.
FAMILIES = ("t5", "mt5", "bart", "mbart")
# ByT5's tokens: three special ones, the bytes and some spare ones. No other vocabulary is so small.
BYTES = 384


@dataclass(frozen=True, slots=True)
class Limits:
    """The most tokens of a source and of an answer, and whether runs of three may come back: bytes must."""

    source: int
    new: int
    guarded: bool


def limits(vocabulary: int) -> Limits:
    """The limits for a vocabulary of this size."""
    if vocabulary <= BYTES:
        return Limits(256, 128, guarded=False)
    return Limits(MAX_SOURCE_TOKENS, MAX_NEW_TOKENS, guarded=True)


def default_base() -> tuple[str, str]:
    """The base where none is named, and one line that says why it is this one.

    google/flan-t5-small where the hub or its cache has it, then the embedded base, then a random T5.
    """
    if _reached(FLAN_T5_SMALL):
        return FLAN_T5_SMALL, f"base: {FLAN_T5_SMALL}"
    missing = f"{FLAN_T5_SMALL} is neither in the cache nor on a hub that answers"
    if EMBEDDED.exists():
        return str(EMBEDDED), f"base: the embedded one ({EMBEDDED}), since {missing}"
    return RANDOM, f"base: a small random T5, since {missing} and no embedded base is there"


def digest(base: str) -> str | None:
    """The hash of all files of a base's folder that a training reads; None for a base that is no folder.

    A folder may hold another base tomorrow, and an adapter fits the weights that it was trained on alone.
    """
    if not Path(base).is_dir():
        return None
    hashed = hashlib.sha256()
    for path in sorted(file for pattern in READ for file in Path(base).glob(pattern)):
        hashed.update(path.name.encode())
        with open(path, "rb") as file:
            hashed.update(hashlib.file_digest(file, "sha256").digest())
    return hashed.hexdigest()


def _reached(model: str) -> bool:
    """Is the model whole in the hub's cache, or does the hub answer for it? Asked once, shortly: from_pretrained
    would try for half a minute where there is no network."""
    if all(isinstance(try_to_load_from_cache(model, file), str) for file in NEEDED):
        return True
    try:
        HfApi().model_info(model, timeout=HUB_SECONDS)
    except (HfHubHTTPError, OfflineModeIsEnabled, httpx2.HTTPError, OSError, ValueError):
        # ValueError: a proxy's login page is no JSON.
        return False
    return True


def load_tokenizer(base: str, texts: Iterable[str]) -> PreTrainedTokenizerFast:
    """The base's tokenizer; for a random base, one trained on `texts`."""
    if base == RANDOM:
        return train_tokenizer(texts, VOCABULARY)
    try:
        tokenizer = AutoTokenizer.from_pretrained(base)
    except (OSError, ValueError) as error:
        raise UserError(
            f"The base {base!r} cannot be loaded: {str(error).splitlines()[0]}",
            f"Give a folder that holds a T5 or BART, a hub name that answers, or --base {EMBEDDED}",
        ) from error
    if isinstance(tokenizer, ByT5Tokenizer):
        return byte_tokenizer(tokenizer)
    if not getattr(tokenizer, "is_fast", False):
        raise UserError(
            f"The base {base!r} has no tokenizer that a student could carry ({type(tokenizer).__name__}).",
            "Choose a T5, Flan-T5, mT5, ByT5, BART or mBART.",
        )
    if tokenizer.unk_token_id in tokenizer(PLAIN)["input_ids"]:
        # transformers makes an empty tokenizer where the folder has none.
        raise UserError(
            f"The tokenizer of the base {base!r} cannot read {PLAIN!r}: its folder has none, or one without words.",
            "Store the tokenizer beside the weights (tokenizer.save_pretrained), or choose another --base.",
        )
    return tokenizer


def sayable(base: str) -> Callable[[str], bool]:
    """Whether a text is short enough for a student of this base to say to its end."""
    if base == RANDOM:  # its vocabulary is yet to be made of the texts
        return lambda text: True
    tokenizer = load_tokenizer(base, ())
    most = limits(len(tokenizer)).new
    return lambda text: len(tokenizer(text)["input_ids"]) <= most


def load_model(base: str, tokenizer: PreTrainedTokenizerFast, seed: int, **options):
    """The base's model, in float32 unless `options` say otherwise: weights stored in bfloat16 learn badly in it."""
    if base == RANDOM:
        torch.manual_seed(seed)
        return T5(random_config(len(tokenizer)))
    if "quantization_config" not in options:
        options.setdefault("dtype", torch.float32)
    # The fused attention's backward pass is slow on a CPU for texts as short as names: a fifth of a step.
    options.setdefault("attn_implementation", "eager")
    try:
        model = AutoModelForSeq2SeqLM.from_pretrained(base, **options)
    except (OSError, ValueError, SafetensorError) as error:  # SafetensorError: a file cut short
        raise UserError(
            f"The base {base!r} cannot be loaded: {str(error).splitlines()[0]}",
            f"Give a folder that holds a T5 or BART, a hub name that answers, or --base {EMBEDDED}",
        ) from error
    kind = model.config.model_type
    if kind not in FAMILIES:
        raise UserError(f"The base {base!r} is a {kind}.", "Choose a T5, Flan-T5, mT5, ByT5, BART or mBART.")
    if unknown := _no_graph(model.config):
        raise UserError(
            f"The base {base!r} {unknown}: no graph can be written of it.", "Choose another --base."
        )
    if kind == "mbart" and model.config.decoder_start_token_id is None:
        # mBART starts an answer with what its tokenizer ends one with: a language's code.
        model.config.decoder_start_token_id = tokenizer(text_target="a")["input_ids"][-1]
    return model


def _no_graph(config) -> str | None:
    """What of a config no graph knows, said before a training that could not be exported."""
    if config.model_type in ("bart", "mbart"):
        activation = config.activation_function
        return None if activation in bart_graph.ACTIVATIONS else f"has the activation {activation!r}"
    try:
        shape_of(config)
    except ValueError as error:
        return f"is refused ({error})"
    ids = (config.decoder_start_token_id, config.eos_token_id, config.pad_token_id)
    known = (T5_TOKENS.start, T5_TOKENS.end, T5_TOKENS.pad)
    return None if ids == known else f"starts, ends and fills answers with the tokens {ids}, not {known}"


def computes_bfloat16() -> bool:
    """Whether this machine has bfloat16 arithmetic: where it is emulated, it is slower than float32."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    able = torch.cpu.get_capabilities()
    return any(able.get(unit) for unit in ("avx512_bf16", "amx_bf16", "bf16"))


def random_config(vocabulary: int) -> T5Config:
    """A T5 small enough to learn on two cores in minutes; it learns patterns, not languages."""
    return T5Config(
        vocab_size=vocabulary,
        d_model=192,
        d_kv=32,
        d_ff=512,
        num_layers=3,
        num_decoder_layers=2,
        num_heads=6,
        feed_forward_proj="relu",
        dropout_rate=0.1,
        decoder_start_token_id=0,
        attn_implementation="eager",
    )


def byte_tokenizer(tokenizer: ByT5Tokenizer) -> PreTrainedTokenizerFast:
    """The same ids from a tokenizer that is one JSON file: each byte a token, three after its value."""
    special = [tokenizer.pad_token, tokenizer.eos_token, tokenizer.unk_token]
    # `tokenizers` writes each byte as a printable character of its own, in an alphabet of theirs.
    pre = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    known = {token: i for i, token in enumerate(special)}
    known |= {char: byte + len(special) for byte, char in bytes_to_unicode().items()}
    spare = [f"<extra_id_{i}>" for i in range(len(tokenizer) - len(known))]
    known |= {token: len(known) + i for i, token in enumerate(spare)}
    table = Tokenizer(models.BPE(known, [], unk_token=tokenizer.unk_token))
    table.pre_tokenizer, table.decoder = pre, decoders.ByteLevel()
    table.add_special_tokens([*special, *spare])
    table.post_processor = processors.TemplateProcessing(
        single=f"$A {special[1]}", pair=f"$A {special[1]} $B {special[1]}", special_tokens=[(special[1], 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=table, pad_token=special[0], eos_token=special[1], unk_token=special[2]
    )


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """A unigram tokenizer with byte fallback, so no name is unknown. T5's ids: pad 0, end 1, unknown 2."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()])
    special = ["<pad>", "</s>", "<unk>"]
    fallback = [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.UnigramTrainer(
        vocab_size=vocabulary - len(fallback), special_tokens=special, unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    state = json.loads(tokenizer.to_str())
    known = state["model"]["vocab"]
    floor = min(score for _, score in known) - 10.0
    state["model"]["vocab"] = known + [[piece, floor] for piece in fallback]
    state["model"]["byte_fallback"] = True
    tokenizer = Tokenizer.from_str(json.dumps(state))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
