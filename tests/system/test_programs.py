# SPDX-License-Identifier: MIT
"""Programs of Debian's, dynamic and unmodified: a shell and a compiler."""
from pathlib import Path

import pytest

from tests.harness import diskimage, hostprograms, scenario
from tools import mkinitramfs

JOB = Path(__file__).with_name("programs.sh")
LIB = Path("/usr/lib/x86_64-linux-gnu")
# What tcc reads besides its own libraries.
TOOLCHAIN = [LIB / "tcc", LIB / "crt1.o", LIB / "crti.o", LIB / "crtn.o",
             LIB / "libc.so", LIB / "libc_nonshared.a",
             LIB / "ld-linux-x86-64.so.2"]


def answer():
    """What the program that the job compiles has to print."""
    x = 1
    for number in range(1000):
        for i in range(200):
            x = (x * i + (x >> 7) + 1 ^ number) & 0xffffffff
    return x


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """An initramfs with the host's own bash and tcc."""
    files = hostprograms.collect("bash", "tcc", files=TOOLCHAIN)
    files["/job"] = JOB.read_bytes()
    bash = hostprograms.find("bash")
    files["/init"] = (f"#!/bin/sh\nswapon /dev/hdc\n"
                      f"{bash} /job {answer()}\n").encode()
    path = tmp_path_factory.mktemp("programs") / "programs.cpio"
    return mkinitramfs.write(path, files, busybox=True)


@pytest.mark.parametrize("memory", [64, 32])
def test_compile_and_run(boot, design, image, memory):
    """The second time with too little memory for all of it: swap."""
    m = boot(design=design, cpus=2, memory=memory, initrd=image, init="/init",
             files={"hdc": diskimage.swap(64)}, cpu_limit=240)
    scenario.play(m).check()
    m.wait_exit()


def test_newest_processor(boot, image):
    """C libraries look for AVX; the random source is the processor's."""
    m = boot(cpus=2, initrd=image, init="/init", cpu="max",
             files={"hdc": diskimage.swap(64)}, cpu_limit=240)
    scenario.play(m).check()
    m.wait_exit()
