/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_VALIDATE_H
#define NACRE_VALIDATE_H

#include "specs/spec.h"

/* Runs every check of the list in validate.c: the rules of the spec that go beyond types and enums.
 * Returns -EINVAL with the place and the remedy for the first one that fails. */
int oci_config_validate(const struct oci_config *config, struct nacre_error *err);

/* The checks that concern a process alone (exec). */
int oci_process_validate(const struct oci_process *process, struct nacre_error *err);

/* The name of check I in the order in which they run, or NULL past the last. */
const char *oci_check_name(size_t i);

/* Calls WARN for each property that is known and has no effect here (v1-only knobs and the like),
 * and for each that is misspelled. */
void oci_config_warnings(
	const struct oci_config *config, void (*warn)(void *data, const char *text), void *data);

#endif
