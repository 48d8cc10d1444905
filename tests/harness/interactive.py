# SPDX-License-Identifier: MIT
"""make gdb: a machine that waits for a debugger.

No rules and no time limits here; the disks are files in build/gdb/ that
stay from one run to the next (hda has the pattern, hdb is for swapping).
"""
from __future__ import annotations

import socket
import subprocess

from . import diskimage, paths, spec

FOLDER = paths.BUILD / "gdb"
DISKS = {"hda": diskimage.pattern(16), "hdb": diskimage.swap(128)}


def _command(options):
    """The machine that the options describe, up to its channels."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    facts = spec.Spec(
        kernel=options.build / "hotcow.elf", memory=options.memory,
        cpus=options.cpus, dimms=options.dimms, slots=8, icount=False,
        exit_debug=False, append=options.append)
    words = facts.machine_options() + facts.boot_options()
    for name, image in DISKS.items():
        path = FOLDER / (name + ".img")
        if not path.exists():
            with open(path, "w+b") as f:
                image.write_to(f)
        words += spec.disk_options(name, f"file={path}")
    return words + spec.log_options(FOLDER)


def _free_port():
    """A TCP port that is free now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def gdb(options):
    """A machine that waits before its first instruction, and gdb on it."""
    port = _free_port()
    symbols = options.build / "hotcow64.elf"
    machine = subprocess.Popen(
        _command(options) + ["-serial", f"file:{FOLDER}/serial.log", "-S",
                             "-gdb", f"tcp:127.0.0.1:{port}"],
        stdin=subprocess.DEVNULL, start_new_session=True)
    print(f"The serial line is in {FOLDER}/serial.log", flush=True)
    words = ["gdb", "-q", str(symbols),
             "-iex", f"add-auto-load-safe-path {paths.ROOT}",
             "-ex", "set architecture i386:x86-64",
             "-ex", f"target remote 127.0.0.1:{port}",
             "-ex", "hbreak kmain", "-ex", "continue"]
    for command in options.ex:
        words += ["-ex", command]
    if options.batch:
        words += ["-batch", "-ex", "backtrace"]
    try:
        return subprocess.call(words)
    finally:
        machine.kill()
        machine.wait()
