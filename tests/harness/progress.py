# SPDX-License-Identifier: MIT
"""What a process has done so far, and whether it sleeps: never how long it
took, as a busy host takes longer for the same.

A guest's progress is that of its QEMU: the processor time that was used, and
how often its threads gave a processor up. A process sleeps if all its threads
did at one and the same moment.
"""
from __future__ import annotations

import os
import re
import time
from pathlib import Path

from .outcome import GuestTimeout

TICKS = os.sysconf("SC_CLK_TCK")
# A thread that waits for a file (D) is about to go on; one that is stopped
# (T) is not, but nobody here stops one.
ASLEEP = re.compile(r"^State:\s+[SXZ]", re.MULTILINE)
SWITCHES = re.compile(r"^(?:non)?voluntary_ctxt_switches:\s+(\d+)",
                      re.MULTILINE)


def threads(pid):
    """The folders in /proc of a process's threads."""
    try:
        return [Path(f"/proc/{pid}/task/{tid}")
                for tid in os.listdir(f"/proc/{pid}/task")]
    except OSError:
        return []


def family(pid):
    """A process and its children, and theirs."""
    pids = [pid]
    for parent in pids:     # which grows meanwhile
        for thread in threads(parent):
            try:
                pids += map(int, (thread / "children").read_text().split())
            except OSError:
                pass
    return pids


def cpu_seconds(pid):
    """Processor time of a process so far; None if it has ended."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as f:
            fields = f.read().rsplit(b")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS
    except (OSError, IndexError):
        return None


def _look(pid):
    """{thread: how often it gave the processor up}; None: not all sleep."""
    switches = {}
    for thread in threads(pid):
        try:
            status = (thread / "status").read_text()
        except OSError:
            return None     # it has just ended
        if not ASLEEP.search(status):
            return None
        switches[thread] = [int(n) for n in SWITCHES.findall(status)]
    return switches


def rest(pid, meanwhile=lambda: True):
    """Was there a moment at which every thread slept, and `meanwhile` held?
    Returns what tells this rest from a later one; None if there was none.

    Threads are looked at one after the other. Each that slept both times,
    and has not run in between, slept when `meanwhile` was asked.
    """
    before = _look(pid)
    if before and meanwhile() and _look(pid) == before:
        return before
    return None


class Hang(GuestTimeout):
    """Nothing will come any more of what was waited for."""


class Limit:
    """The last resort against a hang of a process with all its children: it
    has used so much processor time, or has slept so long, since the last
    restart(). One that wants to run and may not is never said to hang."""

    def __init__(self, pid, busy=120, still=60):
        self._pid = pid
        self._busy, self._still = busy, still
        self.restart()

    def restart(self):
        """There was progress."""
        self._used = self._cpu()
        self._rest, self._since = None, time.monotonic()

    def check(self):
        """Raise Hang if that is what it is."""
        now = [rest(pid) for pid in family(self._pid)]
        if None in now or now != self._rest:
            self._rest, self._since = now, time.monotonic()
        if self._cpu() - self._used > self._busy:
            raise Hang(f"it ran for {self._busy} s of processor time")
        if time.monotonic() - self._since > self._still:
            raise Hang(f"it has slept for {self._still} s")

    def _cpu(self):
        return sum(cpu_seconds(pid) or 0 for pid in family(self._pid))
