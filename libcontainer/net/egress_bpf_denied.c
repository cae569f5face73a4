/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "libcontainer/base/bpf.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/net/egress_bpf.h"

/* Reads what the programs at a cgroup have refused. */

/* Reads what rules have refused. Returns how many, less than EGRESS_DENIALS_MAX, or -errno. */
static int read_denials(int cgroup_fd, struct egress_denial ret_denials[EGRESS_DENIALS_MAX])
{
	cleanup_close int fd = egress_bpf_open_map(cgroup_fd, EGRESS_DENIALS_NAME);
	struct egress_denial_key key, next;
	int n = 0, r = fd < 0 ? fd : bpf_map_next(fd, NULL, &next);

	/* Nothing is ever removed from the map; the loop is bounded all the same. */
	for (int i = 0; r == 0 && i < EGRESS_DENIALS_MAX - 1; i++) {
		key = ret_denials[n].key = next;
		r = bpf_map_read(fd, &key, &ret_denials[n].value);
		if (r == 0 && ret_denials[n].value.count)
			n++;
		if (r == 0)
			r = bpf_map_next(fd, &key, &next);
	}
	return r < 0 && r != -ENOENT ? r : n;
}

static int read_metadata(int cgroup_fd, struct egress_denial *ret_denial)
{
	cleanup_close int fd = egress_bpf_open_map(cgroup_fd, EGRESS_METADATA_NAME);
	const uint32_t key = 0;
	int r = fd < 0 ? fd : bpf_map_read(fd, &key, &ret_denial->value);

	ret_denial->key = (struct egress_denial_key){.kind = EGRESS_DENIED_METADATA};
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return ret_denial->value.count > 0;
}

int egress_bpf_denied(int cgroup_fd, struct egress_denial ret_denials[EGRESS_DENIALS_MAX],
	struct nacre_error *err)
{
	int n = read_denials(cgroup_fd, ret_denials);
	int r = n < 0 ? n : read_metadata(cgroup_fd, &ret_denials[n]);

	return r < 0 ? fail_errno(err, r, "read what the egress filter refused") : n + r;
}
