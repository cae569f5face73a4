/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "specs/validate_checks.h"

/* The checks of config-linux.md; for linux.resources and linux.seccomp see validate_limits.c and
 * validate_seccomp.c. */

static int check_namespaces(const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_linux *linux_ = config->linux_;

	for (size_t i = 0; i < linux_->n_namespaces; i++) {
		const struct oci_namespace *ns = &linux_->namespaces[i];

		if (!ns->type)
			return oci_fail(config, err,
				validate_at("linux.namespaces[%zu].type", i).text,
				"is missing or empty");
		for (size_t k = 0; k < i; k++) {
			if (!strcmp(linux_->namespaces[k].type, ns->type))
				return oci_fail(config, err,
					validate_at("linux.namespaces[%zu].type", i).text,
					"duplicate namespace \"%s\"", ns->type);
		}
		if (ns->path && ns->path[0] != '/')
			return oci_fail(config, err,
				validate_at("linux.namespaces[%zu].path", i).text,
				"\"%s\" is not an absolute path", ns->path);
	}
	return 0;
}

static bool overlap(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
	return (uint64_t)a < (uint64_t)b + b_size && (uint64_t)b < (uint64_t)a + a_size;
}

/* Checks the limits of user_namespaces(7): the kernel accepts at most 340 lines, and answers each
 * of these errors with EINVAL. */
int validate_id_mappings(const struct oci_config *config, const struct oci_id_mapping *mappings,
	size_t n, const char *place, struct nacre_error *err)
{
	if (n > 340)
		return oci_fail(
			config, err, place, "has %zu entries; the kernel accepts at most 340", n);
	for (size_t i = 0; i < n; i++) {
		const struct oci_id_mapping *m = &mappings[i];

		if (!m->size)
			return oci_fail(config, err, validate_at("%s[%zu].size", place, i).text,
				"0 is not valid; a range has at least one id");
		if (m->size > UINT32_MAX - m->container_id || m->size > UINT32_MAX - m->host_id)
			return oci_fail(config, err, validate_at("%s[%zu].size", place, i).text,
				"%u goes past the last id", m->size);
		for (size_t k = 0; k < i; k++) {
			const struct oci_id_mapping *o = &mappings[k];

			if (overlap(m->container_id, m->size, o->container_id, o->size) ||
				overlap(m->host_id, m->size, o->host_id, o->size))
				return oci_fail(config, err, validate_at("%s[%zu]", place, i).text,
					"overlaps with entry %zu", k);
		}
	}
	return 0;
}

static bool maps(const struct oci_id_mapping *mappings, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++) {
		if (id >= mappings[i].container_id &&
			id - mappings[i].container_id < mappings[i].size)
			return true;
	}
	return false;
}

static int check_user_namespace(const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_linux *l = config->linux_;
	const struct oci_user *user = &config->process->user;
	int r;

	if (!l->n_uid_mappings && !l->n_gid_mappings) {
		if (!oci_has_new_namespace(config, "user"))
			return 0;
		return oci_fail(config, err, "linux.uidMappings",
			"is missing; a new user namespace needs uidMappings and gidMappings");
	}
	if (!validate_has_namespace(config, "user"))
		return oci_fail(config, err,
			l->n_uid_mappings ? "linux.uidMappings" : "linux.gidMappings",
			"is given without a user namespace; add {\"type\": \"user\"} to "
			"linux.namespaces");
	r = validate_id_mappings(
		config, l->uid_mappings, l->n_uid_mappings, "linux.uidMappings", err);
	if (r == 0)
		r = validate_id_mappings(
			config, l->gid_mappings, l->n_gid_mappings, "linux.gidMappings", err);
	if (r < 0)
		return r;
	if (l->n_uid_mappings && !maps(l->uid_mappings, l->n_uid_mappings, user->uid))
		return oci_fail(config, err, "process.user.uid",
			"%u is not mapped by linux.uidMappings", user->uid);
	if (l->n_gid_mappings && !maps(l->gid_mappings, l->n_gid_mappings, user->gid))
		return oci_fail(config, err, "process.user.gid",
			"%u is not mapped by linux.gidMappings", user->gid);
	return 0;
}

static int check_time_offset(const struct oci_config *config, const struct oci_time_offset *offset,
	const char *place, struct nacre_error *err)
{
	if (offset && offset->nanosecs.value >= 1000000000)
		return oci_fail(
			config, err, place, "%u is not below one second", offset->nanosecs.value);
	return 0;
}

