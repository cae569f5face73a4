/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/seccomp/seccomp_own.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>

#include "libcontainer/seccomp/seccomp_policy.h"

/* Translates nacre's table (specs/filter.h) into a policy for the generator. */

#define MAX_RULES 1024 /* twice as many as the table needs */

struct builder {
	struct arena *arena;
	unsigned profile;
	const struct oci_strings *grants;
	struct seccomp_rule *rules;
	size_t n_rules;
	int failed;
};

static void add_rule(struct builder *b, const char *name, uint32_t action,
	const struct seccomp_test *tests, size_t n_tests)
{
	char *copy = arena_strdup(b->arena, name);

	if (!copy || b->n_rules == MAX_RULES) {
		b->failed = -ENOMEM;
		return;
	}
	b->rules[b->n_rules++] = (struct seccomp_rule){copy, action, tests, n_tests};
}

static void allow(struct builder *b, const char *const *lists)
{
	char name[40];

	for (; *lists; lists++) {
		const char *list = *lists;

		while (filter_next_name(&list, name))
			add_rule(b, name, SECCOMP_RET_ALLOW, NULL, 0);
	}
}

static struct seccomp_test test_of(const struct filter_test *test)
{
	static const enum seccomp_operator operators[] = {
		[FILTER_EQ] = SECCOMP_EQ,
		[FILTER_NE] = SECCOMP_NE,
		[FILTER_GE] = SECCOMP_GE,
		[FILTER_LE] = SECCOMP_LE,
	};

	return (struct seccomp_test){
		operators[test->op], test->index, test->mask, test->value & test->mask};
}

/* Collects the values of grants that belong to LIST. Returns how many. */
static size_t granted_words(
	const struct builder *b, enum filter_list list, uint32_t *ret_values, size_t room)
{
	size_t n = 0;

	for (size_t i = 0; list != FILTER_NO_LIST && i < b->grants->n; i++) {
		const char *grant = b->grants->items[i];
		uint32_t value;

		if (!strncmp(grant, "socket:", strlen("socket:")) &&
			filter_socket_word(grant + strlen("socket:"), &value) == list && n < room)
			ret_values[n++] = value;
	}
	return n;
}

/* Returns whether the row refuses one type of socket, and that type is granted. */
static bool type_is_granted(const struct filter_rule *rule, const uint32_t *values, size_t n)
{
	for (size_t i = 0; rule->list == FILTER_TYPES && i < FILTER_TESTS; i++)
		for (size_t k = 0; k < n; k++)
			if (rule->tests[i].op == FILTER_EQ && rule->tests[i].value == values[k])
				return true;
	return false;
}

static void refuse(struct builder *b, const struct filter_rule *rule)
{
	uint32_t values[32];
	size_t n_values = granted_words(b, rule->list, values, 32), n = 0;
	struct seccomp_test *tests;
	const char *list = rule->calls;
	char name[40];

	if (type_is_granted(rule, values, n_values))
		return;
	tests = arena_array(b->arena, FILTER_TESTS + n_values, sizeof(*tests));
	if (!tests) {
		b->failed = -ENOMEM;
		return;
	}
	while (n < FILTER_TESTS && rule->tests[n].op != FILTER_ANY) {
		tests[n] = test_of(&rule->tests[n]);
		n++;
	}
	/* Excludes the granted values from the refusal. */
	for (size_t i = 0; rule->list != FILTER_TYPES && i < n_values; i++)
		tests[n++] = (struct seccomp_test){
			SECCOMP_NE, rule->list == FILTER_FAMILIES ? 0 : 2, UINT32_MAX, values[i]};
	while (filter_next_name(&list, name))
		if (!filter_row_granted(rule, b->grants, name))
			add_rule(b, name, SECCOMP_RET_ERRNO | (uint32_t)rule->error, tests, n);
}

/* Makes the rules of one architecture, in order. */
static int make_rules(struct builder *b, const struct seccomp_arch *arch, struct nacre_error *err)
{
	const unsigned profile = b->profile | (arch->bits == 32 ? FILTER_COMPAT : 0);

	b->n_rules = 0;
	b->rules = arena_array(b->arena, MAX_RULES, sizeof(*b->rules));
	if (!b->rules)
		return fail_errno(err, ENOMEM, "rules");
	if (!strcmp(arch->libseccomp, "x86") && !(b->profile & FILTER_SOCKETS))
		allow(b, filter_calls_x86);
	for (const struct filter_rule *rule = filter_rules; rule->calls; rule++)
		if (rule->profiles & profile)
			refuse(b, rule);
	for (size_t i = 0; i < b->grants->n; i++)
		if (!strncmp(b->grants->items[i], "syscall:", strlen("syscall:")))
			add_rule(b, b->grants->items[i] + strlen("syscall:"), SECCOMP_RET_ALLOW,
				NULL, 0);
	if (!(b->profile & FILTER_SOCKETS))
		allow(b, filter_calls);
	return b->failed < 0 ? fail_errno(err, b->failed, "rules") : 0;
}

int seccomp_own_compile(struct arena *arena, unsigned profile, const struct oci_strings *grants,
	const char *const *archs, struct seccomp_program *ret_program, struct nacre_error *err)
{
	struct builder b = {.arena = arena, .profile = profile, .grants = grants};
	struct seccomp_policy p = {
		.default_action = profile & FILTER_SOCKETS ? SECCOMP_RET_ALLOW
							   : SECCOMP_RET_ERRNO | ENOSYS,
		.foreign_action = SECCOMP_RET_ERRNO | ENOSYS,
		.ordered = true,
	};
	struct seccomp_table tables[SECCOMP_N_ARCHITECTURES] = {{.arch = NULL}};
	size_t n = 0;
	int r = 0;

	while (archs[n]) {
		const struct seccomp_arch *arch = seccomp_find_arch(archs[n]);

		r = make_rules(&b, arch, err);
		p.rules = b.rules;
		p.n_rules = b.n_rules;
		if (r >= 0)
			r = seccomp_table_make(&p, arch, &tables[n], err);
		if (r < 0)
			break;
		n++;
	}
	if (r >= 0)
		r = seccomp_bpf_generate(&p, tables, n, ret_program, err);
	while (n)
		seccomp_table_release(&tables[--n]);
	return r < 0 ? fail_prefix(err, "own seccomp filter") : 0;
}
