/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "libcontainer/api/nacre.h"

static int freeze(struct nacre *nacre, const char *id, bool freeze, struct nacre_error *err)
{
	enum container_status status;
	struct container c;
	int r = container_open(nacre, id, CONTAINER_LOCKED, &c, &status, err);

	if (r == 0 && freeze && status != STATUS_RUNNING && status != STATUS_CREATED)
		r = fail(err, EBUSY, "container not running or created: %s", status_name(status));
	if (r == 0 && !freeze && status != STATUS_PAUSED)
		r = fail(err, EBUSY, "container not paused");
	if (r == 0)
		r = container_open_cgroup(&c, err);
	if (r == 0)
		r = cgroup_freeze(&c.cgroup, freeze, err);
	container_done(&c);
	return r;
}

int nacre_pause(struct nacre *nacre, const char *id, struct nacre_error *err)
{
	return freeze(nacre, id, true, err);
}

int nacre_resume(struct nacre *nacre, const char *id, struct nacre_error *err)
{
	return freeze(nacre, id, false, err);
}
