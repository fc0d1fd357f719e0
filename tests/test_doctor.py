import os
import re
import subprocess
import sys

import pytest

from nomenclair.cli import doctor
from nomenclair.workspace import REPOSITORY

BLOCKED = ("torch", "bitsandbytes", "huggingface_hub", "pyarrow")


def run_doctor(root, blocked=(), **variables):
    """`nomenclair doctor` in a process of its own that cannot import `blocked` and reaches no hub."""
    code = (
        f"import sys\nfor name in {blocked!r}: sys.modules[name] = None\n"
        f"sys.argv = ['nomenclair', 'doctor', '--workspace', {str(root)!r}]\n"
        "from nomenclair.cli import main\nmain()"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    env = {**kept, "HF_HUB_OFFLINE": "1", "HF_HOME": str(root), "COLUMNS": "200", **variables}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_pins_are_read_from_requirements(tmp_path):
    (tmp_path / "r.txt").write_text("# why\n\nnumpy==2.4.6  # the core\nrich>=13\n")
    assert doctor.pins(tmp_path / "r.txt") == {"numpy": "2.4.6"}
    assert doctor.pins(tmp_path / "none.txt") == {}


def test_every_package_it_speaks_of_is_pinned():
    assert set(doctor.COSTS) <= set(doctor.pins(REPOSITORY / "requirements.txt"))


# `doctor` itself does not start without the first two; no room imports the others.
NEVER_LOOKED_AT = {"typer", "rich", "sentencepiece"}


def test_every_package_of_the_pipeline_is_looked_at(tmp_path):
    pinned = (REPOSITORY / "requirements.txt").read_text(encoding="utf-8")
    above, mark, _ = pinned.partition("\n# tests\n")
    (tmp_path / "r.txt").write_text(above + mark, encoding="utf-8")
    assert set(doctor.pins(tmp_path / "r.txt")) - NEVER_LOOKED_AT == set(doctor.COSTS)


def test_a_missing_package_is_told_with_its_cost(monkeypatch):
    monkeypatch.setitem(doctor.COSTS, "no-such-distribution", "flying")
    found = {finding.what: finding for finding in doctor.packages()}
    assert not found["no-such-distribution"].good
    assert "no flying" in found["no-such-distribution"].told


def test_another_version_than_the_tested_one_is_told(monkeypatch, tmp_path):
    (tmp_path / "r.txt").write_text("numpy==0.0.1\n")
    monkeypatch.setattr(doctor, "REQUIREMENTS", tmp_path / "r.txt")
    assert next(doctor.packages()).what == "numpy"


@pytest.mark.parametrize(
    ("blocked", "line"),
    [
        pytest.param((), r"ok +8-bit +bitsandbytes computes", id="bitsandbytes works on this processor"),
        pytest.param(BLOCKED, r"-- +accelerator +unknown without torch", id="torch is missing"),
        pytest.param(BLOCKED, r"-- +8-bit +no train --load-in-8bit", id="bitsandbytes is missing"),
        pytest.param(BLOCKED, r"-- +hub +unknown", id="the hub's client is missing"),
        pytest.param(("torch",), r"-- +hub +no answer .*embedded base", id="no hub"),
        pytest.param(("torch",), r"-- +key +OPENAI_API_KEY is not set: .*grammar", id="no key"),
    ],
)
def test_it_says_what_is_missing_and_what_that_costs(tmp_path, blocked, line):
    assert re.search(line, run_doctor(tmp_path, blocked))


def test_the_key_is_never_shown(tmp_path):
    out = run_doctor(tmp_path, BLOCKED, OPENAI_API_KEY="sk-secret", OPENAI_BASE_URL="http://localhost:1/v1")
    assert re.search(r"ok +key +OPENAI_API_KEY is set, for http://localhost:1/v1", out)
    assert "sk-secret" not in out


def test_the_disk_of_a_workspace_that_is_not_there_yet(tmp_path):
    assert str(tmp_path) in doctor.disk(tmp_path / "a" / "b").told


def test_a_path_with_brackets_is_shown_as_it_stands(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("COLUMNS", "600")
    for check in ("cuda", "eight_bits", "student", "hub", "key"):
        monkeypatch.setattr(doctor, check, lambda: doctor.Finding("", True, ""))
    (tmp_path / "p[" / "q]").mkdir(parents=True)
    doctor.doctor(tmp_path / "p[" / "q]")
    assert f"free at {tmp_path / 'p[' / 'q]'}" in capsys.readouterr().out
