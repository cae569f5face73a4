/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/namespace/namespaces.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>

#include "libcontainer/base/child_call.h"
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

int namespaces_probe_user(bool unprivileged, struct nacre_error *err)
{
	return child_call(try_user_namespace, &unprivileged, 0, 0, err);
}
