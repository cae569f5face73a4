/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/workspace_redirect.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int workspace_redirect_decode(
	const char *value, size_t length, const char *parent, char ret[static PATH_TEXT_MAX])
{
	char path[PATH_TEXT_MAX], clean[PATH_TEXT_MAX];
	int n;

	if (length == 0 || length >= sizeof(path) || memchr(value, '\0', length))
		return -EINVAL;
	if (value[0] == '/')
		n = snprintf(path, sizeof(path), "%.*s", (int)length, value);
	else if (parent && !memchr(value, '/', length))
		n = snprintf(path, sizeof(path), "/%s%s%.*s", parent, *parent ? "/" : "",
			(int)length, value);
	else
		return -EINVAL;
	if (n < 0 || (size_t)n >= sizeof(path) || path_clean(path, clean) < 0)
		return -EINVAL;
	if (strcmp(clean, path) != 0 || !clean[1])
		return -EINVAL;
	(void)strcpy(ret, clean + 1);
	return 0;
}
