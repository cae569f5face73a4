/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/namespace/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcontainer/base/child.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"

/* Makes a user namespace and uses a capability in it. AppArmor can permit the first and refuse the
 * second: capget(2) then shows capabilities that the kernel does not accept. */
static int try_user_namespace(bool unprivileged, struct nacre_error *err)
{
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
	int r = unprivileged ? sys_capset(none) : 0;

	if (r < 0)
		return fail_errno(err, r, "capset");
	if (unshare(CLONE_NEWUSER) < 0)
		return fail_errno(err, errno, "unshare");
	if (unshare(CLONE_NEWNS) < 0)
		return fail_errno(err, errno, "no mount namespace can be made in one: unshare");
	return 0;
}

/* A child tries it, and both namespaces end with it. */
int namespaces_probe_user(bool unprivileged, struct nacre_error *err)
{
	struct nacre_error told = {.code = 0};
	cleanup_close int in = -1;
	cleanup_close int out = -1;
	int ends[2];
	ssize_t n;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(err, errno, "pipe");
	in = ends[0];
	out = ends[1];
	pid = child_fork_blocked();
	if (pid < 0)
		return fail_errno(err, pid, "fork");
	if (pid == 0) {
		(void)try_user_namespace(unprivileged, &told);
		_exit(write(out, &told, sizeof(told)) != sizeof(told));
	}
	fd_close(&out);
	while ((n = read(in, &told, sizeof(told))) < 0 && errno == EINTR)
		;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (n != sizeof(told))
		return fail(err, ECHILD, "the process that tried it was killed");
	return told.code ? fail(err, told.code, "%s", told.text) : 0;
}
