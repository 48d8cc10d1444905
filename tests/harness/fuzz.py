# SPDX-License-Identifier: MIT
"""make fuzz: random system calls (user/tests/fuzz.c), seed after seed.

Each seed boots a machine of two processors, little memory, swap and a DIMM.
All must live to its end with counts that add up. A seed that fails is run
alone by SEED=n; the processors run at once, so that it may take several tries.
"""
from __future__ import annotations

import argparse
import sys
import time

from . import command, diskimage, paths, scenario
from .machine import Machine

FACTS = {"cpus": 2, "icount": False, "memory": 64, "dimms": [32],
         "init": "/tests/fuzz"}


def files():
    """A disk to read and to spoil, and one to swap to."""
    return {"hda": diskimage.pattern(8), "hdc": diskimage.swap(32)}


def run(design, seed, rounds):
    """One machine; raises if it does not live to its end."""
    with Machine(name=f"fuzz-{design}-{seed}", design=design, files=files(),
                 append=f"-- {seed} 0 {rounds}", cpu_limit=rounds,
                 rest_limit=10 * rounds, **FACTS) as machine:
        report = scenario.play(machine).check()
        machine.wait_exit()
    return report.results


def main(argv=None):
    """Until the minutes are over, or with --seed once for each design."""
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--rounds", type=int, default=400)
    args = parser.parse_args(argv)
    seed, end = args.seed or 1, time.monotonic() + args.minutes * 60
    while True:
        for design in paths.designs():
            results = run(design, seed, args.rounds)
            print(f"seed {seed} {design}: {args.rounds} rounds, "
                  f"{results['ended']} ended, {results['killed']} killed",
                  flush=True)
        if args.seed or time.monotonic() > end:
            return 0
        seed += 1


if __name__ == "__main__":
    sys.exit(command.run(main))
