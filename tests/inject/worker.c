/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/inject/worker.h"

#include "tests/inject/judge.h"
#include "tests/inject/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCOUTINGS 3 /* a race may be won by another side each time */
#define TRIES 3 /* to reach a call */

static void read_output(const struct command *command, struct result *result)
{
	append_file(result->out, WORLD_OUT);
	append_file(result->err, WORLD_ERR);
	if (command->moves)
		mask_numbers(result->out);
}

/* The last line of look.c's program: nothing is equal to nothing. */
static void must_show(const struct command *command, const struct result *result)
{
	static const char last[] = "\nsetuid: ";

	if (command->shows && !strstr(result->out, last) && !strstr(result->look, last))
		give_up("%s, undisturbed: nothing is seen of the container", command->name);
}

static void run_undisturbed(
	const struct command *command, struct trace *trace, struct result *result)
{
	char wrong[WRONG_SIZE] = "";
	struct trace_end end;

	memset(result, 0, sizeof(*result));
	if (!subject_prepare(command, wrong) || subject_run(command, trace, &end) < 0)
		give_up("%s cannot be prepared: %s", command->name, wrong);
	read_output(command, result);
	if (end.hung || end.status != 0)
		give_up("%s, undisturbed: status %#x: %s", command->name, (unsigned)end.status,
			result->err);
	command->look(command, SUCCEEDED, result->look, wrong);
	subject_remove(wrong);
	if (wrong[0])
		give_up("%s, undisturbed: %s", command->name, wrong);
	must_show(command, result);
}

/* Two of them, which must be equal. */
static const struct result *reference(unsigned index)
{
	static struct result *all[N_COMMANDS];
	struct trace trace = {.at = NULL};
	char wrong[WRONG_SIZE] = "";
	struct result *other;

	if (all[index])
		return all[index];
	all[index] = calloc(1, sizeof(**all));
	other = calloc(1, sizeof(*other));
	if (!all[index] || !other)
		give_up("no memory");
	run_undisturbed(&commands[index], &trace, all[index]); /* fills the cache of filters */
	run_undisturbed(&commands[index], &trace, all[index]);
	run_undisturbed(&commands[index], &trace, other);
	judge_equal("its output", all[index]->out, other->out, false, wrong);
	judge_equal("stderr", all[index]->err, other->err, false, wrong);
	judge_equal("what it leaves", all[index]->look, other->look, false, wrong);
	if (wrong[0])
		give_up("%s, undisturbed twice: %s", commands[index].name, wrong);
	free(other);
	return all[index];
}

/* Returns whether the call was reached. */
static bool try_once(
	struct cases *cases, unsigned index, struct result *result, char *wrong, bool talks)
{
	const struct injection *injection = &cases->list[index];
	const struct command *command = &commands[injection->command];
	const struct call *call = &cases->calls[injection->call].call;
	struct trace trace = {.at = call, .fault = (enum fault)injection->fault};
	const struct result *undisturbed = reference(injection->command);
	struct trace_end end;
	enum outcome outcome;

	memset(result, 0, sizeof(*result));
	if (!subject_prepare(command, wrong))
		return true;
	if (subject_run(command, &trace, &end) < 0)
		give_up("%s cannot be traced", command->name);
	read_output(command, result);
	if (talks)
		printf("# status %#x%s, stderr: %s\n", (unsigned)end.status,
			end.reached ? "" : ", the call was not reached", result->err);
	outcome = judge(command, &trace, &end, undisturbed, result, wrong);
	command->look(command, outcome, result->look, wrong);
	if (outcome == SUCCEEDED || result->look[0])
		judge_equal("what it leaves", undisturbed->look, result->look,
			outcome == LOST && mode_traces(), wrong);
	subject_remove(wrong);
	return end.reached;
}

/* At once: it is not lost when the rest of the list is. */
static void tell_wrong(const struct cases *cases, unsigned index, const char *wrong)
{
	char name[CASE_NAME_SIZE];

	case_print(cases, index, name);
	printf("# %s\n#   again by: BUILD_DIR/tests/inject/inject --mode %s %s\n", wrong,
		mode_name(), name);
	(void)fflush(stdout);
}

_Noreturn void worker_try_cases(struct cases *cases, const bool *wanted, bool talks)
{
	struct result *result = calloc(1, sizeof(*result));
	unsigned index;

	if (!result)
		give_up("no memory");
	while ((index = atomic_fetch_add(&cases->next, 1)) < cases->n) {
		char *wrong = cases->wrongs[index];
		bool reached = false;

		if (!wanted[index])
			continue;
		for (int i = 0; i < TRIES && !reached && !wrong[0]; i++)
			reached = try_once(cases, index, result, wrong, talks);
		if (wrong[0])
			tell_wrong(cases, index, wrong);
		if (wrong[0])
			world_sweep();
		atomic_store(&cases->verdicts[index], (unsigned char)(wrong[0]	? WRONG
								      : reached ? PASSED
										: NOT_REACHED));
	}
	(void)fflush(NULL);
	_exit(0);
}

struct scouting {
	struct cases *cases;
	unsigned command;
};

static void add_call(void *data, const struct call *call)
{
	struct scouting *scouting = data;

	cases_add_call(scouting->cases, scouting->command, call);
}

_Noreturn void worker_find_calls(struct cases *cases, unsigned wanted)
{
	struct result *result = calloc(1, sizeof(*result));

	if (!result)
		give_up("no memory");
	for (unsigned i = 0; i < N_COMMANDS; i++) {
		struct scouting scouting = {cases, i};
		struct trace trace = {.seen = add_call, .data = &scouting};

		if (!(wanted & 1u << i))
			continue;
		(void)reference(i);
		for (int n = 0; n < SCOUTINGS; n++)
			run_undisturbed(&commands[i], &trace, result);
	}
	(void)fflush(NULL);
	_exit(0);
}
