"""A tiny T5 base, tuned and exported once: what the tests of the model half share."""

import os

# Before torch is imported: tests are many small computations, and threads only get in each other's way.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import pytest

from datagen.corpus import FOLDER, seed_pairs

# Few, and the same however the corpus grows: what they make of a tiny model decides which gates open.
PAIRS = seed_pairs()[:3792:12]


@pytest.fixture(scope="session")
def pairs():
    """Some 300 pairs of the first nine files of the seed corpus."""
    return PAIRS


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory):
    """A folder with a T5 of a few thousand weights and a tokenizer trained on the pairs."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    from train.bases import train_tokenizer

    folder = tmp_path_factory.mktemp("base")
    tokenizer = train_tokenizer([text for p in PAIRS for text in (p.name, p.en, p.fr)], 800)
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=32,
        d_kv=8,
        d_ff=64,
        num_layers=2,
        num_decoder_layers=1,
        num_heads=4,
        feed_forward_proj="gated-gelu",
        decoder_start_token_id=0,
    )
    # What an untrained model babbles decides which precision passes the gate: the same on each run.
    torch.manual_seed(0)
    T5ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="session")
def settings(tiny_base):
    from train.fit import Settings

    return Settings(base=tiny_base, epochs=2, batch=64)


@pytest.fixture(scope="session")
def training(tmp_path_factory, settings):
    """A finished LoRA training on the pairs."""
    from train.fit import fit

    folder = tmp_path_factory.mktemp("work") / "training"
    fit(PAIRS, settings, folder)
    return folder


@pytest.fixture(scope="session")
def student_folder(training):
    """The exported student of that training: it babbles, but everything about it is real."""
    from train.data import split_of
    from train.export import export

    validation = [pair for pair in PAIRS if split_of(pair.name) == "validation"]
    folder = training.parent / "student"
    export(training, folder, validation, FOLDER / "kinds.tsv")
    return folder
