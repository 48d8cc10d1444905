# SPDX-License-Identifier: MIT
"""Programs of Debian's, dynamic and unmodified: a shell and a compiler."""
import pytest
from job import JOB, TOOLCHAIN, answer

from tests.harness import diskimage, hostprograms, scenario
from tools import mkinitramfs


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
