# SPDX-License-Identifier: MIT
"""make gdb: breakpoints and backtraces by name, from boot to a page fault."""
import re
import signal
import subprocess
import sys

from tests.harness import paths

LIMIT = 60      # by the clock: gdb has no other


def debug(*commands):
    """What gdb says, on a machine that starts afresh."""
    words = [w for command in commands for w in ("--ex", command)]
    with subprocess.Popen(
            [sys.executable, "-m", "tests.harness", "gdb", "--batch", *words],
            cwd=paths.ROOT, stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as harness:
        try:
            return harness.communicate(timeout=LIMIT)[0]
        finally:
            harness.send_signal(signal.SIGINT)  # then it ends the machine


def frames(backtrace):
    """Its functions, innermost first."""
    return re.findall(r"^#\d+ +(?:0x\w+ in )?(\S+) \(", backtrace,
                      re.MULTILINE)


def test_breakpoints():
    """Names, lines and values: at kmain, and where a page fault is mended.
    One test, as the machines of make gdb share their disks."""
    said = debug("backtrace", "break fault_write_protected", "continue",
                 "print f->addr")
    boot, fault = said.split("Thread ", 1)[1].split("Thread ", 1)
    assert frames(boot) == ["kmain", "boot_main", "in_long_mode"]
    assert re.search(r"^\$1 = \d+$", fault, re.MULTILINE)
    called = frames(fault)
    assert called[0] == "fault_write_protected"
    assert called.index("mm_fault") < called.index("trap_handler")
