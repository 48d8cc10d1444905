# SPDX-License-Identifier: MIT
"""The folder that a run leaves: build/runs/<name>-NNN.

    rerun.sh            the QEMU command line, to be run by hand
    serial.log          what came over the serial line
    events.log          the kernel's record of memory events
    qmp.log  nbd.log    what was said to QEMU, what the disk was asked
    guest_errors.log    accesses that hit nothing; registers at a reset
    qemu.log            QEMU's own messages
    result.json         the outcome, why, and how to repeat the whole run
"""
from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
import time

from . import paths

KEEP = 10   # older runs of the same name are removed, once they have ended
KILLED = 3600   # s; a run that has left no result in that time never will

SCRIPT = """#!/bin/sh
# The same machine, with this terminal as its serial line (Ctrl-A X ends it)
# and disks that do not obey. The run itself, host's part included, is
# repeated by:
#   python3 -m tests.harness rerun {folder}
# Status: 33 = init ended with 0, 35 = it failed, 3 = panic.
cd {root} || exit 1
mkdir -p {folder}/rerun
{images}exec {command}
"""


def _numbered(name):
    """The runs of this name, as (number, path), oldest first."""
    found = []
    for path in paths.RUNS.glob(name + "-*"):
        number = path.name[len(name) + 1:]
        if number.isdigit():
            found.append((int(number), path))
    return sorted(found)


def _has_ended(path):
    try:
        return (path / "result.json").exists() or \
            time.time() - path.stat().st_mtime > KILLED
    except OSError:
        return True


def _repeat_command():
    """The command that this process was started to run."""
    test = os.environ.get("PYTEST_CURRENT_TEST")
    if test:
        node = test.rsplit(" ", 1)[0]
        return [sys.executable, "-m", "pytest", "-p", "no:cacheprovider",
                node]
    if sys.argv[0].endswith(".py") and "harness" in sys.argv[0]:
        module = "tests.harness"
        name = os.path.basename(sys.argv[0])[:-3]
        if name != "__main__":
            module += "." + name
        return [sys.executable, "-m", module] + sys.argv[1:]
    return [sys.executable] + sys.argv


class RunFolder:
    """One run's folder and the logs in it."""

    def __init__(self, name):
        paths.RUNS.mkdir(parents=True, exist_ok=True)
        self.path = self._create(name)
        self._logs = {}
        for _, old in _numbered(name)[:-KEEP]:
            if _has_ended(old):
                shutil.rmtree(old, ignore_errors=True)

    @staticmethod
    def _create(name):
        """Take the next number; others may be doing the same just now."""
        while True:
            runs = _numbered(name)
            number = runs[-1][0] + 1 if runs else 1
            path = paths.RUNS / f"{name}-{number:03d}"
            try:
                path.mkdir()
                return path
            except FileExistsError:
                continue

    def __truediv__(self, name):
        return self.path / name

    def logger(self, name, now):
        """A function that adds a line, with the time, to a log."""
        log = open(self.path / name, "w", buffering=1, encoding="utf-8")
        self._logs[name] = log

        def write(line):
            if not log.closed:
                log.write(f"{now():9.3f} {line}\n")

        return write

    def text(self, name):
        """A log as it is now."""
        try:
            return (self.path / name).read_text("utf-8", "replace")
        except OSError:
            return ""

    def write_script(self, command, images):
        """rerun.sh: images is a list of (recipe, path) to make first."""
        make = "".join(
            f"python3 -m tests.harness image {shlex.join(recipe)}"
            f" {shlex.quote(path)}\n"
            for recipe, path in images)
        script = self.path / "rerun.sh"
        script.write_text(SCRIPT.format(
            folder=shlex.quote(str(self.path)),
            root=shlex.quote(str(paths.ROOT)),
            images=make, command=shlex.join(command)))
        script.chmod(0o755)

    def write_result(self, **facts):
        """result.json."""
        facts["repeat"] = facts.get("repeat") or _repeat_command()
        facts["cwd"] = os.getcwd()
        with open(self.path / "result.json", "w", encoding="utf-8") as f:
            json.dump(facts, f, indent=2)
            f.write("\n")

    def close(self):
        """Close the logs."""
        for log in self._logs.values():
            log.close()
