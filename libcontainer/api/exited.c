/* SPDX-License-Identifier: Apache-2.0 */

#include "libcontainer/api/nacre.h"
#include "libcontainer/life/audit.h"

int nacre_exited(
	struct nacre *nacre, const char *id, pid_t pid, int status, struct nacre_error *err)
{
	struct audit_event event = {
		.event = "exit", .pid = pid, .exit_status = {.set = true, .value = status}};
	struct nacre_error ignored;
	struct container c;
	int r = container_open(nacre, id, CONTAINER_UNLOCKED, &c, NULL, err);

	if (r == 0 && c.record.cgroup)
		(void)cgroup_open(c.record.cgroup, &c.cgroup, &ignored);
	if (r == 0) {
		audit_usage(&c, &event);
		audit_fact(&c, &event, 0, err);
	}
	container_done(&c);
	return r;
}
