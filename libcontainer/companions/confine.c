/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/companions/confine.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "libcontainer/base/sys.h"

#define NOBODY 65534 /* the kernel's overflow id, which owns no files */

/* Changes root into nobody. A user's companion keeps the user's id, and so does one in a user
 * namespace that does not map nobody. */
static int become_nobody(void)
{
	if (geteuid() != 0)
		return 0;
	if (setresgid(NOBODY, NOBODY, NOBODY) < 0)
		return errno == EINVAL ? 0 : -errno;
	if (setgroups(0, NULL) < 0)
		return -errno;
	if (setresuid(NOBODY, NOBODY, NOBODY) < 0)
		return errno == EINVAL ? 0 : -errno;
	return 0;
}

int confine_drop_ids(const char *name, struct nacre_error *err)
{
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
	int r = become_nobody();

	if (r < 0)
		return fail_errno(err, r, "%s: change to the user nobody", name);
	if (sys_capset(none) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return fail_errno(err, errno, "%s: drop capabilities", name);
	return 0;
}
