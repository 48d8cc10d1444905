# SPDX-License-Identifier: MIT
"""/proc and /sys: Linux's forms, and numbers that agree with each other."""
from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.harness import diskimage, hostprograms, scenario
from tools import mkinitramfs

# The names of lines, in order, as Linux 6.1's files have them.
MEMINFO = """MemTotal MemFree MemAvailable Buffers Cached SwapCached Active
Inactive Active(anon) Inactive(anon) Active(file) Inactive(file) Unevictable
Mlocked SwapTotal SwapFree Zswap Zswapped Dirty Writeback AnonPages Mapped Shmem
KReclaimable Slab SReclaimable SUnreclaim KernelStack PageTables SecPageTables
NFS_Unstable Bounce WritebackTmp CommitLimit Committed_AS VmallocTotal
VmallocUsed VmallocChunk Percpu HardwareCorrupted AnonHugePages ShmemHugePages
ShmemPmdMapped FileHugePages FilePmdMapped HugePages_Total HugePages_Free
HugePages_Rsvd HugePages_Surp Hugepagesize Hugetlb DirectMap4k
DirectMap2M""".split()
STATUS = """Name Umask State Tgid Ngid Pid PPid TracerPid Uid Gid FDSize Groups
NStgid NSpid NSpgid NSsid VmPeak VmSize VmLck VmPin VmHWM VmRSS RssAnon RssFile
RssShmem VmData VmStk VmExe VmLib VmPTE VmSwap HugetlbPages CoreDumping
THP_enabled Threads SigQ SigPnd ShdPnd SigBlk SigIgn SigCgt CapInh CapPrm CapEff
CapBnd CapAmb NoNewPrivs Seccomp Seccomp_filters Speculation_Store_Bypass
SpeculationIndirectBranch Cpus_allowed Cpus_allowed_list Mems_allowed
Mems_allowed_list voluntary_ctxt_switches nonvoluntary_ctxt_switches""".split()
SMAPS = """Size KernelPageSize MMUPageSize Rss Pss Pss_Dirty Shared_Clean
Shared_Dirty Private_Clean Private_Dirty Referenced Anonymous LazyFree
AnonHugePages ShmemPmdMapped FilePmdMapped Shared_Hugetlb Private_Hugetlb Swap
SwapPss Locked THPeligible VmFlags""".split()
NODE_MEMINFO = """MemTotal MemFree MemUsed SwapCached Active Inactive
Active(anon) Inactive(anon) Active(file) Inactive(file) Unevictable Mlocked
Dirty Writeback FilePages Mapped AnonPages Shmem KernelStack PageTables
SecPageTables NFS_Unstable Bounce WritebackTmp KReclaimable Slab SReclaimable SUnreclaim
AnonHugePages ShmemHugePages ShmemPmdMapped FileHugePages FilePmdMapped
HugePages_Total HugePages_Free HugePages_Surp""".split()
# Files, and what their whole text is like.
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
SECTION = "/sys/devices/system/memory/memory2048"
FORMS = {
    "/proc/vmstat": r"(\w+ \d+\n)+\w+ \d+",
    "/proc/buddyinfo": r"(Node 0, zone +\w+ ( +\d+){10} \n?){2}",
    "/proc/swaps": r"Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority",
    "/proc/stat": r"(cpu[\d ] ?\d+( \d+){9}\n){3}intr \d+( \d+)+\n"
                  r"ctxt \d+\nbtime [1-9]\d+\nprocesses \d+\n"
                  r"procs_running \d+\nprocs_blocked \d+\n"
                  r"softirq \d+( \d+){10}",
    "/proc/diskstats": r"   3       0 hda( \d+){17}",
    "/proc/slabinfo":
        r"slabinfo - version: 2\.1\n# name .*\n"
        r"(\S+( +\d+){5} : tunables( +\d+){3} : slabdata( +\d+){3}\n?)+",
    "/sys/block/hda/stat": r"\d+( \d+){16}",
    "/proc/loadavg": r"(\d+\.\d\d ){3}\d+/\d+ \d+",
    "/proc/uptime": r"\d+\.\d\d \d+\.\d\d",
    "/proc/mounts": r"(\S+ /\S* \S+ rw\S* 0 0\n?)+",
    "/proc/filesystems": r"(nodev\t\w+\n?)+",
    "/proc/interrupts": r" {11}CPU0       CPU1       \n"
                        r"( *\d+:( +\d+){2}   IO-APIC +\d+-(edge   |fasteoi)"
                        r"   +\w+\n)+([A-Z]{3}:( +\d+){2}   [A-Z].*\n?)+",
    "/proc/cpuinfo": r"(processor\t: \d+(\n[\w ]+\t*:.*)+\s*){2}",
    "/proc/partitions": r"major minor  #blocks  name\n\n"
                        r"   3        0       1024 hda",
    "/proc/devices": r"Character devices:\n( *\d+ \S+\n)+\n"
                     r"Block devices:\n( *\d+ \w+\n?)+",
    "/proc/version": r"Linux version 6\.1\S* \(\S+\) \(.+\) #1 .*",
    "/proc/cmdline": r"console=ttyS0 .*",
    "/proc/self/stat": r"\d+ \(cat\) R 1( -?\d+){48}",
    "/proc/self/statm": r"(\d+ ){6}0",
    "/proc/self/comm": "cat",
    "/proc/self/maps":
        r"([0-9a-f]{8,12}-[0-9a-f]{8,12} [r-][w-][x-][ps] [0-9a-f]{8} "
        r"00:\d\d \d+ +(/\S+|\[\w+\])?\n?)+",
    "/proc/self/limits":
        r"Limit {21}Soft Limit {11}Hard Limit {11}Units     \n"
        r"(Max .{21} .{20} .{20} \w* *\n?){16}",
    "/proc/self/io": r"rchar: \d+\nwchar: \d+\nsyscr: \d+\nsyscw: \d+\n"
                     r"read_bytes: 0\nwrite_bytes: 0\n"
                     r"cancelled_write_bytes: 0",
    "/proc/self/fdinfo/0": r"pos:\t\d+\nflags:\t0\d+\nmnt_id:\t\d+\n"
                           r"ino:\t\d+",
    "/proc/self/mountinfo":
        r"(\d+ \d+ \d+:\d+ / /\w* rw - \w+ \w+ rw\n?)+",
    "/proc/self/oom_score": r"\d+",
    "/proc/self/oom_adj": "0",
    "/proc/self/wchan": "0",
    "/proc/sys/vm/overcommit_memory": "0",
    "/proc/sys/vm/max_map_count": "65530",
    "/proc/sys/kernel/osrelease": r"6\.1\S*",
    "/proc/sys/kernel/pid_max": "32768",
    "/proc/sys/kernel/random/uuid": UUID,
    "/proc/sys/kernel/random/boot_id": UUID,
    "/proc/sys/fs/file-nr": r"\d+\t0\t\d+",
    "/sys/devices/system/cpu/online": "0-1",
    "/sys/devices/system/cpu/present": "0-1",
    "/sys/devices/system/cpu/cpu1/topology/core_id": "1",
    "/sys/devices/system/node/node0/cpulist": "0-1",
    "/sys/devices/system/node/node0/vmstat": r"(\w+ \d+\n?)+",
    "/sys/devices/system/node/node0/memory2048/phys_index": "00000800",
    "/sys/block/hda/size": "2048",
    "/sys/block/hda/dev": "3:0",
    "/sys/block/hda/removable": "0",
    "/sys/block/hda/ro": "0",
    "/sys/block/hda/queue/logical_block_size": "512",
    "/sys/block/hda/queue/rotational": "1",
    "/sys/devices/system/memory/block_size_bytes": "200000",
    SECTION + "/state": "online",
    SECTION + "/online": "1",
    SECTION + "/removable": "1",
    SECTION + "/phys_index": "00000800",
    SECTION + "/phys_device": "0",
    SECTION + "/valid_zones": "Movable",
    SECTION + "/node0/distance": "10",
}
NAMED = {"/proc/meminfo": MEMINFO, "/proc/self/status": STATUS,
         "/proc/self/smaps": SMAPS,
         "/sys/devices/system/node/node0/meminfo": NODE_MEMINFO}
