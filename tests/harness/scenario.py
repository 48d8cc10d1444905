# SPDX-License-Identifier: MIT
"""Scenarios: numbered interleavings, played by a program in the guest.

The program speaks in lines on the serial line, and the host answers:

    @begin NAME
    @design key: value      what the kernel's design says of itself
    @part text              a variant begins: its steps count from 1
    @step N text            the numbered step that now begins
    @sync NAME              the guest waits; the host acts, then types NAME
    @result key=value ...
    @expect TEXT: ok        or: @expect TEXT: FAILED why
    @end NAME pass|fail

Before @end the program prints /proc/mm_verify, whose last line must say
"mm_verify: 0 mistakes" ("too busy to tell" is not that). Other lines are the
kernel's, and are let pass.
"""
from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field

from .outcome import GuestFail, HarnessError

VERIFY = re.compile(r"mm_verify: (?:(\d+) mistakes?|too busy to tell)")
EXPECT = re.compile(r"(.*?): (?:(ok)|FAILED\b *(.*))")


@dataclass
class Expectation:
    """One thing that the program looked at."""

    text: str
    ok: bool
    why: str = ""

    def __str__(self):
        return f"{self.text}: " + ("ok" if self.ok else f"FAILED {self.why}")


@dataclass
class Report:
    """What a scenario said."""

    name: str = ""
    design: dict = field(default_factory=dict)      # /proc/cowinfo
    steps: list = field(default_factory=list)       # (number, text)
    parts: list = field(default_factory=list)       # (heading, its steps)
    results: dict = field(default_factory=dict)     # numbers where possible
    rows: list = field(default_factory=list)        # the same, line by line
    expectations: list = field(default_factory=list)
    passed: bool = False
    # One number a mm_verify, or None: it could not tell.
    mistakes: list = field(default_factory=list)
    lines: list = field(default_factory=list)       # all, from begin to end

    def failed(self):
        """The expectations that did not hold, as sentences."""
        return [str(e) for e in self.expectations if not e.ok]

    def problems(self):
        """What went wrong, as sentences; empty if nothing did."""
        said = self.failed()
        if not self.mistakes:
            said.append("the scenario did not print /proc/mm_verify")
        if any(self.mistakes):
            said.append("mm_verify found mistakes: " + "; ".join(
                x for x in self.lines if "mm_verify" in x))
        if None in self.mistakes:
            said.append("mm_verify could not tell: the machine was not at "
                        "rest at the scenario's end")
        if not self.passed and not said:
            said.append("the scenario says that it failed")
        return said

    def check(self):
        """Raise if anything went wrong; else return the report."""
        said = self.problems()
        if said:
            raise GuestFail(f"{self.name}: " + "; ".join(said))
        return self


def value_of(text):
    """A result's value: a number if it looks like one."""
    try:
        return int(text, 0)
    except ValueError:
        return text


class Scenario:
    """Plays one scenario with a machine.

    `syncs` has the host's part: for each name a function of the machine.
    """

    def __init__(self, machine, syncs=None):
        self._machine = machine
        self._syncs = syncs or {}
        self.report = Report()

    def play(self):
        """Read until @end; returns the report."""
        self._machine.serial.expect(r"^@begin ")
        begin = self._machine.serial.last_read()
        self.report.name = begin.split(None, 1)[1]
        self.report.lines.append(begin)
        while True:
            line = self._machine.serial.read_line(self._waiting_for())
            self.report.lines.append(line)
            if self._take(line):
                return self.report

    def _waiting_for(self):
        where = "its first step"
        if self.report.steps:
            where = "step {} ({})".format(*self.report.steps[-1])
        return f"the end of scenario {self.report.name}, after {where}"

    def _take(self, line):
        """Handle one line; true at the end."""
        if not line.startswith("@"):
            self._take_other(line)
            return False
        word, _, rest = line[1:].partition(" ")
        handler = getattr(self, "_on_" + word, None)
        if handler is None:
            raise HarnessError(f"the scenario said {line!r}: not understood")
        return handler(rest)

    def _take_other(self, line):
        verified = VERIFY.search(line)
        if verified:
            said = verified.group(1)
            self.report.mistakes.append(int(said) if said else None)

    def _on_step(self, rest):
        number, _, text = rest.partition(" ")
        self.report.steps.append((number, text))
        if not self.report.parts:
            self._on_part("")
        self.report.parts[-1][1].append((number, text))

    def _on_part(self, heading):
        self.report.parts.append((heading, []))

    def _on_design(self, rest):
        key, _, value = rest.partition(": ")
        self.report.design[key] = value

    def _on_sync(self, name):
        if name not in self._syncs:
            raise HarnessError(f"the scenario waits for {name!r}, "
                               "and the test has no part of that name")
        self._syncs[name](self._machine)
        self._machine.serial.send(name)

    def _on_result(self, rest):
        row = {}
        for word in shlex.split(rest):
            key, _, text = word.partition("=")
            row[key] = value_of(text)
        self.report.rows.append(row)
        self.report.results.update(row)

    def _on_expect(self, rest):
        found = EXPECT.fullmatch(rest)
        if not found:
            raise HarnessError(f"not an expectation: {rest!r}")
        text, is_ok, why = found.groups()
        self.report.expectations.append(
            Expectation(text, bool(is_ok), why or ""))

    def _on_begin(self, rest):
        raise GuestFail(f"{rest} begins before {self.report.name} has ended")

    def _on_end(self, rest):
        self.report.passed = rest.split()[-1] == "pass"
        return True


def play(machine, syncs=None):
    """Play the next scenario on this machine; returns its report."""
    return Scenario(machine, syncs).play()
