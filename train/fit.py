"""Tune a base on pairs: LoRA through peft by default. The only file that touches the GPU.

Checkpoints, the best adapter, TensorBoard logs and training.json stand in the workspace's training folder; the
same command goes on from the last checkpoint. bf16 or fp32, never fp16: T5 overflows in it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path

import torch
from accelerate import PartialState
from datasets import Dataset, DatasetDict
from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
from torch.utils.tensorboard import SummaryWriter
from transformers import (
    BitsAndBytesConfig,
    DataCollatorForSeq2Seq,
    EarlyStoppingCallback,
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    set_seed,
)
from transformers.integrations import TensorBoardCallback
from transformers.trainer_utils import get_last_checkpoint

from nomenclair.contract import CONTRACT_VERSION, LANGUAGES
from nomenclair.errors import UserError
from nomenclair.glossary import Glossary
from nomenclair.records import Pair
from nomenclair.workspace import write_json
from train import bases
from train.data import examples, fingerprint, spread, store_pairs
from train.folder import PREPARED, check_same_run, has_checkpoint, remove_broken_checkpoints, remove_leftovers
from train.full_disk import failed_writes_told
from train.prepare import prepare

# Every matrix of attention and feed-forward, in T5's names and BART's.
ATTENTION = r".*\.(q|k|v|o|[qkv]_proj|out_proj)"
LORA_TARGETS = r".*\.(q|k|v|o|[qkv]_proj|out_proj|wi|wi_0|wi_1|wo|fc1|fc2)"

# Where nobody says how long, a base is shown so many texts, a quarter of an hour on two cores: twelve passes over the
# seed corpus would take a day.
MOST_EPOCHS, SHOWN = 12, 80_000

# A training of fewer passes stores a checkpoint after each fifth of it, not after each pass: one pass may take hours.
FEW_EPOCHS, FIFTH = 2, 0.2


@dataclass(frozen=True, slots=True)
class Settings:
    """All that decides a training run; stored whole in training.json."""

    base: str
    languages: tuple[str, ...] = LANGUAGES
    epochs: float = MOST_EPOCHS
    batch: int = 32
    # At 1e-3, usual for LoRA, a base that has met such pairs is past its best after an epoch (bench_lora.py).
    learning_rate: float = 3e-4
    full: bool = False
    lora_rank: int = 16
    lora_alpha: int = 32
    # The usual 0.05 takes a quarter of a step on a CPU, for its random numbers, and changes no figure
    # (benchmarks/bench_lora.py).
    lora_dropout: float = 0.0
    lora_targets: str = LORA_TARGETS
    decoder_layers: int | None = None
    trim_vocabulary: bool = False
    load_in_8bit: bool = False
    bf16: bool = field(default_factory=bases.computes_bfloat16)
    patience: int = 3
    seed: int = 20261121

    def __post_init__(self):
        if self.full and self.load_in_8bit:
            raise UserError(
                "Weights kept in 8 bits cannot be tuned themselves.", "Leave out --full or --load-in-8bit."
            )

    @property
    def tunes_all(self) -> bool:
        """A random base has nothing worth freezing: an adapter alone could not learn on it."""
        return self.full or self.base == bases.RANDOM


@dataclass(frozen=True, slots=True)
class Outcome:
    """What training gave; losses are mean cross-entropies per token, in nats."""

    train_loss: float
    validation_loss: float
    best_epoch: float
    steps: int
    seconds: float
    examples_per_second: float
    trainable_parameters: int
    unknown_share: float


def default_epochs(texts: int) -> float:
    """How many passes over so many training texts, where nobody says it.

    >>> default_epochs(3_000), default_epochs(421_530)
    (12, 0.19)
    """
    return min(MOST_EPOCHS, max(0.01, round(SHOWN / max(1, texts), 2)))


@contextmanager
def first_process_first() -> Iterator[bool]:
    """Of several processes (`accelerate launch`) the first goes through this alone, then the others; True in the
    first."""
    state = PartialState(cpu=not torch.accelerator.is_available())
    with state.main_process_first():
        yield state.is_main_process


def run_state(pairs: Sequence[Pair], settings: Settings) -> dict:
    """What makes one training another than a second, as run.json holds it."""
    return {
        "settings": asdict(settings),
        "data": fingerprint(pairs),
        "weights": bases.digest(settings.base),
        "contract": CONTRACT_VERSION,
    }


@failed_writes_told()
def fit(
    pairs: Sequence[Pair],
    settings: Settings,
    folder: Path,
    callbacks: Iterable = (),
    on_begin: Callable[[], None] = lambda: None,
) -> Outcome:
    """Train, keep the best checkpoint as `folder`/adapter (or /model with --full), write training.json.

    `on_begin` is called in the first process once run.json says whose the folder is. Raises UserError where a run
    with other settings or other data stands half-way in the folder, or where the disk is full.
    """
    set_seed(settings.seed)
    state = run_state(pairs, settings)
    check_same_run(folder, state)
    glossary = Glossary.load(Path(settings.base))
    data = examples(pairs, settings.languages, glossary)
    with first_process_first() as first:
        if first:
            remove_leftovers(folder)
            remove_broken_checkpoints(folder)
        prepared = _prepare(settings, data, folder) if first else (folder / PREPARED).exists()
        base = str(folder / PREPARED) if prepared else settings.base
        tokenizer = _tokenizer(base, data, folder)
        if first:
            glossary.store(folder / "tokenizer")
            write_json(folder / "run.json", state)
            on_begin()
            store_pairs(folder, pairs)
    model = adapted(base, settings, tokenizer)
    encoded = data.map(
        lambda rows: tokenized(tokenizer, rows), batched=True, remove_columns=data["train"].column_names
    )
    held_out = _some(encoded["validation"])
    trainer = Seq2SeqTrainer(
        model=model,
        args=training_arguments(settings, folder),
        train_dataset=encoded["train"],
        eval_dataset=held_out,
        data_collator=DataCollatorForSeq2Seq(tokenizer, model=model),
        processing_class=tokenizer,
        callbacks=[
            EarlyStoppingCallback(settings.patience),
            *([TensorBoardCallback(SummaryWriter(str(folder / "tensorboard")))] if first else []),
            *callbacks,
        ],
    )
    checkpoints = folder / "checkpoints"
    resume = get_last_checkpoint(str(checkpoints)) if checkpoints.exists() else None
    result = trainer.train(resume_from_checkpoint=resume)
    # As it is now: the losses measured below, on the best weights, would count for the last epoch.
    history = list(trainer.state.log_history)
    outcome = Outcome(
        # Measured without dropout and on the best weights, so that the two losses can be compared.
        train_loss=trainer.evaluate(_some(encoded["train"]), metric_key_prefix="train")["train_loss"],
        validation_loss=trainer.evaluate()["eval_loss"],
        best_epoch=_best_epoch(history),
        steps=trainer.state.global_step,
        seconds=result.metrics["train_runtime"],
        examples_per_second=result.metrics["train_samples_per_second"],
        trainable_parameters=sum(p.numel() for p in model.parameters() if p.requires_grad),
        unknown_share=unknown_share(tokenizer, data["train"]["source"]),
    )
    trainer.save_model(str(folder / ("model" if settings.tunes_all else "adapter")))
    if not first:
        return outcome
    report = {
        **state,
        "prepared": prepared,
        "result": asdict(outcome),
        "history": history,
        "versions": _versions(),
    }
    write_json(folder / "training.json", report)
    return outcome


def _some(examples: Dataset) -> Dataset:
    """As many examples as a loss is measured on."""
    return examples.select(spread(range(len(examples))))


def _prepare(settings: Settings, data: DatasetDict, folder: Path) -> bool:
    """Whether a smaller base stands in the folder; it is made here unless a training on it has begun."""
    if not (settings.decoder_layers or settings.trim_vocabulary):
        return False
    if has_checkpoint(folder):
        return (folder / PREPARED).exists()
    return prepare(
        settings.base,
        folder / PREPARED,
        settings.decoder_layers,
        settings.trim_vocabulary,
        _texts(data),
        settings.seed,
    )


def _texts(data: DatasetDict) -> list[str]:
    return [*data["train"]["source"], *data["train"]["target"]]


def _tokenizer(base: str, data: DatasetDict, folder: Path):
    """The base's tokenizer, stored beside the checkpoints so that a resumed random base keeps its own."""
    kept = folder / "tokenizer"
    if base == bases.RANDOM and kept.exists():
        return bases.load_tokenizer(str(kept), ())
    tokenizer = bases.load_tokenizer(base, _texts(data))
    tokenizer.save_pretrained(kept)
    return tokenizer


