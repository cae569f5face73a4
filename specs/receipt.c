/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/receipt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "specs/annotations.h"
#include "specs/fields.h"
#include "specs/sha256.h"

/* Sorts the rows of each table by name, and so the members of the document. */
/* clang-format off */

static const struct field receipt_digest_fields[] = {
	FIELD_STRING("sha256", receipt_digest, sha256, FIELD_MUST),
	{},
};
static STRUCT_TYPE(receipt_digest);

static const struct field receipt_subject_fields[] = {
	FIELD_INLINE("digest", receipt_subject, digest, FIELD_MUST, receipt_digest),
	FIELD_STRING("name", receipt_subject, name, FIELD_MUST),
	{},
};
static STRUCT_TYPE(receipt_subject);

static const struct field receipt_chain_fields[] = {
	FIELD_STRING("keyId", receipt_chain, key_id, FIELD_MUST),
	FIELD_STRING("previousSha256", receipt_chain, previous_sha256, 0),
	FIELD_U64("sequence", receipt_chain, sequence, FIELD_MUST),
	{},
};
static STRUCT_TYPE(receipt_chain);

static const struct field receipt_config_fields[] = {
	FIELD_STRING("endSha256", receipt_config, end_sha256, 0),
	FIELD_STRING("givenSha256", receipt_config, given_sha256, 0),
	FIELD_STRING("runSha256", receipt_config, run_sha256, 0),
	{},
};
static STRUCT_TYPE(receipt_config);

static const struct field receipt_denial_fields[] = {
	FIELD_U64("count", receipt_denial, count, FIELD_MUST),
	FIELD_STRING("destination", receipt_denial, destination, 0),
	FIELD_STRING("reason", receipt_denial, reason, 0),
	FIELD_STRING("rule", receipt_denial, rule, 0),
	{},
};
static STRUCT_TYPE(receipt_denial);

static const struct field receipt_egress_fields[] = {
	FIELD_ARRAY("denials", receipt_egress, denials, FIELD_MUST, receipt_denial),
	FIELD_U64("denied", receipt_egress, denied, FIELD_MUST),
	FIELD_STRING("mechanism", receipt_egress, mechanism, 0),
	FIELD_STRINGS("rules", receipt_egress, rules, FIELD_MUST),
	{},
};
static STRUCT_TYPE(receipt_egress);

static const struct field receipt_grant_fields[] = {
	FIELD_STRING("by", receipt_grant, by, 0),
	FIELD_STRING("grant", receipt_grant, grant, FIELD_MUST),
	FIELD_BOOL("used", receipt_grant, used, FIELD_ALWAYS),
	{},
};
STRUCT_TYPE(receipt_grant);

static const struct field receipt_image_fields[] = {
	FIELD_STRING("annotation", receipt_image, annotation, FIELD_MUST),
	FIELD_STRING("digest", receipt_image, digest, FIELD_MUST),
	{},
};
static STRUCT_TYPE(receipt_image);

static const struct field receipt_gap_fields[] = {
	FIELD_STRING("member", receipt_gap, member, FIELD_MUST),
	FIELD_STRING("reason", receipt_gap, reason, FIELD_MUST),
	{},
};
static STRUCT_TYPE(receipt_gap);

static const struct field receipt_invocation_fields[] = {
	FIELD_STRING("finished", receipt_invocation, finished, FIELD_MUST),
	FIELD_STRING("id", receipt_invocation, id, FIELD_MUST),
	FIELD_STRING("started", receipt_invocation, started, 0),
	FIELD_U32("uid", receipt_invocation, uid, FIELD_MUST),
	{},
};
static STRUCT_TYPE(receipt_invocation);

static const struct field receipt_process_fields[] = {
	FIELD_STRING("argsSha256", receipt_process, args_sha256, 0),
	FIELD_STRING("envSha256", receipt_process, env_sha256, 0),
	{},
};
static STRUCT_TYPE(receipt_process);

