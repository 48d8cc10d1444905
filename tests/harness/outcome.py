# SPDX-License-Identifier: MIT
"""The four ways a run can end, and the words for why.

A score may only be made of PASS, FAIL and TIMEOUT, which are the guest's
doing. HARNESS_ERROR says that nobody knows: no QEMU, an overloaded host, a
test that contradicts itself.
"""
from __future__ import annotations

import re

PASS = "PASS"
FAIL = "FAIL"
TIMEOUT = "TIMEOUT"
HARNESS_ERROR = "HARNESS_ERROR"
# What a command of ours that ends so exits with.
STATUS = {PASS: 0, FAIL: 1, TIMEOUT: 2, HARNESS_ERROR: 3}

# How the kernel ends QEMU with exit=debug on its command line: the status
# is twice the code and one. 0 and 1 are QEMU's own and prove nothing.
EXIT_OK = 33
EXIT_INIT_FAILED = 35
EXIT_PANIC = 3


class GuestFail(Exception):
    """The guest did something wrong, and we saw it."""

    outcome = FAIL


class GuestTimeout(GuestFail):
    """The guest did not do what it should, and never will."""

    outcome = TIMEOUT


class HarnessError(Exception):
    """Whatever happened, the guest is not to blame for it."""

    outcome = HARNESS_ERROR


def of_exception(exc):
    """Which of the four an exception (or None) stands for."""
    if exc is None:
        return PASS
    if isinstance(exc, AssertionError):
        return FAIL
    return getattr(exc, "outcome", HARNESS_ERROR)


# The kernel's word for its own end; not the word in a command line.
PANIC = re.compile(r"\bpanic(?=:| on | at | - )", re.IGNORECASE)
# A pattern that the kernel writes over memory, and what it means to meet it
# where an address or a count was expected.
POISONS = {
    "dbdbdbdb": "0xdbdb... is freed memory: something was used after its end",
}


def says_the_end(lines):
    """Has the kernel said that it is about to end the machine?"""
    return bool(panic_lines(lines)) or any(
        line.startswith("init exited") for line in lines)


def panic_lines(lines):
    """The panic message with all that follows it, or an empty list."""
    for i, line in enumerate(lines):
        if PANIC.search(line) and not line.startswith("@"):
            return lines[i:i + 60]
    return []


def died_how(status, shutdown, guest_log):
    """One sentence on the end of the QEMU process, or None."""
    if status is None:
        return None
    if status < 0:
        return f"QEMU was killed by signal {-status}"
    if "Triple fault" in guest_log:
        return ("triple fault: an exception came while none could be "
                "handled; registers are in guest_errors.log")
    if shutdown == "guest-reset":
        return "the guest reset the machine"
    if shutdown == "guest-shutdown":
        return "the guest switched the machine off"
    known = {EXIT_OK: "init ended with status 0",
             EXIT_INIT_FAILED: "init failed: its status was not 0",
             EXIT_PANIC: "the kernel panicked"}
    return known.get(status, f"QEMU ended with status {status}")


def diagnose(lines, status=None, shutdown=None, guest_log="", held=(),
             stderr=""):
    """What can be said about a run that went wrong, as a list of lines."""
    said = []
    if not lines:
        said.append("no banner: nothing came over the serial line")
    how = died_how(status, shutdown, guest_log)
    if how:
        said.append(how)
    if status == 1 and stderr:
        said.append(f"QEMU says: {stderr.strip()}")
    for request in held:
        said.append(f"the disk still holds {request}")
    panic = panic_lines(lines)
    text = "\n".join(panic or lines[-30:])
    said += [why for mark, why in POISONS.items() if mark in text.lower()]
    if panic:
        said += ["the panic:"] + ["  " + line for line in panic]
    elif lines:
        said += ["the last lines:"] + ["  " + x for x in lines[-12:]]
    return said
