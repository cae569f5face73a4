/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_INJECT_JUDGE_H
#define NACRE_TESTS_INJECT_JUDGE_H

#include "tests/inject/subject.h"

/* What a command prints and leaves. */
struct result {
	char out[TEXT_SIZE], err[TEXT_SIZE], look[TEXT_SIZE];
};

/* The first line in which FOUND is another than EXPECTED, if there is one, is wrong. UNTRACED: but
 * for the errno of what a tracer would have answered that was killed. */
void judge_equal(
	const char *what, const char *expected, const char *found, bool untraced, char *wrong);

/* What became of a disturbed command, by its end and what it printed. UNDISTURBED is what it should
 * be. */
enum outcome judge(const struct command *command, const struct trace *trace,
	const struct trace_end *end, const struct result *undisturbed, struct result *result,
	char *wrong);

/* Of a container whose rules of egress were to be swapped, by what look.c saw in it: nothing that
 * only the old rules allow is open beside what only the new ones do. What neither do, the
 * container's program looks at. */
void judge_rules(const char *text, char *wrong);

#endif