FILES = [*FORMS, *NAMED, "/proc/zoneinfo"]
TOOLS = ["lsmem", "chmem", "free", "vmstat", "top", "pmap", "ps",
         "pgrep", "lscpu", "slabtop"]


@pytest.mark.parametrize("program", ["windows", "procfiles"])
def test_of_a_process(boot, design, program):
    """A program checks what is said of itself."""
    machine = boot(design=design, cpus=2, init=f"/tests/{program}",
                   files={"hdc": diskimage.swap(16)})
    scenario.play(machine).check()
    machine.wait_exit()


def shown(machine):
    """The text of each file that was printed between two marks."""
    machine.watch.wait(machine.ended, "the end")
    texts, name = {}, None
    for line in machine.serial.lines:
        if line.startswith("=== "):
            name = line[4:]
            texts[name] = []
        elif name:
            texts[name].append(line)
    return {name: "\n".join(lines) for name, lines in texts.items()}


def script(commands):
    """An init that prints a mark before each command's output."""
    lines = ["#!/bin/sh", "export PATH=/bin:/sbin:/usr/bin:/usr/sbin",
             "export TERM=linux"]
    lines += [f"echo '=== {name}'; {command} 2>&1"
              for name, command in commands]
    return "\n".join(lines + ["echo === end", "exit 0", ""]).encode()


