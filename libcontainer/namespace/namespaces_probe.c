/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/namespace/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>

#include "libcontainer/base/child_call.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/sys.h"

/* Makes a user namespace and uses a capability in it. AppArmor can permit the first and refuse the
 * second: capget(2) then shows capabilities that the kernel does not accept. */
static int try_user_namespace(void *unprivileged, struct nacre_error *err)
{
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
	int r = *(bool *)unprivileged ? sys_capset(none) : 0;

	if (r < 0)
		return fail_errno(err, r, "capset");
	if (unshare(CLONE_NEWUSER) < 0)
		return fail_errno(err, errno, "unshare");
	if (unshare(CLONE_NEWNS) < 0)
		return fail_errno(err, errno, "no mount namespace can be made in one: unshare");
	return 0;
}

/* Finds the sysctl that explains why user namespaces are refused, with the remedy; NULL: none does.
 * A sysctl alone decides nothing: AppArmor's has exceptions by profile. */
static const char *find_sysctl(void)
{
	/* clang-format off */
	static const struct {
		const char *path, *refusing, *text;
	} sysctls[] = {
		{"/proc/sys/user/max_user_namespaces", "0\n", "user.max_user_namespaces is 0"},
		/* Debian's and Ubuntu's. */
		{"/proc/sys/kernel/unprivileged_userns_clone", "0\n", "kernel.unprivileged_userns_clone is 0"},
		{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n",
			"kernel.apparmor_restrict_unprivileged_userns is 1: load nacre's profile for AppArmor, "
			"contrib/packaging/apparmor"},
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(sysctls) / sizeof(sysctls[0]); i++) {
		cleanup_free char *value = NULL;
		struct nacre_error ignored;

		if (file_read(AT_FDCWD, sysctls[i].path, 4096, &value, NULL, &ignored) == 0 &&
			strcmp(value, sysctls[i].refusing) == 0)
			return sysctls[i].text;
	}
	return NULL;
}

int namespaces_probe_user(bool unprivileged, struct nacre_error *err)
{
	struct nacre_error why;
	int r = child_call(try_user_namespace, &unprivileged, 0, 0, &why);
	const char *sysctl = r < 0 ? find_sysctl() : NULL;

	if (r == 0)
		return 0;
	return fail(
		err, r, "%.800s%s%s", why.text, sysctl ? ": sysctl " : "", sysctl ? sysctl : "");
}
