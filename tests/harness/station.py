# SPDX-License-Identifier: MIT
"""make run: a machine for a person, and what is around it.

QEMU has this terminal as the machine's serial line. This process stays beside
it: it is the disk under test (hda), and takes requests from two sides. From
the host, `make plug`, `unplug`, `hold`, `release` and `map` come over a socket
in the run's folder; from the guest (its program `host`, and the demo) the same
words come over the second serial port.
"""
from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import termios
import threading

from . import diskimage, paths, qemuprocess, spec
from .dimm import MIB
from .disk import Disk, hold
from .outcome import HarnessError
from .progress import Hang, Limit
from .qmp import Qmp, QmpError
from .slots import Refused, Slots
from .watch import Watch

FOLDER = paths.BUILD / "run"
SOCKET = "control"
LOOK = 0.2  # s; how often a wait for the guest's answer looks at the guest

HELLO = """\
To end the machine: exit, poweroff, or Ctrl-A X.  Ctrl-A C: QEMU's monitor.
From another terminal: make plug SIZE=64M, make unplug DIMM=n, make hold,
make release, make map.  This machine is {name}.
"""


def folders():
    """The folders of the machines that run, the last started first."""
    found = [f for f in FOLDER.glob("m*") if (f / SOCKET).exists()]
    return sorted(found, key=lambda f: (f / SOCKET).stat().st_mtime,
                  reverse=True)


