/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 1024

struct json_writer {
	char *data;
	size_t used;
	size_t size;
	size_t depth;
	int failed; /* the first error; later calls do nothing */
	bool pretty;
	bool fresh; /* the innermost object or array is still empty */
	bool after_key; /* the value follows its key on the same line */
};

struct json_writer *json_writer_new(bool pretty)
{
	struct json_writer *w = calloc(1, sizeof(*w));

	if (w) {
		w->pretty = pretty;
		w->fresh = true;
	}
	return w;
}

static void json_writer_free(struct json_writer *w)
{
	if (!w)
		return;
	free(w->data);
	free(w);
}

/* Makes room for N more bytes and a NUL. */
static bool grow(struct json_writer *w, size_t n)
{
	size_t needed, size;
	char *data;

	if (w->failed)
		return false;
	if (n < w->size - w->used)
		return true;
	if (__builtin_add_overflow(w->used + 1, n, &needed) || needed > SIZE_MAX / 2) {
		w->failed = ENOMEM;
		return false;
	}
	size = needed > FIRST_SIZE ? 2 * needed : FIRST_SIZE;
	data = realloc(w->data, size);
	if (!data) {
		w->failed = ENOMEM;
		return false;
	}
	w->data = data;
	w->size = size;
	return true;
}

static void put(struct json_writer *w, const char *text, size_t length)
{
	if (!grow(w, length))
		return;
	memcpy(w->data + w->used, text, length);
	w->used += length;
}

static void put_line(struct json_writer *w)
{
	put(w, "\n", 1);
	for (size_t i = 0; i < w->depth; i++)
		put(w, "\t", 1);
}

/* Writes what precedes each key, and each value without a key. */
static void separate(struct json_writer *w)
{
	if (w->after_key) {
		w->after_key = false;
		return;
	}
	if (!w->fresh)
		put(w, ",", 1);
	if (w->pretty && w->depth > 0)
		put_line(w);
	w->fresh = false;
}

static void open_container(struct json_writer *w, const char *bracket)
{
	if (!w)
		return;
	separate(w);
	put(w, bracket, 1);
	w->depth++;
	w->fresh = true;
}

static void close_container(struct json_writer *w, const char *bracket)
{
	if (!w)
		return;
	w->depth--;
	if (w->pretty && !w->fresh)
		put_line(w);
	put(w, bracket, 1);
	w->fresh = false;
}

void json_open_object(struct json_writer *w)
{
	open_container(w, "{");
}

void json_close_object(struct json_writer *w)
{
	close_container(w, "}");
}

void json_open_array(struct json_writer *w)
{
	open_container(w, "[");
}

void json_close_array(struct json_writer *w)
{
	close_container(w, "]");
}

static void put_escape(struct json_writer *w, unsigned char c)
{
	static const char letters[0x20] = {
		['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
	char escape[8] = {'\\', (char)c};
	int length = 2;

	if (c < 0x20 && letters[c])
		escape[1] = letters[c];
	else if (c < 0x20)
		length = snprintf(escape, sizeof(escape), "\\u%04x", c);
	put(w, escape, (size_t)length);
}

static void put_string(struct json_writer *w, const char *text)
{
	size_t length = strlen(text);
	size_t start = 0;

	if (!json_utf8_valid(text, length)) {
		w->failed = w->failed ? w->failed : EILSEQ;
		return;
	}
	put(w, "\"", 1);
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		put(w, text + start, i - start);
		put_escape(w, c);
		start = i + 1;
	}
	put(w, text + start, length - start);
	put(w, "\"", 1);
}

void json_key(struct json_writer *w, const char *key)
{
	if (!w)
		return;
	separate(w);
	put_string(w, key);
	put(w, ": ", w->pretty ? 2 : 1);
	w->after_key = true;
}

void json_string(struct json_writer *w, const char *text)
{
	if (!w)
		return;
	separate(w);
	put_string(w, text);
}

static void put_word(struct json_writer *w, const char *word)
{
	if (!w)
		return;
	separate(w);
	put(w, word, strlen(word));
}

void json_strings(struct json_writer *w, const char *const *texts, size_t n)
{
	json_open_array(w);
	for (size_t i = 0; i < n; i++)
		json_string(w, texts[i]);
	json_close_array(w);
}

void json_key_string(struct json_writer *w, const char *key, const char *text)
{
	json_key(w, key);
	json_string(w, text);
}

void json_key_strings(struct json_writer *w, const char *key, const char *const *texts, size_t n)
{
	json_key(w, key);
	json_strings(w, texts, n);
}

void json_bool(struct json_writer *w, bool value)
{
	put_word(w, value ? "true" : "false");
}

void json_i64(struct json_writer *w, int64_t value)
{
	char digits[24];

	(void)snprintf(digits, sizeof(digits), "%" PRId64, value);
	put_word(w, digits);
}

void json_u64(struct json_writer *w, uint64_t value)
{
	char digits[24];

	(void)snprintf(digits, sizeof(digits), "%" PRIu64, value);
	put_word(w, digits);
}

void json_raw(struct json_writer *w, const char *text)
{
	put_word(w, text);
}

static void write_children(struct json_writer *w, const struct json_node *node)
{
	for (const struct json_node *child = node->child; child; child = child->next) {
		if (child->key)
			json_key(w, child->key);
		json_value(w, child);
	}
}

/* Recurses at most JSON_MAX_DEPTH levels. */
void json_value(struct json_writer *w, const struct json_node *node)
{
	switch (node->type) {
	case JSON_NULL:
		json_raw(w, "null");
		break;
	case JSON_BOOL:
		json_bool(w, node->truth);
		break;
	case JSON_NUMBER:
		json_raw(w, node->text);
		break;
	case JSON_STRING:
		json_string(w, node->text);
		break;
	case JSON_ARRAY:
		json_open_array(w);
		write_children(w, node);
		json_close_array(w);
		break;
	case JSON_OBJECT:
		json_open_object(w);
		write_children(w, node);
		json_close_object(w);
		break;
	}
}

void json_end_line(struct json_writer *w)
{
	if (w)
		put(w, "\n", 1);
}

int json_writer_finish(struct json_writer *w, char **ret_text, struct nacre_error *err)
{
	int failed = w ? w->failed : ENOMEM;

	if (w && grow(w, 0)) {
		w->data[w->used] = '\0';
		*ret_text = w->data;
		free(w);
		return 0;
	}
	failed = failed ? failed : ENOMEM;
	json_writer_free(w);
	if (failed == EILSEQ)
		return fail(err, failed, "a text is not valid UTF-8 and cannot be written as JSON");
	return fail(err, failed, "out of memory");
}
