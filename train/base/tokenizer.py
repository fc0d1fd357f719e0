"""The base's tokenizer: unigram with byte fallback, over text in which case and elision are taken apart.

    python -m train.base.tokenizer TEXT_FILE tokenizer.json [--size 8192]

`Window`, `window` and the `Fenêtre` that begins a phrase should share what the model knows about the word, so a
capital before a small letter becomes a mark before the word's small-letter tokens (`Window` → `⇧ ▁window`) and
`l'archive` is read `▁l' ▁archive`. Digits stand alone, except a year that begins a number. Decoding undoes all of
it. Words in capitals keep their letters, so acronyms are copied as they are.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

PAD, EOS, UNK = "<pad>", "</s>", "<unk>"
SPECIALS = (PAD, EOS, UNK)  # ids 0, 1, 2, as T5 has them
SHIFT = "\ue000"  # private use: no name holds it
SPACE = "▁"
CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZÀÂÄÇÉÈÊËÎÏÔÖÙÛÜŒ"
ELISION = r"(?:[dlnsjmcDLNSJMC]|[Qq]u)"
YEAR = r"(?:19[5-9]|20[0-4])[0-9]"
WORD = (
    rf"{SPACE}{YEAR}(?=(?:[0-9]{{2}}){{0,2}}(?![0-9]))|[0-9]|{SHIFT}|[,;()/]"
    rf"|{SPACE}[^{SPACE}{SHIFT}0-9,;()/]*|[^{SPACE}{SHIFT}0-9,;()/]+"
)


def empty(model: models.Model) -> Tokenizer:
    """A tokenizer around `model` with this module's reading of text and its inverse."""
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFC(),
            normalizers.Strip(),
            normalizers.Prepend(SPACE),
            normalizers.Replace(" ", SPACE),
            normalizers.Replace(Regex(rf"(?<={SPACE}{ELISION}|{SPACE}[Qq]u)['’](?=[^\W\d])"), "'" + SPACE),
            *(
                normalizers.Replace(Regex(rf"{SPACE}{c}(?=[a-zß-öø-ÿœ])"), SHIFT + SPACE + c.lower())
                for c in CAPITALS
            ),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(WORD), behavior="isolated")
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.ByteFallback(),
            decoders.Fuse(),
            *(decoders.Replace(SHIFT + SPACE + c.lower(), SPACE + c) for c in CAPITALS),
            decoders.Replace(SHIFT, ""),
            decoders.Replace(SPACE, " "),
            decoders.Replace(Regex(rf"(?<= {ELISION})' "), "'"),
            decoders.Strip(" ", 1, 0),
        ]
    )
    return tokenizer


def train(lines: Counter[str], size: int, whole: tuple[str, ...] = ()) -> Tokenizer:
    """A tokenizer of at most `size` tokens, trained on weighted lines of text; every byte has a token.

    `whole` are words (prefixes, extensions) that get a token of their own whatever their frequency.
    """
    bytes_ = [f"<0x{n:02X}>" for n in range(256)]
    years = [f"{SPACE}{year}" for year in range(1950, 2050)]
    fixed = [*map(str, range(10)), SHIFT, *",;()/", *(f"{SPACE}{e}'" for e in "dlnsjm"), f"{SPACE}qu'"]
    fixed += [SPACE + word for word in whole]
    draft = empty(models.Unigram())
    trainer = trainers.UnigramTrainer(
        vocab_size=size - len(bytes_) - len(years) - len(fixed),
        special_tokens=list(SPECIALS),
        unk_token=UNK,
        max_piece_length=14,
        initial_alphabet=[],
        show_progress=False,
    )
    draft.train_from_iterator(_repeated(lines), trainer)
    learnt = json.loads(draft.to_str())["model"]["vocab"]
    kept = {piece: score for piece, score in learnt if piece not in SPECIALS}
    lowest = min(kept.values())
    vocabulary = [(piece, 0.0) for piece in SPECIALS]
    vocabulary += [(piece, max(kept.pop(piece, -7.0), -7.0)) for piece in fixed]
    vocabulary += [(piece, kept.pop(piece, -8.0)) for piece in years]
    vocabulary += [(piece, lowest - 5.0) for piece in bytes_]
    vocabulary += sorted(kept.items(), key=lambda item: -item[1])
    tokenizer = empty(models.Unigram(vocabulary, unk_id=SPECIALS.index(UNK), byte_fallback=True))
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIALS])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {EOS}", special_tokens=[(EOS, SPECIALS.index(EOS))]
    )
    return tokenizer


def _repeated(lines: Counter[str]):
    for line, times in lines.items():
        for _ in range(times):
            yield line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("text", type=Path, help="lines: count, tab, text")
    parser.add_argument("out", type=Path)
    parser.add_argument("--size", type=int, default=8192)
    args = parser.parse_args()
    lines: Counter[str] = Counter()
    for line in args.text.read_text(encoding="utf-8").splitlines():
        count, _, text = line.partition("\t")
        lines[text] += int(count)
    tokenizer = train(lines, args.size)
    tokenizer.save(str(args.out))
    print(f"{tokenizer.get_vocab_size()} tokens in {args.out}")


if __name__ == "__main__":
    main()
