/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/payload/payload.h"

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void spin(double seconds)
{
	double end = now() + seconds;

	while (now() < end)
		;
}

/* spin SECONDS [PROCESSES] */
static int verb_spin(int argc, char **argv)
{
	int others = argc > 1 ? atoi(argv[1]) - 1 : 0;

	while (others-- > 0)
		if (fork() == 0) {
			spin(atof(argv[0]));
			_exit(0);
		}
	spin(atof(argv[0]));
	while (wait(NULL) > 0)
		;
	return 0;
}

/* pulse TIMES BUSY-SECONDS IDLE-SECONDS */
static int verb_pulse(int argc, char **argv)
{
	(void)argc;
	for (int i = 0; i < atoi(argv[0]); i++) {
		usleep((useconds_t)(atof(argv[2]) * 1e6));
		spin(atof(argv[1]));
	}
	return 0;
}

/* bomb: each forks as fast as it can, for ever. */
static int verb_bomb(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	while (fork() >= -1)
		;
	return 0;
}

/* hugehog BYTES: of the pages of the default size. Beyond a limit mmap fails, or the touch kills.
 */
static int verb_hugehog(int argc, char **argv)
{
	size_t size = strtoul(argv[0], NULL, 0);
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	(void)argc;
	if (memory == MAP_FAILED)
		return answer("hugehog", -1);
	memset(memory, 1, size);
	return answer("hugehog", 0);
}

/* fetch FILE: into the page cache. */
static int verb_fetch(int argc, char **argv)
{
	static char buffer[65536];
	int fd = open(argv[0], O_RDONLY | O_CLOEXEC);
	ssize_t n = fd;

	(void)argc;
	while (fd >= 0 && n >= 0 && (n = read(fd, buffer, sizeof(buffer))) > 0)
		;
	close(fd);
	return answer("fetch", n);
}

static int transfer(const char *path, int flags, size_t size, int count)
{
	void *block = NULL;
	int fd = open(path, flags | O_DIRECT | O_CLOEXEC);
	ssize_t n = fd;

	if (fd >= 0 && posix_memalign(&block, 4096, size) != 0)
		n = -1;
	for (int i = 0; i < count && n >= 0; i++)
		n = flags == O_RDONLY ? pread(fd, block, size, (off_t)size * i)
				      : pwrite(fd, block, size, (off_t)size * i);
	free(block);
	close(fd);
	return answer(flags == O_RDONLY ? "in" : "out", n);
}

/* in|out DEVICE BLOCK-SIZE COUNT: past the page cache. */
static int verb_in(int argc, char **argv)
{
	(void)argc;
	return transfer(argv[0], O_RDONLY, strtoul(argv[1], NULL, 0), atoi(argv[2]));
}

static int verb_out(int argc, char **argv)
{
	(void)argc;
	return transfer(argv[0], O_WRONLY, strtoul(argv[1], NULL, 0), atoi(argv[2]));
}

const struct verb load_verbs[] = {
	{"bomb", 0, verb_bomb},
	{"fetch", 1, verb_fetch},
	{"hugehog", 1, verb_hugehog},
	{"in", 3, verb_in},
	{"out", 3, verb_out},
	{"pulse", 3, verb_pulse},
	{"spin", 1, verb_spin},
	{0},
};
