"""A base made smaller before it is tuned: fewer decoder layers, a vocabulary of the tokens that are used.

The prepared base is an ordinary model folder (config, weights, tokenizer), so nothing after it knows of it.
"""

import json
import re
import shutil
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from datagen.corpus import FOLDER as CORPUS
from nomenclair.errors import UserError
from nomenclair.glossary import Glossary
from train import bases

SPECIAL = ("<pad>", "</s>", "<unk>")  # T5's ids 0, 1, 2; the graph relies on the first two
SPACE = "▁"
BYTE = re.compile(r"<0x[0-9A-F]{2}>")
# A vocabulary up to this size stays whole; a larger one is cut to it, or to what the texts use if that is more.
KEPT = 12_000
DECODER_LAYER = re.compile(r"^decoder\.block\.(\d+)\.")


@dataclass(frozen=True, slots=True)
class Trimmed:
    """A smaller tokenizer; `ids` [kept] holds the old id of each new one, in rising order."""

    tokenizer: Tokenizer
    ids: list[int]


def prepare(
    base: str, folder: Path, decoder_layers: int | None, trim: bool, texts: Sequence[str], seed: int
) -> bool:
    """Write the smaller base into `folder`; False where nothing gets smaller, and nothing is written."""
    tokenizer = bases.load_tokenizer(base, texts)
    model = bases.load_model(base, tokenizer, seed)
    smaller = False
    if decoder_layers and decoder_layers != getattr(model.config, "num_decoder_layers", None):
        model, smaller = with_decoder_layers(model, decoder_layers), True
    if trim and len(tokenizer) > KEPT:
        trimmed = trim_tokenizer(tokenizer.backend_tokenizer, texts, corpus_texts(), KEPT)
        model, tokenizer, smaller = with_tokens(model, trimmed.ids), wrapped(trimmed.tokenizer), True
    if smaller:
        # Under its own name only when complete: a killed run must not leave half a base.
        fresh = folder.with_name(f".{folder.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        model.save_pretrained(fresh)
        tokenizer.save_pretrained(fresh)
        Glossary.load(Path(base)).store(fresh)
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    return smaller


def corpus_texts() -> list[str]:
    """Every cell of the corpus but the gold set's: French and English words and phrases, names, extensions."""
    paths = [path for path in sorted(CORPUS.rglob("*.tsv")) if path.name != "gold.tsv"]
    return [cell for path in paths for cell in re.split(r"[\t\n]", path.read_text(encoding="utf-8")) if cell]


def spread(layers: int, kept: int) -> list[int]:
    """Which of `layers` to keep: the first, the last and `kept` - 2 at even distances between.

    The first holds the position biases, the last has learnt to feed the head.

    >>> spread(8, 2), spread(8, 4), spread(6, 1)
    ([0, 7], [0, 2, 5, 7], [0])
    """
    if kept == 1:
        return [0]
    return [round(i * (layers - 1) / (kept - 1)) for i in range(kept)]


def with_decoder_layers(model, kept: int):
    """The same model with `kept` of its decoder layers; a T5's only."""
    if model.config.model_type not in ("t5", "mt5"):
        raise UserError(
            f"Only a T5's decoder can be made shallower, not a {model.config.model_type}'s.",
            "Leave --decoder-layers out.",
        )
    layers = model.config.num_decoder_layers
    if not 1 <= kept <= layers:
        raise UserError(f"This base has {layers} decoder layers, not {kept}.", f"Choose 1 to {layers}.")
    places = {old: new for new, old in enumerate(spread(layers, kept))}
    state = {}
    for name, value in model.state_dict().items():
        if not (layer := DECODER_LAYER.match(name)):
            state[name] = value
        elif (old := int(layer[1])) in places:
            state[DECODER_LAYER.sub(f"decoder.block.{places[old]}.", name)] = value
    return _built(model, state, num_decoder_layers=kept)


def with_tokens(model, ids: Sequence[int]):
    """The same model for the vocabulary that keeps these rows of embedding and head."""
    vocabulary = {
        "shared.weight",
        "encoder.embed_tokens.weight",
        "decoder.embed_tokens.weight",
        "lm_head.weight",
    }
    rows = torch.tensor(ids)
    state = {
        name: value[rows].clone() if name in vocabulary else value
        for name, value in model.state_dict().items()
    }
    return _built(model, state, vocab_size=len(ids))


def _built(model, state: dict, **changes):
    config = type(model.config).from_dict({**model.config.to_dict(), **changes})
    fresh = type(model)(config)
    fresh.load_state_dict(state)
    return fresh.eval()


def wrapped(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    pad, end, unknown = SPECIAL
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=pad, eos_token=end, unk_token=unknown
    )


def trim_tokenizer(tokenizer: Tokenizer, texts: Iterable[str], likely: Iterable[str], size: int) -> Trimmed:
    """The tokenizer with the pieces that `texts` use, every byte, every Latin letter, digit and sign; then, up to
    `size`, with those of `likely` texts and the likeliest others of Latin letters.

    Each text encodes to the same pieces as before: a best path stays best when only others vanish. That is
    checked on every text. UserError where the tokenizer is not a unigram one with T5's special tokens.
    """
    state = json.loads(tokenizer.to_str())
    if state["model"]["type"] != "Unigram":
        raise UserError(
            f"Only a unigram vocabulary can be trimmed, not {state['model']['type']}.",
            "Leave --trim-vocabulary out, or choose a T5 base.",
        )
    vocabulary: list[tuple[str, float]] = state["model"]["vocab"]
    if tuple(tokenizer.id_to_token(i) for i in range(3)) != SPECIAL:
        raise UserError(
            f"This vocabulary does not begin with {' '.join(SPECIAL)}.", "Leave --trim-vocabulary out."
        )
    texts = list(dict.fromkeys(texts))
    before = [encoding.tokens for encoding in tokenizer.encode_batch(texts)]
    kept = _needed(vocabulary, {piece for row in before for piece in row})
    preferred = {piece for encoding in tokenizer.encode_batch(list(likely)) for piece in encoding.tokens}
    added = {token["content"] for token in state["added_tokens"]}
    for i in _likeliest(vocabulary, preferred, added):
        if len(kept) >= size:
            break
        kept.add(i)
    ids = sorted(kept)
    state["model"]["vocab"] = [vocabulary[i] for i in ids]
    # Sentinels and other added tokens mean nothing to a name.
    state["added_tokens"] = [token for token in state["added_tokens"] if token["content"] in SPECIAL]
    state["truncation"] = state["padding"] = None
    smaller = Tokenizer.from_str(json.dumps(state))
    after = [encoding.tokens for encoding in smaller.encode_batch(texts)]
    if changed := [text for text, old, new in zip(texts, before, after, strict=True) if old != new]:
        raise UserError(
            f"{len(changed)} texts encode otherwise with the smaller vocabulary, {changed[0]!r} first.",
            "Leave --trim-vocabulary out and report this base.",
        )
    return Trimmed(smaller, ids)


def _needed(vocabulary: Sequence[tuple[str, float]], used: set[str]) -> set[int]:
    # Unknown characters cost a fixed amount more than the least likely piece: without it all costs would move.
    floor = min(range(len(SPECIAL), len(vocabulary)), key=lambda i: vocabulary[i][1])
    return {
        i
        for i, (piece, _) in enumerate(vocabulary)
        if i < len(SPECIAL) or i == floor or piece in used or BYTE.fullmatch(piece) or _single(piece)
    }


def _single(piece: str) -> bool:
    bare = piece.removeprefix(SPACE)
    return len(bare) <= 1 and (bare.isascii() or not bare.isalpha() or _latin(bare))


def _likeliest(vocabulary: Sequence[tuple[str, float]], preferred: set[str], but: set[str]) -> list[int]:
    latin = [
        (piece not in preferred, -score, i)
        for i, (piece, score) in enumerate(vocabulary)
        if piece not in but and all(map(_latin, piece.strip(SPACE)))
    ]
    return [i for _, _, i in sorted(latin)]


def _latin(char: str) -> bool:
    return char.isascii() or unicodedata.name(char, "").startswith("LATIN")
