# SPDX-License-Identifier: MIT
# bench: what hotcow charges against what Debian's kernel does, both in the
# same machine, by the same program. Fetches that kernel's package by apt.

BENCH_DESIGNS ?= ptepin mapcount

.PHONY: bench
bench: build/.setup build/user/bench/bench
	+$(Q)for design in $(BENCH_DESIGNS); do \
		$(SUBMAKE) DESIGN=$$design DEBUG=0 kernel || exit 1; \
	done
	@$(PYTHON) -m tests.harness.bench $(BENCH_DESIGNS)
