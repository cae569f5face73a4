/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int fail(struct nacre_error *err, int code, const char *format, ...)
{
	va_list args;

	err->code = abs(code);
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return -err->code;
}

int fail_errno(struct nacre_error *err, int code, const char *format, ...)
{
	va_list args;
	size_t used;

	err->code = abs(code);
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	used = strlen(err->text);
	(void)snprintf(err->text + used, sizeof(err->text) - used, ": %s", strerror(err->code));
	return -err->code;
}

int fail_prefix(struct nacre_error *err, const char *format, ...)
{
	struct nacre_error inner = *err;
	va_list args;
	size_t used;

	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	used = strlen(err->text);
	(void)snprintf(err->text + used, sizeof(err->text) - used, ": %s", inner.text);
	return -err->code;
}

int fail_except(int r, int code, const struct nacre_error *why, struct nacre_error *err)
{
	if (r == -code)
		return 0;
	if (r < 0)
		*err = *why;
	return r;
}

static const struct nacre_error poison = {-1, "nobody has failed"};

void fail_poison(struct nacre_error *err)
{
	*err = poison;
}

bool fail_is_poisoned(const struct nacre_error *err)
{
	return err->code == poison.code && strcmp(err->text, poison.text) == 0;
}
