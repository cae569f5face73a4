/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/record/id_owners.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"

enum {
	CLAIM_MAX = 4 * 1024 * 1024, /* some thousands of containers with long paths */
};

int id_owners_read(int claim_fd, char **ret_text)
{
	cleanup_free char *text = NULL;
	struct stat st;
	int n;

	if (fstat(claim_fd, &st) < 0)
		return -errno;
	if (st.st_size > CLAIM_MAX)
		return -EFBIG;
	text = malloc((size_t)st.st_size + 1);
	n = text ? file_read_at(claim_fd, text, (size_t)st.st_size, 0) : -ENOMEM;
	if (n < 0)
		return n;
	while (n > 0 && text[n - 1] != '\n')
		n--;
	text[n] = '\0';
	*ret_text = steal_ptr(text);
	return 0;
}

/* Whether the state directory that LINE names exists. */
static bool exists(const char *line, struct id_owner *ret_owner)
{
	struct id_owner owner = {0};
	struct stat st;
	int at = 0;

	*ret_owner = owner;
	if (sscanf(line, "%" SCNu64 " %" SCNu64 " %n", &owner.device, &owner.inode, &at) != 2 ||
		!at)
		return true;
	owner.path = line + at;
	if (stat(owner.path, &st) < 0)
		return errno != ENOENT && errno != ENOTDIR;
	if (st.st_dev != owner.device || st.st_ino != owner.inode)
		return false;
	*ret_owner = owner;
	return true;
}

bool id_owners_next(char **at, struct id_owner *ret_owner)
{
	char *line;

	while (*(line = *at + strspn(*at, " \n"))) {
		char *end = line + strcspn(line, "\n");

		*at = *end ? end + 1 : end;
		*end = '\0';
		if (exists(line, ret_owner))
			return true;
	}
	return false;
}

bool id_owners_any(char *text)
{
	struct id_owner owner;

	return id_owners_next(&text, &owner);
}

int id_owners_line(int state_fd, char **ret_line)
{
	char path[PATH_MAX];
	struct stat st;
	int r = file_path(state_fd, path);

	if (r < 0)
		return r;
	if (fstat(state_fd, &st) < 0)
		return -errno;
	if (strchr(path, '\n'))
		return -EINVAL;
	return asprintf(ret_line, "%ju %ju %s\n", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino,
		       path) < 0
		       ? -ENOMEM
		       : 0;
}

/* Whether a line stays: it is not WITHOUT, and its owner is not gone. */
static bool keep(const char *line, size_t length, const char *without)
{
	cleanup_free char *copy = strndup(line, length);
	struct id_owner owner;

	if (without && strlen(without) == length + 1 && !memcmp(line, without, length))
		return false;
	return !copy || exists(copy, &owner);
}

int id_owners_change(const char *text, const char *without, const char *with, char **ret_text)
{
	cleanup_free char *kept = malloc(strlen(text) + (with ? strlen(with) : 0) + 1);
	char *end = kept;
	size_t length;

	if (!kept)
		return -ENOMEM;
	for (const char *line = text; *(line += strspn(line, " \n")); line += length) {
		length = strcspn(line, "\n");
		if (!keep(line, length, without))
			continue;
		end = mempcpy(end, line, length);
		*end++ = '\n';
	}
	(void)strcpy(end, with ? with : "");
	*ret_text = steal_ptr(kept);
	return 0;
}