def new_folder():
    """A folder of our own, however many start at once."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for number in range(1, 1000):
        folder = FOLDER / f"m{number}"
        with contextlib.suppress(FileExistsError):
            folder.mkdir()
            return folder
    raise SystemExit(f"{FOLDER} is full of machines that did not end well; "
                     "remove it")


def mebibytes(text):
    """64M, 64 or 1G as MiB; a DIMM is made of sections of 2 MiB."""
    found = re.fullmatch(r"(\d+)([MmGg]?)(i?[Bb]?)", text)
    if not found:
        raise Refused(f"{text!r} is no size; try 64M")
    mib = int(found[1]) * (1024 if found[2] in ("g", "G") else 1)
    if not 0 < mib <= 1024 or mib % 2:
        raise Refused("a DIMM has 2 to 1024 MiB, an even number")
    return mib


class Port:
    """A serial port of the guest, by lines."""

    def __init__(self, answer=None):
        self.ours, self.theirs = socket.socketpair()
        self.lines = []
        self._came = threading.Condition()
        self._answer = answer   # what to say to a line, if somebody asks
        threading.Thread(target=self._read, daemon=True).start()

    def say(self, text):
        """Send text as it is."""
        with contextlib.suppress(OSError):
            self.ours.sendall(text.encode())

    def _read(self):
        with self.ours.makefile("r", errors="replace") as stream, \
                contextlib.suppress(OSError):
            for line in stream:
                self._take(line.rstrip("\r\n"))

    def _take(self, line):
        if self._answer:
            self.say(self._answer(line) + "\n")
            return
        with self._came:
            self.lines.append(line)
            self._came.notify_all()

    def ask(self, question, limit):
        """The lines of the answer, which ends with a dot; None: the guest
        has reached the limit without one."""
        with self._came:
            self.lines = []
            self.say(question + "\n")
            while "." not in self.lines:
                self._came.wait(LOOK)
                try:
                    limit.check()
                except Hang:
                    return None
            return self.lines[:self.lines.index(".")]


class Station:
    """One machine and its requests."""

    def __init__(self, options):
        self.options = options
        self.folder = new_folder()
        self.watch = Watch()
        self.disk = Disk(diskimage.pattern(16))
        self.qmp = self.slots = None
        self.to_us = self.to_guest = None
        self._qemu = None

    # Requests.

    def answer(self, line):
        """Do what a line asks for; 'ok ...' or 'error: why'."""
        words = line.split()
        try:
            do = getattr(self, "do_" + words[0], None) if words else None
            if not do:
                raise Refused("plug SIZE, unplug N, hold, release, map, dimms")
            return "ok" + (do(*words[1:]) or "")
        except TypeError:
            return f"error: wrong number of words after {words[0]!r}"
        except HarnessError:
            return "error: the machine has ended"
        except (Refused, QmpError) as e:
            return f"error: {e}"

    def do_plug(self, size):
        """A new DIMM goes in."""
        mib = mebibytes(size)
        return f": DIMM {self.slots.plug(mib)} of {mib} MiB is in"

    def do_unplug(self, number):
        """The guest is asked for a DIMM."""
        self.slots.unplug(slot_number(number))
        return f": the guest is asked for DIMM {number}"

    def do_dimms(self):
        """Which there are."""
        return ": " + (", ".join(
            f"{slot} ({data['size'] // MIB} MiB)"
            for slot, data in sorted(self.slots.modules().items()))
            or "no DIMM is in")

    def do_hold(self):
        """Each read of hda is held from now on."""
        self.disk.clear_rules()
        self.disk.rule(self._hold, kind="read")
        return ": hda answers no read from now on (release lets them go)"

    @staticmethod
    def _hold(request):
        """Say so where somebody waits for it, in a terminal that is QEMU's."""
        hold(request)
        print(f"\r\n[host: hda holds a read of sector {request.sector}; who "
              "reads waits for it.\r\n In another terminal: make release]\r",
              flush=True)

    def do_release(self):
        """No read is held any more."""
        held = len(self.disk.held())
        self.disk.clear_rules()
        self.disk.release_all()
        return f": {held} held read(s) let go"

    def do_held(self):
        """How many reads are held just now."""
        return f": {len(self.disk.held())} read(s) held"

    def do_map(self):
        """The guest's own map of its memory."""
        lines = self.to_guest.ask("map", Limit(self._qemu.pid, 20, 10))
        if lines is None:
            raise Refused("the guest does not answer: has init started?")
        return "\n" + "\n".join(lines)

    # Life.

    def _nr_slots(self):
        return max(8, len(self.options.dimms) + 4)

    def _command(self, qmp, disk):
        options = self.options
        facts = spec.Spec(
            kernel=options.build / "hotcow.elf", initrd=options.initrd,
            memory=options.memory, cpus=options.cpus, dimms=options.dimms,
            slots=self._nr_slots(), icount=False,
            exit_debug=False, append=options.append,
            console="ttyS0" if options.display == "none" else "tty0 ttyS0")
        words = facts.machine_options() + facts.boot_options()
        if options.display != "none":
            words[words.index("-display") + 1] = options.display
            words += ["-vga", "std"]
        swap = self.folder / "hdb.img"
        with open(swap, "w+b") as f:
            diskimage.swap(options.swap).write_to(f)
        words += spec.disk_options("hdb", f"file={swap}")
        words += spec.nbd_disk_options("hda", disk)
        words += ["-serial", "mon:stdio"]
        for name, port in (("tous", self.to_us), ("toguest", self.to_guest)):
            fd = port.theirs.fileno()
            words += ["-chardev", f"socket,id={name},fd={fd}",
                      "-serial", f"chardev:{name}"]
        words += ["-chardev", f"socket,id=qmp,fd={qmp}",
                  "-mon", "chardev=qmp,mode=control"]
        return words + spec.log_options(self.folder)

    def _start(self):
        log = open(self.folder / "qmp.log", "w", buffering=1,
                   encoding="utf-8")
        ours, theirs = socket.socketpair()
        self.to_us, self.to_guest = Port(self.answer), Port()
        disk = self.disk.attach("hda", self.watch, lambda line: None)
        fds = [theirs.fileno(), disk.fileno(), self.to_us.theirs.fileno(),
               self.to_guest.theirs.fileno()]
        setpriv = ["setpriv", "--pdeathsig", "KILL", "--"] \
            if shutil.which("setpriv") else []
        self._qemu = subprocess.Popen(
            setpriv + self._command(theirs.fileno(), disk.fileno()),
            pass_fds=fds)
        for end in (theirs, disk, self.to_us.theirs, self.to_guest.theirs):
            end.close()
        self.qmp = Qmp(ours, self.watch,
                       lambda line: log.write(line + "\n"))
        self.slots = Slots(self.qmp, self._nr_slots(), self.watch)
        self.qmp.on_event = self._take
        if self.qmp.start():
            self.disk.obey()

    def _take(self, event):
        """An event of QEMU's. It does not end while a read is held."""
        self.slots.take(event)
        if event["event"] == "SHUTDOWN":
            self.disk.open_up()

    def _has_faulted(self):
        log = self.folder / "guest_errors.log"
        return log.exists() and "Triple fault" in log.read_text("latin-1")

    def _rebooted(self):
        """Whether QEMU, which ends at a reset, is to begin again. A triple
        fault is a reset, too, and would be one again and again."""
        self.qmp.join()
        return self.qmp.shutdown_reason() == "guest-reset" and \
            not self._has_faulted()

    def _listen(self):
        """Serve the host's requests, one connection each."""
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(self.folder / SOCKET))
        server.listen()
        while True:
            client, _ = server.accept()
            threading.Thread(target=self._serve, args=[client],
                             daemon=True).start()

    def _serve(self, client):
        """One request; what is asked of the guest has a second answer."""
        with client, client.makefile("rw") as stream, \
                contextlib.suppress(OSError):
            line = stream.readline()
            said = self.answer(line)
            stream.write(said + "\n")
            stream.flush()
            if said.startswith("ok") and line.startswith(("plug", "unplug")):
                stream.write(self._fate(said) + "\n")

    def _fate(self, said):
        """What the guest makes of a request for the DIMM that we named."""
        slot = slot_number(re.search(r"DIMM (\d+)", said)[1])
        try:
            return "ok: " + self.slots.fate(slot)
        except Refused as e:
            return f"error: {e}"

    def run(self):
        """Until the machine ends; returns QEMU's status."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)    # it is the guest's
        saved = termios.tcgetattr(0) if sys.stdin.isatty() else None
        try:
            self._start()
            threading.Thread(target=self._listen, daemon=True).start()
            while (status := self._qemu.wait()) == 0 and self._rebooted():
                self.disk.clear_rules()
                self._start()
            faulted = self._has_faulted()
        finally:
            self.disk.open_up()
            if self._qemu and self._qemu.poll() is None:
                self._qemu.kill()
                self._qemu.wait()
            with contextlib.suppress(termios.error):    # it has gone
                if saved:
                    termios.tcsetattr(0, termios.TCSADRAIN, saved)
            shutil.rmtree(self.folder, ignore_errors=True)
        if faulted:
            print("triple fault: an exception came while none could be "
                  "handled; make gdb shows where", file=sys.stderr)
        return 1 if faulted else status


def slot_number(word):
    """The number of a slot, as a word."""
    if not word.isdigit():
        raise Refused(f"{word!r} is no number of a DIMM")
    return int(word)


def run(options):
    """make run."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(1))
    qemuprocess.need_qemu()
    station = Station(options)
    print(HELLO.format(name=station.folder.name), flush=True)
    return station.run()


def ask(options):
    """make plug, unplug, hold, release, map: one request to a machine."""
    found = [f for f in folders()
             if not options.run or f.name == options.run]
    for folder in found:
        client = socket.socket(socket.AF_UNIX)
        try:
            client.connect(str(folder / SOCKET))
        except OSError:
            continue    # left behind by one that was killed
        with client, client.makefile("rw") as stream:
            stream.write(" ".join(options.words) + "\n")
            stream.flush()
            said = ""
            for said in stream:
                print(said, end="", flush=True)
        return 1 if said.startswith("error") else 0
    print("no machine runs" + (f" that is named {options.run}"
                               if options.run else "; start one: make run"),
          file=sys.stderr)
    return 1


def terminal_size():
    """Rows and columns of this terminal, as words for the guest's init."""
    try:
        size = os.get_terminal_size(0)
    except OSError:
        return ""
    return f"tty_rows={size.lines} tty_cols={size.columns}"
