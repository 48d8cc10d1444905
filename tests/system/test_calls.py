# SPDX-License-Identifier: MIT
"""Each group of system calls: what works, and how it fails."""
import pytest

from tests.harness import scenario

PROGRAMS = ["calls", "splice", "shmem", "children", "timers", "epoll", "busy"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_calls(boot, design, cpus, program):
    """A program of user/tests/, which Linux passes too."""
    m = boot(design=design, cpus=cpus, init=f"/tests/{program}")
    scenario.play(m).check()
    m.wait_exit()
