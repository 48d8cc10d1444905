# SPDX-License-Identifier: MIT
"""Where things are in the tree."""
from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
RUNS = Path(os.environ.get("HOTCOW_RUNS", BUILD / "runs"))


def variant(design, debug=True, testpoints=False, poison=False):
    """The build folder of one variant, named as the Makefile names it."""
    return BUILD / (design + ("" if debug else "-nodebug")
                    + ("-testpoints" if testpoints else "")
                    + ("-poison" if poison else ""))


def designs():
    """Every design there is: each is one file."""
    return sorted(p.stem for p in (ROOT / "mm" / "cow").glob("*.c"))
