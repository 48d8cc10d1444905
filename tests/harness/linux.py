# SPDX-License-Identifier: MIT
"""Debian's own kernel, to compare with: fetched, unpacked, never installed.

What is needed of the package is kept in build/linux/: the kernel, which boots
with the initramfs that ours boots with, in the same machine, and the modules
that know the machine's disks.
"""
from __future__ import annotations

import re
import shutil
import subprocess

from . import paths
from .outcome import HarnessError

FOLDER = paths.BUILD / "linux"
# No vDSO: a call for the time is a call, as in our kernel. No mitigations, as
# the machine has none of the leaks. DIMMs are for user pages.
MODULES = ("ata_piix", "sd_mod")
WORDS = ("console=ttyS0 panic=-1 quiet loglevel=1 vdso=0 mitigations=off"
         " init_on_alloc=0 transparent_hugepage=never"
         " memhp_default_state=online_movable")


def _run(*words, cwd=None):
    """A command's output, or a HarnessError that says what was tried."""
    try:
        return subprocess.run(words, cwd=cwd, check=True, text=True,
                              capture_output=True).stdout
    except FileNotFoundError as e:
        raise HarnessError(f"{words[0]} is missing: this needs a Debian "
                           "machine") from e
    except subprocess.CalledProcessError as e:
        raise HarnessError(f"{' '.join(words)}: {e.stderr.strip()}") from e


def _package():
    """The name of the newest kernel package that Debian's is made of."""
    depends = _run("apt-cache", "depends", "linux-image-amd64")
    found = re.search(r"Depends: (linux-image-[0-9]\S+)", depends)
    if not found:
        raise HarnessError("apt knows no linux-image-amd64; try apt-get update")
    return found[1]


def _dependencies(tree):
    """What each module needs first: Debian's package has no modules.dep."""
    paths_of = {p.stem.replace("-", "_"): p for p in tree.rglob("*.ko")}

    def needs(name):
        info = paths_of[name].read_bytes()
        found = re.search(rb"\0depends=([^\0]*)\0", info)
        return [n.replace("-", "_") for n in found[1].decode().split(",") if n]

    return paths_of, needs


def _keep_modules(tree):
    """Copy the disk's modules, numbered in the order they are loaded in."""
    paths_of, needs = _dependencies(tree)
    order = []

    def visit(name):
        for other in needs(name):
            visit(other)
        if name not in order:
            order.append(name)

    for name in MODULES:
        visit(name)
    (FOLDER / "modules").mkdir()
    for number, name in enumerate(order):
        shutil.copy(paths_of[name],
                    FOLDER / "modules" / f"{number:02}-{name}.ko")


def modules():
    """The folder with the modules for the machine's disks."""
    kernel()
    return FOLDER / "modules"


def _fetch():
    """Download the package and unpack its kernel into the folder."""
    unpacked = FOLDER / "unpacked"
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    package = _package()
    print(f"fetching Debian's {package} (into {FOLDER.name}/, not installed)",
          flush=True)
    _run("apt-get", "download", "-q", package, cwd=FOLDER)
    archive = next(FOLDER.glob("*.deb"))
    _run("dpkg-deb", "-x", str(archive), str(unpacked))
    _keep_modules(next((unpacked / "lib" / "modules").iterdir()))
    kernel = next((unpacked / "boot").glob("vmlinuz-*"))
    kernel.rename(FOLDER / kernel.name)
    shutil.rmtree(unpacked)
    archive.unlink()


def kernel():
    """The path of Linux's kernel image; fetched if it is not there yet."""
    if not list(FOLDER.glob("vmlinuz-*")):
        _fetch()
    return next(FOLDER.glob("vmlinuz-*"))
