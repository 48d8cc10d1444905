#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Say which tools there are, which are too old, and what each is for."""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

# tool, how to ask for its version, oldest that is known to work, what for
TOOLS = [
    ("make", ["make", "--version"], (4, 2), "everything"),
    ("gcc", ["gcc", "--version"], (10,), "the kernel, the unit tests"),
    ("ld", ["ld", "--version"], (2, 35), "the kernel"),
    ("qemu", ["qemu-system-x86_64", "--version"], (6, 2), "every machine"),
    ("musl-gcc", ["musl-gcc", "--version"], (10,), "user programs"),
    ("grub-mkrescue", ["grub-mkrescue", "--version"], (2, 4), "make iso"),
    ("xorriso", ["xorriso", "-version"], (1, 5), "make iso"),
    ("mtools", ["mformat", "--version"], (4,), "make iso"),
    ("tcc", ["tcc", "--version"], (0, 9), "make test: programs"),
    ("stress-ng", ["stress-ng", "--version"], (0, 13), "make test: programs"),
    ("procps", ["vmstat", "--version"], (3,), "make test: windows"),
]
OPTIONAL = [
    ("gdb", ["gdb", "--version"], (10,), "make gdb"),
    ("clang", ["clang", "--version"], (13,), "CC=clang"),
    ("clang-format", ["clang-format", "--version"], (13,), "make format"),
]
FILES = [
    ("/usr/include/cmocka.h", "libcmocka-dev", "unit tests"),
    ("/usr/include/linux/kernel.h", "linux-libc-dev", "user programs"),
    ("/usr/lib/grub/i386-pc/multiboot.mod", "grub-pc-bin", "make iso"),
]
DEVICES = ["pc-dimm", "isa-debug-exit", "isa-debugcon", "ide-hd"]
OLDEST_PYTHON = (3, 9)


class Doctor:
    """Prints a line for each finding, and remembers if one was bad."""

    def __init__(self):
        self.ill = False

    def say(self, good, name, text, needed=True):
        """One finding."""
        mark = "ok" if good else "BAD" if needed else "-"
        print(f"{mark:4}{name:22}{text}")
        self.ill |= needed and not good

    def tool(self, name, command, oldest, what_for, needed=True):
        """Is it there, and new enough?"""
        if not shutil.which(command[0]):
            self.say(False, name, f"missing: needed for {what_for}", needed)
            return
        text = output(command)
        found = re.search(r"(\d+)((?:\.\d+)+)", text)
        version = found.group(0) if found else "?"
        numbers = tuple(int(x) for x in version.split(".") if x.isdigit())
        wanted = ".".join(map(str, oldest))
        self.say(numbers >= oldest, name,
                 version if numbers >= oldest else
                 f"{version} is too old: {wanted} is the oldest that works "
                 f"({what_for})", needed)

    def python(self):
        """This interpreter, and one that has pytest."""
        version = ".".join(map(str, sys.version_info[:3]))
        self.say(sys.version_info >= OLDEST_PYTHON, "python3",
                 f"{version} ({sys.executable})")
        candidates = [sys.executable, "/usr/bin/python3"]
        good = [p for p in candidates if has_module(p, "pytest")]
        self.say(bool(good), "pytest",
                 f"by {good[0]}" if good else "missing: needed for make test")
        parallel = bool(good) and has_module(good[0], "xdist")
        self.say(parallel, "pytest-xdist", "there" if parallel else
                 "missing: make test runs one machine at a time", False)

    def busybox(self):
        """There must be a static one."""
        sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
        import mkinitramfs
        try:
            self.say(True, "busybox", f"{mkinitramfs.find_busybox()}, static")
        except SystemExit:
            self.say(False, "busybox", "no static one: busybox-static")

    def qemu(self):
        """Devices, icount and NBD: some builds leave things out."""
        qemu = "qemu-system-x86_64"
        if not shutil.which(qemu):
            return
        devices = output([qemu, "-device", "help"])
        for name in DEVICES:
            there = f'name "{name}"' in devices
            self.say(there, "qemu " + name, "there" if there else "missing")
        # No server at this path: a QEMU with NBD cannot connect, one without
        # it does not know the word.
        text = output([qemu, "-machine", "none", "-display", "none",
                       "-blockdev", "driver=nbd,node-name=n,server.type=unix,"
                       "server.path=/nonexistent/socket"])
        there = "Failed to connect" in text
        self.say(there, "qemu nbd", "there" if there else text.strip())


def output(command):
    """What a command prints, on either channel."""
    done = subprocess.run(command, capture_output=True, text=True,
                          check=False, stdin=subprocess.DEVNULL)
    return done.stdout + done.stderr


def has_module(python, name):
    """Whether this interpreter can import that."""
    return os.path.exists(python) and subprocess.run(
        [python, "-c", f"import {name}"], capture_output=True,
        check=False).returncode == 0


def main():
    """Look at everything; status 1 if something needed is not well."""
    doctor = Doctor()
    for tool in TOOLS:
        doctor.tool(*tool)
    for tool in OPTIONAL:
        doctor.tool(*tool, needed=False)
    doctor.python()
    doctor.busybox()
    for path, package, what_for in FILES:
        there = os.path.exists(path)
        doctor.say(there, package,
                   "there" if there else f"missing: needed for {what_for}")
    doctor.qemu()
    if doctor.ill:
        print("\nmake setup installs what is missing, where apt-get is.")
    return int(doctor.ill)


if __name__ == "__main__":
    sys.exit(main())
