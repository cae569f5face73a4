/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Limits how many bytes of a string or number an error text shows. */
#define SHOWN 64

const struct json_node *json_member(const struct json_node *object, const char *key)
{
	if (object->type != JSON_OBJECT)
		return NULL;
	for (const struct json_node *m = object->child; m; m = m->next)
		if (strcmp(m->key, key) == 0)
			return m;
	return NULL;
}

/* Returns the member whose key is the longest one that PATH begins with: a key may contain dots, as
 * keys of annotations do. */
static const struct json_node *find_member(
	const struct json_node *object, const char *path, size_t *ret_length)
{
	const struct json_node *best = NULL;
	size_t best_length = 0;

	for (const struct json_node *m = object->child; m; m = m->next) {
		size_t length = strlen(m->key);

		if (best && length <= best_length)
			continue;
		if (strncmp(path, m->key, length) == 0 && strchr(".[", path[length])) {
			best = m;
			best_length = length;
		}
	}
	*ret_length = best_length;
	return best;
}

static const struct json_node *find_element(
	const struct json_node *array, const char *path, size_t *ret_length)
{
	const struct json_node *element = array->child;
	size_t i = 1, index = 0;

	if (path[0] != '[')
		return NULL;
	for (; path[i] >= '0' && path[i] <= '9' && index <= JSON_MAX_BYTES; i++)
		index = index * 10 + (size_t)(path[i] - '0');
	if (path[i] != ']' || i == 1)
		return NULL;
	while (element && index-- > 0)
		element = element->next;
	*ret_length = i + 1;
	return element;
}

const struct json_node *json_find(const struct json_document *document, const char *path)
{
	const struct json_node *node = document->root;

	while (*path) {
		const struct json_node *next = NULL;
		size_t length = 0;

		if (node->type == JSON_OBJECT)
			next = find_member(node, path, &length);
		else if (node->type == JSON_ARRAY)
			next = find_element(node, path, &length);
		if (!next)
			break;
		node = next;
		path += length;
		if (*path == '.')
			path++;
	}
	return node;
}

/* Reads a JSON number as sign and magnitude. */
static int read_magnitude(const struct json_node *node, bool *ret_negative, uint64_t *ret_magnitude)
{
	const char *s = node->text;
	uint64_t magnitude = 0;
	bool overflow = false;

	if (node->type != JSON_NUMBER)
		return -EINVAL;
	*ret_negative = *s == '-';
	s += *ret_negative;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -EINVAL;
		overflow |= __builtin_mul_overflow(magnitude, 10, &magnitude);
		overflow |= __builtin_add_overflow(magnitude, (uint64_t)(*s - '0'), &magnitude);
	}
	if (overflow)
		return -ERANGE;
	*ret_magnitude = magnitude;
	return 0;
}

int json_int64(const struct json_node *node, int64_t *ret_value)
{
	uint64_t magnitude;
	bool negative;
	int r = read_magnitude(node, &negative, &magnitude);

	if (r < 0)
		return r;
	if (magnitude > (uint64_t)INT64_MAX + negative)
		return -ERANGE;
	*ret_value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
	return 0;
}

int json_uint64(const struct json_node *node, uint64_t *ret_value)
{
	uint64_t magnitude;
	bool negative;
	int r = read_magnitude(node, &negative, &magnitude);

	if (r < 0)
		return r;
	if (negative && magnitude > 0)
		return -ERANGE;
	*ret_value = magnitude;
	return 0;
}

/* Follows table 3-7 of the Unicode standard. */
size_t json_utf8_char(const char *text, size_t left)
{
	const unsigned char *s = (const unsigned char *)text;
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (n > left)
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

bool json_utf8_valid(const char *text, size_t length)
{
	size_t i = 0;

	while (i < length) {
		size_t n = json_utf8_char(text + i, length - i);

		if (!n)
			return false;
		i += n;
	}
	return true;
}

/* Makes the text safe for a terminal: whoever wrote the container's image may have chosen it. */
static void describe_string(const char *text, char buffer[static JSON_DESCRIPTION])
{
	size_t used = 0;
	size_t i;

	buffer[used++] = '"';
	for (i = 0; text[i] && used < SHOWN; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c == 0x7f || c == '"' || c == '\\')
			used += (size_t)sprintf(
				buffer + used, c == '"' || c == '\\' ? "\\%c" : "\\u%04x", c);
		else
			buffer[used++] = (char)c;
	}
	/* Does not cut inside a character. */
	for (; text[i] && ((unsigned char)text[i] & 0xc0) == 0x80; i++)
		buffer[used++] = text[i];
	(void)strcpy(buffer + used, text[i] ? "\"..." : "\"");
}

const char *json_describe(const struct json_node *node, char buffer[static JSON_DESCRIPTION])
{
	switch (node->type) {
	case JSON_NULL:
		return strcpy(buffer, "null");
	case JSON_BOOL:
		return strcpy(buffer, node->truth ? "true" : "false");
	case JSON_NUMBER:
		(void)snprintf(buffer, JSON_DESCRIPTION, "%.*s%s", SHOWN, node->text,
			strlen(node->text) > SHOWN ? "..." : "");
		return buffer;
	case JSON_STRING:
		describe_string(node->text, buffer);
		return buffer;
	case JSON_ARRAY:
		return strcpy(buffer, "an array");
	case JSON_OBJECT:
		break;
	}
	return strcpy(buffer, "an object");
}
