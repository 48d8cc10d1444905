# SPDX-License-Identifier: MIT
"""Killing: of many at once, and for want of memory."""
from tests.harness import diskimage, scenario
from tests.harness.disk import Disk, hold


def run(boot, program, syncs=None, **facts):
    """Boot with a test program as init, play its scenario, check it."""
    machine = boot(init=f"/tests/{program}", **facts)
    report = scenario.play(machine, syncs).check()
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


def test_scattered_memory(boot, design, alone):
    """Raw I/O of many pages needs no frames in a row; where a row is needed, it
    is made of scattered frames. Nobody has to go."""
    disk = Disk(diskimage.pattern(4))
    disk.rule(hold, kind="read")

    def release(_):
        disk.clear_rules()
        disk.release_all()

    report = run(boot, "scattered", design=design, memory=48,
                 initrd=alone("scattered"),
                 disks={"hda": disk}, syncs={"release": release})
    assert report.results["free"] > 3000
    assert report.results["compacted"] > 0
