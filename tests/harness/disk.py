# SPDX-License-Identifier: MIT
"""The disk under test: it answers when, and as, the test says.

Each request of the guest meets the first rule that fits it; a rule's action
is a function of the request, and decides what becomes of it:

    disk.rule(hold, kind="read", sectors=(8, 1), times=1)
    disk.rule(part(64), kind="read")        # 64 bytes now, the rest later
    disk.rule(err(errno.EIO), kind="write")
    disk.rule(until_next(), kind="read")    # held until another one comes

No rule: the request passes. A read that is held is a DMA in flight: QEMU
has mapped the guest's frames, and the guest's interrupt does not come.
All state is under the lock of the machine's Watch; every arrival and every
end gets the next number of one count over all disks.
"""
from __future__ import annotations

import itertools
import os
import socket
import threading

from . import nbd
from .inbox import Inbox
from .outcome import HarnessError
from .watch import Watch

KINDS = {nbd.READ: "read", nbd.WRITE: "write", nbd.FLUSH: "flush"}
EINVAL = 22
_order = itertools.count(1)


def hold(request):
    """Keep it until the test lets it go."""
    request.hold()


def part(count):
    """Send so many bytes of a read, keep the rest."""
    return lambda request: request.send_part(count)


def err(number):
    """Fail with this errno, at once."""
    return lambda request: request.fail(number)


def until_next(of=None, or_idle=False):
    """Keep it until another one comes, to the disk `of` or to this one.

    The newcomer meets its own rule first, so that with this rule for all
    reads one is always in flight. If nobody may come because everybody
    sleeps until this one ends, say or_idle: then it also ends when the
    guest does nothing any more.
    """
    def action(request):
        request.hold()
        request.ends_on_idle = or_idle
        (of or request.disk).call_on_arrival(request)
    return action


class Request:
    """One request of the guest. Its state is under the watch's lock:

    arrived -> (held | torn) -> ending -> done | failed
    """

    def __init__(self, disk, kind, handle, offset, length, data):
        self.disk = disk
        self.kind = kind
        self.offset = offset
        self.length = length
        self.data = data
        self.state = "arrived"
        self.order = next(_order)
        self.end_order = None
        self.error = 0
        self.ends_on_idle = False
        self._handle = handle
        self._sent = 0

    @property
    def sector(self):
        """The first sector."""
        return self.offset // 512

    @property
    def sectors(self):
        """How many."""
        return self.length // 512

    @property
    def in_flight(self):
        """The guest waits for it, and its frames may still be written."""
        return self.state not in ("done", "failed")

    @property
    def unanswered(self):
        """No answer has been begun that the guest may have taken."""
        return self.state in ("arrived", "held", "torn")

    def __str__(self):
        return (f"#{self.order} {self.disk.name} {self.kind} "
                f"sector={self.sector} n={self.sectors} {self.state}")

    __repr__ = __str__

    def hold(self):
        """Leave it unanswered."""
        self._become("held")

    def send_part(self, count):
        """Send the first bytes of a read's data, hold the rest."""
        if self.kind != "read":
            raise HarnessError(f"only a read can be torn: {self}")
        count = min(count, self.length)
        self._become("torn")
        self._sent = count
        self.disk.connection.tear(
            self._handle, self.disk.read(self.offset, count))

    def release(self):
        """Let it end as it should. Does nothing if it has ended."""
        was = self._become("ending")
        if was is None:
            return
        data = b""
        if self.kind == "read":
            data = self.disk.read(self.offset, self.length)
        elif self.kind == "write":
            self.disk.write(self.offset, self.data)
        if was == "torn":
            self.disk.connection.mend(self._handle, data[self._sent:])
        else:
            self.disk.connection.reply(self._handle, 0, data)
        self._become("done")

    def fail(self, number):
        """Let it end with an error; the image stays as it is."""
        if self.state == "torn":    # its header, with success, is sent
            raise HarnessError(f"a torn read cannot fail any more: {self}")
        if self._become("ending") is None:
            return
        self.error = number
        self.disk.connection.reply(self._handle, number)
        self._become("failed")

    def _become(self, state):
        """Change the state; returns the old one, or None if too late."""
        with self.disk.watch:
            if not self.in_flight or (state, self.state) == (
                    "ending", "ending"):
                return None
            was, self.state = self.state, state
            if not self.in_flight:
                self.end_order = next(_order)
            self.disk.log(str(self))
            self.disk.watch.changed()
            return was


