/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/api/exec_process.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "specs/json.h"

static int append(struct arena *arena, struct oci_strings *list, const char *const *more,
	struct nacre_error *err)
{
	const char **items;
	size_t n = 0;

	while (more && more[n])
		n++;
	if (n == 0)
		return 0;
	items = arena_array(arena, list->n + n, sizeof(*items));
	if (!items)
		return fail_errno(err, ENOMEM, "exec");
	for (size_t i = 0; i < list->n; i++)
		items[i] = list->items[i];
	for (size_t i = 0; i < n; i++)
		items[list->n + i] = more[i];
	list->items = items;
	list->n += n;
	return 0;
}

/* The whole text must be decimal digits: CVE-2026-30892 read "1" as root, CVE-2016-3697 looked
 * numbers up as names. */
static int parse_id(const char *text, size_t length, uint32_t *ret_id)
{
	uint64_t value = 0;

	if (length == 0 || length > 10)
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	/* setresuid(2) takes (uid_t)-1 as "leave unchanged". */
	if (value >= UINT32_MAX)
		return -ERANGE;
	*ret_id = (uint32_t)value;
	return 0;
}

static int add_groups(struct arena *arena, const char *const *gids, struct oci_user *user,
	struct nacre_error *err)
{
	uint32_t *all;
	size_t n = 0;

	while (gids && gids[n])
		n++;
	if (n == 0)
		return 0;
	all = arena_array(arena, user->n_additional_gids + n, sizeof(*all));
	if (!all)
		return fail_errno(err, ENOMEM, "exec");
	for (size_t i = 0; i < user->n_additional_gids; i++)
		all[i] = user->additional_gids[i];
	for (size_t i = 0; i < n; i++)
		if (parse_id(gids[i], strlen(gids[i]), &all[user->n_additional_gids + i]) < 0)
			return fail(err, EINVAL,
				"--additional-gids \"%s\": expected a decimal number", gids[i]);
	user->additional_gids = all;
	user->n_additional_gids += n;
	return 0;
}

/* Members that are not given stay as in the container, like in runc. */
static int set_user(struct arena *arena, const struct nacre_exec_options *options,
	struct oci_user *user, struct nacre_error *err)
{
	const char *text = options->user;

	if (text) {
		const char *colon = strchr(text, ':');
		size_t uid_length = colon ? (size_t)(colon - text) : strlen(text);

		if (parse_id(text, uid_length, &user->uid) < 0 ||
			(colon && parse_id(colon + 1, strlen(colon + 1), &user->gid) < 0))
			return fail(err, EINVAL,
				"--user \"%s\": expected UID or UID:GID as decimal numbers", text);
	}
	return add_groups(arena, options->additional_gids, user, err);
}

static int add_capabilities(struct arena *arena, const char *const *caps,
	struct oci_process *process, struct nacre_error *err)
{
	struct oci_capabilities *sets = process->capabilities;
	int r;

	if (!caps || !caps[0])
		return 0;
	if (!sets)
		sets = arena_alloc(arena, sizeof(*sets));
	if (!sets)
		return fail_errno(err, ENOMEM, "exec");
	process->capabilities = sets;
	/* Capabilities are never added to the inheritable set (CVE-2022-29162), so to the ambient
	 * set only if the config has inheritable ones. */
	r = append(arena, &sets->bounding, caps, err);
	if (r == 0)
		r = append(arena, &sets->permitted, caps, err);
	if (r == 0 && sets->inheritable.n)
		r = append(arena, &sets->ambient, caps, err);
	return r < 0 ? r : append(arena, &sets->effective, caps, err);
}

/* Properties that a container has as well as a process come from the container if they are absent,
 * like in runc. An empty object is not absent. */
static void take_from_container(const struct oci_process *container, struct oci_process *process)
{
	if (!process->capabilities)
		process->capabilities = container->capabilities;
	if (!process->n_rlimits) {
		process->rlimits = container->rlimits;
		process->n_rlimits = container->n_rlimits;
	}
	if (!process->apparmor_profile)
		process->apparmor_profile = container->apparmor_profile;
	if (!process->selinux_label)
		process->selinux_label = container->selinux_label;
	if (!process->scheduler)
		process->scheduler = container->scheduler;
	if (!process->io_priority)
		process->io_priority = container->io_priority;
	if (!process->exec_cpu_affinity)
		process->exec_cpu_affinity = container->exec_cpu_affinity;
}

static int read_process_file(const struct container *c, const struct oci_process *container,
	const struct nacre_exec_options *options, struct oci_process **ret_process,
	struct nacre_error *err)
{
	const char *path = options->process_file;
	/* The caller chooses the file, like stdin: it may be a symlink, or a pipe that a shell
	 * names /dev/fd/63. */
	cleanup_close int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	cleanup_free char *text = NULL;
	struct oci_part part = {
		.name = path, .warn = c->callbacks->warn, .data = c->callbacks->data};
	int r;

	if (fd < 0)
		return fail_errno(err, errno, "open %s", path);
	r = file_read_fd(fd, path, JSON_MAX_BYTES, &text, &part.length, err);
	if (r < 0)
		return r;
	part.text = text;
	r = oci_process_decode(c->arena, &part, ret_process, err);
	if (r < 0)
		return r;
	(*ret_process)->terminal |= options->terminal;
	take_from_container(container, *ret_process);
	return 0;
}

/* Copies the container's own process with the changes of the options. */
static int make_process(struct arena *arena, const struct oci_process *container,
	const struct nacre_exec_options *options, struct oci_process **ret_process,
	struct nacre_error *err)
{
	struct oci_process *process;
	int r;

	r = oci_process_copy(arena, container, &process, err);
	if (r < 0)
		return r;
	process->args = (struct oci_strings){.n = 0};
	process->terminal = options->terminal;
	process->console_size = NULL;
	if (options->cwd)
		process->cwd = options->cwd;
	if (options->apparmor)
		process->apparmor_profile = options->apparmor;
	if (options->process_label)
		process->selinux_label = options->process_label;
	if (options->no_new_privs)
		process->no_new_privileges = true;
	r = append(arena, &process->args, options->args, err);
	if (r >= 0)
		r = append(arena, &process->env, options->env, err);
	if (r >= 0)
		r = add_capabilities(arena, options->caps, process, err);
	if (r >= 0)
		r = set_user(arena, options, &process->user, err);
	if (r < 0)
		return r;
	*ret_process = process;
	return 0;
}

int exec_process_make(const struct container *c, const struct nacre_exec_options *options,
	struct oci_process **ret_process, struct nacre_error *err)
{
	return options->process_file
		       ? read_process_file(c, c->config->process, options, ret_process, err)
		       : make_process(c->arena, c->config->process, options, ret_process, err);
}
