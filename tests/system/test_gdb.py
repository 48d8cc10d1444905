# SPDX-License-Identifier: MIT
"""make gdb: breakpoints and backtraces by name, from boot to a page fault."""
import os
import re
import socket
import sys

from terminal import Terminal

from tests.harness import console, interactive


def debug(*commands):
    """What gdb says, on a machine that starts afresh."""
    words = [w for command in commands for w in ("--ex", command)]
    t = Terminal(sys.executable, "-m", "tests.harness", "gdb", "--batch",
                 *words)
    try:
        t.wait()
        return t.said.replace("\r\n", "\n")
    finally:
        t.close()


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


def test_interrupt():
    """Ctrl-C stops the guest, as often as one likes, also below make; what is
    typed by make console comes to the guest; quit ends all."""
    t = Terminal("env", "TERM=dumb", "make", "gdb")
    try:
        t.expect(r"hit Breakpoint 1, kmain[^$]*\(gdb\) ")
        for number in range(3):
            t.type("continue\r")
            type_at_guest(f"echo $(({number} + 40)) it runs",
                          f"{number + 40} it runs", t)
            t.type("\x03")
            t.expect(r"received signal SIGINT[^$]*\(gdb\) ")
        t.type("kill\r")
        t.expect(r"y or n\) ")
        t.type("y\r")
        t.expect(r"\(gdb\) ")
        t.type("quit\r")
        assert t.wait() == 0
        assert not os.path.exists(interactive.CONSOLE)
    finally:
        t.close()


def type_at_guest(line, answer, gdb):
    """By the socket that make console connects to."""
    said = b""
    with socket.socket(socket.AF_UNIX) as guest:
        guest.connect(str(interactive.CONSOLE))
        guest.settimeout(1)
        for wanted, typed in (("hotcow:", "\r"), (answer, line + "\r")):
            guest.sendall(typed.encode())
            gdb.limit.restart()
            while wanted.encode() not in said:
                try:
                    said += guest.recv(4096)
                except TimeoutError:
                    gdb.limit.check()


def test_console_keys():
    """Ctrl-A X ends make console; everything else is the guest's."""
    keys = console.Keys()
    assert keys.take(b"ab\x03") == b"ab\x03"
    assert keys.take(b"\x01") == b""
    assert keys.take(b"\x01b") == b"\x01b"
    assert keys.take(b"c\x01x") is None
