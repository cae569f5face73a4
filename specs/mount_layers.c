/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/mount_layers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "specs/path_text.h"

static const struct {
	const char *key;
	bool list;
	bool written;
} keys[] = {
	/* clang-format off */
	{ "lowerdir=",	true,	false },
	{ "lowerdir+=",	false,	false },
	{ "datadir+=",	false,	false },
	{ "upperdir=",	false,	true },
	{ "workdir=",	false,	true },
	/* clang-format on */
};

size_t mount_layers_key(const char *word, bool *ret_list, bool *ret_written)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const size_t length = strlen(keys[i].key);

		if (strncmp(word, keys[i].key, length))
			continue;
		*ret_list = keys[i].list;
		*ret_written = keys[i].written;
		return length;
	}
	return 0;
}

bool mount_layers_has_label(const char *word)
{
	static const char *const labels[] = {
		"context=", "fscontext=", "defcontext=", "rootcontext="};

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (!strncmp(word, labels[i], strlen(labels[i])))
			return true;
	return false;
}

int mount_layers_take(const char **text, bool list, char ret_path[static 4096])
{
	const char *p = *text;
	size_t used = 0;

	for (; *p && !(list && *p == ':'); p++) {
		if (*p == '\\' && p[1])
			p++;
		if (used == PATH_TEXT_MAX - 1)
			return -ENAMETOOLONG;
		ret_path[used++] = *p;
	}
	ret_path[used] = '\0';
	*text = p;
	return 0;
}

/* "::" precedes the layers that contain only data. */
static int each_in_word(const char *text, bool list, const char *place, bool written,
	int (*each)(void *data, const struct oci_layer *layer, struct nacre_error *err), void *data,
	struct nacre_error *err)
{
	char path[PATH_TEXT_MAX];
	const struct oci_layer layer = {place, path, written};
	int r = 0;

	while (r == 0 && *text) {
		r = mount_layers_take(&text, list, path);
		if (r < 0)
			return fail(err, ENAMETOOLONG,
				"%s: the path of a layer is longer than %d bytes", place,
				PATH_TEXT_MAX - 1);
		if (path[0])
			r = each(data, &layer, err);
		text += *text == ':';
	}
	return r;
}

int mount_layers_each(const struct oci_mount *mount, size_t index,
	int (*each)(void *data, const struct oci_layer *layer, struct nacre_error *err), void *data,
	struct nacre_error *err)
{
	char place[64];
	int r = 0;

	for (size_t k = 0; k < mount->options.n && r == 0; k++) {
		const char *word = mount->options.items[k];
		bool list, written;
		const size_t length = mount_layers_key(word, &list, &written);

		(void)snprintf(place, sizeof(place), "mounts[%zu].options[%zu]", index, k);
		if (length)
			r = each_in_word(word + length, list, place, written, each, data, err);
	}
	return r;
}
