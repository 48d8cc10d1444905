# SPDX-License-Identifier: MIT
"""The QEMU process: started, watched, and surely ended.

How much a guest did is measured by the processor time of its QEMU, not by
the clock on the wall: a busy host makes the second longer, not the first.
"""
from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time

TICKS = os.sysconf("SC_CLK_TCK")


class QemuProcess:
    """One QEMU; `watch` is notified when it ends."""

    def __init__(self, argv, fds, stderr_path, watch):
        # If this process dies without a chance to clean up, the kernel ends
        # the child for it.
        if shutil.which("setpriv"):
            argv = ["setpriv", "--pdeathsig", "KILL", "--"] + argv
        with open(stderr_path, "wb") as err:
            self._popen = subprocess.Popen(
                argv, pass_fds=fds, stdin=subprocess.DEVNULL,
                stdout=err, stderr=err)
        self.pid = self._popen.pid
        self.status = None      # how it ended by itself
        self._killed = False
        self._last_cpu = 0.0
        self._watch = watch
        threading.Thread(target=self._reap, daemon=True).start()

    def _reap(self):
        status = self._popen.wait()
        with self._watch:
            if not self._killed:
                self.status = status
            self._watch.changed()

    def cpu_seconds(self):
        """Processor time so far; the last known value once it has ended."""
        try:
            with open(f"/proc/{self.pid}/stat", "rb") as f:
                fields = f.read().rsplit(b")", 1)[1].split()
            self._last_cpu = (int(fields[11]) + int(fields[12])) / TICKS
        except (OSError, IndexError):
            pass
        return self._last_cpu

    def runnable(self):
        """Whether any of its threads wants to run (or waits for a file)."""
        folder = f"/proc/{self.pid}/task"
        try:
            for tid in os.listdir(folder):
                with open(f"{folder}/{tid}/stat", "rb") as f:
                    if f.read().rsplit(b")", 1)[1].split()[0] in (b"R", b"D"):
                        return True
        except (OSError, IndexError):
            pass
        return False

    def kill(self):
        """End it now. The disks must have let go of all requests."""
        with self._watch:
            self._killed = self.status is None
        self._popen.kill()
        self._popen.wait()


class Stillness:
    """For how long a process has done nothing at all."""

    def __init__(self, process):
        self._process = process
        self._cpu = -1.0
        self._since = 0.0
        self.restart()

    def restart(self):
        """Forget: something happened that may have woken it."""
        self._since = time.monotonic()

    def ignore(self, before, after):
        """Processor time from here to there was for a question of ours."""
        if self._cpu == before:
            self._cpu = after

    def seconds(self):
        """Look again; seconds since it was last seen doing something.

        Processor time alone would not do: on a busy host a process that
        wants to run may get none for a while.
        """
        cpu = self._process.cpu_seconds()
        if cpu != self._cpu or self._process.runnable():
            self._cpu = cpu
            self.restart()
        return time.monotonic() - self._since
