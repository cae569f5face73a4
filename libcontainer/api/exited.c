/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <string.h>

#include "libcontainer/api/receipt.h"
#include "libcontainer/base/files.h"
#include "libcontainer/life/audit.h"

/* Writes the exit status for the receipt. */
static int note_status(const struct container *c, int status, struct nacre_error *err)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", status);
	return file_replace(c->state_fd, RECEIPT_EXIT_FILE, text, strlen(text), 0600, err);
}

int nacre_exited(
	struct nacre *nacre, const char *id, pid_t pid, int status, struct nacre_error *err)
{
	struct audit_event event = {
		.event = "exit", .pid = pid, .exit_status = {.set = true, .value = status}};
	struct nacre_error ignored;
	struct container c;
	int r = container_open(nacre, id, CONTAINER_UNLOCKED, &c, NULL, err);

	if (r == 0 && c.record.cgroup)
		(void)record_open_cgroup(&c.record, &c.cgroup, &ignored);
	if (r == 0) {
		audit_usage(&c, &event);
		audit_fact(&c, &event, 0, err);
	}
	if (r == 0 && pid == c.record.pid && receipt_is_planned(c.state_fd))
		r = note_status(&c, status, err);
	container_done(&c);
	return r;
}
