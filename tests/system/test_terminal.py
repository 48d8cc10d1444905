# SPDX-License-Identifier: MIT
"""make run as a person has it: a terminal, a shell, requests from outside."""
from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time

import pytest

from tests.harness import paths, station

PROMPT = r"hotcow:\S*# "
LIMIT = 120     # seconds; the host is stuck if that is not enough


class Terminal:
    """A machine of make run, and us at its terminal."""

    def __init__(self, *words):
        self.said = ""
        self.status = None
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            os.chdir(paths.ROOT)
            os.execv(sys.executable, [sys.executable, "-m", "tests.harness",
                                      "run", *words])
        name = re.search(r"m\d+", self.expect(r"This machine is m\d+\."))[0]
        self.folder = station.FOLDER / name
        self.expect(PROMPT)

    def expect(self, pattern):
        """Read until the pattern; returns what came before and with it."""
        deadline = time.monotonic() + LIMIT
        while not (found := re.search(pattern, self.said)):
            assert time.monotonic() < deadline, \
                f"no {pattern!r} in {self.said[-2000:]!r}"
            assert self._read(), f"ended without {pattern!r}: {self.said!r}"
        text, self.said = self.said[:found.end()], self.said[found.end():]
        return text

    def _read(self):
        if not select.select([self._fd], [], [], 1)[0]:
            return True
        try:
            data = os.read(self._fd, 65536)
        except OSError:     # the other end is closed
            return False
        self.said += data.decode(errors="replace")
        return bool(data)

    def type(self, text):
        """Keys."""
        os.write(self._fd, text.encode())

    def run(self, command):
        """A command's output, once the prompt is back."""
        self.type(command + "\r")
        self.expect(re.escape(command[-20:]) + r"\r+\n")
        return self.expect(PROMPT)

    def ask(self, *words):
        """make plug, hold...: for this machine."""
        return subprocess.run(
            [sys.executable, "-m", "tests.harness", "ask", "--run",
             self.folder.name, *words], cwd=paths.ROOT, text=True,
            capture_output=True, check=False)

    def end(self):
        """exit, and nothing is left."""
        self.type("exit\r")
        while self._read():
            pass
        _, self.status = os.waitpid(self._pid, 0)
        assert self.status == 0
        assert not self.folder.exists()

    def close(self):
        """Whatever happened."""
        if self.status is None:
            os.kill(self._pid, 15)
            os.waitpid(self._pid, 0)
        os.close(self._fd)


@pytest.fixture
def terminal():
    """A function that starts one."""
    started = []

    def start(*words, design="mapcount"):
        t = Terminal("--build", str(paths.variant(design)), *words)
        started.append(t)
        return t

    yield start
    for t in started:
        t.close()


def test_demo(terminal, design):
    """The tour finds what it says, under each design."""
    t = terminal("--dimms", "2x64M", design=design)
    said = t.run("demo -y")
    assert "That was the tour" in said
    assert said.count("So it is:") == 6
    assert f"design: {design}" in said
    t.end()


def test_requests_from_the_host(terminal):
    """Modules come and go, the disk holds and lets go, the map is drawn."""
    t = terminal("--dimms", "64M")
    assert "DIMM 1 of 32 MiB is in" in t.ask("plug", "32M").stdout
    t.expect("dimm 1 added")
    assert "asked for DIMM 0" in t.ask("unplug", "0").stdout
    t.expect("dimm 0 removed")
    drawn = t.ask("map").stdout
    assert "DIMM 1" in drawn and "DIMM 0" not in drawn
    assert t.ask("hold").stdout.startswith("ok")
    t.type("dd if=/dev/hda of=/dev/null bs=512 count=1 iflag=direct\r")
    deadline = time.monotonic() + LIMIT
    while "1 read(s) held" not in t.ask("held").stdout:
        assert time.monotonic() < deadline, "the read is not held"
    assert "1 held" in t.ask("release").stdout
    t.expect("1\\+0 records in")
    for bad in (["plug", "3M"], ["plug", "x"], ["unplug", "9"], ["jump"]):
        answer = t.ask(*bad)
        assert answer.returncode == 1 and answer.stdout.startswith("error")
    t.end()


def test_two_at_once(terminal):
    """Two machines do not know of each other."""
    one, two = terminal(), terminal("--memory", "128")
    assert one.folder != two.folder
    one.run("echo one >/tmp/name")
    assert "No such file" in two.run("cat /tmp/name")
    one.end()
    assert "ok" in two.ask("dimms").stdout
    two.end()


def test_windows(terminal, design):
    """memmap, pageinfo and cowinfo say what the kernel says."""
    t = terminal("--dimms", "64M", "--cpus", "1", design=design)
    said = t.run("memmap -1")
    assert "soldered" in said and "DIMM 0" in said
    free = int(re.search(r"\. free +(\d+) frames", said)[1])
    kib = int(re.search(r"MemFree: +(\d+) kB",
                        t.run("grep MemFree /proc/meminfo"))[1])
    assert abs(free * 4 - kib) < 1024
    assert re.search(rf"design +{design}", t.run("cowinfo"))
    said = t.run("pageinfo 0 0x400000")
    assert re.search(r"page table: process \d+ \(pageinfo\) at 0x400000", said)
    assert "usage" in t.run("pageinfo x")
    assert "no such process" in t.run("pageinfo 9999 0x1000")
    t.end()


def test_no_machine():
    """Without a machine there is an error that says so."""
    answer = subprocess.run(
        [sys.executable, "-m", "tests.harness", "ask", "--run", "m999",
         "hold"], cwd=paths.ROOT, text=True, capture_output=True, check=False)
    assert answer.returncode == 1 and "no machine runs" in answer.stderr
