# SPDX-License-Identifier: MIT
"""make gdb: a machine that waits for a debugger.

No rules and no time limits here; the disks are files in build/gdb/ that
stay from one run to the next (hda has the pattern, hdb is for swapping). The
serial line is a socket: make console, in another terminal, types at the guest.
"""
from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

from . import diskimage, paths, qemuprocess, spec

FOLDER = paths.BUILD / "gdb"
CONSOLE = FOLDER / "console"
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


def _serial_options():
    """A socket that is also written down, connected or not."""
    return ["-chardev", f"socket,id=serial,path={CONSOLE},server=on,wait=off,"
            f"logfile={FOLDER}/serial.log", "-serial", "chardev:serial"]


def _gdb_command(options, port):
    """gdb, on its way to kmain."""
    words = ["gdb", "-q", str(options.build / "hotcow64.elf"),
             "-iex", f"add-auto-load-safe-path {paths.ROOT}",
             "-ex", "set architecture i386:x86-64",
             "-ex", f"target remote 127.0.0.1:{port}",
             "-ex", "hbreak kmain", "-ex", "continue"]
    for command in options.ex:
        words += ["-ex", command]
    return words + (["-batch", "-ex", "backtrace"] if options.batch else [])


def _take_terminal():
    """In the child: Ctrl-C is for gdb, and for nobody else: neither for us
    nor for make, which the second one would end."""
    os.setpgrp()
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)


def _debug(words):
    """Run gdb in this terminal; returns its status."""
    if not sys.stdin.isatty():
        return subprocess.call(words)
    ours = os.tcgetpgrp(0)
    child = subprocess.Popen(words, preexec_fn=_take_terminal)
    try:
        while True:
            _, status = os.waitpid(child.pid, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                child.returncode = os.waitstatus_to_exitcode(status)
                return child.returncode
            child.send_signal(signal.SIGCONT)   # no shell would, for us
    finally:
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        os.tcsetpgrp(0, ours)


def gdb(options):
    """A machine that waits before its first instruction, and gdb on it."""
    qemuprocess.need_qemu()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(1))
    port = _free_port()
    machine = subprocess.Popen(
        _command(options) + _serial_options()
        + ["-S", "-gdb", f"tcp:127.0.0.1:{port}"],
        stdin=subprocess.DEVNULL, start_new_session=True)
    print("To type at the guest: make console, in another terminal. Here, "
          f"Ctrl-C stops it.\nAll that it says is in {FOLDER}/serial.log",
          flush=True)
    try:
        return _debug(_gdb_command(options, port))
    finally:
        machine.kill()
        machine.wait()
        CONSOLE.unlink(missing_ok=True)
