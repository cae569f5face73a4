/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

/* In objects with more members duplicate keys are found by sorting. */
#define FEW_MEMBERS 16

struct container {
	struct json_node *node;
	struct json_node **tail; /* where the next element is linked */
};

struct parser {
	struct arena *arena;
	struct nacre_error *err;
	yajl_handle yajl;
	struct json_document *document;
	const char *text;
	size_t length;
	size_t counted; /* bytes whose newlines LINE counts */
	unsigned line;
	const char *key; /* a key whose value has not come yet */
	size_t depth;
	struct container open[JSON_MAX_DEPTH];
};

/* yajl's callbacks stop the parser by false, after they have set the error. */
enum {
	STOP = 0,
	GO_ON = 1
};

static int hex4(const char *s, const char *end)
{
	int value = 0;

	if (end - s < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = s[i] >= '0' && s[i] <= '9'	 ? s[i] - '0'
			    : s[i] >= 'a' && s[i] <= 'f' ? s[i] - 'a' + 10
			    : s[i] >= 'A' && s[i] <= 'F' ? s[i] - 'A' + 10
							 : -1;
		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

/* Finds a high surrogate without its low half, which yajl turns into a question mark. Returns its
 * place, or NULL. A low one alone becomes bytes that json_utf8_valid refuses. */
static const char *find_half_pair(const char *text, size_t length)
{
	const char *end = text + length;
	const char *s = text;

	while ((s = memchr(s, '\\', (size_t)(end - s)))) {
		int code, low;

		if (end - s < 6)
			return NULL;
		if (s[1] != 'u') {
			s += 2;
			continue;
		}
		code = hex4(s + 2, end);
		s += 6;
		if (code < 0xd800 || code > 0xdfff)
			continue;
		if (code > 0xdbff)
			return s;
		low = end - s >= 6 && s[0] == '\\' && s[1] == 'u' ? hex4(s + 2, end) : -1;
		if (low < 0xdc00 || low > 0xdfff)
			return s;
		s += 6;
	}
	return NULL;
}

/* --- the tree --- */

/* Returns the line of the token that ends at END: a token never spans lines. */
static unsigned count_lines(struct parser *p, size_t end)
{
	const char *s = p->text + p->counted;
	const char *limit = p->text + (end < p->length ? end : p->length);

	while (s < limit && (s = memchr(s, '\n', (size_t)(limit - s)))) {
		p->line++;
		s++;
	}
	if (limit > p->text + p->counted)
		p->counted = (size_t)(limit - p->text);
	return p->line;
}

static unsigned current_line(struct parser *p)
{
	return count_lines(p, yajl_get_bytes_consumed(p->yajl));
}

static int out_of_memory(struct parser *p)
{
	(void)arena_fail(p->arena, p->document->name, p->err);
	return STOP;
}

/* Copies a key or a string. It becomes a C string, so it must not contain a NUL byte, which would
 * hide the rest from checks. */
static const char *take_text(struct parser *p, const unsigned char *text, size_t length)
{
	const char *name = p->document->name;
	const char *copy;

	if (memchr(text, '\0', length)) {
		(void)fail(
			p->err, EINVAL, "%s:%u: a string holds a NUL byte", name, current_line(p));
		return NULL;
	}
	if (!json_utf8_valid((const char *)text, length)) {
		(void)fail(p->err, EINVAL, "%s:%u: a string is not valid UTF-8", name,
			current_line(p));
		return NULL;
	}
	copy = arena_strndup(p->arena, (const char *)text, length);
	if (!copy)
		(void)out_of_memory(p);
	return copy;
}

static struct json_node *add_node(struct parser *p, enum json_type type)
{
	struct json_node *node = arena_alloc(p->arena, sizeof(*node));

	if (!node) {
		(void)out_of_memory(p);
		return NULL;
	}
	node->type = type;
	node->line = current_line(p);
	node->key = p->key;
	p->key = NULL;
	if (p->depth > 0) {
		struct container *in = &p->open[p->depth - 1];

		*in->tail = node;
		in->tail = &node->next;
		in->node->n_children++;
	} else {
		p->document->root = node;
	}
	return node;
}

static int add_text(struct parser *p, enum json_type type, const unsigned char *text, size_t length)
{
	const char *copy = take_text(p, text, length);
	struct json_node *node = copy ? add_node(p, type) : NULL;

	if (!node)
		return STOP;
	node->text = copy;
	return GO_ON;
}

static int open_container(struct parser *p, enum json_type type)
{
	struct json_node *node;

	if (p->depth == JSON_MAX_DEPTH) {
		(void)fail(p->err, E2BIG, "%s:%u: values are nested more than %d levels deep",
			p->document->name, current_line(p), JSON_MAX_DEPTH);
		return STOP;
	}
	node = add_node(p, type);
	if (!node)
		return STOP;
	p->open[p->depth].node = node;
	p->open[p->depth].tail = &node->child;
	p->depth++;
	return GO_ON;
}

static int fail_duplicate(struct parser *p, const struct json_node *node)
{
	struct json_node key = {.type = JSON_STRING, .text = node->key};
	char text[JSON_DESCRIPTION];

	(void)fail(p->err, EINVAL, "%s:%u: duplicate key %s", p->document->name, node->line,
		json_describe(&key, text));
	return STOP;
}

static int by_key_and_line(const void *a, const void *b)
{
	const struct json_node *const *x = a;
	const struct json_node *const *y = b;
	int order = strcmp((*x)->key, (*y)->key);

	return order ? order : ((*x)->line > (*y)->line) - ((*x)->line < (*y)->line);
}

/* Finds duplicate keys by sorting: the time of a hash table would depend on keys that an attacker
 * can choose. */
static int check_many_keys(struct parser *p, const struct json_node *object)
{
	size_t n = 0;
	const struct json_node **sorted = calloc(
		object->n_children, sizeof(const struct json_node *));
	int answer = GO_ON;

	if (!sorted) {
		(void)fail(p->err, ENOMEM, "%s: out of memory", p->document->name);
		return STOP;
	}
	for (const struct json_node *m = object->child; m; m = m->next)
		sorted[n++] = m;
	qsort(sorted, n, sizeof(const struct json_node *), by_key_and_line);
	for (size_t i = 1; i < n && answer == GO_ON; i++)
		if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0)
			answer = fail_duplicate(p, sorted[i]);
	free(sorted);
	return answer;
}

/* Refuses duplicate keys: readers differ in which of two they use, so one could check what another
 * does not run. */
static int check_keys(struct parser *p, const struct json_node *object)
{
	if (object->n_children > FEW_MEMBERS)
		return check_many_keys(p, object);
	for (const struct json_node *m = object->child; m; m = m->next)
		for (const struct json_node *o = object->child; o != m; o = o->next)
			/* Compares the first letter before it calls strcmp(3): the loop has n * n /
			 * 2 steps. */
			if (*m->key == *o->key && strcmp(m->key, o->key) == 0)
				return fail_duplicate(p, m);
	return GO_ON;
}

/* --- yajl's events --- */

static int on_null(void *data)
{
	return add_node(data, JSON_NULL) ? GO_ON : STOP;
}

static int on_bool(void *data, int value)
{
	struct json_node *node = add_node(data, JSON_BOOL);

	if (!node)
		return STOP;
	node->truth = value != 0;
	return GO_ON;
}

static int on_number(void *data, const char *text, size_t length)
{
	return add_text(data, JSON_NUMBER, (const unsigned char *)text, length);
}

static int on_string(void *data, const unsigned char *text, size_t length)
{
	return add_text(data, JSON_STRING, text, length);
}

static int on_key(void *data, const unsigned char *text, size_t length)
{
	struct parser *p = data;

	p->key = take_text(p, text, length);
	return p->key ? GO_ON : STOP;
}

static int on_open_object(void *data)
{
	return open_container(data, JSON_OBJECT);
}

static int on_open_array(void *data)
{
	return open_container(data, JSON_ARRAY);
}

static int on_close_object(void *data)
{
	struct parser *p = data;

	p->depth--;
	return check_keys(p, p->open[p->depth].node);
}

static int on_close_array(void *data)
{
	struct parser *p = data;

	p->depth--;
	return GO_ON;
}

/* clang-format off */
static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_bool,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_map_key = on_key,
	.yajl_start_map = on_open_object,
	.yajl_end_map = on_close_object,
	.yajl_start_array = on_open_array,
	.yajl_end_array = on_close_array,
};
/* clang-format on */

