# SPDX-License-Identifier: MIT
"""Raw I/O: alignments, segments, AIO; below 4 GiB and through the bounce."""
import pytest

from tests.harness import diskimage, scenario
from tests.harness.disk import Disk, hold


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
