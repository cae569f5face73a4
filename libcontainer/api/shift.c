/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/api/shift.h"

#include <errno.h>
#include <inttypes.h>
#include <time.h>

#include "libcontainer/api/bundle.h"
#include "libcontainer/api/shift_pod.h"
#include "libcontainer/mount/mount_fs.h"
#include "libcontainer/mount/mount_shift.h"
#include "libcontainer/mount/mounts.h"
#include "libcontainer/mount/rootfs.h"
#include "libcontainer/namespace/idmap.h"
#include "libcontainer/record/id_block.h"
#include "specs/harden_rules.h"
#include "specs/harden_userns.h"
#include "specs/mount_words.h"
#include "specs/policy_userns.h"

enum {
	CLAIM_PAUSE_NS = 10 * 1000 * 1000,
	CLAIM_PAUSES = 200, /* on a busy machine the kernel takes long */
};

/* A host without user namespaces is treated like one that lacks anything else that the rule needs.
 */
static int make_userns(const struct harden_maps *maps, struct nacre_error *err)
{
	struct nacre_error why;
	int fd = idmap_userns_shown(maps->uids, maps->n_uids, maps->gids, maps->n_gids, &why);

	if (fd >= 0)
		return fd;
	if (fd == -ENOSPC || fd == -EUSERS)
		return fail(err, EOPNOTSUPP,
			"there are as many user namespaces as sysctl user.max_user_namespaces "
			"allows");
	if (fd == -EPERM || fd == -EINVAL || fd == -ENOSYS)
		return fail(err, EOPNOTSUPP,
			"%.200s (in a chroot, under a filter of system calls, by sysctl "
			"kernel.unprivileged_userns_clone, or without CONFIG_USER_NS or "
			"CONFIG_KEYS)",
			why.text);
	*err = why;
	return fd;
}

/* -EAGAIN: another process took the block at the same time, and neither sees the other's claim.
 * -EOPNOTSUPP: the file of keys shows nothing, for instance because something is mounted over it,
 * so it has not shown other owners either. */
static int be_alone(uint32_t block, struct nacre_error *err)
{
	uint64_t keys;
	int r = id_block_count_keys(&id_block_host, block, &keys, err);

	if (r < 0 || keys == IDMAP_SHOWN_KEYS)
		return r;
	if (keys < IDMAP_SHOWN_KEYS)
		return fail(err, EOPNOTSUPP,
			"%s does not show the keys that ids of block %u have got",
			id_block_host.keys, block);
	return fail(err, EAGAIN,
		"ids of block %u have %" PRIu64 " keys where there were none and are %d now", block,
		keys, IDMAP_SHOWN_KEYS);
}

static int try_claim(struct arena *arena, const struct oci_config *config,
	const struct policy *policy, struct life_shift *shift, struct nacre_error *err)
{
	struct harden_maps maps;
	uint32_t block;
	int r;

	r = id_block_claim(&id_block_host, policy_userns_blocks(policy), &block, err);
	if (r == -EOPNOTSUPP)
		return r; /* the rule is left out for this reason */
	if (r < 0)
		return fail_prefix(err, "rule user-namespace");
	shift->claim_fd = r;
	shift->first_id = block * ID_BLOCK_SIZE;
	r = harden_shift_maps(arena, config->process, shift->first_id, &maps, err);
	if (r < 0)
		return r;
	shift->userns_fd = make_userns(&maps, err);
	return shift->userns_fd < 0 ? shift->userns_fd : be_alone(block, err);
}

/* All blocks of a small range may belong to containers that have just ended. */
static int claim(struct arena *arena, const struct oci_config *config, const struct policy *policy,
	struct life_shift *shift, struct nacre_error *err)
{
	struct timespec pause = {.tv_nsec = CLAIM_PAUSE_NS};
	int r = try_claim(arena, config, policy, shift, err);

	for (int i = 0; r == -EAGAIN && i < CLAIM_PAUSES; i++) {
		life_shift_done(shift);
		(void)nanosleep(&pause, NULL);
		r = try_claim(arena, config, policy, shift, err);
	}
	return r;
}

static int map_root(struct arena *arena, const char *rootfs, bool writable,
	struct life_shift *shift, struct nacre_error *err)
{
	struct mount_shift root = {
		.userns_fd = shift->userns_fd,
		.root_id = shift->first_id,
		.writable = writable,
	};

	shift->rootfs_fd = rootfs_open(rootfs, err);
	if (shift->rootfs_fd < 0)
		return shift->rootfs_fd;
	root.rootfs_fd = shift->rootfs_fd;
	shift->root_fd = mount_shift_root(arena, &root, err);
	return shift->root_fd < 0 ? shift->root_fd : 0;
}

