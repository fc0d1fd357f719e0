"""The review page on 127.0.0.1: static page, JSON for its rows and verdicts. A token in the URL keeps other
programs and web pages of this machine out."""

import hmac
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from nomenclair.errors import UserError
from review.apply import state
from review.desk import Desk, DeskRow
from review.sheet import visible

PAGE = Path(__file__).with_name("page.html")
MAX_BODY = 64 * 1024
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


@contextmanager
def listening(desk: Desk, port: int = 0) -> Iterator[tuple[str, ThreadingHTTPServer]]:
    """(URL with its token, server); the caller runs serve_forever. UserError where the port is taken."""
    token = secrets.token_urlsafe(18)
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), _handler(desk, token))
    except OSError as error:
        raise UserError(f"Port {port} cannot be used: {error.strerror}.", "Leave --port out.") from error
    with server:
        yield f"http://127.0.0.1:{server.server_port}/{token}/", server


def as_json(row: DeskRow) -> dict:
    fr, en, verdict, note = state(row.pair, row.word)
    return {
        "id": row.pair.id,
        "name": visible(row.pair.name),
        "fr": fr,
        "en": en,
        "verdict": verdict,
        "note": note,
        "by": row.word.by if row.word else "",
        "seen": row.seen,
        "flags": [{"code": flag.code, "why": visible(flag.why)} for flag in row.flags],
    }


def _handler(desk: Desk, token: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            match self._asked():
                case "":
                    self._answer(200, PAGE.read_bytes(), "text/html; charset=utf-8")
                case "rows":
                    self._rows()
                case _:
                    self._json(404, {"error": "Not found."})

        def do_POST(self):
            asked = self._asked()
            try:
                length = int(self.headers.get("Content-Length", 0))
                if not 0 <= length <= MAX_BODY:
                    raise UserError("The request is too large.", "Shorten the texts.")
                body = json.loads(self.rfile.read(length) or b"{}")
                if asked == "verdict":
                    fields = ("id", "verdict", "fr", "en", "note", "seen")
                    self._json(200, as_json(desk.judge(*(str(body[field]) for field in fields))))
                elif asked == "undo":
                    row = desk.undo()
                    self._json(200, as_json(row) if row else {})
                else:
                    self._json(404, {"error": "Not found."})
            except UserError as error:
                self._json(409, {"error": str(error)})
            except (ValueError, KeyError, TypeError):
                self._json(400, {"error": "Not a verdict."})

        def _rows(self) -> None:
            try:
                self._json(200, {"by": desk.by, "rows": [as_json(row) for row in desk.now()]})
            except UserError as error:
                self._json(409, {"error": str(error)})

        def _asked(self) -> str | None:
            """What stands after the token, or None where the token or the host is not ours."""
            # A foreign host name that resolves to this machine would let its page read ours.
            host = self.headers.get("Host", "").rpartition(":")[0]
            given, _, rest = self.path.partition("?")[0].lstrip("/").partition("/")
            ours = hmac.compare_digest(given.encode(), token.encode()) and host in ("127.0.0.1", "localhost")
            return rest if ours else None

        def _json(self, status: int, value: dict) -> None:
            self._answer(status, json.dumps(value, ensure_ascii=False).encode(), "application/json")

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler
