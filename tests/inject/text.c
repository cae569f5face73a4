/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/inject/text.h"

#include "tests/inject/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void complain(char *wrong, const char *format, ...)
{
	va_list args;

	if (wrong[0])
		return;
	va_start(args, format);
	(void)vsnprintf(wrong, WRONG_SIZE, format, args);
	va_end(args);
	for (char *at = wrong; *at; at++)
		if (*at == '\n')
			*at = '|';
}

void mask_numbers(char *text)
{
	char *to = text;

	for (const char *at = text; *at;) {
		size_t digits = strspn(at, "0123456789");

		if (digits > 1)
			*to++ = '#';
		else
			*to++ = *at;
		at += digits > 1 ? digits + strspn(at + digits, " ") : 1;
	}
	*to = '\0';
}

void append_file(char *text, const char *path)
{
	size_t length = strlen(text);

	read_text(path, text + length, TEXT_SIZE - length);
	if (strlen(text) + 1 == TEXT_SIZE)
		give_up("%s: more than %d bytes to compare", path, TEXT_SIZE);
}
