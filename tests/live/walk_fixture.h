/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TEST_WALK_FIXTURE_H
#define NACRE_TEST_WALK_FIXTURE_H

/* Tables of steps that leave a trace, and the walk of two processes through them. */

#include "libcontainer/base/child.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/life/sync.h"
#include "libcontainer/life/walk.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* What was done, in order, by both processes: a letter a row, in shared memory. */
static struct {
	unsigned n;
	char text[64];
} * trace;

enum {
	FIRST = 1 << 0,
	SECOND = 1 << 1
};

static inline void note(char letter)
{
	trace->text[__atomic_fetch_add(&trace->n, 1, __ATOMIC_SEQ_CST)] = letter;
}

#define STEP_FUNCTION(letter)                                                    \
	static inline int step_##letter(struct life *l, struct nacre_error *err) \
	{                                                                        \
		(void)l;                                                         \
		(void)err;                                                       \
		note(#letter[0]);                                                \
		return 0;                                                        \
	}

STEP_FUNCTION(a)
STEP_FUNCTION(b)
STEP_FUNCTION(c)
STEP_FUNCTION(d)
STEP_FUNCTION(A) /* undo */
STEP_FUNCTION(B)

static inline int step_fails(struct life *l, struct nacre_error *err)
{
	(void)l;
	return (fail)(err, EPERM, "it does not work"); /* check.h has a macro of that name */
}

static inline int step_dies(struct life *l, struct nacre_error *err)
{
	(void)l;
	(void)err;
	raise(SIGSYS);
	return 0;
}

static inline int step_long(struct life *l, struct nacre_error *err)
{
	(void)l;
	(void)err;
	usleep(50000);
	note('l');
	return 0;
}

/* Its files are closed long before it ends. */
static inline int step_dies_slowly(struct life *l, struct nacre_error *err)
{
	fd_close(&l->sync);
	usleep(200000);
	return step_dies(l, err);
}

static inline int step_stops(struct life *l, struct nacre_error *err)
{
	(void)l;
	(void)err;
	(void)raise(SIGSTOP);
	return 0;
}

static inline int step_sleeps(struct life *l, struct nacre_error *err)
{
	(void)l;
	(void)err;
	(void)pause();
	return 0;
}

static const struct step *steps;
static bool runtime_dies;

static inline _Noreturn void be_init(struct life *l)
{
	struct walk w = {l, steps, INIT, INIT, -1};
	const struct step *failed;
	struct nacre_error err;

	/* A test that fails must not leave INIT waiting for its turn. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (walk_from_spawn(&w, &failed, &err) < 0)
		(void)sync_send(l->sync, SYNC_FAILED, (unsigned)(failed - steps), err.code, -1,
			err.text, -1);
	_exit(0);
}

static inline int step_spawns(struct life *l, struct nacre_error *err)
{
	struct clone_args args = {.flags = CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&l->container.pidfd,
		.exit_signal = SIGCHLD};
	int pair[2];

	if (sync_pair(pair, err) < 0)
		return -err->code;
	l->container.pid = sys_clone3(&args);
	ck_assert_int_ge(l->container.pid, 0);
	l->sync = pair[l->container.pid == 0];
	fd_close(&pair[l->container.pid != 0]);
	if (l->container.pid == 0)
		be_init(l);
	if (runtime_dies)
		fd_close(&l->sync);
	return 0;
}

static inline void ignore_warning(void *data, const char *text)
{
	(void)data;
	(void)text;
}

static const struct container_callbacks callbacks = {.warn = ignore_warning};

static int64_t timeout_ms; /* of the command; 0: none */

static inline int walk_table(const struct step *table, uint64_t active, struct nacre_error *err)
{
	struct life l;
	struct walk w = {&l, table, RUNTIME, RUNTIME, -1};
	const struct step *last;
	struct nacre_error ignored;
	int result;

	steps = table;
	life_init(&l);
	l.container.callbacks = &callbacks;
	l.container.record.active = active;
	l.container.deadline = timeout_ms ? child_now() + timeout_ms * 1000000 : 0;
	result = walk_from(&w, table, &last, err);
	if (result < 0)
		(void)walk_back(&l, table, last + 1, &ignored);
	fd_close(&l.sync);
	waitpid(l.container.pid, NULL, 0);
	life_done(&l);
	return result;
}

static inline void fresh_trace(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	trace = mmap(
		NULL, sizeof(*trace), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(trace, MAP_FAILED);
}

#endif
