# SPDX-License-Identifier: MIT
"""Each group of system calls: what works, and how it fails."""
from tests.harness import scenario


def test_calls(boot, design, cpus):
    """user/tests/calls.c, which Linux passes too."""
    m = boot(design=design, cpus=cpus, init="/tests/calls")
    scenario.play(m).check()
    m.wait_exit()
