/* SPDX-License-Identifier: Apache-2.0 */
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcontainer/base/sys.h"
#include "tests/bench/clock.h"
#include "tests/bench/floor.h"

/*
 *	timing run|life|start|exec ROUNDS BUNDLE STATE FLOOR COMMAND...
 *
 * Times what a caller of the runtimes waits for, each once a round, so that a noisy moment meets
 * all of them. The order changes from round to round: the kernel takes the namespaces of one run
 * apart while the next one goes on, and no runtime always follows the same other. A COMMAND may
 * have arguments of its own, split at spaces. STATE is a folder for their state.
 *
 *	run	`run` of BUNDLE, whose process ends at once
 *	life	`create`, `start` and `delete` of it, without the wait for its end
 *	start	`start` of what `create` has made
 *	exec	`exec /bin/true` in a container of BUNDLE, whose process goes on
 *
 * Beside them runs FLOOR, the program of floor_main.c, which is what the others are divided by. It
 * is executed as they are: a runtime is a program, and even the least one has to be loaded. What
 * that costs shows in the line "floor, forked": the same in a child that this process forks.
 */

#define MAX_RUNTIMES 8
#define MAX_WORDS 24

/* The places of the subjects. */
enum {
	FLOOR,
	FLOOR_FORKED,
	FIRST_RUNTIME
};

struct subject {
	const char *name;
	char *words[MAX_WORDS]; /* the runtime and its own arguments */
	size_t n;
	char id[16]; /* names the cgroup too, so each has its own */
	char root[256];
	char pid_file[256];
	char log[256]; /* its warnings: they are no part of the report */
	struct samples samples;
	struct samples ratios;
};

struct timing {
	const char *bundle;
	char rootfs[256];
	int cgroup_fd;
	long rounds;
	size_t n;
	struct subject subjects[FIRST_RUNTIME + MAX_RUNTIMES];
};

static void die_with_log(const struct subject *s, int status)
{
	FILE *file = fopen(s->log, "re");
	char line[1024] = "";

	while (file && fgets(line, sizeof(line), file))
		;
	errx(1, "%s: status 0x%x: %s", s->name, (unsigned)status, line);
}

/* Runs the runtime with the words of ARGS and returns how long it took. */
static double call(const struct subject *s, const char *const *args)
{
	char *argv[2 * MAX_WORDS] = {NULL};
	extern char **environ;
	posix_spawn_file_actions_t files;
	size_t n = 0;
	double before;
	int status, r;
	pid_t pid;

	for (size_t i = 0; i < s->n; i++)
		argv[n++] = s->words[i];
	for (size_t i = 0; args[i]; i++)
		argv[n++] = (char *)(uintptr_t)args[i];
	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDWR, 0);
	(void)posix_spawn_file_actions_adddup2(&files, 0, 1);
	(void)posix_spawn_file_actions_addopen(
		&files, 2, s->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	before = now();
	r = posix_spawnp(&pid, argv[0], &files, NULL, argv, environ);
	if (r)
		errx(1, "%s: %s", argv[0], strerror(r));
	if (waitpid(pid, &status, 0) != pid || status)
		die_with_log(s, status);
	before = now() - before;
	(void)posix_spawn_file_actions_destroy(&files);
	return before;
}

#define CALL(s, ...) call(s, (const char *const[]){"--root", (s)->root, __VA_ARGS__, NULL})

/* Containers' processes are left to this process, which is their subreaper. */
static void wait_for_container(const struct subject *s)
{
	FILE *file = fopen(s->pid_file, "re");
	struct pollfd wait = {.events = POLLIN};
	int pid;

	if (!file || fscanf(file, "%d", &pid) != 1)
		err(1, "%s", s->pid_file);
	(void)fclose(file);
	wait.fd = sys_pidfd_open(pid);
	if (wait.fd >= 0 && poll(&wait, 1, 10000) != 1)
		errx(1, "%s: the container's process goes on", s->name);
	if (wait.fd >= 0)
		(void)close(wait.fd);
	(void)waitpid(pid, NULL, 0);
}

static double time_run(const struct timing *t, const struct subject *s)
{
	return CALL(s, "run", "--bundle", t->bundle, s->id);
}

static double time_life(const struct timing *t, const struct subject *s)
{
	double us = CALL(s, "create", "--bundle", t->bundle, "--pid-file", s->pid_file, s->id);

	us += CALL(s, "start", s->id);
	wait_for_container(s);
	return us + CALL(s, "delete", s->id);
}

static double time_start(const struct timing *t, const struct subject *s)
{
	double us;

	(void)CALL(s, "create", "--bundle", t->bundle, "--pid-file", s->pid_file, s->id);
	us = CALL(s, "start", s->id);
	wait_for_container(s);
	(void)CALL(s, "delete", s->id);
	return us;
}

static double time_exec(const struct timing *t, const struct subject *s)
{
	(void)t;
	return CALL(s, "exec", s->id, "/bin/true");
}

static void start_container(const struct timing *t, const struct subject *s)
{
	(void)CALL(s, "create", "--bundle", t->bundle, "--pid-file", s->pid_file, s->id);
	(void)CALL(s, "start", s->id);
}

static void stop_container(const struct timing *t, const struct subject *s)
{
	(void)t;
	(void)CALL(s, "kill", s->id, "KILL");
	wait_for_container(s);
	(void)CALL(s, "delete", s->id);
}

