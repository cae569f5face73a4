/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CAPS_H
#define NACRE_CAPS_H

#include <stdint.h>

#include "specs/spec.h"

/* The five sets of capabilities(7) as bit masks, by capability number. */
struct capability_sets {
	uint64_t bounding;
	uint64_t effective;
	uint64_t inheritable;
	uint64_t permitted;
	uint64_t ambient;
};

/* Turns names into masks. Names that the kernel does not know or the caller does not hold are left
 * out and reported through WARN, each once, as runc does. CAPABILITIES NULL: no capability at all.
 * The ambient set is cut to what is inheritable and permitted, since the kernel would refuse
 * more. */
int caps_parse(const struct oci_capabilities *capabilities, struct capability_sets *ret_sets,
	void (*warn)(void *data, const char *text), void *data, struct nacre_error *err);

/* Drops capabilities from the bounding set. Needs CAP_SETPCAP, so it must be called before the ids
 * change. */
int caps_bound(const struct capability_sets *sets, struct nacre_error *err);

/* Sets exactly the other four sets, ambient last, after the ids have changed. CVE-2022-29162: the
 * inheritable set is what the config lists and nothing else. */
int caps_apply(const struct capability_sets *sets, struct nacre_error *err);

/* Does the same, and also raises those of MORE that the caller holds. *RET_BEYOND: those of them
 * that SETS lacks. */
int caps_apply_with(const struct capability_sets *sets, uint64_t more, uint64_t *ret_beyond,
	struct nacre_error *err);

/* Drops the capabilities beyond SETS, in one system call. */
int caps_drop_beyond(const struct capability_sets *sets, struct nacre_error *err);

/* Lists the names that both kernel and libcap know, for features.md. RET_NAMES has 64 places. */
size_t caps_names(struct arena *arena, const char *ret_names[64]);

/* Lists those of them that the caller has in its permitted set. */
int caps_held(
	struct arena *arena, const char *ret_names[64], size_t *ret_n, struct nacre_error *err);

#endif
