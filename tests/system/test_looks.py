# SPDX-License-Identifier: MIT
"""mm_verify and pageinfo, asked at rest and in a storm."""
from tests.harness import diskimage, scenario


def test_looks(boot, design):
    """user/tests/looks.c, on four processors that really run at once."""
    machine = boot(design=design, cpus=4, icount=False, memory=48,
                   init="/tests/looks", files={"hda": diskimage.pattern(1),
                                               "hdc": diskimage.swap(64)},
                   cpu_limit=300)
    scenario.play(machine).check()
    machine.wait_exit()
