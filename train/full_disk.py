"""A write that failed, as an error that a person can mend: each library beneath tells it in a way of its own."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from nomenclair.errors import UserError

FAILED = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EIO,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
}
# numpy (an OSError without a number), torch (a RuntimeError), safetensors and tokenizers (errors of Rust).
TOLD = re.compile(r"^\d+ requested and \d+ written|inline_container\.cc|PytorchStreamWriter")
RUST = re.compile(r"\(os error (\d+)\)")


@contextmanager
def failed_writes_told() -> Iterator[None]:
    """Raises UserError where a file cannot be written; any other error goes through as it is."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if not is_failed_write(error):
            raise
        raise UserError(
            f"A file cannot be written: {str(error).splitlines()[0]}. What was finished before is unharmed.",
            "Free some space or choose another folder with --workspace, then run the same command again.",
        ) from error


def is_failed_write(error: Exception) -> bool:
    """Whether a full disk, or a folder that may not be written, is behind this error.

    >>> is_failed_write(OSError(28, "No space left on device")), is_failed_write(FileNotFoundError(2, "none"))
    (True, False)
    """
    rust = RUST.search(str(error))
    number = int(rust[1]) if rust else getattr(error, "errno", None)
    return number in FAILED or TOLD.search(str(error)) is not None
