/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SYS_LANDLOCK_H
#define NACRE_SYS_LANDLOCK_H

/* The system calls of landlock(7), by the rules of sys.h. */

#include "libcontainer/base/sys.h"

/* Returns the version of the kernel's Landlock; -ENOSYS or -EOPNOTSUPP: it has none. */
static inline int sys_landlock_abi(void)
{
	return sys_result(syscall(SYS_landlock_create_ruleset, NULL, (size_t)0,
		1u /* LANDLOCK_CREATE_RULESET_VERSION */));
}

/* struct landlock_ruleset_attr of Linux 6.12; older kernels accept members that they do not know if
 * these are 0. */
struct sys_landlock_ruleset {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

/* Linux 5.13. The fd is O_CLOEXEC. */
static inline int sys_landlock_create_ruleset(const struct sys_landlock_ruleset *attr)
{
	return sys_result(syscall(SYS_landlock_create_ruleset, attr, sizeof(*attr), 0u));
}

/* Allows ACCESS to PARENT_FD (O_PATH is enough) and everything below it. */
static inline int sys_landlock_allow_below(int ruleset_fd, uint64_t access, int parent_fd)
{
	const struct __attribute__((packed)) {
		uint64_t allowed_access;
		int32_t parent_fd;
	} rule = {access, parent_fd};

	return sys_result(syscall(
		SYS_landlock_add_rule, ruleset_fd, 1 /* LANDLOCK_RULE_PATH_BENEATH */, &rule, 0u));
}

/* Restricts the calling thread, irrevocably. Needs no_new_privs or CAP_SYS_ADMIN. FLAGS: Linux
 * 6.15. */
static inline int sys_landlock_restrict_self(int ruleset_fd, unsigned flags)
{
	return sys_result(syscall(SYS_landlock_restrict_self, ruleset_fd, flags));
}

#endif
