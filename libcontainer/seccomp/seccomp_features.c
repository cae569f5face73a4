/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/seccomp.h>

#include "libcontainer/base/sys.h"
#include "libcontainer/seccomp/seccomp.h"
#include "libcontainer/seccomp/seccomp_policy.h"

void seccomp_flags_supported(const char *ret_flags[8])
{
	size_t n = 0;

	/* The kernel checks the flags (EINVAL) before the missing program (EFAULT). A flag that
	 * nacre itself ignores exists in every supported kernel. */
	for (const struct seccomp_flag *flag = seccomp_flags; flag->name; flag++) {
		unsigned flags = flag->flag;

		if (flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
			flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
		if (sys_seccomp(SECCOMP_SET_MODE_FILTER, flags, NULL) == -EFAULT)
			ret_flags[n++] = flag->name;
	}
	ret_flags[n] = NULL;
}
