"""What was sent, what came back, what it cost and what became of each name: one SQLite file per workspace.

A reply and its outcomes are committed together before anything else is done with them, so a killed run loses
at most the requests in flight. The disk takes some milliseconds to keep a commit through a power cut; a thread
waits for it, not the run. No reply is ever changed or deleted: what was paid for stays readable, whatever became
of it.
"""

import fcntl
import json
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from nomenclair.errors import PartialResult, UserError

SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
    key TEXT PRIMARY KEY, purpose TEXT NOT NULL, model TEXT NOT NULL, prompt TEXT NOT NULL,
    body TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS replies (
    id INTEGER PRIMARY KEY, request TEXT NOT NULL, at TEXT NOT NULL, seconds REAL NOT NULL, raw TEXT NOT NULL,
    input INTEGER NOT NULL, cached INTEGER NOT NULL, output INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS replies_of ON replies (request);
CREATE TABLE IF NOT EXISTS outcomes (
    item TEXT NOT NULL, attempt INTEGER NOT NULL, name_id TEXT NOT NULL, en TEXT NOT NULL, fr TEXT NOT NULL,
    reason TEXT NOT NULL, raw TEXT NOT NULL, via TEXT NOT NULL, reply INTEGER, PRIMARY KEY (item, attempt));
CREATE TABLE IF NOT EXISTS failures (
    id INTEGER PRIMARY KEY, request TEXT NOT NULL, at TEXT NOT NULL, code TEXT NOT NULL,
    message TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS judgements (
    item TEXT PRIMARY KEY, name_id TEXT NOT NULL, faithful INTEGER NOT NULL, french INTEGER NOT NULL,
    english INTEGER NOT NULL, agreement INTEGER NOT NULL, why TEXT NOT NULL, reply INTEGER);
CREATE TABLE IF NOT EXISTS batches (
    token TEXT PRIMARY KEY, remote TEXT NOT NULL, state TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS batch_lines (
    batch TEXT NOT NULL, request TEXT NOT NULL, asks TEXT NOT NULL, PRIMARY KEY (batch, request));
CREATE TABLE IF NOT EXISTS settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

# Raised whenever SCHEMA changes.
VERSION = 1

# What SQLite says of a file that it can make nothing of, however often it tries.
DAMAGED = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)

# Sending stops while this much is still free, so that the replies in flight find room.
RESERVE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one or many replies, as the endpoint itself reports them. `cached` is a part of `input`."""

    input: int = 0
    cached: int = 0
    output: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.input + other.input, self.cached + other.cached, self.output + other.output)

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(self.input - other.input, self.cached - other.cached, self.output - other.output)

    @property
    def total(self) -> int:
        return self.input + self.output


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt made of one name: two texts, or a reason code and the raw part that earned it.

    `item` is the hash of everything that decides the answer (model, prompt, masked name, sample). `via` tells
    how it came: asked, or carried over from a sibling (family, words).
    """

    item: str
    attempt: int
    name_id: str
    en: str = ""
    fr: str = ""
    reason: str = ""
    raw: str = ""
    via: str = "asked"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A second reading of a pair: four marks from 1 (bad) to 5 (good) and why."""

    item: str
    name_id: str
    faithful: int
    french: int
    english: int
    agreement: int
    why: str


class Ledger:
    """Open with `open_ledger`, which holds a lock: two runs on one ledger would pay twice."""

    def __init__(self, path: Path, connection: sqlite3.Connection, written: threading.Event):
        """`written` is set after each commit."""
        self.path = path
        self._db = connection
        self._written = written
        self._together = False

    def record_request(self, key: str, purpose: str, model: str, prompt: str, body: str) -> None:
        with self._writing():
            self._db.execute(
                "INSERT OR IGNORE INTO requests VALUES (?, ?, ?, ?, ?, ?)",
                (key, purpose, model, prompt, body, _now()),
            )

    def record_reply(
        self,
        request: str,
        seconds: float,
        raw: str,
        usage: Usage,
        outcomes: Sequence[Outcome] = (),
        judgements: Sequence[Judgement] = (),
    ) -> None:
        with self._writing():
            reply = self._db.execute(
                "INSERT INTO replies (request, at, seconds, raw, input, cached, output)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (request, _now(), seconds, raw, usage.input, usage.cached, usage.output),
            ).lastrowid
            self._insert_outcomes(outcomes, reply)
            self._db.executemany(
                "INSERT OR REPLACE INTO judgements VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                ((*astuple(j), reply) for j in judgements),
            )

    def record_outcomes(self, outcomes: Iterable[Outcome]) -> None:
        """Outcomes without a reply: carried over from a sibling, or refused by the endpoint with an error."""
        with self._writing():
            self._insert_outcomes(outcomes, None)

    def record_failure(self, request: str, code: str, message: str) -> None:
        with self._writing():
            self._db.execute(
                "INSERT INTO failures (request, at, code, message) VALUES (?, ?, ?, ?)",
                (request, _now(), code, message),
            )

    def record_batch(self, token: str, lines: Iterable[tuple[str, str]]) -> None:
        """Write a batch down before it is made. `lines` are (request key, what was asked, JSON)."""
        with self._writing():
            self._db.execute("INSERT INTO batches VALUES (?, '', ?, ?)", (token, "making", _now()))
            self._db.executemany(
                "INSERT INTO batch_lines VALUES (?, ?, ?)", ((token, *line) for line in lines)
            )

    def to_disk(self) -> None:
        """Wait until everything recorded so far would survive a power cut."""
        # While the thread of _to_disk_meanwhile is at it, SQLite gives up at once and says that it was busy.
        while self._db.execute("PRAGMA wal_checkpoint(FULL)").fetchone()[0]:
            time.sleep(0.01)

    def set_batch(
        self, token: str, state: Literal["open", "unknown", "done", "never-made"], remote: str = ""
    ) -> None:
        """`unknown`: the endpoint last answered that it knows no such batch; another key of it might."""
        with self._writing():
            self._db.execute(
                "UPDATE batches SET state = ?, remote = CASE WHEN ? = '' THEN remote ELSE ? END WHERE token = ?",
                (state, remote, remote, token),
            )

    def batches_under_way(self) -> list[tuple[str, str]]:
        """(token, id at the endpoint) of batches whose replies are not in this ledger yet.

        The id is empty where the run was killed before the endpoint's answer was written down.
        """
        rows = self._db.execute(
            "SELECT token, remote FROM batches WHERE state IN ('making', 'open', 'unknown') ORDER BY at"
        )
        return list(rows)

    def give_up_unknown_batches(self) -> None:
        with self._writing():
            self._db.execute("UPDATE batches SET state = 'given-up' WHERE state = 'unknown'")

    def unread_lines(self, token: str) -> dict[str, str]:
        """What was asked (JSON) by request key, of those lines of a batch that have no reply here yet.

        A reply from before the batch answers another request: keys were once shared by requests of one body.
        """
        rows = self._db.execute(
            "SELECT request, asks FROM batch_lines JOIN batches ON token = batch WHERE token = ? AND NOT EXISTS"
            " (SELECT 1 FROM replies WHERE replies.request = batch_lines.request AND replies.at >= batches.at)",
            (token,),
        )
        return dict(rows)

    def body(self, request: str) -> dict:
        row = self._db.execute("SELECT body FROM requests WHERE key = ?", (request,)).fetchone()
        return json.loads(row[0])

    def set(self, key: str, value: str) -> None:
        with self._writing():
            self._db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (key, value))

    def get(self, key: str, default: str = "") -> str:
        row = self._db.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
        return row[0] if row else default

    def outcomes(self) -> Iterator[Outcome]:
        """Every outcome, oldest attempt of an item first."""
        rows = self._db.execute(
            "SELECT item, attempt, name_id, en, fr, reason, raw, via FROM outcomes ORDER BY item, attempt"
        )
        return (Outcome(*row) for row in rows)

    def judgements(self) -> Iterator[Judgement]:
        rows = self._db.execute(
            "SELECT item, name_id, faithful, french, english, agreement, why FROM judgements"
        )
        return (Judgement(*row) for row in rows)

    def judge_prompts(self) -> list[str]:
        """Versions of the prompts that judges were asked with, the last one first."""
        rows = self._db.execute(
            "SELECT prompt FROM requests WHERE purpose = 'judge' GROUP BY prompt ORDER BY MAX(at) DESC"
        )
        return [prompt for (prompt,) in rows]

    def usage(self) -> Usage:
        """The sum over all replies ever recorded here."""
        row = self._db.execute("SELECT TOTAL(input), TOTAL(cached), TOTAL(output) FROM replies").fetchone()
        return Usage(*map(int, row))

    def usage_by_model(self) -> dict[str, Usage]:
        rows = self._db.execute(
            "SELECT model, SUM(input), SUM(cached), SUM(output) FROM replies"
            " JOIN requests ON requests.key = replies.request GROUP BY model ORDER BY model"
        )
        return {model: Usage(*counts) for model, *counts in rows}

    def usage_of(self, items: Sequence[str]) -> Usage:
        """What the replies to these items have used; of a reply that holds others too, their share by number."""
        row = self._db.execute(
            "SELECT TOTAL(share * input), TOTAL(share * cached), TOTAL(share * output) FROM replies JOIN"
            " (SELECT reply, AVG(item IN (SELECT value FROM json_each(?))) AS share FROM outcomes GROUP BY reply)"
            " ON reply = replies.id",
            (json.dumps(items),),
        ).fetchone()
        return Usage(*map(round, row))

    def failures(self) -> dict[str, int]:
        """How often each transport failure was met, over all runs."""
        return dict(self._db.execute("SELECT code, COUNT(*) FROM failures GROUP BY code ORDER BY code"))

    def count(self, table: str) -> int:
        if table not in ("requests", "replies", "outcomes", "failures", "judgements", "batches"):
            raise ValueError(f"no table {table}")
        return self._db.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]

    def need_room(self) -> None:
        """UserError when the disk is nearly full: nothing more may be paid for that could not be kept."""
        free = shutil.disk_usage(self.path.parent).free
        if free < RESERVE_BYTES:
            raise UserError(
                f"The disk of {self.path.parent} is nearly full ({free // 1024} KiB left): sending stops.",
                "Free some space, then run the same command again; every reply so far is kept.",
            )

    def _insert_outcomes(self, outcomes: Iterable[Outcome], reply: int | None) -> None:
        self._db.executemany(
            "INSERT OR IGNORE INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            ((*astuple(o), reply) for o in outcomes),
        )

    @contextmanager
    def together(self) -> Iterator[None]:
        """Commit all that is recorded inside at once: one wait for the disk instead of many."""
        with self._writing():
            self._together = True
            try:
                yield
            finally:
                self._together = False

    @contextmanager
    def _writing(self) -> Iterator[None]:
        if self._together:
            yield
            return
        try:
            with self._db:
                yield
            self._written.set()
        except sqlite3.OperationalError as error:
            raise PartialResult(
                f"Cannot write {self.path}: {error}. What stood in it before is unharmed.",
                "Free some space, then run the same command again.",
            ) from error


@contextmanager
def open_ledger(path: Path) -> Iterator[Ledger]:
    """Open (or make) a ledger and hold it until the block ends.

    Raises UserError where another run holds it, where it is not a ledger, or where it cannot be written.
    """
    lock = path.with_name(path.name + ".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = open(lock, "w")  # noqa: SIM115 (held as long as the ledger is)
    except OSError as error:
        raise UserError(
            f"Cannot write in {path.parent}: {error.strerror}.", "Choose another folder with --workspace."
        ) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UserError(
                f"Another run is writing {path}.", "Wait for it to end (or stop it), then try again."
            ) from error
        try:
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")  # a commit does not wait for the disk
                (version,) = connection.execute("PRAGMA user_version").fetchone()
                if version not in (0, VERSION):
                    raise UserError(
                        f"{path} was written by another version of nomenclair ({version}, this is {VERSION}).",
                        "Use that version, or another --workspace.",
                    )
                # Small steps into the main file, so that the log beside it never needs more than the reserve.
                connection.execute("PRAGMA wal_autocheckpoint = 100")
                if version == 0:
                    connection.executescript(f"{SCHEMA}; PRAGMA user_version = {VERSION}")
                with _to_disk_meanwhile(path) as written:
                    yield Ledger(path, connection, written)
        except sqlite3.DatabaseError as error:
            raise _told(path, error) from error


def _told(path: Path, error: sqlite3.DatabaseError) -> UserError:
    """An error of SQLite for a person: only of a file that cannot be read at all may they let go."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the bits above tell the kinds of one code apart
    if code in DAMAGED:
        return UserError(
            f"{path} cannot be used as a ledger: {error}.",
            "Put a copy that is whole in its place. If there is none, move it away, then run again:"
            " every name is asked, and paid for, anew.",
        )
    return UserError(
        f"The ledger {path} was not read or written: {error}.",
        "Keep the file, it holds every reply that was paid for. See that its disk has space and that you may"
        " write there, then run the same command again.",
    )


@contextmanager
def _to_disk_meanwhile(path: Path) -> Iterator[threading.Event]:
    """Bring commits to the disk from a thread of its own, whenever the event that is given says there are some."""
    written, ended = threading.Event(), threading.Event()

    def work() -> None:
        with closing(sqlite3.connect(path)) as connection:
            while not ended.is_set():
                written.wait()
                written.clear()
                with suppress(sqlite3.OperationalError):  # a full disk: the next commit meets it, and tells
                    connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield written
    finally:
        ended.set()
        written.set()
        thread.join()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
