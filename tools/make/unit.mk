# SPDX-License-Identifier: MIT
# unit: mm/ on the host, unchanged, under AddressSanitizer and UBSan, once for
# each design. SEED=n repeats a random run.

HOST_CC     ?= gcc
HOST_CFLAGS := -std=gnu11 -g -O1 -Wall -Wextra -fsanitize=address,undefined \
	-fno-sanitize-recover=undefined -fno-strict-aliasing \
	-Wno-builtin-declaration-mismatch -DHOSTED -DCONFIG_DEBUG -I. \
	-include kernel/types.h
UNIT_SRC    := $(wildcard mm/*.c tests/unit/*.c)
UNIT_OBJ    := $(UNIT_SRC:%.c=build/unit/%.o)
UNIT_BIN    := $(DESIGNS:%=build/unit/test-%)

build/unit/%.o: %.c tools/make/unit.mk | build/.setup
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(HOST_CFLAGS) -MMD -MP -c $< -o $@

$(UNIT_BIN): build/unit/test-%: $(UNIT_OBJ) build/unit/mm/cow/%.o
	$(Q)$(HOST_CC) $(HOST_CFLAGS) $^ -lcmocka -o $@

.PHONY: unit
unit: $(UNIT_BIN)
	$(Q)for test in $(UNIT_BIN); do $$test || exit 1; done

-include $(UNIT_OBJ:.o=.d) $(DESIGNS:%=build/unit/mm/cow/%.d)