/* END: how far yajl has read. */
static int fail_syntax(struct parser *p, size_t end)
{
	unsigned char *why = yajl_get_error(p->yajl, 0, NULL, 0);
	const char *text = why ? (const char *)why : "parse error";

	(void)fail(p->err, EINVAL, "%s:%u: not valid JSON: %.*s", p->document->name,
		count_lines(p, end), (int)strcspn(text, "\n"), text);
	if (why)
		yajl_free_error(p->yajl, why);
	return -EINVAL;
}

static int run_parser(struct parser *p)
{
	yajl_status status = yajl_parse(p->yajl, (const unsigned char *)p->text, p->length);

	if (status == yajl_status_error)
		return fail_syntax(p, yajl_get_bytes_consumed(p->yajl));
	if (status == yajl_status_ok)
		status = yajl_complete_parse(p->yajl);
	if (status == yajl_status_error)
		return fail_syntax(p, p->length);
	return status == yajl_status_ok ? 0 : -p->err->code;
}

int json_parse(struct arena *arena, const char *name, const char *text, size_t length,
	struct json_document **ret_document, struct nacre_error *err)
{
	struct parser p = {.arena = arena, .err = err, .text = text, .length = length, .line = 1};
	const char *half;
	int r;

	if (length > JSON_MAX_BYTES)
		return fail(err, E2BIG, "%s: the document is longer than %d bytes", name,
			JSON_MAX_BYTES);
	p.document = arena_alloc(arena, sizeof(*p.document));
	if (!p.document)
		return arena_fail(arena, name, err);
	p.document->name = arena_strdup(arena, name);
	if (!p.document->name)
		return arena_fail(arena, name, err);
	half = find_half_pair(text, length);
	if (half)
		return fail(err, EINVAL, "%s:%u: a string holds half a surrogate pair", name,
			count_lines(&p, (size_t)(half - text)));
	p.yajl = yajl_alloc(&callbacks, NULL, &p);
	if (!p.yajl)
		return fail(err, ENOMEM, "%s: out of memory", name);
	/* yajl's check of UTF-8 accepts surrogates and overlong forms: take_text makes its own. */
	(void)yajl_config(p.yajl, yajl_dont_validate_strings, 1);
	r = run_parser(&p);
	yajl_free(p.yajl);
	if (r == 0)
		*ret_document = p.document;
	return r;
}
