"""A checkpoint as a Hugging Face T5 folder: config.json, model.safetensors in bf16, tokenizer files, the card.

python -m train.base.publish SHARDS RUN [RUN ...] [--out train/base/weights]
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast, T5ForConditionalGeneration

from nomenclair.contract import MAX_SOURCE_TOKENS
from nomenclair.errors import UserError
from nomenclair.glossary import Glossary
from train.base.model import shape_of
from train.base.tokenizer import EOS, PAD, UNK

HERE = Path(__file__).parent
MAX_MEGABYTES = 30


def published(state: dict[str, torch.Tensor], tokenizer: Tokenizer, glossary: Glossary, out: Path) -> None:
    """Write the folder; the weights are rounded to bf16, the embeddings stored once."""
    model = T5ForConditionalGeneration(shape_of(state))
    model.load_state_dict(state)
    model.to(torch.bfloat16).save_pretrained(out)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=EOS,
        unk_token=UNK,
        model_max_length=MAX_SOURCE_TOKENS,
        clean_up_tokenization_spaces=False,
    ).save_pretrained(out)
    glossary.store(out)


def weights(checkpoint: Path) -> dict[str, torch.Tensor]:
    if not checkpoint.exists():
        raise UserError(f"There is no {checkpoint}.", "Run train.base.fit first.")
    return torch.load(checkpoint, weights_only=True)["model"]


def mean(states: Sequence[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """The mean of some runs' weights ("Model soups", Wortsman et al. 2022): where one run went on from another, it
    tells held-out names better than both."""
    return {name: sum(state[name] for state in states) / len(states) for name in states[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("shards", type=Path)
    parser.add_argument(
        "runs", type=Path, nargs="+", help="of several runs of one shape the mean is published"
    )
    parser.add_argument("--out", type=Path, default=HERE / "weights")
    args = parser.parse_args()
    states = [weights(run / "checkpoint.pt") for run in args.runs]
    published(
        mean(states),
        Tokenizer.from_file(str(args.shards / "tokenizer.json")),
        Glossary.load(args.shards),
        args.out,
    )
    (args.out / "README.md").write_text((HERE / "CARD.md").read_text("utf-8"), encoding="utf-8")
    megabytes = sum(p.stat().st_size for p in args.out.iterdir()) / 1e6
    if megabytes > MAX_MEGABYTES:
        raise UserError(
            f"{args.out} is {megabytes:.1f} MB.", f"Fit a smaller model: at most {MAX_MEGABYTES} MB."
        )
    print(f"{args.out}: {megabytes:.1f} MB")


if __name__ == "__main__":
    main()
