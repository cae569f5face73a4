/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shim/log.h"
#include "shim/task.h"

#define DEFAULT_ROOT "/run/containerd/nacre"
#define KEPT "nacre-root"

static int set_root(struct options *options, const char *root, char text[static JOB_TEXT])
{
	const int n = snprintf(options->root, sizeof(options->root), "%s/%s", root, task_namespace);

	if (root[0] == '/' && n > 0 && (size_t)n < sizeof(options->root))
		return 0;
	(void)snprintf(
		text, JOB_TEXT, "options: Root: expected an absolute path, found \"%.200s\"", root);
	return -1;
}

static int take(const Wire__Options *from, struct options *to, char text[static JOB_TEXT])
{
	if (from->binary_name[0])
		log_warning("options: BinaryName %s has no effect: this is nacre's shim",
			from->binary_name);
	if (from->shim_cgroup[0])
		log_warning("options: ShimCgroup %s has no effect", from->shim_cgroup);
	to->systemd_cgroup = from->systemd_cgroup;
	to->no_pivot = from->no_pivot_root;
	to->no_new_keyring = from->no_new_keyring;
	return from->root[0] ? set_root(to, from->root, text) : 0;
}

int options_read(const Wire__Any *any, struct options *ret_options, char text[static JOB_TEXT])
{
	Wire__Options *message;
	int r = set_root(ret_options, DEFAULT_ROOT, text);

	ret_options->systemd_cgroup = ret_options->no_pivot = ret_options->no_new_keyring = false;
	if (r < 0 || !any || any->value.len == 0)
		return r;
	if (strcmp(any->type_url, "containerd.runc.v1.Options") != 0) {
		(void)snprintf(text, JOB_TEXT,
			"options of type \"%.200s\": expected containerd.runc.v1.Options",
			any->type_url);
		return -1;
	}
	message = message_read(&wire__options__descriptor, any->value.data, any->value.len);
	if (!message) {
		(void)snprintf(text, JOB_TEXT, "options: they cannot be read");
		return -1;
	}
	r = take(message, ret_options, text);
	message_free(message);
	return r;
}

int options_keep(const struct options *options, const char *bundle, char text[static JOB_TEXT])
{
	char path[PATH_MAX + 32];
	const size_t n = strlen(options->root);
	int fd, r;

	(void)snprintf(path, sizeof(path), "%s/" KEPT, bundle);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	r = fd >= 0 && write(fd, options->root, n) == (ssize_t)n ? 0 : -1;
	if (r < 0)
		(void)snprintf(text, JOB_TEXT, "write %.900s: %s", path, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return r;
}

int options_kept(const char *bundle, struct options *ret_options, char text[static JOB_TEXT])
{
	char path[PATH_MAX + 32];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/" KEPT, bundle);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return options_read(NULL, ret_options, text);
	n = fd >= 0 ? read(fd, ret_options->root, sizeof(ret_options->root) - 1) : -1;
	if (fd >= 0)
		(void)close(fd);
	if (n <= 0 || ret_options->root[0] != '/') {
		(void)snprintf(text, JOB_TEXT, "%.900s cannot be read", path);
		return -1;
	}
	ret_options->root[n] = '\0';
	return 0;
}
