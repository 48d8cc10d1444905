# SPDX-License-Identifier: MIT
# conformance: the same cases on Debian's own kernel and on each design. That
# kernel's package is fetched by apt, and not installed.

CONFORMANCE_BIN := $(patsubst tests/conformance/%.c,build/conformance/%,\
	$(wildcard tests/conformance/*.c))

build/conformance/%: tests/conformance/%.c $(wildcard tests/conformance/*.h) \
		tools/make/conformance.mk | $(USER_HEADERS)
	@mkdir -p $(@D)
	$(Q)$(MUSL_GCC) -std=gnu11 -O1 -g -Wall -Wextra -static \
		-isystem $(USER_HEADERS) $(if $(filter 1,$(WERROR)),-Werror) \
		$< -o $@

.PHONY: conformance
conformance: build/.setup $(CONFORMANCE_BIN)
	+$(Q)for design in $(DESIGNS); do \
		$(SUBMAKE) DESIGN=$$design kernel || exit 1; \
	done
	@$(PYTHON) -m tests.harness.conformance
