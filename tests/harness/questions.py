# SPDX-License-Identifier: MIT
"""The four questions of February 2005, each put to one design on a machine.

Each function boots a machine, plays the host's part of a numbered
interleaving (the guest's part is user/q1.c to q4.c), and returns an Answer:
the steps, and facts by name. What the facts should be is compare.py's.
"""
from __future__ import annotations

import re
from dataclasses import dataclass, field

from . import diskimage, scenario
from .disk import Disk, hold
from .machine import Machine
from .outcome import GuestFail

DIMM_MIB = 32
OVERLAP_PASSES = 12     # after so many refusals a removal gives up
BEFORE = 16             # reads that end before the removal is asked for
EVENT = re.compile(r"^E (\d+) t=(\d+) cpu=(\d+) tid=(-?\d+) (\S+)(.*)$")


@dataclass
class Answer:
    """What one design did."""

    question: str
    design: str
    steps: list = field(default_factory=list)
    facts: dict = field(default_factory=dict)
    problems: list = field(default_factory=list)
    folder: str = ""


def events_of(machine):
    """The record of memory events as dictionaries."""
    found = []
    for line in machine.events():
        match = EVENT.match(line)
        if not match:
            continue
        number, when, cpu, tid, kind, rest = match.groups()
        event = {"kind": kind, "t": int(when), "cpu": int(cpu),
                 "tid": int(tid), "n": int(number), "text": line}
        event.update(re.findall(r"(\w+)=(\S+)", rest))
        found.append(event)
    return found


def _answer(question, machine, report):
    return Answer(question, machine.spec.design,
                  [f"{n} {text}" for n, text in report.steps],
                  problems=report.problems(), folder=str(machine.folder.path))


def _until_guest_sleeps(request):
    """Hold it until nobody in the guest can do anything more.

    Not "until the next one arrives": that next one may be asleep until the
    page is moved, and the move waits for this one.
    """
    request.hold()
    request.ends_on_idle = True


# Question 1.

def _page_lock_story(machine, sector):
    """Who held the page lock of A, from the start of the read to its end.

    Returns (lines, facts): the lines tell it; the facts are how often the
    lock was taken meanwhile, and whether the DMA's end found it taken.
    """
    events = events_of(machine)
    start = next((i for i, e in enumerate(events) if e["kind"] == "raw.start"
                  and e.get("sector") == str(sector)), None)
    if start is None:
        return [], {}
    frame = events[start].get("pfn")
    lines, taken, held_at_end = [], 0, None
    for event in events[start:]:
        if event.get("pfn") != frame:
            continue
        lines.append(event["text"])
        taken += event["kind"] == "page.lock"
        if event["kind"] == "raw.done":
            held_at_end = event.get("lock", "0") != "0"
            break
    return lines, {"lock_taken": taken, "lock_at_dma_end": held_at_end}


def _lowest_sum(machine):
    """The lowest mapcount + swapcount that a COW decision ever read."""
    sums = [int(e["map"]) + int(e["swap"]) for e in events_of(machine)
            if e["kind"].startswith("cow.") and "map" in e]
    return min(sums, default=None)


def question_1(design):
    """A raw read is held while its page is reclaimed and written to."""
    disk = Disk(diskimage.pattern(1))
    disk.rule(hold, kind="read", sectors=(100, 3))
    with Machine(name=f"q1-{design}", design=design, init="/bin/q1",
                 events=True,
                 disks={"hda": disk, "hdc": Disk(diskimage.swap(16))}) as m:
        player = scenario.Scenario(m, {
            "held": lambda m: disk.wait_held(1),
            "release": lambda m: disk.release_all()})
        report = player.play()
        m.wait_exit()
        answer = _answer("1", m, report)
        answer.facts = {r["variant"]: r for r in report.rows}
        story, facts = _page_lock_story(m, 100)
        answer.facts["lock"] = dict(facts, lowest_sum=_lowest_sum(m),
                                    story=story)
        return answer


# Question 2.

