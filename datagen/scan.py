"""File trees to names: base names only, counted. Memory does not grow with the size of the tree.

os.scandir walks (entries as the system gives them, so names that are not UTF-8 survive); counts are kept in a
SQLite scratch file beside the result. benchmarks/bench_scan.py has the figures beside scandir-rs.
"""

import fnmatch
import os
import sqlite3
import stat
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from nomenclair import names
from nomenclair.errors import UserError
from nomenclair.records import FileName
from nomenclair.workspace import replacing, write_records

FLUSH_NAMES = 20_000


@dataclass(frozen=True, slots=True)
class ScanOptions:
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    gitignore: bool = False


@dataclass(slots=True)
class ScanCounts:
    """What a walk met, by reason. `skipped` maps a reason to how many entries it left out."""

    folders: int = 0
    files: int = 0
    names: int = 0
    decoded: int = 0
    skipped: dict[str, int] = field(default_factory=dict)


def walk(
    roots: Sequence[Path],
    options: ScanOptions,
    skip: Callable[[str, str], None],
    on_folder: Callable[[], None],
    workspace: Path | None = None,
) -> Iterator[str]:
    """Yield the base name of every regular file below the roots, as the file system gives it.

    Symbolic links are not followed (a loop cannot occur) and not counted. `skip(path, reason)` is told of
    every entry left out; `on_folder` is called once a folder. A folder is read to its end before its
    subfolders are entered, so one open handle at most is held. `workspace` is not entered from above: what this
    program writes is nobody's file.
    """
    own = os.stat(workspace) if workspace else None
    pending: list[tuple[str, tuple]] = [(os.fspath(root), ()) for root in reversed(roots)]
    while pending:
        folder, ignores = pending.pop()
        try:
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda e: e.name)
        except PermissionError:
            skip(folder, "permission denied")
            continue
        except FileNotFoundError:
            skip(folder, "vanished")
            continue
        except OSError as error:
            skip(folder, f"unreadable: {error.strerror}")
            continue
        on_folder()
        if options.gitignore:
            ignores = (*ignores, *_ignore_rules(folder, listed))
        deeper = []
        for entry in listed:
            reason = _reason_to_skip(entry, options, ignores)
            if reason == "folder" and own and os.path.samestat(entry.stat(follow_symlinks=False), own):
                skip(entry.path, "the workspace itself")
            elif reason == "folder":
                deeper.append((entry.path, ignores))
            elif reason:
                skip(entry.path, reason)
            else:
                yield entry.name
        pending.extend(reversed(deeper))


def _reason_to_skip(entry: os.DirEntry, options: ScanOptions, ignores: tuple) -> str | None:
    """None for a file to take, "folder" for a folder to enter, else why it is left out."""
    try:
        mode = entry.stat(follow_symlinks=False).st_mode
    except FileNotFoundError:
        return "vanished"
    except OSError as error:
        return f"unreadable: {error.strerror}"
    is_folder = stat.S_ISDIR(mode)
    if stat.S_ISLNK(mode):
        return "symbolic link"
    if not is_folder and not stat.S_ISREG(mode):
        return "not a regular file"
    if any(fnmatch.fnmatch(entry.name, glob) for glob in options.exclude):
        return "excluded"
    if _ignored(entry.path, is_folder, ignores):
        return "ignored by .gitignore"
    if is_folder:
        return "ignored by .gitignore" if options.gitignore and entry.name == ".git" else "folder"
    if options.include and not any(fnmatch.fnmatch(entry.name, glob) for glob in options.include):
        return "not included"
    return None


def _ignored(path: str, is_folder: bool, ignores: tuple) -> bool:
    """The deepest .gitignore that speaks of a path decides, as in git."""
    for base, spec in reversed(ignores):
        verdict = spec.check_file(os.path.relpath(path, base) + ("/" if is_folder else "")).include
        if verdict is not None:
            return verdict
    return False


def _ignore_rules(folder: str, listed: list[os.DirEntry]) -> list[tuple]:
    import pathspec

    if not any(entry.name == ".gitignore" for entry in listed):
        return []
    try:
        lines = Path(folder, ".gitignore").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [(folder, pathspec.GitIgnoreSpec.from_lines(filter(_is_pattern, lines)))]


def _is_pattern(line: str) -> bool:
    """Does a line of a .gitignore mean anything? git says nothing of those that do not."""
    import pathspec

    try:
        pathspec.GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True


def scan(
    roots: Sequence[Path],
    names_path: Path,
    skipped_path: Path,
    options: ScanOptions,
    on_folder: Callable[[], None],
) -> ScanCounts:
    """Walk the roots and write their names (Parquet, sorted by id) and what was skipped (TSV).

    Raises UserError for a root that is not a folder, for a tree without a single file, and where the folder of
    names_path cannot be written.
    """
    for root in roots:
        if not root.is_dir():
            raise UserError(
                f"{root} is not a folder.", "Give one or more folders: nomenclair scan ~/Documents"
            )
    counts = ScanCounts()
    workspace = names_path.parent
    with (
        _scratch_folder(workspace) as scratch,
        replacing(skipped_path) as fresh,
        open(fresh, "w", encoding="utf-8", newline="\n") as skipped,
    ):
        skipped.write("path\treason\n")

        def skip(path: str, reason: str) -> None:
            counts.skipped[reason] = counts.skipped.get(reason, 0) + 1
            shown = names.readable(path).encode("unicode_escape").decode("ascii").replace("\t", "\\t")
            skipped.write(f"{shown}\t{reason}\n")

        def count_folder() -> None:
            counts.folders += 1
            on_folder()

        tally = Path(scratch, "tally.sqlite")
        try:
            _tally(walk(roots, options, skip, count_folder, workspace), tally, counts)
        except sqlite3.OperationalError as error:
            raise UserError(
                f"Cannot count names in {workspace}: {error}.",
                "Free some space or choose another folder with --workspace, then scan again.",
            ) from error
        if counts.files == 0:
            left_out = ", ".join(f"{n} {why}" for why, n in counts.skipped.items()) or "nothing was there"
            raise UserError(
                f"No file found below {', '.join(map(str, roots))} ({left_out}).",
                "Give a folder that holds files, or loosen --include / --exclude.",
            )
        counts.names = write_records(names_path, FileName, _counted(tally))
    return counts


def _scratch_folder(workspace: Path) -> tempfile.TemporaryDirectory:
    try:
        workspace.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(prefix=".scan-", dir=workspace)
    except OSError as error:
        raise UserError(
            f"Cannot write in {workspace}: {error.strerror}.", "Choose another folder with --workspace."
        ) from error


def _tally(found: Iterator[str], path: Path, counts: ScanCounts) -> None:
    """Add up names in a SQLite file, in batches, so that memory stays flat."""
    with closing(sqlite3.connect(path)) as database:
        # A scratch file: nothing to recover after a crash, so no journal.
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute("CREATE TABLE tally (name TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID")
        while batch := list(islice(found, FLUSH_NAMES)):
            counts.files += len(batch)
            readable = [names.readable(raw) for raw in batch]
            counts.decoded += sum(_was_not_utf8(raw) for raw in batch)
            database.executemany(
                "INSERT INTO tally VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET n = n + excluded.n",
                Counter(readable).items(),
            )
        database.commit()


def _was_not_utf8(raw: str) -> bool:
    return any(0xD800 <= ord(c) <= 0xDFFF for c in raw)


def _counted(path: Path) -> Iterator[FileName]:
    with closing(sqlite3.connect(path)) as database:
        for name, n in database.execute("SELECT name, n FROM tally ORDER BY name"):
            yield FileName.of(name, n)
