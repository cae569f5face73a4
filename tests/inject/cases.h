/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_INJECT_CASES_H
#define NACRE_TESTS_INJECT_CASES_H

#include "tests/inject/subject.h"

#include <stdatomic.h>

#define MAX_CALLS 16384
#define MAX_CASES 65536
#define CASE_NAME_SIZE 128

/* One fault in one call of one command. */
struct injection {
	unsigned char command; /* of commands[] */
	unsigned char fault;
	unsigned short call; /* of struct cases.calls */
};

enum verdict {
	UNTRIED,
	PASSED,
	NOT_REACHED,
	WRONG
};

/* In memory that main and its workers share. */
struct cases {
	struct {
		unsigned command;
		struct call call;
	} calls[MAX_CALLS];
	unsigned n_calls;
	struct injection list[MAX_CASES]; /* by command, then call */
	unsigned n;
	unsigned stride, offset; /* which of them are tried */
	atomic_uint next; /* that nobody has taken yet */
	atomic_uchar verdicts[MAX_CASES]; /* enum verdict */
	char wrongs[MAX_CASES][WRONG_SIZE]; /* what was wrong */
};

/* The calls of one more undisturbed run of COMMAND are added where they are not there yet. */
void cases_add_call(struct cases *cases, unsigned command, const struct call *call);

/* Fills the list from the calls; DEFAULT_CASES of them are tried if the stride is 0. */
void cases_make(struct cases *cases, unsigned default_cases);

/* As in run/command.1/openat:17/EIO. */
void case_print(const struct cases *cases, unsigned index, char name[CASE_NAME_SIZE]);

/* Whether NAME is the case, or words of its name from the left. */
bool case_is(const struct cases *cases, unsigned index, const char *name);

#endif
