/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "specs/bwrap_sandbox.h"
#include "specs/config_parts.h"
#include "specs/mount_types.h"
#include "specs/path_text.h"

/* Turns the operations into mounts, in their order. */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	MOUNTS_OF_ONE = 4, /* per operation */
};

static int add_mount(struct bwrap_sandbox *s, const char *type, const char *source,
	const char *destination, const char *const *options, size_t n)
{
	return config_add_mount(s->arena, s->config, type, source, destination, options, n) < 0
		       ? bwrap_fail_memory(s)
		       : 0;
}

/* Adds a bind, whose mounts keep the flags that they have on the host. The options are those for
 * whole trees: options for the top mount alone would clear flags that they do not name, as in runc.
 * Mounts that the host makes in it later come without these flags. */
static int add_bind(struct bwrap_sandbox *s, const struct bwrap_operation *operation)
{
	const char *options[5] = {"rbind", "rnosuid"};
	size_t n = 2;

	if (operation->opened)
		s->config->nacre->judged[s->config->nacre->n_judged++] = *operation->opened;
	if (operation->kind != BWRAP_DEV_BIND)
		options[n++] = "rnodev";
	if (operation->kind == BWRAP_RO_BIND)
		options[n++] = "rro";
	options[n++] = "rprivate";
	return add_mount(s, "bind", operation->source, operation->destination, options, n);
}

/* Adds the mode to OPTIONS, which has room for it. */
static int add_with_mode(struct bwrap_sandbox *s, const char *type, const char *source,
	const char *destination, int perms, const char **options, size_t n)
{
	options[n] = arena_printf(s->arena, "mode=%o", (unsigned)perms);
	if (!options[n])
		return bwrap_fail_memory(s);
	return add_mount(s, type, source, destination, options, n + 1);
}

static int add_tmpfs(struct bwrap_sandbox *s, const char *destination, int perms)
{
	const char *options[3] = {"nosuid", "nodev"};

	return add_with_mode(
		s, "tmpfs", "tmpfs", destination, perms < 0 ? 0755 : perms, options, 2);
}

static int add_directory(struct bwrap_sandbox *s, const char *destination, int perms)
{
	const char *options[1];

	return add_with_mode(
		s, MOUNT_DIRECTORY, NULL, destination, perms < 0 ? 0755 : perms, options, 0);
}

static int add_file(struct bwrap_sandbox *s, const struct bwrap_operation *operation)
{
	const char *options[5] = {"nosuid", "nodev", "ro"};

	options[3] = arena_printf(s->arena, "data=%s", operation->data ? operation->data : "");
	if (!options[3])
		return bwrap_fail_memory(s);
	return add_with_mode(s, MOUNT_FILE, NULL, operation->destination,
		operation->perms < 0 ? 0600 : operation->perms, options, 4);
}

static int add_remount(struct bwrap_sandbox *s, const struct bwrap_operation *operation)
{
	static const char *const options[] = {"remount", "bind", "ro"};

	if (strcmp(operation->destination, "/") == 0) {
		s->config->root->readonly = true;
		return 0;
	}
	return add_mount(
		s, "bind", operation->destination, operation->destination, options, COUNT(options));
}

/* Protects files through which root could change the kernel. For others these files are read-only
 * anyway, and a mount on them would forbid to mount a procfs in a pid namespace that is made
 * inside. */
static int protect_proc(struct bwrap_sandbox *s, const char *destination)
{
	static const char *const names[] = {"sys", "sysrq-trigger", "irq", "bus"};
	struct oci_strings *paths = &s->config->linux_->readonly_paths;

	if (s->host->uid != 0)
		return 0;
	for (size_t i = 0; i < COUNT(names); i++) {
		const char *path = arena_printf(s->arena, "%s/%s", destination, names[i]);

		if (!path)
			return bwrap_fail_memory(s);
		bwrap_add_word(paths, path);
	}
	return 0;
}

static int add_proc(struct bwrap_sandbox *s, const char *destination)
{
	static const char *const of_new[] = {"nosuid", "noexec", "nodev"};
	static const char *const of_bind[] = {"rbind", "rnosuid", "rnoexec", "rnodev", "rprivate"};
	int r = s->request->unshare_pid
			? add_mount(s, "proc", "proc", destination, of_new, COUNT(of_new))
			: add_mount(s, "bind", "/proc", destination, of_bind, COUNT(of_bind));

	return r < 0 ? r : protect_proc(s, destination);
}

/* The devices in it are made as in every container. */
static int add_dev(struct bwrap_sandbox *s, const struct bwrap_operation *operation)
{
	static const char *const options[] = {"nosuid", "mode=755"};
	static const char *const of_terminals[] = {
		"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"};
	int r;

	if (strcmp(operation->destination, "/dev") != 0)
		return fail(s->err, EINVAL,
			"--dev %s: nacre-bwrap makes devices only in /dev; use --dev /dev",
			operation->destination);
	r = add_mount(s, "tmpfs", "tmpfs", "/dev", options, COUNT(options));
	if (r == 0)
		r = add_mount(s, "devpts", "devpts", "/dev/pts", of_terminals, COUNT(of_terminals));
	if (r == 0)
		r = add_directory(s, "/dev/shm", 0755);
	if (r < 0 || !s->host->terminal)
		return r;
	return add_bind(s, &(struct bwrap_operation){.kind = BWRAP_DEV_BIND,
				   .source = s->host->terminal,
				   .destination = "/dev/console"});
}

