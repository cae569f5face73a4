/* SPDX-License-Identifier: Apache-2.0 */
/* An attribute of overlay, and the place of the directory that it is in. What is taken is a clean
 * path below the top. */
#include "specs/workspace_redirect.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t first = strnlen((const char *)data, size);
	char *parent = first < size ? strndup((const char *)data, first) : NULL;
	const size_t begin = first < size ? first + 1 : 0;
	char *value = malloc(size - begin + 1); /* of the exact size */
	char ret[PATH_TEXT_MAX], clean[PATH_TEXT_MAX];

	if (!value)
		abort();
	memcpy(value, data + begin, size - begin);
	if (workspace_redirect_decode(value, size - begin, parent, ret) == 0) {
		require(*ret && path_clean(ret, clean) == 0 && !strcmp(clean + 1, ret),
			"a clean path below the top");
		require(*value == '/' || (parent && !strncmp(ret, parent, strlen(parent))),
			"a name stays in its parent");
	}
	free(value);
	free(parent);
	return 0;
}
