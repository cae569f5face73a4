/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/inject/report.h"

#include <stdio.h>

static unsigned count(const struct cases *cases, const bool *wanted, unsigned command, int fault,
	enum verdict verdict)
{
	unsigned n = 0;

	for (unsigned i = 0; i < cases->n; i++)
		n += wanted[i] && cases->list[i].command == command &&
		     cases->list[i].fault == fault && cases->verdicts[i] == verdict;
	return n;
}

static void report_wrongs(const struct cases *cases, const char *mode, unsigned command, int fault)
{
	for (unsigned i = 0; i < cases->n; i++) {
		char name[CASE_NAME_SIZE];

		if (cases->verdicts[i] != WRONG || cases->list[i].command != command ||
			cases->list[i].fault != fault)
			continue;
		case_print(cases, i, name);
		printf("# %s\n#   again by: BUILD_DIR/tests/inject/inject --mode %s %s\n",
			cases->wrongs[i], mode, name);
	}
}

bool report(const struct cases *cases, const bool *wanted, const char *mode)
{
	unsigned tests = 0;
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
				++tests, commands[command].name, mode,
				fault_name((enum fault)fault), passed + lost + wrong + untried);
			if (lost)
				printf(", %u not reached", lost);
			if (wrong)
				printf(", %u wrong", wrong);
			if (untried)
				printf(", %u not tried", untried);
			puts("");
			report_wrongs(cases, mode, command, fault);
			good &= wrong + untried == 0;
		}
	printf("1..%u\n", tests);
	return good;
}
