/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/probe/look.h"

#include <stdio.h>
#include <string.h>

#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define N(table) (sizeof(table) / sizeof((table)[0]))

#define LAST_FAMILY 45 /* AF_MCTP */
#define LAST_NETLINK 22

static const struct {
	int family;
	const char *name;
} usual[] = {{1, "UNIX"}, {2, "INET"}, {10, "INET6"}};

void print_families(bool (*reached)(int family, int protocol))
{
	unsigned others = 0, netlink = 0;

	printf("socket families:");
	for (int family = 0; family <= LAST_FAMILY; family++) {
		bool is_usual = false;

		for (size_t i = 0; i < N(usual); i++) {
			is_usual |= usual[i].family == family;
			if (usual[i].family == family && reached(family, 0))
				printf(" %s", usual[i].name);
		}
		others += !is_usual && family != 16 && reached(family, 0);
	}
	for (int protocol = 1; protocol <= LAST_NETLINK; protocol++)
		netlink += reached(16, protocol);
	if (reached(16, 0))
		printf(" NETLINK_ROUTE");
	if (others)
		printf(" and %u others", others);
	if (netlink)
		printf(", %u more netlink protocols", netlink);
	puts("");
}

/* Of linux/capability.h, in order. */
static const char *const capabilities[] = {"CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER",
	"FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE",
	"NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO",
	"SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
	"SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE",
	"AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM",
	"BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE"};

void print_capabilities(void)
{
	unsigned n = 0;

	printf("capabilities:");
	for (size_t i = 0; i < N(capabilities); i++)
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1 && ++n)
			printf(" %s", capabilities[i]);
	puts(n ? "" : " none");
}

static bool is_writable(const char *directory)
{
	char path[4200];

	(void)snprintf(path, sizeof(path), "%s/probe-made", directory);
	return mkdir(path, 0700) == 0 && rmdir(path) == 0;
}

/* proc(5), mountinfo: the fifth word is where it is mounted. */
void print_writable(void)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char line[4096], where[4096];
	unsigned n = 0;

	printf("writable:");
	while (mounts && fgets(line, sizeof(line), mounts))
		if (sscanf(line, "%*d %*d %*s %*s %4095s", where) == 1 && is_writable(where) && ++n)
			printf(" %s", where);
	puts(n ? "" : " nothing");
	if (mounts)
		(void)fclose(mounts);
}
