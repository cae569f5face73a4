/* SPDX-License-Identifier: Apache-2.0 */
#include <err.h>
#include <fcntl.h>
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

int main(int argc, char **argv)
{
	struct samples samples = {.n = 0};
	int cgroup_fd;
	long runs;

	if (argc < 3 || argc > 4)
		errx(125, "usage: floor --once|RUNS ROOTFS [CGROUP]");
	cgroup_fd = open(argc == 4 ? argv[3] : "/sys/fs/cgroup", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (cgroup_fd < 0)
		err(125, "cgroup");
	if (!strcmp(argv[1], "--once"))
		return floor_run(argv[2], cgroup_fd);
	runs = strtol(argv[1], NULL, 10);
	for (long i = 0; i < runs && i < MAX_SAMPLES; i++)
		samples_add(&samples, run_forked(argv[2], cgroup_fd));
	samples_sort(&samples);
	(void)printf("%zu runs: min %.0f, median %.0f, p90 %.0f us\n", samples.n,
		samples_at(&samples, 0), samples_at(&samples, 50), samples_at(&samples, 90));
	return 0;
}
