# SPDX-License-Identifier: MIT
"""What the harness does from the command line.

    python3 -m tests.harness rerun build/runs/NAME-NNN   repeat a run
    python3 -m tests.harness run ...                     make run
    python3 -m tests.harness ask plug 64M                a request to it
    python3 -m tests.harness gdb ...                     make gdb
    python3 -m tests.harness console                     type at its guest
    python3 -m tests.harness image KIND MIB [SEED] FILE  make a disk image
"""
from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from . import command, console, interactive, paths, station
from .diskimage import Image


def rerun(folder):
    """Repeat a run, host's part included; returns its exit status."""
    facts = json.loads(Path(folder, "result.json").read_text())
    print("+", " ".join(facts["repeat"]), flush=True)
    return subprocess.call(facts["repeat"], cwd=facts["cwd"])


def write_image(words):
    """image KIND MIB [SEED] FILE."""
    *recipe, path = words
    with open(path, "w+b") as f:
        Image(*recipe).write_to(f)


def dimm_sizes(word):
    """"64", "64M" or "2x64M" as a list of MiB."""
    count, _, size = word.rpartition("x")
    try:
        return [station.mebibytes(size)] * int(count or 1)
    except (ValueError, station.Refused) as e:
        raise argparse.ArgumentTypeError(f"{word!r}: {e}") from e


def add_machine_options(parser):
    """The words that make run and make gdb pass on."""
    parser.add_argument("--build", type=Path, help="the kernel's folder",
                        default=paths.variant("mapcount"))
    parser.add_argument("--cpus", type=int, default=2)
    parser.add_argument("--memory", type=int, default=256, help="MiB")
    parser.add_argument("--dimms", type=dimm_sizes, nargs="*", default=[],
                        help="DIMMs that are in at boot: MiB of each, or NxMiB")
    parser.add_argument("--append", default="")


def main():
    """Parse and do."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.harness")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("rerun").add_argument("folder")
    commands.add_parser("image").add_argument("words", nargs="+")
    run = commands.add_parser("run")
    add_machine_options(run)
    run.add_argument("--display", default="none",
                     help="QEMU's -display: none, gtk, curses...")
    run.add_argument("--initrd", type=Path,
                     default=paths.BUILD / "initramfs.cpio")
    run.add_argument("--swap", type=int, default=128, help="MiB")
    ask = commands.add_parser("ask")
    ask.add_argument("--run", default="", help="which machine: m1...")
    ask.add_argument("words", nargs="+")
    commands.add_parser("console")
    gdb = commands.add_parser("gdb")
    add_machine_options(gdb)
    gdb.add_argument("--ex", action="append", default=[],
                     metavar="COMMAND", help="for gdb, once it is at kmain")
    gdb.add_argument("--batch", action="store_true",
                     help="after these, show where it is, and end")
    options = parser.parse_args()
    if options.command == "rerun":
        return rerun(options.folder)
    if options.command == "console":
        return console.attach(interactive.CONSOLE)
    if options.command == "image":
        return write_image(options.words)
    if options.command == "ask":
        return station.ask(options)
    options.dimms = [mib for sizes in options.dimms for mib in sizes]
    if options.command == "run":
        options.append = " ".join([station.terminal_size(), options.append])
        return station.run(options)
    return interactive.gdb(options)


if __name__ == "__main__":
    sys.exit(command.run(main))
