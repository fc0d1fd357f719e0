"""Ten names of a workspace that its student was not trained on, as it describes them.

    python -m train.unseen WORKSPACE

`make demo` ends with it. The names are drawn by the hash of their id, so the same workspace shows the same ten.
"""

import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from nomenclair.contract import LANGUAGES
from nomenclair.names import is_opaque
from nomenclair.records import FileName
from nomenclair.student import Student
from nomenclair.workspace import Workspace, read_records
from train.data import split_of, workspace_pairs

SHOWN = 10


def unseen(names: Iterable[FileName], trained: set[str]) -> list[str]:
    """Readable names of families that no training pair has, one an extension, in an order of no meaning."""
    left = [n for n in names if n.family not in trained and n.ext and not is_opaque(n.name)]
    left.sort(key=lambda n: hashlib.sha256(n.id.encode()).digest())
    by_extension = {n.ext: n.name for n in reversed(left)}
    return [n.name for n in left if by_extension[n.ext] == n.name][:SHOWN]


def main() -> None:
    ws = Workspace(Path(sys.argv[1]))
    trained = {FileName.of(p.name).family for p in workspace_pairs(ws) if split_of(p.name) == "train"}
    names = unseen(read_records(ws.names, FileName), trained)
    student = Student.load(ws.student)
    table = Table("name, not in training", *LANGUAGES, title=f"{ws.student}, base {student.card['base']}")
    for name, *texts in zip(names, *(student.describe(names, lang) for lang in LANGUAGES), strict=True):
        table.add_row(name, *texts)
    Console().print(table)


if __name__ == "__main__":
    main()
