/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_ORDER_H
#define NACRE_TESTS_ORDER_H

#include "specs/profiles.h"
#include "specs/spec.h"

/*
 * The order on configs that hardening must respect, written apart from its rules: what a container
 * made from B may do, one made from A may do as well. Returns NULL if that is so, else what B adds
 * or changes. For the unit tests and the fuzzer.
 */
const char *looser(struct arena *arena, const struct oci_config *a, const struct oci_config *b);

/* The same for a process alone. */
const char *process_looser(const struct oci_process *a, const struct oci_process *b);

/* The same for mounts alone. */
const char *mounts_looser(const struct oci_config *a, const struct oci_config *b);

/* The same for what is connected to. */
const char *egress_looser(const struct oci_hardened *a, const struct oci_hardened *b);

/* Whether the propagation A became that of a slave: the only way in which one may change. */
bool became_slave(const char *a, const char *b);

/* A config made from SEED: any member that a rule reads has any value that it may have. */
struct oci_config *random_config(struct arena *arena, uint64_t seed);

/* Whether each workspace of A is one of B, of its form and with no larger limits. */
bool workspaces_kept(const struct oci_config *a, const struct oci_config *b);

#endif
