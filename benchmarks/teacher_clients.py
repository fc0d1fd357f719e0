"""One run of a client against a stub endpoint, as a process that may be killed: ours, or bespokelabs-curator.

    python -m benchmarks.teacher_clients ours FOLDER URL CONCURRENCY PER_REQUEST
    python benchmarks/teacher_clients.py curator FOLDER URL CONCURRENCY

FOLDER/names.txt holds the names. The last line printed is JSON: seconds of the call alone, and the names that
have texts. Curator runs in an environment of its own, so nothing of this project may be imported above it.
"""

import json
import os
import sys
import time
from pathlib import Path


def ours(folder: Path, url: str, concurrency: int, per_request: int) -> dict:
    from datagen.generate import Options
    from datagen.teacher import Limits
    from nomenclair.records import FileName
    from tests.generating import ask, pairs_of, rejected_of, workspace_with
    from tests.stub_endpoint import StubEndpoint

    files = [FileName.of(name) for name in (folder / "names.txt").read_text().splitlines()]
    workspace = workspace_with(folder / "workspace", files)
    stub = StubEndpoint(port=int(url.split(":")[2].split("/")[0]))
    limits = Limits(concurrency, timeout=2.0, first_wait=0.05, longest_wait=1.0)
    began = time.monotonic()
    ask(workspace, stub, Options("stub", per_request), limits)
    seconds = time.monotonic() - began
    reasons = {r.name: r.reason for r in rejected_of(workspace)}
    return {"seconds": seconds, "answered": [p.name for p in pairs_of(workspace)], "reasoned": reasons}


def curator(folder: Path, url: str, concurrency: int) -> dict:
    import litellm

    # litellm's wheel holds the vocabulary that curator would download.
    os.environ["TIKTOKEN_CACHE_DIR"] = str(
        Path(litellm.__file__).parent / "litellm_core_utils" / "tokenizers"
    )
    os.environ |= {"CURATOR_CACHE_DIR": str(folder / "cache"), "TELEMETRY_ENABLED": "false"}
    os.environ |= {"CURATOR_VIEWER": "0", "OPENAI_API_KEY": "test", "CURATOR_DISABLE_RICH_DISPLAY": "1"}
    from bespokelabs import curator as peer
    from datasets import Dataset

    class Labels(peer.LLM):
        def prompt(self, row: dict) -> list[dict]:
            files = json.dumps({"files": [{"id": "7f3a", "name": row["name"]}]}, ensure_ascii=False)
            return [{"role": "system", "content": "Label each file."}, {"role": "user", "content": files}]

        def parse(self, row: dict, response: str) -> list[dict]:
            entry = json.loads(response)["items"][0]
            return [{"name": row["name"], "en": entry["en"], "fr": entry["fr"]}]

    labels = Labels(
        model_name="stub",
        backend="openai",
        backend_params={
            "base_url": url,
            "max_requests_per_minute": 1_000_000,
            "max_tokens_per_minute": 1_000_000_000,
            "max_concurrent_requests": concurrency,
            "max_retries": 6,
            "request_timeout": 2,
            "require_all_responses": False,
        },
    )
    names = (folder / "names.txt").read_text().splitlines()
    rows = Dataset.from_list([{"name": name} for name in names])
    began = time.monotonic()
    result = labels(rows)
    seconds = time.monotonic() - began
    answered = [row["name"] for row in getattr(result, "dataset", result)]
    failed = [line for f in (folder / "cache").rglob("failed_requests.jsonl") for line in f.open()]
    reasoned = {name: "failed" for name in names if any(json.dumps(name)[1:-1] in line for line in failed)}
    return {"seconds": seconds, "answered": answered, "reasoned": reasoned}


if __name__ == "__main__":
    which, folder, url, *numbers = sys.argv[1:]
    run = {"ours": ours, "curator": curator}[which]
    print(json.dumps(run(Path(folder), url, *map(int, numbers))))
