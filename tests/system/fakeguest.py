# SPDX-License-Identifier: MIT
"""Guests of a few instructions, whose every move is known.

The harness is the judge of everything else here; these judge the harness.
"""
from __future__ import annotations

import subprocess

# A multiboot image: print TEXT on the serial line and on the event channel,
# echo what comes up to a newline if ECHO, then end as END says. The timers
# that the firmware left running are stopped first, so that hlt is for ever.
SOURCE = r"""
.text
.align 4
.long 0x1badb002, 0, -0x1badb002
.globl _start
_start:
    movb $0x30, %al
    outb %al, $0x43
    movb $1, %al
    outb %al, $0x40
    movb $0, %al
    outb %al, $0x40
    movb $0x0a, %al
    outb %al, $0x70
    movb $0x66, %al
    outb %al, $0x71
    movl $stack, %esp
    movl $message, %esi
print:
    lodsb
    testb %al, %al
    jz end
    cmpb $1, %al
    je listen
    movw $0x3f8, %dx
    outb %al, %dx
    outb %al, $0xe9
    jmp print
listen:
    movw $0x3fd, %dx
    inb %dx, %al
    testb $1, %al
    jz listen
    movw $0x3f8, %dx
    inb %dx, %al
    outb %al, %dx
    cmpb $'\n', %al
    jne listen
    jmp print
end:
    @END@
    cli
    hlt
message: .asciz "@TEXT@"
nothing: .word 0
    .long 0
.align 4
.skip 256
stack:
"""
HALT = ""
SPIN = "jmp ."
TRIPLE_FAULT = "lidt nothing\n int3"
POWER_OFF = "movw $0x604, %dx\n movw $0x2000, %ax\n outw %ax, %dx"
# Ask the first disk for its first sector, and never look at the answer.
READ_DISK = """
    movb $1, %al
    movw $0x1f2, %dx
    outb %al, %dx
    movb $0, %al
    incw %dx
    outb %al, %dx
    incw %dx
    outb %al, %dx
    incw %dx
    outb %al, %dx
    movb $0xe0, %al
    incw %dx
    outb %al, %dx
    movb $0x20, %al
    incw %dx
    outb %al, %dx
"""
# Send the keyboard's bytes, up to 0x9c (Enter is let go), in hexadecimal, and
# take a long time over each.
SLOW_KEYS = """
next:
    movl $20000000, %ecx
late:
    loop late
    inb $0x64, %al
    testb $1, %al
    jz next
    inb $0x60, %al
    movb %al, %bl
    shrb $4, %al
    call digit
    movb %bl, %al
    call digit
    cmpb $0x9c, %bl
    jne next
    movb $10, %al
    outb %al, %dx
    jmp halt
digit:
    andb $15, %al
    addb $0x30, %al
    cmpb $0x3a, %al
    jb send
    addb $0x27, %al
send:
    movw $0x3f8, %dx
    outb %al, %dx
    ret
halt:
"""
# In the text of a guest: it waits for a line, and echoes it.
LISTEN = "\1"


def exit_with(status):
    """End QEMU by the test device."""
    return f"movl ${status // 2}, %eax\n outl %eax, $0xf4"


def build(folder, text, end):
    """Make the image; returns its path."""
    text = text.replace("\n", "\\n").replace(LISTEN, "\\001")
    source = SOURCE.replace("@TEXT@", text).replace("@END@", end)
    (folder / "guest.S").write_text(source)
    subprocess.run(["as", "--32", "-o", folder / "guest.o",
                    folder / "guest.S"], check=True)
    subprocess.run(["ld", "-m", "elf_i386", "-Ttext", "0x100000", "-o",
                    folder / "guest.elf", folder / "guest.o"], check=True)
    return folder / "guest.elf"
