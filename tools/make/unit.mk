# SPDX-License-Identifier: MIT
# unit: mm/ on the host, unchanged, under AddressSanitizer and UBSan, once for
# each design, each test in a process of its own; then what the console's screen
# and keyboard make of bytes. SEED=n repeats a random run.

HOST_CC     ?= gcc
HOST_CFLAGS := -std=gnu11 -g -O1 -Wall -Wextra -fsanitize=address,undefined \
	-fno-sanitize-recover=undefined -fno-strict-aliasing \
	-Wno-builtin-declaration-mismatch -DHOSTED -DCONFIG_DEBUG \
	-DCONFIG_TESTPOINTS -I. \
	-include kernel/types.h
UNIT_SRC    := $(wildcard mm/*.c tests/unit/*.c)
UNIT_OBJ    := $(UNIT_SRC:%.c=build/unit/%.o)
UNIT_BIN    := $(DESIGNS:%=build/unit/test-%)

build/unit/%.o: %.c tools/make/unit.mk | build/.setup
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(HOST_CFLAGS) -MMD -MP -c $< -o $@

$(UNIT_BIN): build/unit/test-%: $(UNIT_OBJ) build/unit/mm/cow/%.o
	$(Q)$(HOST_CC) $(HOST_CFLAGS) $^ -lcmocka -o $@

CONSOLE_SRC := $(wildcard tests/unit/console/*.c) drivers/keyboard/keymap.c \
	$(addprefix drivers/vga/,charset.c csi.c escape.c pen.c screen.c)
CONSOLE_OBJ := $(CONSOLE_SRC:%.c=build/unit/%.o)
CONSOLE_BIN := build/unit/test-console

$(CONSOLE_BIN): $(CONSOLE_OBJ)
	$(Q)$(HOST_CC) $(HOST_CFLAGS) $^ -lcmocka -o $@

# One of tests/unit/mutants.py: MUTATED, a file of mm/, is taken as it was edited
# below build/mutants/MUTANT/.
MUTANT_DIR  := build/mutants/$(MUTANT)
MUTANT_SRC  := $(UNIT_SRC) mm/cow/$(DESIGN).c
MUTANT_OBJ  := $(patsubst build/unit/$(MUTATED:.c=.o),\
	$(MUTANT_DIR)/$(MUTATED:.c=.o),$(MUTANT_SRC:%.c=build/unit/%.o))

$(MUTANT_DIR)/%.o: $(MUTANT_DIR)/%.c
	$(Q)$(HOST_CC) $(HOST_CFLAGS) -c $< -o $@

.PHONY: mutant
mutant: $(MUTANT_OBJ)
	$(Q)$(HOST_CC) $(HOST_CFLAGS) $^ -lcmocka -o $(MUTANT_DIR)/test

.PHONY: unit
unit: $(UNIT_BIN) $(CONSOLE_BIN)
	$(Q)for test in $^; do $$test || exit 1; done

-include $(UNIT_OBJ:.o=.d) $(CONSOLE_OBJ:.o=.d) \
	$(DESIGNS:%=build/unit/mm/cow/%.d)
