/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/seccomp/seccomp_simulate.h"

#include <linux/sched.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>

#include "libcontainer/seccomp/seccomp_policy.h"
#include "libcontainer/seccomp/seccomp_trace.h"

/* Lies above the numbers of all calls. */
#define NUMBERS_END 600

static bool refuses(uint32_t verdict)
{
	switch (verdict & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
	case SECCOMP_RET_TRACE:
	case SECCOMP_RET_USER_NOTIF:
		return false;
	default:
		return true;
	}
}

static bool refuses_number(const struct sock_filter *filter, unsigned short n, int number)
{
	uint32_t verdict;

	return n && number >= 0 &&
	       seccomp_trace_constant(filter, n, seccomp_arch_native(), number, &verdict) &&
	       refuses(verdict);
}

bool seccomp_refuses(const struct seccomp_program *program, const char *call)
{
	return refuses_number(program->filter, program->n, seccomp_syscall_resolve_name(call));
}

static bool refuses_clone(const struct sock_filter *filter, unsigned short n)
{
	const struct seccomp_data data = {
		.nr = seccomp_syscall_resolve_name("clone"),
		.arch = seccomp_arch_native(),
		.args = {CLONE_NEWUSER | SIGCHLD},
	};

	return n && refuses(seccomp_trace_verdict(filter, n, &data));
}

bool seccomp_refuses_userns(const struct seccomp_program *program)
{
	return refuses_clone(program->filter, program->n);
}

void seccomp_each_refused(const struct seccomp_program *program, const struct seccomp_own *own,
	void (*each)(void *data, const char *call), void *data)
{
	char name[40];

	for (int number = 0; number < NUMBERS_END; number++) {
		if (!refuses_number(program->filter, program->n, number) ||
			refuses_number(own->filter, own->n, number))
			continue;
		seccomp_call_name(seccomp_arch_native(), number, name);
		if (name[0] < '0' || name[0] > '9') /* a number without a name is no call */
			each(data, name);
	}
	if (refuses_clone(program->filter, program->n) && !refuses_clone(own->filter, own->n))
		each(data, "clone(CLONE_NEWUSER)");
}
