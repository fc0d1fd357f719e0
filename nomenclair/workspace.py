"""The folder of one run: which file each stage reads and writes. Nothing else knows a path.

Every write goes to a neighbour file first and replaces the old one when complete, so a kill or a full disk
leaves the old file whole.
"""

import json
import os
import shlex
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import TypeVar

from nomenclair.errors import UserError
from nomenclair.records import columns

T = TypeVar("T")

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Workspace:
    root: Path

    @property
    def names(self) -> Path:
        """FileName rows, written by scan."""
        return self.root / "names.parquet"

    @property
    def skipped(self) -> Path:
        """What scan could not read: path and reason, tab-separated."""
        return self.root / "scan-skipped.tsv"

    @property
    def ledger(self) -> Path:
        """SQLite: each request, its raw reply, outcome and cost, written by generate."""
        return self.root / "ledger.sqlite"

    @property
    def pairs(self) -> Path:
        """Pair rows, written by generate."""
        return self.root / "pairs.parquet"

    @property
    def pairs_rejected(self) -> Path:
        """Rejected rows, written by generate."""
        return self.root / "pairs-rejected.parquet"

    @property
    def pairs_flags(self) -> Path:
        """PairFlag rows, written by generate --judge or --samples 2, read by review."""
        return self.root / "pairs-flags.parquet"

    @property
    def curated(self) -> Path:
        """Pair rows kept, written by curate."""
        return self.root / "curated.parquet"

    @property
    def curated_rejected(self) -> Path:
        """Rejected rows, written by curate."""
        return self.root / "curated-rejected.parquet"

    @property
    def curate_report(self) -> Path:
        """Counts before and after each gate, JSON, written by curate."""
        return self.root / "curate.json"

    @property
    def sheet(self) -> Path:
        """The table a person corrects, written by review export, read by review apply."""
        return self.root / "review.tsv"

    @property
    def reviewed(self) -> Path:
        """Every word a person has said, kept for ever, written by review apply and review serve."""
        return self.root / "reviewed.parquet"

    @property
    def training(self) -> Path:
        """Adapter, checkpoints, TensorBoard logs and training.json, written by train."""
        return self.root / "training"

    @property
    def student(self) -> Path:
        """The exported student: the folder a host program ships, written by export."""
        return self.root / "student"

    @property
    def evaluation(self) -> Path:
        """Metrics and outputs of the exported student, written by evaluate."""
        return self.root / "evaluation"

    @property
    def report(self) -> Path:
        return self.root / "report.html"

    @property
    def dataset(self) -> Path:
        """A datasets DatasetDict and its card, written by dataset."""
        return self.root / "dataset"

    def need(self, path: Path, command: str) -> Path:
        """Return `path` if it is there; UserError that names the command which makes it."""
        if not path.exists():
            root = shlex.quote(str(self.root))
            raise UserError(f"{path} is not there yet.", f"Run: nomenclair {command} --workspace {root}")
        return path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a neighbour path to write to; it takes the place of `path` only if the block ends well.

    Raises UserError on a full disk or a folder that cannot be written; the old file is untouched then.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield fresh
        with open(fresh, "rb") as done:
            os.fsync(done.fileno())
        os.replace(fresh, path)
    except OSError as error:
        raise UserError(
            f"Cannot write {path}: {error.strerror or error}. What stood there before is unharmed.",
            "Free some space or choose another folder with --workspace, then run the same command again.",
        ) from error
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    with replacing(path) as fresh:
        fresh.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: object) -> None:
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def read_json(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path} cannot be read as JSON: {error}.", "Run the command that writes it again."
        ) from error


BATCH_ROWS = 16384


def write_records(path: Path, record_type: type[T], rows: Iterable[T]) -> int:
    """Stream flat records to Parquet in row groups; returns how many. Memory is bound by one row group."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(record_type)
    total = 0
    with replacing(path) as fresh, pq.ParquetWriter(fresh, schema, compression="zstd") as writer:
        batch: list[dict] = []
        for row in rows:
            batch.append(asdict(row))
            if len(batch) >= BATCH_ROWS:
                writer.write_table(pa.Table.from_pylist(batch, schema=schema))
                total += len(batch)
                batch.clear()
        writer.write_table(pa.Table.from_pylist(batch, schema=schema))
        total += len(batch)
    return total


def read_records(path: Path, record_type: type[T]) -> Iterator[T]:
    """Stream the records of a Parquet file; a column that an earlier version did not write has its default.

    UserError where the file is truncated or lacks a column without a default.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as table:
            written = [name for name in columns(record_type) if name in table.schema_arrow.names]
            missing = {each.name for each in fields(record_type) if each.default is MISSING} - set(written)
            if missing:
                raise UserError(
                    f"{path} lacks the columns {', '.join(sorted(missing))}.",
                    "It was written by another version: run the command that makes it again.",
                )
            for batch in table.iter_batches(BATCH_ROWS, columns=written):
                for row in batch.to_pylist():
                    yield record_type(**row)
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(
            f"{path} is damaged: {str(error).splitlines()[0]}.",
            "Remove it and run the command that makes it again (see: nomenclair status).",
        ) from error


def count_records(path: Path) -> int:
    """Rows of a Parquet file, without reading them; 0 where there is no file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.exists():
        return 0
    try:
        return pq.read_metadata(path).num_rows
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(
            f"{path} is damaged: {str(error).splitlines()[0]}.",
            "Remove it and run the command that makes it again (see: nomenclair status).",
        ) from error


def _schema(record_type: type):
    import pyarrow as pa

    types = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    hints = {name: field.type for name, field in record_type.__dataclass_fields__.items()}
    return pa.schema([(name, types.get(hint, pa.string())) for name, hint in hints.items()])
