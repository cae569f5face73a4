/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "libcontainer/cgroup/cgroup.h"
#include "libcontainer/cgroup/cgroup_devices.h"
#include "libcontainer/cgroup/cgroup_limits.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/namespace/idmap.h"
#include "libcontainer/process/rlimits.h"
#include "specs/mount_types.h"
#include "specs/mount_words.h"

/* RUNTIME's rows on the limits and device rules of the container's cgroup. */

/* config-linux.md, Cgroup ownership: delegates a cgroup that has its own cgroup namespace and is
 * mounted writable. */
static int delegate_cgroup(struct life *l, struct nacre_error *err)
{
	bool writable = false;

	for (size_t i = 0; i < l->container.config->n_mounts; i++) {
		const struct oci_mount *mount = &l->container.config->mounts[i];

		if (mount_kind(mount) == MOUNT_CGROUP)
			writable = !mount_is_read_only(mount);
	}
	if (!writable || !(l->container.record.active & NEW_CGROUPNS) || step_host_uid(l) < 0)
		return 0;
	return cgroup_delegate(&l->container.cgroup, (uid_t)step_host_uid(l), err);
}

/* A user namespace permits no BPF program, but also no mknod(2), and its mounts open no devices.
 * Only the nodes that the config binds or lists remain. */
static int go_without_filter(
	const struct container *c, const struct nacre_error *why, struct nacre_error *err)
{
	const struct oci_linux *linux_ = c->config->linux_;
	struct nacre_error message;

	if (oci_strings_have(&c->record.require, "devices")) {
		*err = *why;
		return fail_prefix(err, "rule devices is required");
	}
	if (c->config->nacre && linux_ && linux_->n_devices) {
		(void)fail(&message, why->code,
			"rule devices: there is no device filter in a user namespace, so that "
			"linux.resources.devices is not enforced for the nodes of linux.devices: "
			"%s",
			why->text);
		container_warn(c, message.text);
	}
	return 0;
}

int step_apply_device_rules(
	const struct container *c, const struct oci_resources *resources, struct nacre_error *err)
{
	struct nacre_error why;
	int r = cgroup_devices_apply(c->cgroup.fd, resources->devices, resources->n_devices, &why);
	int initial = 1;

	if (r == 0)
		return 0;
	if (r == -EPERM)
		initial = oci_find_namespace(c->config, "user") ? 0 : idmap_is_initial(err);
	if (initial <= 0)
		return initial < 0 ? initial : go_without_filter(c, &why, err);
	*err = why;
	return r;
}

/* Without any device rule the defaults apply: only the usual devices, as with runc. */
static const struct oci_resources *resources_of(const struct life *l)
{
	static const struct oci_resources none;
	const struct oci_linux *linux_ = l->container.config->linux_;

	return linux_ && linux_->resources ? linux_->resources : &none;
}

/* Warns of limits that are left out, with their replacement. */
static void warn_of_limits(void *data, const char *text)
{
	const struct life *l = data;
	const char *instead = rlimits_in_place_of_cgroup(l->process);
	struct nacre_error message;

	(void)fail(&message, 0, "%s%s%s", text, *instead ? ": there are none" : "", instead);
	container_warn(&l->container, message.text);
}

static int set_limits(struct life *l, struct nacre_error *err)
{
	const struct oci_hardened *nacre = l->container.config->nacre;
	int r;

	if (!l->container.record.cgroup)
		return 0;
	r = cgroup_limits_apply(l->container.cgroup.fd, resources_of(l),
		oci_best_effort(l->container.config), NULL, warn_of_limits, l, err);
	if (r < 0 && nacre && nacre->limits_required)
		return fail_prefix(err, "rule resources is required");
	return r < 0 ? r : delegate_cgroup(l, err);
}

int step_set_device_rules(struct life *l, struct nacre_error *err)
{
	if (!l->container.record.cgroup)
		return 0;
	return step_apply_device_rules(&l->container, resources_of(l), err);
}

int step_set_cgroup_limits(struct life *l, struct nacre_error *err)
{
	int r = set_limits(l, err);

	return r < 0 ? r : step_set_device_rules(l, err);
}

/* The rules are for the program: INIT must be able to open the disks of mounts[], even those that
 * the program must not. */
int step_set_limits_ahead(struct life *l, struct nacre_error *err)
{
	return l->container.record.active & DISKS ? set_limits(l, err)
						  : step_set_cgroup_limits(l, err);
}