static const struct field receipt_resources_fields[] = {
	FIELD_OPT_U64("cpuUsec", receipt_resources, cpu_usec),
	FIELD_OPT_U64("memoryPeak", receipt_resources, memory_peak),
	{},
};
static STRUCT_TYPE(receipt_resources);

static const struct field receipt_rule_fields[] = {
	FIELD_BOOL("enforced", receipt_rule, enforced, FIELD_ALWAYS),
	FIELD_STRING("gap", receipt_rule, gap, 0),
	FIELD_STRING("name", receipt_rule, name, FIELD_MUST),
	{},
};
static STRUCT_TYPE(receipt_rule);

static const struct field receipt_runtime_fields[] = {
	FIELD_STRING("name", receipt_runtime, name, FIELD_MUST),
	FIELD_STRING("sha256", receipt_runtime, sha256, 0),
	FIELD_STRING("version", receipt_runtime, version, 0),
	{},
};
STRUCT_TYPE(receipt_runtime);

static const struct field receipt_counts_fields[] = {
	FIELD_U64("added", receipt_counts, added, FIELD_ALWAYS),
	FIELD_U64("conflicts", receipt_counts, conflicts, FIELD_ALWAYS),
	FIELD_U64("deleted", receipt_counts, deleted, FIELD_ALWAYS),
	FIELD_U64("modified", receipt_counts, modified, FIELD_ALWAYS),
	FIELD_U64("refused", receipt_counts, refused, FIELD_ALWAYS),
	FIELD_U64("renamed", receipt_counts, renamed, FIELD_ALWAYS),
	FIELD_U64("replaced", receipt_counts, replaced, FIELD_ALWAYS),
	{},
};
static STRUCT_TYPE(receipt_counts);

static const struct field receipt_changed_fields[] = {
	FIELD_STRING("path", receipt_changed, path, FIELD_MUST),
	FIELD_STRING("sha256", receipt_changed, sha256, FIELD_MUST),
	{},
};
static STRUCT_TYPE(receipt_changed);

static const struct field receipt_workspace_fields[] = {
	FIELD_STRING("changes", receipt_workspace, changes, 0),
	FIELD_INLINE("counts", receipt_workspace, counts, FIELD_MUST, receipt_counts),
	FIELD_ARRAY("files", receipt_workspace, files, FIELD_MUST, receipt_changed),
	FIELD_STRING("form", receipt_workspace, form, FIELD_MUST),
	FIELD_STRING("source", receipt_workspace, source, FIELD_MUST),
	{},
};
static STRUCT_TYPE(receipt_workspace);

static const struct field receipt_fields[] = {
	FIELD_INLINE("chain", receipt, chain, FIELD_MUST, receipt_chain),
	FIELD_INLINE("config", receipt, config, FIELD_MUST, receipt_config),
	FIELD_INLINE("egress", receipt, egress, FIELD_MUST, receipt_egress),
	FIELD_OPT_I32("exitStatus", receipt, exit_status),
	FIELD_ARRAY("grants", receipt, grants, FIELD_MUST, receipt_grant),
	FIELD_OBJECT("image", receipt, image, 0, receipt_image),
	FIELD_ARRAY("incomplete", receipt, incomplete, FIELD_MUST, receipt_gap),
	FIELD_INLINE("invocation", receipt, invocation, FIELD_MUST, receipt_invocation),
	FIELD_INLINE("process", receipt, process, FIELD_MUST, receipt_process),
	FIELD_STRING("profile", receipt, profile, 0),
	FIELD_STRINGS("required", receipt, required, FIELD_MUST),
	FIELD_INLINE("resources", receipt, resources, FIELD_MUST, receipt_resources),
	FIELD_ARRAY("rules", receipt, rules, FIELD_MUST, receipt_rule),
	FIELD_INLINE("runtime", receipt, runtime, FIELD_MUST, receipt_runtime),
	FIELD_ARRAY("workspaces", receipt, workspaces, FIELD_MUST, receipt_workspace),
	FIELD_OBJECT("writer", receipt, writer, 0, receipt_runtime),
	{},
};
static STRUCT_TYPE(receipt);

