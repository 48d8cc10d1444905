# SPDX-License-Identifier: MIT
"""`make compare`: the stock designs, a student's, and how it judges."""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import partial

import fakeguest
import pytest

from tests.harness import compare, findings, paths, questions
from tests.harness.machine import Machine
from tests.harness.outcome import EXIT_INIT_FAILED
from tests.harness.questions import Answer

LINKED = ["LICENSE", "Makefile", "boot", "drivers", "fs", "kernel",
          "linker.ld", "tools", "user"]


def tree_with_design(tree, name, text):
    """A tree like ours with one more design, and its kernels, built.

    What the design shares with the others is not compiled again.
    """
    (tree / "mm").mkdir(parents=True)
    for entry in LINKED:
        (tree / entry).symlink_to(paths.ROOT / entry)
    for entry in (paths.ROOT / "mm").iterdir():
        if entry.name != "cow":
            (tree / "mm" / entry.name).symlink_to(entry)
    shutil.copytree(paths.ROOT / "mm" / "cow", tree / "mm" / "cow")
    (tree / "mm" / "cow" / f"{name}.c").write_text(text)
    shutil.copytree(paths.ROOT / "tests" / "harness",
                    tree / "tests" / "harness")
    (tree / "build").mkdir()
    for entry in ("initramfs.cpio", ".setup"):
        shutil.copy2(paths.BUILD / entry, tree / "build" / entry)
    for points in (0, 1):
        shutil.copytree(paths.variant("mapcount", testpoints=points),
                        tree / "build" / paths.variant(
                            name, testpoints=points).name)
        subprocess.run(["make", "-s", f"DESIGN={name}", f"TESTPOINTS={points}",
                        "kernel"], cwd=tree, check=True)


def run_compare(tree, *words):
    """compare's exit status and what it said, of that tree."""
    done = subprocess.run([sys.executable, "-m", "tests.harness.compare",
                           *words], cwd=tree, capture_output=True, text=True,
                          env={**os.environ, "HOTCOW_RUNS": str(
                              paths.RUNS / "student")}, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, " ".join(done.stdout.split())


def changed(design, *pairs):
    """The text of a design's file with each old replaced by its new."""
    text = (paths.ROOT / "mm" / "cow" / f"{design}.c").read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


def test_stock_designs(capsys):
    """Each of them does what its file says of itself."""
    assert compare.main([]) == 0, capsys.readouterr().out
    said = " ".join(capsys.readouterr().out.split())
    assert "naive: reclaim took the page out of the page table" in said
    assert "all 512 bytes are lost" in said


def test_student_design(tmp_path):
    """A design that keeps every page is built, run and found out."""
    tree_with_design(tmp_path / "tree", "always", changed(
        "mapcount", ('"mapcount"', '"always"'),
        ("return owners == 1;", "return owners >= 0;")))
    status, said = run_compare(tmp_path / "tree", "--design", "always")
    assert status == 1
    assert ("BROKEN: always promises that no process reads what another one "
            "wrote; question 1, two-owners") in said
    assert "C reads the new byte" in said
    assert "C writes to the page of both, which is kept" in said
    assert "always promises that what a device brings" not in said


# The judge, with answers that were made up.

@pytest.fixture
def guest_says(tmp_path):
    """A function: the answer to question 1 by a guest that says just this,
    and that it failed."""
    def make(text):
        kernel = fakeguest.build(
            tmp_path, f"@begin q1\n{text}mm_verify: 0 mistakes\n@end q1 fail\n",
            fakeguest.exit_with(EXIT_INIT_FAILED))
        with Machine(kernel=kernel, initrd="", memory=32,
                     name="compare") as machine:
            return questions.play(
                "1", machine, partial(questions.rows_by, "variant"))[0]
    return make


def answer(question, design, says=None, facts=None, problems=None):
    """An answer of a design that says this of itself."""
    says = {"design": design, **(says or {})}
    return Answer(question, design, says, [], facts or {}, problems or [])


ONE_READ = {"left": False, "passes": "12", "refused": 12, "lost": 0,
            "moved": 0, "in_flight": 0, "fault_slept": 0}


def test_promises_are_kept_to():
    """What breaks a promise is said in words, of any name."""
    bad = answer("3b", "tenth", {"lets_memory_leave": "promised",
                                 "loses_nothing": "promised"}, ONE_READ)
    cells, broken = compare.judge([bad], complete=False)
    assert cells["lets_memory_leave"] == "BROKEN"
    assert cells["loses_nothing"] == "kept"
    assert cells["keeps_apart"] == "nothing said"
    assert [b.text for b in broken] == [
        "tenth promises that memory can leave although raw I/O never pauses; "
        "question 3b, the DIMM stays: removal gives up after 12 passes and 12 "
        "unmaps that were refused"]


def test_what_is_given_up_must_show():
    """A design that gives up what it then keeps is found out too."""
    says = {"lets_memory_leave": "given up"}
    cells, broken = compare.judge([answer("3b", "tenth", says, ONE_READ)])
    assert cells["lets_memory_leave"] == "given up, seen" and not broken
    good = {**ONE_READ, "left": True, "moved": 1}
    cells, broken = compare.judge([answer("3b", "tenth", says, good)])
    assert [b.text for b in broken] == [
        "tenth: given up: that memory can leave although raw I/O never "
        "pauses; and nothing showed it"]


def test_a_failed_expectation_is_the_verdict(guest_says):
    """In words; and what else was measured is judged all the same."""
    found = guest_says("@design design: mapcount\n"
                       "@design keeps_apart: promised\n"
                       "@result variant=two-owners c_reads=new\n"
                       "@expect the disk obeys: FAILED\n")
    _, broken = compare.judge([found])
    said = "\n".join(b.text for b in broken)
    assert "mapcount, question 1: the disk obeys: FAILED" in said
    assert "C reads the new byte" in said
    assert "status 35" not in said


def test_what_was_said_before_the_end_counts(tmp_path, monkeypatch):
    """Of a guest that goes no further, too."""
    kernel = fakeguest.build(
        tmp_path, "@begin q1\n@design keeps_apart: promised\n@result "
        "variant=two-owners c_reads=new\n", fakeguest.HALT)
    monkeypatch.setattr(questions, "_machine", lambda *args, **facts: Machine(
        kernel=kernel, initrd="", memory=32, name="compare"))
    found = questions.ask("1", "mapcount")
    said = "\n".join(b.text for b in compare.judge([found])[1])
    assert "C reads the new byte" in said
    assert "nothing will wake it" in said


def test_no_answer_without_figures(capsys):
    """Neither over empty tables nor over half a run."""
    for question in findings.TITLES:
        compare.print_question(question, [answer(question, "tenth")])
    said = capsys.readouterr().out
    assert said.count("=> no answer: too little was measured.") == 5
    assert said.count("=>") == 5
    compare.print_question("1", [answer(
        "1", "tenth", facts={"read-first": {"lost": 512, "cow": "copy"}})])
    assert "=> no answer" in capsys.readouterr().out


def test_every_file_is_a_design(monkeypatch, capsys):
    """Whatever lies in mm/cow/ is asked; who promises most comes last."""
    def ask(question, design):
        says = {"keeps_apart": "promised"} if design == "alpha" else {}
        return answer(question, design, says)

    monkeypatch.setattr(paths, "designs", lambda: ["alpha", "beta"])
    monkeypatch.setattr(questions, "ask", ask)
    assert compare.main(["--question", "3a"]) == 1
    said = capsys.readouterr().out
    assert "beta" in said and said.index("beta") < said.index("alpha")
