"""The command doctor: what this machine has of what the pipeline uses, and what each missing part costs."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import typer
from rich.table import Table

from nomenclair import SHIPPED
from nomenclair.cli.common import DEFAULT_WORKSPACE, WorkspaceOption, printer
from nomenclair.workspace import REPOSITORY

REQUIREMENTS = REPOSITORY / "requirements.txt"

# What cannot be done without each package.
COSTS = {
    "numpy": "everything",
    "onnxruntime": "describe, export, evaluate",
    "tokenizers": "describe, export, evaluate",
    "pyarrow": "every stage from scan to evaluate",
    "pathspec": "scan --gitignore",
    "openai": "generate with an endpoint or the local model",
    "aiohttp": "generate with an endpoint or the local model",
    "httpx2": "generate with an endpoint or the local model, train, report",
    "aiolimiter": "generate with an endpoint or the local model",
    "json-repair": "generate with an endpoint or the local model",
    "phonenumbers": "generate with an endpoint or the local model, review",
    "detect-secrets": "generate with an endpoint or the local model, review",
    "bpe-openai": "generate with an endpoint or the local model",
    "jinja2": "generate with an endpoint or the local model",
    "xllamacpp": "generate --teacher local",
    "pyrealb": "generate --teacher grammar, the one that needs no key",
    "rapidfuzz": "curate",
    "lingua-language-detector": "curate",
    "langdetect": "curate",
    "pyspellchecker": "curate, review",
    "torch": "train, export",
    "transformers": "train, export",
    "peft": "train with LoRA (--full goes without)",
    "accelerate": "train",
    "datasets": "train",
    "pandas": "train --pairs",
    "bitsandbytes": "train --load-in-8bit",
    "tensorboard": "the live curves of train",
    "onnx": "export",
    "evaluate": "evaluate",
    "sacrebleu": "evaluate, the gate of export",
    "scipy": "evaluate, export",
    "rouge-score": "evaluate",
}
# A base, its checkpoints and a student of Flan-T5-small's size, in bytes.
ROOM = 3_000_000_000
FLAN_T5_SMALL = "google/flan-t5-small"
HUB_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: `told` is what was found; where it is not good, what that costs and what helps."""

    what: str
    good: bool
    told: str


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: nomenclair doctor")(doctor)


def doctor(root: WorkspaceOption = DEFAULT_WORKSPACE) -> None:
    """Check packages, accelerator, disk, hub and key, and say what each missing one costs."""
    table = Table("", "what", "found", box=None)
    for finding in [*packages(), cuda(), eight_bits(), disk(root), student(), hub(), key()]:
        table.add_row("ok" if finding.good else "--", finding.what, finding.told)
    printer().print(table)


def packages() -> Iterator[Finding]:
    """One finding per package that is missing or differs from the tested version; one for all the others."""
    tested = pins(REQUIREMENTS)
    fine = 0
    for name, cost in COSTS.items():
        try:
            have = version(name)
        except PackageNotFoundError:
            yield Finding(name, False, f"missing; without it: no {cost}. pip install {name}")
            continue
        if name in tested and have.partition("+")[0] != tested[name]:
            yield Finding(name, False, f"{have}, tested with {tested[name]}: results may differ")
        else:
            fine += 1
    yield Finding("packages", fine > 0, f"{fine} of {len(COSTS)} as tested")


def pins(path: Path) -> dict[str, str]:
    """The name==version lines of a requirements file; none where there is no file (a wheel alone)."""
    if not path.exists():
        return {}
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return dict(line.split("==") for line in lines if "==" in line)


def cuda() -> Finding:
    try:
        torch = import_module("torch")
    except ImportError:
        return Finding("accelerator", False, "unknown without torch")
    if torch.cuda.is_available():
        return Finding("accelerator", True, torch.cuda.get_device_name(0))
    return Finding("accelerator", False, "none; train runs on the processor, slower")


def eight_bits() -> Finding:
    """Multiply through bitsandbytes once: it may be installed and yet have no code for this processor."""
    try:
        torch, bnb = import_module("torch"), import_module("bitsandbytes")
        device = "cuda" if torch.cuda.is_available() else "cpu"
        layer = bnb.nn.Linear8bitLt(32, 32, has_fp16_weights=False).to(device)
        result = layer(torch.ones(1, 32, device=device))
    except Exception as error:  # whatever its native code raises
        return Finding(
            "8-bit", False, f"no train --load-in-8bit: {error}; train without it takes more memory"
        )
    return Finding("8-bit", bool(result.isfinite().all()), f"bitsandbytes computes on {device}")


def disk(root: Path) -> Finding:
    place = next(folder for folder in (root.absolute(), *root.absolute().parents) if folder.exists())
    free = shutil.disk_usage(place).free
    told = f"{free / 1e9:.1f} GB free at {place}"
    if free >= ROOM:
        return Finding("disk", True, told)
    return Finding("disk", False, f"{told}; training on Flan-T5-small takes up to {ROOM / 1e9:.0f} GB")


def student() -> Finding:
    if SHIPPED.is_dir():
        return Finding("shipped student", True, str(SHIPPED))
    return Finding("shipped student", False, "none; describe needs --student or a workspace that has one")


def hub() -> Finding:
    try:
        hub = import_module("huggingface_hub")
    except ImportError:
        return Finding("hub", False, "unknown without huggingface_hub")
    if isinstance(hub.try_to_load_from_cache(FLAN_T5_SMALL, "config.json"), str):
        return Finding("hub", True, f"{FLAN_T5_SMALL} is in the cache")
    try:
        hub.HfApi().model_info(FLAN_T5_SMALL, timeout=HUB_SECONDS)
    except Exception as error:  # offline by choice, no route, a proxy's answer: all mean the same here
        cost = "no base by hub name; train takes the embedded base or --base FOLDER"
        return Finding("hub", False, f"no answer ({type(error).__name__}); {cost}")
    return Finding("hub", True, "answers")


def key() -> Finding:
    where = os.environ.get("OPENAI_BASE_URL", "the provider's own address")
    if os.environ.get("OPENAI_API_KEY"):
        return Finding("key", True, f"OPENAI_API_KEY is set, for {where}")
    return Finding(
        "key",
        False,
        "OPENAI_API_KEY is not set: no generate with a paid endpoint; --teacher grammar and local need none",
    )
