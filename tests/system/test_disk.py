# SPDX-License-Identifier: MIT
"""The disk under test, asked by a client of a few lines instead of QEMU."""
from __future__ import annotations

import errno
import socket
import struct

import pytest

from tests.harness import diskimage
from tests.harness.disk import Disk, err, hold, part, until_next
from tests.harness.watch import Watch

READ, WRITE = 0, 1
LIMIT = 600     # s; for a thread of this process that has died


class Client:
    """The other end of the disk's socket."""

    def __init__(self, sock):
        self._sock = sock
        sock.settimeout(LIMIT)
        self._get(18)
        sock.sendall(struct.pack(">I", 3))
        sock.sendall(b"IHAVEOPT" + struct.pack(">II", 1, 0))
        self.size, _ = struct.unpack(">QH", self._get(10))

    def _get(self, count):
        return self._sock.recv(count, socket.MSG_WAITALL)

    def ask(self, kind, sector, count=1, data=b"", handle=0):
        """Send a request."""
        self._sock.sendall(struct.pack(
            ">IHHQQI", 0x25609513, 0, kind, handle, sector * 512,
            count * 512) + data)

    def answer(self):
        """The next reply: its handle, and its error."""
        magic, error, handle = struct.unpack(">IIQ", self._get(16))
        assert magic == 0x67446698
        return handle, error

    def data(self, count):
        """Bytes of a read's reply."""
        return self._get(count)

    def silent(self):
        """Whether nothing has come."""
        self._sock.setblocking(False)
        try:
            return not self._sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        finally:
            self._sock.settimeout(LIMIT)


@pytest.fixture
def disk():
    """A disk with the pattern."""
    made = Disk(diskimage.pattern(1))
    yield made
    made.open_up()
    made.close()


@pytest.fixture
def client(disk):
    """And somebody who asks it."""
    disk.obey()
    return Client(disk.attach("hda", Watch(), lambda line: None))


def wait_done(disk, sector):
    """The last request for a sector, when it has surely ended: an answer
    may be here a little before that is noted."""
    request = [r for r in disk.requests if r.sector == sector][-1]
    return disk.wait_request(
        lambda r: r is request and r.state == "done")


def test_pass(disk, client):
    """Without a rule everything passes; what is written is read."""
    client.ask(READ, 5, 2)
    assert client.answer() == (0, 0)
    assert diskimage.first_difference(client.data(1024), 5 * 512) is None
    client.ask(WRITE, 6, 1, b"x" * 512)
    assert client.answer() == (0, 0)
    assert disk.read(6 * 512, 512) == b"x" * 512
    wait_done(disk, 6)
    assert client.size == 1 << 20 and not disk.in_flight()


def test_hold_by_sector(disk, client):
    """Only what the rule names is held, so often as it says."""
    disk.rule(hold, kind="read", sectors=(8, 2), times=1, skip=1)
    for handle, sector in enumerate([9, 9, 9, 7]):
        client.ask(READ, sector, handle=handle)
    order = []
    for _ in range(3):
        order.append(client.answer()[0])
        client.data(512)
    held, = disk.wait_held()
    assert order == [0, 2, 3] and held.in_flight
    last = wait_done(disk, 7)
    held.release()
    assert client.answer() == (1, 0)
    assert held.end_order > last.end_order


def test_held_write_changes_nothing(disk, client):
    """The image changes when a write ends, not when it comes."""
    disk.rule(hold, kind="write")
    client.ask(WRITE, 0, 1, b"x" * 512)
    held, = disk.wait_held()
    assert disk.read(0, 512) == diskimage.pattern_bytes(0, 512)
    held.fail(errno.ENOSPC)
    assert client.answer() == (0, errno.ENOSPC)
    assert disk.read(0, 512) == diskimage.pattern_bytes(0, 512)


def test_part(disk, client):
    """A torn reply: its first bytes now, other replies only after it."""
    disk.rule(part(64), times=1)
    client.ask(READ, 3, handle=1)
    client.ask(READ, 4, handle=2)
    assert client.answer() == (1, 0)
    first = client.data(64)
    disk.wait_request(lambda r: r.sector == 4 and r.state == "done")
    assert client.silent()
    disk.release_all()
    assert first + client.data(448) == diskimage.pattern_bytes(3 * 512, 512)
    assert client.answer() == (2, 0)


def test_err(disk, client):
    """An error, and then none."""
    disk.rule(err(errno.EIO), kind="read", times=1)
    client.ask(READ, 0)
    assert client.answer() == (0, errno.EIO)
    client.ask(READ, 0)
    assert client.answer() == (0, 0)


def test_until_next(disk, client):
    """One is always in flight; the last one may end when all sleep."""
    disk.rule(until_next(or_idle=True))
    for handle in (1, 2):
        client.ask(READ, handle, handle=handle)
    assert client.answer() == (1, 0)
    client.data(512)
    last, = disk.wait_held()
    assert client.silent() and last.sector == 2
    assert disk.release_idle()
    assert client.answer() == (2, 0)
