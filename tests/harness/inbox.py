# SPDX-License-Identifier: MIT
"""A socket that one thread reads, and whether it has dealt with all of it.

On a busy host that thread may be late: what the guest has said is then in the
socket, and a guest that sleeps has not come to rest for those who wait.
"""
from __future__ import annotations

import array
import fcntl
import socket
import termios


class Inbox:
    """Our end of a channel to QEMU; `watch` is the machine's."""

    def __init__(self, sock, watch):
        self._sock = sock
        self._watch = watch
        self._busy = False      # under the watch's lock

    def wait(self):
        """The reader has dealt with what it took so far: wait for more, or
        for the end, and leave it in the socket.

        Whoever looks sees the bytes in the socket, or that we are busy.
        """
        self._set_busy(False)
        try:
            there = self._sock.recv(1, socket.MSG_PEEK)
        except OSError:
            there = b""
        self._set_busy(bool(there))

    def take(self):
        """What has come, once something has; b"" at the end."""
        self.wait()
        try:
            return self._sock.recv(65536)
        except OSError:
            return b""

    def empty(self):
        """Whether everything that came has been dealt with."""
        unread = array.array("i", [0])
        with self._watch:
            if self._busy:
                return False
            try:
                fcntl.ioctl(self._sock, termios.FIONREAD, unread)
            except (OSError, ValueError):
                pass    # closed: nothing comes
            return unread[0] == 0

    def _set_busy(self, busy):
        with self._watch:
            self._busy = busy
