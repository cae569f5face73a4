/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/policy.h"
#include "specs/profiles.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An input is up to three texts with NUL between them: policy.json and the values of two
 * annotations, run.nacre.profile and run.nacre.allow. */

static const char *wishes[] = {"tmp-exec", "cap:CAP_SYS_ADMIN", "mount:/srv/../etc", "syscall:bpf"};

static const struct policy_request requests[] = {
	{.profile = NULL},
	{.profile = "oci"},
	{.profile = "strict", .grants = {wishes, 1}},
	{.profile = "agent", .grants = {wishes, sizeof(wishes) / sizeof(wishes[0])}},
	{.profile = NULL, .grants = {wishes + 2, 1}},
};

static bool may(const struct policy *policy, const char *grant, const char *by)
{
	const struct policy_grants *grants = policy->grants;

	if (!strcmp(by, BY_POLICY))
		return grants && oci_strings_have(&grants->given, grant);
	if (!strcmp(by, BY_COMMAND))
		return !grants || !grants->has_allowed || policy_matches(&grants->allowed, grant);
	return !strcmp(by, BY_ANNOTATION) && policy->annotations &&
	       policy_matches(&policy->annotations->may_allow, grant);
}

static void check_grants(const struct policy *policy, const struct harden_request *settled)
{
	struct nacre_error err;

	for (size_t i = 0; i < settled->grants.n; i++) {
		require_of(harden_grant_check(settled->grants.items[i], &err) == 0,
			"a grant that exists", settled->grants.items[i]);
		require_of(may(policy, settled->grants.items[i], settled->granted_by[i]),
			"a grant that its giver may give", settled->grants.items[i]);
	}
	for (size_t i = 0; i < policy->require.n; i++)
		require_of(strcmp(policy->require.items[i], REQUIRE_RECEIPT)
				   ? oci_strings_have(&settled->require, policy->require.items[i])
				   : settled->receipt,
			"a rule that the policy requires", policy->require.items[i]);
}

/* What annotations and options may not do, whatever they say. */
static void check_decision(struct arena *arena, const struct policy *policy,
	const struct policy_request *request, const struct oci_map *annotations)
{
	static const struct oci_map none;
	struct harden_request plain, settled;
	struct nacre_error err = {0};
	int r = policy_decide(arena, policy, request, annotations, &settled, &err);

	if (r < 0) {
		require_of(r == -err.code && (r == -EPERM || r == -EINVAL), "error of decide",
			err.text);
		return;
	}
	require_of(policy_decide(arena, policy, request, &none, &plain, &err) == 0,
		"what annotations tighten is allowed without them", err.text);
	require_of(profile_covers(profile_find(settled.profile), profile_find(plain.profile)),
		"annotations never loosen the profile", settled.profile);
	require_of(!policy->least_profile || profile_covers(profile_find(settled.profile),
						     profile_find(policy->least_profile)),
		"never below the least profile", settled.profile);
	require_of(!request->profile || profile_covers(profile_find(settled.profile),
						profile_find(request->profile)),
		"never below the one that was asked for", settled.profile);
	check_grants(policy, &settled);
}

/* Cuts the next text off. NULL: there is none. */
static const char *next(struct arena *arena, const uint8_t **data, size_t *size, size_t *ret_length)
{
	const char *start = (const char *)*data;
	const char *end = *size ? memchr(start, '\0', *size) : NULL;
	size_t length = end ? (size_t)(end - start) : *size;

	if (*size == 0)
		return NULL;
	*data += length + (end ? 1 : 0);
	*size -= length + (end ? 1 : 0);
	*ret_length = length;
	return arena_strndup(arena, start, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const keys[] = {"run.nacre.profile", ANNOTATION_ALLOW};
	struct arena *arena = arena_new(64 * 1024 * 1024);
	struct oci_pair pairs[2];
	struct oci_map annotations = {.items = pairs, .n = 0};
	struct policy *policy = NULL;
	struct nacre_error err = {0};
	size_t length = 0, ignored;
	const char *text = arena ? next(arena, &data, &size, &length) : NULL;
	int r = text ? policy_decode(arena, "policy.json", text, length, &policy, &err) : -EINVAL;

	if (text && r < 0)
		require_of(r == -err.code && !strncmp(err.text, "policy.json:", 12),
			"error of decode", err.text);
	for (size_t i = 0; r == 0 && i < 2; i++) {
		const char *value = next(arena, &data, &size, &ignored);

		if (value && *value)
			pairs[annotations.n++] = (struct oci_pair){keys[i], value};
	}
	for (size_t i = 0; r == 0 && i < sizeof(requests) / sizeof(requests[0]); i++)
		check_decision(arena, policy, &requests[i], &annotations);
	arena_free(arena);
	return 0;
}
