/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "libcontainer/api/nacre.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/namespace/pid_namespace.h"

int container_pids(struct container *c, pid_t **ret_pids, size_t *ret_n, struct nacre_error *err)
{
	cleanup_close int pidfd = -1;

	if (c->record.cgroup) {
		int r = c->cgroup.fd < 0 ? container_open_cgroup(c, err) : 0;

		return r < 0 ? r : cgroup_pids(&c->cgroup, ret_pids, ret_n, err);
	}
	pidfd = record_open_pidfd(&c->record, err);
	if (pidfd == -ESRCH)
		return fail(err, ESRCH, "container not running");
	if (pidfd < 0)
		return pidfd;
	return pid_namespace_pids((pid_t)c->record.pid, ret_pids, ret_n, err);
}

int nacre_pids(struct nacre *nacre, const char *id, pid_t **ret_pids, size_t *ret_n,
	struct nacre_error *err)
{
	struct container c;
	int r = container_open(nacre, id, CONTAINER_UNLOCKED, &c, NULL, err);

	if (r == 0)
		r = container_pids(&c, ret_pids, ret_n, err);
	container_done(&c);
	return r;
}
