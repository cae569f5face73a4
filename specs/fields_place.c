/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/fields_place.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static void append(char *text, size_t size, const char *piece)
{
	size_t used = strlen(text);

	(void)snprintf(text + used, size - used, "%s", piece);
}

/* Escapes a key of a map, which may be any text. The names of tables need no escaping. */
static void append_name(char *text, size_t size, const char *name)
{
	struct json_node key = {.type = JSON_STRING, .text = name};
	char shown[JSON_DESCRIPTION];
	size_t length = strlen(json_describe(&key, shown));

	if (text[0])
		append(text, size, ".");
	if (length == strlen(name) + 2) {
		shown[length - 1] = '\0';
		append(text, size, shown + 1);
	} else {
		append(text, size, shown);
	}
}

void field_place_text(const struct field_place *at, char *text, size_t size)
{
	char index[32];

	if (!at)
		return;
	field_place_text(at->up, text, size);
	if (at->name) {
		append_name(text, size, at->name);
		return;
	}
	(void)snprintf(index, sizeof(index), "[%zu]", at->index);
	append(text, size, index);
}

int field_fail_at(const struct decoder *d, const struct field_place *at,
	const struct json_node *node, const char *format, ...)
{
	char path[256] = "";
	char why[700];
	va_list args;

	append(path, sizeof(path), d->path);
	field_place_text(at, path, sizeof(path));
	va_start(args, format);
	(void)vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	return fail(d->err, EINVAL, "%s:%u: %s%s%s", d->document->name, node->line, path,
		path[0] ? ": " : "", why);
}

int field_fail_type(const struct decoder *d, const struct field_place *at,
	const struct json_node *node, const char *expected)
{
	char found[JSON_DESCRIPTION];

	return field_fail_at(
		d, at, node, "expected %s, found %s", expected, json_describe(node, found));
}

int field_out_of_memory(const struct decoder *d)
{
	return arena_fail(d->arena, d->document->name, d->err);
}

int field_fail_word(const struct decoder *d, const struct field_place *at,
	const struct json_node *node, const char *const *words)
{
	char found[JSON_DESCRIPTION];
	char list[600] = "";

	for (; *words; words++) {
		append(list, sizeof(list), *words);
		if (words[1])
			append(list, sizeof(list), ", ");
	}
	return field_fail_at(
		d, at, node, "expected one of %s, found %s", list, json_describe(node, found));
}

int field_fail_unknown(const struct decoder *d, const struct field_place *at,
	const struct json_node *node, const struct struct_type *type)
{
	char known[300] = "";

	for (const struct field *f = type->fields; f->name; f++) {
		append(known, sizeof(known), f == type->fields ? "" : ", ");
		append(known, sizeof(known), f->name);
	}
	return field_fail_at(d, at, node, "is not known; valid are %s", known);
}
