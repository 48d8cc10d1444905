# SPDX-License-Identifier: MIT
"""The machine's own screen and keyboard: a console, and a second screen."""
from __future__ import annotations

import pytest

from tests.harness import paths
from tests.harness.screen import COLS, ROWS, VGA, Screen

# A shell on the first screen; what the second one runs is the test's.
INIT = r"""#!/bin/sh
export PATH=/bin:/sbin:/usr/bin:/usr/sbin TERM=linux PS1='$ '
mount -t proc proc /proc
SECOND
echo ready
setsid -c sh </dev/tty1 >/dev/tty1 2>&1
echo ended
read line </dev/ttyS0
"""


@pytest.fixture
def console(boot, archive):
    """A function that starts a machine with a screen: it, and the screen."""
    def start(second="", **facts):
        init = INIT.replace("SECOND", second).encode()
        machine = boot(**{"initrd": archive(
            {"init": init, "bin/memmap": paths.BUILD / "user" / "memmap"},
            busybox=True),
                          "init": "/init", "console": "tty0 ttyS0",
                          "extra": VGA, **facts})
        machine.serial.expect("^ready$")
        screen = Screen(machine)
        screen.expect(at_prompt)
        return machine, screen
    return start


def at_end(lines):
    """The last row that says something, or 0."""
    return max((at for at, line in enumerate(lines) if line.strip()),
               default=0)


def at_prompt(lines):
    """That is the prompt alone."""
    return lines[at_end(lines)].rstrip() == "$"


def leave(machine, screen):
    """The end of the shell is the end of the machine, when we say so: not
    before QEMU has answered for the last key."""
    screen.run("exit")
    machine.serial.expect("^ended$")
    machine.serial.send("")
    machine.wait_exit()


def test_shell(console, design, cpus):
    """What is typed is run, and its output is seen; so are messages."""
    machine, screen = console(design=design, cpus=cpus)
    assert any("hotcow: design" in line for line in screen.lines())
    screen.run("tty; echo Up_AND-down | tr a-z A-Z; stty size")
    screen.expect("UP_AND-DOWN")
    lines = [line.rstrip() for line in screen.expect(at_prompt)]
    assert "/dev/tty1" in lines and "25 80" in lines
    screen.run("echo a message >/dev/kmsg")
    machine.serial.expect("^a message$")
    screen.expect(lambda lines: any(x.startswith("a message") for x in lines))
    leave(machine, screen)


def test_keys(console):
    """Shift, Caps Lock, Alt, arrows and the other keys, as bytes."""
    machine, screen = console()
    screen.run("stty raw -echo; head -c 29 | od -An -tx1 >/dev/ttyS0; "
               "stty sane")
    machine.wait_idle()
    for keys in (["a"], ["shift", "a"], ["caps_lock"], ["a"], ["1"],
                 ["caps_lock"], ["ctrl", "a"], ["alt", "a"], ["up"],
                 ["home"], ["pgdn"], ["f1"], ["f12"], ["backspace"],
                 ["kp_enter"]):
        screen.press(*keys)
        machine.wait_idle()
    machine.serial.expect("^ 61 41 41 31 01 1b 61 1b 5b 41 1b 5b 31 7e 1b 5b$")
    machine.serial.expect("^ 36 7e 1b 5b 5b 41 1b 5b 32 34 7e 7f 0d$")
    screen.expect(at_prompt)
    leave(machine, screen)


def test_interrupt(console):
    """Ctrl-C ends the foreground job, Ctrl-Z stops it; the shell stays."""
    machine, screen = console()
    screen.run("sh -c 'echo on >/dev/ttyS0; cat'")
    machine.serial.expect("^on$")
    screen.press("ctrl", "c")
    screen.run("echo status $?")
    screen.expect("status 130")
    screen.run("sh -c 'echo on >/dev/ttyS0; cat'")
    machine.serial.expect("^on$")
    screen.press("ctrl", "z")
    screen.expect("Stopped")
    screen.run("fg")
    screen.expect(lambda lines: lines[at_end(lines)].startswith("sh -c"))
    screen.run("back")
    screen.expect(lambda lines: [x.rstrip() for x in lines].count("back") == 2)
    screen.press("ctrl", "c")
    screen.run("echo again $?")
    screen.expect("again 130")
    leave(machine, screen)


def test_second_screen(console):
    """Alt-F2 shows what went on there unseen; Alt-F1 shows all as it was."""
    machine, screen = console(
        second="setsid -c top -d 1 </dev/tty2 >/dev/tty2 2>&1 &")
    screen.run("echo the first")
    first = screen.expect(at_prompt)
    screen.press("alt", "f2")
    screen.expect(lambda lines: "Mem:" in lines[0]
                  and any("PID" in line for line in lines))
    screen.press("q")
    screen.press("alt", "f1")
    assert screen.expect(lambda lines: lines == first)
    screen.run("chvt 2")
    screen.expect(lambda lines: "Mem:" in lines[0])
    screen.press("alt", "f1")
    screen.expect("$ chvt 2")
    leave(machine, screen)


