/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_API_SANDBOX_LIMITS_H
#define NACRE_API_SANDBOX_LIMITS_H

#include "specs/sandbox.h"

/*
 * Finds what limits a sandbox, and fills in HOST:
 * - for root of the host its cgroup, as for any container;
 * - for others a cgroup, if one with the controllers is delegated to the caller;
 * - otherwise a scope of the user's systemd, if that runs and has the controllers: returns 1;
 * - otherwise limits of the process (setrlimit(2)): HOST->no_limits has the reason.
 * MANAGER: a word of --cgroup-manager. "systemd" and "disabled" decide, and if their limits are
 * impossible, creating the container fails; "cgroupfs" excludes systemd. Returns 0 except for a
 * scope.
 */
int sandbox_find_limits(struct arena *arena, const char *manager, struct sandbox_host *host,
	struct nacre_error *err);

#endif
