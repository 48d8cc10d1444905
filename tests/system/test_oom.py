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


def test_victim_that_cannot_exit(boot, design):
    """Its memory is taken, or it does not wait: the machine goes on."""
    report = run(boot, "oomhold", design=design, cpus=2, testpoints=True)
    assert any("does not end: its memory is taken" in line
               for line in report.lines)
