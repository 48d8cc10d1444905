# SPDX-License-Identifier: MIT
# run, gdb, bench-boot: one machine, for people.
#   make run DESIGN=ptepin SMP=4 MEM=512 DIMMS="128 128" APPEND="mmevents=1"

SMP   ?= 2
MEM   ?= 256
DIMMS ?=
APPEND ?=

run_options = --build $(BUILD) --cpus $(SMP) --memory $(MEM) \
	--dimms $(DIMMS) --append "$(APPEND)"

.PHONY: run gdb bench-boot
run: build/.setup kernel initramfs
	@$(PYTHON) -m tests.harness run $(run_options)

gdb: build/.setup kernel initramfs
	@$(PYTHON) -m tests.harness gdb $(run_options) $(GDB_OPTIONS)

bench-boot: build/.setup kernel build/user/bootreport
	@$(PYTHON) -m tests.harness.benchboot $(BUILD)
