"""Helpers of the tests of generate: names, a workspace with them, one run against a stub."""

import json
from pathlib import Path

from datagen.budget import Budget
from datagen.generate import Options
from datagen.judge import Judging
from datagen.ledger import open_ledger
from datagen.prompts import Prompt, load
from datagen.session import Address, Written, ask_endpoint, open_run, read_names
from datagen.teacher import Limits
from nomenclair.records import FileName, Pair, Rejected
from nomenclair.workspace import Workspace, read_records, write_records
from tests.stub_endpoint import StubEndpoint, files_of

WORDS = "invoice report photo backup letter budget plan garden music server window event user client".split()
EXTENSIONS = "pdf jpg txt zip py sh csv docx xlsx mp3".split()
FAST = Limits(concurrency=8, timeout=1.0, first_wait=0.01, longest_wait=0.1)


def some_names(count: int) -> list[FileName]:
    """Distinct names, each of its own family, so that none is carried over."""
    made = (
        f"{a}_{b}_{c}.{ext}"
        for ext in EXTENSIONS
        for a in WORDS
        for b in WORDS
        for c in WORDS
        if len({a, b, c}) == 3
    )
    return [FileName.of(name) for name, _ in zip(made, range(count), strict=False)]


def workspace_with(folder: Path, files: list[FileName]) -> Workspace:
    workspace = Workspace(folder)
    write_records(workspace.names, FileName, files)
    return workspace


def ask(
    workspace: Workspace,
    stub: StubEndpoint,
    options: Options | None = None,
    limits: Limits = FAST,
    budget: Budget | None = None,
    prompt: Prompt | None = None,
    key: str = "test",
    batch: bool = False,
    judge: bool = False,
) -> Written:
    """One whole run, as the command line makes it."""
    options, budget, prompt = options or Options("stub"), budget or Budget(), prompt or load("describe-full")
    address = Address(stub.url, key, limits, batch, poll_seconds=0.02)
    with open_ledger(workspace.ledger) as ledger:
        run = open_run(read_names(workspace), prompt, options, ledger, budget, _quiet, address)

        def make_judging() -> Judging:
            return Judging(run, load("judge"), "stub", ledger, budget, _quiet)

        return ask_endpoint(workspace, run, ledger, address, make_judging if judge else None)


def _quiet(*told: object) -> None:
    pass


def pairs_of(workspace: Workspace) -> list[Pair]:
    return list(read_records(workspace.pairs, Pair))


def rejected_of(workspace: Workspace) -> list[Rejected]:
    return list(read_records(workspace.pairs_rejected, Rejected))


def sent_names(stub: StubEndpoint) -> list[str]:
    return [f["name"] for body in stub.bodies for f in files_of(json.loads(body))]
