import os
import shutil
import subprocess

import pytest

from nomenclair.errors import UserError
from nomenclair.records import FileName, Rejected
from nomenclair.workspace import Workspace, count_records, read_records, replacing, write_records, write_text


def test_records_come_back(tmp_path):
    rows = [FileName.of(name, n + 1) for n, name in enumerate(["a.txt", "é\n\t.pdf", "=1+1", "\udcff"])]
    path = tmp_path / "deep" / "names.parquet"
    assert write_records(path, FileName, rows) == 4
    assert list(read_records(path, FileName)) == rows
    assert count_records(path) == 4


def test_no_record_is_a_table_too(tmp_path):
    write_records(tmp_path / "none.parquet", FileName, [])
    assert list(read_records(tmp_path / "none.parquet", FileName)) == []


@pytest.mark.parametrize("keep", [pytest.param(0, id="empty"), pytest.param(40, id="truncated")])
def test_a_damaged_table_names_itself(tmp_path, keep):
    path = tmp_path / "names.parquet"
    write_records(path, FileName, [FileName.of("a.txt")])
    path.write_bytes(path.read_bytes()[:keep])
    for read in (lambda: list(read_records(path, FileName)), lambda: count_records(path)):
        with pytest.raises(UserError, match=r"names\.parquet is damaged.*nomenclair status"):
            read()


def test_another_table_is_refused(tmp_path):
    path = tmp_path / "names.parquet"
    write_records(path, Rejected, [])
    with pytest.raises(UserError, match="lacks the columns count, ext, family"):
        list(read_records(path, FileName))


def test_what_is_missing_names_its_command(tmp_path):
    ws = Workspace(tmp_path)
    with pytest.raises(UserError, match=r"Run: nomenclair scan PATH --workspace"):
        ws.need(ws.names, "scan PATH")


def test_a_folder_with_a_space_is_one_word_of_the_command(tmp_path):
    ws = Workspace(tmp_path / "my work")
    with pytest.raises(UserError, match=r"scan PATH --workspace '.*/my work'"):
        ws.need(ws.names, "scan PATH")


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def dies_half_way():
        with replacing(path) as fresh:
            fresh.write_text("new, half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        dies_half_way()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of 64 KiB; needs root, as continuous integration has."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True)
    if done.returncode:
        pytest.skip("mounting a tmpfs needs root")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_leaves_the_old_file(tiny_disk):
    path = tiny_disk / "names.parquet"
    write_records(path, FileName, [FileName.of("old.txt")])
    many = (FileName.of(f"{os.urandom(60).hex()}.txt") for _ in range(5000))
    with pytest.raises(UserError, match=r"No space left on device.*unharmed.*Free some space"):
        write_records(path, FileName, many)
    assert [row.name for row in read_records(path, FileName)] == ["old.txt"]
    assert shutil.disk_usage(tiny_disk).free > 0
