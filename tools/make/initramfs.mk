# SPDX-License-Identifier: MIT
# initramfs: busybox, our programs, and an /init. If there is a program
# user/init.c it is the init, else the script in tools/initramfs/.

INITRAMFS := build/initramfs.cpio

initramfs_bin  = $(filter-out build/user/init,\
	$(foreach p,$(USER_PROGS),$(if $(findstring /,$(p:build/user/%=%)),,$(p))))
initramfs_sub  = $(foreach p,$(USER_PROGS),\
	$(if $(findstring /,$(p:build/user/%=%)),$(p)))
initramfs_init = $(firstword $(filter build/user/init,$(USER_PROGS)) \
	tools/initramfs/init)
INITRAMFS_FILES = init=$(initramfs_init) \
	etc/motd=tools/initramfs/motd etc/passwd=tools/initramfs/passwd \
	$(foreach p,$(initramfs_bin),bin/$(notdir $(p))=$(p)) \
	$(foreach p,$(initramfs_sub),$(p:build/user/%=%)=$(p))

.PHONY: initramfs
initramfs: $(INITRAMFS)

# What user.mk knows it to depend on is added there: it is read later.
$(INITRAMFS): $(wildcard tools/initramfs/*) tools/mkinitramfs.py \
		tools/make/initramfs.mk | build/.setup
	$(Q)$(PYTHON) tools/mkinitramfs.py -o $@ --busybox $(INITRAMFS_FILES)
