# SPDX-License-Identifier: MIT
# user: each user/<name>.c is a program for the initramfs's /bin, each
# user/<folder>/<name>.c one for its /<folder>. user/lib/ is linked to all.

USER_SRC   := $(sort $(filter-out user/lib/%,$(wildcard user/*.c user/*/*.c)))
USER_PROGS := $(USER_SRC:user/%.c=build/user/%)
USER_LIB   := $(patsubst user/%.c,build/user/%.o,$(wildcard user/lib/*.c))

# musl-gcc hides the system's headers; three links in USER_HEADERS bring back
# Linux's.
LINUX_HEADERS ?= /usr/include
ASM_HEADERS   ?= $(firstword $(wildcard \
	$(LINUX_HEADERS)/x86_64-linux-gnu/asm $(LINUX_HEADERS)/asm))

USER_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -static -Iuser \
	-isystem $(USER_HEADERS) $(if $(filter 1,$(WERROR)),-Werror)

.PHONY: user
user: $(USER_PROGS)
$(INITRAMFS): $(USER_PROGS)

$(USER_HEADERS): | build/.setup
	@mkdir -p $@
	@ln -sfn $(LINUX_HEADERS)/linux $@/linux
	@ln -sfn $(LINUX_HEADERS)/asm-generic $@/asm-generic
	@ln -sfn $(or $(ASM_HEADERS),$(LINUX_HEADERS)/x86_64-linux-gnu/asm) $@/asm

build/user/lib/%.o: user/lib/%.c tools/make/user.mk | $(USER_HEADERS)
	@mkdir -p $(@D)
	$(Q)$(MUSL_GCC) $(USER_CFLAGS) -MMD -MP -c $< -o $@

$(USER_PROGS): build/user/%: user/%.c $(USER_LIB) tools/make/user.mk \
		| $(USER_HEADERS)
	@mkdir -p $(@D)
	$(Q)$(MUSL_GCC) $(USER_CFLAGS) -MMD -MP -MF $@.d -MT $@ \
		$< $(USER_LIB) -o $@

-include $(USER_LIB:.o=.d) $(USER_PROGS:=.d)
