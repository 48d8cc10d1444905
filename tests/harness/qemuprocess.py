# SPDX-License-Identifier: MIT
"""The QEMU process: started, watched, and surely ended.

How much a guest did is measured by the processor time of its QEMU, not by
the clock on the wall: a busy host makes the second longer, not the first.
"""
from __future__ import annotations

import shutil
import subprocess
import threading

from . import progress, spec
from .outcome import HarnessError

_running = set()    # the machines of this process


def kill_all():
    """End them now: this process ends, too."""
    for process in list(_running):
        process.kill()


def need_qemu():
    """Raise, in words, where there is none."""
    if not shutil.which(spec.QEMU):
        raise HarnessError(f"{spec.QEMU} is missing here: make setup installs "
                           "it where apt is; make doctor says what else is")


class QemuProcess:
    """One QEMU; `watch` is notified when it ends."""

    def __init__(self, argv, fds, stderr_path, watch):
        need_qemu()
        # If this process dies without a chance to clean up, the kernel ends
        # the child for it.
        if shutil.which("setpriv"):
            argv = ["setpriv", "--pdeathsig", "KILL", "--"] + argv
        with open(stderr_path, "wb") as err:
            # A session of its own: Ctrl-C is ours, who then ends it.
            self._popen = subprocess.Popen(
                argv, pass_fds=fds, stdin=subprocess.DEVNULL,
                stdout=err, stderr=err, start_new_session=True)
        _running.add(self._popen)
        self.pid = self._popen.pid
        self.status = None      # how it ended by itself
        self._killed = False
        self._last_cpu = 0.0
        self._watch = watch
        threading.Thread(target=self._reap, daemon=True).start()

    def _reap(self):
        status = self._popen.wait()
        _running.discard(self._popen)
        with self._watch:
            if not self._killed:
                self.status = status
            self._watch.changed()

    def cpu_seconds(self):
        """Processor time so far; the last known value once it has ended."""
        seconds = progress.cpu_seconds(self.pid)
        if seconds is not None:
            self._last_cpu = seconds
        return self._last_cpu

    def rest(self, meanwhile):
        """progress.rest of it."""
        return progress.rest(self.pid, meanwhile)

    def kill(self):
        """End it now. The disks must have let go of all requests."""
        with self._watch:
            self._killed = self.status is None
        self._popen.kill()
        self._popen.wait()
