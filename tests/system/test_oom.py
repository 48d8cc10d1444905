# SPDX-License-Identifier: MIT
"""Killing: of many at once, and for want of memory."""
from tests.harness import scenario


def run(boot, program, **facts):
    """Boot with a test program as init, play its scenario, check it."""
    machine = boot(init=f"/tests/{program}", **facts)
    report = scenario.play(machine).check()
    machine.wait_exit()
    return report


def test_kill_against_fork(boot, design):
    """A child that is being made when its group is killed is killed, too."""
    run(boot, "inflight", design=design, testpoints=True)
