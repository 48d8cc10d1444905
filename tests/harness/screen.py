# SPDX-License-Identifier: MIT
"""The machine's own screen and keyboard: what is seen, and keys.

The keyboard has room for 16 bytes, the scancodes of three keys or so, and
forgets what comes when it is full: the next key is pressed when the guest has
taken all of the last one.
"""
from __future__ import annotations

import time

from .machine import Machine

TEXT, ROWS, COLS = 0xb8000, 25, 80
VGA = ["-vga", "std"]       # for Spec.extra
# The monitor's command for "read port 0x64", the keyboard controller's status,
# and the bit that says that there is a byte for the guest.
STATUS, FULL = "i /bx 0x64", 1

NAMES = {
    " ": "spc", "\n": "ret", "\t": "tab", "\033": "esc", "-": "minus",
    "=": "equal", "[": "bracket_left", "]": "bracket_right",
    ";": "semicolon", "'": "apostrophe", "`": "grave_accent",
    "\\": "backslash", ",": "comma", ".": "dot", "/": "slash",
}
SHIFTED = dict(zip('~!@#$%^&*()_+{}|:"<>?', "`1234567890-=[]\\;',./"))


def keys_of(char: str) -> list[str]:
    """The keys of a US keyboard that make a character."""
    if char in SHIFTED:
        return ["shift", *keys_of(SHIFTED[char])]
    if char.isupper():
        return ["shift", char.lower()]
    return [NAMES.get(char, char)]


class Screen:
    """One machine's; it was started with VGA among its extra words."""

    def __init__(self, machine: Machine):
        self._machine = machine

    def cells(self) -> bytes:
        """Glyph, attribute, glyph, attribute..."""
        path = self._machine.folder / "screen.bin"
        self._machine.qmp.command(
            "pmemsave", val=TEXT, size=ROWS * COLS * 2, filename=str(path))
        return path.read_bytes()

    def lines(self) -> list[str]:
        """The text of each row."""
        text = self.cells()[::2].decode("cp437").replace("\0", " ")
        return [text[at:at + COLS] for at in range(0, ROWS * COLS, COLS)]

    def expect(self, wanted) -> list[str]:
        """Wait until wanted(lines), or until there is this text; a row goes
        on in the next one."""
        found = wanted if callable(wanted) else (
            lambda lines: wanted in "".join(lines))
        look = _Look(self, found)
        what = "the right screen" if callable(wanted) else f"{wanted!r} there"
        try:
            return self._machine.watch.wait(look, what)
        except Exception:
            print("\n".join(["The screen:", *map(str.rstrip, look.lines)]))
            raise

    def press(self, *keys: str):
        """Keys that are held together: press("ctrl", "c"). The guest has
        taken them then."""
        downs = [_event(key, True) for key in keys]
        ups = [_event(key, False) for key in reversed(keys)]
        self._machine.qmp.command("input-send-event", events=downs + ups)
        self._machine.watch.wait(self._taken, f"the guest to take {keys}")

    def _taken(self) -> bool:
        status = self._machine.qmp.monitor(STATUS).split("=")[-1]
        return not int(status, 16) & FULL

    def type(self, text: str):
        """Characters that the screen shows as they are typed."""
        for char in text:
            self.press(*keys_of(char))
        self.expect(text[-20:])

    def run(self, command: str):
        """A command line."""
        self.type(command)
        self.press("ret")


class _Look:
    """Looks at a screen less often the longer nothing has happened on it:
    each look costs QEMU time, and would make a sleeping guest seem busy."""

    def __init__(self, screen, found):
        self.lines: list[str] = []
        self._screen, self._found = screen, found
        self._looked = self._changed = time.monotonic()

    def __call__(self):
        now = time.monotonic()
        if self.lines and now - self._looked < (now - self._changed) / 4:
            return None
        self._looked = now
        lines = self._screen.lines()
        if lines != self.lines:
            self.lines, self._changed = lines, now
        return lines if self._found(lines) else None


def _event(key: str, down: bool) -> dict:
    return {"type": "key", "data": {
        "down": down, "key": {"type": "qcode", "data": key}}}
