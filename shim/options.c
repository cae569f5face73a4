/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/log.h"
#include "shim/small_file.h"
#include "shim/task.h"
#include "shim/toml_line.h"

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

static int set_shim_cgroup(struct options *options, const char *path, char text[static JOB_TEXT])
{
	const int n = snprintf(options->shim_cgroup, sizeof(options->shim_cgroup), "%s", path);

	if (!path[0] || (path[0] == '/' && n > 0 && (size_t)n < sizeof(options->shim_cgroup)))
		return 0;
	(void)snprintf(text, JOB_TEXT,
		"options: ShimCgroup: expected an absolute path, found \"%.200s\"", path);
	return -1;
}

/* Warns of an option that has no effect, unless it has its default value. */
static void warn_of(const char *name, const char *value)
{
	if (value[0] && strcmp(value, "0") != 0 && strcmp(value, "false") != 0)
		log_warning("options: %s %s has no effect with nacre's shim", name, value);
}

static int take_runc(const void *message, struct options *to, char text[static JOB_TEXT])
{
	const Wire__Options *from = message;

	warn_of("BinaryName", from->binary_name);
	warn_of("CriuImagePath", from->criu_image_path);
	warn_of("CriuWorkPath", from->criu_work_path);
	if (from->io_uid || from->io_gid)
		log_warning("options: IoUid and IoGid have no effect with nacre's shim");
	to->systemd_cgroup = from->systemd_cgroup;
	to->no_pivot = from->no_pivot_root;
	to->no_new_keyring = from->no_new_keyring;
	if (set_shim_cgroup(to, from->shim_cgroup, text) < 0)
		return -1;
	return from->root[0] ? set_root(to, from->root, text) : 0;
}

static int take_create(const void *message, struct options *to, char text[static JOB_TEXT])
{
	const Wire__CreateOptions *from = message;

	(void)text;
	to->no_pivot = from->no_pivot_root;
	to->no_new_keyring = from->no_new_keyring;
	return 0;
}

/* Takes one line KEY = VALUE, as containerd writes its own table. */
static int take_line(char *line, struct options *to, char text[static JOB_TEXT])
{
	const struct {
		const char *key;
		bool *value;
	} switches[] = {
		{"SystemdCgroup", &to->systemd_cgroup},
		{"NoPivotRoot", &to->no_pivot},
		{"NoNewKeyring", &to->no_new_keyring},
	};
	const char *key, *value;
	const int r = toml_line_read(line, &key, &value);

	if (r < 0)
		(void)snprintf(
			text, JOB_TEXT, "options: expected KEY = VALUE, found \"%.200s\"", line);
	if (r <= 0)
		return r;
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		if (strcmp(key, switches[i].key) != 0)
			continue;
		*switches[i].value = strcmp(value, "true") == 0;
		if (*switches[i].value || strcmp(value, "false") == 0)
			return 0;
		(void)snprintf(text, JOB_TEXT,
			"options: %s: expected true or false, found \"%.200s\"", key, value);
		return -1;
	}
	if (strcmp(key, "Root") == 0)
		return value[0] ? set_root(to, value, text) : 0;
	if (strcmp(key, "ShimCgroup") == 0)
		return set_shim_cgroup(to, value, text);
	warn_of(key, value);
	return 0;
}

static int take_config(const void *message, struct options *to, char text[static JOB_TEXT])
{
	const Wire__ConfigOptions *from = message;
	char *body = strndup((const char *)from->config_body.data, from->config_body.len);
	char *save = NULL;
	int r = body ? 0 : -1;

	if (!body)
		(void)snprintf(text, JOB_TEXT, "options: out of memory");
	if (from->config_path[0])
		log_warning("options: ConfigPath %s has no effect", from->config_path);
	for (char *line = body ? strtok_r(body, "\n", &save) : NULL; line && r == 0;
		line = strtok_r(NULL, "\n", &save))
		r = take_line(line, to, text);
	free(body);
	return r;
}

typedef int take_fn(const void *message, struct options *to, char text[static JOB_TEXT]);

static const struct {
	const char *name;
	const ProtobufCMessageDescriptor *type;
	take_fn *take;
} types[] = {
	/* clang-format off */
	{"containerd.runc.v1.Options", &wire__options__descriptor, take_runc},
	{"containerd.linux.runc.CreateOptions", &wire__create_options__descriptor, take_create},
	{"runtimeoptions.v1.Options", &wire__config_options__descriptor, take_config},
	/* clang-format on */
};

int options_read(const Wire__Any *any, struct options *ret_options, char text[static JOB_TEXT])
{
	int r = set_root(ret_options, DEFAULT_ROOT, text);

	ret_options->shim_cgroup[0] = '\0';
	ret_options->systemd_cgroup = ret_options->no_pivot = ret_options->no_new_keyring = false;
	if (r < 0 || !any || any->value.len == 0)
		return r;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		void *message;

		if (strcmp(any->type_url, types[i].name) != 0)
			continue;
		message = message_read(types[i].type, any->value.data, any->value.len);
		if (message)
			r = types[i].take(message, ret_options, text);
		message_free(message);
		if (message)
			return r;
	}
	(void)snprintf(
		text, JOB_TEXT, "options of type \"%.200s\" are unknown or damaged", any->type_url);
	return -1;
}

int options_keep(const struct options *options, const char *bundle, char text[static JOB_TEXT])
{
	char path[PATH_MAX + 32];
	int r;

	(void)snprintf(path, sizeof(path), "%s/" KEPT, bundle);
	r = small_file_write(path, options->root, strlen(options->root));
	if (r < 0)
		(void)snprintf(text, JOB_TEXT, "write %.900s: %s", path, strerror(-r));
	return r < 0 ? -1 : 0;
}

int options_kept(const char *bundle, struct options *ret_options, char text[static JOB_TEXT])
{
	char path[PATH_MAX + 32];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/" KEPT, bundle);
	n = small_file_read(AT_FDCWD, path, ret_options->root, sizeof(ret_options->root));
	if (n == -ENOENT)
		return options_read(NULL, ret_options, text);
	if (n <= 0 || ret_options->root[0] != '/') {
		(void)snprintf(text, JOB_TEXT, "%.900s cannot be read", path);
		return -1;
	}
	return 0;
}
