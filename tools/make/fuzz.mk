# SPDX-License-Identifier: MIT
# fuzz: random system calls on each design, for MINUTES, or one SEED.

MINUTES ?= 60
ROUNDS  ?= 400

.PHONY: fuzz
fuzz: all-designs
	@$(PYTHON) -m tests.harness.fuzz --minutes $(MINUTES) \
		--rounds $(ROUNDS) $(if $(SEED),--seed $(SEED))
