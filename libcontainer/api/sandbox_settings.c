/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "libcontainer/api/nacre.h"
#include "libcontainer/api/options.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "specs/sandbox_settings.h"

/* Options of a sandbox in a file. */

enum {
	SETTINGS_MAX = 1024 * 1024, /* bytes */
};

/* Copies the list and its words to one block. */
static int copy_words(
	const struct oci_strings *words, const char *const **ret_words, struct nacre_error *err)
{
	size_t bytes = (words->n + 1) * sizeof(char *);
	const char **copy;
	char *end;

	for (size_t i = 0; i < words->n; i++)
		bytes += strlen(words->items[i]) + 1;
	copy = malloc(bytes);
	if (!copy)
		return fail_errno(err, ENOMEM, "settings");
	end = (char *)(copy + words->n + 1);
	for (size_t i = 0; i < words->n; i++) {
		copy[i] = end;
		end = stpcpy(end, words->items[i]) + 1;
	}
	copy[words->n] = NULL;
	*ret_words = copy;
	return 0;
}

int nacre_sandbox_settings(const char *file, const char *const **ret_words, struct nacre_error *err)
{
	cleanup_arena struct arena *arena = arena_new(ARENA_LIMIT);
	cleanup_close int fd = open(file, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	cleanup_free char *text = NULL;
	struct sandbox_settings *settings;
	struct oci_strings words;
	size_t length;
	int r;

	if (fd < 0)
		return fail_errno(err, errno, "--settings: open %s", file);
	if (!arena)
		return fail_errno(err, ENOMEM, "settings");
	r = file_read_fd(fd, file, SETTINGS_MAX, &text, &length, err);
	if (r == 0)
		r = sandbox_settings_decode(arena, file, text, length, &settings, err);
	if (r == 0)
		r = sandbox_settings_to_words(arena, settings, &words, err);
	return r < 0 ? r : copy_words(&words, ret_words, err);
}

int nacre_sandbox_settings_json(const char *const *words, char **ret_json, struct nacre_error *err)
{
	cleanup_arena struct arena *arena = arena_new(ARENA_LIMIT);
	const struct oci_strings list = {(const char **)words, options_count(words)};
	struct sandbox_settings *settings;
	int r;

	if (!arena)
		return fail_errno(err, ENOMEM, "settings");
	r = sandbox_settings_from_words(arena, &list, &settings, err);
	return r < 0 ? r : sandbox_settings_encode(settings, ret_json, err);
}
