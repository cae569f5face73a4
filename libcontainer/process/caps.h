/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CAPS_H
#define NACRE_CAPS_H

#include <stdint.h>

#include "specs/spec.h"

/* capabilities(7). The five sets as bit masks, by capability number. */
struct capability_sets {
	uint64_t bounding;
	uint64_t effective;
	uint64_t inheritable;
	uint64_t permitted;
	uint64_t ambient;
};

/* Turns names into masks. A name that the kernel does not know or the caller does not hold is left
 * out and reported through WARN once, by name, as runc does. NULL: no capability at all. Ambient is
 * cut to what is inheritable and permitted (the kernel would refuse it). */
int caps_parse(const struct oci_capabilities *capabilities, struct capability_sets *ret_sets,
	void (*warn)(void *data, const char *text), void *data, struct nacre_error *err);

/* Drops the bounding set: needs CAP_SETPCAP, so before the ids change. */
int caps_bound(const struct capability_sets *sets, struct nacre_error *err);

/* Sets the other four, exactly, after the ids changed; ambient last. CVE-2022-29162: inheritable is
 * what the config says and nothing else. */
int caps_apply(const struct capability_sets *sets, struct nacre_error *err);

/* The same, with those of MORE that the caller holds. *RET_BEYOND: those of them that SETS lacks.
 */
int caps_apply_with(const struct capability_sets *sets, uint64_t more, uint64_t *ret_beyond,
	struct nacre_error *err);

/* Drops the capabilities beyond SETS, in one system call. */
int caps_drop_beyond(const struct capability_sets *sets, struct nacre_error *err);

/* The names that both kernel and libcap know: features.md. ret_names has 64 places. */
size_t caps_names(struct arena *arena, const char *ret_names[64]);

/* Those of them that the caller has: permitted. */
int caps_held(
	struct arena *arena, const char *ret_names[64], size_t *ret_n, struct nacre_error *err);

#endif
