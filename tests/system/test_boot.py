# SPDX-License-Identifier: MIT
"""From power-on to the first program, and from its end to power-off."""
from __future__ import annotations

import gzip

import pytest

from tests.harness import outcome

HELLO = r"""
#include <stdio.h>
#include <unistd.h>
#include <sys/reboot.h>
int main(int argc, char **argv)
{
    (void)argc;
    printf("hello from %s, pid %d\n", argv[0], (int)getpid());
    fflush(stdout);
    if (SWITCH_OFF)
        reboot(RB_POWER_OFF);
    return STATUS;
}
"""


@pytest.fixture(scope="session")
def hello(compile_c):
    """A first program: hello() ends with 0."""
    def build(status=0, power_off=0):
        source = HELLO.replace("STATUS", str(status))
        return compile_c(f"hello{status}{power_off}",
                         source.replace("SWITCH_OFF", str(power_off)))
    return build


def expect_program(machine):
    """The first program runs."""
    machine.serial.expect(r"^hello from \S+, pid 1$")


def expect_hello(machine):
    """The banner, then the program."""
    machine.serial.expect(r"^hotcow\b")
    expect_program(machine)


@pytest.mark.parametrize("loader", ["qemu", "grub"])
def test_boots(boot, archive, hello, design, cpus, loader):
    """Both loaders bring up each design on any number of processors."""
    machine = boot(design=design, cpus=cpus, loader=loader, init="/init",
                   initrd=archive({"init": hello()}))
    expect_hello(machine)
    machine.wait_exit()


def test_selftest(boot, archive, hello, design, cpus):
    """The kernel's checks of itself, and then init as usual."""
    machine = boot(design=design, cpus=cpus, append="selftest=1",
                   initrd=archive({"init": hello()}))
    machine.serial.expect(rf"^selftest: \d+ passed on {cpus} processors$")
    expect_program(machine)
    machine.wait_exit()


def test_boots_without_icount(boot, archive, hello, cpus):
    """Processors that really run at once."""
    machine = boot(cpus=cpus, icount=False,
                   initrd=archive({"init": hello()}))
    expect_hello(machine)
    machine.wait_exit()


@pytest.mark.parametrize("memory", [32, 64])
def test_small_memory(boot, archive, hello, design, memory):
    """A static musl program needs no more than this."""
    machine = boot(design=design, memory=memory,
                   initrd=archive({"init": hello()}))
    expect_hello(machine)
    machine.wait_exit()


def test_init_word(boot, archive, hello):
    """init=/path chooses the program."""
    machine = boot(init="/bin/other", initrd=archive(
        {"init": b"not a program", "bin/other": hello()}))
    machine.serial.expect("^hello from /bin/other, pid 1$")
    machine.wait_exit()


def test_init_fails(boot, archive, hello):
    """The status of init is the status of the machine."""
    machine = boot(initrd=archive({"init": hello(status=7)}))
    expect_hello(machine)
    machine.wait_exit(outcome.EXIT_INIT_FAILED)


def test_power_off(boot, archive, hello):
    """reboot(RB_POWER_OFF) ends QEMU by ACPI, not by a fault."""
    machine = boot(initrd=archive({"init": hello(power_off=1)}))
    expect_hello(machine)
    machine.wait_power_off()


def test_no_init(boot, archive):
    """A first program that is not there is said to be missing. That is a
    panic, as it is on Linux: there is nothing else to do."""
    machine = boot(init="/bin/nothing",
                   initrd=archive({"etc/motd": b"hello"}))
    machine.serial.expect("/bin/nothing")
    machine.wait_exit(outcome.EXIT_PANIC)


def test_init_is_not_a_program(boot, archive):
    """So is one that cannot be run."""
    machine = boot(initrd=archive({"init": b"\0\1\2 no program"}))
    machine.serial.expect("/init")
    machine.wait_exit(outcome.EXIT_PANIC)


def test_names_of_any_letters(boot, archive, hello):
    """A name is bytes; what comes behind it in the archive is found."""
    machine = boot(initrd=archive({"etc/Z\u00fcrich": b"", "init": hello()}))
    expect_hello(machine)
    assert not any("initramfs" in line for line in machine.serial.lines)
    machine.wait_exit()


AGES = b"""#!/bin/sh
stat -c %Y /etc/dated
[ /etc/a -nt /z/b ] || [ /etc/a -ot /z/b ] || echo of one age
"""


def test_times_of_files(boot, archive, tmp_path):
    """A file is as old as the archive says; those without a time are of one
    age, or what was compiled would be older than its source."""
    data = archive({"init": AGES, "etc/dated": b"", "etc/a": b"", "z/b": b""},
                   busybox=True).read_bytes()
    mtime = data.index(b"etc/dated\0") - 110 + 46
    data = data[:mtime] + b"%08x" % 1000000000 + data[mtime + 8:]
    (tmp_path / "dated.cpio").write_bytes(data)
    machine = boot(initrd=tmp_path / "dated.cpio")
    machine.serial.expect("^1000000000$")
    machine.serial.expect("^of one age$")
    machine.wait_exit()


