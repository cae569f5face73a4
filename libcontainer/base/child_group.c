/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/base/child_group.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcontainer/base/child.h"
#include "libcontainer/base/cleanup.h"

/* kill(0, ...) would kill the caller's group if this process led none. */
static _Noreturn void lead(int fd, int other_end)
{
	char byte;

	(void)setpgid(0, 0);
	(void)prctl(PR_SET_NAME, "nacre-watch");
	(void)!chdir("/");
	(void)close(other_end);
	/* A reader of the command's stdout waits until every copy of it is closed. */
	for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
		if (i != fd)
			(void)close(i);
	(void)fd_close_all_except(&fd, 1);
	while (read(fd, &byte, 1) < 0 && errno == EINTR)
		continue;
	(void)kill(-getpid(), SIGKILL);
	_exit(0);
}

int child_group_start(struct child_group *ret_group)
{
	struct child_group group;
	int ends[2];
	int r = 0;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	group.leader = child_fork_blocked();
	if (group.leader == 0)
		lead(ends[0], ends[1]);
	group.fd = ends[1];
	(void)close(ends[0]);
	if (group.leader < 0) {
		(void)close(group.fd);
		return group.leader;
	}
	/* A process can be put into the group at once, whether the leader has run yet or not. */
	if (setpgid(group.leader, group.leader) < 0)
		r = -errno;
	if (r < 0)
		child_group_leave(&group);
	else
		*ret_group = group;
	return r;
}

void child_group_leave(struct child_group *group)
{
	(void)kill(group->leader, SIGKILL);
	while (waitpid(group->leader, NULL, 0) < 0 && errno == EINTR)
		continue;
	fd_close(&group->fd);
}
