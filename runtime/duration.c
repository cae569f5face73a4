/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/duration.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* No unit begins another one but m and ms, and there the longer stands first. */
static const struct {
	const char *name;
	uint64_t ns;
} units[] = {
	/* clang-format off */
	{"ns", 1},
	{"us", 1000},
	{"\xc2\xb5s", 1000}, /* the micro sign */
	{"ms", 1000000},
	{"s", 1000000000},
	{"m", 60000000000},
	{"h", 3600000000000},
	/* clang-format on */
};

static uint64_t unit_of(const char **text)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t n = strlen(units[i].name);

		if (strncmp(*text, units[i].name, n) != 0)
			continue;
		*text += n;
		return units[i].ns;
	}
	return 0;
}

static int digit(const char *text)
{
	return *text >= '0' && *text <= '9' ? *text - '0' : -1;
}

/* "1.5h" at *TEXT: added to *NS. */
static int add_part(const char **text, uint64_t *ns)
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
		/* What is less than a nanosecond of an hour does not count. */
		for (; digit(*text) >= 0; (*text)++)
			if (scale < 10000000000) {
				fraction = fraction * 10 + (uint64_t)digit(*text);
				scale *= 10;
			}
		if (*text == begin)
			return -EINVAL;
	}
	unit = unit_of(text);
	if (unit == 0)
		return -EINVAL;
	if (__builtin_mul_overflow(whole, unit, &part) ||
		__builtin_add_overflow(
			part, (uint64_t)((unsigned __int128)fraction * unit / scale), &part) ||
		__builtin_add_overflow(*ns, part, ns) || *ns > INT64_MAX)
		return -ERANGE;
	return 0;
}

int duration_from_text(const char *text, uint64_t *ret_ms)
{
	uint64_t ns = 0;

	do {
		int r = add_part(&text, &ns);

		if (r < 0)
			return r;
	} while (*text);
	if (ns == 0)
		return -EINVAL;
	*ret_ms = (ns + 999999) / 1000000;
	return 0;
}
