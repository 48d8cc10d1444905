# SPDX-License-Identifier: MIT
"""What the documents say twice, they say alike."""
from __future__ import annotations

import re

from tests.harness import findings, paths


def text_of(name):
    """A file of the tree."""
    return (paths.ROOT / name).read_text()


def test_packages():
    """README lists what tools/setup.sh installs."""
    listed = re.search(r"called there:(.*?)\. `make", text_of("README.md"),
                       re.S).group(1)
    installed = re.search(r'^packages="(.*?)"', text_of("tools/setup.sh"),
                          re.S | re.M).group(1)
    assert sorted(re.split(r",\s+", listed.strip())) == sorted(
        installed.split())


def test_promises():
    """docs/designs.md has the table of what each design file says."""
    words = {"COW_PROMISES": "promised", "COW_GIVES_UP": "given up"}
    table = {}
    for line in re.findall(r"^\|.*", text_of("docs/designs.md"), re.M):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        table[cells[0]] = cells[1:]
    designs = table[""]
    for name, promise in findings.PROPERTIES.items():
        said = [words[re.search(rf"\.{name} = (\w+)",
                                text_of(f"mm/cow/{d}.c")).group(1)]
                for d in designs]
        assert table[promise] == said, promise
