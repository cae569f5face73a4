/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_FILTER_TABLE_H
#define NACRE_TESTS_FILTER_TABLE_H

#include "specs/filter.h"

#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* nacre's own filter, read from its table in another way than the generator's, for those who
 * compare verdicts with it. */

#define NEWEST 471 /* rseq_slice_yield of Linux 7.1: the table was made with its calls */

/* Libseccomp's names up to the calls that every release knows; the newer ones have one number
 * everywhere. */
static const char *const newest_names[] = {"futex_waitv", "set_mempolicy_home_node", "cachestat",
	"fchmodat2", "map_shadow_stack", "futex_wake", "futex_wait", "futex_requeue", "statmount",
	"listmount", "lsm_get_self_attr", "lsm_set_self_attr", "lsm_list_modules", "mseal",
	"setxattrat", "getxattrat", "listxattrat", "removexattrat", "open_tree_attr",
	"file_getattr", "file_setattr", "listns", "rseq_slice_yield"};

/* Returns false if the architecture TOKEN of libseccomp has no call NR. */
static inline bool call_name(uint32_t token, uint32_t nr, char ret_name[static 40])
{
	char *name = NULL;

	if (nr > NEWEST)
		return false;
	if (nr >= 449)
		name = strdup(newest_names[nr - 449]);
	else if (token == SCMP_ARCH_X86_64 && (nr == 335 || nr == 336))
		name = strdup(nr == 335 ? "uretprobe" : "uprobe");
	else
		name = seccomp_syscall_resolve_num_arch(token, (int)nr);
	if (name)
		(void)snprintf(ret_name, 40, "%s", name);
	free(name);
	return name != NULL;
}

static inline bool in_calls(const char *const *lists, const char *name)
{
	while (*lists && !filter_names(*lists, name))
		lists++;
	return *lists != NULL;
}

static inline bool row_holds(const struct filter_rule *rule, const uint64_t *args)
{
	for (size_t i = 0; i < FILTER_TESTS; i++)
		if (!filter_test_holds(&rule->tests[i], args))
			return false;
	return true;
}

#define FILTER_ROWS 32

/* A call and the rows of the table that are about it. */
struct call {
	const char *name; /* NULL: the architecture has no such call */
	bool allowed;
	const struct filter_rule *rows[FILTER_ROWS];
	size_t n_rows;
	bool by_arguments;
};

static inline struct call look_up(unsigned profile, const char *name)
{
	struct call call = {.name = name, .allowed = name && in_calls(filter_calls, name)};

	for (const struct filter_rule *rule = filter_rules; name && rule->calls; rule++) {
		if (!(rule->profiles & profile) || !filter_names(rule->calls, name))
			continue;
		if (call.n_rows == FILTER_ROWS)
			abort();
		call.rows[call.n_rows++] = rule;
		call.by_arguments |= rule->tests[0].op != FILTER_ANY;
	}
	return call;
}

/* The errno that the table has for a call, 0: it is allowed. */
static inline int expected(const struct call *call, const uint64_t *args)
{
	for (size_t i = 0; i < call->n_rows; i++)
		if (row_holds(call->rows[i], args))
			return call->rows[i]->error;
	return call->allowed ? 0 : ENOSYS;
}

#endif