static const struct mode {
	const char *name;
	double (*time)(const struct timing *t, const struct subject *s);
	void (*before)(const struct timing *t, const struct subject *s);
	void (*after)(const struct timing *t, const struct subject *s);
} modes[] = {
	{"run", time_run, NULL, NULL},
	{"life", time_life, NULL, NULL},
	{"start", time_start, NULL, NULL},
	{"exec", time_exec, start_container, stop_container},
};

static double time_floor(const struct timing *t)
{
	return call(&t->subjects[FLOOR], (const char *const[]){"--once", t->rootfs, NULL});
}

static double time_forked(const struct timing *t)
{
	double before = now();
	pid_t pid = fork();
	int status;

	if (pid < 0)
		err(1, "fork");
	if (pid == 0)
		_exit(floor_run(t->rootfs, t->cgroup_fd));
	if (waitpid(pid, &status, 0) != pid || status)
		errx(1, "floor: status 0x%x", status);
	return now() - before;
}

/* The same orders in each measurement: random(3) without a seed. */
static void shuffle(size_t *order, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t other = (size_t)random() % i, last = order[i - 1];

		order[i - 1] = order[other];
		order[other] = last;
	}
}

static double time_subject(const struct timing *t, const struct mode *mode, size_t i)
{
	if (i == FLOOR)
		return time_floor(t);
	return i == FLOOR_FORKED ? time_forked(t) : mode->time(t, &t->subjects[i]);
}

static void one_round(struct timing *t, const struct mode *mode, bool count)
{
	size_t order[FIRST_RUNTIME + MAX_RUNTIMES];
	double us[FIRST_RUNTIME + MAX_RUNTIMES];

	for (size_t i = 0; i < t->n; i++)
		order[i] = i;
	shuffle(order, t->n);
	for (size_t i = 0; i < t->n; i++)
		us[order[i]] = time_subject(t, mode, order[i]);
	for (size_t i = 0; count && i < t->n; i++) {
		samples_add(&t->subjects[i].samples, us[i]);
		if (i != FLOOR)
			samples_add(&t->subjects[i].ratios, us[i] / us[FLOOR]);
	}
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static void report(struct timing *t)
{
	(void)printf("%-20s %8s %8s %8s    %s\n", "us", "min", "median", "p90",
		"times the floor: p10, median, p90");
	for (size_t i = 0; i < t->n; i++) {
		struct subject *s = &t->subjects[i];

		samples_sort(&s->samples);
		(void)printf("%-20s %8.0f %8.0f %8.0f", s->name, samples_at(&s->samples, 0),
			samples_at(&s->samples, 50), samples_at(&s->samples, 90));
		if (i != FLOOR) {
			samples_sort(&s->ratios);
			(void)printf("    %5.2f %5.2f %5.2f", samples_at(&s->ratios, 10),
				samples_at(&s->ratios, 50), samples_at(&s->ratios, 90));
		}
		(void)printf("\n");
	}
}

static void add_subject(struct timing *t, char *command, const char *state)
{
	struct subject *s = &t->subjects[t->n];

	if (t->n == FIRST_RUNTIME + MAX_RUNTIMES)
		errx(2, "at most %d runtimes", MAX_RUNTIMES);
	s->name = strdup(command);
	if (!s->name)
		err(1, "strdup");
	if (strrchr(s->name, '/'))
		s->name = strrchr(s->name, '/') + 1;
	for (char *word = strtok(command, " "); word && s->n < MAX_WORDS; word = strtok(NULL, " "))
		s->words[s->n++] = word;
	(void)snprintf(s->id, sizeof(s->id), "bench-%zu", t->n);
	(void)snprintf(s->root, sizeof(s->root), "%s/%zu", state, t->n);
	(void)snprintf(s->pid_file, sizeof(s->pid_file), "%s/%zu.pid", state, t->n);
	(void)snprintf(s->log, sizeof(s->log), "%s/%zu.log", state, t->n);
	t->n++;
}

int main(int argc, char **argv)
{
	static struct timing t = {.subjects[FLOOR_FORKED].name = "floor, forked"};
	const struct mode *mode = modes;

	if (argc < 7)
		errx(2, "usage: timing run|life|start|exec ROUNDS BUNDLE STATE FLOOR COMMAND...");
	while (mode < modes + sizeof(modes) / sizeof(modes[0]) && strcmp(mode->name, argv[1]))
		mode++;
	if (mode == modes + sizeof(modes) / sizeof(modes[0]))
		errx(2, "%s: not run, life, start or exec", argv[1]);
	t.rounds = strtol(argv[2], NULL, 10);
	t.bundle = argv[3];
	(void)snprintf(t.rootfs, sizeof(t.rootfs), "%s/rootfs", t.bundle);
	t.cgroup_fd = open("/sys/fs/cgroup", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (t.cgroup_fd < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		err(1, "/sys/fs/cgroup");
	add_subject(&t, argv[5], argv[4]);
	t.n = FIRST_RUNTIME;
	for (int i = 6; i < argc; i++)
		add_subject(&t, argv[i], argv[4]);
	for (size_t i = FIRST_RUNTIME; mode->before && i < t.n; i++)
		mode->before(&t, &t.subjects[i]);
	for (long i = -2; i < t.rounds && i < MAX_SAMPLES; i++) /* two to warm up */
		one_round(&t, mode, i >= 0);
	for (size_t i = FIRST_RUNTIME; mode->after && i < t.n; i++)
		mode->after(&t, &t.subjects[i]);
	report(&t);
	return 0;
}
