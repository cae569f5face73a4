/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "specs/bwrap_sandbox.h"
#include "specs/mount_types.h"
#include "specs/path_text.h"

/* The operations become mounts, in their order. */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	OPTIONS_MOST = 6, /* of a mount */
	MOUNTS_OF_ONE = 4, /* of an operation */
};

/* NULL: out of memory. */
static struct oci_mount *add_mount(
	struct bwrap_sandbox *s, const char *type, const char *source, const char *destination)
{
	struct oci_mount *mount = &s->config->mounts[s->config->n_mounts++];

	*mount = (struct oci_mount){.destination = destination, .type = type, .source = source};
	mount->options.items = arena_array(s->arena, OPTIONS_MOST, sizeof(char *));
	return mount->options.items ? mount : NULL;
}

/* Its mounts keep the flags that they have on the host. The words are those of whole trees: words
 * for the top alone would take back what they do not name, as runc does. What the host mounts in it
 * later would come without them. */
static int add_bind(struct bwrap_sandbox *s, const struct bwrap_operation *operation)
{
	struct oci_mount *mount = add_mount(s, "bind", operation->source, operation->destination);

	if (!mount)
		return bwrap_fail_memory(s);
	if (operation->opened)
		s->config->nacre->judged[s->config->nacre->n_judged++] = *operation->opened;
	bwrap_add_word(&mount->options, "rbind");
	bwrap_add_word(&mount->options, "rnosuid");
	if (operation->kind != BWRAP_DEV_BIND)
		bwrap_add_word(&mount->options, "rnodev");
	if (operation->kind == BWRAP_RO_BIND)
		bwrap_add_word(&mount->options, "rro");
	bwrap_add_word(&mount->options, "rprivate");
	return 0;
}

static int add_mode(struct bwrap_sandbox *s, struct oci_mount *mount, int perms)
{
	const char *word = arena_printf(s->arena, "mode=%o", (unsigned)perms);

	if (!word)
		return bwrap_fail_memory(s);
	bwrap_add_word(&mount->options, word);
	return 0;
}

static int add_tmpfs(struct bwrap_sandbox *s, const char *destination, int perms)
{
	struct oci_mount *mount = add_mount(s, "tmpfs", "tmpfs", destination);

	if (!mount)
		return bwrap_fail_memory(s);
	bwrap_add_word(&mount->options, "nosuid");
	bwrap_add_word(&mount->options, "nodev");
	return add_mode(s, mount, perms < 0 ? 0755 : perms);
}

static int add_directory(struct bwrap_sandbox *s, const char *destination, int perms)
{
	struct oci_mount *mount = add_mount(s, MOUNT_DIRECTORY, NULL, destination);

	return mount ? add_mode(s, mount, perms < 0 ? 0755 : perms) : bwrap_fail_memory(s);
}

static int add_file(struct bwrap_sandbox *s, const struct bwrap_operation *operation)
{
	struct oci_mount *mount = add_mount(s, MOUNT_FILE, NULL, operation->destination);
	const char *data;

	data = arena_printf(s->arena, "data=%s", operation->data ? operation->data : "");
	if (!mount || !data)
		return bwrap_fail_memory(s);
	bwrap_add_word(&mount->options, "nosuid");
	bwrap_add_word(&mount->options, "nodev");
	bwrap_add_word(&mount->options, "ro");
	bwrap_add_word(&mount->options, data);
	return add_mode(s, mount, operation->perms < 0 ? 0600 : operation->perms);
}

static int add_remount(struct bwrap_sandbox *s, const struct bwrap_operation *operation)
{
	struct oci_mount *mount;

	if (strcmp(operation->destination, "/") == 0) {
		s->config->root->readonly = true;
		return 0;
	}
	mount = add_mount(s, "bind", operation->destination, operation->destination);
	if (!mount)
		return bwrap_fail_memory(s);
	bwrap_add_word(&mount->options, "remount");
	bwrap_add_word(&mount->options, "bind");
	bwrap_add_word(&mount->options, "ro");
	return 0;
}

/* What root could change the kernel with. For others these files are read-only as they are; and a
 * mount on them would forbid every procfs of a pid namespace that is made inside. */
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
	struct oci_mount *mount;

	mount = s->request->unshare_pid ? add_mount(s, "proc", "proc", destination)
					: add_mount(s, "bind", "/proc", destination);
	if (!mount)
		return bwrap_fail_memory(s);
	if (!s->request->unshare_pid)
		bwrap_add_word(&mount->options, "rbind");
	bwrap_add_word(&mount->options, s->request->unshare_pid ? "nosuid" : "rnosuid");
	bwrap_add_word(&mount->options, s->request->unshare_pid ? "noexec" : "rnoexec");
	bwrap_add_word(&mount->options, s->request->unshare_pid ? "nodev" : "rnodev");
	if (!s->request->unshare_pid)
		bwrap_add_word(&mount->options, "rprivate");
	return protect_proc(s, destination);
}

/* The devices in it are made as for every container. */
static int add_dev(struct bwrap_sandbox *s, const struct bwrap_operation *operation)
{
	struct oci_mount *mount;
	int r;

	if (strcmp(operation->destination, "/dev") != 0)
		return fail(s->err, EINVAL, "--dev %s: nacre-bwrap makes devices in /dev alone",
			operation->destination);
	mount = add_mount(s, "tmpfs", "tmpfs", "/dev");
	if (!mount)
		return bwrap_fail_memory(s);
	bwrap_add_word(&mount->options, "nosuid");
	r = add_mode(s, mount, 0755);
	mount = add_mount(s, "devpts", "devpts", "/dev/pts");
	if (r < 0 || !mount)
		return r < 0 ? r : bwrap_fail_memory(s);
	bwrap_add_word(&mount->options, "nosuid");
	bwrap_add_word(&mount->options, "noexec");
	bwrap_add_word(&mount->options, "newinstance");
	bwrap_add_word(&mount->options, "ptmxmode=0666");
	bwrap_add_word(&mount->options, "mode=0620");
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
				"--tmpfs /dev: nacre makes devices in it: give --dev /dev");
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

/* The operation that makes what is seen as "/": all before it lies under it. *RET_N: how many. */
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
			return fail(s->err, EINVAL, "%s /: that is the root of the sandbox",
				operation->option);
	}
	return 0;
}

/* The states of containers hold their environments. A name that leads there is hidden, and likewise
 * to the key of receipts, by whatever bind it is seen. */
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

/* These are made when all mounts are there, and would cover what --dev made room for. */
static int check_device(struct bwrap_sandbox *s, const struct bwrap_operation *operation)
{
	static const char *const nodes[] = {
		"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"};

	for (size_t i = 0; i < COUNT(nodes); i++)
		if (strcmp(operation->destination, nodes[i]) == 0 &&
			(operation->kind != BWRAP_DEV_BIND ||
				strcmp(operation->source, nodes[i]) != 0))
			return fail(s->err, EINVAL, "%s %s: --dev has made that device",
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
		/* The root is a tmpfs already, and there. */
		if (strcmp(operation->destination, "/") == 0 &&
			(operation->kind == BWRAP_TMPFS || operation->kind == BWRAP_DIRECTORY))
			continue;
		r = add_operation(s, operation);
		if (r == 0)
			r = hide_all(s, operation);
	}
	return r;
}
