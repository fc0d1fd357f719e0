import errno

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models

from nomenclair.errors import UserError
from tests import disk
from train.full_disk import failed_writes_told

LARGE = torch.zeros(10_000)
WORDY = Tokenizer(models.BPE({f"word{i}": i for i in range(3000)}, []))


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda path: path.write_bytes(bytes(10_000)), id="Python"),
        pytest.param(lambda path: np.zeros(10_000).tofile(path), id="numpy"),
        pytest.param(lambda path: torch.save(LARGE, path), id="torch"),
        pytest.param(lambda path: save_file({"w": LARGE}, path), id="safetensors"),
        pytest.param(lambda path: WORDY.save(str(path)), id="tokenizers"),
    ],
)
def test_each_library_s_failed_write_is_told(tmp_path, write):
    told = pytest.raises(UserError, match=r"cannot be written.*Free some space")
    with told, disk.full(3000), failed_writes_told():
        write(tmp_path / "file")


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(FileNotFoundError(errno.ENOENT, "No such file"), id="a file that is missing"),
        pytest.param(RuntimeError("CUDA out of memory"), id="another resource"),
        pytest.param(UserError("The disk is full.", "Free some."), id="one that is told already"),
    ],
)
def test_any_other_error_goes_through(error):
    with pytest.raises(type(error)) as raised, failed_writes_told():
        raise error
    assert raised.value is error
