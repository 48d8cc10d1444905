# SPDX-License-Identifier: MIT
# test, compare: every design, on real (emulated) machines.
#   make test T=tests/system/test_boot.py PYTEST_ARGS="-k naive"

T           ?= tests/unit tests/system
PYTEST_ARGS ?=

# A python3 that comes first in PATH may not be the system's, and then has no
# pytest. xdist, where it is there, runs two machines at a time.
pytest = python=$(PYTHON); \
	$$python -c 'import pytest' 2>/dev/null || python=/usr/bin/python3; \
	$$python -c 'import xdist' 2>/dev/null && lanes="-n 2"; \
	$$python -m pytest $$lanes --junitxml=build/junit.xml

.PHONY: test compare system-test all-designs
# Each design twice: the second time with named points at which a test can
# make a processor wait. One of them once more, with poison.
all-designs: build/.setup $(CONFORMANCE_BIN)
	+$(Q)for design in $(DESIGNS); do for points in 0 1; do \
		$(SUBMAKE) DESIGN=$$design TESTPOINTS=$$points kernel || exit 1; \
	done; done
	+$(Q)$(SUBMAKE) DESIGN=mapcount POISON=1 kernel
	+$(Q)$(SUBMAKE) initramfs

system-test: all-designs $(UNIT_BIN)
	@$(pytest) $(T) $(PYTEST_ARGS)

test: all-designs
	+$(Q)$(SUBMAKE) unit
	@$(pytest) $(T) $(PYTEST_ARGS)

compare: all-designs
	@$(PYTHON) -m tests.harness.compare
