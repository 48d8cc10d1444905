# SPDX-License-Identifier: MIT
"""`make compare`: the argument of February 2005, run on a machine.

Boots the kernel under each design that is in mm/cow/, asks the four questions,
and prints what each design did, side by side, and what follows from it. Then
it holds each design to what its file says of itself: exit status 0 if and only
if each kept what it promises, and showed the price of what it gives up
(naive's loss of data included).
"""
from __future__ import annotations

import argparse
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

from . import findings, paths, questions

PROMISED, GIVEN_UP = "promised", "given up"     # /proc/cowinfo's words
NARROWEST = 14  # column of a table


def _fill(text, head, indent):
    print(textwrap.fill(text, 79, initial_indent=head,
                        subsequent_indent=" " * indent))


# A question: its steps, its figures, its answer.

def _promises(answer):
    """For the order of columns: who promises most is last."""
    return (sum(answer.says.get(p) == PROMISED for p in findings.PROPERTIES),
            answer.design)


def _print_step(number, said):
    """One step of all designs; said is {text: the designs that say it}."""
    if len(said) == 1:
        _fill(next(iter(said)), f"      {number} ", 8)
        return
    for i, (text, designs) in enumerate(said.items()):
        head = f"      {number} " if i == 0 else " " * 8
        _fill(f"{', '.join(designs)}: {text}", head, 10)


def _print_part(heading, steps_of):
    """steps_of is {design: [(number, text)]} of one variant."""
    if heading:
        _fill(heading, "    ", 6)
    for i in range(max(map(len, steps_of.values()))):
        said = {}
        for design, steps in steps_of.items():
            if i < len(steps):
                number, text = steps[i]
                said.setdefault(text, []).append(design)
        _print_step(number, said)


def _print_steps(answers):
    headings = []
    for answer in answers:
        headings += [h for h, _ in answer.parts if h not in headings]
    for heading in headings:
        _print_part(heading, {a.design: dict(a.parts)[heading]
                              for a in answers if heading in dict(a.parts)})


def _rows(answer):
    """The figures as {name: value}; a heading's value is empty."""
    heading, rows = "", {}
    try:
        for name, value in findings.ROWS[answer.question](answer.facts):
            heading = heading if value is not None else name
            rows[heading, name] = "" if value is None else str(value)
    except (KeyError, TypeError, ValueError):
        return {}   # the findings say what is missing
    return rows


def _print_table(columns):
    """columns is {design: {(heading, name): value}}, all with the same keys,
    or some with none."""
    names = max(columns.values(), key=len)
    widths = {d: max([NARROWEST, len(d) + 2]
                     + [len(v) + 2 for v in rows.values()])
              for d, rows in columns.items()}
    wide = max(len(name) for _, name in names) + 2
    print(f"    {'':{wide}}" + "".join(
        f"{d:{widths[d]}}" for d in columns).rstrip())
    for key in names:
        print((f"    {key[1]:{wide}}" + "".join(
            f"{rows.get(key, '-'):{widths[d]}}"
            for d, rows in columns.items())).rstrip())


def print_question(question, answers):
    """All that is known of one question."""
    print()
    _fill(findings.TITLES[question], f"Question {question}. ", 12)
    print()
    _print_steps(answers)
    print()
    columns = {a.design: _rows(a) for a in answers}
    if any(columns.values()):
        _print_table(columns)
        print()
    said = findings.ANSWERS[question]({a.design: a.facts for a in answers})
    for text in said or ["no answer: too little was measured."]:
        _fill(text, "  => ", 5)


# The verdict.

def _judge_word(says, found, complete):
    """What became of a word that a design gave: (cell, what broke it)."""
    wrong = [f.text for f in found if not f.holds]
    if says == PROMISED:
        return ("BROKEN" if wrong else "kept" if found else "?"), wrong
    if says == GIVEN_UP:
        if wrong:
            return "given up, seen", []
        return ("BROKEN", ["nothing showed it"]) if complete else ("?", [])
    return "nothing said", []


def judge(answers, complete=True):
    """One design's answers: ({property: cell}, [what is broken, in words]).

    With all questions asked (complete), what is given up must have shown.
    """
    design = answers[0].design
    says = next((a.says for a in answers if a.says), {})
    found = [f for a in answers for f in findings.find(a)]
    broken = [f"{design}: {f.text}" for f in found
              if f.property == findings.KERNEL and not f.holds]
    broken += [f"{design}, question {a.question}: {p}"
               for a in answers for p in a.problems]
    if says and says.get("design") != design:
        broken.append(f"{design}: its file gives it the name "
                      f"{says.get('design')}")
    cells = {}
    for name, promise in findings.PROPERTIES.items():
        cells[name], wrong = _judge_word(
            says.get(name), [f for f in found if f.property == name],
            complete)
        verb = "gives up" if says.get(name) == GIVEN_UP else "promises"
        broken += [f"{design} {verb} that {promise}: {w}" for w in wrong]
    return cells, broken


def print_verdict(answers_of, complete=True):
    """Of all designs, {design: its answers}: how much is broken."""
    columns, broken = {}, []
    for design, answers in answers_of.items():
        cells, wrong = judge(answers, complete)
        columns[design] = {("", findings.PROPERTIES[p]): cell
                           for p, cell in cells.items()}
        broken += wrong
    print("\nWhat each design says of itself, and what became of it\n")
    _print_table(columns)
    print()
    for text in broken:
        _fill(text, "  BROKEN: ", 10)
    for answers in answers_of.values():
        for a in answers:
            if broken and a.folder:
                print(f"          {a.design}, question {a.question}: "
                      f"{a.folder}")
    judged = sum(cell in ("kept", "given up, seen", "BROKEN")
                 for cells in columns.values() for cell in cells.values())
    print(f"{judged} words of {len(columns)} design(s) were put to the test; "
          f"{len(broken)} broken.")
    if judged and not broken:
        print("Every design does what its file in mm/cow/ says.")
    return len(broken)


def main(argv=None):
    """Ask, print, judge; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--question", choices=list(findings.TITLES),
                        action="append")
    parser.add_argument("--design", choices=paths.designs(), action="append")
    parser.add_argument("--jobs", type=int, default=2,
                        help="machines that run at a time")
    args = parser.parse_args(argv)
    asked = args.question or list(findings.TITLES)
    designs = args.design or paths.designs()

    print("hotcow: who owns a page? Each column is one kernel, built with "
          "DESIGN=...")
    answers_of = {}
    with ThreadPoolExecutor(args.jobs) as pool:
        runs = {(q, d): pool.submit(questions.ask, q, d)
                for q in asked for d in designs}
        for question in asked:
            answers = sorted((runs[question, d].result() for d in designs),
                             key=_promises)
            print_question(question, answers)
            for answer in answers:
                answers_of.setdefault(answer.design, []).append(answer)
    broken = print_verdict(answers_of, asked == list(findings.TITLES))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