/* time_namespaces(7): offsets can be set only before the first process is in the namespace. */
static int check_time_offsets(const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_time_offsets *offsets = config->linux_->time_offsets;
	int r;

	if (!offsets || (!offsets->monotonic && !offsets->boottime))
		return 0;
	if (!oci_has_new_namespace(config, "time"))
		return oci_fail(config, err, "linux.timeOffsets",
			"needs a time namespace of the container's own; add {\"type\": \"time\"} "
			"without a path to linux.namespaces");
	r = check_time_offset(
		config, offsets->monotonic, "linux.timeOffsets.monotonic.nanosecs", err);
	if (r < 0)
		return r;
	return check_time_offset(
		config, offsets->boottime, "linux.timeOffsets.boottime.nanosecs", err);
}

static int check_devices(const struct oci_config *config, struct nacre_error *err)
{
	for (size_t i = 0; i < config->linux_->n_devices; i++) {
		const struct oci_device *device = &config->linux_->devices[i];
		const char *type = device->type ? device->type : "";

		if (!device->path || device->path[0] != '/')
			return oci_fail(config, err, validate_at("linux.devices[%zu].path", i).text,
				"\"%s\" is not an absolute path", device->path ? device->path : "");
		if (strlen(type) != 1 || !strchr("cbup", type[0]))
			return oci_fail(config, err, validate_at("linux.devices[%zu].type", i).text,
				"invalid device type \"%s\"; c, b, u and p are valid", type);
		if (type[0] == 'p')
			continue;
		if (!device->major.set || !device->minor.set)
			return oci_fail(config, err, validate_at("linux.devices[%zu]", i).text,
				"%s: major and minor are needed for type %s", device->path, type);
		/* The kernel's dev_t has 12 and 20 bits. */
		if (device->major.value < 0 || device->major.value >= 1 << 12 ||
			device->minor.value < 0 || device->minor.value >= 1 << 20)
			return oci_fail(config, err, validate_at("linux.devices[%zu]", i).text,
				"%s: %lld:%lld is not a device number", device->path,
				(long long)device->major.value, (long long)device->minor.value);
	}
	return 0;
}

/* Applies the kernel's dev_valid_name(); IFNAMSIZ has room for 15 characters. */
static bool is_interface_name(const char *name)
{
	size_t length = strlen(name);

	return length > 0 && length <= 15 && strcmp(name, ".") && strcmp(name, "..") &&
	       !strpbrk(name, "/: \t\n\v\f\r");
}

/* Allows "eth%d", for which the kernel chooses the number; a percent sign has no other meaning in a
 * new name. */
static bool is_new_interface_name(const char *name)
{
	const char *percent = strchr(name, '%');

	return is_interface_name(name) &&
	       (!percent || (percent[1] == 'd' && !strchr(percent + 1, '%')));
}

static int check_net_devices(const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_linux *linux_ = config->linux_;

	if (linux_->n_net_devices && !validate_has_namespace(config, "network"))
		return oci_fail(config, err, "linux.netDevices",
			"needs a network namespace; add {\"type\": \"network\"} to "
			"linux.namespaces");
	for (size_t i = 0; i < linux_->n_net_devices; i++) {
		const struct oci_net_device *device = &linux_->net_devices[i];
		const char *name = device->name ? device->name : device->host_name;

		if (!is_interface_name(device->host_name) || !is_new_interface_name(name))
			return oci_fail(config, err,
				validate_at("linux.netDevices.%s", device->host_name).text,
				"\"%s\" is not a valid name of a network device",
				is_new_interface_name(name) ? device->host_name : name);
		for (size_t k = 0; k < i; k++) {
			const struct oci_net_device *other = &linux_->net_devices[k];

			/* Two names "eth%d" do not clash: the kernel chooses the numbers. */
			if (!strchr(name, '%') &&
				!strcmp(other->name ? other->name : other->host_name, name))
				return oci_fail(config, err,
					validate_at("linux.netDevices.%s", device->host_name).text,
					"another device is already named \"%s\"", name);
		}
	}
	return 0;
}

/* A relative path starts from the root, as in runc and crun. */
static int check_restricted(const struct oci_config *config, const struct oci_strings *list,
	const char *place, struct nacre_error *err)
{
	if (list->n && !validate_has_namespace(config, "mount"))
		return oci_fail(config, err, place,
			"needs a mount namespace; add {\"type\": \"mount\"} to linux.namespaces");
	return 0;
}

