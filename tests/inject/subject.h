/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_INJECT_SUBJECT_H
#define NACRE_TESTS_INJECT_SUBJECT_H

#include "tests/inject/text.h"
#include "tests/inject/trace.h"

#include <stdbool.h>

/* What the container of a command is before. */
enum before {
	NOTHING,
	CREATED,
	RUNNING,
	STOPPED
};

/* What became of a disturbed command. LOST: it succeeded, and another process than its own was
 * killed, or could not read its turn. */
enum outcome {
	SUCCEEDED,
	FAILED,
	KILLED,
	LOST
};

/* A command that is disturbed. */
struct command {
	const char *name;
	enum before before;
	const char *argv[12]; /* without what is common to all */
	const char *rules[9]; /* options that the container is created with: of egress; --late */
	bool creates; /* it takes the options of create */
	bool to_init; /* it makes the init of a created container go on */
	bool moves; /* what it prints has numbers that differ each time */
	bool shows; /* an undisturbed run shows what LOOK's program sees, in what it prints or
		       leaves */
	/*
	 * Looks at what there is after it: a text that is equal each time goes to text. What is
	 * wrong goes to wrong, which is "" before.
	 */
	void (*look)(const struct command *command, enum outcome outcome, char *text, char *wrong);
};

#define N_COMMANDS 12
extern const struct command commands[N_COMMANDS];

/* agent, strict, oci; and of agent: userns, in a user namespace; trace, with --trace-denials;
 * systemd, with a unit of systemd. */
bool mode_set(const char *mode);
const char *mode_name(void);
/* Whether cgroups are systemd's. */
bool mode_systemd(void);
/* Whether a tracer answers what the filter refuses. */
bool mode_traces(void);

/* Makes what the command needs. Returns whether it could; if not, wrong says why. */
bool subject_prepare(const struct command *command, char *wrong);

/* The disturbed command; init is followed too if it takes part. */
int subject_run(const struct command *command, struct trace *trace, struct trace_end *ret_end);

/* Removes the container as a user would: whatever then is left is wrong. */
void subject_remove(char *wrong);

#endif
