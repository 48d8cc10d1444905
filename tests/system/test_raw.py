# SPDX-License-Identifier: MIT
"""Raw I/O: alignments, segments, AIO; below 4 GiB and through the bounce."""
import errno
import threading

import pytest

from tests.harness import diskimage, scenario
from tests.harness.disk import Disk, err, hold


@pytest.mark.parametrize("dimms", [[], [32]], ids=["low", "above-4GiB"])
def test_raw(boot, design, cpus, dimms):
    """user/tests/raw.c: with a DIMM, its pages lie where IDE cannot reach."""
    m = boot(design=design, cpus=cpus, dimms=dimms, init="/tests/raw",
             disks={"hda": Disk(diskimage.pattern(8))})
    scenario.play(m).check()
    m.wait_exit()


def test_sealed_in_flight(boot, design):
    """A file cannot be sealed against writing while a disk writes to it, even
    if nobody maps the page any more."""
    disk = Disk(diskimage.pattern(1))
    disk.rule(hold, kind="read", times=1)

    def release(_):
        disk.wait_held()
        disk.release_all()

    m = boot(design=design, init="/tests/sealed", disks={"hda": disk})
    scenario.play(m, {"release": release}).check()
    m.wait_exit()


def test_durable(boot):
    """user/tests/durable.c: a flush behind each write that asks for it, and
    behind no other; its error is the write's."""
    disk = Disk(diskimage.pattern(1))
    m = boot(init="/tests/durable", disks={"hda": disk})
    scenario.play(m, {"fail-flushes": lambda _: disk.rule(
        err(errno.EIO), kind="flush")}).check()
    m.wait_exit()
    asked = " ".join(r.kind if r.kind == "flush" else f"{r.sector}"
                     for r in disk.requests if r.kind != "read")
    assert asked == ("0 flush 1 flush 2 3 flush 4 flush 5 flush 6 flush 7 "
                     "flush 8 flush 9 10 flush 11 flush 12 flush 13 flush")
    for before, after in zip(disk.requests, disk.requests[1:]):
        assert after.kind != "flush" or before.end_order < after.order


def release_on(machine, disk, words):
    """For each word in turn: when the guest has said it, and the disk holds a
    request, let that go. For a thread: until then the machine stands still."""
    said = 0
    for word in words:
        def due(word=word):
            lines = machine.serial.lines[said:]
            return machine.serial.eof or (
                disk.held() and any(word in line for line in lines))
        machine.watch.wait(due, f"{word!r}", check=False)
        said = len(machine.serial.lines)
        disk.release_all()


@pytest.mark.parametrize("cpus", [1, 2])
def test_answers_that_come_late(boot, cpus):
    """The driver looks at the drive when its time is over, and asks again if
    it had to reset it: also when time jumps to the end of the time-out (one
    processor: counted instructions)."""
    disk = Disk(diskimage.pattern(1))
    disk.rule(hold, kind="read", sectors=(8, 8), times=1)
    disk.rule(hold, kind="write", times=1)
    disk.rule(hold, kind="flush", times=2)
    m = boot(cpus=cpus, init="/tests/late", append="ide.timeout=1",
             disks={"hda": disk})
    threading.Thread(target=release_on, daemon=True, args=(
        m, disk, ["no answer"] * 3 + ["reset"])).start()
    scenario.play(m).check()
    m.wait_exit()
    asked = [(r.kind, r.sector) for r in disk.requests]
    assert asked[-6:] == [("read", 8), ("write", 16), ("read", 16)] + [
        ("flush", 0)] * 3
    assert sum("reset" in line for line in m.serial.lines) == 1


def test_time_that_jumps(boot):
    """With counted instructions each time-out is due at once: the disk is given
    the time that it needs, so that no command is lost, and no drive reset."""
    m = boot(init="/tests/raw", append="ide.timeout=1",
             disks={"hda": Disk(diskimage.pattern(8))})
    scenario.play(m).check()
    m.wait_exit()
    assert not [x for x in m.serial.lines if "I/O error" in x or "reset" in x]
