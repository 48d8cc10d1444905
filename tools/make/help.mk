# SPDX-License-Identifier: MIT
# help: one page.

define HELP
hotcow: who owns a page?

  make compare      the four questions, each design, side by side
  make test         unit tests of mm/ on this host, then whole machines
  make run          a machine with a shell (exit or Ctrl-A X ends it); then,
                    from another terminal (RUN=m2: not the last started):
  make plug SIZE=64M, make unplug DIMM=0, make hold, make release, make map
  make gdb          the same, stopped before its first instruction, in gdb;
  make console      from another terminal: type at that machine's guest

  make              the kernel of one design and its initramfs
  make iso          the same as a CD that GRUB boots
  make unit         only the unit tests
  make system-test  only the machines; T=file PYTEST_ARGS=... choose
  make bench-boot   how small a machine boots, and in how much time
  make conformance  the same 10,000 cases on Debian's kernel and on each design
  make fuzz         random system calls, for MINUTES (60), or one SEED
  make bench        what calls, faults, moves and the disk cost; Linux too
  make setup        install what is missing (all of the above do it too)
  make doctor       say what is missing or too old
  make clean        remove build/

  DESIGN=           $(DESIGNS) (now $(DESIGN))
  SMP= MEM= DIMMS=  run, gdb: processors, MiB, DIMMs that are in ("2x64M")
  ROOT=             run: a folder of files to put over the initramfs
  DISPLAY=          run: QEMU's display (none, gtk, curses...)
  APPEND=           run, gdb: more words for the kernel's command line
  DEBUG=0           without lock order checks and poison
  POISON=1          bytes that were never written stop it on their way to users
  TESTPOINTS=1      with named points at which a test makes a processor wait
  CC=clang, CROSS_COMPILE=x86_64-elf-, WERROR=1, BUILD=folder

A run that fails leaves all of itself in build/runs/NAME; repeat it by
  python3 -m tests.harness rerun build/runs/NAME
endef
export HELP

help:
	@echo "$$HELP"
