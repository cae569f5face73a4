/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TEST_HOOKS_FIXTURE_H
#define NACRE_TEST_HOOKS_FIXTURE_H

#include "libcontainer/process/hooks.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Hooks that are shell scripts, each test in a directory of its own. */

#define KIND "createRuntime"
#define STATE "{\"ociVersion\":\"1.3.0\",\"id\":\"x\"}"

static struct nacre_error err;
static char dir[PATH_MAX];
static struct hook_output output = {-1, -1};

/* Hooks inherit the working directory: each test has one of its own. */
static inline void setup(void)
{
	(void)strcpy(dir, "/tmp/nacre-test-hooks-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
}

static inline void teardown(void)
{
	(void)unlink("out");
	(void)unlink("pid");
	ck_assert_int_eq(rmdir(dir), 0);
}

static inline const char *out(const char *name)
{
	static char text[8192];
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return "(no file)";
	n = read(fd, text, sizeof(text) - 1);
	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	(void)close(fd);
	return text;
}

static inline int run_list(
	struct oci_hook *items, size_t n, const char *state, const struct oci_strings *env)
{
	const struct oci_hook_list list = {items, n};

	return hooks_run(KIND, &list, state, env, &output, &err);
}

static inline int run_shell(const char *script, int64_t timeout)
{
	const char *args[] = {"sh", "-c", script};
	struct oci_hook hook = {.path = "/bin/sh", .args = {args, 3}};

	if (timeout)
		hook.timeout = (struct oci_i64){true, timeout};
	return run_list(&hook, 1, STATE, NULL);
}

static inline double seconds(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

#endif
