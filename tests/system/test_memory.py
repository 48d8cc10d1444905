# SPDX-License-Identifier: MIT
"""Memory under pressure, on whole machines; mm_verify after each."""
import errno

import pytest

from tests.harness import diskimage, paths, scenario
from tests.harness.disk import Disk, err, hold


def swap_disk(mib=256):
    """A swap device in hdc's place: another channel than the raw disk's."""
    return Disk(diskimage.swap(mib))


def run(boot, program, syncs=None, **facts):
    """Boot with a test program as init, play its scenario, check it."""
    path, _, args = program.partition(" ")
    m = boot(init=f"/tests/{path}", append=f"-- {args}", **facts)
    report = scenario.play(m, syncs).check()
    m.wait_exit()
    return report


def test_fork_trees(boot, design, cpus):
    """Every byte of every process, COW and swap entries included."""
    report = run(boot, "forktree 3 3 24", design=design, cpus=cpus,
                 disks={"hdc": swap_disk(16)})
    assert report.results["copies"] > 0
    assert report.results["swapped_out"] > 0


def test_a_copy_that_comes_too_late(boot, design, cpus):
    """A write fault is stopped between its decision and its copy; meanwhile
    another thread's write is kept, and must not be lost."""
    run(boot, "latecopy", design=design, cpus=cpus, testpoints=True,
        files={"hdc": diskimage.swap(16)})


def test_four_times_ram(boot, design, alone):
    """Memory four times RAM, in three processes, every word checked."""
    report = run(boot, "thrash 64 3 1", design=design, cpus=2, memory=16,
                 initrd=alone("thrash"),
                 files={"hdc": diskimage.swap(128)}, cpu_limit=240)
    assert report.results["swapped_in"] > 0


def test_shared_memory_beyond_ram(boot, design, alone):
    """A shared file twice RAM, written by one process, read by the next."""
    report = run(boot, "shared 32 3 3", design=design, cpus=2, memory=16,
                 initrd=alone("shared"),
                 files={"hdc": diskimage.swap(128)}, cpu_limit=240)
    assert report.results["swapped_in"] > 0


def test_swapoff_under_load(boot, design, cpus):
    """Everything comes back while processes page out what they have."""
    run(boot, "thrash 8 2 3 swapoff", design=design, cpus=cpus,
        files={"hdc": diskimage.swap(32)})


def test_storms_of_processes(boot, design, cpus):
    """What many processes needed in the kernel is not kept for ever."""
    run(boot, "storm 400 3", design=design, cpus=cpus)


@pytest.mark.parametrize("swap_mib", [0, 8])
def test_out_of_memory(boot, design, swap_mib):
    """The greedy process dies, three times; nobody else is hurt."""
    files = {"hdc": diskimage.swap(swap_mib)} if swap_mib else {}
    run(boot, "oom", design=design, cpus=2, memory=32, files=files)


def test_disk_errors(boot, design):
    """An error hurts only the process that needed the data, and nobody if it
    passes: each command is tried five times, but a flush only once."""
    raw, swap = Disk(diskimage.pattern(1)), swap_disk(16)

    def mend(_):
        raw.clear_rules()
        swap.clear_rules()

    def stumble(m):
        mend(m)
        for disk, kind in ((raw, None), (swap, "write"), (swap, "read")):
            disk.rule(err(errno.EIO), kind, times=4)

    run(boot, "diskerr", design=design, disks={"hda": raw, "hdc": swap},
        syncs={"stumble": stumble,
               "fail-raw": lambda m: raw.rule(err(errno.EIO)),
               "fail-writes": lambda m: swap.rule(err(errno.EIO), "write"),
               "fail-reads": lambda m: swap.rule(err(errno.EIO), "read"),
               "mend": mend})
    failed = [(r.kind, r.sector) for r in raw.requests if r.error]
    assert failed == [("read", 16)] * 4 + [("write", 16)] * 4 + [
        ("read", 0)] * 5 + [("write", 0)] * 5 + [("flush", 0)]


@pytest.mark.parametrize("cpus", [1, 2])
def test_edges_of_swap(boot, cpus):
    """user/tests/swaps.c: headers that Linux refuses; and whoever waits for a
    read to begin does not hold up who changes the address space."""
    swap = swap_disk(16)

    def held(_):
        swap.rule(hold, "read")

    def release(_):
        swap.wait_held()
        swap.clear_rules()
        swap.release_all()

    run(boot, "swaps", cpus=cpus, syncs={"hold": held, "release": release},
        disks={"hda": Disk(diskimage.Image("blank", 0.25)),
               "hdb": Disk(diskimage.Image("blank", 2048 / (1 << 20))),
               "hdc": swap})


def test_swap_is_joined(boot, design, alone):
    """Pages that go out together go in one command; if that fails, each is
    tried alone, and only those that fail again lose their slots.
    """
    swap = Disk(diskimage.swap(64))
    swap.rule(err(errno.EIO), "write", sectors=(2000 * 8, 3 * 8))
    m = boot(design=design, memory=24, disks={"hdc": swap},
             initrd=alone("thrash"), init="/tests/thrash",
             append="-- 30 1 1", cpu_limit=200)
    scenario.play(m).check()
    m.wait_exit()
    writes = [r for r in swap.requests if r.kind == "write"]
    reads = [r for r in swap.requests if r.kind == "read"]
    assert max(r.sectors for r in writes) > 8
    assert max(r.sectors for r in reads) > 8
    assert any(r.sectors > 8 and r.error for r in writes)
    assert sorted(x for x in m.serial.lines if "is not used any more" in x) == [
        f"swap: hdc: slot {n} is not used any more" for n in range(2000, 2003)]