@pytest.fixture(scope="module")
def of_machine(tmp_path_factory):
    """The initramfs of the next test."""
    path = tmp_path_factory.mktemp("windows") / "windows.cpio"
    init = script((name, f"cat {name}; echo") for name in FILES)
    return mkinitramfs.write(path, {"init": init}, busybox=True)


def kib(text, key):
    """A line of meminfo."""
    return int(re.search(rf"^{re.escape(key)}: +(\d+) kB$", text, re.M)[1])


def names(text):
    """What stands before the colon of each line that has one at once."""
    return re.findall(r"^(?:Node 0 )?([\w()]+):", text, re.M)


def check_zones(text, free):
    """/proc/zoneinfo: both zones, and as many free frames as there are."""
    zones = re.findall(r"^Node 0, zone +(\w+)$", text, re.M)
    assert zones == ["Normal", "Movable"]
    figures = {key: [int(n) for n in re.findall(rf"^ +{key} +(\d+)$", text,
                                                re.M)]
               for key in ("pages free", "min", "low", "high", "spanned",
                           "present", "managed", "start_pfn:")}
    assert all(len(values) == 2 for values in figures.values()), figures
    assert abs(sum(figures["pages free"]) - free) < 128
    assert figures["start_pfn:"][1] == 2048 * 512
    for low, high in (("min", "low"), ("low", "high"), ("high", "managed"),
                      ("managed", "present"), ("present", "spanned")):
        assert all(a <= b for a, b in zip(figures[low], figures[high]))


