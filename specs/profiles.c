/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/profiles.h"

#include <stddef.h>
#include <string.h>

/* The capabilities that root of a usual image needs to install packages, change users and listen on
 * port 80. Of Docker's default set these are missing: NET_RAW (ARP and DNS spoofing next to other
 * containers), MKNOD, SYS_CHROOT, SETFCAP and AUDIT_WRITE. */
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

/* Files of the host that the kernel does not namespace. The union of what runc, containerd and moby
 * hide, and files that tell root where the kernel's memory is, what it contains and whose it is. */
static const char *const masked_paths[] = {
	"/proc/acpi",
	"/proc/allocinfo",
	"/proc/asound",
	"/proc/config.gz",
	"/proc/interrupts",
	"/proc/iomem",
	"/proc/ioports",
	"/proc/kallsyms",
	"/proc/kcore",
	"/proc/keys",
	"/proc/kmsg",
	"/proc/kpagecgroup",
	"/proc/kpagecount",
	"/proc/kpageflags",
	"/proc/latency_stats",
	"/proc/pagetypeinfo",
	"/proc/sched_debug",
	"/proc/scsi",
	"/proc/slabinfo",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/proc/vmallocinfo",
	"/proc/vmcore",
	"/sys/devices/virtual/powercap",
	"/sys/firmware",
	"/sys/kernel/boot_params",
	"/sys/kernel/notes",
	"/sys/kernel/slab",
	"/sys/kernel/vmcoreinfo",
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

/* The capabilities of profile nested. User namespaces made inside map ids with newuidmap(1), which
 * has a file capability in images that are built here. */
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

/* The loosest profile that has each rule. */
static const enum profile_level loosest_of[] = {
#define LOOSEST(id, name, loosest, ...) [RULE_##id] = PROFILE_##loosest,
	PROFILE_RULES(LOOSEST)
#undef LOOSEST
};

const struct profile profiles[] = {
	{
		.name = "oci",
		.summary = "exactly what config.json says",
	},
	{
		.name = "nested",
		.summary = "as agent, for programs that make sandboxes themselves",
		.flags = PROFILE_FRESH_PROC,
		.capabilities = nested_capabilities,
		.masked_paths = masked_paths,
		.readonly_paths = readonly_paths,
		.pids_limit = 512,
		.memory_limit = 4ULL << 30,
		.memory_share = 2,
		.memory_ceiling = 1,
	},
	{
		.name = "agent",
		.summary = "untrusted code that needs the usual tools",
		.flags = PROFILE_NOEXEC_TMPFS,
		.capabilities = agent_capabilities,
		.masked_paths = masked_paths,
		.readonly_paths = readonly_paths,
		.pids_limit = 512,
		.memory_limit = 4ULL << 30,
		.memory_share = 2,
		.memory_ceiling = 1,
	},
	{
		.name = "strict",
		.summary = "untrusted code that computes and needs little else",
		.flags = PROFILE_NOEXEC_TMPFS | PROFILE_NOEXEC_WRITABLE | PROFILE_DEFAULT_DEVICES |
			 PROFILE_OOM_GROUP,
		.capabilities = no_capabilities,
		.masked_paths = masked_paths,
		.readonly_paths = readonly_paths,
		.pids_limit = 128,
		.memory_limit = 1ULL << 30,
		.memory_share = 4,
		.cpus = 1,
		.pids_ceiling = 1024,
		.memory_ceiling = 2,
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

bool profile_has(const struct profile *profile, enum profile_rule rule)
{
	return profile - profiles >= (ptrdiff_t)loosest_of[rule];
}

bool profile_hardens(const struct profile *profile)
{
	return profile != &profiles[PROFILE_OCI];
}

bool profile_covers(const struct profile *a, const struct profile *b)
{
	return a >= b;
}
