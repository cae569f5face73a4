/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/profiles.h"

#include <stddef.h>
#include <string.h>

/* What root of a usual image needs to install packages, change users and listen on port 80. Out of
 * Docker's default set are NET_RAW (ARP and DNS spoofing beside other containers), MKNOD,
 * SYS_CHROOT, SETFCAP and AUDIT_WRITE. */
static const char *const agent_capabilities[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_NET_BIND_SERVICE",
	NULL,
};

/* Not namespaced by the kernel: what is in these is the host's. The union of what runc, containerd
 * and moby hide. */
static const char *const masked_paths[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/interrupts",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/sys/devices/virtual/powercap",
	"/sys/firmware",
	NULL,
};

static const char *const readonly_paths[] = {
	"/proc/bus",
	"/proc/fs",
	"/proc/irq",
	"/proc/sys",
	"/proc/sysrq-trigger",
	NULL,
};

/* User namespaces made inside map ids with newuidmap(1), which has a file capability in images that
 * are built here. */
static const char *const nested_capabilities[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETFCAP",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_NET_BIND_SERVICE",
	NULL,
};

static const char *const no_capabilities[] = {NULL};

#define NESTED_RULES                                                                         \
	(RULE_HOST_NETWORK | RULE_MOUNT_SOURCES | RULE_NAMESPACES | RULE_NO_NEW_PRIVILEGES | \
		RULE_CAPABILITY_CEILING | RULE_MOUNT_FLAGS | RULE_PROPAGATION |              \
		RULE_KERNEL_MOUNTS | RULE_HIDDEN_PATHS | RULE_DEVICES | RULE_RESOURCES |     \
		RULE_RLIMITS | RULE_OOM_SCORE | RULE_OWN_FILTER | RULE_ANNOTATIONS)
#define AGENT_RULES (NESTED_RULES | RULE_READ_ONLY_ROOT)
#define STRICT_RULES (AGENT_RULES | RULE_JOINED_NETWORK | RULE_WRITABLE_BINDS | RULE_LANDLOCK)

const struct profile profiles[] = {
	{
		.name = "oci",
		.summary = "exactly what config.json says",
		.rules = 0,
	},
	{
		.name = "nested",
		.summary = "agent, with room for sandboxes that are made inside",
		.rules = NESTED_RULES,
		.flags = PROFILE_FRESH_PROC,
		.capabilities = nested_capabilities,
		.masked_paths = masked_paths,
		.readonly_paths = readonly_paths,
		.pids_limit = 512,
		.memory_limit = 4ULL << 30,
		.memory_share = 2,
	},
	{
		.name = "agent",
		.summary = "untrusted code that needs the usual tools",
		.rules = AGENT_RULES,
		.flags = PROFILE_NOEXEC_TMPFS,
		.capabilities = agent_capabilities,
		.masked_paths = masked_paths,
		.readonly_paths = readonly_paths,
		.pids_limit = 512,
		.memory_limit = 4ULL << 30,
		.memory_share = 2,
	},
	{
		.name = "strict",
		.summary = "untrusted code that computes and needs little else",
		.rules = STRICT_RULES,
		.flags = PROFILE_NOEXEC_TMPFS | PROFILE_NOEXEC_WRITABLE | PROFILE_DEFAULT_DEVICES,
		.capabilities = no_capabilities,
		.masked_paths = masked_paths,
		.readonly_paths = readonly_paths,
		.pids_limit = 128,
		.memory_limit = 1ULL << 30,
		.memory_share = 4,
		.cpus = 1,
	},
	{.name = NULL},
};

const struct profile *profile_find(const char *name)
{
	for (const struct profile *profile = profiles; profile->name; profile++) {
		if (!strcmp(profile->name, name))
			return profile;
	}
	return NULL;
}

bool profile_covers(const struct profile *a, const struct profile *b)
{
	return a >= b;
}
