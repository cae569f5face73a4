/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/path_text.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* Returns the next component and its length, or NULL at the end. */
static const char *next_component(const char **path, size_t *ret_length)
{
	const char *begin = *path + strspn(*path, "/");

	*ret_length = strcspn(begin, "/");
	*path = begin + *ret_length;
	return *ret_length ? begin : NULL;
}

static bool is_dot(const char *component, size_t length)
{
	return length == 1 && component[0] == '.';
}

static bool is_dot_dot(const char *component, size_t length)
{
	return length == 2 && component[0] == '.' && component[1] == '.';
}

int path_clean(const char *path, char ret[static PATH_TEXT_MAX])
{
	size_t used = 0, length;
	const char *component;

	while ((component = next_component(&path, &length))) {
		if (is_dot(component, length))
			continue;
		if (is_dot_dot(component, length)) {
			while (used && ret[--used] != '/')
				;
			continue;
		}
		if (length + 2 > PATH_TEXT_MAX - used)
			return -ENAMETOOLONG;
		ret[used++] = '/';
		memcpy(ret + used, component, length);
		used += length;
	}
	if (!used)
		ret[used++] = '/';
	ret[used] = '\0';
	return 0;
}

bool path_climbs(const char *path)
{
	long depth = 0;
	size_t length;
	const char *component;

	while ((component = next_component(&path, &length))) {
		if (is_dot_dot(component, length))
			depth--;
		else if (!is_dot(component, length))
			depth++;
		if (depth < 0)
			return true;
	}
	return false;
}

bool path_within(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	if (length == 1)
		return true;
	return !strncmp(path, directory, length) && (path[length] == '/' || path[length] == '\0');
}
