/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/quantity.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "specs/error.h"

struct unit {
	const char *name;
	uint64_t factor;
	bool any_case;
};

/* The first match counts: a longer name stands before its own prefix. */
static const struct unit times[] = {
	/* clang-format off */
	{"ns", 1},
	{"us", 1000},
	{"\xc2\xb5s", 1000}, /* the micro sign */
	{"ms", 1000000},
	{"s", 1000000000},
	{"m", 60000000000},
	{"h", 3600000000000},
	{NULL, 0},
	/* clang-format on */
};

static const struct unit sizes[] = {
	/* clang-format off */
	{"kib", 1ULL << 10, true}, {"kb", 1ULL << 10, true}, {"k", 1ULL << 10, true},
	{"mib", 1ULL << 20, true}, {"mb", 1ULL << 20, true}, {"m", 1ULL << 20, true},
	{"gib", 1ULL << 30, true}, {"gb", 1ULL << 30, true}, {"g", 1ULL << 30, true},
	{"tib", 1ULL << 40, true}, {"tb", 1ULL << 40, true}, {"t", 1ULL << 40, true},
	{"pib", 1ULL << 50, true}, {"pb", 1ULL << 50, true}, {"p", 1ULL << 50, true},
	{"b", 1, true},
	{"", 1, true},
	{NULL, 0},
	/* clang-format on */
};

/* Returns the factor of the unit at *TEXT; 0: there is none. */
static uint64_t factor_of(const struct unit *units, const char **text)
{
	for (; units->name; units++) {
		size_t n = strlen(units->name);

		if (units->any_case ? strncasecmp(*text, units->name, n)
				    : strncmp(*text, units->name, n))
			continue;
		*text += n;
		return units->factor;
	}
	return 0;
}

static int digit(const char *text)
{
	return *text >= '0' && *text <= '9' ? *text - '0' : -1;
}

/* Adds one part, "1.5h" at *TEXT, to *SUM. */
static int add_part(const struct unit *units, const char **text, uint64_t *sum)
{
	uint64_t whole = 0, fraction = 0, scale = 1, unit, part;
	const char *begin = *text;

	for (; digit(*text) >= 0; (*text)++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
			__builtin_add_overflow(whole, (uint64_t)digit(*text), &whole))
			return -ERANGE;
	if (*text == begin)
		return -EINVAL;
	if (**text == '.') {
		begin = ++*text;
		/* Ignores digits that amount to less than a nanosecond of an hour, or a byte of a
		 * gigabyte. */
		for (; digit(*text) >= 0; (*text)++)
			if (scale < 10000000000) {
				fraction = fraction * 10 + (uint64_t)digit(*text);
				scale *= 10;
			}
		if (*text == begin)
			return -EINVAL;
	}
	unit = factor_of(units, text);
	if (unit == 0)
		return -EINVAL;
	if (__builtin_mul_overflow(whole, unit, &part) ||
		__builtin_add_overflow(
			part, (uint64_t)((unsigned __int128)fraction * unit / scale), &part) ||
		__builtin_add_overflow(*sum, part, sum) || *sum > INT64_MAX)
		return -ERANGE;
	return 0;
}

int quantity_duration(const char *text, uint64_t *ret_ms)
{
	uint64_t ns = 0;

	do {
		int r = add_part(times, &text, &ns);

		if (r < 0)
			return r;
	} while (*text);
	if (ns == 0)
		return -EINVAL;
	*ret_ms = (ns + 999999) / 1000000;
	return 0;
}

int quantity_size(const char *text, uint64_t *ret_bytes)
{
	uint64_t bytes = 0;
	int r = add_part(sizes, &text, &bytes);

	if (r < 0)
		return r;
	if (*text)
		return -EINVAL;
	*ret_bytes = bytes;
	return 0;
}

int quantity_size_of(
	const char *option, const char *text, uint64_t *ret_bytes, struct nacre_error *err)
{
	return text && (quantity_size(text, ret_bytes) < 0 || *ret_bytes == 0)
		       ? fail(err, EINVAL, "%s: expected a size above zero like 512M, found \"%s\"",
				 option, text)
		       : 0;
}
