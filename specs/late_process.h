/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_LATE_PROCESS_H
#define NACRE_LATE_PROCESS_H

#include "specs/spec.h"

/*
 * The process of a container that was made with `create --late`, as `start --process FILE` gives
 * it. INIT waits as what the program will be: ids, capabilities, limits, labels and filters are
 * set, and nothing gives any of them back. So a late process has arguments, environment and working
 * directory, and everything else is as it was created.
 */

/* Of all its strings. It stays far below what execve(2) takes. */
#define LATE_PROCESS_BYTES ((size_t)256 * 1024)

/* Decodes a process of the spec that has args and cwd, and may have env; what it has not is as in
 * CREATED. -EINVAL names any other member. */
int late_process_decode(struct arena *arena, const struct oci_part *part,
	const struct oci_process *created, struct oci_process **ret_process,
	struct nacre_error *err);

/* What INIT is sent: cwd, args and env, each with its NUL. *RET_BYTES: in ARENA. -E2BIG. */
int late_process_pack(struct arena *arena, const struct oci_process *process, char **ret_bytes,
	size_t *ret_length, struct nacre_error *err);

/* The same back: N_ARGS of the strings in BYTES are args. All else is CREATED's. BYTES are kept.
 * -EPROTO. */
int late_process_unpack(struct arena *arena, const char *bytes, size_t length, size_t n_args,
	const struct oci_process *created, struct oci_process **ret_process,
	struct nacre_error *err);

#endif
