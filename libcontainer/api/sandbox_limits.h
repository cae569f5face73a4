/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_API_SANDBOX_LIMITS_H
#define NACRE_API_SANDBOX_LIMITS_H

#include "specs/sandbox.h"

/*
 * What limits a sandbox, for HOST:
 * - for root of the host its cgroup, as for any container;
 * - for others a cgroup, if one that has the controllers is delegated to the caller;
 * - else a scope of the user's systemd, if that runs and has the controllers. Returns 1;
 * - else the limits of the process (setrlimit(2)): HOST->no_limits is why.
 * MANAGER: a word of --cgroup-manager. "systemd" and "disabled" decide, and limits that cannot be
 * had so are refused when the container is made; "cgroupfs" leaves out systemd. Returns 0 but for
 * it.
 */
int sandbox_find_limits(struct arena *arena, const char *manager, struct sandbox_host *host,
	struct nacre_error *err);

#endif
