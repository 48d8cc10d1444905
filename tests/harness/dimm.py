# SPDX-License-Identifier: MIT
"""Memory modules: put in, asked for, taken out, while the machine runs.

QEMU lets a guest that has ejected a module go on using its addresses: reads
give 0, writes vanish, and nothing faults. Its guest-error log is the only
witness, so a run is good only if that has no access to a range that left.
"""
from __future__ import annotations

import re

from .outcome import GuestFail

MIB = 1 << 20
EJECT = 3               # the source of an _OST report: an eject request
IN_PROGRESS = 0x84      # its status while the guest is still at it
INVALID = re.compile(r"Invalid (read|write) at addr 0x([0-9A-Fa-f]+)")


class Dimms:
    """The modules of one machine, by the names QEMU has for them."""

    def __init__(self, machine):
        self._machine = machine
        self._ranges = {}   # name: (address, size, backend)
        self.left = []      # ranges that were ejected: (address, size)

    def _learn(self):
        """Ask where the modules are: afterwards nobody knows it."""
        for dimm in self._machine.qmp.command("query-memory-devices"):
            data = dimm["data"]
            self._ranges[data["id"]] = (
                data["addr"], data["size"], data["memdev"].split("/")[-1])

    def range(self, name):
        """Address and size of a module."""
        self._learn()
        return self._ranges[name][:2]

    def add(self, name, mib, **properties):
        """Put one in; the guest is told by an interrupt."""
        qmp = self._machine.qmp
        qmp.command("object-add", qom_type="memory-backend-ram",
                    id="mem-" + name, size=mib * MIB)
        qmp.command("device_add", driver="pc-dimm", id=name,
                    memdev="mem-" + name, **properties)
        self._learn()

    def ask(self, name):
        """Ask the guest to give one up. This is only a request."""
        self._learn()
        self._machine.qmp.command("device_del", id=name)

    def wait_removed(self, name):
        """Wait until it is out; returns QEMU's event.

        event["in_flight"] has the disk requests that were not answered at
        the moment of the eject: none may concern this module.
        """
        event = self._machine.qmp.wait_event(
            "DEVICE_DELETED", lambda data: data.get("device") == name)
        address, size, backend = self._ranges.pop(name)
        self.left.append((address, size))
        self._machine.qmp.command("object-del", id=backend)
        return event

    def wait_refused(self):
        """Wait for the guest to refuse a removal; returns its status."""
        event = self._machine.qmp.wait_event(
            "ACPI_DEVICE_OST", lambda data:
            data["info"]["source"] == EJECT
            and data["info"]["status"] not in (0, IN_PROGRESS))
        return event["data"]["info"]["status"]

    def check_no_stale_access(self):
        """The oracle: no access to a range that left."""
        if not self.left or not self._machine.folder:
            return
        log = self._machine.folder.text("guest_errors.log")
        for kind, where in INVALID.findall(log):
            address = int(where, 16)
            if any(start <= address < start + size
                   for start, size in self.left):
                raise GuestFail(f"a {kind} at {address:#x}, in a module "
                                "that was removed")
