/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/receipt_plan.h"

#include <errno.h>
#include <string.h>

#include "specs/fields.h"

struct report_document {
	const char *profile;
	struct oci_strings rules;
	struct oci_strings required;
	struct oci_strings left_out;
	struct receipt_grant *grants;
	size_t n_grants;
};

/* clang-format off */

static const struct field receipt_plan_fields[] = {
	FIELD_U32("version", receipt_plan, version, FIELD_MUST),
	FIELD_STRING("file", receipt_plan, file, 0),
	FIELD_STRING("directory", receipt_plan, directory, 0),
	FIELD_STRING("key", receipt_plan, key, FIELD_MUST),
	FIELD_BOOL("required", receipt_plan, required, FIELD_ALWAYS),
	FIELD_BOOL("restored", receipt_plan, restored, 0),
	FIELD_STRING("runSha256", receipt_plan, run_sha256, 0),
	FIELD_U32("updates", receipt_plan, updates, 0),
	FIELD_INLINE("runtime", receipt_plan, runtime, FIELD_MUST, receipt_runtime),
	{},
};
static STRUCT_TYPE(receipt_plan);

static const struct field report_document_fields[] = {
	FIELD_STRING("profile", report_document, profile, 0),
	FIELD_STRINGS("rules", report_document, rules, 0),
	FIELD_STRINGS("required", report_document, required, 0),
	FIELD_STRINGS("leftOut", report_document, left_out, 0),
	FIELD_ARRAY("grants", report_document, grants, 0, receipt_grant),
	{},
};
static STRUCT_TYPE(report_document);

/* clang-format on */

int receipt_plan_encode(const struct receipt_plan *plan, char **ret_text, struct nacre_error *err)
{
	struct json_writer *w = json_writer_new(false);

	fields_encode(w, &receipt_plan_type, plan);
	return json_writer_finish(w, ret_text, err);
}

int receipt_plan_decode(struct arena *arena, const char *text, size_t length,
	struct receipt_plan **ret_plan, struct nacre_error *err)
{
	struct receipt_plan *plan = arena_alloc(arena, sizeof(*plan));
	int r;

	if (!plan)
		return arena_fail(arena, "receipt", err);
	r = fields_decode_text(arena, "receipt", text, length, &receipt_plan_type, plan, NULL, err);
	if (r == 0)
		*ret_plan = plan;
	return r;
}

/* Returns why the rule NAME was left out, from texts "rule NAME: WHY"; NULL: it was not. */
static const char *find_left_out(const struct oci_strings *left_out, const char *name)
{
	static const char word[] = "rule ";
	const size_t length = strlen(name);

	for (size_t i = 0; i < left_out->n; i++) {
		const char *text = left_out->items[i];

		if (strncmp(text, word, sizeof(word) - 1) != 0)
			continue;
		text += sizeof(word) - 1;
		if (!strncmp(text, name, length) && !strncmp(text + length, ": ", 2))
			return text + length + 2;
	}
	return NULL;
}

int receipt_read_report(struct arena *arena, const char *text, size_t length,
	struct receipt *receipt, struct nacre_error *err)
{
	struct report_document report = {.profile = NULL};
	int r = fields_decode_text(
		arena, "report.json", text, length, &report_document_type, &report, NULL, err);

	if (r < 0)
		return r;
	receipt->rules = arena_array(arena, report.rules.n + 1, sizeof(*receipt->rules));
	if (!receipt->rules)
		return arena_fail(arena, "receipt", err);
	for (size_t i = 0; i < report.rules.n; i++)
		receipt->rules[i] = (struct receipt_rule){.name = report.rules.items[i],
			.gap = find_left_out(&report.left_out, report.rules.items[i])};
	receipt->n_rules = report.rules.n;
	receipt->profile = report.profile;
	receipt->required = report.required;
	receipt->grants = report.grants;
	receipt->n_grants = report.n_grants;
	return 0;
}

bool receipt_took_back(const struct receipt *receipt, const char *grant)
{
	for (size_t i = 0; i < receipt->n_grants; i++)
		if (receipt->grants[i].used && !strcmp(receipt->grants[i].grant, grant))
			return true;
	return false;
}

bool receipt_has_rule_of_ids(const struct receipt *receipt)
{
	for (size_t i = 0; i < receipt->n_rules; i++)
		if (!strcmp(receipt->rules[i].name, "user-namespace"))
			return !receipt->rules[i].gap &&
			       !receipt_took_back(receipt, "no-user-namespace");
	return false;
}

int receipt_note_gap(struct arena *arena, struct receipt *receipt, const char *member,
	const char *reason, struct nacre_error *err)
{
	struct receipt_gap *gaps = arena_array(arena, receipt->n_incomplete + 1, sizeof(*gaps));

	if (!gaps)
		return arena_fail(arena, "receipt", err);
	for (size_t i = 0; i < receipt->n_incomplete; i++)
		gaps[i] = receipt->incomplete[i];
	gaps[receipt->n_incomplete++] = (struct receipt_gap){member, reason};
	receipt->incomplete = gaps;
	return 0;
}
