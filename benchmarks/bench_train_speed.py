"""Examples per second of our training beside a plain Seq2SeqTrainer that pads every text to 32 tokens.

    python -m benchmarks.bench_train_speed [--base FOLDER | --base flan-t5-small] [--pairs 600] [--epochs 1]

Both tune the same LoRA matrices with the same batch on the same examples and only train: no evaluation, no
checkpoint. Ours pads to the longest of its batch, names of like length together, in bfloat16 where the machine has
it, with plain attention and no dropout in the adapter. They take turns, so that a machine that slows down slows both.
Two minutes on two cores; the last line is one JSON object. `--base flan-t5-small` is that model's shape with random
weights: speed does not depend on them, and no hub is asked.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from datasets import Dataset
from peft import LoraConfig, get_peft_model
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    DataCollatorForSeq2Seq,
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    set_seed,
)

from benchmarks.student_models import build
from benchmarks.training import arguments, corpus
from nomenclair.glossary import Glossary
from train import bases
from train.data import examples
from train.fit import Settings, adapted, tokenized, training_arguments

PADDED = 32
RANDOM_FLAN = "flan-t5-small"


def our_speed(settings: Settings, rows: Dataset, folder: Path) -> float:
    """Examples per second of `nomenclair train` with these settings."""
    tokenizer = bases.load_tokenizer(settings.base, ())
    model = adapted(settings.base, settings, tokenizer)
    return trained(model, tokenizer, rows, tokenized, training_arguments(settings, folder))


def plain_speed(settings: Settings, rows: Dataset, folder: Path) -> float:
    """Examples per second of the libraries as they come: float32, LoRA with its usual dropout, padding to 32."""
    tokenizer = AutoTokenizer.from_pretrained(settings.base)
    model = AutoModelForSeq2SeqLM.from_pretrained(settings.base, dtype="float32")
    lora = LoraConfig(
        task_type="SEQ_2_SEQ_LM",
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        lora_dropout=0.05,
        target_modules=settings.lora_targets,
    )
    arguments = Seq2SeqTrainingArguments(
        output_dir=str(folder),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch,
        learning_rate=settings.learning_rate,
        report_to=[],
        seed=settings.seed,
    )
    return trained(get_peft_model(model, lora), tokenizer, rows, pad_all, arguments)


def trained(model, tokenizer, rows: Dataset, encode: Callable, arguments: Seq2SeqTrainingArguments) -> float:
    """Examples per second of one training without evaluation or checkpoint."""
    set_seed(arguments.seed)
    trainer = Seq2SeqTrainer(
        model=model,
        args=replace(arguments, eval_strategy="no", save_strategy="no", load_best_model_at_end=False),
        train_dataset=rows.map(
            lambda batch: encode(tokenizer, batch), batched=True, remove_columns=rows.column_names
        ),
        data_collator=DataCollatorForSeq2Seq(tokenizer, model=model),
        processing_class=tokenizer,
    )
    return trainer.train().metrics["train_samples_per_second"]


def pad_all(tokenizer, rows: dict) -> dict:
    return tokenizer(
        rows["source"], text_target=rows["target"], max_length=PADDED, padding="max_length", truncation=True
    )


def main() -> None:
    parser = arguments(__doc__.split("\n")[0], pairs=600, epochs=1)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if args.base == RANDOM_FLAN:
            write_flan(Path(folder))
            args.base = folder
        measure(args)


def write_flan(folder: Path) -> None:
    """Flan-T5-small's shape with random weights; the embedded base's tokenizer, whose ids it has room for."""
    build(RANDOM_FLAN).save_pretrained(folder)
    AutoTokenizer.from_pretrained(bases.EMBEDDED).save_pretrained(folder)


def measure(args: argparse.Namespace) -> None:
    rows = examples(corpus(args.pairs), glossary=Glossary.load(Path(args.base)))["train"]
    settings = Settings(base=args.base, epochs=args.epochs)
    ours, plain = [], []
    # The first round warms libraries up and is not counted.
    for counted in range(args.rounds + 1):
        for speed, speeds in ((our_speed, ours), (plain_speed, plain)):
            with tempfile.TemporaryDirectory() as folder:
                found = speed(settings, rows if counted else rows.select(range(64)), Path(folder))
            speeds += [found] if counted else []
    found = {"ours": statistics.median(ours), "padded to 32": statistics.median(plain)}
    for name, value in found.items():
        print(f"{name}: {value:.0f} examples/s")
    print(f"ratio: {found['ours'] / found['padded to 32']:.2f}")
    print(json.dumps({**found, "examples": len(rows), "rounds": {"ours": ours, "padded to 32": plain}}))


if __name__ == "__main__":
    main()