def test_memmap_on_a_narrow_screen(console):
    """Nothing of the map is wider than the terminal says that it is."""
    machine, screen = console()
    screen.run("stty cols 60; memmap")
    lines = screen.expect(lambda lines: "q quit" in lines[ROWS - 2])
    assert lines[0].startswith("memmap")
    assert not any(line[60:].strip() for line in lines)
    screen.press("q")
    screen.expect(at_prompt)
    leave(machine, screen)


def test_vi(console, design):
    """vi draws, edits and saves; the screen is the shell's again after it."""
    machine, screen = console(design=design)
    screen.run("seq 1 100 >/tmp/text; vi /tmp/text")
    screen.expect(lambda lines: lines[ROWS - 2].startswith("24 "))
    screen.press("shift", "g")
    screen.expect("100/100")
    screen.press("o")
    screen.type("the last line")
    screen.press("esc")     # with what follows at once it would be a key
    screen.expect("- /tmp/text")
    screen.run(":wq")
    screen.expect(lambda lines: any("vi /tmp/text" in x for x in lines))
    screen.run("tail -n 1 /tmp/text >/dev/ttyS0")
    machine.serial.expect("^the last line$")
    leave(machine, screen)


def test_less(console):
    """less goes down and up again by a page."""
    machine, screen = console()
    screen.run("seq 1 100 | less")
    screen.expect(lambda lines: lines[0].startswith("1 "))
    screen.press("pgdn")
    screen.expect(lambda lines: lines[0].startswith("25 "))
    screen.press("pgup")
    screen.expect(lambda lines: lines[0].startswith("1 "))
    screen.press("q")
    screen.expect(lambda lines: lines[ROWS - 1].startswith("$"))
    leave(machine, screen)


def test_scroll(console):
    """Lines run off the top of the screen; the serial line has none of it."""
    machine, screen = console()
    before = len(machine.serial.lines)
    screen.run("seq 1 300")
    lines = screen.expect(lambda lines: lines[ROWS - 1].startswith("$"))
    assert [int(line) for line in lines[:-1]] == list(range(277, 301))
    assert len(machine.serial.lines) == before
    leave(machine, screen)


def test_what_programs_draw(console):
    """Frames, colours and the answer to "where is the cursor?"."""
    machine, screen = console()
    screen.run(r"printf '\033[2J\033[3;5H\342\224\214\033[1;31;44mX\033[0m'"
               r"'\033(0x\033(B\033[6n'")
    lines = screen.expect(lambda lines: lines[2][4:7] == "┌X│")
    cell = (2 * COLS + 5) * 2
    assert screen.cells()[cell:cell + 2] == bytes([ord("X"), 0x1c])
    assert lines[2][:4].strip() == ""
    screen.press("ret")
    leave(machine, screen)


def test_panic_is_seen(boot):
    """A panic goes to all that there are, whatever the command line says."""
    machine = boot(append="panic_test=1", exit_debug=False, extra=VGA)
    machine.serial.expect("panic: asked for")
    lines = Screen(machine).expect("panic: asked for by panic_test=1")
    assert "hotcow: design" not in "".join(lines)


def test_no_screen(boot, archive):
    """Without a VGA there is none, and the serial line is the console."""
    init = b"#!/bin/sh\n[ -e /dev/tty1 ] || echo no screen\n"
    machine = boot(initrd=archive({"init": init}, busybox=True),
                   console="tty0")
    machine.serial.expect("^no screen$")
    machine.wait_exit()


def test_console_is_the_screen(boot, archive):
    """The last console= is /dev/console."""
    init = b"#!/bin/sh\necho on the screen; echo on the line >/dev/ttyS0\n" \
           b"read line; echo $line >/dev/ttyS0; read line </dev/ttyS0\n"
    machine = boot(initrd=archive({"init": init}, busybox=True),
                   console="ttyS0 tty0", extra=VGA)
    machine.serial.expect("^on the line$")
    screen = Screen(machine)
    screen.expect("on the screen")
    screen.run("typed")
    machine.serial.expect("^typed$")
    machine.serial.send("")
    machine.wait_exit()
    assert "on the screen" not in machine.serial.lines


def test_make_run_screens(boot):
    """The usual first program: a shell, and the map behind Alt-F2."""
    machine = boot(extra=VGA, memory=128, exit_debug=False)
    screen = Screen(machine)
    screen.expect("hotcow:~#")
    screen.run("echo $((6 * 7)) done")
    screen.expect("42 done")
    screen.press("alt", "f2")
    screen.expect(lambda lines: "DIMM" in "".join(lines)
                  or "soldered" in "".join(lines))
    screen.press("alt", "f1")
    screen.expect("42 done")
    machine.serial.send("poweroff -f")
    machine.wait_power_off()

