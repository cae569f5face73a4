/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CGROUP_DEVICES_H
#define NACRE_CGROUP_DEVICES_H

#include <linux/bpf.h>
#include <stdint.h>

#include "specs/spec.h"

/* Makes the eBPF program for linux.resources.devices: the last rule that matches decides, and
 * without a match the access is denied. The default devices of the spec, /dev/pts and mknod are
 * always allowed, as in runc. Denials are counted in a map: the loader writes its fd into the imm
 * of the instruction that is CGROUP_DEVICES_MAP before the end. Returns the number of instructions
 * (at most N), -E2BIG, or 0: everything is allowed, no program needed. Pure. */
#define CGROUP_DEVICES_MAP 4
int cgroup_devices_compile(const struct oci_device_rule *rules, size_t n_rules,
	struct bpf_insn *ret_program, size_t n, struct nacre_error *err);

/* Compiles, loads (BPF_PROG_TYPE_CGROUP_DEVICE) and attaches the program. It replaces the one that
 * was attached to the cgroup before, without a moment in between, and continues its count. -EPERM
 * in a user namespace, where BPF is refused. */
int cgroup_devices_apply(int cgroup_fd, const struct oci_device_rule *rules, size_t n_rules,
	struct nacre_error *err);

/* Reads how often the program denied open(2) and mknod(2) of a device. -ENOENT: no such program is
 * attached to the cgroup; -EPERM: the caller may not look (CAP_SYS_ADMIN, bpf(2)). */
int cgroup_devices_denied(int cgroup_fd, uint64_t *ret_count, struct nacre_error *err);

/* Whether such a program can be loaded here: 0, or the error of trying. */
int cgroup_devices_probe(struct nacre_error *err);

#endif
