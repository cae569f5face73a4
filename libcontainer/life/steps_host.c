/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/cgroup/resctrl.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/mount/devices.h"
#include "libcontainer/mount/mounts.h"
#include "libcontainer/namespace/idmap.h"
#include "libcontainer/namespace/netdev.h"

/* RUNTIME's rows about resources of the host that one container gets, in the order of life.c. */

int step_make_room_for_sources(struct life *l, struct nacre_error *err)
{
	const size_t n = l->container.config->n_mounts;

	if (l->source_fds)
		return 0;
	l->source_fds = malloc(n * sizeof(int));
	if (!l->source_fds)
		return fail_errno(err, ENOMEM, "mount sources");
	for (size_t i = 0; i < n; i++)
		l->source_fds[i] = -1;
	return 0;
}

/* Makes the tmpfs on /dev with its nodes. If that is not for RUNTIME, INIT makes it without. */
static int make_dev(struct life *l, struct nacre_error *err)
{
	const struct oci_config *config = l->container.config;
	const size_t index = devices_find_dev(config);
	cleanup_close int fd = -1;
	struct nacre_error why;
	int r = l->shift.first_id ? 1 : idmap_is_host_root(err);

	if (r <= 0 || index == config->n_mounts)
		return r < 0 ? r : 0;
	fd = mount_make_outside(&config->mounts[index], index, config->linux_->mount_label, &why);
	r = fd < 0 ? fd : devices_fill_dev(fd, config, &why);
	if (r < 0)
		return fail_except(r, EPERM, &why, err);
	r = step_make_room_for_sources(l, err);
	if (r < 0)
		return r;
	l->source_fds[index] = fd_steal(&fd);
	l->dev_filled = true;
	return 0;
}

/* If RUNTIME cannot make device nodes either, INIT binds the host's. */
int step_make_device_nodes(struct life *l, struct nacre_error *err)
{
	const struct oci_config *config = l->container.config;
	struct nacre_error why;
	int r;

	/* In a user namespace INIT cannot make device nodes. */
	if (!config->linux_ || !config->linux_->n_uid_mappings)
		return 0;
	r = make_dev(l, err);
	if (r < 0)
		return r;
	r = devices_make_nodes(config, l->dev_filled, &why);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return fail_except(r, EPERM, &why, err);
	l->nodes_fd = r;
	return 0;
}

/* Runs after INIT's cgroup namespace was made, whose root is the container's cgroup: from a cgroup
 * below the root, the payload can enable controllers for other cgroups. */
int step_enter_delegated_cgroup(struct life *l, struct nacre_error *err)
{
	const char *name = l->container.annotations.delegate_cgroup;
	struct cgroup below = CGROUP_CLOSED;
	int r;

	if (!l->container.record.cgroup)
		return fail(err, ENOTSUP,
			"annotation run.oci.delegate-cgroup: the container has no cgroup");
	r = cgroup_make_below(&l->container.cgroup, name, &below, err);
	if (r == 0 && step_host_uid(l) > 0)
		r = cgroup_delegate(&below, (uid_t)step_host_uid(l), err);
	if (r == 0)
		r = cgroup_attach(&below, l->container.pid, err);
	cgroup_close(&below);
	return r;
}

/* Holds the network namespace from here on: if INIT ends, its devices must not disappear with it.
 */
int step_move_net_devices(struct life *l, struct nacre_error *err)
{
	l->netns_fd = namespaces_open_network(l->container.pid, err);
	if (l->netns_fd < 0)
		return l->netns_fd;
	return netdev_move(l->netns_fd, l->container.config->linux_->net_devices,
		l->container.config->linux_->n_net_devices, &l->moved_devices, err);
}

/* Runs only if create fails: the runtime never takes a device from a created container
 * (config-linux.md, Namespace Lifecycle). */
int step_restore_net_devices(struct life *l, struct nacre_error *err)
{
	return l->moved_devices ? netdev_restore(l->netns_fd, l->moved_devices, err) : 0;
}

/* Comes after "config and report": after a crash `delete --force` learns of the group from that
 * config. */
int step_enter_resctrl(struct life *l, struct nacre_error *err)
{
	const struct oci_intel_rdt *rdt = l->container.config->linux_->intel_rdt;
	int r;

	r = resctrl_create(l->resctrl_fd, l->container.id, rdt, err);
	if (r < 0)
		return r;
	l->resctrl_made = true;
	return resctrl_join(l->resctrl_fd, l->container.id, rdt, l->container.pid, err);
}

int step_drop_resctrl(struct life *l, struct nacre_error *err)
{
	return l->resctrl_made ? resctrl_remove(l->resctrl_fd, l->container.id,
					 l->container.config->linux_->intel_rdt, err)
			       : 0;
}

int step_join_resctrl(struct life *l, struct nacre_error *err)
{
	cleanup_close int root_fd = resctrl_open(err);

	if (root_fd < 0)
		return root_fd;
	return resctrl_join(root_fd, l->container.id, l->container.config->linux_->intel_rdt,
		l->container.pid, err);
}
