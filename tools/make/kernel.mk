# SPDX-License-Identifier: MIT
# kernel: linked twice, the second time with the table of its own symbols for
# backtraces; then as the 32-bit ELF that loaders take. gdb reads hotcow64.elf.

LINK = $(LD) $(LDFLAGS) -T linker.ld

$(BUILD)/nosyms.elf: $(OBJ) linker.ld tools/ksyms.py tools/make/kernel.mk
	$(Q): | $(PYTHON) tools/ksyms.py > $(BUILD)/nosyms.S
	$(Q)$(CC) $(CFLAGS) -c $(BUILD)/nosyms.S -o $(BUILD)/nosyms.o
	$(Q)$(LINK) $(OBJ) $(BUILD)/nosyms.o -o $@

$(BUILD)/hotcow64.elf: $(BUILD)/nosyms.elf
	$(if $(Q),@echo "  LINK  $@")
	$(Q)$(NM) -n $< | $(PYTHON) tools/ksyms.py > $(BUILD)/ksyms.S
	$(Q)$(CC) $(CFLAGS) -c $(BUILD)/ksyms.S -o $(BUILD)/ksyms.o
	$(Q)$(LINK) $(OBJ) $(BUILD)/ksyms.o -o $@

$(BUILD)/hotcow.elf: $(BUILD)/hotcow64.elf
	$(Q)$(OBJCOPY) -O elf32-i386 --strip-debug $< $@
