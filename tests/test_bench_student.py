import json
import subprocess
import sys

import pytest

from benchmarks.bench_student import best_of, different_names, folder_names, median_of
from benchmarks.quiet import QuietClock, machine_seconds
from nomenclair.contract import source_text


def test_the_best_setting_counts_for_each_figure():
    fast = {"p50_ms": 1.0, "per_s": 10.0, "load_s": 0.2, "peak_mb": 50.0}
    wide = {"p50_ms": 2.0, "per_s": 30.0, "load_s": 0.1, "peak_mb": 60.0}
    assert best_of([fast, wide]) == {"p50_ms": 1.0, "per_s": 30.0, "load_s": 0.1, "peak_mb": 50.0}


def test_a_figure_is_the_median_of_its_rounds():
    quiet = {"p50_ms": 1.0, "per_s": 10.0, "load_s": 0.1, "peak_mb": 50.0, "discarded": 0, "noisy": False}
    slow, spoiled = quiet | {"p50_ms": 9.0, "per_s": 1.0}, quiet | {"discarded": 2, "noisy": True}
    assert median_of([quiet, slow, spoiled]) == quiet | {"discarded": 2, "noisy": True}


def test_a_window_beside_other_load_is_taken_again():
    """A process that spins for as long as it is measured is other load."""
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        clock = QuietClock(most_tries=2)
        start = machine_seconds()

        def until_the_other_ran():
            while machine_seconds() - start < 1:
                pass

        clock.each([until_the_other_ran])
    finally:
        other.kill()
        other.wait()
    assert clock.discarded == 1


def test_the_names_of_the_cost_curve_are_all_read():
    assert len({source_text(name, "fr") for name in different_names(6000)}) > 5900


def test_families_of_a_folder_read_alike():
    names = folder_names(1000)
    assert len(set(names)) == 1000 and len({source_text(name, "fr") for name in names}) <= 100


@pytest.mark.slow
def test_the_benchmark_runs():
    pytest.importorskip("ctranslate2", reason="pip install -r benchmarks/requirements.txt")
    command = [sys.executable, "-m", "benchmarks.bench_student", "--quick"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])["embedded"]
    figures = {"p50_ms", "per_s", "load_s", "peak_mb", "file_mb"}
    for engine in (report, report["ctranslate2"], report["torch"]):
        assert figures <= engine.keys() and all(engine[figure] > 0 for figure in figures)
