/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_EGRESS_FIXTURE_H
#define NACRE_TESTS_EGRESS_FIXTURE_H

#include <check.h>

#include "specs/egress_names.h"

/* Rules, with the addresses of their names. */
static struct egress_policy parse(struct arena *arena, const char *const *words)
{
	struct oci_strings list = {(const char **)(void *)words, 0};
	const struct oci_strings none = {.n = 0};
	struct egress_policy policy;
	struct nacre_error err;

	while (words[list.n])
		list.n++;
	ck_assert_msg(egress_policy_parse(arena, &list, &policy, &err) == 0, "%s", err.text);
	ck_assert_int_eq(egress_names_assign(arena, &none, &policy, &err), 0);
	return policy;
}
#define PARSE(arena, ...) parse(arena, (const char *const[]){__VA_ARGS__, NULL})

#endif
