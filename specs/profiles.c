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

#define AGENT_RULES                                                                          \
	(RULE_HOST_NETWORK | RULE_MOUNT_SOURCES | RULE_NAMESPACES | RULE_NO_NEW_PRIVILEGES | \
		RULE_CAPABILITY_CEILING | RULE_READ_ONLY_ROOT | RULE_MOUNT_FLAGS |           \
		RULE_PROPAGATION | RULE_HIDDEN_PATHS | RULE_DEVICES | RULE_RESOURCES |       \
		RULE_RLIMITS | RULE_OOM_SCORE)

static const struct profile profiles[] = {
	{
		.name = "oci",
		.rules = 0,
	},
	{
		.name = "agent",
		.rules = AGENT_RULES,
		.capabilities = agent_capabilities,
		.masked_paths = masked_paths,
		.readonly_paths = readonly_paths,
		.pids_limit = 512,
		.memory_limit = 4ULL << 30,
		.memory_share = 2,
	},
};

const struct profile *profile_find(const char *name)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		if (!strcmp(profiles[i].name, name))
			return &profiles[i];
	}
	return NULL;
}
