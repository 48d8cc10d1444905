# SPDX-License-Identifier: MIT
"""What the kernel has not written does not reach programs (kernel/poison.h).

Which design is linked makes no difference to what is copied out: one will do.
"""
from __future__ import annotations

from tests.harness import conformance, outcome, paths

# Programs of user/tests/ that make many different calls, and need no disk.
PROGRAMS = ["busy", "calls", "children", "epoll", "procfiles", "shmem",
            "splice", "timers"]
EVERY_FILE = (
    "find /proc/self /proc/1 /proc/[a-z]* /sys -type f"
    " -exec dd if={} of=/tmp/text bs=4096 count=4 \\;")


def script():
    """An init that runs everything there is, whatever becomes of it."""
    lines = ["#!/bin/sh", "export PATH=/bin:/sbin", "mount -t proc proc /proc",
             "mount -t sysfs sysfs /sys", "mount -t devtmpfs devtmpfs /dev",
             "mount -t tmpfs tmpfs /tmp", "cd /tmp"]
    lines += ["for p in /conformance/* /tests/*; do",
              "    $p > /tmp/said 2>&1; echo === $p $?", "done",
              f"{EVERY_FILE} 2> /dev/null", "echo === all", "poweroff -f", ""]
    return "\n".join(lines).encode()


def programs():
    """Those of make conformance, and those of ours: {name: path}."""
    cases = {p.name for p in conformance.SCRIPTS.glob("*.c")}
    files = {f"conformance/{name[:-2]}": conformance.PROGRAMS / name[:-2]
             for name in cases}
    files |= {f"tests/{name}": paths.BUILD / "user" / "tests" / name
              for name in PROGRAMS}
    return files


def test_programs(boot, archive):
    """Some ten thousand calls, and a word of poison in no answer.

    One processor, as in make conformance: time is instructions, and a case that
    arms a timer and then sleeps is not overtaken by it.
    """
    files = programs()
    machine = boot(poison=True, memory=256, init="/init",
                   exit_debug=False, cpu_limit=240,
                   initrd=archive({"init": script()} | files, busybox=True))
    machine.serial.expect("^=== all")
    ended = {line[4:].strip() for line in machine.serial.lines
             if line.startswith("=== /")}
    assert ended == {f"/{name} 0" for name in files}


def test_planted(boot):
    """One structure with a hole is enough."""
    machine = boot(poison=True, append="panic_test=leak")
    machine.serial.expect("^panic: byte 4 of 128 .* was never written")
    machine.serial.expect(r"\] (send_part|panic_if_asked)\S*\+0x")
    machine.wait_exit(outcome.EXIT_PANIC)
