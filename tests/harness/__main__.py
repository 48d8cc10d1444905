# SPDX-License-Identifier: MIT
"""What the harness does from the command line.

    python3 -m tests.harness rerun build/runs/NAME-NNN   repeat a run
    python3 -m tests.harness run ...                     make run
    python3 -m tests.harness gdb ...                     make gdb
    python3 -m tests.harness image KIND MIB [SEED] FILE  make a disk image
"""
from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from . import interactive, paths
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


def add_machine_options(parser):
    """The words that make run and make gdb pass on."""
    parser.add_argument("--build", type=Path, help="the kernel's folder",
                        default=paths.variant("mapcount"))
    parser.add_argument("--cpus", type=int, default=2)
    parser.add_argument("--memory", type=int, default=256, help="MiB")
    parser.add_argument("--dimms", type=int, nargs="*", default=[],
                        help="MiB of each DIMM that is in at boot")
    parser.add_argument("--append", default="")


def main():
    """Parse and do."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.harness")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("rerun").add_argument("folder")
    commands.add_parser("image").add_argument("words", nargs="+")
    add_machine_options(commands.add_parser("run"))
    gdb = commands.add_parser("gdb")
    add_machine_options(gdb)
    gdb.add_argument("--batch", action="store_true",
                     help="stop at kmain, show where, and end")
    options = parser.parse_args()
    if options.command == "rerun":
        return rerun(options.folder)
    if options.command == "image":
        return write_image(options.words)
    if options.command == "run":
        return interactive.run(options)
    return interactive.gdb(options)


if __name__ == "__main__":
    sys.exit(main())