class Rule:
    """Which requests, and what becomes of them."""

    def __init__(self, action, kind, sectors, times, skip):
        self.action = action
        self._kind = kind
        self._sectors = sectors
        self._left = times
        self._skip = skip

    def takes(self, request):
        """Whether this request is for this rule. Counts it if so."""
        if self._kind not in (None, request.kind) or self._left == 0:
            return False
        if self._sectors is not None:
            first, count = self._sectors
            if (request.sector >= first + count
                    or request.sector + request.sectors <= first):
                return False
        if self._skip > 0:
            self._skip -= 1
            return False
        if self._left is not None:
            self._left -= 1
        return True


class Disk:
    """A disk with an image (diskimage.py), rules, and a memory."""

    def __init__(self, image):
        self.image = image
        self.name = "disk"
        self.requests = []      # all of them, in order of arrival
        self.watch = Watch()
        self.log = lambda line: None
        self.connection = None
        self._rules = []
        self._on_arrival = []
        self._file = image.open()
        self._obeys = False     # until then everything passes, at once
        self._socket = None
        self.inbox = None

    # The test's side.

    def rule(self, action, kind=None, sectors=None, times=None, skip=0):
        """Add a rule: for reads, writes or flushes, for requests that
        touch sectors=(first, count), for so many of them, after skipping
        the first few. The oldest rule that fits is taken."""
        rule = Rule(action, kind, sectors, times, skip)
        with self.watch:
            self._rules.append(rule)
        return rule

    def clear_rules(self):
        """From now on all requests pass; the held ones stay held."""
        with self.watch:
            self._rules = []

    def in_flight(self):
        """Requests that have not ended, oldest first."""
        with self.watch:
            return [r for r in self.requests if r.in_flight]

    def held(self):
        """Requests that wait for the test, oldest first."""
        with self.watch:
            return [r for r in self.requests if r.state in ("held", "torn")]

    def wait_held(self, count=1):
        """Wait until that many requests are held; return them."""
        def enough():
            held = self.held()
            return held if len(held) >= count else None
        return self.watch.wait(
            enough, f"{count} held request(s) on {self.name}")

    def wait_request(self, where, what="a request"):
        """Wait for a request, past or to come, that satisfies `where`."""
        return self.watch.wait(
            lambda: next((r for r in self.requests if where(r)), None),
            f"{what} on {self.name}")

    def release_all(self):
        """Let go of every held request."""
        for request in self.held():
            request.release()

    def release_idle(self):
        """Let go of those that may end because the guest sleeps."""
        idle = [r for r in self.held() if r.ends_on_idle]
        for request in idle:
            request.release()
        return bool(idle)

    def read(self, offset, length):
        """Bytes of the image as they are now."""
        data = os.pread(self._file.fileno(), length, offset)
        return data + bytes(length - len(data))

    def write(self, offset, data):
        """Change the image."""
        os.pwrite(self._file.fileno(), data, offset)

    # The machine's side.

    def attach(self, name, watch, log):
        """Begin to serve; returns the socket for QEMU to inherit."""
        self.name, self.watch, self.log = name, watch, log
        self._socket, theirs = socket.socketpair()
        self.inbox = Inbox(self._socket, watch)
        self.connection = nbd.Connection(self._socket, self.image.size)
        threading.Thread(target=self._serve, daemon=True).start()
        return theirs

    def obey(self):
        """From now on the rules count. Before the machine starts, QEMU reads
        a sector to guess the disk's geometry, and waits for it."""
        with self.watch:
            self._obeys = True

    def open_up(self):
        """Release all, and hold nothing any more: QEMU is to end, and
        neither ends nor answers while a request is held."""
        with self.watch:
            self._obeys = False
        self.release_all()

    def close(self):
        """Stop serving. QEMU has ended."""
        if self._socket:
            self._socket.close()

    def call_on_arrival(self, request):
        """Release this request when the next one arrives here."""
        with self.watch:
            self._on_arrival.append(request)

    def _serve(self):
        try:
            self.connection.handshake()
            while True:
                self.inbox.wait()
                self._arrive(*self.connection.receive())
        except (nbd.Ended, OSError):
            pass
        except Exception as e:      # a rule of the test's, or a mistake here
            self.watch.break_down(f"the disk {self.name}: {e!r}")

    def _arrive(self, kind, handle, *rest):
        if kind not in KINDS:
            self.connection.reply(handle, EINVAL)
            return
        request = Request(self, KINDS[kind], handle, *rest)
        with self.watch:
            self.requests.append(request)
            self.log(str(request))
            earlier, self._on_arrival = self._on_arrival, []
            rule = self._rule_for(request)
            self.watch.changed()
        if rule:
            rule.action(request)
        if request.state == "arrived" or not self._obeys:
            request.release()
        for waiting in earlier:
            waiting.release()

    def _rule_for(self, request):
        if not self._obeys:
            return None
        return next((r for r in self._rules if r.takes(request)), None)
