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

struct oci_strings split(const char *text)
{
	struct oci_strings list = {.n = 0};
	char *save, *copy = arena_strdup(arena, text);

	ck_assert_ptr_nonnull(copy);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		ck_assert(harden_append_word(arena, &list, word));
	return list;
}

const char *joined(const struct oci_strings *list)
{
	const char *text = "";

	for (size_t i = 0; i < list->n; i++)
		text = arena_printf(arena, "%s%s%s", text, i ? " " : "", list->items[i]);
	return text;
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
		"\"maskViews\":true,"
		"\"noSetuidFiles\":true,\"seccompFilter\":\"strict\",\"landlock\":\"best-effort\","
		"\"egress\":[\"none\"],\"egressBestEffort\":true,\"noMetadata\":true,"
		"\"noListening\":true},"
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

/* What facts_look finds on a host of 16 GiB and 8 CPUs. */
static const struct {
	const char *grant;
	struct harden_node node;
} nodes[] = {
	{"device:/dev/fuse", {'c', 10, 229}},
	{"device:/dev/other", {'b', 7, 2}},
};

static void look_at_namespaces(const struct oci_config *config, struct harden_host *host)
{
	static const char *const own[] = {"/proc/1/ns/", "/proc/./1//ns/", "/proc/self/ns/"};
	const struct oci_linux *linux_ = config->linux_;

	for (size_t i = 0; linux_ && i < linux_->n_namespaces; i++) {
		const struct oci_namespace *ns = &linux_->namespaces[i];

		for (int k = 0; ns->path && k < COUNT(own); k++) {
			if (!strncmp(ns->path, own[k], strlen(own[k])))
				ck_assert(
					harden_append_word(arena, &host->own_namespaces, ns->type));
		}
		if (ns->path && !strcmp(ns->path, "/proc/77/ns/user"))
			host->user_apart = true;
	}
}

void look_at_host(const struct oci_config *config, struct harden_request *request)
{
	struct harden_node *found = arena_array(arena, request->grants.n, sizeof(*found));

	ck_assert_ptr_nonnull(found);
	request->host = (struct harden_host){
		.memory_bytes = 16 * GIB, .pid_max = 4194304, .cpus = 8, .nodes = found};
	for (size_t i = 0; i < request->grants.n; i++) {
		for (int k = 0; k < COUNT(nodes); k++) {
			if (!strcmp(nodes[k].grant, request->grants.items[i]))
				found[i] = nodes[k].node;
		}
	}
	look_at_namespaces(config, &request->host);
}

struct result apply(const struct oci_config *config, const char *profile, const char *grants)
{
	return apply_with_tmp(config, profile, grants, 0);
}

struct result apply_with_tmp(const struct oci_config *config, const char *profile,
	const char *grants, uint64_t tmp_bytes)
{
	struct harden_request request = {.profile = profile, .tmp_bytes = tmp_bytes};
	struct result result = {0};

	request.grants = split(grants);
	look_at_host(config, &request);
	result.r = harden(arena, config, &request, &result.config, &result.report, &result.err);
	return result;
}

void give_ids(struct harden_host *host)
{
	host->first_id = FIRST_ID;
	ck_assert(harden_append_word(arena, &host->unmapped, "/run/socket"));
}

struct result apply_shifted(const struct oci_config *config, const char *profile,
	const char *grants, const char *require, const char *no_shift)
{
	struct harden_request request = {.profile = profile, .shifted = true};
	struct result result = {0};

	request.grants = split(grants);
	request.require = split(require);
	look_at_host(config, &request);
	if (!no_shift)
		give_ids(&request.host);
	request.host.no_shift = no_shift;
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

const char *unified_value(const struct result *result, const char *key)
{
	const struct oci_map *unified = &result->config->linux_->resources->unified;

	for (size_t i = 0; i < unified->n; i++) {
		if (!strcmp(unified->items[i].key, key))
			return unified->items[i].value;
	}
	return NULL;
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
	ck_assert_msg(result->r == 0, "%s", result->err.text);
	if (result->report->n_changes)
		ck_abort_msg("%s: %s", result->report->changes[0].path,
			result->report->changes[0].summary);
	ck_assert_str_eq(joined(&result->report->granted), granted_words);
}

void ck_assert_refused(const struct result *result, const char *text)
{
	ck_assert_int_eq(result->r, -EPERM);
	ck_assert_str_eq(result->err.text, text);
}
