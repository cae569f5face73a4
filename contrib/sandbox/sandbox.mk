# SPDX-License-Identifier: Apache-2.0
# After "include sandbox.mk", "make sandboxed-test" makes the target test on a copy of the directory, without a network.
sandboxed-%:
	nacre sandbox --apply discard --timeout 10m -- $(MAKE) $*
