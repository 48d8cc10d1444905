# SPDX-License-Identifier: MIT
"""docs/abi.md names every call that the kernel has, and no other."""
import re

from tests.harness import paths


def test_table_of_calls():
    """The document cannot rot."""
    kernel = (paths.ROOT / "kernel" / "syscall.c").read_text()
    have = set(re.findall(r"\[\d+\] = sys_([a-z0-9_]+)", kernel))
    text = (paths.ROOT / "docs" / "abi.md").read_text(encoding="utf-8")
    part = text.split("## Calls", 1)[1].split("\n## ")[0]
    named = set()
    for row in re.findall(r"^\| ([a-z][a-z0-9_ ]*) \|", part, re.M):
        named |= set(row.split())
    assert named - {"calls"} == have
