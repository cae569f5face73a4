/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_GUARD_H
#define NACRE_MOUNT_GUARD_H

#include <stdbool.h>

#include "libcontainer/mount/mount_objects.h"
#include "specs/harden_opened.h"
#include "specs/mount_layers.h"

/*
 * The rules of a profile on what is really opened. harden() has judged the config as text; here
 * each source (of a bind, the layers of an overlay, a disk, the rootfs) is opened first and then
 * judged by which object it is, what it lies in and what it contains: by identity. A symlink, a
 * hard link or a second mount of a forbidden place is no way around, a grant is for the directory
 * that its path led to before anything of the container ran, and what is judged is what is mounted:
 * the caller goes on with the same fd.
 *
 * What was judged before the config was made (oci_judged) must be what is opened, under every
 * profile.
 *
 * A path is compared as well, as harden() did: that refuses earlier or with a better text, and
 * never allows.
 */

/* A grant for a path: what lay there. */
struct mount_grant {
	enum mount_grant_kind {
		MOUNT_GRANT_MOUNT,
		MOUNT_GRANT_WORKSPACE,
		MOUNT_GRANT_DEVICE,
	} kind;
	const char *text;
	size_t index; /* of the request */
	int error; /* why it could not be opened; a negative errno */
	struct mount_identity identity;
};

struct mount_guard {
	struct arena *arena;
	const struct harden_request *request; /* NULL: guards nothing, as under profile oci */
	const struct oci_config *config; /* hardened */
	const char *own; /* a source of nacre's own, by its address: not judged; NULL: none */
	struct harden_left *left; /* one a mount; where rules hold or something is kept */
	struct mount_objects objects;
	struct mount_grant *grants;
	size_t n_grants;
	bool *used; /* one a grant of the request: it decided; for harden_warn_of_sources */
	struct mount_objects hidden; /* mount_guard_hide */
	const char *hidden_what;
	struct mount_objects kept; /* mount_guard_keep */
	const char *kept_what;
};

/* Of a container whose states lie in STATE_FD; in the host's mount namespace. */
int mount_guard_init(struct mount_guard *guard, struct arena *arena,
	const struct harden_request *request, const struct oci_config *config, int state_fd,
	struct nacre_error *err);

/* The directory FD is state of containers, as STATE_FD is. */
int mount_guard_add_state(struct mount_guard *guard, int fd, struct nacre_error *err);

/* No source may be FD, nor what FD lies in, under whatever profile and with whatever grant: it is
 * WHAT (a constant), for error texts; the same for all that is hidden. After mount_guard_init. */
int mount_guard_hide(struct mount_guard *guard, int fd, const char *what, struct nacre_error *err);

/* The same of sources that the container can write to alone: those of FD can be had read-only, and
 * as a copy. */
int mount_guard_keep(struct mount_guard *guard, int fd, const char *what, struct nacre_error *err);

/* Whether the rules of a profile hold for what is opened. GUARD may be NULL. */
bool mount_guard_judges(const struct mount_guard *guard);

/* Whether it has to see what is opened at all: for those rules, or since something is hidden, kept
 * or was judged before. */
bool mount_guard_looks(const struct mount_guard *guard);

/* All below return 0 without a look where the guard does not look; -EPERM if a rule refuses. */

/* Where it looks: opens the source of bind INDEX of the config for open_tree(2) with
 * AT_EMPTY_PATH. Returns an O_PATH fd. NOFOLLOW: a symlink itself. */
int mount_guard_open(
	const struct mount_guard *guard, size_t index, bool nofollow, struct nacre_error *err);

/* The judgement alone, on the source opened as FD. */
int mount_guard_judge(
	const struct mount_guard *guard, size_t index, int fd, struct nacre_error *err);

/* The rootfs, opened as FD. */
int mount_guard_root(
	const struct mount_guard *guard, const char *path, int fd, struct nacre_error *err);

/* The layer of an overlay, opened as FD. */
int mount_guard_layer(const struct mount_guard *guard, size_t index, const struct oci_layer *layer,
	int fd, struct nacre_error *err);

/* What came along with a recursive clone of a source: TREE_FD is its root, attached in the mount
 * namespace of the caller, with nothing mounted in it yet. INDEX: SIZE_MAX for the rootfs. Returns
 * 1 if any mount came along. */
int mount_guard_tree(
	const struct mount_guard *guard, size_t index, int tree_fd, struct nacre_error *err);

#endif