BROKEN = {
    "gzip": (lambda good: gzip.compress(good), "compressed"),
    "truncated": (lambda good: good[:len(good) // 2], "initramfs"),
    "garbage": (lambda good: b"\xa5" * len(good), "initramfs"),
    "no-trailer": (lambda good: good[:good.rindex(b"070701")], "^hotcow"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_bad_initramfs(boot, archive, hello, tmp_path, how):
    """A bad archive gets a message. What is whole of it may be used, and
    then init runs; else there is none, and nothing worse may happen."""
    damage, word = BROKEN[how]
    good = archive({"init": hello()}).read_bytes()
    (tmp_path / "bad.cpio").write_bytes(damage(good))
    machine = boot(initrd=tmp_path / "bad.cpio")
    machine.serial.expect(f"(?i){word}")
    machine.watch.wait(machine.ended, "the end")
    if machine.process.status != outcome.EXIT_OK:
        assert "no init" in machine.how_it_ended()


def test_no_initramfs(boot):
    """No archive at all."""
    machine = boot(initrd="")
    machine.serial.expect("no init")
    machine.wait_exit(outcome.EXIT_PANIC)


# What a mistake is called, and a function that must be in the backtrace.
PANICS = {
    "1": ("asked for by panic_test=1", "panic_if_asked"),
    "frame": ("page fault in the kernel", "touch_nothing|panic_if_asked"),
    "text": ("page fault in the kernel", "write_text|panic_if_asked"),
    "stack": ("double fault in the kernel", "deeper"),
    "order": ("lock order: .outer. .* wanted with .inner.", "lock_backwards"),
    "sleep": ("sleep with a spinlock held .* inner", "sleep_with_lock"),
    "irq": ("lock .outer.: taken by an interrupt, and with interrupts on",
            "lock_against_interrupt"),
    "page": ("lock order: .planted. .* wanted with .page. .* held",
             "lock_below_page|plant"),
    "alloc": ("lock order: .reclaim. .* wanted with .planted. .* held",
              "allocate_below_reclaim"),
    "kill": ("not killable: planted", "wait_unkillably|panic_if_asked"),
    "twice": ("is freed twice", "panic_if_asked"),
}


@pytest.mark.parametrize("word", PANICS)
def test_panic(boot, archive, hello, word):
    """A mistake of the kernel's is found, told where it is by name, and ends
    QEMU with a bad status."""
    what, where = PANICS[word]
    machine = boot(append=f"panic_test={word}", cpus=2,
                   initrd=archive({"init": hello()}))
    machine.serial.expect(f"^panic: .*{what}")
    if word == "stack":
        machine.serial.expect("the kernel stack has overflowed")
    machine.serial.expect("^called from:")
    machine.serial.expect(rf"\] ({where})\S*\+0x")
    machine.wait_exit(outcome.EXIT_PANIC)


@pytest.mark.parametrize("memory", [2, 4, 6, 9])
def test_too_little_memory(boot, archive, hello, memory):
    """That is said, with how much there is, and is no mistake of ours: neither
    of a kernel that does not fit, nor of an initramfs that does not."""
    machine = boot(memory=memory, initrd=archive(
        {"etc/large": bytes(5 << 20), "init": hello()}))
    machine.serial.expect("^panic: too little memory for .* KiB")
    machine.wait_exit(outcome.EXIT_PANIC)
    assert not any("called from" in line for line in machine.serial.lines)


@pytest.mark.parametrize("feature", ["fxsr", "apic", "nx", "tsc"])
def test_lesser_processor(boot, feature):
    """A processor that lacks what the kernel needs is told what."""
    machine = boot(cpu=f"qemu64,-{feature}")
    machine.serial.expect(f"^panic: this processor lacks {feature}:")
    machine.wait_exit(outcome.EXIT_PANIC)


def test_many_processors(boot, archive, hello):
    """Those that find no room are counted aloud."""
    machine = boot(cpus=18, initrd=archive({"init": hello()}))
    machine.serial.expect("^2 processors are not started: .* 16 at most")
    machine.serial.expect("16 processors$")
    machine.wait_exit()


@pytest.mark.parametrize("pit", ["on", "off"])
def test_microvm(boot, archive, pit):
    """A machine without a PC's timer tells the time all the same."""
    init = b"#!/bin/sh\nmount -t proc proc /proc\ncat /proc/uptime\n"
    machine = boot(extra=["-machine", f"microvm,pit={pit}"], memory=128,
                   initrd=archive({"init": init, "proc/x": b""},
                                  busybox=True))
    up, idle = machine.serial.expect(r"^(\d+\.\d+) (\d+\.\d+)$").groups()
    assert float(idle) <= float(up) < 5
    machine.wait_exit()


DMESG = b"""#!/bin/sh
mount -t devtmpfs devtmpfs /dev
i=0
while [ $i -lt 1500 ]; do i=$((i + 1)); echo "line $i" >/dev/kmsg; done
dmesg | tail -n 1 | grep -c '^.  *[0-9]*[.][0-9]*. line 1500$'
dmesg | wc -l
dmesg -s 20000 | wc -l
dmesg -c | head -n 1 | sed 's/.*line/first/'
dmesg | wc -l
"""


def test_dmesg(boot, archive):
    """busybox's dmesg shows the kernel's last messages, whole lines of them,
    and forgets them if told to."""
    machine = boot(initrd=archive({"init": DMESG, "dev/x": b""},
                                  busybox=True))
    machine.serial.expect("^line 1500$")
    machine.serial.expect("^1$")
    kept = int(machine.serial.expect(r"^(\d+)$")[1])
    assert 1000 < kept < 1500
    assert 600 < int(machine.serial.expect(r"^(\d+)$")[1]) < 800
    machine.serial.expect(rf"^first {1500 - kept + 1}$")
    machine.serial.expect("^0$")
    machine.wait_exit()
