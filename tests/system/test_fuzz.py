# SPDX-License-Identifier: MIT
"""A minute of random system calls, always the same ones: `make fuzz` has
more."""
from tests.harness import fuzz, scenario

SEED, ROUNDS = 20050208, 120


def test_fuzz(boot, design):
    """Whatever programs ask for, the machine lives, and its counts add up."""
    machine = boot(design=design, files=fuzz.files(), cpu_limit=240,
                   append=f"-- {SEED} 0 {ROUNDS}", **fuzz.FACTS)
    report = scenario.play(machine).check()
    machine.wait_exit()
    assert report.results["ended"] > ROUNDS / 2
