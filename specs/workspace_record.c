/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/workspace_record.h"

#include <errno.h>

#include "specs/fields.h"

static const char *const forms[] = {WORKSPACE_COW, WORKSPACE_DIRECT, NULL};

/* clang-format off */

static const struct field workspace_record_fields[] = {
	FIELD_U32("version", workspace_record, version, FIELD_MUST),
	FIELD_STRING("id", workspace_record, id, FIELD_MUST),
	FIELD_STRING("root", workspace_record, root, FIELD_MUST),
	FIELD_STRING("source", workspace_record, source, FIELD_MUST),
	FIELD_U64("sourceDev", workspace_record, source_dev, FIELD_MUST),
	FIELD_U64("sourceIno", workspace_record, source_ino, FIELD_MUST),
	FIELD_U64("sourceFs", workspace_record, source_fs, 0),
	FIELD_STRING("destination", workspace_record, destination, FIELD_MUST),
	FIELD_WORD("form", workspace_record, form, FIELD_MUST, forms),
	FIELD_BOOL("userXattr", workspace_record, user_xattr, 0),
	FIELD_I64("createdSec", workspace_record, created_sec, FIELD_MUST),
	FIELD_U32("createdNsec", workspace_record, created_nsec, FIELD_MUST),
	FIELD_U64("bytes", workspace_record, bytes, 0),
	FIELD_U64("inodes", workspace_record, inodes, 0),
	FIELD_BOOL("tmpfs", workspace_record, tmpfs, 0),
	FIELD_STRINGS("present", workspace_record, present, 0),
	FIELD_STRINGS("protect", workspace_record, protect, 0),
	{},
};
static STRUCT_TYPE(workspace_record);

/* clang-format on */

int64_t workspace_record_time(const struct workspace_record *record)
{
	return (int64_t)((uint64_t)record->created_sec * 1000000000 + record->created_nsec);
}

int workspace_record_encode(
	const struct workspace_record *record, char **ret_text, struct nacre_error *err)
{
	struct json_writer *w = json_writer_new(false);

	fields_encode(w, &workspace_record_type, record);
	return json_writer_finish(w, ret_text, err);
}

int workspace_record_decode(struct arena *arena, const char *name, const char *text, size_t length,
	struct workspace_record **ret_record, struct nacre_error *err)
{
	struct workspace_record *record = arena_alloc(arena, sizeof(*record));
	int r;

	if (!record)
		return arena_fail(arena, name, err);
	r = fields_decode_text(
		arena, name, text, length, &workspace_record_type, record, NULL, err);
	if (r < 0)
		return r;
	/* They are opened on the host, where a relative path would refer to the caller's
	 * directory. */
	if (record->source[0] != '/' || record->root[0] != '/')
		return fail(err, EINVAL, "%s: source and root: expected absolute paths", name);
	*ret_record = record;
	return 0;
}
