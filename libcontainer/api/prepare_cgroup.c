/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "libcontainer/api/nacre.h"
#include "libcontainer/cgroup/cgroup_limits.h"
#include "libcontainer/cgroup/cgroup_place.h"
#include "libcontainer/life/plan.h"
#include "libcontainer/namespace/idmap.h"
#include "libcontainer/process/rlimits.h"
#include "libcontainer/systemd/systemd.h"

/* Chooses the cgroup of a new container, and decides which containers may have none. */

/* Warns that limits which only the profile wants are not applied, unless the user chose to have no
 * cgroup. Under a profile that hardens, even that choice does not silently drop the device filter.
 */
static void warn_of_no_cgroup(struct life *l, const struct nacre_error *why, bool disabled)
{
	const bool hardened = l->container.config->nacre;
	struct nacre_error message;

	if (disabled && !hardened)
		return;
	(void)fail(&message, why->code,
		"the container has no cgroup, so there are no limits%s, no device filter%s and no "
		"pause: %s%s",
		rlimits_in_place_of_cgroup(l->container.config->process),
		hardened ? " (rules resources and devices are not enforced)" : "", why->text,
		disabled ? "" : " (" CGROUP_DELEGATION ")");
	container_warn(&l->container, message.text);
}

/* Continues without a cgroup, for the reason WHY. If the config asks for limits, or a rule is
 * required, that is an error. */
static int go_without_cgroup(struct life *l, const struct harden_request *request,
	const struct nacre_error *why, bool disabled, struct nacre_error *err)
{
	static const struct {
		const char *name;
		bool by_relay; /* the relay can enforce it without a cgroup */
	} rules[] = {
		{"resources", false}, {"devices", false}, {"metadata", true}, {"egress", true}};
	const bool by_relay = plan_may_relay_egress(l->container.config);
	const struct oci_hardened *nacre = l->container.config->nacre;
	const struct oci_resources *resources = l->container.config->linux_
							? l->container.config->linux_->resources
							: NULL;
	const char *remedy = disabled ? "" : " (" CGROUP_DELEGATION ")";
	struct nacre_error message;

	if (cgroup_limits_apply(-1, resources, disabled ? 0 : oci_best_effort(l->container.config),
		    NULL, NULL, NULL, &message) < 0)
		return fail(err, message.code, "%s, and there is none: %s%s", message.text,
			why->text, remedy);
	if (harden_egress_holds(nacre) && !by_relay)
		return fail(err, ENOTSUP,
			"egress rules need a cgroup, or a network namespace of the container's "
			"own, and there is none: %s%s",
			why->text, remedy);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (oci_strings_have(&request->require, rules[i].name) &&
			!(by_relay && rules[i].by_relay))
			return fail(err, ENOTSUP,
				"rule %s is required, which needs a cgroup, and there is none: "
				"%s%s",
				rules[i].name, why->text, remedy);
	}
	warn_of_no_cgroup(l, why, disabled);
	return 0;
}

/* Whether CODE means that this caller can never have a cgroup here: no permission, no cgroup2, or a
 * mount that shows another part of the tree. Any other error may be temporary. */
static bool is_lasting(int code)
{
	return code == -EACCES || code == -EPERM || code == -EROFS || code == -ENOSYS ||
	       code == -ENOENT;
}

/* A caller that names a path gets an error if it is impossible, like in runc; so does root of the
 * host. */
static bool can_go_without(const struct life *l, const char *rootless, bool host_root, int code)
{
	const struct oci_linux *linux_ = l->container.config->linux_;

	if (!is_lasting(code) || (linux_ && linux_->cgroups_path && *linux_->cgroups_path))
		return false;
	if (rootless && strcmp(rootless, "auto") != 0)
		return strcmp(rootless, "true") == 0;
	return !host_root;
}

/* systemd chooses the cgroup of a unit. */
static int name_unit(
	struct life *l, const struct nacre_create_options *options, struct nacre_error *err)
{
	const char *wanted = l->container.config->linux_ ? l->container.config->linux_->cgroups_path
							 : NULL;
	const int of_user = options->rootless && strcmp(options->rootless, "auto") != 0
				    ? strcmp(options->rootless, "true") == 0
				    : systemd_of_user(err);
	struct systemd_unit unit;
	int r;

	if (of_user < 0)
		return of_user;
	l->container.cgroup.mount_fd = cgroup_open_mount(err);
	r = l->container.cgroup.mount_fd < 0
		    ? l->container.cgroup.mount_fd
		    : systemd_unit_from_path(wanted, l->container.id, of_user, &unit, err);
	if (r < 0)
		return r;
	if (l->container.config->linux_ && l->container.config->linux_->resources)
		systemd_round_quota(l->container.config->linux_->resources);
	l->container.record.user_unit = of_user;
	l->container.record.unit = arena_strdup(l->container.arena, unit.name);
	return l->container.record.unit ? 0 : fail_errno(err, ENOMEM, "record");
}

int prepare_cgroup(struct life *l, const struct nacre_create_options *options,
	const struct harden_request *request, const char **ret_path, struct nacre_error *err)
{
	struct nacre_error why = {ENOTSUP, "--cgroup-manager disabled"};
	char path[PATH_MAX];
	int host_root, r;

	*ret_path = NULL;
	if (options->systemd_cgroup)
		return name_unit(l, options, err);
	if (options->no_cgroup)
		return go_without_cgroup(l, request, &why, true, err);
	host_root = idmap_is_host_root(err);
	if (host_root < 0)
		return host_root;
	l->container.cgroup.mount_fd = r = cgroup_open_mount(&why);
	if (r >= 0)
		r = cgroup_place(l->container.cgroup.mount_fd,
			l->container.config->linux_ ? l->container.config->linux_->cgroups_path
						    : NULL,
			l->container.id, host_root, path, &why);
	if (r < 0 && can_go_without(l, options->rootless, host_root, r))
		return go_without_cgroup(l, request, &why, false, err);
	if (r < 0) {
		*err = why;
		return r;
	}
	*ret_path = arena_strdup(l->container.arena, path);
	return *ret_path ? 0 : fail_errno(err, ENOMEM, "record");
}
