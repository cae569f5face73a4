/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/options.h"
#include "specs/error.h"

/* Copies the given options from one struct to another, and writes them as text. */

static size_t count(const char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

static int put_before(const char ***from, const char ***to, struct nacre_error *err)
{
	const size_t n = count(*from), n_own = count(*to);
	const char **both = realloc(*from, (n + n_own + 1) * sizeof(*both));

	if (!both)
		return fail_errno(err, ENOMEM, "options");
	if (n_own)
		memcpy(both + n, *to, n_own * sizeof(*both));
	both[n + n_own] = NULL;
	free(*to);
	*to = both;
	*from = NULL;
	return 0;
}

static int merge(const struct option_row *row, void *from, void *to, struct nacre_error *err)
{
	switch (row->kind) {
	case OPTION_LIST:
		return put_before(from, to, err);
	case OPTION_POSITIVE:
		*(unsigned *)to = *(const unsigned *)from;
		return 0;
	case OPTION_DURATION:
		*(uint64_t *)to = *(const uint64_t *)from;
		return 0;
	default:
		*(const char **)to = *(const char *const *)from;
		return 0;
	}
}

int options_merge(const struct option_row *const tables[OPTION_TABLES_MAX], void *from, void *to,
	struct nacre_error *err)
{
	int r = 0;

	for (int t = 0; t < OPTION_TABLES_MAX && tables[t]; t++) {
		for (const struct option_row *row = tables[t]; row->name && r == 0; row++) {
			if (!options_is_given(row, from) ||
				(row->kind != OPTION_LIST && options_is_given(row, to)))
				continue;
			r = merge(row, (char *)from + row->offset, (char *)to + row->offset, err);
		}
	}
	return r;
}

/* --- words --- */

struct words {
	char **items;
	size_t n;
	struct nacre_error *err;
};

static int add(struct words *words, const char *name, const char *value)
{
	char **longer = realloc(words->items, (words->n + 2) * sizeof(*longer));

	if (longer) {
		words->items = longer;
		longer[words->n] = longer[words->n + 1] = NULL;
	}
	if (!longer || asprintf(&longer[words->n], "--%s=%s", name, value) < 0)
		return fail_errno(words->err, ENOMEM, "options");
	words->n++;
	return 0;
}

static int add_row(struct words *words, const struct option_row *row, const void *member)
{
	char text[32];
	int r = 0;

	switch (row->kind) {
	case OPTION_LIST:
		for (const char *const *item = *(const char *const *const *)member; *item && r == 0;
			item++)
			r = add(words, row->name, *item);
		return r;
	case OPTION_POSITIVE:
		(void)snprintf(text, sizeof(text), "%u", *(const unsigned *)member);
		return add(words, row->name, text);
	case OPTION_DURATION:
		(void)snprintf(text, sizeof(text), "%" PRIu64 "ms", *(const uint64_t *)member);
		return add(words, row->name, text);
	default:
		return add(words, row->name, *(const char *const *)member);
	}
}

int options_words(const struct option_row *const tables[OPTION_TABLES_MAX], const void *target,
	char ***ret_words, struct nacre_error *err)
{
	struct words words = {.items = calloc(1, sizeof(char *)), .err = err};
	int r = words.items ? 0 : fail_errno(err, ENOMEM, "options");

	for (int t = 0; t < OPTION_TABLES_MAX && tables[t]; t++)
		for (const struct option_row *row = tables[t]; row->name && r == 0; row++)
			if (options_is_given(row, target))
				r = add_row(&words, row, (const char *)target + row->offset);
	if (r < 0)
		options_free_words(words.items);
	else
		*ret_words = words.items;
	return r;
}

void options_free_words(char **words)
{
	for (char **word = words; word && *word; word++)
		free(*word);
	free(words);
}
