"""Examples per second of our training beside a plain Seq2SeqTrainer that pads every text to 32 tokens.

    python -m benchmarks.bench_train_speed [--base FOLDER] [--pairs 600] [--epochs 1]

Both tune the same LoRA with the same batch on the same examples and only train: no evaluation, no checkpoint.
They take turns, so that a machine that slows down slows both. Two minutes on two cores; the last line is one JSON
object.
"""

import json
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path

from datasets import Dataset
from transformers import DataCollatorForSeq2Seq, Seq2SeqTrainer, set_seed

from benchmarks.training import arguments, corpus
from nomenclair.glossary import Glossary
from train import bases
from train.data import examples
from train.fit import Settings, adapted, tokenized, training_arguments

PADDED = 32


def speed(settings: Settings, rows: Dataset, padded: bool, folder: Path) -> float:
    """Examples per second of one training run."""
    set_seed(settings.seed)
    tokenizer = bases.load_tokenizer(settings.base, [*rows["source"], *rows["target"]])
    model = adapted(settings.base, settings, tokenizer)
    encode = pad_all if padded else tokenized
    ready = rows.map(lambda batch: encode(tokenizer, batch), batched=True, remove_columns=rows.column_names)
    arguments = replace(
        training_arguments(settings, folder, len(ready)),
        eval_strategy="no",
        save_strategy="no",
        load_best_model_at_end=False,
        train_sampling_strategy="random" if padded else "group_by_length",
    )
    trainer = Seq2SeqTrainer(
        model=model,
        args=arguments,
        train_dataset=ready,
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
    rows = examples(corpus(args.pairs), glossary=Glossary.load(Path(args.base)))["train"]
    settings = Settings(base=args.base, epochs=args.epochs)
    ours, plain = [], []
    # The first round warms libraries up and is not counted.
    for counted in range(args.rounds + 1):
        for padded, speeds in ((False, ours), (True, plain)):
            with tempfile.TemporaryDirectory() as folder:
                found = speed(settings, rows if counted else rows.select(range(64)), padded, Path(folder))
            speeds += [found] if counted else []
    found = {"ours": statistics.median(ours), "padded to 32": statistics.median(plain)}
    for name, value in found.items():
        print(f"{name}: {value:.0f} examples/s")
    print(f"ratio: {found['ours'] / found['padded to 32']:.2f}")
    print(json.dumps({**found, "examples": len(rows), "rounds": {"ours": ours, "padded to 32": plain}}))


if __name__ == "__main__":
    main()