def question_2(design):
    """An unmap is stopped between the two counts; others look and write."""
    with Machine(name=f"q2-{design}", design=design, init="/bin/q2",
                 testpoints=True, cpus=2, icount=True, events=True,
                 disks={"hdc": Disk(diskimage.swap(16))}) as m:
        report = scenario.play(m)
        m.wait_exit()
        answer = _answer("2", m, report)
        answer.facts = {r["when"]: r for r in report.rows}
        answer.facts["lowest_sum"] = _lowest_sum(m)
        return answer


# Question 3.

def _removal_line(report):
    """The kernel's own account: the words after `last:`."""
    for line in report.lines:
        if "last:" in line:
            words = dict(re.findall(r"(\w+)=(\"[^\"]*\"|\S+)", line))
            words["ok"] = "last: ok" in line
            words["line"] = line.strip()
            return words
    return {}


def _wait_verdict(machine):
    """Until the DIMM has left, or the guest has said no."""
    def verdict():
        for event in machine.qmp.history:
            info = event.get("data", {}).get("info", {})
            if event["event"] == "DEVICE_DELETED":
                return event
            if (event["event"] == "ACPI_DEVICE_OST" and info["source"] == 3
                    and info["status"] not in (0, 0x84)):
                return event
        return None
    return machine.watch.wait(verdict, "the DIMM to leave or to stay")


def _wait_memory_event(machine, pattern):
    wanted = re.compile(pattern)
    machine.watch.wait(
        lambda: any(wanted.search(line) for line in machine.events()),
        f"a memory event /{pattern}/")


def _question_3(design, name, program, unplug, disk, append=""):
    """Both parts: boot with a DIMM, read into it, take it away."""
    with Machine(name=f"{name}-{design}", design=design, init="/bin/q3",
                 append=f"{append} -- {program}", dimms=[DIMM_MIB],
                 events=True, disks={"hda": disk}) as m:
        verdicts = []

        def ask(machine):
            machine.dimms.ask("dimm0")
            unplug(machine)
            verdicts.append(_wait_verdict(machine))

        def drain(_):
            disk.clear_rules()
            disk.release_all()

        report = scenario.Scenario(m, {
            "reading": lambda m: disk.wait_held(1), "unplug": ask,
            "drain": drain}).play()
        m.wait_exit()
        answer = _answer(name[1:], m, report)
        answer.facts = dict(report.rows[-1])
        answer.facts["passes"] = _removal_line(report).get("passes")
        answer.facts["left"] = verdicts[0]["event"] == "DEVICE_DELETED"
        answer.facts["in_flight"] = len(verdicts[0].get("in_flight", []))
        if answer.facts["left"]:
            m.dimms.left.append((4 << 30, DIMM_MIB << 20))
        return answer


def question_3a(design):
    """One read is in flight; the disk answers once removal waits for it."""
    disk = Disk(diskimage.pattern(1))
    disk.rule(hold, kind="read", times=1)

    def unplug(machine):
        _wait_memory_event(machine, r" (removal|migrate)\.waits? ")
        disk.release_all()

    return _question_3(design, "q3a", "one", unplug, disk)


def question_3b(design):
    """Two threads read into the page without a pause."""
    disk = Disk(diskimage.pattern(1))
    disk.rule(_until_guest_sleeps, kind="read", skip=BEFORE)
    return _question_3(design, "q3b", "overlap", lambda m: None, disk,
                       append=f"memhp.passes={OVERLAP_PASSES}")


# Question 4.

def question_4(design):
    """Removal by draining the free list, against removal by moving."""
    def plug(machine):
        machine.dimms.add("dimm0", 64)
        machine.watch.wait(
            lambda: any("memhp: dimm 0 added" in line
                        for line in machine.serial.lines),
            "the guest to take the DIMM")

    with Machine(name=f"q4-{design}", design=design, init="/bin/q4",
                 slots=1, memory=64, events=False) as m:
        report = scenario.Scenario(m, {"plug": plug}).play()
        m.wait_exit()
        answer = _answer("4", m, report)
        answer.facts = {(r["process"], r["method"]): r for r in report.rows}
        return answer


QUESTIONS = {"1": question_1, "2": question_2, "3a": question_3a,
             "3b": question_3b, "4": question_4}


def ask(question, design):
    """One question, one design. What the guest does wrong is an answer."""
    try:
        return QUESTIONS[question](design)
    except GuestFail as e:
        return Answer(question, design, problems=[str(e)])
