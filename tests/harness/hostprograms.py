# SPDX-License-Identifier: MIT
"""Programs of this host, dynamic ones with all that they are linked to.

They run unmodified in the guest: the same binaries, the same libraries, the
same linker, each at the path it has here.
"""
from __future__ import annotations

import functools
import re
import shutil
import subprocess
from pathlib import Path

from .outcome import HarnessError

# Lines of ldd: "libc.so.6 => /lib/libc.so.6 (0x...)", and the linker's own,
# "/lib64/ld-linux-x86-64.so.2 (0x...)".
LIBRARY = re.compile(r"(?:^|=>)\s*(/\S+) \(0x")


def find(name):
    """Where a program is on this host."""
    path = shutil.which(name)
    if not path:
        raise HarnessError(f"{name} is not installed here: make setup")
    return Path(path)


@functools.cache
def libraries(path):
    """The files that a dynamic program needs, its linker included."""
    said = subprocess.run(["ldd", str(path)], capture_output=True, text=True,
                          check=False).stdout
    return [Path(m.group(1)) for line in said.splitlines()
            if (m := LIBRARY.search(line))]


def collect(*names, files=()):
    """{path in the guest: path here} of programs, and of files as they are."""
    found = {}
    for name in names:
        path = find(name)
        for file in [path, *libraries(path)]:
            found[str(file)] = file.resolve()
    for file in files:
        found[str(file)] = Path(file)
    return found
