/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/process/oom_score.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/procfs.h"

static int read_score(int proc_fd, const char *path, int *ret_score)
{
	char text[16], *end;
	ssize_t n = procfs_read(proc_fd, path, text, sizeof(text));

	if (n < 0)
		return (int)n;
	*ret_score = (int)strtol(text, &end, 10);
	return end == text ? -EINVAL : 0;
}

static bool score_is(int proc_fd, const char *path, int score)
{
	int present = 0;

	return read_score(proc_fd, path, &present) == 0 && present == score;
}

int oom_score_lend(int proc_fd, int score, int *ret_own, struct nacre_error *err)
{
	int r = read_score(proc_fd, "self/oom_score_adj", ret_own);

	if (r < 0)
		return fail_errno(err, r, "process.oomScoreAdj: read /proc/self/oom_score_adj");
	return oom_score_apply(proc_fd, 0, score, err);
}

int oom_score_apply(int proc_fd, pid_t pid, int score, struct nacre_error *err)
{
	cleanup_close int fd = -1;
	char path[40] = "self/oom_score_adj", text[16];
	int n, r = 0;

	if (score < -1000 || score > 1000)
		return fail(
			err, EINVAL, "process.oomScoreAdj: %d is not within -1000 and 1000", score);
	if (pid > 0)
		(void)snprintf(path, sizeof(path), "%d/oom_score_adj", (int)pid);
	n = snprintf(text, sizeof(text), "%d", score);
	fd = procfs_open_file(proc_fd, path, O_WRONLY);
	if (fd < 0)
		r = fd;
	else if (write(fd, text, (size_t)n) < 0)
		r = -errno;
	if (r == 0)
		return 0;
	if ((r == -EACCES || r == -EPERM) && score_is(proc_fd, path, score))
		return 0;
	return fail_errno(err, r, "process.oomScoreAdj: write %d to /proc/%s%s", score, path,
		r == -EACCES || r == -EPERM ? " (to lower it needs CAP_SYS_RESOURCE)" : "");
}
