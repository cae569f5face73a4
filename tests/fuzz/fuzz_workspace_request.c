/* SPDX-License-Identifier: Apache-2.0 */
/* What a command line or an annotation asks for, and the record that outlives the nacre that wrote
 * it, by the first byte: "c", "a", else the record. */
#include "specs/path_text.h"
#include "specs/workspace_record.h"
#include "specs/workspace_request.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

static struct nacre_error err;

static void require_path(const char *path)
{
	char clean[PATH_TEXT_MAX];

	require_of(*path == '/' && path_clean(path, clean) == 0 && !strcmp(path, clean),
		"a clean absolute path", path);
}

static void check_request(struct arena *arena, const char *text)
{
	struct workspace_request r;
	int code = workspace_request_parse(arena, text, "/base", &r, &err);

	if (code < 0) {
		require_of(code == -err.code && (code == -EINVAL || code == -ENAMETOOLONG),
			"error of a request", err.text);
		return;
	}
	require_path(r.source);
	require_path(r.destination);
	require_of(strcmp(r.destination, "/") != 0, "not the root", text);
	require_of(!strcmp(r.form, WORKSPACE_COW) || !strcmp(r.form, WORKSPACE_DIRECT) ||
			   !strcmp(r.form, WORKSPACE_READ_ONLY),
		"a form", r.form);
	require_of(!r.tmpfs || r.bytes, "memory has a size", text);
	require_of(!r.bytes || !strcmp(r.form, WORKSPACE_COW), "a size of a copy alone", text);
}

static void check_annotation(struct arena *arena, const char *text)
{
	struct oci_strings found;

	if (workspace_annotation_parse(arena, text, &found, &err) < 0)
		return;
	require(found.n, "a destination");
	for (size_t i = 0; i < found.n; i++)
		require_path(found.items[i]);
}

static void check_record(struct arena *arena, const char *text, size_t length)
{
	struct workspace_record *record, *again;
	char *one = NULL, *other = NULL;

	if (workspace_record_decode(arena, "workspace.json", text, length, &record, &err) < 0)
		return;
	require_of(*record->source == '/' && *record->root == '/', "absolute", record->source);
	require_of(workspace_record_encode(record, &one, &err) == 0, "encode", err.text);
	require_of(workspace_record_decode(
			   arena, "workspace.json", one, strlen(one), &again, &err) == 0,
		"decode again", err.text);
	require_of(workspace_record_encode(again, &other, &err) == 0, "encode again", err.text);
	require_of(!strcmp(one, other), "the same", one);
	free(one);
	free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(64 * 1024 * 1024);
	const char *text = arena && size ? arena_strndup(arena, (const char *)data, size) : NULL;

	if (text && *text == 'c')
		check_request(arena, text + 1);
	else if (text && *text == 'a')
		check_annotation(arena, text + 1);
	else if (text)
		check_record(arena, text, size);
	arena_free(arena);
	return 0;
}
