/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/seccomp/seccomp_needs.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include "libcontainer/seccomp/seccomp_trace.h"

static bool allows(const struct seccomp_program *program, const struct seccomp_need *need)
{
	static const uint64_t unknown[] = {0, UINT64_MAX};

	for (size_t i = 0; program->n && i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		struct seccomp_data data = {.nr = need->number, .arch = seccomp_arch_native()};
		uint32_t action;

		for (size_t j = 0; j < 6; j++)
			data.args[j] = need->known >> j & 1 ? need->args[j] : unknown[i];
		action = seccomp_trace_verdict(program->filter, program->n, &data) &
			 SECCOMP_RET_ACTION_FULL;
		if (action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG ||
			(action == SECCOMP_RET_USER_NOTIF && need->may_notify))
			return true;
	}
	return !program->n;
}

int seccomp_check_need(const struct seccomp_program *program, const struct seccomp_need *need,
	struct nacre_error *err)
{
	return allows(program, need)
		       ? 0
		       : fail(err, EPERM,
				 "linux.seccomp does not allow %s, which %s: add a rule that "
				 "allows it",
				 need->name, need->reason);
}
