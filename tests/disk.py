"""A disk that is full: no file may grow past some bytes."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager


def fill(most: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


@contextmanager
def freed_after() -> Iterator[None]:
    """The disk is free again before pytest says how the test went: its output may be a file too."""
    try:
        yield
    finally:
        fill(resource.RLIM_INFINITY)


@contextmanager
def full(most: int) -> Iterator[None]:
    with freed_after():
        fill(most)
        yield
