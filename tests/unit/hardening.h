/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_HARDENING_H
#define NACRE_TESTS_HARDENING_H

/* Before check.h, which has a macro called fail. */
#include "specs/harden.h"
#include "specs/harden_rules.h"
#include "specs/validate.h"
#include "tests/order.h"

#include <check.h>

/* What the suites on hardening share. */

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define GIB (1ULL << 30)

/* Of one test: made and freed by the fixture. */
extern struct arena *arena;
void fixture_setup(void);
void fixture_teardown(void);

/* What stands in TEXT, separated by spaces; and the way back. */
struct oci_strings split(const char *text);
const char *joined(const struct oci_strings *list);

/* The file NAME below tests/data. */
char *read_data(const char *name);

struct oci_config *decode(const char *name, const char *text);

/* A config that the agent profile leaves as it is, but for the limits. Further text is put into its
 * mounts, process, linux and linux.resources: each begins with a comma. */
struct oci_config *tight(
	const char *mounts, const char *process, const char *linux_, const char *resources);
/* The same as JSON. */
char *tight_text(
	const char *mounts, const char *process, const char *linux_, const char *resources);

/* For the resources of tight(): nothing is left to add. */
#define LIMITED ",\"pids\":{\"limit\":9},\"memory\":{\"limit\":8192,\"swap\":8192}"

struct result {
	int r;
	struct oci_config *config;
	struct harden_report *report;
	struct nacre_error err;
};

/* Fills in a host of 16 GiB and 8 CPUs; its namespaces are those of pids 1 and self. */
void look_at_host(const struct oci_config *config, struct harden_request *request);

/* GRANTS: separated by spaces. */
struct result apply(const struct oci_config *config, const char *profile, const char *grants);
/* TMP_BYTES: what the policy says of /tmp. */
struct result apply_with_tmp(const struct oci_config *config, const char *profile,
	const char *grants, uint64_t tmp_bytes);
struct result agent(const struct oci_config *config, const char *grants);
/* Fails the test if R does not succeed. */
#define FIRST_ID 1879048192U

/* A block of ids, and a source that cannot be mapped. */
void give_ids(struct harden_host *host);

/* By --userns shifted, where the host has a block of ids, or (NO_SHIFT) not, and why. */
struct result apply_shifted(const struct oci_config *config, const char *profile,
	const char *grants, const char *require, const char *no_shift);
struct result must(struct result result);

/* Of linux.resources.unified; NULL: it has none. */
const char *unified_value(const struct result *result, const char *key);

/* The only change, and its summary. */
void ck_assert_one_change(
	const struct result *result, const char *rule, const char *path, const char *summary);
/* GRANTED_WORDS: the grants that were used. */
void ck_assert_no_change(const struct result *result, const char *granted_words);
void ck_assert_refused(const struct result *result, const char *text);

#endif
