/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/quantity.h"
#include "specs/error.h"
#include "specs/nearest.h"

enum {
	HELP_COLUMN = 34,
};

static const struct option_row *find_row(
	const struct option_row *const tables[OPTION_TABLES_MAX], const char *name, size_t n)
{
	for (int t = 0; t < OPTION_TABLES_MAX && tables[t]; t++) {
		for (const struct option_row *row = tables[t]; row->name; row++) {
			if (strlen(row->name) == n && strncmp(row->name, name, n) == 0)
				return row;
			if (n == 1 && row->letter == name[0])
				return row;
		}
	}
	return NULL;
}

static bool is_word_of(const char *words, const char *text)
{
	size_t n = strlen(text);

	for (const char *word = words; word; word = strchr(word, '|')) {
		word += *word == '|';
		if (strcspn(word, "|") == n && strncmp(word, text, n) == 0)
			return true;
	}
	return false;
}

/* Accepts only digits: strtoul(3) would take " +3x". */
static int count_from_text(const char *text, unsigned *ret_count)
{
	unsigned count = 0;

	for (const char *c = text; *c; c++) {
		if (*c < '0' || *c > '9')
			return -EINVAL;
		count = 10 * count + (unsigned)(*c - '0');
		if (count > OPTION_COUNT_MAX)
			return -ERANGE;
	}
	*ret_count = count;
	return 0;
}

static int append(const char ***list, const char *value, struct nacre_error *err)
{
	const char **longer;
	size_t n = 0;

	while (*list && (*list)[n])
		n++;
	longer = realloc(*list, (n + 2) * sizeof(*longer));
	if (!longer)
		return fail_errno(err, ENOMEM, "read the command line");
	longer[n] = value;
	longer[n + 1] = NULL;
	*list = longer;
	return 0;
}

/* Adds a setting, or replaces an earlier one of the same row. */
static int set(struct option_setting **list, const struct option_row *row, const char *value,
	struct nacre_error *err)
{
	struct option_setting *longer;
	size_t n = 0;

	while (*list && (*list)[n].row && (*list)[n].row != row)
		n++;
	if (*list && (*list)[n].row) {
		(*list)[n].value = value;
		return 0;
	}
	longer = realloc(*list, (n + 2) * sizeof(*longer));
	if (!longer)
		return fail_errno(err, ENOMEM, "read the command line");
	longer[n] = (struct option_setting){row, value};
	longer[n + 1] = (struct option_setting){NULL, NULL};
	*list = longer;
	return 0;
}