static int check_restricted_paths(const struct oci_config *config, struct nacre_error *err)
{
	int r = check_restricted(config, &config->linux_->masked_paths, "linux.maskedPaths", err);

	if (r < 0)
		return r;
	return check_restricted(
		config, &config->linux_->readonly_paths, "linux.readonlyPaths", err);
}

static int check_rootfs_propagation(const struct oci_config *config, struct nacre_error *err)
{
	static const char *const words[] = {"private", "rprivate", "shared", "rshared", "slave",
		"rslave", "unbindable", "runbindable"};
	const char *propagation = config->linux_->rootfs_propagation;

	if (!propagation)
		return 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(words[i], propagation))
			return 0;
	}
	return oci_fail(config, err, "linux.rootfsPropagation",
		"\"%s\" is not valid; private, shared, slave and unbindable are", propagation);
}

/* Checks a key, which becomes a path below /proc/sys: sysctl.d(5), with both separators.
 * libcontainer/namespace/sysctl.c decides which ones the container may set. */
static bool is_sysctl_key(const char *key)
{
	char separator = key[strcspn(key, "./")];
	const char *part = key;

	if (!separator)
		return false;
	for (;;) {
		size_t length = 0;

		while (part[length] && part[length] != separator)
			length++;
		if (!length || (part[0] == '.' && (length == 1 || (length == 2 && part[1] == '.'))))
			return false;
		/* If dots separate the parts, a slash stands for a dot in a name. */
		if (separator == '.' && (part[0] == '/' || part[length - 1] == '/'))
			return false;
		if (!part[length])
			return true;
		part += length + 1;
	}
}

static int check_sysctls(const struct oci_config *config, struct nacre_error *err)
{
	for (size_t i = 0; i < config->linux_->sysctl.n; i++) {
		const char *key = config->linux_->sysctl.items[i].key;

		if (!is_sysctl_key(key))
			return oci_fail(config, err, "linux.sysctl",
				"\"%s\" is not a name such as net.ipv4.ip_forward", key);
	}
	return 0;
}

static int check_personality(const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_personality *personality = config->linux_->personality;

	if (!personality)
		return 0;
	if (!personality->domain)
		return oci_fail(config, err, "linux.personality.domain", "is missing");
	if (strcmp(personality->domain, "LINUX") && strcmp(personality->domain, "LINUX32"))
		return oci_fail(config, err, "linux.personality.domain",
			"\"%s\" is not valid; LINUX and LINUX32 are", personality->domain);
	return 0;
}

static int check_intel_rdt(const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_intel_rdt *rdt = config->linux_->intel_rdt;
	const char *id = rdt ? rdt->clos_id : NULL;

	if (!rdt)
		return 0;
	/* "/" is the root group; any other is one directory in resctrl. */
	if (id && (!strcmp(id, ".") || !strcmp(id, "..") || (strchr(id, '/') && strcmp(id, "/"))))
		return oci_fail(config, err, "linux.intelRdt.closID",
			"\"%s\" is not the name of a directory", id);
	if (rdt->mem_bw_schema &&
		(strncmp(rdt->mem_bw_schema, "MB:", 3) || strchr(rdt->mem_bw_schema, '\n')))
		return oci_fail(config, err, "linux.intelRdt.memBwSchema",
			"must be one line that starts with \"MB:\"");
	for (size_t i = 0; i < rdt->schemata.n; i++) {
		if (strchr(rdt->schemata.items[i], '\n'))
			return oci_fail(config, err,
				validate_at("linux.intelRdt.schemata[%zu]", i).text,
				"must be one line");
	}
	return 0;
}

const struct check validate_linux_checks[] = {
	{"namespaces", check_namespaces},
	{"user-namespace", check_user_namespace},
	{"time-offsets", check_time_offsets},
	{"devices", check_devices},
	{"net-devices", check_net_devices},
	{"restricted-paths", check_restricted_paths},
	{"rootfs-propagation", check_rootfs_propagation},
	{"sysctls", check_sysctls},
	{"personality", check_personality},
	{"memory-policy", validate_memory_policy},
	{"intel-rdt", check_intel_rdt},
	{"seccomp", validate_seccomp},
	{NULL, NULL},
};
