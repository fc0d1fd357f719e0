"""One engine on one model, in a process of its own: `python -m benchmarks.student_engine ENGINE FOLDER QUICK`.

Prints one JSON object: p50_ms, per_s, load_s, peak_mb, and how many samples other load spoiled.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from benchmarks.quiet import QuietClock
from benchmarks.student_inputs import NEW_TOKENS, token_ids, vocabulary_of

BATCH = 32
# What nomenclair.student runs at once: nearly as fast, in less memory. Not imported, it would bring tokenizers along.
ONNX_BATCH = 24
Batch = list[list[int]]
# Maps a list of batches to the number of new tokens written.
Engine = Callable[[list[Batch]], int]


def onnx_engine(folder: Path, workers: int, threads: int) -> Engine:
    """One session; `workers` Python threads call it, each run uses `threads` threads."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_mem_pattern = False  # as nomenclair.student
    session = onnxruntime.InferenceSession(
        str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
    )
    bound = np.array(NEW_TOKENS, np.int64)

    def one(batch: Batch) -> int:
        ids, mask = padded(batch)
        feed = {"input_ids": ids, "attention_mask": mask, "max_new_tokens": bound}
        return session.run(["tokens", "score"], feed)[0].size

    pool = ThreadPoolExecutor(workers)
    return lambda batches: sum(pool.map(one, batches) if workers > 1 else map(one, batches))


def ctranslate2_engine(folder: Path, workers: int, threads: int) -> Engine:
    import ctranslate2

    translator = ctranslate2.Translator(
        str(folder / "ctranslate2"), inter_threads=workers, intra_threads=threads, compute_type="int8"
    )
    names = ["<pad>", "</s>", "<unk>", *(f"t{i}" for i in range(3, vocabulary_of(folder)))]

    def run(batches: list[Batch]) -> int:
        rows = [[names[i] for i in row] for batch in batches for row in batch]
        results = translator.translate_batch(
            rows,
            beam_size=1,
            min_decoding_length=NEW_TOKENS,
            max_decoding_length=NEW_TOKENS,
            max_batch_size=BATCH,
        )
        return sum(len(result.hypotheses[0]) for result in results)

    return run


def torch_engine(folder: Path, workers: int, threads: int) -> Engine:
    import torch
    from transformers import T5ForConditionalGeneration

    torch.set_num_threads(threads)
    model = T5ForConditionalGeneration.from_pretrained(folder / "torch").eval()

    def one(batch: Batch) -> int:
        ids, mask = (torch.from_numpy(part) for part in padded(batch))
        with torch.inference_mode():
            found = model.generate(
                input_ids=ids, attention_mask=mask, max_new_tokens=NEW_TOKENS, do_sample=False, num_beams=1
            )
        return found[:, 1:].numel()

    return lambda batches: sum(map(one, batches))


# (what makes it, Python workers, threads of each)
ENGINES: dict[str, tuple[Callable[[Path, int, int], Engine], int, int]] = {
    "onnx, 2 threads": (onnx_engine, 1, 2),
    "onnx, 1 thread": (onnx_engine, 1, 1),
    "onnx, 2 callers": (onnx_engine, 2, 1),
    "ctranslate2, 2 threads": (ctranslate2_engine, 1, 2),
    "ctranslate2, 1 thread": (ctranslate2_engine, 1, 1),
    "ctranslate2, 2 workers": (ctranslate2_engine, 2, 1),
    "torch, 2 threads": (torch_engine, 1, 2),
    "torch, 1 thread": (torch_engine, 1, 1),
}


def padded(batch: Batch) -> tuple[np.ndarray, np.ndarray]:
    width = max(map(len, batch))
    ids = np.array([[*row, *[0] * (width - len(row))] for row in batch], np.int64)
    mask = np.array([[1] * len(row) + [0] * (width - len(row)) for row in batch], np.int64)
    return ids, mask


def peak_mb() -> float:
    """The most memory that this process ever held, in MB."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) * 1024 / 1e6


def measure(engine: str, folder: Path, quick: bool) -> dict[str, float]:
    make, workers, threads = ENGINES[engine]
    clock = QuietClock(most_tries=2 if quick else 20)
    start = time.perf_counter()
    run = make(folder, workers, threads)
    load = time.perf_counter() - start
    rows = sorted(token_ids(vocabulary_of(folder), 64 if quick else 512), key=len)
    size = ONNX_BATCH if engine.startswith("onnx") else BATCH
    batches = [rows[i : i + size] for i in range(0, len(rows), size)]
    if run(batches[:1]) != size * NEW_TOKENS:
        raise SystemExit(f"{engine} stopped early: its figures would not be comparable")
    singles = [[[row]] for row in rows]
    for single in singles[:5]:
        run(single)
    # Windows of a fifth of a second: shorter ones cannot tell other load, /proc/stat counts hundredths.
    count = max(1, round(0.2 / clock.seconds(lambda: run(singles[0]))))
    one = [
        sample
        for i in range(2 if quick else 5)
        for sample in clock.each(
            [lambda s=singles[(i * count + j) % len(singles)]: run(s) for j in range(count)]
        )
    ]
    many = clock.each([lambda: run(batches)])[0]
    return {
        "p50_ms": float(np.median(one)) * 1e3,
        "per_s": len(rows) / many,
        "load_s": load,
        "peak_mb": peak_mb(),
        "discarded": clock.discarded,
        "noisy": clock.noisy,
    }


if __name__ == "__main__":
    os.environ["HF_HUB_OFFLINE"] = "1"
    print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]), sys.argv[3] == "quick")))
