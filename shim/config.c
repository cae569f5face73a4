/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/small_file.h"
#include "specs/json.h"

/* Lists the annotations in the order of runc's shim: the first one present counts. */
static const char *const group_annotations[] = {
	"io.containerd.runc.v2.group",
	"io.kubernetes.cri.sandbox-id",
};

/* Reads the regular file FD. */
static int read_file(int fd, char **ret_text, size_t *ret_n, struct nacre_error *err)
{
	struct stat st;
	char *text;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return fail_errno(err, errno, "read config.json");
	if (!S_ISREG(st.st_mode) || st.st_size >= JSON_MAX_BYTES)
		return fail(err, EFBIG, "config.json: expected a file of less than %d bytes",
			JSON_MAX_BYTES);
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return fail_errno(err, ENOMEM, "read config.json");
	n = small_file_read_fd(fd, text, (size_t)st.st_size);
	if (n < 0) {
		free(text);
		return fail_errno(err, (int)n, "read config.json");
	}
	*ret_text = text;
	*ret_n = (size_t)n;
	return 0;
}

static int read_config(char **ret_text, size_t *ret_n, struct nacre_error *err)
{
	const int fd = open("config.json", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r;

	if (fd < 0)
		return fail_errno(err, errno, "open config.json");
	r = read_file(fd, ret_text, ret_n, err);
	(void)close(fd);
	return r;
}

static int open_config(
	struct arena **ret_arena, const struct json_node **ret_root, struct nacre_error *err)
{
	struct arena *arena = arena_new((size_t)64 * 1024 * 1024);
	struct json_document *document;
	size_t n = 0;
	char *text = NULL;
	int r;

	if (!arena)
		return fail(err, ENOMEM, "read config.json: out of memory");
	r = read_config(&text, &n, err);
	if (r == 0)
		r = json_parse(arena, "config.json", text, n, &document, err);
	free(text);
	if (r < 0) {
		arena_free(arena);
		return r;
	}
	*ret_arena = arena;
	*ret_root = document->root;
	return 0;
}

/* Returns NULL if there is no such member or it is not a string. */
static const char *text_of(const struct json_node *object, const char *name)
{
	const struct json_node *node = object ? json_member(object, name) : NULL;

	return node && node->type == JSON_STRING && node->text[0] ? node->text : NULL;
}

int config_group(const char *id, char *ret_group, size_t size, struct nacre_error *err)
{
	struct arena *arena;
	const struct json_node *root;
	const char *group = NULL;
	int r = open_config(&arena, &root, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < 2 && !group; i++)
		group = text_of(json_member(root, "annotations"), group_annotations[i]);
	r = snprintf(ret_group, size, "%s", group ? group : id);
	arena_free(arena);
	return r < 0 || (size_t)r >= size
		       ? fail(err, ENAMETOOLONG,
				 "config.json: the sandbox id in the annotations is too long")
		       : 0;
}

int config_names_slice(bool *ret_slice, struct nacre_error *err)
{
	struct arena *arena;
	const struct json_node *root;
	const char *path, *colon;
	const int r = open_config(&arena, &root, err);

	if (r < 0)
		return r;
	path = text_of(json_member(root, "linux"), "cgroupsPath");
	colon = path ? strchr(path, ':') : NULL;
	*ret_slice = colon && strchr(colon + 1, ':') && !strchr(path, '/');
	arena_free(arena);
	return 0;
}
