# SPDX-License-Identifier: MIT
# setup: what a bare machine lacks. Everything that a user calls comes here
# first; a stamp makes that cheap. Parsing must work where nothing but make
# and a shell is installed.

.PHONY: setup
# Asked for by name it looks again: something may have gone since.
setup:
	@tools/setup.sh
	@mkdir -p build
	@touch build/.setup

build/.setup: tools/setup.sh
	@tools/setup.sh
	@mkdir -p $(@D)
	@touch $@

have = $(shell command -v $(firstword $(1)) 2>/dev/null)

# With no compiler yet, no object is tried before the set-up is done.
ifeq ($(call have,$(CC)),)
$(OBJ): | build/.setup
endif

# For the makes within make: as parallel as the outer one was asked to be, or
# as the machine is.
JOBS = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc || echo 2))
SUBMAKE = $(MAKE) --no-print-directory $(JOBS)
