/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_INJECT_TRACE_H
#define NACRE_TESTS_INJECT_TRACE_H

#include "tests/inject/faults.h"

#include <sys/types.h>

/* A command, followed from its execve to its end with all children up to theirs. */
struct trace {
	const char *const *argv;
	const char *out, *err; /* files that get what it prints */
	pid_t init; /* is followed as "init" too; 0: none */
	const struct call *at; /* the call that gets the fault; NULL: none */
	enum fault fault;
	/* hears of each call that returned, or that does not return; NULL: no one does */
	void (*seen)(void *data, const struct call *call);
	void *data;
};

struct trace_end {
	bool reached; /* that call was made */
	bool hung; /* it had to be killed after TRACE_LIMIT_MS, see patience.h */
	int status; /* of waitpid */
};

#define TRACE_LIMIT_MS 10000

/* Returns 0, or -errno if the command could not be run. The tracer is who calls. */
int trace_run(const struct trace *trace, struct trace_end *ret_end);

/* Without ptrace. ret_end->reached is not set. */
int trace_run_alone(const struct trace *trace, struct trace_end *ret_end);

#endif
