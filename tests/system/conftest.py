# SPDX-License-Identifier: MIT
"""What system tests share: designs, processors, and machines that end."""
from __future__ import annotations

import contextlib
import re
import subprocess

import pytest

from tests.harness import paths
from tests.harness.machine import Machine
from tools import mkinitramfs

CPUS = [1, 2, 4]


@pytest.fixture(params=paths.designs())
def design(request):
    """Each design in turn; tests that differ in one say so themselves."""
    return request.param


@pytest.fixture(params=CPUS, ids=lambda n: f"{n}cpu")
def cpus(request):
    """How many processors."""
    return request.param


@pytest.fixture
def boot(request):
    """A function that starts a machine; it surely ends with the test.

    The run's folder is named after the test. Arguments are Spec's.
    """
    name = re.sub(r"[^\w]+", "-", request.node.name).strip("-")
    with contextlib.ExitStack() as stack:
        yield lambda **facts: stack.enter_context(
            Machine(**{"name": name, **facts}))


@pytest.fixture
def archive(tmp_path):
    """A function that writes an initramfs: {name: host path or bytes}."""
    return lambda files, busybox=False: mkinitramfs.write(
        tmp_path / "test.cpio", files, busybox)


@pytest.fixture(scope="session")
def compile_c(tmp_path_factory):
    """A function that makes a static program of a few lines of C."""
    folder = tmp_path_factory.mktemp("programs")

    def compile_one(name, source):
        (folder / f"{name}.c").write_text(source)
        subprocess.run(["musl-gcc", "-static", "-O2", "-o", folder / name,
                        folder / f"{name}.c"], check=True)
        return folder / name

    return compile_one
