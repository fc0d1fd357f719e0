"""2,000 names through a server that fails in every way, with kill -9: none lost, no reply lost, none paid twice."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from nomenclair.workspace import Workspace
from tests.generating import ask, pairs_of, rejected_of, some_names, workspace_with
from tests.stub_endpoint import CONTENT_FAULTS, TRANSPORT_FAULTS, StubEndpoint, at_random, serving

CONCURRENCY = 8
FAULTS = {fault: 0.03 for fault in TRANSPORT_FAULTS} | {fault: 0.01 for fault in CONTENT_FAULTS}
STORM = {"429": 0.7, "503": 0.1}


def misbehaving(seed: int):
    """Faults of all kinds, and now and then a storm of 429s."""
    calm, storm = at_random(FAULTS, seed), at_random(STORM, seed + 1)

    def choose(number: int, body: dict) -> str:
        return storm(number, body) if number % 300 > 270 else calm(number, body)

    return choose


def account(workspace: Workspace, stub: StubEndpoint) -> tuple[int, int]:
    """(replies that were delivered and are not in the ledger, names that two recorded replies answered well)."""
    with sqlite3.connect(workspace.ledger) as db:
        raws = [raw for (raw,) in db.execute("SELECT raw FROM replies")]
    kept = set()
    for raw in raws:
        try:
            kept.add(json.loads(raw)["id"])
        except ValueError:  # the garbage replies
            continue
    delivered = [d for d in stub.delivered if d.id]
    lost = sum(d.id not in kept for d in delivered)
    answered = Counter(name for d in delivered if d.id in kept for name in d.names)
    return lost, sum(n > 1 for n in answered.values())


def test_two_thousand_names_through_every_fault(tmp_path):
    workspace = workspace_with(tmp_path, some_names(2000))
    with serving(StubEndpoint(choose=misbehaving(7), latency=0.002)) as stub:
        written = ask(workspace, stub)
    assert set(stub.faults) == {"ok", *FAULTS}, "every fault was met"
    assert written.pairs + sum(written.rejected.values()) == 2000
    assert all(r.reason for r in rejected_of(workspace))
    assert written.pairs > 1990, "three asks get nearly everything through"
    assert account(workspace, stub) == (0, 0)


SCRIPT = """
import sys
from pathlib import Path
from tests.generating import ask
from tests.stub_endpoint import StubEndpoint
from nomenclair.workspace import Workspace
print(ask(Workspace(Path(sys.argv[1])), StubEndpoint(port=int(sys.argv[2]))).pairs)
"""


@pytest.mark.parametrize(
    ("count", "seconds", "latency", "most_kills"),
    [
        pytest.param(300, 1.2, 0.05, 3, id="shortened"),
        pytest.param(2000, 4.0, 0.1, 8, id="whole", marks=pytest.mark.slow),
    ],
)
def test_kill_9_every_few_seconds(tmp_path, count, seconds, latency, most_kills):
    """The client dies at random moments, over and over; then it is left alone to finish."""
    workspace = workspace_with(tmp_path / "w", some_names(count))
    rng = random.Random(3)
    command = [sys.executable, "-c", SCRIPT, str(workspace.root)]
    at_home = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    kills = 0
    with serving(StubEndpoint(choose=misbehaving(11), latency=latency)) as stub:
        for _ in range(200):
            started = len(stub.bodies)
            client = subprocess.Popen([*command, str(stub.port)], env=at_home, stdout=subprocess.PIPE)
            # The clock starts at the first request: Python itself needs seconds to start on a busy machine.
            while len(stub.bodies) == started and client.poll() is None:
                time.sleep(0.01)
            try:
                out, _ = client.communicate(
                    timeout=seconds * rng.uniform(0.3, 1.0) if kills < most_kills else 120
                )
                break
            except subprocess.TimeoutExpired:
                client.send_signal(signal.SIGKILL)
                client.wait()
                kills += 1
    assert client.returncode == 0 and kills >= 2
    assert int(out) + len(rejected_of(workspace)) == count
    assert len(pairs_of(workspace)) > 0.98 * count
    lost, paid_twice = account(workspace, stub)
    assert paid_twice == 0
    assert lost <= kills * CONCURRENCY, "at most the requests that were in flight at each kill"
