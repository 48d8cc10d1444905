# SPDX-License-Identifier: MIT
"""QEMU's own channel: commands, replies, and events as they come."""
from __future__ import annotations

import json
import threading

from .inbox import Inbox
from .outcome import HarnessError

# A monitor that does not answer for this long (s) is stuck: typically the
# guest aborts a DMA whose request is held, which blocks all of QEMU.
PATIENCE = 600


class QmpError(Exception):
    """QEMU refused a command; .error_class and the text are QEMU's."""

    def __init__(self, error):
        super().__init__(error["desc"])
        self.error_class = error["class"]


class Qmp:
    """One connection over an inherited socket: no path, no race."""

    def __init__(self, sock, watch, log):
        self.events = []    # not yet taken by wait_event
        self.history = []   # all of them
        self.on_event = None    # called at once, in the reader's thread
        self.inbox = Inbox(sock, watch)
        self._sock = sock
        self._watch = watch
        self._log = log
        self._replies = {}
        self._last_id = 0
        self._sending = threading.Lock()    # of _last_id, and of the socket
        self._ready = False
        self._closed = False
        self._thread = threading.Thread(target=self._read, daemon=True)

    def start(self):
        """Begin to read; true when QEMU takes commands, false if it ended."""
        self._thread.start()
        self._watch.wait(lambda: self._ready or self._closed,
                         "QEMU's greeting", PATIENCE, check=False)
        try:
            self.command("qmp_capabilities")
        except HarnessError:
            return False
        return True

    def _read(self):
        rest = b""
        while data := self.inbox.take():
            *whole, rest = (rest + data).split(b"\n")
            for line in whole:
                self._log("< " + line.decode().rstrip())
                self._take(json.loads(line))
        with self._watch:
            self._closed = True
            self._watch.changed()

    def _take(self, message):
        if "event" in message and self.on_event:
            self.on_event(message)
        with self._watch:
            if "QMP" in message:
                self._ready = True
            elif "event" in message:
                self.events.append(message)
                self.history.append(message)
            else:
                self._replies[message.get("id")] = message
            self._watch.changed()

    def command(self, name, **arguments):
        """Run a command; '_' in an argument's name stands for '-'."""
        message = {"execute": name}
        if arguments:
            message["arguments"] = {
                k.replace("_", "-"): v for k, v in arguments.items()}
        with self._sending:
            self._last_id += 1
            number = message["id"] = self._last_id
            text = json.dumps(message)
            self._log("> " + text)
            try:
                self._sock.sendall(text.encode() + b"\n")
            except OSError as e:
                raise HarnessError(f"QMP {name}: QEMU is gone") from e
        return self._answer(name, number)

    def _answer(self, name, number):
        self._watch.wait(lambda: number in self._replies or self._closed,
                         f"QEMU's answer to {name}", PATIENCE, check=False)
        reply = self._replies.pop(number, None)
        if reply is None:
            raise HarnessError(f"QMP {name}: QEMU ended before it answered")
        if "error" in reply:
            raise QmpError(reply["error"])
        return reply["return"]

    def monitor(self, line):
        """A command of the human monitor; returns what it prints."""
        return self.command("human-monitor-command", command_line=line)

    def wait_event(self, name, where=lambda data: True):
        """Wait for an event whose data satisfy `where`; take it."""
        def find():
            for event in self.events:
                if event["event"] == name and where(event.get("data", {})):
                    self.events.remove(event)
                    return event
            return None

        return self._watch.wait(find, f"QEMU's event {name}")

    def shutdown_reason(self):
        """Why QEMU ended, as its SHUTDOWN event said; or None."""
        for event in self.history:
            if event["event"] == "SHUTDOWN":
                return event["data"].get("reason")
        return None

    def join(self):
        """Wait for the last event of a QEMU that has ended."""
        if self._thread.is_alive():
            self._thread.join()
