# SPDX-License-Identifier: MIT
"""Would the unit tests notice? Each mutant is built and run; it must fail."""
from __future__ import annotations

import re
import subprocess

import pytest

from tests.harness import paths

from .mutants import MUTANTS


def build(mutant):
    """The unit tests, linked with the file as it is edited."""
    text = (paths.ROOT / mutant.file).read_text(encoding="utf-8")
    for old, new in mutant.edits:
        assert text.count(old) == 1, f"{mutant.file}: not there once:\n{old}"
        text = text.replace(old, new)
    edited = paths.BUILD / "mutants" / mutant.name / mutant.file
    edited.parent.mkdir(parents=True, exist_ok=True)
    edited.write_text(text, encoding="utf-8")
    subprocess.run(["make", "-s", "mutant", f"MUTANT={mutant.name}",
                    f"MUTATED={mutant.file}", f"DESIGN={mutant.design}"],
                   cwd=paths.ROOT, check=True)
    return paths.BUILD / "mutants" / mutant.name / "test"


def failed(program):
    """The tests that failed."""
    run = subprocess.run([program], capture_output=True, text=True,
                         timeout=120, check=False)
    return set(re.findall(r"^FAILED .*: (\w+)$", run.stdout, re.M))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name)
def test_mutant(mutant):
    """It fails, and by the test that is there for it."""
    assert mutant.noticed_by in failed(build(mutant)), mutant.rule
