/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CGROUP_LIMITS_H
#define NACRE_CGROUP_LIMITS_H

#include "libcontainer/cgroup/rollback.h"
#include "specs/spec.h"

/*
 * Writes linux.resources to the files of the cgroup whose directory is CGROUP_FD, one step per
 * controller. Zero values and empty objects mean "unset", as every engine sends them; they need no
 * controller, and neither does "no limit". A limit whose file is missing is an error that names the
 * controller. But limits that only the profile added (FROM_PROFILE, enum oci_limit) are skipped,
 * with one call of WARN. Settings that cgroup v2 does not have (kernel memory, swappiness,
 * realtime, ...) are ignored here: oci_config_warnings reports them. RESOURCES may be NULL.
 * CGROUP_FD -1: there is no cgroup, so each limit that is not the profile's alone is an error.
 * ROLLBACK (may be NULL) gets what the files held before, also on failure.
 */
int cgroup_limits_apply(int cgroup_fd, const struct oci_resources *resources, uint32_t from_profile,
	struct rollback *rollback, void (*warn)(void *data, const char *text), void *data,
	struct nacre_error *err);

/* cpu.shares (2 to 262144) to cpu.weight (1 to 10000): 1024 gives 100. */
uint64_t cgroup_weight_from_shares(uint64_t shares);

/* blockIO.weight (10 to 1000) to io.weight (1 to 10000). */
uint64_t cgroup_io_weight(uint64_t weight);

#endif
