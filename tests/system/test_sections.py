# SPDX-License-Identifier: MIT
"""The sections' files in /sys, by hand and by util-linux's lsmem and chmem."""
import re

from tests.harness import hostprograms
from tools import mkinitramfs

SECTION = "/sys/devices/system/memory/memory2048"
# Each word that `online` takes, and what it then says.
WORDS = [("0", "0"), ("1", "1"), ("off", "0"), ("on", "1"), ("n", "0"),
         ("yes", "1"), ("1", "1")]
REFUSED = [("state", "online"), ("state", "online_kernel"),
           ("state", "sideways"), ("online", "maybe"), ("online", "")]
ABSENT = "Total offline memory:"


def script():
    """An init that does it all; each answer on a line with its mark."""
    lines = ["#!/bin/sh", "export PATH=/bin:/sbin:/usr/bin:/usr/sbin",
             f"cd {SECTION}"]
    lines += [f"echo {word} > online; echo \"= word {word} $? $(cat online)\""
              for word, _ in WORDS]
    lines += [f"echo '{word}' > {name}; echo \"= refused $?\""
              for name, word in REFUSED]
    lines += ["echo = device $(cat phys_device) node $(readlink node0)",
              "(cd node0/memory2048 && echo = back $(cat phys_index))",
              "mkdir x 2>&1 | sed 's/.*: /= mkdir /'",
              "(: > y) 2>&1 | sed 's/.*: /= create /'",
              "lsmem -a -n -o RANGE,STATE,NODE,ZONES | sed -n 's/^0x/= is &/p'",
              "chmem -d -b 2049-2050; echo = chmem $?",
              "lsmem | sed -n 's/^Total/= Total/p'",
              "chmem -d -b 0; echo = boot $?",
              "chmem -e -b 2049-2050; echo = chmem $?",
              "lsmem | sed -n 's/^Total/= Total/p'"]
    return "\n".join(lines + ["exit 0", ""]).encode()


def test_sections(boot, design, tmp_path):
    """Online, offline, and everything that is to be refused."""
    files = hostprograms.collect("lsmem", "chmem")
    files["/init"] = script()
    image = mkinitramfs.write(tmp_path / "sections.cpio", files, busybox=True)
    machine = boot(design=design, cpus=2, memory=128, dimms=[16],
                   initrd=image, init="/init")
    machine.watch.wait(machine.ended, "the end")
    said = [line[2:] for line in machine.serial.lines if line[:2] == "= "]
    assert said[:len(WORDS)] == [f"word {w} 0 {is_on}" for w, is_on in WORDS]
    said = said[len(WORDS):]
    assert said[:len(REFUSED)] == ["refused 1"] * len(REFUSED)
    said = said[len(REFUSED):]
    assert said[:4] == ["device 0 node ../../node/node0", "back 00000800",
                        "mkdir Operation not permitted",
                        "create Permission denied"]
    listed = [line for line in said if line.startswith("is ")]
    movable = [line for line in listed if line.endswith("online    0 Movable")]
    assert len(listed) == 64 + 8 and len(movable) == 8
    said = [re.sub(r" +", " ", line) for line in said[4 + len(listed):]]
    assert said == ["chmem 0", "Total online memory: 140M",
                    f"{ABSENT} 4M", "boot 1", "chmem 0",
                    "Total online memory: 144M", f"{ABSENT} 0B"]
