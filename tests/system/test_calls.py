# SPDX-License-Identifier: MIT
"""Each group of system calls: what works, and how it fails."""
import pytest

from tests.harness import scenario

PROGRAMS = ["calls", "splice", "shmem", "children", "timers", "epoll"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_calls(boot, design, cpus, program):
    """A program of user/tests/, which Linux passes too."""
    m = boot(design=design, cpus=cpus, init=f"/tests/{program}")
    scenario.play(m).check()
    m.wait_exit()


def test_neighbours(boot, design):
    """Registers, timers and turns of one program cost another nothing."""
    m = boot(design=design, init="/tests/neighbours")
    scenario.play(m).check()
    m.wait_exit()
