# SPDX-License-Identifier: MIT
"""make console: this terminal becomes the serial line of make gdb's machine.

What is typed goes to the guest, Ctrl-C and all; Ctrl-A X ends it, and the
machine stays.
"""
from __future__ import annotations

import os
import select
import socket
import sys
import termios
import tty

PREFIX, LEAVE = b"\x01", b"xX"  # Ctrl-A, and what ends it


class Keys:
    """What is typed, less what is meant for us."""

    def __init__(self):
        self._after_prefix = False

    def take(self, typed):
        """The bytes for the guest; None: it is over."""
        said = b""
        for key in (typed[i:i + 1] for i in range(len(typed))):
            if self._after_prefix and key in LEAVE:
                return None
            if key == PREFIX and not self._after_prefix:
                self._after_prefix = True
                continue
            self._after_prefix = False
            said += key
        return said


def _copy(line):
    """Until Ctrl-A X, or until one of the two ends."""
    keys = Keys()
    while True:
        ready = select.select([0, line], [], [])[0]
        if line in ready:
            said = line.recv(65536)
            if not said:
                return
            os.write(1, said)
        if 0 in ready:
            typed = os.read(0, 1024)
            said = keys.take(typed) if typed else None
            if said is None:
                return
            line.sendall(said)


def attach(path):
    """Be the terminal of a machine's serial line, at this socket."""
    line = socket.socket(socket.AF_UNIX)
    try:
        line.connect(str(path))
    except OSError:
        print("no machine of make gdb runs", file=sys.stderr)
        return 1
    print("The guest's serial line; Ctrl-A X leaves it.", flush=True)
    saved = termios.tcgetattr(0) if sys.stdin.isatty() else None
    try:
        if saved:
            tty.setraw(0)
        _copy(line)
    finally:
        if saved:
            termios.tcsetattr(0, termios.TCSADRAIN, saved)
    return 0
