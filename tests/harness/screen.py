# SPDX-License-Identifier: MIT
"""The machine's own screen and keyboard: what is seen, and keys.

The keyboard has room for a few scancodes only, so that text is typed a little
at a time: the next piece when the screen shows the last one.
"""
from __future__ import annotations

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
        """Wait until wanted(lines), or until a row has this text."""
        found = wanted if callable(wanted) else (
            lambda lines: any(wanted in line for line in lines))
        what = "the screen" if callable(wanted) else f"{wanted!r}"
        watch = self._machine.watch
        seen: list[list[str]] = []

        def look():
            seen[:] = [self.lines()]
            return seen[0] if found(seen[0]) else None

        try:
            return watch.wait(look, f"{what} on the screen")
        except Exception:
            print("\n".join(["The screen:", *map(str.rstrip, seen[0])]))
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


def _event(key: str, down: bool) -> dict:
    return {"type": "key", "data": {
        "down": down, "key": {"type": "qcode", "data": key}}}
