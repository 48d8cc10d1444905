# SPDX-License-Identifier: MIT
"""One machine, from its first instruction to its surely reached end.

    with Machine(name="q1", design="naive", disks={"hda": disk}) as m:
        m.serial.expect("^ready")
        m.wait_exit()

Leaving the block ends QEMU, whatever happened: held requests are let go
first (QEMU cannot end while it waits for one), then the process is killed.
"""
from __future__ import annotations

import datetime
import socket
import time

from . import iso, outcome, spec
from .dimm import Dimms
from .outcome import GuestFail, GuestTimeout, HarnessError
from .qemuprocess import QemuProcess
from .qmp import Qmp
from .runfolder import RunFolder
from .serial import Serial
from .watch import Watch

# A machine that has come to rest for so long (s) will never do anything. With
# icount that is so at once, as no timer can be pending; without, a program
# may be asleep.
STILL = 1.0
STILL_NO_ICOUNT = 30.0
# A kernel that has panicked, or whose init has exited, ends QEMU, which takes
# its time on a busy host.
STILL_ENDING = 30.0
# How much processor time QEMU uses between two looks at the guest's clock (s).
CLOCK_EVERY = 0.5


class Patience:
    """The machine's check: is there anything left to wait for?"""

    def __init__(self, machine):
        self._machine = machine
        self._rest = None       # the machine's, at the last look
        self._rests = 0.0       # s: how long it did in all
        self._read_clock_at = 0.0   # of QEMU's processor time
        self.begin()

    def begin(self):
        """A new wait: whatever the test did before may have an effect."""
        self._since = self._ran = self._looked = time.monotonic()
        self._cpu = -1.0

    def asleep_for(self):
        """Look; seconds since the machine was last seen doing something."""
        now, rest = time.monotonic(), self._machine.rest()
        if rest:
            self._rests += now - self._looked
        if not rest or (rest != self._rest and not self._machine.spec.icount):
            self._since = now
        self._rest, self._looked = rest, now
        return now - self._since

    def __call__(self, what):
        machine = self._machine
        if machine.ended():
            machine.check_own_end(what)
            raise GuestFail(f"{machine.how_it_ended()}; waited for {what}")
        asleep = self.asleep_for()
        self._check_limits(what)
        if self._rest and any(
                [disk.release_idle() for disk in machine.disks.values()]):
            self.begin()
        elif asleep > (STILL if machine.spec.icount else STILL_NO_ICOUNT):
            if asleep < STILL_ENDING and machine.spec.exit_debug and \
                    outcome.says_the_end(machine.serial.lines):
                return
            machine.check_panic(what)
            raise GuestTimeout("the guest sleeps, and nothing will wake it; "
                               f"waited for {what}")

    def _check_ran(self, limits, cpu, what):
        """Has the guest run for too long, by the clock that it is held to?"""
        if not (limits.icount and limits.guest_limit):
            if cpu > limits.cpu_limit:
                raise GuestTimeout(f"the guest ran for {limits.cpu_limit} s "
                                   f"of processor time; waited for {what}")
        elif cpu > self._read_clock_at + CLOCK_EVERY:
            self._read_clock_at = cpu
            if self._guest_seconds() >= limits.guest_limit:
                raise GuestTimeout(f"the guest ran for {limits.guest_limit} "
                                   f"s of its own time; waited for {what}")

    def _guest_seconds(self):
        """By the clock that counts its instructions: QEMU's RTC (spec.ICOUNT),
        which does not know by how much QEMU was slow."""
        try:
            tm = self._machine.qmp.command("qom-get", path="/machine",
                                           property="rtc-time")
        except HarnessError:
            return 0    # QEMU has ended meanwhile
        now = datetime.datetime(
            tm["tm_year"] + 1900, tm["tm_mon"] + 1, tm["tm_mday"],
            tm["tm_hour"], tm["tm_min"], tm["tm_sec"])
        start = datetime.datetime.fromisoformat(spec.EPOCH)
        return (now - start).total_seconds()

    def _check_limits(self, what):
        """What the guest has used: processor time, and time asleep. And a
        host that gives it none, though it wants some."""
        limits, cpu = self._machine.spec, self._machine.process.cpu_seconds()
        self._check_ran(limits, cpu, what)
        if self._rests > limits.rest_limit:
            raise GuestTimeout(f"the guest slept for {limits.rest_limit} s in "
                               f"all; waited for {what}")
        now = time.monotonic()
        if cpu != self._cpu or self._rest:
            self._cpu, self._ran = cpu, now
        elif now - self._ran > limits.wall_limit:
            raise HarnessError(f"the host has not run QEMU for "
                               f"{limits.wall_limit} s; waited for {what}")


