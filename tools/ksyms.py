# SPDX-License-Identifier: MIT
"""The kernel's symbol table for its own backtraces, from nm's output.

    nm -n hotcow64.elf | ksyms.py > ksyms.S

An address and an offset into the names for each function, in order. The
first link is made with an empty table; the section lies behind all code, so
that filling it moves no function.
"""
import sys


def functions(lines):
    """(address, name) of each function, in the order of addresses."""
    for line in lines:
        words = line.split()
        if len(words) == 3 and words[1] in "tT" and words[0] > "ffffffff8":
            yield int(words[0], 16), words[2]


def main():
    """Write the assembler file."""
    found = sorted(functions(sys.stdin))
    print('    .section .ksyms, "a"')
    print("    .globl ksyms_start, ksyms_end")
    print("    .align 8\nksyms_start:")
    for i, (address, _) in enumerate(found):
        print(f"    .quad {address:#x}, name{i}")
    print("ksyms_end:")
    for i, (_, name) in enumerate(found):
        print(f'name{i}: .asciz "{name}"')
    print('    .section .note.GNU-stack, "", @progbits')


if __name__ == "__main__":
    main()
