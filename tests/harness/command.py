# SPDX-License-Identifier: MIT
"""How a command of ours ends, whichever way it does."""
from __future__ import annotations

import os
import signal
import sys

from . import outcome, qemuprocess
from .outcome import GuestFail, HarnessError

INTERRUPTED = 130   # as a shell's for SIGINT


def _end_at_once(*_):
    """Ctrl-C. Threads that wait for a machine have no part in it: they would
    report, of each machine that we end, that it has failed."""
    qemuprocess.kill_all()
    os.write(2, b"\ninterrupted\n")
    os._exit(INTERRUPTED)


def run(main):
    """Run a command; returns its status: one for each of the four ways that a
    run can end in (outcome.py)."""
    signal.signal(signal.SIGINT, _end_at_once)
    try:
        return main()
    except (GuestFail, HarnessError) as e:
        print(f"{e.outcome}: {e}", file=sys.stderr)
        return outcome.STATUS[e.outcome]
