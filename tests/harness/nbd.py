# SPDX-License-Identifier: MIT
"""The NBD protocol, server side: as much of it as QEMU speaks.

Fixed newstyle handshake, simple replies. Structured replies are declined,
so that a read is answered by one header and its bytes: then a reply can be
torn, and a guest's buffer be seen half filled while its DMA is active.
"""
from __future__ import annotations

import struct
import threading

from .outcome import HarnessError

READ, WRITE, DISCONNECT, FLUSH = 0, 1, 2, 3

_GREETING = b"NBDMAGIC" + b"IHAVEOPT" + struct.pack(">H", 1 | 2)
_OPTION = struct.Struct(">8sII")
_OPTION_REPLY = struct.Struct(">QIII")
_OPTION_REPLY_MAGIC = 0x3e889045565a9
_OPT_EXPORT_NAME, _OPT_ABORT, _OPT_INFO, _OPT_GO = 1, 2, 6, 7
_REP_ACK, _REP_INFO, _REP_UNSUPPORTED = 1, 3, (1 << 31) | 1
_INFO_EXPORT, _INFO_BLOCK_SIZE = 0, 3
_HAS_FLAGS, _SEND_FLUSH = 1, 4
_REQUEST = struct.Struct(">IHHQQI")
_REQUEST_MAGIC = 0x25609513
_REPLY = struct.Struct(">IIQ")
_REPLY_MAGIC = 0x67446698


class Ended(Exception):
    """The client has gone."""


class Connection:
    """One client. receive() is for one thread, replies for any."""

    def __init__(self, sock, size):
        self._sock = sock
        self._size = size
        # The reply stream carries one reply at a time. While one is torn,
        # the whole ones that are ready wait behind it. Lock: _stream.
        self._stream = threading.Lock()
        self._torn = None
        self._waiting = []

    def handshake(self):
        """Agree on the one export there is."""
        self._sock.sendall(_GREETING)
        self._read(4)   # the client's flags: it knows the fixed style too
        while not self._option():
            pass

    def receive(self):
        """The next request: (type, handle, offset, length, data)."""
        magic, _, kind, handle, offset, length = _REQUEST.unpack(
            self._read(_REQUEST.size))
        if magic != _REQUEST_MAGIC or kind == DISCONNECT:
            raise Ended
        data = self._read(length) if kind == WRITE else b""
        return kind, handle, offset, length, data

    def reply(self, handle, error=0, data=b""):
        """Answer a request: whole, now or as soon as the stream is free."""
        message = _REPLY.pack(_REPLY_MAGIC, error, handle) + data
        with self._stream:
            if self._torn is None:
                self._send(message)
            else:
                self._waiting.append(message)

    def tear(self, handle, data):
        """Begin an answer, up to these bytes of its data."""
        with self._stream:
            if self._torn is not None:
                raise HarnessError("one reply is torn already")
            self._torn = handle
            self._send(_REPLY.pack(_REPLY_MAGIC, 0, handle) + data)

    def mend(self, handle, rest):
        """End a torn answer, and send what waited behind it."""
        with self._stream:
            self._send(rest + b"".join(self._waiting))
            self._torn = None
            self._waiting = []

    def _read(self, count):
        data = b""
        while len(data) < count:
            try:
                more = self._sock.recv(count - len(data))
            except OSError:
                more = b""
            if not more:
                raise Ended
            data += more
        return data

    def _send(self, message):
        try:
            self._sock.sendall(message)
        except OSError:
            pass    # the reader finds out, and ends the connection

    def _option(self):
        """Answer one option; true when the handshake is over."""
        magic, option, length = _OPTION.unpack(self._read(_OPTION.size))
        self._read(length)
        if magic != b"IHAVEOPT" or option == _OPT_ABORT:
            raise Ended
        export = struct.pack(">QH", self._size, _HAS_FLAGS | _SEND_FLUSH)
        if option == _OPT_EXPORT_NAME:
            self._send(export)  # both sides agreed to leave out the zeroes
            return True
        if option not in (_OPT_INFO, _OPT_GO):
            self._option_reply(option, _REP_UNSUPPORTED)
            return False
        self._option_reply(option, _REP_INFO,
                           struct.pack(">H", _INFO_EXPORT) + export)
        self._option_reply(option, _REP_INFO, struct.pack(
            ">HIII", _INFO_BLOCK_SIZE, 512, 4096, 32 << 20))
        self._option_reply(option, _REP_ACK)
        return option == _OPT_GO

    def _option_reply(self, option, kind, data=b""):
        self._send(_OPTION_REPLY.pack(
            _OPTION_REPLY_MAGIC, option, kind, len(data)) + data)
