/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/egress.h"
#include "tests/order.h"

enum {
	ORDER_ARENA_BYTES = 1 << 20,
};

const char *egress_looser(const struct oci_hardened *a, const struct oci_hardened *b)
{
	cleanup_arena struct arena *arena = arena_new(ORDER_ARENA_BYTES);
	struct oci_strings words;
	struct nacre_error err;

	if (a->egress.n &&
		(!b->egress.n || !arena ||
			egress_policy_tighten(arena, &a->egress, &b->egress, &words, &err) < 0))
		return "a rule of egress";
	if (a->egress.n && b->egress_best_effort && !a->egress_best_effort)
		return "rules of egress may be left out";
	if (a->no_metadata && !b->no_metadata)
		return "metadata services";
	return a->no_listening && !b->no_listening ? "listening" : NULL;
}
