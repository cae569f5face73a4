/* SPDX-License-Identifier: Apache-2.0 */

#include "libcontainer/api/nacre.h"
#include "libcontainer/life/audit.h"

int nacre_exited(
	struct nacre *nacre, const char *id, pid_t pid, int status, struct nacre_error *err)
{
	struct audit_event event = {
		.event = "exit", .pid = pid, .exit_status = {.set = true, .value = status}};
	struct nacre_error ignored;
	struct life l;
	int result = container_open(nacre, id, false, &l, NULL, err);

	if (result == 0 && l.record.cgroup)
		(void)cgroup_open(l.record.cgroup, &l.cgroup, &ignored);
	if (result == 0) {
		audit_usage(&l, &event);
		audit_fact(&l, &event, 0, err);
	}
	life_done(&l);
	return result;
}
