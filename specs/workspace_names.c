/* SPDX-License-Identifier: Apache-2.0 */
/* Compares names as file systems do. */
#include <string.h>

#include "specs/escape.h"
#include "specs/workspace_rules.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	NAME_BYTES = 255, /* NAME_MAX */
};

/* On NTFS a backslash ends a component. */
#define SEPARATORS "/\\"

/* Characters that fold to ASCII letters when case is ignored (CaseFolding.txt of Unicode, C, F and
 * T), as in APFS and in ext4's casefold. */
static const struct {
	uint32_t code;
	const char *letters;
} foldings[] = {
	{0xdf, "ss"},
	{0x130, "i"},
	{0x131, "i"},
	{0x17f, "s"},
	{0x1e9e, "ss"},
	{0x212a, "k"},
	{0xfb00, "ff"},
	{0xfb01, "fi"},
	{0xfb02, "fl"},
	{0xfb03, "ffi"},
	{0xfb04, "ffl"},
	{0xfb05, "st"},
	{0xfb06, "st"},
};

static const char *find_letters(uint32_t code)
{
	for (size_t i = 0; i < COUNT(foldings); i++)
		if (foldings[i].code == code)
			return foldings[i].letters;
	return NULL;
}

/* Folds NAME so that all names that some file system treats as equal become equal: without
 * characters that HFS+ and ext4 ignore, in lower case, and without what NTFS drops at the end:
 * blanks, dots, a stream. The result is never longer than NAME; it is NUL-terminated, and its
 * length is returned. */
static size_t fold(const char *name, size_t n, char *ret)
{
	size_t used = 0;

	for (size_t i = 0, length; i < n && name[i] != ':'; i += length) {
		uint32_t code = 0;
		bool seen = true;
		const char *letters;

		length = escape_char(name + i, n - i, &code, &seen);
		letters = length ? find_letters(code) : NULL;
		if (!length)
			ret[used++] = name[i];
		else if (letters)
			while (*letters)
				ret[used++] = *letters++;
		else if (length == 1 && seen)
			ret[used++] = (char)(code >= 'A' && code <= 'Z' ? code + ('a' - 'A')
									: code);
		else if (seen)
			for (size_t j = 0; j < length; j++)
				ret[used++] = name[i + j];
		length = length ? length : 1;
	}
	while (used > 0 && (ret[used - 1] == ' ' || ret[used - 1] == '.'))
		used--;
	ret[used] = '\0';
	return used;
}

void workspace_rules_fold(const char *path, char ret[static PATH_TEXT_MAX])
{
	size_t used = 0, length = strnlen(path, PATH_TEXT_MAX - 1), at = 0;

	while (at <= length) {
		size_t n = strcspn(path + at, SEPARATORS);

		n = n < length - at ? n : length - at;
		/* Skips a longer name: no table has it, and no file can. */
		if (n <= NAME_BYTES)
			used += fold(path + at, n, ret + used);
		at += n + 1;
		if (at <= length)
			ret[used++] = '/';
	}
	ret[used] = '\0';
}

/* Returns whether NAME matches PATTERN, in which "*" stands for any run of bytes. Takes at most as
 * many steps as the product of their lengths. */
static bool is_like(const char *name, size_t length, const char *pattern, size_t n)
{
	const char *end = pattern + n, *name_end = name + length, *star = NULL, *retry = NULL;

	while (name < name_end) {
		if (pattern < end && *pattern == '*') {
			star = pattern++;
			retry = name;
		} else if (pattern < end && *pattern == *name) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star + 1;
			name = ++retry;
		} else {
			return false;
		}
	}
	while (pattern < end && *pattern == '*')
		pattern++;
	return pattern == end;
}

/* Returns how many components match if FOLDED begins with those of PATTERN, else 0. */
static size_t begins_with(const char *folded, const char *pattern)
{
	size_t components = 0;

	while (*pattern) {
		size_t n = strcspn(folded, "/"), p = strcspn(pattern, "/");

		if (!is_like(folded, n, pattern, p))
			return 0;
		components++;
		pattern += p;
		pattern += strspn(pattern, "/");
		folded += n;
		if (*pattern && !*folded++)
			return 0;
	}
	return components;
}

bool workspace_rules_match(const char *folded, const char *pattern, size_t *ret_components)
{
	const bool at_top = *pattern == '/';
	size_t before = 0;

	pattern += strspn(pattern, "/");
	while (*pattern) {
		size_t components = begins_with(folded, pattern);

		*ret_components = before++ + components;
		if (components > 0)
			return true;
		folded += strcspn(folded, "/");
		if (at_top || !*folded++)
			return false;
	}
	return false;
}

size_t workspace_rules_length(const char *path, size_t components)
{
	size_t length = 0;

	while (components > 0 && path[length]) {
		length += strcspn(path + length, SEPARATORS);
		if (--components > 0 && path[length])
			length++;
	}
	return length;
}

bool workspace_rules_is_git(const char *name, size_t n)
{
	char text[NAME_BYTES + 1];

	if (n > NAME_BYTES)
		return false;
	(void)fold(name, n, text);
	return !strcmp(text, ".git");
}

bool workspace_rules_is_short(const char *name, size_t n)
{
	char text[NAME_BYTES + 1];
	size_t base, digits;

	if (n > NAME_BYTES)
		return false;
	(void)fold(name, n, text);
	base = strcspn(text, "~. ");
	digits = text[base] == '~' ? strspn(text + base + 1, "0123456789") : 0;
	if (base == 0 || digits == 0 || base + 1 + digits > 8)
		return false;
	base += 1 + digits;
	return !text[base] || (text[base] == '.' && strlen(text + base) <= 4);
}

void workspace_rules_add_part(struct workspace_repository_parts *parts, const char *name)
{
	char text[NAME_BYTES + 1];
	size_t n = strlen(name);

	if (n > NAME_BYTES)
		return;
	(void)fold(name, n, text);
	parts->head |= !strcmp(text, "head");
	parts->objects |= !strcmp(text, "objects");
	parts->refs |= !strcmp(text, "refs");
	parts->commondir |= !strcmp(text, "commondir");
}

bool workspace_rules_is_repository(const struct workspace_repository_parts *parts)
{
	return parts->head && (parts->commondir || (parts->objects && parts->refs));
}
