# SPDX-License-Identifier: MIT
"""make run as a person has it: a terminal, a shell, requests from outside."""
from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from terminal import PROMPT, MachineTerminal, Terminal

from tests.harness import paths, progress


def ask(machine, *words):
    """make plug, hold...: for this machine."""
    return subprocess.run(
        [sys.executable, "-m", "tests.harness", "ask", "--run",
         machine.folder.name, *words], cwd=paths.ROOT, text=True,
        capture_output=True, check=False)


@pytest.fixture
def terminal():
    """A function that starts one."""
    started = []

    def start(*words, design="mapcount"):
        t = MachineTerminal("--build", str(paths.variant(design)), *words)
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
    assert ask(t, "dimms").stdout == "ok: 0 (64 MiB), 1 (64 MiB)\n"
    t.end()


def test_requests_from_the_host(terminal):
    """Modules come and go, the disk holds and lets go, the map is drawn."""
    t = terminal("--dimms", "64M")
    assert ask(t, "plug", "32M").stdout.splitlines() == [
        "ok: DIMM 1 of 32 MiB is in", "ok: DIMM 1 is taken by the guest"]
    t.expect("dimm 1 added")
    assert ask(t, "unplug", "0").stdout.splitlines() == [
        "ok: the guest is asked for DIMM 0", "ok: DIMM 0 has left"]
    t.expect("dimm 0 removed")
    drawn = ask(t, "map").stdout
    assert "DIMM 1" in drawn and "DIMM 0" not in drawn
    assert "DIMM 0 of 32 MiB is in" in ask(t, "plug", "32M").stdout
    t.expect("dimm 0 added")
    assert ask(t, "dimms").stdout == "ok: 0 (32 MiB), 1 (32 MiB)\n"
    for bad in (["plug", "3M"], ["plug", "x"], ["unplug", "9"],
                ["unplug", "x"], ["jump"]):
        answer = ask(t, *bad)
        assert answer.returncode == 1 and answer.stdout.startswith("error")
    t.end()


def test_held_read(terminal):
    """Whoever waits is told for what; a DIMM with the page stays, and make
    unplug says so; a machine that is to end does not wait for the read."""
    t = terminal("--dimms", "64M", "--append", "memhp.timeout=1",
                 design="ptepin")
    read = "dd if=/dev/hda of=/dev/null bs=1M count=1 iflag=direct"
    assert ask(t, "hold").stdout.startswith("ok")
    t.type(read + "\r")
    t.expect(r"hda holds a read of sector 0")
    answer = ask(t, "unplug", "0")
    assert answer.returncode == 1
    assert "error: DIMM 0 stays" in answer.stdout
    t.expect("memhp: dimm 0 stays")
    assert "1 held" in ask(t, "release").stdout
    t.expect("1\\+0 records in")
    assert ask(t, "hold").stdout.startswith("ok")
    t.type(read + " &\r")
    t.expect(r"hda holds a read of sector 0")
    t.end("\x01x")


@pytest.mark.parametrize("command", ["poweroff", "halt", "poweroff -f"])
def test_ends(terminal, command):
    """Each of them ends the machine."""
    terminal().end(command)


def test_reboot(terminal):
    """The machine begins again, with what was in it at boot."""
    t = terminal("--dimms", "64M")
    t.run("echo one >/tmp/name")
    assert ask(t, "plug", "32M").returncode == 0
    t.type("reboot\r")
    t.expect("hotcow: booting")
    t.expect(PROMPT)
    assert "No such file" in t.run("cat /tmp/name")
    assert ask(t, "dimms").stdout == "ok: 0 (64 MiB)\n"
    assert "ok: 0 (64 MiB)" in t.run("host dimms")
    t.end()


def test_two_at_once(terminal):
    """Two machines do not know of each other."""
    one, two = terminal(), terminal("--memory", "128")
    assert one.folder != two.folder
    one.run("echo one >/tmp/name")
    assert "No such file" in two.run("cat /tmp/name")
    one.end()
    assert "ok" in ask(two, "dimms").stdout
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


def test_no_qemu():
    """Where QEMU is missing we are told what helps."""
    for words in (["tests.harness", "run"],
                  ["tests.harness.benchboot", "build/mapcount"]):
        answer = subprocess.run(
            [sys.executable, "-m", *words], cwd=paths.ROOT, text=True,
            capture_output=True, check=False, env={"PATH": "/nonexistent"})
        assert answer.returncode == 3
        assert "make doctor" in answer.stderr
        assert "Traceback" not in answer.stderr
    again = subprocess.run(["make", "-n", "setup"], cwd=paths.ROOT, text=True,
                           capture_output=True, check=True)
    assert "tools/setup.sh" in again.stdout


def test_compare_is_interrupted():
    """Ctrl-C ends it and its machines, and no verdict is given."""
    t = Terminal(sys.executable, "-m", "tests.harness.compare")
    t.expect("who owns a page")
    while len(progress.family(t.pid)) < 3:
        t.limit.check()
    machines = progress.family(t.pid)[1:]
    t.type("\x03")
    assert t.wait() == 130
    assert "interrupted" in t.said
    assert not re.search("FAIL|BROKEN|ERROR|Traceback", t.said)
    t.close()
    for pid in machines:
        limit = progress.Limit(pid)
        while os.path.exists(f"/proc/{pid}/exe"):
            limit.check()
