/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/defaults.h"

#include <errno.h>
#include <string.h>

#include "specs/config_parts.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define WORDS(...)                                          \
	{                                                   \
		.items = (const char *[]){__VA_ARGS__},     \
		.n = COUNT(((const char *[]){__VA_ARGS__})) \
	}

/* clang-format off */

static const struct oci_strings arguments = WORDS("sh");

static const struct oci_strings environment = WORDS(
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"TERM=xterm");

/* Capabilities that are neither inheritable nor ambient: a process of a user other than root would
 * keep such (CVE-2022-24769). */
#define CAPABILITIES WORDS("CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE")

static const struct oci_capabilities capabilities = {
	.bounding = CAPABILITIES,
	.effective = CAPABILITIES,
	.permitted = CAPABILITIES,
};

static const struct oci_rlimit rlimits[] = {
	{"RLIMIT_NOFILE", .soft = 1024, .hard = 1024},
};

static const struct oci_mount mounts[] = {
	{"/proc", .type = "proc", .source = "proc"},
	{"/dev", .type = "tmpfs", .source = "tmpfs",
		.options = WORDS("nosuid", "strictatime", "mode=755", "size=65536k")},
	{"/dev/pts", .type = "devpts", .source = "devpts",
		.options = WORDS("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620",
			"gid=5")},
	{"/dev/shm", .type = "tmpfs", .source = "shm",
		.options = WORDS("nosuid", "noexec", "nodev", "mode=1777", "size=65536k")},
	{"/dev/mqueue", .type = "mqueue", .source = "mqueue",
		.options = WORDS("nosuid", "noexec", "nodev")},
	{"/sys", .type = "sysfs", .source = "sysfs",
		.options = WORDS("nosuid", "noexec", "nodev", "ro")},
	{"/sys/fs/cgroup", .type = "cgroup", .source = "cgroup",
		.options = WORDS("nosuid", "noexec", "nodev", "relatime", "ro")},
};

/* sysfs belongs to the owner of the network namespace, which is the host's here. */
static const struct oci_mount rootless_sys = {
	"/sys", .type = "none", .source = "/sys",
	.options = WORDS("rbind", "nosuid", "noexec", "nodev", "ro"),
};

static const struct oci_device_rule device_rules[] = {
	{.allow = false, .access = "rwm"},
};

static const struct oci_namespace namespaces[] = {
	{"pid"}, {"network"}, {"ipc"}, {"uts"}, {"mount"}, {"cgroup"},
};

static const struct oci_strings masked_paths = WORDS(
	"/proc/acpi",
	"/proc/asound",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/proc/sched_debug",
	"/sys/firmware",
	"/sys/devices/virtual/powercap", /* reports power draw, a side channel: CVE-2020-8694 */
	"/proc/scsi");

static const struct oci_strings readonly_paths = WORDS(
	"/proc/bus",
	"/proc/fs",
	"/proc/irq",
	"/proc/sys",
	"/proc/sysrq-trigger");

/* clang-format on */

/* Copies the tables into ARENA: they are const, the members of the structs are not. */
static int copy_tables(struct arena *arena, enum default_kind kind, struct oci_config **ret_config,
	struct nacre_error *err)
{
	struct oci_mount own_mounts[COUNT(mounts)];
	struct oci_root root = {.path = "rootfs", .readonly = true};
	struct oci_process process = {
		.terminal = true,
		.cwd = "/",
		.args = arguments,
		.env = environment,
		.capabilities = (struct oci_capabilities *)&capabilities,
		.rlimits = (struct oci_rlimit *)rlimits,
		.n_rlimits = COUNT(rlimits),
		.no_new_privileges = true,
	};
	struct oci_resources resources = {
		.devices = (struct oci_device_rule *)device_rules,
		.n_devices = COUNT(device_rules),
	};
	struct oci_linux lin = {
		.resources = &resources,
		.namespaces = (struct oci_namespace *)namespaces,
		.n_namespaces = COUNT(namespaces),
		.masked_paths = masked_paths,
		.readonly_paths = readonly_paths,
	};
	struct oci_config config = {
		.oci_version = OCI_VERSION,
		.root = &root,
		.process = &process,
		.hostname = "nacre",
		.mounts = own_mounts,
		.n_mounts = COUNT(mounts),
		.linux_ = &lin,
	};

	for (size_t i = 0; i < COUNT(mounts); i++)
		own_mounts[i] = kind == DEFAULT_ROOTLESS &&
						strcmp(mounts[i].destination, "/sys") == 0
					? rootless_sys
					: mounts[i];
	return oci_config_copy(arena, &config, ret_config, err);
}

/* Removes uid= and gid=: only mapped ids exist, and just one of each. */
static void drop_owner_options(struct oci_strings *options)
{
	size_t kept = 0;

	for (size_t i = 0; i < options->n; i++)
		if (strncmp(options->items[i], "uid=", 4) != 0 &&
			strncmp(options->items[i], "gid=", 4) != 0)
			options->items[kept++] = options->items[i];
	options->n = kept;
}

/* Leaves the network the host's, as runc does: only root can connect a new one to anything. */
static void drop_network(struct oci_linux *lin)
{
	size_t kept = 0;

	for (size_t i = 0; i < lin->n_namespaces; i++)
		if (strcmp(lin->namespaces[i].type, "network") != 0)
			lin->namespaces[kept++] = lin->namespaces[i];
	lin->n_namespaces = kept;
}

static int add_user_namespace(struct arena *arena, struct oci_linux *lin)
{
	struct oci_namespace *longer = arena_array(arena, lin->n_namespaces + 1, sizeof(*longer));

	if (!longer)
		return -ENOMEM;
	memcpy(longer, lin->namespaces, lin->n_namespaces * sizeof(*longer));
	longer[lin->n_namespaces++] = (struct oci_namespace){"user"};
	lin->namespaces = longer;
	return 0;
}

static int make_rootless(struct arena *arena, struct oci_config *config, enum default_kind kind,
	uint32_t step_host_uid, uint32_t host_gid, struct nacre_error *err)
{
	const struct oci_user root = {.uid = 0}, host = {.uid = step_host_uid, .gid = host_gid};
	struct oci_linux *lin = config->linux_;

	if (kind == DEFAULT_ROOTLESS)
		drop_network(lin);
	if (config_map_ids(arena, lin, &root, &host) < 0 || add_user_namespace(arena, lin) < 0)
		return arena_fail(arena, "default config", err);
	lin->resources = NULL; /* the caller may not limit this cgroup */
	for (size_t i = 0; i < config->n_mounts; i++)
		drop_owner_options(&config->mounts[i].options);
	return 0;
}

int oci_default_config(struct arena *arena, enum default_kind kind, uint32_t step_host_uid,
	uint32_t host_gid, struct oci_config **ret_config, struct nacre_error *err)
{
	struct oci_config *config = NULL;
	int r = copy_tables(arena, kind, &config, err);

	if (r == 0 && kind != DEFAULT_ROOT)
		r = make_rootless(arena, config, kind, step_host_uid, host_gid, err);
	if (r == 0)
		*ret_config = config;
	return r;
}
