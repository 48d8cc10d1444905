# SPDX-License-Identifier: MIT
"""The four questions of February 2005, each put to one design on a machine.

Each function boots a machine, plays the host's part of a numbered
interleaving (the guest's part is user/q1.c to q4.c), and returns an Answer:
the steps, and facts by name. What the facts should be is findings.py's.
"""
from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial

from . import diskimage, scenario
from .disk import Disk, hold
from .machine import Machine
from .outcome import EXIT_INIT_FAILED, EXIT_OK, GuestFail

DIMM_MIB = 32
OVERLAP_PASSES = 12     # after so many refusals a removal gives up
BEFORE = 16             # reads that end before the removal is asked for
# How long a guest may take, by its own clock (s). With counted instructions
# these are its instructions, in thousand millions; none takes a twentieth.
GUEST_LIMIT = 10
EVENT = re.compile(r"^E (\d+) t=(\d+) cpu=(\d+) tid=(-?\d+) (\S+)(.*)$")


@dataclass
class Answer:
    """What one design did."""

    question: str
    design: str
    says: dict = field(default_factory=dict)    # the design of itself
    parts: list = field(default_factory=list)   # (heading, its steps)
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
                 "tid": int(tid), "n": int(number)}
        event.update(re.findall(r"(\w+)=(\S+)", rest))
        found.append(event)
    return found


def _machine(question, design, **facts):
    return Machine(name=f"q{question}-{design}", design=design,
                   guest_limit=GUEST_LIMIT, **facts)


def _answer(question, machine, report, facts_of, problems):
    return Answer(question, machine.spec.design, report.design, report.parts,
                  facts_of(report), problems, str(machine.folder.path))


def play(question, machine, facts_of, syncs=None):
    """Play the scenario to its end: an Answer, and the scenario's report.

    A program that has seen a mistake says so and exits with 1. That is part
    of the answer; the rest of it is as good as ever. If the guest goes no
    further, what it has said so far is the answer, which the exception has.
    """
    player = scenario.Scenario(machine, syncs)
    try:
        report = player.play()
        machine.wait_exit(EXIT_OK if report.passed else EXIT_INIT_FAILED)
    except GuestFail as e:
        e.answer = _answer(question, machine, player.report, facts_of,
                           player.report.failed() + [str(e)])
        raise
    return _answer(question, machine, report, facts_of,
                   report.problems()), report


def rows_by(key, report):
    """The figures, of which several lines may be of one variant."""
    rows = {}
    for row in report.rows:
        rows.setdefault(row[key], {}).update(row)
    return rows


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

    How often it was taken meanwhile, and whether the DMA's end found it taken.
    """
    events = events_of(machine)
    start = next((i for i, e in enumerate(events) if e["kind"] == "raw.start"
                  and e.get("sector") == str(sector)), None)
    if start is None:
        return {}
    frame = events[start].get("pfn")
    taken, held_at_end = 0, None
    for event in events[start:]:
        if event.get("pfn") != frame:
            continue
        taken += event["kind"] == "page.lock"
        if event["kind"] == "raw.done":
            held_at_end = event.get("lock", "0") != "0"
            break
    return {"lock_taken": taken, "lock_at_dma_end": held_at_end}


def question_1(design):
    """Raw I/O is held while its page is reclaimed and written to."""
    disk = Disk(diskimage.pattern(1))
    disk.rule(hold, sectors=(100, 5))
    with _machine("1", design, init="/bin/q1", events=True,
                  disks={"hda": disk, "hdc": Disk(diskimage.swap(16))}) as m:
        answer, _ = play("1", m, partial(rows_by, "variant"), {
            "held": lambda m: disk.wait_held(1),
            "release": lambda m: disk.release_all()})
        answer.facts["lock"] = _page_lock_story(m, 100)
        return answer


# Question 2.

def _decision(events, tid, addr):
    """What a process's last COW decision on a page was made on, and what it
    was.

    (mapcount, swapcount, whether the page was kept), or None.
    """
    for event in reversed(events):
        if (event["kind"] in ("cow.copy", "cow.reuse") and event["tid"] == tid
                and int(event["addr"], 0) == addr):
            return (int(event["map"]), int(event["swap"]),
                    event["kind"] == "cow.reuse")
    return None


def question_2(design):
    """An owner is stopped between the two counts; others look and write.

    Every order that counts is forced. Instructions are not counted: with
    -icount one processor was seen to stay at the write to its timer, on a busy
    host, while the other one looked for work. Whether that is QEMU's fault or
    the kernel's is not known.
    """
    with _machine("2", design, init="/bin/q2", testpoints=True, cpus=2,
                  events=True, disks={"hdc": Disk(diskimage.swap(16))}) as m:
        answer, _ = play("2", m, partial(rows_by, "part"))
        events = events_of(m)
        for row in answer.facts.values():
            row["decision"] = _decision(events, row.get("c"), row.get("addr"))
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


def _question_3(question, design, program, unplug, disk, append=""):
    """Both parts: boot with a DIMM, read into it, take it away."""
    with _machine(question, design, init="/bin/q3",
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

        answer, report = play(question, m, lambda r: dict(r.results), {
            "reading": lambda m: disk.wait_held(1), "unplug": ask,
            "drain": drain})
        if not verdicts:
            return answer   # it never came to that
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

    return _question_3("3a", design, "one", unplug, disk)


def question_3b(design):
    """Two threads read into the page without a pause."""
    disk = Disk(diskimage.pattern(1))
    disk.rule(_until_guest_sleeps, kind="read", skip=BEFORE)
    return _question_3("3b", design, "overlap", lambda m: None, disk,
                       append=f"memhp.passes={OVERLAP_PASSES}")


# Question 4.

def question_4(design):
    """Removal by draining the free list, against removal by moving."""
    def by_case(report):
        return {(r["process"], r["method"]): r for r in report.rows}

    def plug(machine):
        machine.dimms.add("dimm0", 64)
        machine.watch.wait(
            lambda: any("memhp: dimm 0 added" in line
                        for line in machine.serial.lines),
            "the guest to take the DIMM")

    with _machine("4", design, init="/bin/q4", slots=1, memory=64) as m:
        return play("4", m, by_case, {"plug": plug})[0]


QUESTIONS = {"1": question_1, "2": question_2, "3a": question_3a,
             "3b": question_3b, "4": question_4}


def ask(question, design):
    """One question, one design. What the guest does wrong is an answer."""
    try:
        return QUESTIONS[question](design)
    except GuestFail as e:
        return getattr(e, "answer", None) or Answer(question, design,
                                                    problems=[str(e)])
