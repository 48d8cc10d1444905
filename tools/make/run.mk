# SPDX-License-Identifier: MIT
# run, gdb, bench-boot: one machine, for people; and requests to it.
#   make run DESIGN=ptepin SMP=4 MEM=512 DIMMS="2x128M" ROOT=myfiles
#   make plug SIZE=64M; make unplug DIMM=0; make hold; make release; make map

SMP     ?= 2
MEM     ?= 256
DIMMS   ?= 2x64M
DISPLAY ?= none
ROOT    ?=
APPEND  ?=
SIZE    ?= 64M
DIMM    ?= 0
RUN     ?=

# An X server's DISPLAY (:0) in the environment is not meant for us.
ifneq ($(origin DISPLAY),command line)
DISPLAY := none
endif

run_options = --build $(BUILD) --cpus $(SMP) --memory $(MEM:M=) \
	--dimms $(DIMMS) --append "$(APPEND)"
harness = $(PYTHON) -m tests.harness

.PHONY: run gdb console bench-boot plug unplug hold release map
run: build/.setup kernel initramfs $(if $(ROOT),run-initramfs)
	@$(harness) run $(run_options) --display "$(DISPLAY)" \
		$(if $(ROOT),--initrd build/initramfs-root.cpio)

# The usual files, and over them those of the user's folder.
.PHONY: run-initramfs
run-initramfs: initramfs
	@test -d "$(ROOT)" || { echo "ROOT=$(ROOT) is not a folder"; exit 1; }
	$(Q)$(PYTHON) tools/mkinitramfs.py -o build/initramfs-root.cpio \
		--busybox $(INITRAMFS_FILES) /="$(ROOT)"

plug:
	@$(harness) ask --run "$(RUN)" plug $(SIZE)
unplug:
	@$(harness) ask --run "$(RUN)" unplug $(DIMM)
hold release map:
	@$(harness) ask --run "$(RUN)" $@

gdb: build/.setup kernel initramfs
	@$(harness) gdb $(run_options) $(GDB_OPTIONS)

console:
	@$(harness) console

bench-boot: build/.setup kernel build/user/bootreport
	@$(PYTHON) -m tests.harness.benchboot $(BUILD)
