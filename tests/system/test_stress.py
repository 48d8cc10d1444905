# SPDX-License-Identifier: MIT
"""Everything at once, on two processors that really run at once."""
from tests.harness import diskimage, scenario

ROUNDS = 4
DIMMS = {"dimm0": 32, "dimm1": 16}


def wait_added(machine, count):
    """Wait until the kernel has taken so many modules in."""
    machine.watch.wait(
        lambda: sum("added" in line
                    for line in machine.serial.lines) >= count,
        f"{count} modules to be added")


def churn(machine):
    """Each module in turn leaves, and comes back."""
    added = len(DIMMS)
    for _ in range(ROUNDS):
        for name, mib in DIMMS.items():
            machine.dimms.ask(name)
            machine.dimms.wait_removed(name)
            machine.dimms.add(name, mib)
            added += 1
            wait_added(machine, added)


def test_stress(boot, design):
    """Fork trees, thrashing and raw reads, while DIMMs come and go."""
    words = "" if design == "naive" else "marks"
    machine = boot(design=design, cpus=2, icount=False, memory=32,
                   dimms=list(DIMMS.values()), slots=4,
                   init="/tests/stress", append=f"-- {words}",
                   files={"hda": diskimage.pattern(8),
                          "hdc": diskimage.swap(128)}, cpu_limit=240)
    report = scenario.play(machine, {"churn": churn}).check()
    machine.wait_exit()
    for figure in ("programs", "reads", "swapped_in", "migrated", "copies"):
        assert report.results[figure] > 0, figure