static int store_flag(
	const struct option_row *row, bool *member, const char *value, struct nacre_error *err)
{
	if (value && strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
		return fail(err, EINVAL, "--%s: expected true or false, found \"%s\"", row->name,
			value);
	*member = !value || strcmp(value, "true") == 0;
	return 0;
}

static int store_value(
	const struct option_row *row, void *member, const char *value, struct nacre_error *err)
{
	if (!value[0])
		return fail(err, EINVAL, "--%s: the value is empty", row->name);
	switch (row->kind) {
	case OPTION_POSITIVE:
		if (count_from_text(value, member) < 0 || *(unsigned *)member == 0)
			return fail(err, EINVAL,
				"--%s: expected a number from 1 to %d, found \"%s\"", row->name,
				OPTION_COUNT_MAX, value);
		return 0;
	case OPTION_COUNT:
		if (count_from_text(value, member) < 0)
			return fail(err, EINVAL, "--%s: expected a number up to %d, found \"%s\"",
				row->name, OPTION_COUNT_MAX, value);
		return 0;
	case OPTION_DURATION:
		if (quantity_duration(value, member) < 0)
			return fail(err, EINVAL,
				"--%s: expected a time above zero such as 500ms, 30s or 1h30m, "
				"found \"%s\"",
				row->name, value);
		return 0;
	case OPTION_LIST:
		return append(member, value, err);
	case OPTION_WORD:
		if (!is_word_of(row->value, value))
			return fail(err, EINVAL, "--%s: expected %s, found \"%s\"", row->name,
				row->value, value);
		*(const char **)member = value;
		return 0;
	case OPTION_NUMBER:
	case OPTION_SIZE:
	case OPTION_NUMBERS:
		return set(member, row, value, err);
	default:
		*(const char **)member = value;
		return 0;
	}
}

/* Reports that no row has the NAME of N letters. DASHES: the whole option with its dashes. */
static int fail_unknown(const struct option_row *const tables[OPTION_TABLES_MAX],
	const char *dashes, const char *name, size_t n, struct nacre_error *err)
{
	char given[NEAREST_MAX + 2], word[NEAREST_MAX + 1], hint[NEAREST_HINT];
	struct nearest nearest = {.given = given};

	(void)snprintf(given, sizeof(given), "%.*s", (int)n, name);
	for (int t = 0; t < OPTION_TABLES_MAX && tables[t]; t++) {
		for (const struct option_row *row = tables[t]; row->name; row++) {
			(void)snprintf(word, sizeof(word), "--%s", row->name);
			if (row->help)
				nearest_offer_as(&nearest, row->name, word);
		}
	}
	return fail(err, EINVAL, "unknown option %.*s%s", (int)(name - dashes + (ptrdiff_t)n),
		dashes, nearest_hint(&nearest, hint));
}

/* Parses the option ARG; NEXT follows it. Returns how many arguments it took: 1 or 2. */
static int parse_option(const struct option_row *const tables[OPTION_TABLES_MAX], void *target,
	const char *arg, const char *next, struct nacre_error *err)
{
	const char *name = arg + (arg[1] == '-' ? 2 : 1);
	size_t n = strcspn(name, "=");
	const char *value = name[n] ? name + n + 1 : NULL;
	const struct option_row *row = find_row(tables, name, n);
	int taken = 1;
	void *member;
	int r;

	if (!row)
		return fail_unknown(tables, arg, name, n, err);
	member = (char *)target + row->offset;
	if (row->kind == OPTION_FLAG) {
		r = store_flag(row, member, value, err);
		return r < 0 ? r : taken;
	}
	if (!value) {
		value = next;
		taken = 2;
	}
	if (!value)
		return fail(err, EINVAL, "--%s needs a value: %s", row->name, row->value);
	r = store_value(row, member, value, err);
	return r < 0 ? r : taken;
}

static size_t count_args(const char *const argv[])
{
	size_t n = 0;

	while (argv[n])
		n++;
	return n;
}

int options_parse(const struct option_row *const tables[OPTION_TABLES_MAX], void *target,
	const char *const argv[], bool in_order, const char *const **ret_operands,
	struct nacre_error *err)
{
	const char **operands = calloc(count_args(argv) + 1, sizeof(*operands));
	bool options = true;
	size_t n = 0;

	if (!operands)
		return fail_errno(err, ENOMEM, "read the command line");
	for (const char *const *arg = argv; *arg;) {
		int taken = 1;

		if (options && strcmp(*arg, "--") == 0) {
			options = false;
		} else if (options && (*arg)[0] == '-' && (*arg)[1]) {
			taken = parse_option(tables, target, *arg, arg[1], err);
		} else {
			operands[n++] = *arg;
			options = options && !in_order;
		}
		if (taken < 0) {
			free(operands);
			return taken;
		}
		arg += taken;
	}
	*ret_operands = operands;
	return 0;
}

bool options_is_given(const struct option_row *row, const void *target)
{
	const void *member = (const char *)target + row->offset;
	const struct option_setting *settings;

	switch (row->kind) {
	case OPTION_FLAG:
		return *(const bool *)member;
	case OPTION_COUNT:
	case OPTION_POSITIVE:
		return *(const unsigned *)member != 0;
	case OPTION_DURATION:
		return *(const uint64_t *)member != 0;
	case OPTION_TEXT:
	case OPTION_WORD:
	case OPTION_LIST:
		return *(const void *const *)member != NULL;
	default:
		settings = *(struct option_setting *const *)member;
		while (settings && settings->row && settings->row != row)
			settings++;
		return settings && settings->row;
	}
}

int options_refuse_fields(const struct option_row *rows, const void *target, const char *option,
	const char *file, struct nacre_error *err)
{
	for (; rows->name; rows++) {
		if (rows->field && options_is_given(rows, target))
			return fail(err, EINVAL,
				"--%s %s: --%s cannot be given beside it: put it into the file",
				option, file, rows->name);
	}
	return 0;
}

void options_release(const struct option_row *const tables[OPTION_TABLES_MAX], void *target)
{
	for (int t = 0; t < OPTION_TABLES_MAX && tables[t]; t++) {
		for (const struct option_row *row = tables[t]; row->name; row++) {
			void *member = (char *)target + row->offset;

			if (row->kind < OPTION_LIST)
				continue;
			free(*(void **)member);
			*(void **)member = NULL;
		}
	}
}

void options_help(const struct option_row *const tables[OPTION_TABLES_MAX], FILE *out)
{
	for (int t = 0; t < OPTION_TABLES_MAX && tables[t]; t++) {
		for (const struct option_row *row = tables[t]; row->name; row++) {
			const char letter[] = {'-', row->letter, ',', '\0'};
			int width;

			if (!row->help)
				continue;
			width = fprintf(out, "  %3s --%s%s%s", row->letter ? letter : "", row->name,
				row->value ? " " : "", row->value ? row->value : "");
			if (width >= HELP_COLUMN) {
				fputc('\n', out);
				width = 0;
			}
			fprintf(out, "%*s%s\n", HELP_COLUMN - width, "", row->help);
		}
	}
}
