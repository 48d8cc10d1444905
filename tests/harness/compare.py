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
from dataclasses import dataclass

from . import command, findings, paths, questions

PROMISED, GIVEN_UP = "promised", "given up"     # /proc/cowinfo's words
NOT_SEEN = "not seen"
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

@dataclass
class Breach:
    """Something that is not as it should be, and where it was seen."""

    text: str
    folder: str = ""


def _judge_word(design, name, says, found):
    """One property: what became of the word on it, and the breaches.

    found is [(answer, finding)] of this property.
    """
    promise = findings.PROPERTIES[name]
    wrong = [(a, f) for a, f in found if not f.holds]
    if says == PROMISED:
        return ("BROKEN" if wrong else "kept" if found else NOT_SEEN), [
            Breach(f"{design} promises that {promise}; question "
                   f"{a.question}, {f.text}", a.folder) for a, f in wrong]
    if says == GIVEN_UP:
        return ("given up, seen" if wrong else NOT_SEEN), []
    return "nothing said", []


def _kernel_breaches(answer, found):
    """What no design is to blame for, and what the run itself complained of."""
    texts = [f.text for f in found
             if f.property == findings.KERNEL and not f.holds]
    return [Breach(f"{answer.design}, question {answer.question}: {t}",
                   answer.folder) for t in texts + answer.problems]


def judge(answers, complete=True):
    """One design's answers: ({property: cell}, [Breach]).

    With all questions asked (complete), what is given up must have shown.
    """
    design = answers[0].design
    says = next((a.says for a in answers if a.says), {})
    cells, breaches, pairs = {}, [], []
    if says.get("design", design) != design:
        breaches.append(Breach(
            f"{design}: its file gives it the name {says['design']}"))
    for answer in answers:
        found = findings.find(answer)
        breaches += _kernel_breaches(answer, found)
        pairs += [(answer, f) for f in found]
    for name, promise in findings.PROPERTIES.items():
        cells[name], more = _judge_word(
            design, name, says.get(name),
            [(a, f) for a, f in pairs if f.property == name])
        breaches += more
        if complete and cells[name] == NOT_SEEN:
            breaches.append(Breach(
                f"{design}: {says[name]}: that {promise}; and nothing showed "
                "it"))
    return cells, breaches


def print_verdict(answers_of, complete=True):
    """Of all designs, {design: its answers}: how much is broken."""
    columns, breaches = {}, []
    for design, answers in answers_of.items():
        cells, more = judge(answers, complete)
        columns[design] = {("", findings.PROPERTIES[p]): cell
                           for p, cell in cells.items()}
        breaches += more
    print("\nWhat each design says of itself, and what became of it\n")
    _print_table(columns)
    print()
    for breach in breaches:
        _fill(breach.text, "  BROKEN: ", 10)
    for folder in dict.fromkeys(b.folder for b in breaches if b.folder):
        print(f"  all of it is in {folder}")
    tested = sum(cell in ("kept", "given up, seen", "BROKEN")
                 for cells in columns.values() for cell in cells.values())
    print(f"{tested} words of {len(columns)} design(s) were put to the test; "
          f"{len(breaches)} broken.")
    if complete and tested and not breaches:
        print("Every design does what its file in mm/cow/ says.")
    return len(breaches)


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
    sys.exit(command.run(main))
