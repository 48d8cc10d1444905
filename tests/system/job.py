# SPDX-License-Identifier: MIT
"""A job for a shell and a compiler of Debian's: what it needs, and its end."""
from pathlib import Path

JOB = Path(__file__).with_name("programs.sh")
LIB = Path("/usr/lib/x86_64-linux-gnu")
AIO = LIB / "libaio.so.1"   # QEMU needs it, so it is there
# What tcc reads besides its own libraries.
TOOLCHAIN = [LIB / "tcc", LIB / "crt1.o", LIB / "crti.o", LIB / "crtn.o",
             LIB / "libc.so", LIB / "libc_nonshared.a",
             LIB / "ld-linux-x86-64.so.2", AIO, AIO.resolve()]


def answer():
    """What the program that the job compiles has to print."""
    x = 1
    for number in range(1000):
        for i in range(200):
            x = (x * i + (x >> 7) + 1 ^ number) & 0xffffffff
    return x