def adapted(base: str, settings: Settings, tokenizer):
    """The base as it is tuned: with an adapter, or bare where every weight is tuned."""
    options = {}
    if settings.load_in_8bit:
        options["quantization_config"] = BitsAndBytesConfig(load_in_8bit=True)
    model = bases.load_model(base, tokenizer, settings.seed, **options)
    if settings.tunes_all:
        return model
    if settings.load_in_8bit:
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    lora = LoraConfig(
        task_type="SEQ_2_SEQ_LM",
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        target_modules=settings.lora_targets,
    )
    return get_peft_model(model, lora)


def tokenized(tokenizer, rows: dict) -> dict:
    """Rows of source and target as token ids, unpadded: batches pad themselves."""
    return tokenizer(
        rows["source"],
        text_target=rows["target"],
        max_length=bases.limits(len(tokenizer)).source,
        truncation=True,
    )


def training_arguments(settings: Settings, folder: Path) -> Seq2SeqTrainingArguments:
    """The trainer's arguments, its checkpoints under the folder."""
    often = "steps" if settings.epochs < FEW_EPOCHS else "epoch"
    return Seq2SeqTrainingArguments(
        output_dir=str(folder / "checkpoints"),
        report_to=[],
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch,
        per_device_eval_batch_size=settings.batch * 2,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=0.05,  # of all steps
        bf16=settings.bf16,
        # Said openly, or bf16 is refused on a CPU.
        use_cpu=not torch.accelerator.is_available(),
        # Names of like length share a batch: little padding.
        train_sampling_strategy="group_by_length",
        # T5 and BART return their own mean: of several processes' losses the trainer would make a multiple.
        average_tokens_across_devices=False,
        eval_strategy=often,
        save_strategy=often,
        logging_strategy=often,
        # Shares of all steps, where it goes by steps.
        eval_steps=FIFTH,
        save_steps=FIFTH,
        logging_steps=FIFTH,
        save_total_limit=2,
        load_best_model_at_end=True,
        # The patience of early stopping goes on where it stood.
        restore_callback_states_from_checkpoint=True,
        metric_for_best_model="eval_loss",
        greater_is_better=False,
        seed=settings.seed,
        dataloader_num_workers=0,
    )


def _best_epoch(history: Iterable[dict]) -> float:
    losses = [(row["eval_loss"], row["epoch"]) for row in history if "eval_loss" in row]
    return min(losses)[1]


def unknown_share(tokenizer, texts: Iterable[str]) -> float:
    """The share of tokens that the vocabulary cannot write: T5's lacks braces and some other characters."""
    ids = [token for row in tokenizer(list(texts))["input_ids"] for token in row]
    return sum(token == tokenizer.unk_token_id for token in ids) / max(1, len(ids))


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("torch", "transformers", "peft", "datasets", "bitsandbytes")}
