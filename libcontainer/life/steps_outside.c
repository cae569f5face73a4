/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/procfs.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/life/sync.h"
#include "libcontainer/mount/mounts.h"
#include "libcontainer/namespace/sysctl.h"
#include "specs/harden_userns.h"
#include "specs/mount_words.h"

/* INIT may not do these operations in the container's user namespace, but RUNTIME may outside of
 * it. INIT asks for them; if RUNTIME may not either, the error of RUNTIME counts. */

int step_ask_runtime(struct life *l, enum sync_kind kind, size_t index, int fd, int *ret_fd,
	struct nacre_error *err)
{
	struct sync_message answer;
	int r = sync_send(l->sync, kind, 0, 0, (int)index, NULL, fd);

	while (r >= 0 && (r = sync_receive(l->sync, &answer, ret_fd)) == 1) {
		if (answer.kind == kind)
			return 0;
		l->turn_ahead = answer.step;
	}
	return fail_errno(err, r < 0 ? r : EPROTO, "ask the runtime");
}

bool step_has_callers_network(const struct life *l)
{
	return !oci_find_namespace(l->container.config, "network") ||
	       l->namespaces.own_flags & namespaces_flag("network");
}

/* Returns the type of namespace that a new filesystem of this type shows; NULL: none. */
static const char *shown_namespace(const struct oci_mount *mount)
{
	if (mount_has_type(mount, "sysfs"))
		return "network";
	return mount_has_type(mount, "mqueue") ? "ipc" : NULL;
}

bool step_is_made_outside(const struct life *l, const struct oci_mount *mount)
{
	const char *type = shown_namespace(mount);

	if (!type)
		return false;
	if (l->namespaces.join_flags & ~l->namespaces.own_flags & namespaces_flag(type))
		return true;
	/* Of the host's sysfs there is one to be bound. */
	return strcmp(type, "ipc") == 0 && !(l->namespaces.new_flags & namespaces_flag(type));
}

/* The arguments of an operation in a namespace of the container: which mount or value it is for. */
struct errand {
	struct life *l;
	size_t index;
	int fd; /* a procfs, or the filesystem that was made */
};

static int make_filesystem(void *data, struct nacre_error *err)
{
	struct errand *errand = data;
	const struct oci_config *config = errand->l->container.config;

	errand->fd = mount_make_outside(
		&config->mounts[errand->index], errand->index, config->linux_->mount_label, err);
	return errand->fd < 0 ? errand->fd : 0;
}

static int answer_make(struct life *l, size_t index, int *ret_fd, struct nacre_error *err)
{
	const struct oci_config *config = l->container.config;
	struct errand errand = {.l = l, .index = index, .fd = -1};
	const char *type;
	int joined, r;

	if (index >= config->n_mounts || !step_is_made_outside(l, &config->mounts[index]))
		return fail(err, EPROTO, "init asked for mount %zu", index);
	type = shown_namespace(&config->mounts[index]);
	joined = namespaces_joined(&l->namespaces, type);
	r = joined < 0 ? make_filesystem(&errand, err)
		       : namespaces_visit(type, joined, make_filesystem, &errand, err);
	*ret_fd = errand.fd;
	if (r == -EPERM)
		(void)fail_prefix(err,
			"neither the container's root nor the caller may show the %s namespace, "
			"which is not its own; bind a mount that does",
			type);
	return r < 0 ? fail_prefix(err, "mounts: mounts[%zu]: %s on %s", index,
			       config->mounts[index].type, config->mounts[index].destination)
		     : 0;
}

static int write_sysctl(void *data, struct nacre_error *err)
{
	struct errand *errand = data;
	const struct life *l = errand->l;
	struct oci_pair sysctl = l->container.config->linux_->sysctl.items[errand->index];
	uint32_t least, most;
	char value[32];

	if (l->shift.first_id && harden_shift_ping(&sysctl, &least, &most)) {
		harden_shift_ping_outside(l->shift.first_id, least, most, value);
		sysctl.value = value;
	}
	return sysctl_write(errand->fd, &sysctl, err);
}

/* Writes through the caller's own procfs: /proc/sys shows the namespace of the writing process. */
static int answer_sysctl(struct life *l, size_t index, struct nacre_error *err)
{
	const struct oci_linux *linux_ = l->container.config->linux_;
	cleanup_close int proc_fd = -1;
	struct errand errand = {.l = l, .index = index};
	const char *type;
	int joined, r;

	if (!linux_ || index >= linux_->sysctl.n ||
		!sysctl_may_be_another_s(-EPERM, linux_->sysctl.items[index].key, &type))
		return fail(err, EPROTO, "init asked for value %zu of linux.sysctl", index);
	proc_fd = procfs_open(err);
	if (proc_fd < 0)
		return proc_fd;
	errand.fd = proc_fd;
	joined = namespaces_joined(&l->namespaces, type);
	r = namespaces_visit(
		type, joined >= 0 ? joined : l->container.pidfd, write_sysctl, &errand, err);
	if (r == -EPERM || r == -EACCES)
		return fail_prefix(err, "sysctl: neither the container's root nor the caller may");
	return r < 0 ? fail_prefix(err, "sysctl") : 0;
}

int step_answer_init(
	struct life *l, const struct sync_message *asked, int fd, struct nacre_error *err)
{
	const size_t index = (size_t)asked->value;
	cleanup_close int made = -1;
	int r;

	if (asked->kind == SYNC_LISTENER)
		return step_take_listener_of_relay(l, asked, fd, err);
	if (asked->kind == SYNC_MAP)
		r = step_map_source(l, asked->value, fd, err);
	else if (asked->kind == SYNC_MAKE)
		r = answer_make(l, index, &made, err);
	else
		r = answer_sysctl(l, index, err);
	if (r < 0)
		return r;
	r = sync_send(l->sync, (enum sync_kind)asked->kind, 0, 0, asked->value, NULL, made);
	return r < 0 ? fail_errno(err, r, "answer init") : 0;
}
