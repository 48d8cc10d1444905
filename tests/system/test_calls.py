# SPDX-License-Identifier: MIT
"""Each group of system calls: what works, and how it fails."""
import pytest

from tests.harness import paths, scenario

PROGRAMS = ["calls", "splice", "shmem", "children", "timers", "epoll", "busy"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_calls(boot, design, cpus, program):
    """A program of user/tests/, which Linux passes too."""
    m = boot(design=design, cpus=cpus, init=f"/tests/{program}")
    scenario.play(m).check()
    m.wait_exit()


def test_neighbours(boot, design):
    """Registers, timers and turns of one program cost another nothing."""
    m = boot(design=design, init="/tests/neighbours")
    scenario.play(m).check()
    m.wait_exit()


# A program's memory is touched with these held, and who waits for one of them
# cannot be killed everywhere. The last two are of one rank.
HELD_UP = {"file", "pipe", "text", "inode"}


def test_locks_that_programs_hold_up(boot, archive):
    """The lock checker lists no lock that is waited for unkillably, and may
    be held for as long as a program likes, but those that are known."""
    script = ["#!/bin/sh", "export PATH=/bin", "mount -t proc proc /proc",
              *(f"/tests/{p} > /dev/null" for p in PROGRAMS),
              "echo === list", "cat /proc/lockcheck", "echo === end"]
    files = {f"tests/{p}": paths.BUILD / "user" / "tests" / p
             for p in PROGRAMS}
    m = boot(cpus=2, initrd=archive(
        {"init": "\n".join(script).encode() + b"\n", **files}, busybox=True))
    m.serial.expect("^=== list$")
    m.serial.expect("^=== end$")
    lines = list(m.serial.lines)
    listed = lines[lines.index("=== list") + 1:lines.index("=== end")]
    m.wait_exit()
    assert set(listed) <= HELD_UP
