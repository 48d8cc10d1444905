# SPDX-License-Identifier: MIT
"""The serial line of the guest: read by lines, written by lines."""
from __future__ import annotations

import re
import threading

from .inbox import Inbox
from .outcome import HarnessError


class Serial:
    """Everything that came, and a place up to which a test has read."""

    def __init__(self, sock, watch, log_path):
        self.lines = []
        self.eof = False
        self.inbox = Inbox(sock, watch)
        self._next = 0
        self._sock = sock
        self._watch = watch
        self._log_path = log_path
        self._thread = threading.Thread(target=self._read, daemon=True)

    def start(self):
        """Begin to read, in a thread."""
        self._thread.start()

    def _read(self):
        rest = b""
        with open(self._log_path, "wb", buffering=0) as log:
            while True:
                data = self.inbox.take()
                log.write(data)
                *whole, rest = (rest + data).split(b"\n")
                if not data and rest:
                    whole.append(rest)
                self._take(whole, eof=not data)
                if not data:
                    return

    def _take(self, whole, eof):
        with self._watch:
            self.lines += [line.decode("utf-8", "replace").rstrip("\r")
                           for line in whole]
            self.eof = eof
            self._watch.changed()

    def read_line(self, what="a line on the serial line"):
        """The next line that no one has read yet."""
        self._watch.wait(lambda: self._next < len(self.lines), what)
        self._next += 1
        return self.lines[self._next - 1]

    def expect(self, pattern):
        """Skip to the next line that matches; return the match object."""
        wanted = re.compile(pattern)

        def find():
            while self._next < len(self.lines):
                self._next += 1
                found = wanted.search(self.lines[self._next - 1])
                if found:
                    return found
            return None

        return self._watch.wait(find, f"a line that matches /{pattern}/")

    def last_read(self):
        """The line that read_line or expect returned last."""
        return self.lines[self._next - 1]

    def send(self, line):
        """Type a line."""
        try:
            self._sock.sendall(line.encode() + b"\n")
        except OSError as e:
            raise HarnessError(f"cannot send {line!r}: QEMU is gone") from e

    def join(self):
        """Wait for the last line of a QEMU that has ended."""
        if self._thread.is_alive():
            self._thread.join()