static int add_operation(struct bwrap_sandbox *s, const struct bwrap_operation *operation)
{
	switch (operation->kind) {
	case BWRAP_FILE:
		return add_file(s, operation);
	case BWRAP_DIRECTORY:
		return add_directory(s, operation->destination, operation->perms);
	case BWRAP_TMPFS:
		if (strcmp(operation->destination, "/dev") == 0)
			return fail(s->err, EINVAL,
				"--tmpfs /dev: nacre-bwrap makes the devices in /dev itself; use "
				"--dev /dev");
		return add_tmpfs(s, operation->destination, operation->perms);
	case BWRAP_PROC:
		return add_proc(s, operation->destination);
	case BWRAP_DEV:
		return add_dev(s, operation);
	case BWRAP_REMOUNT_RO:
		return add_remount(s, operation);
	default:
		return add_bind(s, operation);
	}
}

static bool is_bind(const struct bwrap_operation *operation)
{
	return operation->kind == BWRAP_BIND || operation->kind == BWRAP_RO_BIND ||
	       operation->kind == BWRAP_DEV_BIND;
}

/* Finds the operation that makes "/": all operations before it are hidden by it. *RET_N: how many
 * these are. */
static int find_root(struct bwrap_sandbox *s, size_t *ret_n)
{
	const struct bwrap_request *request = s->request;

	*ret_n = 0;
	for (size_t i = 0; i < request->n_operations; i++) {
		const struct bwrap_operation *operation = &request->operations[i];

		if (strcmp(operation->destination, "/") != 0)
			continue;
		if (is_bind(operation) || operation->kind == BWRAP_TMPFS)
			*ret_n = i;
		else if (operation->kind != BWRAP_REMOUNT_RO && operation->kind != BWRAP_DIRECTORY)
			return fail(s->err, EINVAL,
				"%s /: this option cannot make the root of the sandbox; use "
				"--bind, --ro-bind or --tmpfs",
				operation->option);
	}
	return 0;
}

/* Hides the states of containers, which contain their environments, and likewise the key of
 * receipts, in any bind that shows them. */
static int hide(
	struct bwrap_sandbox *s, const struct bwrap_operation *operation, const char *hidden)
{
	const char *rest, *path;

	if (!path_within(hidden, operation->source))
		return 0;
	rest = strcmp(operation->source, "/") ? hidden + strlen(operation->source) : hidden;
	path = arena_printf(s->arena, "%s%s",
		strcmp(operation->destination, "/") ? operation->destination : "", rest);
	if (!path)
		return bwrap_fail_memory(s);
	bwrap_add_word(&s->config->linux_->masked_paths, path);
	return 0;
}

static int hide_all(struct bwrap_sandbox *s, const struct bwrap_operation *operation)
{
	const struct oci_strings *hidden = &s->host->hidden;
	int r = 0;

	for (size_t i = 0; is_bind(operation) && i < hidden->n && r == 0; i++)
		r = hide(s, operation, hidden->items[i]);
	return r;
}

/* Refuses an operation on a device of --dev: these devices are made after all mounts, and would
 * cover it. */
static int check_device(struct bwrap_sandbox *s, const struct bwrap_operation *operation)
{
	static const char *const nodes[] = {
		"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"};

	for (size_t i = 0; i < COUNT(nodes); i++)
		if (strcmp(operation->destination, nodes[i]) == 0 &&
			(operation->kind != BWRAP_DEV_BIND ||
				strcmp(operation->source, nodes[i]) != 0))
			return fail(s->err, EINVAL,
				"%s %s: --dev makes this device already; leave this option out",
				operation->option, nodes[i]);
	return 0;
}

static int clean_destinations(struct bwrap_sandbox *s)
{
	char clean[PATH_TEXT_MAX];

	for (size_t i = 0; i < s->request->n_operations; i++) {
		struct bwrap_operation *operation = &s->request->operations[i];

		if (path_clean(operation->destination, clean) < 0)
			return fail_errno(s->err, ENAMETOOLONG, "%s", operation->option);
		operation->destination = arena_strdup(s->arena, clean);
		if (!operation->destination)
			return bwrap_fail_memory(s);
	}
	return 0;
}

int bwrap_make_mounts(struct bwrap_sandbox *s)
{
	const struct bwrap_request *request = s->request;
	const size_t n = request->n_operations;
	struct oci_linux *linux_ = s->config->linux_;
	size_t first = 0;
	bool has_dev = false;
	int r = clean_destinations(s);

	s->config->mounts = arena_array(
		s->arena, MOUNTS_OF_ONE * n + 1, sizeof(*s->config->mounts));
	s->config->nacre->judged = arena_array(s->arena, n + 1, sizeof(*s->config->nacre->judged));
	linux_->readonly_paths.items = arena_array(s->arena, 4 * n + 1, sizeof(char *));
	linux_->masked_paths.items = arena_array(
		s->arena, s->host->hidden.n * n + 1, sizeof(char *));
	if (!s->config->mounts || !s->config->nacre->judged || !linux_->readonly_paths.items ||
		!linux_->masked_paths.items)
		return bwrap_fail_memory(s);
	if (r == 0)
		r = find_root(s, &first);
	for (size_t i = first; i < n && r == 0; i++) {
		const struct bwrap_operation *operation = &request->operations[i];

		has_dev = has_dev || operation->kind == BWRAP_DEV;
		r = has_dev ? check_device(s, operation) : 0;
		if (r < 0)
			break;
		/* The root is a tmpfs already. */
		if (strcmp(operation->destination, "/") == 0 &&
			(operation->kind == BWRAP_TMPFS || operation->kind == BWRAP_DIRECTORY))
			continue;
		r = add_operation(s, operation);
		if (r == 0)
			r = hide_all(s, operation);
	}
	return r;
}
