/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_WALK_FIXTURE_H
#define NACRE_WORKSPACE_WALK_FIXTURE_H

#include "libcontainer/workspace/walk.h"
#include "specs/workspace_rules.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* An overlay in a mount namespace of the test's own, on a tmpfs: TOP/source, upper, work, merged.
 */

#define SYS(call) ck_assert_msg((call) >= 0, "%s: %s", #call, strerror(errno))

#define TOP "/tmp"

static struct arena *arena;
static struct nacre_error err;
static struct workspace_walk walk;
static struct workspace_changes changes;

static inline void shell(const char *directory, const char *script)
{
	char command[8192];

	ck_assert_int_lt(snprintf(command, sizeof(command),
				 "cd %s/%s && export LC_ALL=C && { %s\n}", TOP, directory, script),
		(int)sizeof(command));
	ck_assert_msg(system(command) == 0, "%s", command);
}

/* So that what follows has a later ctime. */
static inline void next_tick(void)
{
	const struct timespec tick = {.tv_nsec = 12000000};

	SYS(nanosleep(&tick, NULL));
}

static inline void set_up_workspace(void)
{
	umask(022);
	SYS(unshare(CLONE_NEWNS));
	SYS(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	SYS(mount("tmpfs", TOP, "tmpfs", 0, "mode=0755"));
	shell("", "mkdir source upper work merged");
	arena = arena_new(256 << 20);
	memset(&walk, 0, sizeof(walk));
	walk.source = "/source";
	walk.max_bytes = WORKSPACE_MAX_BYTES;
	walk.max_changes = WORKSPACE_MAX_CHANGES;
	SYS(walk.upper_fd = open(TOP "/upper", O_PATH | O_DIRECTORY | O_CLOEXEC));
	SYS(walk.source_fd = open(TOP "/source", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

static inline void tear_down_workspace(void)
{
	arena_free(arena);
}

/* The source is as it is to be: the workspace is made. */
static inline void begin(bool user_xattr)
{
	struct timespec now;

	next_tick();
	SYS(clock_gettime(CLOCK_REALTIME_COARSE, &now));
	walk.created = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
	walk.user_xattr = user_xattr;
	next_tick();
	SYS(mount("overlay", TOP "/merged", "overlay", 0,
		user_xattr ? "lowerdir=" TOP "/source,upperdir=" TOP "/upper,workdir=" TOP
			     "/work,userxattr"
			   : "lowerdir=" TOP "/source,upperdir=" TOP "/upper,workdir=" TOP
			     "/work,redirect_dir=on,metacopy=off,index=off,xino=off"));
}

static inline void end(void)
{
	SYS(umount2(TOP "/merged", 0));
}

/* A line for each change: kind, type, mode, path, "<" where from, "!" rule, "@" of what
 * is inside, "~" conflict. */
static inline char *summary(void)
{
	char *text = NULL;
	size_t length;
	FILE *file = open_memstream(&text, &length);

	for (size_t i = 0; i < changes.n; i++) {
		const struct workspace_change *c = &changes.items[i];

		(void)fprintf(file, "%c%c %s", "AMDRT"[c->kind], "fdlcps"[c->type], c -> path);
		if (c->from)
			(void)fprintf(file, " <%s", c->from);
		if (c->refused)
			(void)fprintf(file, " !%s", c->refused);
		if (c->inside)
			(void)fprintf(file, " @%s", c->inside);
		if (c->conflict)
			(void)fprintf(file, " ~%s", c->conflict);
		(void)fputc('\n', file);
	}
	(void)fclose(file);
	return text;
}

static inline void read_changes(void)
{
	ck_assert_msg(workspace_walk(arena, &walk, &changes, &err) == 0, "%s", err.text);
}

static inline void assert_changes(const char *expected)
{
	char *found;

	read_changes();
	found = summary();
	ck_assert_str_eq(found, expected);
	free(found);
}

#endif
