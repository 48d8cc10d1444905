# SPDX-License-Identifier: MIT
"""/proc and /sys: Linux's forms, and numbers that agree with each other."""
from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.harness import diskimage, hostprograms, scenario
from tools import mkinitramfs

FILES = ["/proc/meminfo", "/proc/vmstat", "/proc/zoneinfo", "/proc/buddyinfo",
         "/proc/swaps", "/proc/stat", "/proc/loadavg", "/proc/uptime",
         "/proc/mounts", "/proc/interrupts", "/proc/cpuinfo",
         "/proc/partitions", "/proc/version", "/proc/self/stat",
         "/proc/self/status", "/proc/self/statm", "/proc/self/limits",
         "/proc/sys/vm/overcommit_memory", "/proc/sys/kernel/osrelease",
         "/sys/devices/system/cpu/online", "/sys/block/hda/size",
         "/sys/block/hda/queue/logical_block_size",
         "/sys/devices/system/memory/block_size_bytes",
         "/sys/devices/system/memory/memory2048/state",
         "/sys/devices/system/memory/memory2048/removable",
         "/sys/devices/system/memory/memory2048/phys_index",
         "/sys/devices/system/memory/memory2048/valid_zones"]
TOOLS = ["lsmem", "chmem", "free", "vmstat", "top", "pmap", "ps"]


def test_of_a_process(boot, design):
    """A program checks what is said of itself."""
    machine = boot(design=design, cpus=2, init="/tests/windows",
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
    init = script((name, f"cat {name}") for name in FILES)
    return mkinitramfs.write(path, {"init": init}, busybox=True)


def kib(text, key):
    """A line of meminfo."""
    return int(re.search(rf"^{re.escape(key)}: +(\d+) kB$", text, re.M)[1])


def test_of_the_machine(boot, design, of_machine):
    """Forms, and sums."""
    machine = boot(design=design, cpus=2, memory=64, dimms=[32], init="/init",
                   initrd=of_machine, files={"hda": diskimage.pattern(1)})
    said = shown(machine)
    assert set(said) - {"end"} == set(FILES)
    mem = said["/proc/meminfo"]
    assert 80 << 10 < kib(mem, "MemTotal") < 96 << 10
    assert kib(mem, "MemFree") < kib(mem, "MemTotal")
    assert kib(mem, "Cached") == kib(mem, "Shmem") > 1000
    free = 0
    for line in said["/proc/buddyinfo"].splitlines():
        counts = [int(n) for n in line.split()[4:]]
        assert len(counts) == 10
        free += sum(n << order for order, n in enumerate(counts)) * 4
    assert abs(free - kib(mem, "MemFree")) < 512
    assert re.search(r"^cpu  \d+( \d+){9}$", said["/proc/stat"], re.M)
    assert re.search(r"^cpu1 \d+( \d+){9}$", said["/proc/stat"], re.M)
    assert re.search(r"^btime [1-9]\d+$", said["/proc/stat"], re.M)
    assert re.fullmatch(r"[\d.]+ [\d.]+ [\d.]+ \d+/\d+ \d+",
                        said["/proc/loadavg"])
    assert re.search(r"^ +\d+: +\d+ +IO-APIC", said["/proc/interrupts"], re.M)
    assert len(said["/proc/self/stat"].rsplit(")", 1)[1].split()) == 50
    assert re.search(r"^VmRSS:\s+\d+ kB$", said["/proc/self/status"], re.M)
    assert len(said["/proc/self/statm"].split()) == 7
    assert said["/sys/devices/system/cpu/online"] == "0-1"
    assert said["/sys/block/hda/size"] == "2048"
    assert said["/sys/block/hda/queue/logical_block_size"] == "512"
    section = "/sys/devices/system/memory/memory2048/"
    assert said[section + "state"] == "online"
    assert said[section + "removable"] == "1"
    assert said[section + "phys_index"] == "00000800"
    assert said[section + "valid_zones"] == "Movable"


def test_tools_of_linux(boot, design, tmp_path):
    """util-linux's and procps's own programs print what is so."""
    commands = [("lsmem", "lsmem"), ("free", "free"), ("vmstat", "vmstat"),
                ("top", "top -b -n1"), ("ps", "ps aux"),
                ("pmap", "pmap -x 1"), ("off", "chmem -d 16M"),
                ("lsmem2", "lsmem"), ("on", "chmem -e 16M"),
                ("lsmem3", "lsmem")]
    files = hostprograms.collect(*TOOLS, files=[Path("/lib/terminfo")])
    files["/init"] = script(
        (name, hostprograms.find(command.split()[0]).as_posix()
         + command[len(command.split()[0]):]) for name, command in commands)
    files["/etc/passwd"] = b"root:x:0:0:root:/root:/bin/sh\n"
    image = mkinitramfs.write(tmp_path / "tools.cpio", files, busybox=True)
    said = shown(boot(design=design, cpus=2, memory=128, dimms=[32],
                      initrd=image, init="/init"))
    assert "Total online memory:     160M" in said["lsmem"]
    assert re.search(r"^Mem: +\d+ +\d+ +\d+", said["free"], re.M)
    assert len(said["vmstat"].splitlines()[-1].split()) == 17
    assert re.search(r"^ +1 root .* init$", said["top"], re.M)
    assert re.search(r"^root +1 .*/init$", said["ps"], re.M)
    assert re.search(r"^total kB +\d+ +\d+ +\d+", said["pmap"], re.M)
    assert "Total offline memory:     16M" in said["lsmem2"]
    assert "Total offline memory:      0B" in said["lsmem3"]
