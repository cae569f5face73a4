/* SPDX-License-Identifier: Apache-2.0 */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/clock.h"
#include "tests/bench/floor.h"

/*
 *	floor --once ROOTFS [CGROUP]	one run
 *	floor RUNS ROOTFS [CGROUP]	many, a fork each; prints how long one takes
 *	floor --live ROOTFS [CGROUP]	for each number read from stdin, as many that go on; prints
 *					how long one takes until its program runs; all end
 *					with stdin
 *
 * CGROUP is the folder for the cgroup, else /sys/fs/cgroup. Needs root.
 */

static double run_forked(const char *rootfs, int cgroup_fd)
{
	double before = now();
	pid_t pid = fork();
	int status;

	if (pid < 0)
		err(125, "fork");
	if (pid == 0)
		_exit(floor_run(rootfs, cgroup_fd));
	if (waitpid(pid, &status, 0) != pid || status)
		errx(125, "status 0x%x", status);
	return now() - before;
}

struct live {
	pid_t pid;
	char name[FLOOR_NAME];
};

/* The other end of the pipe is closed by execve(2). */
static void start_one(const char *rootfs, int cgroup_fd, struct live *ret_live)
{
	char *const args[] = {
		(char *)(uintptr_t) "/bin/sleep", (char *)(uintptr_t) "1000000", NULL};
	int ends[2], pidfd;
	char none;

	if (pipe2(ends, O_CLOEXEC) < 0)
		err(125, "pipe2");
	ret_live->pid = floor_start(rootfs, cgroup_fd, args, ret_live->name, &pidfd);
	(void)close(pidfd);
	(void)close(ends[1]);
	if (read(ends[0], &none, 1) != 0)
		err(125, "read of the pipe");
	(void)close(ends[0]);
}

static int keep_alive(const char *rootfs, int cgroup_fd)
{
	struct live *live = NULL;
	size_t n = 0;
	long more;

	while (scanf("%ld", &more) == 1 && more > 0) {
		double before = now();

		live = reallocarray(live, n + (size_t)more, sizeof(*live));
		if (!live)
			err(125, "floor");
		for (long i = 0; i < more; i++)
			start_one(rootfs, cgroup_fd, &live[n++]);
		(void)printf("%.0f\n", (now() - before) / (double)more);
		(void)fflush(stdout);
	}
	for (size_t i = 0; i < n; i++)
		(void)kill(live[i].pid, SIGKILL);
	for (size_t i = 0; i < n; i++)
		if (waitpid(live[i].pid, NULL, 0) < 0 ||
			unlinkat(cgroup_fd, live[i].name, AT_REMOVEDIR) < 0)
			err(125, "end of %s", live[i].name);
	free(live);
	return 0;
}

int main(int argc, char **argv)
{
	struct samples samples = {.n = 0};
	int cgroup_fd;
	long runs;

	if (argc < 3 || argc > 4)
		errx(125, "usage: floor --once|--live|RUNS ROOTFS [CGROUP]");
	cgroup_fd = open(argc == 4 ? argv[3] : "/sys/fs/cgroup", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (cgroup_fd < 0)
		err(125, "cgroup");
	if (!strcmp(argv[1], "--once"))
		return floor_run(argv[2], cgroup_fd);
	if (!strcmp(argv[1], "--live"))
		return keep_alive(argv[2], cgroup_fd);
	runs = strtol(argv[1], NULL, 10);
	for (long i = 0; i < runs && i < MAX_SAMPLES; i++)
		samples_add(&samples, run_forked(argv[2], cgroup_fd));
	samples_sort(&samples);
	(void)printf("%zu runs: min %.0f, median %.0f, p90 %.0f us\n", samples.n,
		samples_at(&samples, 0), samples_at(&samples, 50), samples_at(&samples, 90));
	return 0;
}
