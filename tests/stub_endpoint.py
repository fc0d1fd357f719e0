"""A chat-completions endpoint on loopback that answers file names, and misbehaves on request.

Real HTTP/1.1 over real sockets, so that resets, hangs and slow bytes are what a client meets in life. It
keeps what it saw (`bodies`) and what it delivered to the last byte (`delivered`), so that a test can tell a
reply that was lost from one that was never given.
"""

import asyncio
import json
import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

# What may happen to a request; "ok" answers it well.
TRANSPORT_FAULTS = ("429", "500", "503", "hang", "reset", "reset-mid-body", "drip", "html")
CONTENT_FAULTS = (
    "prose", "wrong-ids", "missing", "duplicate", "cut", "refusal", "empty", "markdown", "swapped",
    "filtered", "fenced", "echo", "half",
)  # fmt: skip

Choose = Callable[[int, dict], str]


@dataclass
class Delivered:
    """One reply that went out whole: its completion id, its usage, and the names it answered well."""

    id: str
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    names: tuple[str, ...]


@dataclass
class StubEndpoint:
    """`choose(number, body)` names the fault of each request; `latency` in seconds."""

    choose: Choose = lambda number, body: "ok"
    latency: float = 0.0
    port: int = 0
    bodies: list[bytes] = field(default_factory=list)
    delivered: list[Delivered] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    keys: list[str] = field(default_factory=list)
    retry_after: Callable[[], str] = lambda: "retry-after-ms: 40"
    # When each request came, and how many were in flight with it.
    arrivals: list[tuple[float, int]] = field(default_factory=list)
    first_at: float = 0.0
    last_at: float = 0.0

    def __post_init__(self):
        self.batches = StubBatches(self)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                method, path, _ = head.decode("latin-1").split(" ", 2)
                length = re.search(rb"content-length: *(\d+)", head, re.I)
                body = await reader.readexactly(int(length[1])) if length else b""
                if "/chat/completions" not in path:
                    writer.write(self.batches.handle(method, path, body))
                    await writer.drain()
                    continue
                if key := re.search(rb"authorization: *Bearer +(\S+)", head, re.I):
                    self.keys.append(key[1].decode())
                self.in_flight += 1
                self.most_in_flight = max(self.most_in_flight, self.in_flight)
                try:
                    if not await self.answer(body, writer):
                        break
                finally:
                    self.in_flight -= 1
        writer.close()

    async def answer(self, raw: bytes, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False where the connection is to be cut."""
        body = json.loads(raw)
        if not body["messages"] or not body["messages"][-1]["content"].startswith(("{", '"')):
            writer.write(_json({"error": {"message": "no file is asked about"}}, 400))  # some clients probe
            await writer.drain()
            return True
        self.first_at = self.first_at or time.monotonic()
        self.bodies.append(raw)
        self.arrivals.append((time.monotonic(), self.in_flight))
        number = len(self.bodies)
        fault = self.choose(number, body)
        self.faults.append(fault)
        await asyncio.sleep(self.latency)
        if fault == "hang":
            await asyncio.sleep(3600)
        if fault == "reset":
            writer.transport.abort()
            return False
        if status := STATUS.get(fault):
            code, message, more = status
            error = {"error": {"message": message, "type": fault, "code": more}}
            retry = f"{self.retry_after()}\r\n".encode() if fault == "429" else b""
            writer.write(_response(code, json.dumps(error).encode(), retry))
            await writer.drain()
            return True
        text, delivered = completion(number, body, fault)
        out = _response(200, text.encode())
        if fault == "reset-mid-body":
            writer.write(out[: len(out) - len(text) // 2])
            await writer.drain()
            await asyncio.sleep(0.01)
            writer.transport.abort()
            return False
        if fault == "drip":
            for start in range(0, len(out), 200):
                writer.write(out[start : start + 200])
                await writer.drain()
                await asyncio.sleep(0.01)
        else:
            writer.write(out)
            await writer.drain()
        self.delivered.append(delivered)
        self.last_at = time.monotonic()
        return True


STATUS = {
    "429": (429, "Rate limit reached, slow down.", "rate_limit_exceeded"),
    "500": (500, "The server had an error.", None),
    "503": (503, "Overloaded.", None),
    "401": (401, "Incorrect API key provided.", "invalid_api_key"),
    "402": (402, "Payment required.", None),
    "404": (404, "The model does not exist.", "model_not_found"),
    "no-credit": (429, "You exceeded your current quota.", "insufficient_quota"),
    "content-filter": (400, "The response was filtered.", "content_filter"),
    "bad": (400, "Something is wrong with this request.", None),
    "half-error": (400, "Something is wrong with \ud83d.", None),
    "no-schema": (400, "response_format json_schema is not supported.", None),
    "no-json": (400, "response_format json_object is not supported.", None),
    "no-max-tokens": (400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'.", None),
    "no-temperature": (400, "Unsupported value: 'temperature' does not support 0.", None),
}

# Bodies that come with a 200.
NO_COMPLETION = {
    "html": "<html><body>It works!</body></html>",
    "error-200": '{"error": {"message": "Overloaded."}}',
    "no-choices": '{"object": "chat.completion", "choices": []}',
}


def files_of(body: dict) -> list[dict]:
    """The entries of a request's user message; a bare name where one line is asked for."""
    asked = json.JSONDecoder().raw_decode(body["messages"][-1]["content"])[0]
    return [{"id": "", "name": asked}] if isinstance(asked, str) else asked["files"]


def labels(name: str) -> dict[str, str]:
    stem, _, ext = name.rpartition(".")
    words = " ".join(re.findall(r"[A-Za-z]+(?:_\d+)?|\d+", stem or name)) or "nothing"
    return {
        "en": f"{ext.upper()} file about {words[:60]}",
        "fr": f"Fichier {ext.upper()} au sujet de {words[:60]}",
    }


def marks(name: str) -> dict:
    """A judge who dislikes the names that speak of invoices."""
    worst = "invoice" in name
    return {
        "faithful": 2 if worst else 5, "french": 5, "english": 5, "agreement": 5, "why": "not an invoice" * worst
    }  # fmt: skip


def completion(number: int, body: dict, fault: str) -> tuple[str, Delivered]:
    """The JSON of a chat completion with this fault in its content, and what of it is good."""
    asked = files_of(body)
    if "faithful" in body["messages"][0]["content"]:
        items = [{"id": f["id"], **marks(f["name"])} for f in asked]
    else:
        items = [{"id": f["id"], **labels(f["name"])} for f in asked]
    good, finish, message = [f["name"] for f in asked], "stop", {}
    if fault == "wrong-ids":
        items, good = [{**i, "id": f"x{i['id']}"} for i in items], []
    elif fault == "missing":
        items, good = items[1:], good[1:]
    elif fault == "duplicate":
        items, good = [*items, {**items[0], "en": "Another file"}], good[1:]
    elif fault == "markdown":
        items[0]["en"], good = f"**{items[0]['en']}**", good[1:]
    elif fault == "swapped":
        items, good = [{"id": i["id"], "en": i["fr"], "fr": i["en"]} for i in items], []
    elif fault == "echo":
        items[0]["en"], good = asked[0]["name"], good[1:]
    elif fault == "other":
        items = [
            {"id": i["id"], "en": "Thing that nobody knows", "fr": "Chose que nul ne connaît"} for i in items
        ]
    elif fault.startswith("marks "):
        mark = json.loads(fault.removeprefix("marks "))
        items = [{k: v if k in ("id", "why") else mark for k, v in i.items()} for i in items]
    elif fault == "half":  # half a surrogate pair, escaped in the content's own JSON and beside it
        message = {"reasoning": "\ud83d"}
        if "why" in items[0]:
            items = [{**i, "why": "cut \ud83d"} for i in items]
        else:
            items[0]["en"], good = f"**{items[0]['en']}** \ud83d", good[1:]
    content = json.dumps({"items": items}, ensure_ascii=fault == "half")
    if not asked[0]["id"]:
        content = f"{items[0]['en']} | {items[0]['fr']}"
    if fault in ("prose", "refusal", "empty", "filtered"):
        good = []
    if fault == "prose":
        content = "Of course! Here are your labels."
    elif fault == "empty":
        content = ""
    elif fault == "fenced":
        content = f"Here you are:\n```json\n{content}\n```\nAnything else?"
    elif fault == "refusal":
        content, message = "", {"refusal": "I cannot help with that."}
    elif fault == "filtered":
        content, finish = "", "content_filter"
    elif fault == "thinking":  # all tokens went into what is not shown
        content, finish, good = "", "length", []
    elif fault == "cut":
        last = content.rindex(', "fr": "') + 14
        content, finish, good = content[:last], "length", good[:-1]
    prompt = sum(len(m["content"].encode()) for m in body["messages"]) // 4
    cached = len(body["messages"][0]["content"].encode()) // 4 if number > 1 else 0
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": len(content.encode()) // 4 + 1,
        "total_tokens": prompt + len(content.encode()) // 4 + 1,
        "prompt_tokens_details": {"cached_tokens": cached},
    }
    reply = {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "choices": [
            {
                "index": 0,
                "finish_reason": finish,
                "message": {"role": "assistant", "content": content, **message},
            }
        ],
        "usage": usage,
    }
    if fault == "no-usage":
        del reply["usage"]
    if fault in NO_COMPLETION:
        return NO_COMPLETION[fault], Delivered("", 0, 0, 0, ())
    record = Delivered(reply["id"], prompt, usage["completion_tokens"], cached, tuple(good))
    return json.dumps(reply, ensure_ascii=fault == "half"), record


