/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/commands.h"
#include "specs/error.h"

#define CONFIG_FILE "config.json"

const struct option_row spec_rows[] = {
	/* clang-format off */
	{"bundle", 'b', TEXT(create.bundle), "DIR", "the bundle; default: the working directory"},
	{"rootless", 0, FLAG(rootless_config), NULL, "for a caller who is not root"},
	{"profile", 0, TEXT(create.profile), "oci|nested|agent|strict", "the profile; default: the policy's, or agent"},
	{NULL},
	/* clang-format on */
};

static int file_write_all(int fd, const char *text, struct nacre_error *err)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t n = write(fd, text, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(err, errno, "write " CONFIG_FILE);
		text += n;
		left -= (size_t)n;
	}
	return 0;
}

/* Uses O_EXCL, which follows no link and overwrites nothing, whoever else writes to the bundle. */
static int write_config(int dir, const char *json, struct nacre_error *err)
{
	int fd = openat(dir, CONFIG_FILE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	int r;

	if (fd < 0 && errno == EEXIST)
		return fail(err, EEXIST, "file " CONFIG_FILE " exists. Remove it first");
	if (fd < 0)
		return fail_errno(err, errno, "create " CONFIG_FILE);
	r = file_write_all(fd, json, err);
	if (close(fd) < 0 && r == 0)
		r = fail_errno(err, errno, "write " CONFIG_FILE);
	if (r < 0)
		(void)unlinkat(dir, CONFIG_FILE, 0);
	return r;
}

int command_spec(struct invocation *in, struct nacre_error *err)
{
	const char *bundle = in->create.bundle ? in->create.bundle : ".";
	int dir = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *json = NULL;
	int r;

	if (dir < 0)
		return fail_errno(err, errno, "bundle: open %s", bundle);
	r = nacre_default_config(in->rootless_config, in->create.profile, &json, err);
	if (r >= 0)
		r = write_config(dir, json, err);
	free(json);
	(void)close(dir);
	return r;
}
