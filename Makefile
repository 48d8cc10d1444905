# SPDX-License-Identifier: MIT
# hotcow: build, run, compare, test. `make help` lists what there is.

DESIGN       ?= mapcount
DESIGNS      := $(sort $(basename $(notdir $(wildcard mm/cow/*.c))))
# DEBUG=1: lock order checks, poisoned frees. TESTPOINTS=1: named points at
# which a test can make a processor wait (kernel/testpoint.h).
DEBUG        ?= 1
TESTPOINTS   ?= 0
# POISON=1: what the kernel has not written is looked for in what it sends to
# user memory (kernel/poison.h).
POISON       ?= 0
# WERROR=1 is for the project's own CI; a student's build never fails on a
# warning.
WERROR       ?= 0
CROSS_COMPILE ?=
ifeq ($(origin CC),default)
CC           := $(CROSS_COMPILE)gcc
endif
ifneq ($(findstring clang,$(CC)),)
CLANG_FLAGS  := --target=x86_64-unknown-none-elf -Wno-unused-command-line-argument
endif
LD           := $(CROSS_COMPILE)ld
OBJCOPY      := $(CROSS_COMPILE)objcopy
NM           := $(CROSS_COMPILE)nm
PYTHON       ?= python3
# V=1 shows the commands.
V            ?= 0
Q            := $(if $(filter 1,$(V)),,@)
MUSL_GCC     ?= musl-gcc

ifeq ($(filter $(DESIGN),$(DESIGNS)),)
ifneq ($(DESIGNS),)
$(error DESIGN=$(DESIGN) is not one of: $(DESIGNS))
endif
endif

suffix       := $(if $(filter 1,$(DEBUG)),,-nodebug)$(if $(filter 1,$(TESTPOINTS)),-testpoints,)$(if $(filter 1,$(POISON)),-poison,)
BUILD        ?= build/$(DESIGN)$(suffix)

CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -ffreestanding -fno-pic -fno-pie \
	-mno-red-zone -mcmodel=kernel -mgeneral-regs-only -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-omit-frame-pointer \
	-fno-strict-aliasing -fno-common -fcf-protection=none \
	-I. $(CLANG_FLAGS)
CFLAGS += $(if $(filter 1,$(DEBUG)),-DCONFIG_DEBUG) \
	$(if $(filter 1,$(TESTPOINTS)),-DCONFIG_TESTPOINTS) \
	$(if $(filter 1,$(POISON)),-DCONFIG_POISON) \
	$(if $(filter 1,$(WERROR)),-Werror)
LDFLAGS := -nostdlib -static -no-pie -z max-page-size=0x1000 \
	--build-id=none -z noexecstack --no-warn-rwx-segments

SRC_C := $(sort $(wildcard boot/*.c kernel/*.c kernel/x86/*.c mm/*.c fs/*.c \
	drivers/*.c drivers/*/*.c)) mm/cow/$(DESIGN).c
ifneq ($(POISON),1)
SRC_C := $(filter-out kernel/poison.c,$(SRC_C))
endif
SRC_S := $(sort $(wildcard boot/*.S kernel/x86/*.S))
OBJ   := $(SRC_S:%.S=$(BUILD)/%.S.o) $(SRC_C:%.c=$(BUILD)/%.o)

# Here, as rules of several files below depend on it: a prerequisite is read at
# once, and would be nothing in a file that comes before the definition.
USER_HEADERS := build/user/include

.PHONY: all kernel clean format help
all: kernel initramfs

include $(sort $(wildcard tools/make/*.mk))

kernel: $(BUILD)/hotcow.elf

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(if $(Q),@echo "  CC    $<")
	$(Q)$(CC) $(CFLAGS) -include kernel/types.h -MMD -MP -c $< -o $@

$(BUILD)/%.S.o: %.S Makefile
	@mkdir -p $(@D)
	$(if $(Q),@echo "  CC    $<")
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

-include $(OBJ:.o=.d)

clean:
	rm -rf build

format:
	clang-format -i $(shell git ls-files '*.c' '*.h')
