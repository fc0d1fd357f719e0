"""Timing on a machine that others may use too: a sample taken beside other load is thrown away."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TICK = os.sysconf("SC_CLK_TCK")
# The share of one core that others may use during a sample.
TOLERATED = 0.15


class QuietClock:
    """Times calls; takes a window again while other processes are busy, `most_tries` times at most.

    `discarded` counts windows thrown away; `noisy` is true once a window had to be kept all the same.
    """

    def __init__(self, most_tries: int):
        self.most_tries = most_tries
        self.discarded = 0
        self.noisy = False

    @staticmethod
    def seconds(call: Callable[[], Any]) -> float:
        start = time.perf_counter()
        call()
        return time.perf_counter() - start

    def each(self, calls: list[Callable[[], Any]]) -> list[float]:
        """Seconds of each call, all of one quiet window."""
        for attempt in range(self.most_tries):
            start, all_before, own_before = time.perf_counter(), machine_seconds(), time.process_time()
            samples = [self.seconds(call) for call in calls]
            own = time.process_time() - own_before
            others = machine_seconds() - all_before - own
            elapsed = time.perf_counter() - start
            # /proc/stat counts in ticks, per core: two of them are no evidence.
            if others <= TOLERATED * elapsed + 2 / TICK:
                return samples
            if attempt < self.most_tries - 1:
                self.discarded += 1
                time.sleep(0.2)
        self.noisy = True
        return samples


def machine_seconds() -> float:
    """Processor seconds that all processes of the machine, and its host, have taken so far."""
    first = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0]
    user, nice, system, _idle, _wait, interrupt, soft, steal = map(int, first.split()[1:9])
    return (user + nice + system + interrupt + soft + steal) / TICK
