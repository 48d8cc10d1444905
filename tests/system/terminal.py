# SPDX-License-Identifier: MIT
"""A person at a terminal: keys go in, what is seen comes out."""
from __future__ import annotations

import os
import pty
import re
import select
import sys

from tests.harness import paths, station
from tests.harness.progress import Hang, Limit

PROMPT = r"hotcow:\S*# "


class Terminal:
    """A terminal with a command of ours in it."""

    def __init__(self, *argv):
        self.said = ""
        self.status = None
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.chdir(paths.ROOT)
            os.execvp(argv[0], argv)
        self.limit = Limit(self.pid)

    def expect(self, pattern):
        """Read until the pattern; returns what came before and with it."""
        self.limit.restart()
        while not (found := re.search(pattern, self.said)):
            assert self._read(), f"ended without {pattern!r}: {self.said!r}"
        text, self.said = self.said[:found.end()], self.said[found.end():]
        return text

    def _read(self):
        if not select.select([self._fd], [], [], 1)[0]:
            self._check()
            return True
        try:
            data = os.read(self._fd, 65536)
        except OSError:     # the other end is closed
            return False
        self.limit.restart()
        self.said += data.decode(errors="replace")
        return bool(data)

    def _check(self):
        try:
            self.limit.check()
        except Hang as e:
            raise Hang(f"{e}; seen last: {self.said[-2000:]!r}") from e

    def type(self, text):
        """Keys."""
        os.write(self._fd, text.encode())

    def wait(self):
        """Wait for the end; returns the status, and keeps what was said."""
        self.limit.restart()
        while self._read():
            pass
        _, status = os.waitpid(self.pid, 0)
        self.status = os.waitstatus_to_exitcode(status)
        return self.status

    def close(self):
        """Whatever happened."""
        if self.status is None:
            os.kill(self.pid, 15)
            os.waitpid(self.pid, 0)
        os.close(self._fd)


class MachineTerminal(Terminal):
    """A machine of make run, and us at its terminal."""

    def __init__(self, *words):
        super().__init__(sys.executable, "-m", "tests.harness", "run", *words)
        name = re.search(r"m\d+", self.expect(r"This machine is m\d+\."))[0]
        self.folder = station.FOLDER / name
        self.expect(PROMPT)

    def run(self, command):
        """A command's output, once the prompt is back."""
        self.type(command + "\r")
        self.expect(re.escape(command[-20:]) + r"\r+\n")
        return self.expect(PROMPT)

    def end(self, command="exit"):
        """The machine ends, and nothing is left."""
        self.type(command + "\r")
        assert self.wait() == 0, self.said
        assert not self.folder.exists()
