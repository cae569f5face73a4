/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/hardening.h"

#include "tests/data_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arena *arena;

void fixture_setup(void)
{
	arena = arena_new(64 << 20);
	ck_assert_ptr_nonnull(arena);
}

void fixture_teardown(void)
{
	arena_free(arena);
}

char *read_data(const char *name)
{
	char *text = data_read(name, NULL);
	char *copy = arena_strdup(arena, text);

	free(text);
	ck_assert_ptr_nonnull(copy);
	return copy;
}

struct oci_config *decode(const char *name, const char *text)
{
	struct oci_config *config = NULL;
	struct nacre_error err;

	ck_assert_msg(oci_config_decode(arena, name, text, strlen(text), &config, &err) == 0, "%s",
		err.text);
	return config;
}

/* Items of a JSON array. */
static const char *list(const char *const *words)
{
	const char *text = "";

	for (; *words; words++)
		text = arena_printf(arena, "%s%s\"%s\"", text, *text ? "," : "", *words);
	return text;
}

char *tight_text(const char *mounts, const char *process, const char *linux_, const char *resources)
{
	const struct profile *profile = profile_find("agent");
	char *text = arena_printf(arena,
		"{\"ociVersion\":\"1.0.2\",\"nacre\":{\"rootNosuid\":true,\"rootNodev\":true,"
		"\"noSetuidFiles\":true,\"seccompFilter\":\"strict\",\"landlock\":\"best-effort\"},"
		"\"root\":{\"path\":\"rootfs\",\"readonly\":true},"
		"\"mounts\":[{\"destination\":\"/tmp\",\"type\":\"tmpfs\",\"options\":"
		"[\"nosuid\",\"nodev\",\"noexec\"]}%s],"
		"\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],\"user\":{\"uid\":0,\"gid\":0},"
		"\"noNewPrivileges\":true,\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":0,"
		"\"hard\":0}]%s},"
		"\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"},"
		"{\"type\":\"ipc\"},{\"type\":\"uts\"},{\"type\":\"cgroup\"},{\"type\":\"network\"}"
		"],"
		"\"maskedPaths\":[%s],\"readonlyPaths\":[%s]%s,"
		"\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}],"
		"\"unified\":{\"memory.oom.group\":\"1\"}%s}}}",
		mounts, process, list(profile->masked_paths), list(profile->readonly_paths), linux_,
		resources);

	ck_assert_ptr_nonnull(text);
	return text;
}

struct oci_config *tight(
	const char *mounts, const char *process, const char *linux_, const char *resources)
{
	return decode("config.json", tight_text(mounts, process, linux_, resources));
}

struct result apply(const struct oci_config *config, const char *profile, const char *grants)
{
	struct harden_request request = {.profile = profile, .memory_bytes = 16 * GIB};
	struct result result = {0};
	char *save, *copy = arena_strdup(arena, grants);

	ck_assert_ptr_nonnull(copy);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		ck_assert(harden_append_word(arena, &request.grants, word));
	result.r = harden(arena, config, &request, &result.config, &result.report, &result.err);
	return result;
}

struct result agent(const struct oci_config *config, const char *grants)
{
	return apply(config, "agent", grants);
}

struct result must(struct result result)
{
	ck_assert_msg(result.r == 0, "%s", result.err.text);
	return result;
}

void ck_assert_one_change(
	const struct result *result, const char *rule, const char *path, const char *summary)
{
	ck_assert_msg(result->r == 0, "%s", result->err.text);
	ck_assert_uint_eq(result->report->n_changes, 1);
	ck_assert_str_eq(result->report->changes[0].rule, rule);
	ck_assert_str_eq(result->report->changes[0].path, path);
	ck_assert_str_eq(result->report->changes[0].summary, summary);
}

void ck_assert_no_change(const struct result *result, const char *granted_words)
{
	char text[256] = "";

	ck_assert_msg(result->r == 0, "%s", result->err.text);
	if (result->report->n_changes)
		ck_abort_msg("%s: %s", result->report->changes[0].path,
			result->report->changes[0].summary);
	for (size_t i = 0; i < result->report->granted.n; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
			i ? " " : "", result->report->granted.items[i]);
	ck_assert_str_eq(text, granted_words);
}

void ck_assert_refused(const struct result *result, const char *text)
{
	ck_assert_int_eq(result->r, -EPERM);
	ck_assert_str_eq(result->err.text, text);
}
