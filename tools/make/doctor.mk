# SPDX-License-Identifier: MIT
# doctor: what is missing or too old, in words. Installs nothing.

.PHONY: doctor
doctor:
	@command -v $(firstword $(PYTHON)) >/dev/null || \
		{ echo "python3 is missing: make setup"; exit 1; }
	@$(PYTHON) tools/doctor.py
