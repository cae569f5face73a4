/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/api/shift_pod.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/pidfd.h"
#include "libcontainer/record/id_block.h"
#include "libcontainer/record/id_owners.h"
#include "libcontainer/record/record.h"
#include "libcontainer/record/state.h"

#define STRANGER \
	"the user namespace that owns what it joins is no running container's with ids of its own"

/* Whether the first process of RECORD runs and is in the user namespace USERNS_FD. */
static int runs_in(const struct container_record *record, int userns_fd, char path[static 32],
	struct nacre_error *err)
{
	cleanup_close int pidfd = record_open_pidfd(record, err);
	struct stat its, wanted;
	int ended;

	if (pidfd < 0)
		return pidfd == -ESRCH ? 0 : pidfd;
	(void)snprintf(path, 32, "/proc/%d/ns/user", (int)record->pid);
	if (fstat(userns_fd, &wanted) < 0)
		return fail_errno(err, errno, "stat a user namespace");
	if (stat(path, &its) < 0)
		return errno == ENOENT ? 0 : fail_errno(err, errno, "stat %s", path);
	/* If it runs still, the path was that of no later process with this pid. */
	ended = pidfd_wait_end(pidfd, 0);
	if (ended < 0)
		return fail_errno(err, ended, "poll a pidfd");
	return !ended && its.st_dev == wanted.st_dev && its.st_ino == wanted.st_ino;
}

/* Whether the container with the state directory of OWNER is in the user namespace USERNS_FD, with
 * the ids from FIRST_ID on. Returns 1, 0 or an error. */
static int is_in(struct arena *arena, const struct id_owner *owner, uint32_t first_id,
	int userns_fd, char path[static 32], struct nacre_error *err)
{
	cleanup_close int root_fd = -1, state_fd = -1;
	struct container_record *record;
	char directory[PATH_MAX];
	struct nacre_error why;
	struct stat st;
	char *id;
	int r;

	if (!owner->path || (size_t)snprintf(directory, sizeof(directory), "%s", owner->path) >=
				    sizeof(directory))
		return 0;
	id = strrchr(directory, '/');
	if (!id || id == directory)
		return 0;
	*id++ = '\0';
	root_fd = state_open_root(directory, false, &why);
	state_fd = root_fd < 0 ? root_fd : state_open(root_fd, id, &why);
	if (state_fd < 0)
		return fail_except(state_fd, ENOENT, &why, err);
	if (fstat(state_fd, &st) < 0)
		return fail_errno(err, errno, "stat %s", owner->path);
	if (st.st_dev != owner->device || st.st_ino != owner->inode)
		return 0;
	r = record_load(arena, root_fd, id, STATE_LOCK_UNOPENED, &record, &why);
	if (r < 0)
		return fail_except(r, ENOENT, &why, err);
	return record->first_id == first_id ? runs_in(record, userns_fd, path, err) : 0;
}

/* Looks for a container among the owners of the claim: each of a pod is in one user namespace. */
static int find(struct arena *arena, const struct life_shift *shift, char path[static 32],
	struct nacre_error *err)
{
	cleanup_free char *owners = NULL;
	struct id_owner owner;
	int r = id_owners_read(shift->claim_fd, &owners);

	if (r < 0)
		return fail_errno(err, r, "read the claim of a block of ids");
	for (char *at = owners; r == 0 && id_owners_next(&at, &owner);)
		r = is_in(arena, &owner, shift->first_id, shift->pod_fd, path, err);
	return r;
}

/* The first id of a block that begins at root of both MAPS; 0: it is none. */
static uint32_t first_id_of(const struct harden_maps *maps)
{
	if (!maps->n_uids || !maps->n_gids || maps->uids[0].container_id ||
		maps->gids[0].container_id || maps->uids[0].host_id != maps->gids[0].host_id ||
		maps->uids[0].host_id % ID_BLOCK_SIZE ||
		maps->uids[0].host_id / ID_BLOCK_SIZE >= ID_BLOCKS_MAX)
		return 0;
	return maps->uids[0].host_id;
}

/* Leaves the pod's namespace alone, for the reason WHY. */
static int leave(struct arena *arena, struct harden_request *request, struct life_shift *shift,
	const char *why, struct nacre_error *err)
{
	life_shift_done(shift);
	request->host.no_pod = why;
	return why ? 0 : arena_fail(arena, "rule user-namespace", err);
}

static int join(struct arena *arena, const struct oci_config *config, bool of_pid,
	struct harden_request *request, struct life_shift *shift, struct nacre_error *err)
{
	struct harden_pod *pod = arena_alloc(arena, sizeof(*pod));
	char path[32] = "";
	const char *place;
	uint32_t id;
	int r = pod ? namespaces_is_child(shift->pod_fd, err)
		    : arena_fail(arena, "rule user-namespace", err);

	/* A first process may have made one for itself, over which it has all capabilities. */
	if (r == 0)
		return leave(arena, request, shift, STRANGER, err);
	if (r > 0)
		r = namespaces_read_maps(arena, shift->pod_fd, &pod->maps, err);
	if (r < 0)
		return r;
	shift->first_id = first_id_of(&pod->maps);
	r = shift->first_id ? id_block_join(&id_block_host, shift->first_id / ID_BLOCK_SIZE, err)
			    : -ENOENT;
	if (r == -ENOENT)
		return leave(arena, request, shift, STRANGER, err);
	if (r < 0)
		return r;
	shift->claim_fd = r;
	r = find(arena, shift, path, err);
	if (r <= 0)
		return r < 0 ? r : leave(arena, request, shift, STRANGER, err);
	if (!harden_maps_have(&pod->maps, config->process, &place, &id))
		return leave(arena, request, shift,
			arena_printf(arena, "the user namespace of the pod does not map %s, %u",
				place, id),
			err);
	pod->userns = arena_strdup(arena, path);
	pod->of_pid = of_pid;
	request->host.pod = pod;
	request->host.user_apart = true;
	return pod->userns ? 0 : arena_fail(arena, "rule user-namespace", err);
}

int shift_find_pod(struct arena *arena, const struct oci_config *config,
	struct harden_request *request, struct life_shift *shift, struct nacre_error *err)
{
	struct namespaces_owner owner;
	int r = namespaces_find_owner(config, &owner, err);

	if (r < 0)
		return r;
	shift->pod_fd = owner.userns_fd;
	if (owner.differ)
		return leave(arena, request, shift,
			"the namespaces that it joins belong to different user namespaces", err);
	return owner.userns_fd < 0 ? 0 : join(arena, config, owner.of_pid, request, shift, err);
}
