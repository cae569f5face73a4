/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CGROUP_DEVICES_H
#define NACRE_CGROUP_DEVICES_H

#include <linux/bpf.h>

#include "specs/spec.h"

/* Makes the eBPF program for linux.resources.devices: the last rule that matches decides, nothing
 * matching is denied. The default devices of the spec, /dev/pts and mknod are always allowed, as in
 * runc. Returns the number of instructions (at most N), -E2BIG, or 0: everything is allowed, no
 * program needed. Pure. */
int cgroup_devices_compile(const struct oci_device_rule *rules, size_t n_rules,
	struct bpf_insn *ret_program, size_t n, struct nacre_error *err);

/* Compiles, loads (BPF_PROG_TYPE_CGROUP_DEVICE) and attaches to the cgroup, replacing what hung
 * there before without a window. -EPERM in a user namespace, where BPF is refused.
 */
int cgroup_devices_apply(int cgroup_fd, const struct oci_device_rule *rules, size_t n_rules,
	struct nacre_error *err);

/* Whether such a program can be loaded here: 0, or the error of trying. */
int cgroup_devices_probe(struct nacre_error *err);

#endif
