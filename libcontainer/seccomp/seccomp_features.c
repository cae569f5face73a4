/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/seccomp/seccomp.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>

#include "libcontainer/base/sys.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV /* Linux 5.19 */
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* What seccomp_policy.c understands, as the features document lists it; a test compares the two.
 */

const char *const *seccomp_actions(void)
{
	static const char *const names[] = {"SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL",
		"SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY",
		"SCMP_ACT_TRACE", "SCMP_ACT_TRAP", NULL};

	return names;
}

const char *const *seccomp_operators(void)
{
	static const char *const names[] = {"SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT",
		"SCMP_CMP_LE", "SCMP_CMP_LT", "SCMP_CMP_MASKED_EQ", "SCMP_CMP_NE", NULL};

	return names;
}

const char *const *seccomp_architectures(void)
{
	static const char *const names[] = {"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM",
		"SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K", "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64",
		"SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64",
		"SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PARISC", "SCMP_ARCH_PARISC64", "SCMP_ARCH_PPC",
		"SCMP_ARCH_PPC64", "SCMP_ARCH_PPC64LE", "SCMP_ARCH_RISCV64", "SCMP_ARCH_S390",
		"SCMP_ARCH_S390X", "SCMP_ARCH_SH", "SCMP_ARCH_SHEB", "SCMP_ARCH_X32",
		"SCMP_ARCH_X86", "SCMP_ARCH_X86_64", NULL};

	return names;
}

const char *const *seccomp_flags_known(void)
{
	static const char *const names[] = {"SECCOMP_FILTER_FLAG_TSYNC",
		"SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_LOG",
		"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", NULL};

	return names;
}

/* clang-format off */
static const struct {
	const char *name;
	unsigned flags; /* to ask the kernel with */
} probes[] = {
	{"SECCOMP_FILTER_FLAG_TSYNC",			SECCOMP_FILTER_FLAG_TSYNC},
	{"SECCOMP_FILTER_FLAG_SPEC_ALLOW",		SECCOMP_FILTER_FLAG_SPEC_ALLOW},
	{"SECCOMP_FILTER_FLAG_LOG",			SECCOMP_FILTER_FLAG_LOG},
	{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",	SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV |
							SECCOMP_FILTER_FLAG_NEW_LISTENER},
};
/* clang-format on */

void seccomp_flags_supported(const char *ret_flags[8])
{
	size_t n = 0;

	/* The kernel looks at the flags first and says EINVAL, then at the missing program. */
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++)
		if (sys_seccomp(SECCOMP_SET_MODE_FILTER, probes[i].flags, NULL) == -EFAULT)
			ret_flags[n++] = probes[i].name;
	ret_flags[n] = NULL;
}
