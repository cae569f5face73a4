/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/inject/cases.h"

#include "tests/inject/world.h"

#include <stdio.h>
#include <string.h>

void cases_add_call(struct cases *cases, unsigned command, const struct call *call)
{
	for (unsigned i = 0; i < cases->n_calls; i++) {
		const struct call *there = &cases->calls[i].call;

		if (cases->calls[i].command == command && there->occurrence == call->occurrence &&
			!strcmp(there->name, call->name) && !strcmp(there->role, call->role))
			return;
	}
	if (cases->n_calls == MAX_CALLS)
		give_up("more than %d system calls", MAX_CALLS);
	cases->calls[cases->n_calls].command = command;
	cases->calls[cases->n_calls++].call = *call;
}

void cases_make(struct cases *cases, unsigned default_cases)
{
	for (unsigned i = 0; i < cases->n_calls; i++)
		for (int fault = FAULT_EINTR; fault < N_FAULTS; fault++) {
			if (!fault_applies((enum fault)fault, &cases->calls[i].call))
				continue;
			if (cases->n == MAX_CASES)
				give_up("more than %d cases", MAX_CASES);
			cases->list[cases->n++] = (struct injection){
				(unsigned char)cases->calls[i].command, (unsigned char)fault,
				(unsigned short)i};
		}
	if (!cases->stride)
		cases->stride = (cases->n + default_cases - 1) / default_cases ?: 1;
	cases->offset %= cases->stride;
}

void case_print(const struct cases *cases, unsigned index, char name[CASE_NAME_SIZE])
{
	const struct injection *i = &cases->list[index];
	const struct call *call = &cases->calls[i->call].call;

	(void)snprintf(name, CASE_NAME_SIZE, "%s/%s/%s:%u/%s", commands[i->command].name,
		call->role, call->name, call->occurrence, fault_name((enum fault)i->fault));
}

bool case_is(const struct cases *cases, unsigned index, const char *name)
{
	char own[CASE_NAME_SIZE];
	size_t length = strlen(name);

	case_print(cases, index, own);
	return !strncmp(own, name, length) && strchr(":/", own[length]) != NULL;
}
