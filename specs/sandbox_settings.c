/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/sandbox_settings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "specs/fields.h"

/* clang-format off */

static const char *const apply_words[] = {"ask", "never", "all", "discard", NULL};

static const struct field sandbox_settings_fields[] = {
	FIELD_U32("version", sandbox_settings, version, FIELD_MUST),
	FIELD_STRING("profile", sandbox_settings, profile, 0),
	FIELD_STRINGS("allow", sandbox_settings, allow, 0),
	FIELD_STRINGS("require", sandbox_settings, require, 0),
	FIELD_STRING("userns", sandbox_settings, userns, 0),
	FIELD_STRINGS("egress", sandbox_settings, egress, 0),
	FIELD_STRINGS("workspace", sandbox_settings, workspace, 0),
	FIELD_STRINGS("read", sandbox_settings, read, 0),
	FIELD_STRINGS("write", sandbox_settings, write, 0),
	FIELD_STRINGS("hide", sandbox_settings, hide, 0),
	FIELD_STRINGS("env", sandbox_settings, env, 0),
	FIELD_WORD("apply", sandbox_settings, apply, 0, apply_words),
	FIELD_STRING("timeout", sandbox_settings, timeout, 0),
	FIELD_STRING("memory", sandbox_settings, memory, 0),
	FIELD_OPT_U32("pids", sandbox_settings, pids),
	FIELD_STRING("cpus", sandbox_settings, cpus, 0),
	FIELD_STRING("tmp", sandbox_settings, tmp, 0),
	FIELD_STRING("receipt-key", sandbox_settings, receipt_key, 0),
	{},
};
static STRUCT_TYPE(sandbox_settings);

/* clang-format on */

int sandbox_settings_decode(struct arena *arena, const char *name, const char *text, size_t length,
	struct sandbox_settings **ret_settings, struct nacre_error *err)
{
	struct sandbox_settings *settings = arena_alloc(arena, sizeof(*settings));
	int r;

	if (!settings)
		return arena_fail(arena, name, err);
	r = fields_decode_strictly(
		arena, name, text, length, &sandbox_settings_type, settings, err);
	if (r < 0)
		return r;
	if (settings->version != SANDBOX_SETTINGS_VERSION)
		return fail(err, EINVAL, "%s: version: this nacre does not support %u; expected %d",
			name, settings->version, SANDBOX_SETTINGS_VERSION);
	/* An option --pids 0 is refused, too. */
	if (settings->pids.set && settings->pids.value == 0)
		return fail(err, EINVAL, "%s: pids: expected a number above zero, found 0", name);
	*ret_settings = settings;
	return 0;
}

int sandbox_settings_encode(
	const struct sandbox_settings *settings, char **ret_json, struct nacre_error *err)
{
	struct json_writer *w = json_writer_new(true);

	fields_encode(w, &sandbox_settings_type, settings);
	json_end_line(w);
	return json_writer_finish(w, ret_json, err);
}

/* --- words --- */

static size_t count_words(const struct sandbox_settings *settings)
{
	size_t n = 0;

	for (const struct field *f = sandbox_settings_fields; f->name; f++) {
		const void *member = (const char *)settings + f->offset;

		n += f->kind == FIELD_STRINGS ? ((const struct oci_strings *)member)->n : 1;
	}
	return n;
}

static int put_word(struct arena *arena, const char *name, const char *value,
	struct oci_strings *words, struct nacre_error *err)
{
	const char *word = arena_printf(arena, "--%s=%s", name, value);

	if (!word)
		return arena_fail(arena, "settings", err);
	words->items[words->n++] = word;
	return 0;
}

static int put_field(struct arena *arena, const struct field *f, const void *member,
	struct oci_strings *words, struct nacre_error *err)
{
	const struct oci_strings *list = member;
	const struct oci_u32 *number = member;
	const char *text;
	int r = 0;

	switch (f->kind) {
	case FIELD_STRING:
		text = *(const char *const *)member;
		return text ? put_word(arena, f->name, text, words, err) : 0;
	case FIELD_STRINGS:
		for (size_t i = 0; i < list->n && r == 0; i++)
			r = put_word(arena, f->name, list->items[i], words, err);
		return r;
	case FIELD_OPT_U32:
		text = arena_printf(arena, "%" PRIu32, number->value);
		if (!text)
			return arena_fail(arena, "settings", err);
		return number->set ? put_word(arena, f->name, text, words, err) : 0;
	default: /* the version */
		return 0;
	}
}

int sandbox_settings_to_words(struct arena *arena, const struct sandbox_settings *settings,
	struct oci_strings *ret_words, struct nacre_error *err)
{
	struct oci_strings words = {
		.items = arena_array(arena, count_words(settings), sizeof(*words.items))};
	int r = words.items ? 0 : arena_fail(arena, "settings", err);

	for (const struct field *f = sandbox_settings_fields; f->name && r == 0; f++)
		r = put_field(arena, f, (const char *)settings + f->offset, &words, err);
	if (r == 0)
		*ret_words = words;
	return r;
}

/* Finds the field that WORD sets, and its value; NULL: there is none. */
static const struct field *find_field(struct arena *arena, const char *word, const char **ret_value)
{
	const char *equals = strchr(word, '=');
	const char *name = equals && !strncmp(word, "--", 2)
				   ? arena_strndup(arena, word + 2, (size_t)(equals - word - 2))
				   : NULL;
	const struct field *f = name ? field_find_exactly(&sandbox_settings_type,
					       sandbox_settings_fields, name)
				     : NULL;

	*ret_value = equals ? equals + 1 : NULL;
	return f && f->kind != FIELD_U32 ? f : NULL;
}

/* ROOM: for how many words a list is made at its first one. */
static int take_word(
	struct arena *arena, const struct field *f, const char *value, size_t room, void *member)
{
	struct oci_strings *list = member;

	switch (f->kind) {
	case FIELD_STRINGS:
		if (!list->items)
			list->items = arena_array(arena, room, sizeof(*list->items));
		if (!list->items)
			return -ENOMEM;
		list->items[list->n++] = value;
		return 0;
	case FIELD_OPT_U32:
		*(struct oci_u32 *)member = (struct oci_u32){
			true, (uint32_t)strtoull(value, NULL, 10)};
		return 0;
	default:
		*(const char **)member = value;
		return 0;
	}
}

int sandbox_settings_from_words(struct arena *arena, const struct oci_strings *words,
	struct sandbox_settings **ret_settings, struct nacre_error *err)
{
	struct sandbox_settings *settings = arena_alloc(arena, sizeof(*settings));

	if (!settings)
		return arena_fail(arena, "settings", err);
	settings->version = SANDBOX_SETTINGS_VERSION;
	for (size_t i = 0; i < words->n; i++) {
		const char *value;
		const struct field *f = find_field(arena, words->items[i], &value);

		if (!f)
			return fail(err, EINVAL, "settings: nacre sandbox has no setting \"%s\"",
				words->items[i]);
		if (take_word(arena, f, value, words->n, (char *)settings + f->offset) < 0)
			return arena_fail(arena, "settings", err);
	}
	*ret_settings = settings;
	return 0;
}
