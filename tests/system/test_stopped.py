# SPDX-License-Identifier: MIT
"""Long work that is told to stop, and programs that are none."""
import pytest

from tests.harness import diskimage, outcome, scenario
from tests.harness.disk import Disk, hold


def test_stopped(boot, design):
    """swapoff and offlining end with EINTR, or can be killed, while a disk
    holds a read; everything is as it was, and they work afterwards. Who waits
    for another's write can be killed, too."""
    raw, swap = Disk(diskimage.pattern(1)), Disk(diskimage.swap(16))
    raw.rule(hold, kind="read", times=1)

    def let_go(_):
        swap.clear_rules()
        swap.release_all()

    machine = boot(design=design, cpus=1, dimms=[32], init="/tests/stopped",
                   disks={"hda": raw, "hdc": swap})
    scenario.play(machine, {
        "hold swap": lambda m: swap.rule(hold, kind="read"),
        "swapoff reads": lambda m: swap.wait_held(),
        "swapoff sleeps": lambda m: m.wait_idle(),
        "another waits": lambda m: m.wait_idle(),
        "release swap": let_go,
        "reading": lambda m: raw.wait_held(),
        "offlining": lambda m: m.wait_idle(),
        "again": lambda m: m.wait_idle(),
        "hold a write": lambda m: raw.rule(hold, kind="write", times=1),
        "writing": lambda m: raw.wait_held(),
        "waiting to write": lambda m: m.wait_idle(),
        "release": lambda m: raw.release_all()}).check()
    machine.wait_exit()


def test_broken_programs(boot, design):
    """exec of what cannot be run: an error or a signal, never worse."""
    machine = boot(design=design, init="/tests/badelf")
    scenario.play(machine, None).check()
    machine.wait_exit()


def changed(at, new):
    """A program with some bytes of it replaced."""
    return lambda good: good[:at] + new + good[at + len(new):]


BROKEN = {
    "cut short": lambda good: good[:1000],
    "cut in the header": lambda good: good[:40],
    "no program headers": changed(56, b"\0\0"),
    "for another machine": changed(18, b"\x28"),
    "of 32 bits": changed(4, b"\1"),
    "entry in the kernel": changed(24, b"\0\0\0\x80\xff\xff\xff\xff"),
    "headers far away": changed(32, b"\xff" * 8),
    "a segment in the kernel": changed(64 + 16, b"\xff" * 8),
    "empty": lambda good: b"",
    "text": lambda good: b"echo hello\n",
    "script of nothing": lambda good: b"#!\n",
    "script without its shell": lambda good: b"#!/bin/nothing\n",
    "script of itself": lambda good: b"#!/init\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_init(boot, archive, compile_c, name):
    """An init that is broken is named, with the reason in words. That is the
    end, but none that looks like a mistake of the kernel's."""
    good = compile_c("good", "int main(void) { return 0; }").read_bytes()
    machine = boot(initrd=archive({"init": BROKEN[name](good)}))
    machine.serial.expect(r"^init: /init: error \d+: \w+")
    machine.wait_exit(outcome.EXIT_PANIC)
    assert "no init" in machine.how_it_ended()
    assert not any("called from" in line for line in machine.serial.lines)


def test_init_that_faults(boot, archive, compile_c):
    """One whose first instruction is in data dies of it, as a process."""
    good = compile_c("good", "int main(void) { return 0; }").read_bytes()
    machine = boot(initrd=archive({"init": changed(24, b"\0\0\x40")(good)}))
    machine.serial.expect(r"^init exited with status 139 \(signal 11\)$")
    machine.wait_exit(outcome.EXIT_INIT_FAILED)
