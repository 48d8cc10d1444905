#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write an initramfs: a cpio archive in the newc format, without root.

    mkinitramfs.py -o OUT [--busybox] DEST=SOURCE...

The same input gives the same bytes: no times, no owners, sorted names. A
source that is a folder brings all files in it, links as links; of two files
of the same name the last one counts. Every archive has the usual
empty folders and the two device nodes that a program needs to say anything.
"""
from __future__ import annotations

import argparse
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

FOLDERS = ["bin", "dev", "etc", "proc", "root", "sbin", "sys", "tests",
           "tmp", "usr", "usr/bin", "usr/sbin"]
DEVICES = {"dev/console": (5, 1), "dev/null": (1, 3)}
TRAILER = "TRAILER!!!"
PT_INTERP = 3


class Archive:
    """Entries by name, and the bytes they make."""

    def __init__(self):
        self._entries = {}  # name: (mode, data, (major, minor))
        for name in FOLDERS:
            self.add_folder(name)
        for name, number in DEVICES.items():
            self._entries[name] = (stat.S_IFCHR | 0o666, b"", number)

    def add_folder(self, name):
        """A folder, and the ones above it."""
        while name:
            self._entries.setdefault(name, (stat.S_IFDIR | 0o755, b"", (0, 0)))
            name = os.path.dirname(name)

    def add_file(self, name, data, executable=True):
        """A regular file."""
        self.add_folder(os.path.dirname(name))
        mode = stat.S_IFREG | (0o755 if executable else 0o644)
        self._entries[name] = (mode, data, (0, 0))

    def add_link(self, name, target):
        """A symbolic link; what is there already is kept."""
        self.add_folder(os.path.dirname(name))
        self._entries.setdefault(
            name, (stat.S_IFLNK | 0o777, target.encode(), (0, 0)))

    def add(self, name, source):
        """A host's file, or all files in a host's folder."""
        name, source = name.strip("/"), Path(source)
        if source.is_symlink():
            self._entries.pop(name, None)
            self.add_link(name, os.readlink(source))
            return
        if source.is_dir():
            self.add_folder(name)
            for path in sorted(source.iterdir()):
                self.add(f"{name}/{path.name}", path)
            return
        self.add_file(name, source.read_bytes(), os.access(source, os.X_OK))

    def add_busybox(self):
        """The host's static busybox, with a link for each applet."""
        path = find_busybox()
        self.add_file("bin/busybox", path.read_bytes())
        listed = subprocess.run([str(path), "--list-full"], check=True,
                                capture_output=True, text=True).stdout
        for applet in listed.split():
            self.add_link(applet, "/bin/busybox")

    def bytes(self):
        """The archive; parents come before what is in them."""
        parts = [_entry(number, name, *self._entries[name])
                 for number, name in enumerate(sorted(self._entries), 1)]
        data = b"".join(parts) + _entry(0, TRAILER, 0, b"", (0, 0))
        return data + bytes(-len(data) % 512)


def _entry(number, name, mode, data, device):
    """Header, name and data of one entry, each padded to four bytes."""
    links = 2 if stat.S_ISDIR(mode) else 1
    name = os.fsencode(name) + b"\0"
    fields = [number, mode, 0, 0, links, 0, len(data), 0, 0, *device,
              len(name), 0]
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def is_static(path):
    """Whether an x86-64 ELF file asks for no interpreter."""
    data = path.read_bytes()
    if data[:5] != b"\x7fELF\x02":
        return False
    start = int.from_bytes(data[32:40], "little")
    size = int.from_bytes(data[54:56], "little")
    count = int.from_bytes(data[56:58], "little")
    kinds = [int.from_bytes(data[at:at + 4], "little")
             for at in range(start, start + count * size, size)]
    return PT_INTERP not in kinds


def find_busybox():
    """The path of a static busybox on this host."""
    for path in (os.environ.get("BUSYBOX"), "/bin/busybox",
                 shutil.which("busybox")):
        if path and os.path.exists(path) and is_static(Path(path)):
            return Path(path)
    sys.exit("mkinitramfs: no static busybox here: "
             "install the package busybox-static")


def write(out, files, busybox=False):
    """Write an archive with these files, {name: path or bytes}."""
    archive = Archive()
    if busybox:
        archive.add_busybox()
    for name, source in files.items():
        if isinstance(source, bytes):
            archive.add_file(name.strip("/"), source)
        else:
            archive.add(name, source)
    Path(out).write_bytes(archive.bytes())
    return Path(out)


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--out", required=True)
    parser.add_argument("--busybox", action="store_true")
    parser.add_argument("files", nargs="*", metavar="DEST=SOURCE")
    options = parser.parse_args()
    files = dict(word.split("=", 1) for word in options.files)
    write(options.out, files, options.busybox)


if __name__ == "__main__":
    main()