/* Whether the source of MOUNT must be mapped. A source in the root is mapped with the root: its
 * path belongs to the image, and decides nothing. Returns 1, 0 or an error. */
static int needs_map(const struct oci_mount *mount, const char *rootfs,
	const struct life_shift *shift, struct nacre_error *err)
{
	const char *below;
	int r;

	if (!mount_is_bind(mount) || !mount->source || mount_has(mount, "remount"))
		return 1; /* it has no path to check */
	r = mount_source_below(mount, rootfs, shift->rootfs_fd, &below, err);
	if (r < 0)
		return r;
	return below ? 0 : mount_shift_may_bind(mount, shift->userns_fd, err);
}

static int look_at_binds(struct arena *arena, const struct oci_config *config, const char *rootfs,
	const struct life_shift *shift, struct harden_request *request, struct nacre_error *err)
{
	for (size_t i = 0; i < config->n_mounts; i++) {
		const struct oci_mount *mount = &config->mounts[i];
		int r = needs_map(mount, rootfs, shift, err);

		if (r < 0)
			return r;
		if (r == 0 && !harden_append_word(arena, &request->host.unmapped, mount->source))
			return arena_fail(arena, "mounts", err);
	}
	for (size_t i = 0; i < request->n_workspaces; i++) {
		static const char *words[] = {"bind"};
		const struct oci_mount bind = {
			.source = request->workspaces[i].source,
			.options = {words, 1},
		};
		int r = mount_shift_may_bind(&bind, shift->userns_fd, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* The namespace of the mounts shows that the block is taken, as long as this container has it. */
static int take_ids(struct arena *arena, const struct oci_config *config,
	const struct policy *policy, const struct harden_pod *pod, struct life_shift *shift,
	struct nacre_error *err)
{
	if (!pod)
		return claim(arena, config, policy, shift, err);
	shift->userns_fd = make_userns(&pod->maps, err);
	return shift->userns_fd < 0 ? shift->userns_fd : 0;
}

/* Takes everything that the rule needs, if CONFIG permits it. */
static int take(struct arena *arena, const struct oci_config *config, const char *bundle,
	const struct policy *policy, struct harden_request *request, struct life_shift *shift,
	struct nacre_error *err)
{
	const char *rootfs = bundle_resolve(arena, bundle, config->root->path);
	int r;

	if (!rootfs)
		return arena_fail(arena, "rootfs", err);
	r = take_ids(arena, config, policy, request->host.pod, shift, err);
	if (r == 0)
		r = map_root(
			arena, rootfs, harden_leaves_root_writable(config, request), shift, err);
	return r == 0 ? look_at_binds(arena, config, rootfs, shift, request, err) : r;
}

/* Leaves the rule out, as for anything else that a host lacks. */
static int do_without(struct arena *arena, struct harden_request *request, struct life_shift *shift,
	const char *why, struct nacre_error *err)
{
	life_shift_done(shift);
	request->host.pod = NULL;
	request->host.no_shift = arena_strdup(arena, why);
	return request->host.no_shift ? 0 : arena_fail(arena, "rule user-namespace", err);
}

int shift_look(struct arena *arena, const struct oci_config *config, const char *bundle,
	const struct policy *policy, struct harden_request *request, struct life_shift *ret_shift,
	struct nacre_error *err)
{
	struct nacre_error why;
	char obstacle[256];
	int r;

	*ret_shift = LIFE_SHIFT_NONE;
	if (!harden_wants_shift(config, request) || !config->root)
		return 0;
	r = idmap_is_host_root(err);
	if (r < 0)
		return r;
	if (r == 0)
		return do_without(
			arena, request, ret_shift, "only root of the host has ids to give", err);
	r = mount_check_calls(err);
	if (r == 0)
		r = shift_find_pod(arena, config, request, ret_shift, err);
	if (r < 0) {
		life_shift_done(ret_shift);
		return r;
	}
	harden_shift_obstacle(config, request, obstacle);
	if (*obstacle)
		return do_without(arena, request, ret_shift, obstacle, err);
	r = take(arena, config, bundle, policy, request, ret_shift, &why);
	if (r == -EOPNOTSUPP)
		return do_without(arena, request, ret_shift, why.text, err);
	if (r < 0) {
		life_shift_done(ret_shift);
		*err = why;
		return r;
	}
	request->host.first_id = ret_shift->first_id;
	return 0;
}
