# SPDX-License-Identifier: MIT
"""kpagecount, kpageflags, pagemap and the sections' files: one story."""
from tests.harness import scenario


def test_frames(boot, design):
    """user/tests/frames.c, with a DIMM whose first section goes and comes."""
    machine = boot(design=design, cpus=2, memory=64, dimms=[16],
                   init="/tests/frames")
    scenario.play(machine).check()
    machine.wait_exit()