class StubBatches:
    """Files and batches: a batch is ready after `polls` looks at it; faults in lines come from the stub's choice."""

    def __init__(self, stub: StubEndpoint):
        self._stub = stub
        self.files: dict[str, bytes] = {}
        self.made: dict[str, dict] = {}
        self.polls = 2
        # What is said of a file's lines instead of them.
        self.garbled: Callable[[bytes], bytes] = lambda lines: lines
        self.fail_making = False

    def handle(self, method: str, path: str, body: bytes) -> bytes:
        parts = path.removeprefix("/v1/").split("?")[0].strip("/").split("/")
        if parts[0] == "files" and method == "POST":
            content = body.split(b"filename=", 1)[1].split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n--", 1)[0]
            return _json(self._file(content))
        if parts[0] == "files":
            return _response(200, self.files[parts[1]])
        if method == "POST":
            return self._make(json.loads(body))
        if len(parts) == 1:
            return _json({"object": "list", "data": list(self.made.values()), "has_more": False})
        return _json(self._look(parts[1]))

    def _file(self, content: bytes) -> dict:
        name = f"file-{len(self.files) + 1}"
        self.files[name] = content
        return {
            "id": name, "object": "file", "bytes": len(content), "created_at": 0, "filename": "x",
            "purpose": "batch", "status": "processed",
        }  # fmt: skip

    def _make(self, body: dict) -> bytes:
        name = f"batch-{len(self.made) + 1}"
        self.made[name] = {
            "id": name, "object": "batch", "endpoint": body["endpoint"], "input_file_id": body["input_file_id"],
            "completion_window": "24h", "status": "validating", "created_at": 0, "metadata": body["metadata"],
            "looks": 0,
        }  # fmt: skip
        if self.fail_making:  # the batch exists, but the answer that says so is lost
            return _json({"error": {"message": "gone", "type": "x", "code": None}}, 500)
        return _json(self.made[name])

    def _look(self, name: str) -> dict:
        batch = self.made[name]
        batch["looks"] += 1
        if batch["looks"] < self.polls or batch["status"] == "completed":
            return batch
        good, bad = [], []
        for line in self.files[batch["input_file_id"]].splitlines():
            told = json.loads(line)
            self._stub.bodies.append(json.dumps(told["body"]).encode())
            number = len(self._stub.bodies)
            fault = self._stub.choose(number, told["body"])
            if fault in STATUS:
                code, message, more = STATUS[fault]
                body = {"error": {"message": message, "code": more}}
                bad.append({"custom_id": told["custom_id"], "response": {"status_code": code, "body": body}})
            elif fault != "hang":  # a line that never comes back
                text, delivered = completion(number, told["body"], fault)
                self._stub.delivered.append(delivered)
                response = {"status_code": 200, "body": json.loads(text)}
                good.append({"custom_id": told["custom_id"], "response": response, "error": None})
        batch["status"] = "completed"
        batch["output_file_id"] = self._file(self.garbled(_lines(good)))["id"]
        batch["error_file_id"] = self._file(_lines(bad))["id"] if bad else None
        return batch


def _lines(rows: list[dict]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _json(value: dict, code: int = 200) -> bytes:
    return _response(code, json.dumps(value).encode())


def _response(code: int, body: bytes, more: bytes = b"") -> bytes:
    head = f"HTTP/1.1 {code} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
    return head.encode() + more + b"\r\n" + body


def at_random(faults: dict[str, float], seed: int = 0) -> Choose:
    """Each fault with its probability, else ok."""
    rng = random.Random(seed)

    def choose(number: int, body: dict) -> str:
        mark = rng.random()
        for fault, share in faults.items():
            if (mark := mark - share) < 0:
                return fault
        return "ok"

    return choose


@contextmanager
def serving(stub: StubEndpoint) -> Iterator[StubEndpoint]:
    """Run a stub in a thread until the block ends."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(stub.handle, "127.0.0.1", 0))
    stub.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield stub
    finally:

        async def stop() -> None:
            server.close()
            tasks = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
