import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from nomenclair.workspace import REPOSITORY

# What a host program may download: the wheel and all it needs. Unpacked, onnxruntime, numpy and tokenizers
# alone take 134 MB; with tokenizers' own dependencies and the student (19 MB) a host grows by 192 MB.
MOST_DOWNLOADED = 120_000_000
MOST_UNPACKED = 200_000_000
CLEAN = {
    name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "NOMENCLAIR_STUDENT")
}


def run(*command, cwd):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=cwd, env=CLEAN)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", REPOSITORY, "-w", folder, cwd=folder)
    return next(folder.glob("nomenclair-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The Python of a fresh environment that holds the wheel and what it depends on, nothing else."""
    folder = tmp_path_factory.mktemp("host") / "venv"
    run(sys.executable, "-m", "venv", folder, cwd=folder.parent)
    before = size(site_packages(folder))
    python = folder / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", wheel, cwd=folder.parent)
    return python, size(site_packages(folder)) - before


def site_packages(venv: Path) -> Path:
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(venv)}))


def size(folder: Path) -> int:
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return sum(path.stat().st_size for path in files)


@pytest.mark.slow
def test_the_wheel_holds_the_light_core_alone(wheel):
    with zipfile.ZipFile(wheel) as archive:
        folders = {name.split("/")[0] for name in archive.namelist()}
    assert {name for name in folders if not name.endswith(".dist-info")} == {"nomenclair"}


@pytest.mark.slow
def test_the_wheel_alone_describes(installed, student_folder, tmp_path):
    python, grown = installed
    out = run(
        python.with_name("nomenclair"), "describe", "a.pdf", "--lang", "fr", "--student", student_folder,
        cwd=tmp_path,
    )  # fmt: skip
    assert out.startswith("a.pdf\t")
    absent = "import importlib.util as u; print([m for m in ('torch', 'pandas', 'openai') if u.find_spec(m)])"
    assert run(python, "-c", absent, cwd=tmp_path).strip() == "[]"
    print(f"unpacked: {grown / 1e6:.0f} MB")
    assert grown < MOST_UNPACKED


@pytest.mark.slow
def test_right_after_installation_it_describes(installed, tmp_path):
    """With the student inside the package: none is named, none lies in the folder."""
    python, _ = installed
    out = run(
        python.with_name("nomenclair"), "describe", "facture_edf_mars.pdf", "--lang", "fr", cwd=tmp_path
    )
    name, text = out.rstrip("\n").split("\t")
    assert name == "facture_edf_mars.pdf" and "Facture" in text and "mars" in text


@pytest.mark.slow
def test_the_wheel_and_what_it_needs_are_a_small_download(wheel, tmp_path):
    run(sys.executable, "-m", "pip", "download", "--quiet", wheel, "-d", tmp_path, cwd=tmp_path)
    print(f"to download: {size(tmp_path) / 1e6:.0f} MB")
    assert size(tmp_path) < MOST_DOWNLOADED


@pytest.mark.slow
def test_the_pipeline_says_that_it_needs_a_checkout(installed, tmp_path):
    python, _ = installed
    done = subprocess.run(
        [python.with_name("nomenclair"), "scan", "."], capture_output=True, text=True, cwd=tmp_path, env=CLEAN
    )
    assert done.returncode == 2 and "runs from a checkout" in done.stderr
