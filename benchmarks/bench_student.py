"""Speed and size of the student beside CTranslate2 int8 and PyTorch, then its cost against the number of names.

    python -m benchmarks.bench_student            # twenty minutes on two cores with nothing else to do
    python -m benchmarks.bench_student --quick    # seconds; shows that it runs, its figures mean little

Each engine runs in a process of its own on the same weights, greedy, twelve new tokens. Peak memory and loading
include importing the engine. The engines take turns, several rounds long, and a figure is the median of its rounds:
a machine that others share is now faster, now slower. For each figure an engine's best thread setting counts. The
last line is one JSON object. Needs benchmarks/requirements.txt.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import student_models
from benchmarks.quiet import QuietClock
from benchmarks.student_engine import ENGINES
from datagen.corpus import seed_pairs
from nomenclair.cli.host import LIST_BLOCK, file_names
from nomenclair.names import split_ext
from nomenclair.student import Student
from train.data import spread

SHAPES = ("flan-t5-small", "embedded")
FIGURES = {"p50_ms": min, "per_s": max, "load_s": min, "peak_mb": min}
ROUNDS = 5
FILES = 10_000
# Long windows are taken again once or twice at most: a machine that is never quiet must not hold a run for hours.
MOST_TRIES = 2


def best_of(settings: list[dict[str, float]]) -> dict[str, float]:
    """Per figure, the best of an engine's thread settings."""
    return {figure: best(row[figure] for row in settings) for figure, best in FIGURES.items()}


def median_of(rounds: list[dict]) -> dict:
    """Per figure, the median of an engine's rounds; of all of them, how many windows other load spoiled."""
    return {
        **{figure: float(np.median([row[figure] for row in rounds])) for figure in FIGURES},
        "discarded": sum(row["discarded"] for row in rounds),
        "noisy": any(row["noisy"] for row in rounds),
    }


def run_engine(engine: str, folder: Path, quick: bool) -> dict[str, float]:
    pace = "quick" if quick else "full"
    command = [sys.executable, "-m", "benchmarks.student_engine", engine, str(folder), pace]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{engine} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def measure_shape(shape: str, folder: Path, quick: bool, console: Console) -> tuple[dict, bool]:
    """The figures of one shape by engine, and whether other load spoiled any."""
    student_models.write(shape, folder)
    rounds = [
        {setting: run_engine(setting, folder, quick) for setting in ENGINES}
        for _ in range(1 if quick else ROUNDS)
    ]
    table = Table("setting", *FIGURES, "windows discarded", title=shape)
    rows: dict[str, list[dict]] = {}
    for setting in ENGINES:
        row = median_of([each[setting] for each in rounds])
        rows.setdefault(setting.split(",")[0], []).append(row)
        table.add_row(setting, *(f"{row[figure]:.4g}" for figure in FIGURES), str(row["discarded"]))
    console.print(table)
    files = {"onnx": folder, "ctranslate2": folder / "ctranslate2", "torch": folder / "torch"}
    found = {
        engine: {**best_of(settings), "file_mb": student_models.file_mb(files[engine])}
        for engine, settings in rows.items()
    }
    figures = {**found["onnx"], "ctranslate2": found["ctranslate2"], "torch": found["torch"]}
    return figures, any(row["noisy"] for settings in rows.values() for row in settings)


def different_names(count: int) -> list[str]:
    """Names that the student must all read: of the whole seed corpus, then the same with a number."""
    known = spread(sorted({pair.name for pair in seed_pairs()}), count)
    out = []
    for i in range(count):
        stem, ext = split_ext(known[i % len(known)])
        out.append(f"{stem}{ext}" if i < len(known) else f"{stem} {i // len(known)}{ext}")
    return out


def folder_names(count: int) -> list[str]:
    """What folders hold: each family repeated, by hashes that the student reads alike."""
    known = different_names(count // 10)
    return [f"{i:08x}a1 {known[i % len(known)]}" for i in range(count)]


def growth(student: Student, clock: QuietClock, quick: bool, console: Console) -> dict[str, float]:
    """Seconds by number of different names: the median of a hundred runs of one name, of ten of ten names."""
    student.describe(different_names(1), "fr")  # the first run of a session is another's
    table = Table("names", "seconds", "ms each", title="cost against number of names (embedded, French)")
    seconds = {}
    for count in (1, 10, 100) if quick else (1, 10, 100, 1000, 10_000, 100_000):
        names = different_names(count)
        runs = [lambda names=names: student.describe(names, "fr")] * max(1, 100 // count)
        seconds[str(count)] = float(np.median(clock.each(runs)))
        table.add_row(str(count), f"{seconds[str(count)]:.3f}", f"{seconds[str(count)] / count * 1e3:.2f}")
    console.print(table)
    return seconds


class Timed:
    """A session that notes how many rows it ran and how long that took."""

    def __init__(self, session):
        self._session, self.rows, self.seconds = session, 0, 0.0

    def run(self, outputs: list[str], feed: dict) -> list:
        begun = time.perf_counter()
        found = self._session.run(outputs, feed)
        self.seconds += time.perf_counter() - begun
        self.rows += len(feed["input_ids"])
        return found


def folder_cost(
    student: Student, clock: QuietClock, files: int, folder: Path, console: Console
) -> dict[str, float]:
    """What `nomenclair ls` does on a folder of so many files, and how much of it is the model's own runs."""
    folder.mkdir()
    for name in folder_names(files):
        (folder / name).touch()
    session = student._session
    samples = []

    def list_folder():
        student._session = Timed(session)
        asked = ((name, "fr") for name in file_names(folder))
        texts = sum(1 for _ in student.stream(asked, LIST_BLOCK))
        samples.append((texts, student._session.rows, student._session.seconds))

    seconds = clock.each([list_folder])[0]
    student._session = session
    texts, rows, model = samples[-1]
    console.print(
        f"ls of {texts} files: {seconds:.2f} s, of them the model {model:.2f} s ({model / seconds:.0%}) "
        f"on {rows} rows: what reads alike is answered once"
    )
    return {"files": texts, "rows": rows, "ls_s": seconds, "model_s": model}


def beside_ctranslate2(figures: dict) -> str:
    """The two ratios that are watched: latency of one name, names per second."""
    other = figures["ctranslate2"]
    latency, rate = figures["p50_ms"] / other["p50_ms"], figures["per_s"] / other["per_s"]
    return f"{latency:.2f} of CTranslate2's time for one name, {rate:.2f} of its names per second"


def main(quick: bool) -> None:
    os.environ["HF_HUB_OFFLINE"] = "1"
    console, report, noisy = Console(), {}, False
    with tempfile.TemporaryDirectory() as scratch:
        for shape in SHAPES[1:] if quick else SHAPES:
            report[shape], spoiled = measure_shape(shape, Path(scratch) / shape, quick, console)
            noisy = noisy or spoiled
            console.print(f"{shape}: {beside_ctranslate2(report[shape])}")
        student_models.write_student(Path(scratch) / "student")
        student = Student.load(Path(scratch) / "student")
        clock = QuietClock(MOST_TRIES)
        report["seconds_by_names"] = growth(student, clock, quick, console)
        files = 200 if quick else FILES
        report["folder"] = folder_cost(student, clock, files, Path(scratch) / "files", console)
    noisy = noisy or clock.noisy
    if noisy:
        console.print("Other programs were busy throughout: take these figures again on an idle machine.")
    print(json.dumps({**report, "noisy": noisy}))


if __name__ == "__main__":
    main("--quick" in sys.argv[1:])
