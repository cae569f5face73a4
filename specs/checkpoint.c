/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/checkpoint.h"

#include <errno.h>
#include <string.h>

#include "specs/fields.h"
#include "specs/profiles.h"

/* clang-format off */

static const struct field checkpoint_record_fields[] = {
	FIELD_U32("version", checkpoint_record, version, FIELD_MUST),
	FIELD_STRING("profile", checkpoint_record, profile, FIELD_MUST),
	FIELD_STRINGS("grants", checkpoint_record, grants, 0),
	FIELD_STRING("nullDevice", checkpoint_record, null_device, 0),
	{},
};
static STRUCT_TYPE(checkpoint_record);

/* clang-format on */

int checkpoint_record_encode(
	const struct checkpoint_record *record, char **ret_text, struct nacre_error *err)
{
	struct json_writer *w = json_writer_new(true);

	fields_encode(w, &checkpoint_record_type, record);
	return json_writer_finish(w, ret_text, err);
}

int checkpoint_record_decode(struct arena *arena, const char *name, const char *text, size_t length,
	struct checkpoint_record **ret_record, struct nacre_error *err)
{
	struct checkpoint_record *record = arena_alloc(arena, sizeof(*record));
	int r;

	if (!record)
		return arena_fail(arena, name, err);
	r = fields_decode_strictly(arena, name, text, length, &checkpoint_record_type, record, err);
	if (r < 0)
		return r;
	if (record->version != CHECKPOINT_VERSION)
		return fail(err, EINVAL, "%s: version: expected %d, found %u", name,
			CHECKPOINT_VERSION, record->version);
	*ret_record = record;
	return 0;
}

int checkpoint_may_restore(const struct checkpoint_record *record,
	const struct harden_request *request, struct nacre_error *err)
{
	const struct profile *wanted = profile_find(request->profile);
	const struct profile *had = record ? profile_find(record->profile) : NULL;

	if (wanted && !profile_hardens(wanted))
		return 0;
	if (!record)
		return fail(err, EPERM,
			"profile %s: the checkpoint does not name the profile that it was made "
			"under; if you trust it, restore it with --profile oci",
			request->profile);
	if (!wanted || !had || !profile_covers(had, wanted))
		return fail(err, EPERM,
			"profile %s: the checkpoint was made under profile %s, and a restore "
			"cannot apply a stricter one; restore it with --profile %s",
			request->profile, record->profile, record->profile);
	for (size_t i = 0; i < record->grants.n; i++)
		if (!oci_strings_have(&request->grants, record->grants.items[i]))
			return fail(err, EPERM,
				"profile %s: the checkpoint was made with --allow %s, and a "
				"restore cannot revoke a grant; give the same --allow to restore",
				request->profile, record->grants.items[i]);
	return 0;
}

int checkpoint_stdio_encode(const char *const stdio[3], char **ret_text, struct nacre_error *err)
{
	struct json_writer *w = json_writer_new(false);

	json_strings(w, stdio, 3);
	return json_writer_finish(w, ret_text, err);
}

int checkpoint_stdio_decode(struct arena *arena, const char *name, const char *text, size_t length,
	const char *ret_stdio[3], struct nacre_error *err)
{
	struct json_document *document;
	const struct json_node *node;
	int n = 0;
	int r;

	r = json_parse(arena, name, text, length, &document, err);
	if (r < 0)
		return r;
	for (int i = 0; i < 3; i++)
		ret_stdio[i] = "";
	node = document->root->type == JSON_ARRAY ? document->root->child : NULL;
	for (; node && n < 3; node = node->next, n++)
		if (node->type == JSON_STRING)
			ret_stdio[n] = node->text;
	return 0;
}
