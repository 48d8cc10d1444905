# SPDX-License-Identifier: MIT
"""Long work that is told to stop, and programs that are none."""
import pytest

from tests.harness import diskimage, scenario
from tests.harness.disk import Disk, hold


def test_stopped(boot, design):
    """swapoff and offlining end with EINTR, or can be killed, while a disk
    holds a read; everything is as it was, and they work afterwards."""
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
        "release swap": let_go,
        "reading": lambda m: raw.wait_held(),
        "offlining": lambda m: m.wait_idle(),
        "again": lambda m: m.wait_idle(),
        "release": lambda m: raw.release_all()}).check()
    machine.wait_exit()


def test_broken_programs(boot, design):
    """exec of what cannot be run: an error or a signal, never worse."""
    machine = boot(design=design, init="/tests/badelf")
    scenario.play(machine, None).check()
    machine.wait_exit()


@pytest.mark.parametrize("name,data", [
    ("cut short", lambda good: good[:1000]),
    ("no program headers", lambda good: good[:56] + b"\0\0" + good[58:]),
    ("for another machine", lambda good: good[:18] + b"\x28" + good[19:]),
    ("empty", lambda good: b"")])
def test_broken_init(boot, archive, compile_c, name, data):
    """An init that is broken is named, with the error, and is the end."""
    good = compile_c("good", "int main(void) { return 0; }").read_bytes()
    machine = boot(initrd=archive({"init": data(good)}))
    machine.serial.expect(r"^init: /init: error \d+")
    machine.watch.wait(machine.ended, "the end")
    assert "no init" in machine.how_it_ended()
