# SPDX-License-Identifier: MIT
"""Raw I/O: alignments, segments, AIO; below 4 GiB and through the bounce."""
import pytest

from tests.harness import diskimage, scenario
from tests.harness.disk import Disk


@pytest.mark.parametrize("dimms", [[], [32]], ids=["low", "above-4GiB"])
def test_raw(boot, design, cpus, dimms):
    """user/tests/raw.c: with a DIMM, its pages lie where IDE cannot reach."""
    m = boot(design=design, cpus=cpus, dimms=dimms, init="/tests/raw",
             disks={"hda": Disk(diskimage.pattern(8))})
    scenario.play(m).check()
    m.wait_exit()
