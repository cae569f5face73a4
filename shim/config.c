/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/small_file.h"
#include "specs/json.h"

/* As runc's shim has them, the first that is there counts. */
static const char *const group_annotations[] = {
	"io.containerd.runc.v2.group",
	"io.kubernetes.cri.sandbox-id",
};

static char *read_config(size_t *ret_n, struct nacre_error *err)
{
	const int fd = open("config.json", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char *text = NULL;
	ssize_t n = 0;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < JSON_MAX_BYTES)
		text = malloc((size_t)st.st_size + 1);
	if (text)
		n = small_file_read_fd(fd, text, (size_t)st.st_size);
	if (!text || n < 0) {
		(void)fail_errno(err, errno, "read config.json");
		free(text);
		text = NULL;
	}
	if (fd >= 0)
		(void)close(fd);
	*ret_n = (size_t)n;
	return text;
}

int config_group(const char *id, char *ret_group, size_t size)
{
	struct arena *arena = arena_new((size_t)64 * 1024 * 1024);
	struct json_document *document;
	const struct json_node *annotations, *group = NULL;
	struct nacre_error err;
	size_t n;
	char *text = read_config(&n, &err);
	int r = text && arena ? json_parse(arena, "config.json", text, n, &document, &err) : -1;

	free(text);
	if (r < 0) {
		(void)fprintf(stderr, "containerd-shim-nacre-v2: %s\n",
			arena ? err.text : "out of memory");
		arena_free(arena);
		return -1;
	}
	annotations = json_member(document->root, "annotations");
	for (size_t i = 0; i < 2 && annotations && !group; i++)
		group = json_member(annotations, group_annotations[i]);
	r = snprintf(ret_group, size, "%s",
		group && group->type == JSON_STRING && group->text[0] ? group->text : id);
	arena_free(arena);
	return r < 0 || (size_t)r >= size ? -1 : 0;
}
