"""generate under stress, and beside bespokelabs-curator on the same stub server and names.

    make bench-teacher
    python -m benchmarks.bench_teacher [--names N] [--local-names N] [--curator PYTHON]

Everything runs over real HTTP on loopback; the last line is one JSON object. The stub answers after 200 ms, so
no client can be faster than names / concurrency x 0.2 s when it sends one name a request.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import phonenumbers
from rich.console import Console
from rich.table import Table

from datagen.compare import flags_of
from datagen.privacy import mask
from nomenclair.records import FileName
from nomenclair.workspace import REPOSITORY, Workspace
from tests.generating import ask, pairs_of, rejected_of, some_names, workspace_with
from tests.stub_endpoint import CONTENT_FAULTS, TRANSPORT_FAULTS, StubEndpoint, at_random, files_of, serving
from tests.test_generate_faults import account

LATENCY = 0.2
CONCURRENCY = 16
FAULTS = {fault: 0.03 for fault in TRANSPORT_FAULTS} | {fault: 0.01 for fault in CONTENT_FAULTS}
SCRIPT = str(REPOSITORY / "benchmarks" / "teacher_clients.py")

out = Console(width=120)
Command = Callable[[Path, StubEndpoint], list[str]]


@dataclass(frozen=True, slots=True)
class Client:
    """`command(folder, stub)` starts one run; None of its state lives outside the folder."""

    name: str
    command: Command


def ours(per_request: int) -> Client:
    def command(folder: Path, stub: StubEndpoint) -> list[str]:
        return [sys.executable, SCRIPT, "ours", str(folder), stub.url, str(CONCURRENCY), str(per_request)]

    return Client(f"nomenclair, {per_request} a request", command)


def curator(python: Path) -> Client:
    def command(folder: Path, stub: StubEndpoint) -> list[str]:
        return [str(python), SCRIPT, "curator", str(folder), stub.url, str(CONCURRENCY)]

    return Client("bespokelabs-curator", command)


def run(client: Client, folder: Path, stub: StubEndpoint) -> dict:
    """One run to its end; what it printed, or {"died": last line of its errors}."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(client.command(folder, stub), capture_output=True, text=True, env=environment)
    if done.returncode:
        return {"died": (done.stderr.strip().splitlines() or ["?"])[-1]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def prepare(folder: Path, files: Sequence[FileName]) -> Path:
    folder.mkdir(parents=True)
    (folder / "names.txt").write_text("\n".join(f.name for f in files))
    return folder


def speed(client: Client, files: Sequence[FileName], folder: Path) -> dict:
    """A well-behaved endpoint: wall time of the call, requests, names without texts."""
    with serving(StubEndpoint(latency=LATENCY)) as stub:
        told = run(client, prepare(folder, files), stub)
    answered = set(told.get("answered", ()))
    bound = len(stub.bodies) / CONCURRENCY * LATENCY
    # The server's clock, from the first request to the last reply: without imports and files.
    under_way = stub.last_at - stub.first_at
    return {
        "seconds": round(told.get("seconds", float("nan")), 2),
        "seconds_under_way": round(under_way, 2),
        "requests": len(stub.bodies),
        "lost": sum(f.name not in answered for f in files),
        "share": round(bound / under_way, 3) if under_way else 0.0,
    }


def faults(client: Client, files: Sequence[FileName], folder: Path) -> dict:
    """An endpoint with every fault: names that end neither with texts nor with a reason."""
    with serving(StubEndpoint(choose=at_random(FAULTS, 5), latency=0.02)) as stub:
        told = run(client, prepare(folder, files), stub)
    if "died" in told:
        return {"answered": 0, "reasoned": 0, "lost": len(files), "died": told["died"][:200]}
    answered, reasoned = set(told["answered"]), set(told["reasoned"])
    lost = sum(f.name not in answered | reasoned for f in files)
    return {"answered": len(answered), "reasoned": len(reasoned - answered), "lost": lost}


def restart(client: Client, files: Sequence[FileName], folder: Path) -> dict:
    """kill -9 half way, then again: names sent again though their reply had been delivered. Then one name more."""
    prepare(folder, files)
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with serving(StubEndpoint(latency=LATENCY)) as stub:
        half = len(files) // 2
        first = subprocess.Popen(
            client.command(folder, stub),
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while sum(len(d.names) for d in stub.delivered) < half and first.poll() is None:
            time.sleep(0.01)
        time.sleep(LATENCY / 2)  # replies that came together with the last one are taken in by now
        paid = {name for d in stub.delivered for name in d.names}
        first.send_signal(signal.SIGKILL)
        first.wait()
        time.sleep(2 * LATENCY)
        before = len(stub.bodies)
        run(client, folder, stub)
        again = sum(name in paid for name in _asked(stub.bodies[before:]))
        one_more = [*files, FileName.of("one_new_name.pdf")]
        (folder / "names.txt").write_text("\n".join(f.name for f in one_more))
        before = len(stub.bodies)
        run(client, folder, stub)
        added = len(_asked(stub.bodies[before:]))
    return {"paid_before_kill": len(paid), "sent_again": again, "sent_for_one_new_name": added}


def _asked(bodies: Sequence[bytes]) -> list[str]:
    return [f["name"] for body in bodies for f in files_of(json.loads(body))]


def killed(files: Sequence[FileName], folder: Path) -> dict:
    """Every fault, and kill -9 every few seconds: what became of names and of replies."""
    prepare(folder, files)
    rng, client, kills = random.Random(3), ours(10), 0
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    workspace = Workspace(folder / "workspace")
    with serving(StubEndpoint(choose=at_random(FAULTS, 11), latency=0.1)) as stub:
        while True:
            started = len(stub.bodies)
            process = subprocess.Popen(
                client.command(folder, stub),
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            while len(stub.bodies) == started and process.poll() is None:
                time.sleep(0.01)
            try:
                process.wait(timeout=rng.uniform(1.0, 3.0) if kills < 6 else 600)
                break
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                kills += 1
    pairs, rejected = pairs_of(workspace), rejected_of(workspace)
    replies_lost, paid_twice = account(workspace, stub)
    return {
        "names": len(files),
        "pairs": len(pairs),
        "rejected": len(rejected),
        "lost": len(files) - len(pairs) - len(rejected),
        "kills": kills,
        "in_flight_at_kills": replies_lost,
        "paid_twice": paid_twice,
    }


def leaks(count: int, folder: Path) -> int:
    """Names with secrets in them, through a recording server: how many secrets it saw."""
    from tests.test_privacy import iban, luhn

    rng = random.Random(1)

    def some(alphabet: str, length: int) -> str:
        return "".join(rng.choices(alphabet, k=length))

    letters, digits = "abcdefghijklmnopqrstuvwxyz", "0123456789"
    mobile = phonenumbers.PhoneNumberType.MOBILE
    makers = [
        lambda: f"{some(letters, 5)}.{some(letters, 7)}@{some(letters, 6)}.fr",
        lambda: iban(some(digits, 23)),
        lambda: luhn("4" + some(digits, 14)),
        lambda: f"a1b2c3{some('0123456789abcdef', 26)}",
        lambda: some("abcdef", 24),
        lambda: f"ghp_{some(letters + letters.upper() + digits, 36)}",
        lambda: f"AKIA{some('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16)}",
        lambda: phonenumbers.format_number(
            phonenumbers.example_number_for_type(rng.choice(["FR", "GB", "DE"]), mobile),
            phonenumbers.PhoneNumberFormat.INTERNATIONAL,
        ),
    ]
    secrets = [rng.choice(makers)() for _ in range(count)]
    files = [FileName.of(f"{rng.choice(['scan', 'note', 'été'])}_{n}_{s}.pdf") for n, s in enumerate(secrets)]
    with serving(StubEndpoint()) as stub:
        ask(workspace_with(folder, files), stub)
    sent = b"\n".join(stub.bodies)
    hidden = {value for f in files for _, value in mask(f.name).hidden}
    return sum(value.encode() in sent for value in {*secrets, *hidden})


def local(files: Sequence[FileName], folder: Path) -> dict:
    """The same names through SmolLM2 on llama.cpp: complete, and the share of pairs that review would flag."""
    workspace = workspace_with(folder, files)
    command = [sys.executable, "-m", "nomenclair.cli", "generate", "--teacher", "local", "-w", str(folder)]
    began = time.monotonic()
    subprocess.run(command, check=True, capture_output=True, cwd=REPOSITORY)
    seconds = time.monotonic() - began
    pairs, rejected = pairs_of(workspace), rejected_of(workspace)
    flagged = sum(map(bool, flags_of(pairs)))
    return {
        "names": len(files),
        "pairs": len(pairs),
        "rejected": len(rejected),
        "lost": len(files) - len(pairs) - len(rejected),
        "flagged_share": round(flagged / len(pairs), 2) if pairs else None,
        "reasons": dict(Counter(r.reason for r in rejected).most_common()),
        "seconds": round(seconds, 1),
    }


def local_table(told: dict, names: int) -> Table:
    view = Table(title="SmolLM2-135M-Instruct on llama.cpp, describe-lines")
    for heading in (
        "names asked",
        "pairs",
        "rejected with a reason",
        "lost",
        "pairs that flags stop",
        "seconds",
    ):
        view.add_column(heading, justify="right")
    cells = [
        told["pairs"],
        told["rejected"],
        told["lost"],
        f"{told['flagged_share'] or 0:.0%}",
        told["seconds"],
    ]
    view.add_row(f"the first {told['names']} of {names}", *map(str, cells))
    return view


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--names", type=int, default=2000)
    parser.add_argument("--curator", type=Path, help="python of an environment with bespokelabs-curator")
    parser.add_argument(
        "--local-names",
        type=int,
        default=2000,
        help="how many of them SmolLM2 gets, about one a second (0: none)",
    )
    options = parser.parse_args()
    flags_of([])  # what it reads must be whole: not told after ten minutes
    files = some_names(options.names)
    clients = [ours(1), ours(10)] + ([curator(options.curator)] if options.curator else [])
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        result = killed(files, root / "killed")
        out.print(f"Faults and kill -9: {result}")
        result["masked_leaks"] = leaks(options.names // 4, root / "leaks")
        out.print(f"Masked values seen by the server: {result['masked_leaks']}")
        measured = {}
        for n, client in enumerate(clients):
            measured[client.name] = {
                "speed": speed(client, files[: options.names // 2], root / f"speed{n}"),
                "faults": faults(client, files[: options.names // 4], root / f"faults{n}"),
                "restart": restart(client, files[: options.names // 4], root / f"restart{n}"),
            }
            out.print(f"{client.name}: {measured[client.name]}")
        if options.local_names:
            result["local"] = local(files[: options.local_names], root / "local")
            out.print(f"SmolLM2-135M on llama.cpp: {result['local']}")
    out.print(table(measured))
    if options.local_names:
        out.print(local_table(result["local"], options.names))
    result["throughput_share"] = measured[clients[0].name]["speed"]["share"]
    result["ours"] = measured[clients[1].name]
    if options.curator:
        result["curator"] = flat(measured[clients[2].name])
    print(json.dumps(result))


def flat(told: dict) -> dict:
    """The peer's figures under the same names as ours."""
    return {
        "names": told["faults"]["answered"] + told["faults"]["reasoned"] + told["faults"]["lost"],
        "pairs": told["faults"]["answered"],
        "rejected": told["faults"]["reasoned"],
        "lost": told["faults"]["lost"],
        "paid_twice": told["restart"]["sent_again"],
        "throughput_share": told["speed"]["share"],
        "masked_leaks": None,
        **told,
    }


def table(measured: dict) -> Table:
    view = Table(title=f"One stub, {LATENCY * 1000:.0f} ms, {CONCURRENCY} in flight")
    for heading in (
        "client",
        "seconds",
        "requests",
        "share of bound",
        "lost under faults",
        "sent again after kill",
    ):
        view.add_column(heading)
    view.add_column("sent for one new name")
    for name, told in measured.items():
        pace, again = told["speed"], told["restart"]
        cells = [pace["seconds_under_way"], pace["requests"], pace["share"], told["faults"]["lost"]]
        cells += [f"{again['sent_again']} of {again['paid_before_kill']}", again["sent_for_one_new_name"]]
        view.add_row(name, *map(str, cells))
    return view


if __name__ == "__main__":
    main()
