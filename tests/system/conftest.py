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
# The machines of one test.
MACHINES = pytest.StashKey()


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
    """A function that starts a machine; it ends with the test.

    The run's folder is named after the test. Arguments are Spec's.
    """
    name = re.sub(r"[^\w]+", "-", request.node.name).strip("-")
    with contextlib.ExitStack() as stack:
        request.node.stash[MACHINES] = stack
        yield lambda **facts: stack.enter_context(
            Machine(**{"name": name, **facts}))


@pytest.hookimpl(hookwrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    """End the machines as a part of the test itself: they are told how it
    went, and what they then say is shown with the failure."""
    result = yield
    stack = pyfuncitem.stash.get(MACHINES, None)
    if stack:
        stack.__exit__(*(result.excinfo or (None, None, None)))


@pytest.fixture
def archive(tmp_path):
    """A function that writes an initramfs: {name: host path or bytes}."""
    return lambda files, busybox=False: mkinitramfs.write(
        tmp_path / "test.cpio", files, busybox)


@pytest.fixture
def alone(archive):
    """A function that writes an initramfs with one program: that of all
    programs takes memory that a small machine has not."""
    return lambda name: archive(
        {f"/tests/{name}": paths.BUILD / "user/tests" / name})


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