static const struct field receipt_statement_fields[] = {
	FIELD_STRING("_type", receipt_statement, type, FIELD_MUST),
	FIELD_INLINE("predicate", receipt_statement, predicate, FIELD_MUST, receipt),
	FIELD_STRING("predicateType", receipt_statement, predicate_type, FIELD_MUST),
	FIELD_ARRAY("subject", receipt_statement, subjects, FIELD_MUST, receipt_subject),
	{},
};
static STRUCT_TYPE(receipt_statement);

/* clang-format on */

int receipt_statement_encode(
	const struct receipt_statement *statement, char **ret_text, struct nacre_error *err)
{
	struct json_writer *w = json_writer_new(false);
	struct receipt_statement typed = *statement;

	typed.type = RECEIPT_STATEMENT_TYPE;
	typed.predicate_type = RECEIPT_PREDICATE_TYPE;
	fields_encode(w, &receipt_statement_type, &typed);
	return json_writer_finish(w, ret_text, err);
}

static int check(
	const char *name, const struct receipt_statement *statement, struct nacre_error *err)
{
	if (strcmp(statement->type, RECEIPT_STATEMENT_TYPE) != 0)
		return fail(err, EINVAL, "%s: expected an in-toto statement of version 1", name);
	if (strcmp(statement->predicate_type, RECEIPT_PREDICATE_TYPE) != 0)
		return fail(err, EINVAL,
			"%s: the statement is none of a container's run: its "
			"predicateType is not " RECEIPT_PREDICATE_TYPE,
			name);
	if (!statement->n_subjects ||
		strcmp(statement->subjects[0].name, RECEIPT_CHANGES_NAME) != 0)
		return fail(
			err, EINVAL, "%s: the first subject is not " RECEIPT_CHANGES_NAME, name);
	return 0;
}

int receipt_statement_decode(struct arena *arena, const char *name, const char *text, size_t length,
	struct receipt_statement **ret_statement, struct nacre_error *err)
{
	struct receipt_statement *statement = arena_alloc(arena, sizeof(*statement));
	int r;

	if (!statement)
		return arena_fail(arena, name, err);
	r = fields_decode_text(
		arena, name, text, length, &receipt_statement_type, statement, NULL, err);
	if (r == 0)
		r = check(name, statement, err);
	if (r == 0)
		*ret_statement = statement;
	return r;
}

/* --- the contents of a statement --- */

static bool is_digest(const char *text)
{
	static const char algorithm[] = "sha256:";

	return !strncmp(text, algorithm, strlen(algorithm)) &&
	       strspn(text + strlen(algorithm), "0123456789abcdef") == 64 &&
	       text[strlen(algorithm) + 64] == '\0';
}

struct receipt_image receipt_find_image(const struct oci_map *annotations)
{
	/* Some values are "NAME@sha256:...". */
	static const char *const keys[] = {"org.opencontainers.image.digest",
		"io.kubernetes.cri-o.ImageRef", "io.kubernetes.cri.image-name",
		"io.kubernetes.cri-o.ImageName", "org.opencontainers.image.base.digest"};

	for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
		const char *value = annotations_find(annotations, keys[k]);
		const char *at = value ? strrchr(value, '@') : NULL;

		at = at ? at + 1 : value;
		if (at && is_digest(at))
			return (struct receipt_image){keys[k], at};
	}
	return (struct receipt_image){.digest = NULL};
}

int receipt_digest_strings(const struct oci_strings *strings, char ret_text[65])
{
	size_t length = 0, used = 0;
	char *bytes;

	for (size_t i = 0; i < strings->n; i++)
		length += strlen(strings->items[i]) + 1;
	bytes = malloc(length + 1);
	if (!bytes)
		return -ENOMEM;
	for (size_t i = 0; i < strings->n; i++) {
		const size_t size = strlen(strings->items[i]) + 1;

		memcpy(bytes + used, strings->items[i], size);
		used += size;
	}
	sha256_text(bytes, length, ret_text);
	free(bytes);
	return 0;
}
