/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/inject/report.h"

#include <stdio.h>

#define ENOUGH 50 /* one in so many may not be reached */

static unsigned count(const struct cases *cases, const bool *wanted, unsigned command, int fault,
	enum verdict verdict)
{
	unsigned n = 0;

	for (unsigned i = 0; i < cases->n; i++)
		n += wanted[i] && cases->list[i].command == command &&
		     cases->list[i].fault == fault && cases->verdicts[i] == verdict;
	return n;
}

/* Which call comes after which differs a little from run to run where two processes take turns.
 * More than that, and the cases say nothing. */
static bool report_reached(unsigned test, unsigned lost, unsigned all)
{
	bool good = all < ENOUGH || lost <= all / ENOUGH;

	printf("%sok %u - the calls are reached: %u of %u\n", good ? "" : "not ", test, all - lost,
		all);
	return good;
}

bool report(const struct cases *cases, const bool *wanted)
{
	unsigned tests = 0, all = 0, all_lost = 0;
	bool good = true;

	for (unsigned command = 0; command < N_COMMANDS; command++)
		for (int fault = FAULT_EINTR; fault < N_FAULTS; fault++) {
			unsigned passed = count(cases, wanted, command, fault, PASSED);
			unsigned lost = count(cases, wanted, command, fault, NOT_REACHED);
			unsigned wrong = count(cases, wanted, command, fault, WRONG);
			unsigned untried = count(cases, wanted, command, fault, UNTRIED);

			if (passed + lost + wrong + untried == 0)
				continue;
			printf("%sok %u - %s under %s: %s: %u cases", wrong + untried ? "not " : "",
				++tests, commands[command].name, mode_name(),
				fault_name((enum fault)fault), passed + lost + wrong + untried);
			if (lost)
				printf(", %u not reached", lost);
			if (wrong)
				printf(", %u wrong", wrong);
			if (untried)
				printf(", %u not tried", untried);
			puts("");
			good &= wrong + untried == 0;
			all += passed + lost + wrong + untried;
			all_lost += lost;
		}
	good &= report_reached(++tests, all_lost, all);
	printf("1..%u\n", tests);
	return good;
}
