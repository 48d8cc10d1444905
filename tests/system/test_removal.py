# SPDX-License-Identifier: MIT
"""DIMMs that come and go while their memory is in use."""
import re

import pytest

from tests.harness import diskimage, scenario
from tests.harness.disk import Disk, hold

GIB4 = 4 << 30


def play(machine, syncs):
    """Play and check the scenario that is the machine's init."""
    report = scenario.play(machine, syncs).check()
    machine.wait_exit()
    return report


def wait_said(machine, text, times=1):
    """Wait until the kernel has printed a line with this text so often."""
    machine.watch.wait(
        lambda: sum(text in line for line in machine.serial.lines) >= times,
        f"{times} line(s) with {text!r}")


@pytest.mark.parametrize("program", ["thrash", "shared", "moving"])
@pytest.mark.parametrize("cpus", [1, 2, 4])
def test_in_a_loop_under_load(boot, design, cpus, program):
    """Two DIMMs leave and come back while processes use and check them, with
    memory of their own, with shared memory, and with memory that mremap moves.
    """
    rounds = 2

    def churn(m):
        for i in range(rounds):
            for name in ("dimm0", "dimm1"):
                m.dimms.ask(name)
                m.dimms.wait_removed(name)
                m.dimms.add(name, 32)
                wait_said(m, "added", 2 + 2 * i + (name == "dimm1") + 1)

    m = boot(design=design, cpus=cpus, memory=64, dimms=[32, 32], slots=4,
             init=f"/tests/{program}",
             append="memhp.timeout=0 -- 8 2 1 churn",
             files={"hdc": diskimage.swap(64)}, cpu_limit=240)
    report = play(m, {"churn": churn})
    assert report.results["migrated"] > 0


def test_refused_and_repeated(boot, design):
    """A held read keeps a page: removal gives up, is asked again, works."""
    disk = Disk(diskimage.pattern(1))
    disk.rule(hold, kind="read", times=1)

    def unplug(m):
        m.dimms.ask("dimm0")
        m.wait_idle()   # nothing moves while the read is held

    def again(m):
        disk.release_all()
        m.dimms.ask("dimm0")
        m.dimms.wait_removed("dimm0")

    m = boot(design=design, dimms=[32], init="/tests/refuse",
             disks={"hda": disk})
    play(m, {"reading": lambda m: disk.wait_held(), "unplug": unplug,
             "refused": lambda m: m.dimms.wait_refused(), "again": again})


def offset_in_qemu(machine, name):
    """Where QEMU has a module among all memory that it knows."""
    text = machine.qmp.command("human-monitor-command",
                               **{"command-line": "info ramblock"})
    return re.search(rf"^ *{name} .*? (0x\w+)", text, re.M)[1]


def test_code_in_a_module_that_comes_back(boot, design):
    """No processor runs what was in the memory that has left. It might if QEMU
    took a module for an old one whose code it has translated: so the module
    comes and goes until it is where the old one was.
    """
    added = 1

    def replace(m):
        nonlocal added
        m.dimms.ask("dimm0")
        m.dimms.wait_removed("dimm0")
        m.dimms.add("dimm0", 8)
        added += 1
        wait_said(m, "added", added)

    def leave(m):
        first = offset_in_qemu(m, "mem-dimm0")
        replace(m)
        while offset_in_qemu(m, "mem-dimm0") != first:
            replace(m)

    m = boot(design=design, memory=64, dimms=[8], slots=2,
             init="/tests/newcode")
    play(m, {"begin": replace, "leave": leave})


def test_no_room_left(boot, design):
    """What does not fit elsewhere stays: a clean refusal, nothing lost."""
    m = boot(design=design, memory=32, dimms=[64], init="/tests/noroom")

    def unplug(m):
        m.dimms.ask("dimm0")
        m.dimms.wait_refused()

    play(m, {"unplug": unplug})


def test_between_two_steps(boot, design):
    """What comes in between: forced by points in the kernel."""
    m = boot(design=design, testpoints=True, cpus=4, memory=64, dimms=[32],
             init="/tests/between", append="memhp.stand=0",
             files={"hda": diskimage.pattern(1), "hdc": diskimage.swap(16)})
    play(m, {})


def test_asked_for_during_a_removal(boot, design):
    """A removal that may last for ever is in nobody's way: not in its pages'
    users', not in a new DIMM's; and the DIMM that is asked for meanwhile, in
    a hundred pieces, leaves in its turn.
    """
    def ask(m):
        m.dimms.ask("dimm0")
        m.dimms.add("dimm1", 32)
        wait_said(m, "memhp: dimm 1 added")

    m = boot(design=design, cpus=2, memory=64, dimms=[264], slots=2,
             init="/tests/asked", append="-- 132")
    play(m, {"asked": ask, "left": lambda m: m.dimms.wait_removed("dimm0")})
