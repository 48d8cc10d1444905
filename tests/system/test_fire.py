# SPDX-License-Identifier: MIT
"""Other people's programs, with half of the memory that they need; and again
while the memory modules leave and come back and raw reads hold pins in them.
"""
from pathlib import Path

import pytest
from job import JOB, TOOLCHAIN, answer

from tests.harness import diskimage, hostprograms, paths, scenario
from tests.harness.disk import Disk, hold
from tools import mkinitramfs

# The two whose argument it is; that the naive one loses data is shown elsewhere.
lossless = pytest.mark.parametrize("design", ["ptepin", "mapcount"])

FIRE = Path(__file__).with_name("fire.sh")
DIMMS = {"dimm0": 8, "dimm1": 8}
STEPS = 11


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """A disk that is an archive of the programs, and of what they need."""
    files = hostprograms.collect("stress-ng", "bash", "tcc", files=TOOLCHAIN)
    files["/job"] = JOB
    path = tmp_path_factory.mktemp("fire") / "programs.cpio"
    return mkinitramfs.write(path, files)


@pytest.fixture
def image(archive):
    """A function that writes an initramfs with a shell and the script."""
    return lambda words: archive(
        {"/fire.sh": FIRE, "/tests/pins": paths.BUILD / "user/tests/pins",
         "/init": f"#!/bin/sh\n. /fire.sh {words}\n".encode()}, busybox=True)


def disks(programs):
    """Swap, and the disk that the programs come by."""
    return {"hdc": diskimage.swap(512), "hdd": diskimage.of_file(programs)}


def check(machine, syncs):
    """Play it; what it needed was more than there was."""
    report = scenario.play(machine, syncs).check()
    machine.wait_exit()
    assert len(report.steps) == STEPS <= len(report.expectations)
    assert report.results["pswpout"] > 0
    assert report.results["pswpin"] > 0
    return report


@lossless
def test_half_of_the_memory(boot, design, image, programs):
    """Each program alone."""
    m = boot(design=design, cpus=2, memory=32, initrd=image(answer()),
             init="/init", files=disks(programs), cpu_limit=400)
    check(m, {})


@pytest.mark.parametrize("planted", [
    b"exit 1", b"kill -SEGV $$", b"echo successful run completed; exit 0"],
    ids=["fails", "dies", "does-nothing"])
def test_is_able_to_fail(boot, image, tmp_path, planted):
    """With programs that do not work, every step says so."""
    files = hostprograms.collect("bash")
    for name in ("stress-ng", "tcc"):
        files[f"/usr/bin/{name}"] = b"#!/bin/sh\n" + planted + b"\n"
    files["/job"] = JOB
    cpio = mkinitramfs.write(tmp_path / "planted.cpio", files)
    m = boot(cpus=2, memory=32, initrd=image(answer()), init="/init",
             files=disks(cpio))
    report = scenario.play(m)
    assert not report.passed and len(report.steps) == STEPS
    assert [e.ok for e in report.expectations] == [False] * STEPS


class Modules:
    """The memory modules, which leave and come back on request, and the raw
    reads, which are held but for the time that a module takes to leave.
    """

    def __init__(self):
        self.disk = Disk(diskimage.pattern(1))
        self.disk.rule(hold, kind="read")
        self._added = len(DIMMS)

    def swap(self, machine):
        """Each module in turn leaves, and comes back."""
        for name, mib in DIMMS.items():
            self.disk.wait_held()
            machine.dimms.ask(name)
            self.end(machine)
            machine.dimms.wait_removed(name)
            self.disk.rule(hold, kind="read")
            machine.dimms.add(name, mib)
            self._added += 1
            machine.watch.wait(self._are_added(machine), f"{name} to be added")

    def end(self, _machine):
        """No more reads are held."""
        self.disk.clear_rules()
        self.disk.release_all()

    def _are_added(self, machine):
        return lambda: sum("added" in line for line in
                           machine.serial.lines) >= self._added


@lossless
def test_while_modules_leave(boot, design, image, programs):
    """The same, while the memory under the programs comes and goes."""
    modules = Modules()
    m = boot(design=design, cpus=2, memory=24, dimms=list(DIMMS.values()),
             slots=4, initrd=image(f"{answer()} leaving"), init="/init",
             files=disks(programs), disks={"hda": modules.disk},
             append="ide.timeout=0",    # a read is held for a program's time
             cpu_limit=400, wall_limit=600)
    report = check(m, {"leaving": modules.swap, "enough": modules.end})
    assert report.results["raw_reads"] > 0
    assert report.results["pgmigrate_success"] > 0
