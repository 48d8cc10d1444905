# SPDX-License-Identifier: MIT
# iso: the kernel and its initramfs on a CD that GRUB boots.
#   make iso APPEND="init=/bin/sh"

ISO = $(BUILD)/hotcow.iso
ISO_ROOT = $(BUILD)/iso
# Only the modules that the menu needs: a tenth of the size, and of the time.
GRUB_DIR ?= /usr/lib/grub/i386-pc
GRUB_OPTIONS = -d $(GRUB_DIR) --themes= --locales= --fonts= \
	--install-modules="multiboot normal iso9660 biosdisk part_msdos configfile"

define GRUB_CFG
set timeout=0
menuentry hotcow {
    multiboot /boot/hotcow.elf $(APPEND)
    module /boot/initramfs.cpio
}
endef
export GRUB_CFG

# Always made anew: APPEND may be another one, and it takes half a second.
.PHONY: iso
iso: build/.setup kernel initramfs
	@mkdir -p $(ISO_ROOT)/boot/grub
	$(Q)cp $(BUILD)/hotcow.elf build/initramfs.cpio $(ISO_ROOT)/boot/
	$(Q)printf '%s\n' "$$GRUB_CFG" > $(ISO_ROOT)/boot/grub/grub.cfg
	$(Q)grub-mkrescue $(GRUB_OPTIONS) -o $(ISO) $(ISO_ROOT) \
		2> $(BUILD)/iso.log || { cat $(BUILD)/iso.log >&2; exit 1; }
	$(if $(Q),@echo "  ISO   $(ISO)")
