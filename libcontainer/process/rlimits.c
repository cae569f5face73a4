/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/process/rlimits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/procfs.h"

/* getrlimit(2) */
static const struct {
	const char *name;
	int resource;
} names[] = {
	{"RLIMIT_AS", RLIMIT_AS},
	{"RLIMIT_CORE", RLIMIT_CORE},
	{"RLIMIT_CPU", RLIMIT_CPU},
	{"RLIMIT_DATA", RLIMIT_DATA},
	{"RLIMIT_FSIZE", RLIMIT_FSIZE},
	{"RLIMIT_LOCKS", RLIMIT_LOCKS},
	{"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
	{"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
	{"RLIMIT_NICE", RLIMIT_NICE},
	{"RLIMIT_NOFILE", RLIMIT_NOFILE},
	{"RLIMIT_NPROC", RLIMIT_NPROC},
	{"RLIMIT_RSS", RLIMIT_RSS},
	{"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
	{"RLIMIT_RTTIME", RLIMIT_RTTIME},
	{"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
	{"RLIMIT_STACK", RLIMIT_STACK},
};

static int resource_of(const char *name)
{
	size_t i;

	for (i = 0; name && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i].name) == 0)
			return names[i].resource;
	return -EINVAL;
}

bool rlimit_known(const char *name)
{
	return resource_of(name) >= 0;
}

static const char *rlimit_reason(int code)
{
	switch (code) {
	case EPERM:
		return " (to raise a hard limit needs CAP_SYS_RESOURCE, and RLIMIT_NOFILE ends at "
		       "fs.nr_open)";
	case EINVAL:
		return " (the soft limit may not be above the hard one)";
	default:
		return "";
	}
}

int rlimits_apply(pid_t pid, const struct oci_rlimit *limits, size_t n, struct nacre_error *err)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const struct rlimit limit = {limits[i].soft, limits[i].hard};
		int resource = resource_of(limits[i].type);

		if (resource < 0)
			return fail(err, EINVAL,
				"process.rlimits[%zu].type: \"%s\" is no limit of %s", i,
				limits[i].type ? limits[i].type : "", "getrlimit(2)");
		if (prlimit(pid, resource, &limit, NULL) < 0)
			return fail_errno(err, errno,
				"process.rlimits[%zu]: %s soft %llu hard %llu%s", i, limits[i].type,
				(unsigned long long)limits[i].soft,
				(unsigned long long)limits[i].hard, rlimit_reason(errno));
	}
	return 0;
}

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
