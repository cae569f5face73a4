/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_GUARD_H
#define NACRE_MOUNT_GUARD_H

#include <stdbool.h>

#include "libcontainer/mount/mount_objects.h"
#include "specs/harden_opened.h"
#include "specs/mount_layers.h"

/*
 * Applies the rules of a profile to what is really opened. harden() has judged the config as text.
 * Here each source (of a bind, the layers of an overlay, a disk, the rootfs) is opened first and
 * then judged by identity: which object it is, what it lies in and what it contains. So a symlink,
 * a hard link or a second mount does not get around a rule. A grant is for the directory that its
 * path led to before anything of the container ran. The caller mounts the fd that was judged.
 *
 * What was judged before the config was made (oci_judged) must be what is opened, under every
 * profile.
 *
 * Paths are compared as well, as in harden(): that refuses earlier or with a better text, and never
 * allows.
 */

/* A grant for a path, and the object that the path led to. */
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
	const struct harden_request *request; /* NULL: no rules, as under profile oci */
	const struct oci_config *config; /* hardened */
	const char *own; /* source of nacre's own, compared as a pointer: not judged; or NULL */
	struct harden_left *left; /* one per mount; set if rules hold or something is kept */
	struct mount_objects objects;
	struct mount_grant *grants;
	size_t n_grants;
	bool *used; /* one per grant: whether it decided; for harden_warn_of_sources */
	struct mount_objects hidden; /* mount_guard_hide */
	const char *hidden_what;
	struct mount_objects kept; /* mount_guard_keep */
	const char *kept_what;
};

/* Prepares GUARD. STATE_FD: the directory with the state of containers. Runs in the host's mount
 * namespace. */
int mount_guard_init(struct mount_guard *guard, struct arena *arena,
	const struct harden_request *request, const struct oci_config *config, int state_fd,
	struct nacre_error *err);

/* Protects the directory FD as well: it has the state of containers, as STATE_FD has. */
int mount_guard_add_state(struct mount_guard *guard, int fd, struct nacre_error *err);

/* Refuses each source that is FD, or that FD lies in, under every profile and despite every grant.
 * WHAT (a constant) names FD in error texts; it is the same for all that is hidden. To be called
 * after mount_guard_init. */
int mount_guard_hide(struct mount_guard *guard, int fd, const char *what, struct nacre_error *err);

/* Refuses the same sources if the container can write to them: FD may be mounted read-only, and as
 * a copy. */
int mount_guard_keep(struct mount_guard *guard, int fd, const char *what, struct nacre_error *err);

/* Whether the rules of a profile apply to what is opened. GUARD may be NULL. */
bool mount_guard_judges(const struct mount_guard *guard);

/* Whether GUARD has to see what is opened at all: for those rules, or because something is hidden,
 * kept or was judged before. */
bool mount_guard_looks(const struct mount_guard *guard);

/* The functions below return 0 at once unless mount_guard_looks; -EPERM if a rule refuses. */

/* Opens the source of bind INDEX of the config and judges it; only to be called if
 * mount_guard_looks. Returns an O_PATH fd for open_tree(2) with AT_EMPTY_PATH. NOFOLLOW: opens a
 * symlink itself. */
int mount_guard_open(
	const struct mount_guard *guard, size_t index, bool nofollow, struct nacre_error *err);

/* Judges the source of mount INDEX, which the caller has opened as FD. */
int mount_guard_judge(
	const struct mount_guard *guard, size_t index, int fd, struct nacre_error *err);

/* Judges the rootfs, opened as FD. */
int mount_guard_root(
	const struct mount_guard *guard, const char *path, int fd, struct nacre_error *err);

/* Judges the layer of an overlay, opened as FD. */
int mount_guard_layer(const struct mount_guard *guard, size_t index, const struct oci_layer *layer,
	int fd, struct nacre_error *err);

/* Judges the mounts that came along with a recursive clone of source INDEX (SIZE_MAX: the rootfs).
 * TREE_FD is its root, attached in the caller's mount namespace, with nothing mounted in it yet.
 * Returns 1 if any mount came along. */
int mount_guard_tree(
	const struct mount_guard *guard, size_t index, int tree_fd, struct nacre_error *err);

#endif
