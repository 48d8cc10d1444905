# SPDX-License-Identifier: MIT
"""Does the judge judge right? Machines whose end is known beforehand."""
from __future__ import annotations

import json
import os
import signal
import threading

import fakeguest
import pytest
from fakeguest import (HALT, LISTEN, POWER_OFF, READ_DISK, SLOW_KEYS, SPIN,
                       TRIPLE_FAULT, exit_with)

from tests.harness import diskimage, machine as machine_module
from tests.harness import outcome, scenario
from tests.harness.disk import Disk, hold, until_next
from tests.harness.screen import Screen
from tests.harness.serial import Serial
from tests.harness.machine import Machine
from tests.harness.outcome import GuestFail, GuestTimeout, HarnessError

FACTS = {"initrd": "", "memory": 32, "name": "harness"}
PANIC = "panic: no such thing\\n  #0 kmain+0x10\\n"


@pytest.fixture
def guest(tmp_path):
    """A function that makes a machine of a text and an end."""
    def make(text, end, **facts):
        kernel = fakeguest.build(tmp_path, text, end)
        return Machine(kernel=kernel, **{**FACTS, **facts})
    return make


def result_of(machine):
    """What the run's folder says."""
    return json.loads(machine.folder.text("result.json"))


def test_pass(guest):
    """The banner is found, the status is right, the folder says so."""
    with guest("hotcow 1\n", exit_with(33), events=True) as machine:
        machine.serial.expect("^hotcow")
        machine.wait_exit()
        assert machine.events() == ["hotcow 1"]
    assert result_of(machine)["outcome"] == outcome.PASS
    assert machine.serial.lines == ["hotcow 1"]


ENDS = {
    "another-status": (exit_with(35), GuestFail, "init failed"),
    "panic": (exit_with(3), GuestFail, "panic: no such thing"),
    "panic-halts": (HALT, GuestFail, "panic: no such thing"),
    "triple-fault": (TRIPLE_FAULT, GuestFail, "triple fault"),
    "power-off": (POWER_OFF, GuestFail, "switched the machine off"),
    "sleeps": (HALT, GuestTimeout, "sleeps, and nothing will wake it"),
    "spins": (SPIN, GuestTimeout, "2 s of processor time"),
}


@pytest.mark.parametrize("name", ENDS)
def test_bad_end(guest, name, monkeypatch):
    """Each way to fail is told from the others, by its name."""
    end, kind, words = ENDS[name]
    monkeypatch.setattr(machine_module, "STILL_ENDING", 2.0)
    text = "hotcow 1\n" + (PANIC if name.startswith("panic") else "")
    with pytest.raises(kind) as caught:
        with guest(text, end, cpu_limit=2) as machine:
            machine.wait_exit()
    assert caught.type is kind
    assert words in str(caught.value)
    assert result_of(machine)["outcome"] == kind.outcome


def test_instructions_are_limited(guest):
    """However slow the host is: a thousand millions of them, here."""
    with pytest.raises(GuestTimeout, match="1 s of its own time"):
        with guest("hotcow 1\n", SPIN, guest_limit=1) as machine:
            machine.wait_exit()


def test_power_off(guest):
    """Switched off by ACPI, and not by a triple fault."""
    with guest("hotcow 1\n", POWER_OFF) as machine:
        machine.wait_power_off()
    with pytest.raises(GuestFail):
        with guest("hotcow 1\n", TRIPLE_FAULT) as machine:
            machine.wait_power_off()


def test_no_qemu(guest):
    """A QEMU that does not start is never the guest's fault."""
    with pytest.raises(HarnessError, match="did not start"):
        with guest("", HALT, extra=["-no-such-option"]):
            pass


def test_killed(guest):
    """Nor is one that somebody kills."""
    with pytest.raises(HarnessError, match="killed by signal 9"):
        with guest("", HALT) as machine:
            os.kill(machine.process.pid, signal.SIGKILL)
            machine.wait_exit()


def test_broken_rule(guest):
    """Nor is a rule for the disk that makes no sense."""
    disk = Disk(diskimage.pattern(1))
    disk.rule(lambda request: request.no_such_thing())
    with pytest.raises(HarnessError, match="no_such_thing"):
        with guest("", READ_DISK, disks={"hda": disk}) as machine:
            machine.wait_exit()


def test_late_reader(guest, monkeypatch):
    """What the guest has said has come, even if we are late to read it: it
    sleeps, but is not at rest."""
    may_read, looks = threading.Event(), []
    take, rest = Serial._take, Machine.rest

    def late(*args, **named):
        may_read.wait()
        take(*args, **named)

    def look(machine):
        looks.append(rest(machine))
        if len(looks) > 9:
            may_read.set()
        return looks[-1]

    monkeypatch.setattr(machine_module, "STILL", 0)
    monkeypatch.setattr(Serial, "_take", late)
    monkeypatch.setattr(Machine, "rest", look)
    with guest("hotcow 1\n", HALT) as machine:
        machine.serial.expect("^hotcow")
    assert not any(looks[:10])