class Machine:
    """QEMU with its channels; the arguments are those of Spec."""

    def __init__(self, **facts):
        self.spec = spec.Spec(**facts)
        self.disks = self.spec.disks
        self.watch = Watch()
        self.folder = None
        self.serial = self.qmp = self.process = self.patience = None
        self.dimms = Dimms(self)
        self._sockets = []      # ours, theirs, ours, theirs...
        self._held_at_end = []  # for the diagnosis; then they are let go

    # Life.

    def __enter__(self):
        self.folder = RunFolder(self.spec.name)
        try:
            self._start()
        except BaseException as e:
            self.__exit__(type(e), e, None)
            raise
        return self

    def __exit__(self, kind, exc, trace):
        try:
            self._stop()
            if exc is None:
                self.dimms.check_no_stale_access()
        except GuestFail as e:
            exc = e
            raise
        finally:
            self._report(exc)
            self.folder.close()

    def _socket(self):
        """A pair: ours, and the number of the one QEMU inherits."""
        ours, theirs = socket.socketpair()
        self._sockets += [ours, theirs]
        return ours, theirs.fileno()

    def _start(self):
        disk_options, disk_fds = self._attach_disks()
        serial, serial_fd = self._socket()
        qmp, qmp_fd = self._socket()
        image = None
        if self.spec.loader == "grub":
            image = iso.build(self.spec, self.folder / "boot.iso")
        start = self.spec.machine_options() + self.spec.boot_options(image)
        self._write_script(start)
        self.process = QemuProcess(
            start + spec.socket_options(serial_fd, qmp_fd)
            + spec.log_options(self.folder.path) + disk_options,
            [serial_fd, qmp_fd] + disk_fds, self.folder / "qemu.log",
            self.watch)
        for theirs in self._sockets[1::2]:
            theirs.close()  # so that we see the end of QEMU as an end of file
        self._listen(serial, qmp)

    def _attach_disks(self):
        options, fds = [], []
        log = self.folder.logger("nbd.log", self.watch.now)
        for name, image in self.spec.files.items():
            path = image.path or str(self.folder / f"{name}.img")
            if not image.path:
                with open(path, "w+b") as f:
                    image.write_to(f)
            options += spec.disk_options(name, f"file={path}")
        for name, disk in self.disks.items():
            theirs = disk.attach(name, self.watch, log)
            self._sockets += [disk, theirs]     # both are closed at the end
            fds.append(theirs.fileno())
            options += spec.nbd_disk_options(name, theirs.fileno())
        return options, fds

    def _listen(self, serial, qmp):
        self.serial = Serial(serial, self.watch, self.folder / "serial.log")
        self.serial.start()
        self.qmp = Qmp(qmp, self.watch,
                       self.folder.logger("qmp.log", self.watch.now))
        self.qmp.on_event = self._note_in_flight
        if not self.qmp.start():
            raise HarnessError("QEMU did not start: "
                               + self.folder.text("qemu.log").strip())
        self.patience = Patience(self)
        self.watch.check = self.patience
        if not self.spec.paused:
            self.cont()

    def _note_in_flight(self, event):
        """With each event: what the disks had not answered just then."""
        event["in_flight"] = [r for disk in self.disks.values()
                              for r in disk.in_flight() if r.unanswered]

    def _write_script(self, start):
        """rerun.sh, which has a folder of its own for what it writes."""
        images, options = [], []
        rerun = self.folder / "rerun"
        for name, disk in self.disks.items():
            path = disk.image.path
            if not path:
                path = f"{rerun}/{name}.img"
                images.append((disk.image.recipe, path))
            options += spec.disk_options(name, f"file={path}")
        self.folder.write_script(
            start + ["-serial", "mon:stdio"] + options
            + spec.log_options(rerun), images)

    def _stop(self):
        self._held_at_end = [str(r) for r in self.held()]
        for disk in self.disks.values():
            disk.open_up()
        if self.process:
            self.process.kill()
        for theirs in self._sockets[1::2]:
            theirs.close()
        for reader in (self.serial, self.qmp):
            if reader:
                reader.join()   # it still has to read the last words
        for ours in self._sockets[0::2]:
            ours.close()

    # What a test asks for.

    def ended(self):
        """Whether QEMU has ended, and all that it said has arrived."""
        return self.process.status is not None and self.serial.eof

    def answering(self):
        """Whether a disk is just answering: the guest will be woken."""
        return any(r.state in ("arrived", "ending")
                   for disk in self.disks.values() for r in disk.in_flight())

    def settled(self):
        """Whether we have dealt with all that QEMU said and asked."""
        channels = [self.serial, self.qmp, *self.disks.values()]
        return not self.answering() and all(c.inbox.empty() for c in channels)

    def rest(self):
        """A moment at which QEMU slept, and nothing that it said was still
        on its way (see progress.rest); None if there was none. With icount
        only we can wake the guest then."""
        return self.process.rest(self.settled)

    def held(self):
        """The requests that all disks hold."""
        return [r for disk in self.disks.values() for r in disk.held()]

    def how_it_ended(self):
        """The end of QEMU in a few words, the panic's own if it was one."""
        self.qmp.join()
        panic = outcome.panic_lines(self.serial.lines)
        return panic[0] if panic else outcome.died_how(
            self.process.status, self.qmp.shutdown_reason(),
            self.folder.text("guest_errors.log"))

    def check_own_end(self, what):
        """Raise if QEMU has ended, and the guest had no part in it."""
        status = self.process.status
        if status is not None and (status < 0 or status == 1):
            raise HarnessError(
                f"{self.how_it_ended()}; waited for {what}. "
                + self.folder.text("qemu.log").strip())

    def check_panic(self, what):
        """Raise if the kernel has panicked, and stopped."""
        panic = outcome.panic_lines(self.serial.lines)
        if panic:
            raise GuestFail(f"{panic[0]}; waited for {what}")

    def wait_exit(self, status=outcome.EXIT_OK):
        """Wait for the guest to end QEMU, in just this way."""
        self.watch.wait(self.ended, f"QEMU to end with status {status}")
        self.check_own_end("its end")
        if self.process.status != status:
            raise GuestFail(
                f"{self.how_it_ended()}: status {self.process.status}, "
                f"not {status}")

    def wait_power_off(self):
        """Wait for the guest to switch the machine off by ACPI.

        A triple fault also ends QEMU with status 0: only the event tells.
        """
        self.wait_exit(status=0)
        self.qmp.join()
        if self.qmp.shutdown_reason() != "guest-shutdown":
            raise GuestFail("the machine ended, but was not switched off")

    def wait_idle(self):
        """Wait until the guest does nothing any more. Needs icount."""
        if not self.spec.icount:
            raise HarnessError("without icount a guest's timers may run while "
                               "it sleeps: nobody knows when it is idle")
        self.watch.wait(self.rest, "the guest to fall asleep")

    def cont(self):
        """Start a machine that was made with paused=True."""
        for disk in self.disks.values():
            disk.obey()
        self.qmp.command("cont")

    def events(self):
        """The record of memory events so far, as lines."""
        return self.folder.text("events.log").splitlines()

    # The end.

    def diagnosis(self):
        """What can be said about the state the machine is or ended in."""
        return outcome.diagnose(
            self.serial.lines if self.serial else [],
            status=self.process.status if self.process else None,
            shutdown=self.qmp.shutdown_reason() if self.qmp else None,
            guest_log=self.folder.text("guest_errors.log"),
            held=self._held_at_end, stderr=self.folder.text("qemu.log"))

    def _report(self, exc):
        result = outcome.of_exception(exc)
        said = [] if exc is None else self.diagnosis()
        self.folder.write_result(
            name=self.spec.name, design=self.spec.design,
            repeat=self.spec.repeat, outcome=result,
            why=str(exc or ""), diagnosis=said,
            status=self.process.status if self.process else None,
            cpu_seconds=self.process.cpu_seconds() if self.process else 0,
            wall_seconds=round(self.watch.now(), 3))
        if exc is not None:
            print("\n".join([f"{result}: {exc}", *said,
                             f"all of it is in {self.folder.path}"]))
