# SPDX-License-Identifier: MIT
"""What a machine is made of, and the QEMU command line that makes it."""
from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from . import paths

QEMU = "qemu-system-x86_64"
# The index QEMU knows each disk by. A machine that boots from an ISO has
# its CD in hdc's place.
DISK_INDEX = {"hda": 0, "hdb": 1, "hdc": 2, "hdd": 3}

# With icount an instruction takes a nanosecond, and time jumps to the next
# armed timer when all processors sleep. A time-out for the disk would then
# end at once whenever the disk is held, so there must be none; and the time
# for which a page's users sleep while it is moved (memhp.stand) likewise.
EPOCH = "2020-01-01"    # what time it is when the machine starts
ICOUNT = ["-icount", "shift=0,sleep=off", "-accel", "tcg,thread=single",
          "-rtc", f"base={EPOCH},clock=vm"]
NO_ICOUNT = ["-accel", "tcg,thread=multi"]
ICOUNT_WORDS = ["ide.timeout=0", "memhp.timeout=0", "memhp.stand=0"]


@dataclass
class Spec:
    """Plain facts about a machine. Memory sizes are in MiB."""

    name: str = "run"
    design: str = "mapcount"
    testpoints: bool = False
    poison: bool = False        # unwritten bytes stop it on their way out
    debug: bool = True
    memory: int = 64
    cpus: int = 1
    # Counted instructions, or None: with one processor only. With several,
    # QEMU runs each until the next timer is due whenever another one touches
    # a device: a machine that computes and uses its disk crawls.
    icount: Optional[bool] = None
    cpu: str = ""               # QEMU's -cpu; its default if empty
    dimms: list = field(default_factory=list)   # present at boot
    slots: int = 0              # for DIMMs, those at boot included
    maxmem: int = 0             # MiB; computed from the DIMMs if 0
    disks: dict = field(default_factory=dict)   # "hda": a Disk
    # "hdc": an Image, in a file that QEMU itself reads and writes: for disks
    # that only have to be fast, and obey.
    files: dict = field(default_factory=dict)
    loader: str = "qemu"        # or "grub": from an ISO
    kernel: Optional[Path] = None
    initrd: Optional[Path] = None   # "" for none
    init: str = ""
    append: str = ""            # more words for the command line
    console: str = "ttyS0"      # or several: "tty0 ttyS0"
    exit_debug: bool = True     # the end of init ends QEMU, with a status
    events: bool = False        # the record of memory events
    repeat: list = field(default_factory=list)  # the command that does so
    paused: bool = False        # until Machine.cont()
    # Last resorts, in seconds. The guest hangs: QEMU has used so much
    # processor time, or has slept so long in all. The host does: it has not
    # run QEMU for so long, though QEMU wants to run.
    cpu_limit: float = 60
    rest_limit: float = 600
    wall_limit: float = 600
    # With icount, what it may take by its own clock instead of cpu_limit (s):
    # so many thousand millions of instructions, however fast the host is.
    guest_limit: float = 0
    extra: list = field(default_factory=list)   # more words for QEMU

    def __post_init__(self):
        if self.icount is None:
            self.icount = self.cpus == 1
        build = paths.variant(self.design, self.debug, self.testpoints,
                              self.poison)
        if self.kernel is None:
            self.kernel = build / "hotcow.elf"
        if self.initrd is None:
            self.initrd = paths.BUILD / "initramfs.cpio"
        self.slots = max(self.slots, len(self.dimms))

    def kernel_words(self):
        """The kernel's command line."""
        words = [f"console={name}" for name in self.console.split()]
        words += [f"init={self.init}"] if self.init else []
        words += ["exit=debug"] if self.exit_debug else []
        words += ["mmevents=1"] if self.events else []
        if self.icount:     # but for those that the test says itself
            words += [word for word in ICOUNT_WORDS
                      if word.split("=")[0] not in self.append]
        return " ".join(words + ([self.append] if self.append else []))

    def memory_options(self):
        """Base memory, room for DIMMs, and the DIMMs of boot time."""
        if not self.slots:
            return ["-m", f"{self.memory}M"]
        # Room for a DIMM of 1 GiB in each slot costs nothing.
        most = self.maxmem or self.memory + 1024 * self.slots
        words = ["-m", f"{self.memory}M,slots={self.slots},maxmem={most}M"]
        for i, mib in enumerate(self.dimms):
            words += ["-object", f"memory-backend-ram,id=m{i},size={mib}M",
                      "-device", f"pc-dimm,id=dimm{i},memdev=m{i}"]
        return words

    def boot_options(self, iso=None):
        """The kernel and its initramfs, or the ISO that has both."""
        if iso:
            return ["-boot", "d", "-cdrom", str(iso)]
        words = ["-kernel", str(self.kernel), "-append", self.kernel_words()]
        return words + (["-initrd", str(self.initrd)] if self.initrd else [])

    def machine_options(self):
        """Everything but the disks, the loader and the channels."""
        words = [QEMU, "-nodefaults", "-display", "none", "-no-reboot",
                 "-machine", "pc", "-smp", str(self.cpus)]
        words += ["-cpu", self.cpu] if self.cpu else []
        words += self.memory_options()
        words += ICOUNT if self.icount else NO_ICOUNT
        if self.exit_debug:
            words += ["-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
        return words + list(self.extra)


def log_options(folder):
    """The channels that are files in the run's folder."""
    return ["-chardev", f"file,id=events,path={folder}/events.log",
            "-device", "isa-debugcon,iobase=0xe9,chardev=events",
            "-d", "guest_errors,cpu_reset",
            "-D", f"{folder}/guest_errors.log"]


def socket_options(serial_fd, qmp_fd):
    """The channels that are inherited sockets. The machine waits until it
    is told to start: a short run must not end before we listen."""
    return ["-S",
            "-chardev", f"socket,id=serial,fd={serial_fd}",
            "-serial", "chardev:serial",
            "-chardev", f"socket,id=qmp,fd={qmp_fd}",
            "-mon", "chardev=qmp,mode=control"]


def disk_options(name, where):
    """One IDE disk; errors go to the guest instead of stopping QEMU. What is
    written need not outlive the host, so the host may keep it in memory.
    """
    return ["-drive", f"if=ide,index={DISK_INDEX[name]},format=raw,"
            f"cache=unsafe,rerror=report,werror=report,{where}"]


def nbd_disk_options(name, fd):
    """A disk that is served over an inherited socket."""
    return disk_options(name, "file.driver=nbd,file.server.type=fd,"
                              f"file.server.str={fd}")