def test_slow_keys(guest):
    """No key is lost on a guest that takes its time over each."""
    with guest("ready\n", SLOW_KEYS) as machine:
        screen = Screen(machine)
        machine.serial.expect("^ready$")
        for keys in (["ctrl", "c"], *"echo", ["shift", "x"], ["ret"]):
            screen.press(*keys)
        machine.serial.expect("^1d2eae9d" "1292" "2eae" "23a3" "1898"
                              "2a2dadaa" "1c9c$")


def test_held_request(guest):
    """A machine that sleeps on a held request, with nobody to release it.

    The diagnosis names the request, and QEMU ends all the same.
    """
    disk = Disk(diskimage.pattern(1))
    disk.rule(hold, kind="read")
    with pytest.raises(GuestTimeout, match="sleeps"):
        with guest("", READ_DISK, disks={"hda": disk}) as machine:
            request, = disk.wait_held()
            assert request.sector == 0 and request.in_flight
            machine.wait_exit()
    assert request.state == "done"
    assert f"the disk still holds #{request.order} hda read sector=0" in (
        "\n".join(result_of(machine)["diagnosis"]))


def test_released_when_idle(guest):
    """A request that may end because everybody sleeps is let go."""
    disk = Disk(diskimage.pattern(1))
    disk.rule(until_next(or_idle=True), kind="read")
    with guest("", READ_DISK, disks={"hda": disk}) as machine:
        request, = disk.wait_held()
        disk.wait_request(lambda r: r is request and r.state == "done",
                          "the end of it")
        machine.wait_idle()
        assert not machine.held()


def test_scenario(guest):
    """All the words of the protocol, and the host's part."""
    acted = []
    text = ("@begin q\n@design name: x\n@part one\n@step 1 P waits\n"
            "@sync go\n" + LISTEN +
            "@result copies=3 how=reused\n@expect it is so: ok\n"
            "mm_verify: 0 mistakes\n@end q pass\n")
    with guest(text, exit_with(33)) as machine:
        report = scenario.play(machine, {"go": acted.append}).check()
        machine.wait_exit()
    assert acted == [machine]
    assert report.name == "q" and report.steps == [("1", "P waits")]
    assert report.parts == [("one", report.steps)]
    assert report.design == {"name": "x"}
    assert report.results == {"copies": 3, "how": "reused"}


BAD_SCENARIOS = {
    "@expect all: FAILED 3 lost\nmm_verify: 0 mistakes\n@end q fail\n":
        "all: FAILED 3 lost",
    "@end q pass\n": "did not print /proc/mm_verify",
    "mm_verify: 2 mistakes\n@end q pass\n": "mm_verify found mistakes",
    "mm_verify: too busy to tell, 1 anon pages\n@end q pass\n":
        "mm_verify could not tell",
    "mm_verify: 0 mistakes\n@end q fail\n": "says that it failed",
}


@pytest.mark.parametrize("rest", BAD_SCENARIOS)
def test_bad_scenario(guest, rest):
    """What a scenario complains of is what the test says."""
    with guest("@begin q\n" + rest, exit_with(33)) as machine:
        report = scenario.play(machine)
        machine.wait_exit()
    with pytest.raises(GuestFail, match=BAD_SCENARIOS[rest]):
        report.check()


def test_rerun_script(guest):
    """The script in the run's folder is the same machine."""
    with guest("hotcow 1\n", exit_with(33)) as machine:
        machine.wait_exit()
    script = machine.folder / "rerun.sh"
    status = os.waitstatus_to_exitcode(os.system(
        f"{script} </dev/null >{machine.folder / 'again'} 2>&1"))
    assert status == 33
    assert "hotcow 1" in machine.folder.text("again")


def test_grub(guest):
    """The same image from a CD."""
    with guest("hotcow 1\n", exit_with(33), loader="grub") as machine:
        machine.serial.expect("^hotcow")
        machine.wait_exit()


def test_dimms(guest):
    """Modules at boot and later, and where they are. Nobody refuses, but
    nobody gives one up either."""
    with guest("", HALT, dimms=[128], slots=4) as machine:
        machine.dimms.add("late", 64)
        assert machine.dimms.range("dimm0") == (4 << 30, 128 << 20)
        assert machine.dimms.range("late") == ((4 << 30) + (128 << 20),
                                               64 << 20)
        machine.dimms.ask("late")
        with pytest.raises(GuestTimeout, match="DEVICE_DELETED"):
            machine.dimms.wait_removed("late")
