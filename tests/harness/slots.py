# SPDX-License-Identifier: MIT
"""The memory modules of a machine that a person runs.

A module is called by the number of its slot, by the host and by the guest;
a new one takes the lowest slot that is empty.
"""
from __future__ import annotations

import threading

from .dimm import EJECT, IN_PROGRESS, MIB

DEVICE_CHECK = 1    # a source of _OST, as EJECT: a module came
IN_USE = 0x81       # a status of it, as IN_PROGRESS


class Refused(Exception):
    """A request that cannot be done; the text says why."""


class Slots:
    """Those of one machine; `take` hears QEMU's events."""

    def __init__(self, qmp, count, watch):
        self._qmp = qmp
        self._count = count
        self._watch = watch
        self._lock = threading.Lock()   # one module goes in at a time
        self._backends = set()          # those that we made
        self._fates = {}    # slot: what became of a request; of the watch

    def modules(self):
        """{slot: QEMU's facts}."""
        return {dimm["data"]["slot"]: dimm["data"]
                for dimm in self._qmp.command("query-memory-devices")}

    def plug(self, mib):
        """A new one goes in; returns its slot."""
        with self._lock:
            there = self.modules()
            self._forget_backends(there)
            free = [n for n in range(self._count) if n not in there]
            if not free:
                raise Refused(f"all {self._count} slots are taken")
            self._plug(free[0], mib)
            return free[0]

    def _forget_backends(self, there):
        """A backend stays behind when its module has left."""
        used = {data["memdev"].split("/")[-1] for data in there.values()}
        for name in self._backends - used:
            self._qmp.command("object-del", id=name)
        self._backends &= used

    def _plug(self, slot, mib):
        backend = f"mem-dimm{slot}"
        self._qmp.command("object-add", qom_type="memory-backend-ram",
                          id=backend, size=mib * MIB)
        self._backends.add(backend)
        self._forget_fate(slot)
        self._qmp.command("device_add", driver="pc-dimm", id=f"dimm{slot}",
                          memdev=backend, slot=slot)

    def unplug(self, slot):
        """The guest is asked for one."""
        if slot not in self.modules():
            raise Refused(f"there is no DIMM {slot}")
        self._forget_fate(slot)
        self._qmp.command("device_del", id=f"dimm{slot}")

    def _forget_fate(self, slot):
        with self._watch:
            self._fates.pop(slot, None)

    def fate(self, slot):
        """Wait for what the guest makes of the last request; raises Refused
        if it refuses."""
        refused, text = self._watch.wait(
            lambda: self._fates.get(slot), f"what becomes of DIMM {slot}")
        if refused:
            raise Refused(text)
        return text

    def take(self, event):
        """An event of QEMU's, in its reader's thread."""
        data = event.get("data", {})
        name = data.get("device") or ""
        if event["event"] == "DEVICE_DELETED" and name.startswith("dimm"):
            self._end(int(name[4:]), False, "has left")
        elif event["event"] == "ACPI_DEVICE_OST":
            info = data["info"]
            self._report(int(info["slot"]), info["source"], info["status"])

    def _report(self, slot, source, status):
        """One of the guest's, as ACPI's _OST has them."""
        if source == EJECT and status not in (0, IN_PROGRESS):
            why = "it is in use" if status == IN_USE else f"status {status:#x}"
            self._end(slot, True,
                      f"stays: {why}; the guest's console says more")
        elif source == DEVICE_CHECK and status:
            self._end(slot, True,
                      "is not taken; the guest's console says why")
        elif source == DEVICE_CHECK:
            self._end(slot, False, "is taken by the guest")

    def _end(self, slot, refused, text):
        with self._watch:
            self._fates[slot] = refused, f"DIMM {slot} {text}"
            self._watch.changed()
