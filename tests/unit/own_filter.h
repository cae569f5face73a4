/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_OWN_FILTER_H
#define NACRE_TESTS_OWN_FILTER_H

#include "tests/unit/seccomp_machine.h" /* first: check.h has a macro fail */

#include "libcontainer/seccomp/seccomp_own.h"
#include "tests/filter_table.h"

/* What the suites for nacre's own filter share. */

static const struct target {
	const char *names[2];
	uint32_t token;
	uint32_t audit;
} targets[] = {
	{{"SCMP_ARCH_X86_64", NULL}, SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64},
	{{"SCMP_ARCH_AARCH64", NULL}, SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64},
};

static const unsigned profiles[] = {FILTER_AGENT, FILTER_STRICT, FILTER_NESTED,
	FILTER_AGENT | FILTER_SETUID, FILTER_STRICT | FILTER_SETUID};

#define NUMBERS 600

static struct arena *arena; /* of one test */

static inline void setup(void)
{
	arena = arena_new(64 << 20);
	ck_assert_ptr_nonnull(arena);
}

static inline void teardown(void)
{
	arena_free(arena);
}

/* GRANTS: with blanks between them. */
static inline struct oci_strings grants_of(const char *grants)
{
	struct oci_strings list = {.items = arena_array(arena, 16, sizeof(char *))};
	char name[40];

	while (filter_next_name(&grants, name))
		list.items[list.n++] = arena_strdup(arena, name);
	return list;
}

static inline struct seccomp_program *compiled(
	unsigned profile, const char *grants, const char *const *archs)
{
	struct seccomp_program *made = arena_alloc(arena, sizeof(*made));
	const struct oci_strings list = grants_of(grants);
	struct nacre_error err;

	ck_assert_msg(
		seccomp_own_compile(arena, profile, &list, archs, made, &err) == 0, "%s", err.text);
	return made;
}

static inline const char *name_of(const struct target *target, uint32_t nr)
{
	char name[40];

	return call_name(target->token, nr, name) ? arena_strdup(arena, name) : NULL;
}

static inline uint32_t run(const struct seccomp_program *p, uint32_t audit, uint32_t nr, uint64_t a,
	uint64_t b, uint64_t c, uint64_t d)
{
	const struct seccomp_data data = {.nr = (int)nr, .arch = audit, .args = {a, b, c, d}};

	return run_filter(p->filter, p->n, &data);
}

#endif