def test_of_the_machine(boot, design, of_machine):
    """Forms, and sums."""
    machine = boot(design=design, cpus=2, memory=64, dimms=[32], init="/init",
                   initrd=of_machine, files={"hda": diskimage.pattern(1)})
    said = shown(machine)
    assert set(said) - {"end"} == set(FILES)
    for name, form in FORMS.items():
        assert re.fullmatch(form, said[name].rstrip("\n")), (name, said[name])
    for name, lines in NAMED.items():
        assert names(said[name])[:len(lines)] == lines, name
    mem = said["/proc/meminfo"]
    assert re.fullmatch(r"([\w()]+: +\d+( kB)?\n?)+", mem)
    assert 80 << 10 < kib(mem, "MemTotal") < 96 << 10
    assert kib(mem, "MemFree") < kib(mem, "MemTotal")
    assert kib(mem, "Cached") == kib(mem, "Shmem") > 1000
    assert kib(mem, "DirectMap2M") == 96 << 10
    used = sum(kib(mem, key) for key in (
        "MemFree", "AnonPages", "Cached", "Slab", "KernelStack", "PageTables",
        "Bounce"))
    assert kib(mem, "MemTotal") - 2048 < used <= kib(mem, "MemTotal")
    free = 0
    for line in said["/proc/buddyinfo"].splitlines():
        counts = [int(n) for n in line.split()[4:]]
        free += sum(n << order for order, n in enumerate(counts)) * 4
    assert abs(free - kib(mem, "MemFree")) < 512
    check_zones(said["/proc/zoneinfo"], free // 4)


def test_tools_of_linux(boot, design, tmp_path):
    """util-linux's and procps's own programs print what is so."""
    commands = [("lsmem", "lsmem"), ("free", "free"), ("vmstat", "vmstat"),
                ("top", "top -b -n1"), ("ps", "ps aux"),
                ("pmap", "pmap -x 1"), ("smaps", "pmap -X 1"),
                ("threads", "ps -eLf"), ("pgrep", "pgrep -l init"),
                ("sums", "vmstat -s"), ("lscpu", "lscpu"),
                ("disks", "vmstat -d"), ("slabs", "slabtop -o"),
                ("off", "chmem -d 16M"),
                ("lsmem2", "lsmem"), ("on", "chmem -e 16M"),
                ("lsmem3", "lsmem")]
    files = hostprograms.collect(*TOOLS, files=[Path("/lib/terminfo")])
    files["/init"] = script(
        (name, hostprograms.find(command.split()[0]).as_posix()
         + command[len(command.split()[0]):]) for name, command in commands)
    files["/etc/passwd"] = b"root:x:0:0:root:/root:/bin/sh\n"
    image = mkinitramfs.write(tmp_path / "tools.cpio", files, busybox=True)
    said = shown(boot(design=design, cpus=2, memory=128, dimms=[32],
                      initrd=image, init="/init",
                      files={"hda": diskimage.pattern(1)}))
    assert "Total online memory:     160M" in said["lsmem"]
    assert re.search(r"^Mem: +\d+ +\d+ +\d+", said["free"], re.M)
    assert len(said["vmstat"].splitlines()[-1].split()) == 17
    assert re.search(r"^ +1 root .* init$", said["top"], re.M)
    assert re.search(r"^root +1 .*/init$", said["ps"], re.M)
    assert re.search(r"^total kB +\d+ +\d+ +\d+", said["pmap"], re.M)
    assert "[heap]" in said["smaps"] and "[stack]" in said["smaps"]
    assert re.search(r"^root +1 +0 +1 .*/init$", said["threads"], re.M)
    assert "1 init" in said["pgrep"]
    assert re.search(r"^ +[1-9]\d+ K total memory$", said["sums"], re.M)
    assert re.search(r"^ *Core\(s\) per socket: +2$", said["lscpu"], re.M)
    assert re.search(r"^hda( +\d+){10}$", said["disks"], re.M)
    assert re.search(r"^ *\d+ +\d+ +\d+% +0\.06K .* kmalloc-64 *$",
                     said["slabs"], re.M)
    assert "Total offline memory:     16M" in said["lsmem2"]
    assert "Total offline memory:      0B" in said["lsmem3"]


def test_who_asks_is_killed(boot, design, archive):
    """/proc/sys/vm/oom_kill_allocating_task: no list of scores is walked."""
    init = script([
        ("set", "echo 1 > /proc/sys/vm/oom_kill_allocating_task"),
        ("hog", "tail /dev/zero; echo status $?"),
        ("count", "grep oom_kill /proc/vmstat")])
    said = shown(boot(design=design, memory=32, init="/init",
                      initrd=archive({"/init": init}, busybox=True)))
    assert "which asked for more (oom_kill_allocating_task)" in said["hog"]
    assert "scores highest" not in said["hog"]
    assert "status 137" in said["hog"]
    assert said["count"] == "oom_kill 1"
