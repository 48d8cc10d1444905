# SPDX-License-Identifier: MIT
"""One condition for everything that a run can wait for.

The threads that read the serial line, QMP and the disks' sockets change
their state under this lock and notify; a test waits until something that
it names is true. So there is one order of events for all channels, and no
wake-up to lose. Nothing that can block is done under the lock.
"""
from __future__ import annotations

import threading
import time

from .outcome import GuestFail, HarnessError

# How often a wait looks whether it is still worth waiting (seconds).
LOOK = 0.05


class Watch:
    """A lock, a condition on it, and what makes waiting pointless."""

    def __init__(self):
        self._changed = threading.Condition(threading.RLock())
        self._started = time.monotonic()
        # Raises when no wait can succeed any more; set by the machine.
        self.check = None
        self._broken = None     # what went wrong in a thread of ours

    def __enter__(self):
        return self._changed.__enter__()

    def __exit__(self, *exc):
        return self._changed.__exit__(*exc)

    def changed(self):
        """Let the waiters look again. Any thread."""
        with self._changed:
            self._changed.notify_all()

    def break_down(self, why):
        """A thread that others rely on ends: every wait is an error now."""
        with self._changed:
            self._broken = why
            self._changed.notify_all()

    def now(self):
        """Seconds since the watch was made: the time stamp of all logs."""
        return time.monotonic() - self._started

    def wait(self, ready, what, timeout=None, check=True):
        """Wait for ready() to return something true; return that.

        With check, the machine's own check ends a wait that cannot succeed;
        timeout (wall-clock seconds) is only for what does not depend on
        the guest, and its end is a harness error.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        check = self.check if check else None
        if check:
            check.begin()
        while True:
            with self._changed:
                value = ready()
                if not value:
                    self._changed.wait(LOOK)
                    value = ready()
            if value:
                return value
            if self._broken:
                raise HarnessError(f"{self._broken}; waited for {what}")
            try:
                if check:
                    check(what)
            except GuestFail:
                # It may have come true while we were looking.
                with self._changed:
                    value = ready()
                if not value:
                    raise
                return value
            if deadline and time.monotonic() > deadline:
                raise HarnessError(f"waited {timeout} s for {what}")
