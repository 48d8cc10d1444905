# SPDX-License-Identifier: MIT
"""The machine's own screen and keyboard: what is seen, and keys.

The keyboard has room for a few scancodes only, so that text is typed a little
at a time: the next piece when the screen shows the last one.
"""
from __future__ import annotations

import time

from .machine import Machine

TEXT, ROWS, COLS = 0xb8000, 25, 80
VGA = ["-vga", "std"]       # for Spec.extra
PIECE = 3                   # characters at once

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
        self._machine.patience.ask(
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
        """Keys that are held together: press("ctrl", "c")."""
        downs = [_event(key, True) for key in keys]
        ups = [_event(key, False) for key in reversed(keys)]
        self._machine.qmp.command("input-send-event", events=downs + ups)

    def type(self, text: str):
        """Characters that the screen shows as they are typed."""
        done = ""
        for at in range(0, len(text), PIECE):
            for char in text[at:at + PIECE]:
                self.press(*keys_of(char))
            done += text[at:at + PIECE]
            self.expect(done[-20:])

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
