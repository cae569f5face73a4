/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/api/nacre.h"
#include "libcontainer/api/options.h"
#include "libcontainer/api/sandbox_limits.h"
#include "libcontainer/api/sandbox_paths.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/mount/mount_fs.h"
#include "libcontainer/namespace/idmap.h"
#include "specs/path_text.h"
#include "specs/sandbox.h"
#include "specs/workspace_request.h"

extern char **environ;

/* Collects what a sandbox needs of the host and the caller. The host's paths are listed in
 * specs/sandbox.c; the caller gives the others. */

enum {
	PASSWD_MAX = 16 * 1024 * 1024, /* bytes */
	PASSWD_HOME = 5, /* index of the field */
};

/* --- homes --- */

static const char *field(const char *line, unsigned n, size_t *ret_length)
{
	for (; n > 0 && *line != '\n' && *line; line++)
		n -= *line == ':';
	*ret_length = strcspn(line, ":\n");
	return line;
}

/* Adds the path as written, and its real path. */
static int add_home(
	struct arena *arena, const char *home, struct oci_strings *homes, struct nacre_error *err)
{
	char clean[PATH_TEXT_MAX], real[PATH_MAX];

	if (path_clean(home, clean) < 0 || !strcmp(clean, "/") || oci_strings_have(homes, clean))
		return 0;
	homes->items[homes->n] = arena_strdup(arena, clean);
	if (!homes->items[homes->n++])
		return fail_errno(err, ENOMEM, "homes");
	if (!realpath(clean, real) || !strcmp(real, clean) || !strcmp(real, "/"))
		return 0;
	homes->items[homes->n] = arena_strdup(arena, real);
	return homes->items[homes->n++] ? 0 : fail_errno(err, ENOMEM, "homes");
}

/* Lists the homes of /etc/passwd and the caller's. Users that only a directory service knows have
 * homes beside these, or are the caller. */
static int list_homes(struct arena *arena, const char *own, struct oci_strings *ret_homes,
	struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	struct oci_strings homes = {.n = 0};
	size_t lines = 1;
	int r = file_read(AT_FDCWD, "/etc/passwd", PASSWD_MAX, &text, NULL, err);

	if (r < 0 && r != -ENOENT)
		return r;
	for (const char *c = text; c && *c; c++)
		lines += *c == '\n';
	homes.items = arena_array(arena, 2 * (lines + 1), sizeof(*homes.items));
	if (!homes.items)
		return fail_errno(err, ENOMEM, "/etc/passwd");
	r = own ? add_home(arena, own, &homes, err) : 0;
	for (const char *line = text; r == 0 && line && *line;
		line += strcspn(line, "\n"), line += !!*line) {
		size_t n;
		const char *home = field(line, PASSWD_HOME, &n);

		if (n < 2 || *home != '/')
			continue;
		home = arena_strndup(arena, home, n);
		r = home ? add_home(arena, home, &homes, err)
			 : fail_errno(err, ENOMEM, "/etc/passwd");
	}
	*ret_homes = homes;
	return r;
}

/* --- paths --- */

/* Resolves the paths that are visible. */
static int resolve_all(struct arena *arena, struct sandbox_request *request, const char *option,
	const char *const *paths, struct sandbox_entry **ret_entries, size_t *ret_n,
	struct nacre_error *err)
{
	const size_t n = options_count(paths);
	struct sandbox_entry *entries;
	int r = 0;

	entries = arena_array(arena, n, sizeof(*entries));
	if (n && !entries)
		return fail_errno(err, ENOMEM, "%s", option);
	for (size_t i = 0; i < n && r == 0; i++) {
		struct oci_judged *object = &request->judged[request->n_judged++];

		r = sandbox_resolve(arena, request->directory, option, paths[i], object,
			&entries[i].directory, err);
		entries[i].path = object->path;
	}
	*ret_entries = entries;
	*ret_n = n;
	return r;
}

/* Leaves out paths of the list that are missing or are dangling symlinks. FOLLOW: a symlink is
 * followed and not shown as a symlink. */
static int look_at_list(
	const char *const *list, bool follow, struct sandbox_host *host, struct nacre_error *err)
{
	for (const char *const *path = list; *path; path++) {
		struct stat st, target;

		if (lstat(*path, &st) < 0 || (S_ISLNK(st.st_mode) && stat(*path, &target) < 0)) {
			if (errno == ENOENT || errno == ENOTDIR || errno == EACCES)
				continue;
			return fail_errno(err, errno, "stat %s", *path);
		}
		host->entries[host->n_entries++] = (struct sandbox_entry){
			*path, S_ISDIR(st.st_mode), S_ISLNK(st.st_mode) && !follow};
	}
	return 0;
}

static int look_at_host(struct arena *arena, struct sandbox_host *host, struct nacre_error *err)
{
	const char *home = getenv("HOME");
	int r;

	host->environment.items = (const char **)environ;
	host->environment.n = options_count(host->environment.items);
	host->uid = geteuid();
	host->gid = getegid();
	host->home = home && *home == '/' ? home : NULL;
	host->entries = arena_array(arena,
		options_count(sandbox_paths) + options_count(sandbox_network_paths),
		sizeof(*host->entries));
	if (!host->entries)
		return fail_errno(err, ENOMEM, "sandbox");
	r = idmap_is_host_root(err);
	if (r < 0)
		return r;
	host->root = r > 0;
	r = look_at_list(sandbox_paths, false, host, err);
	return r < 0 ? r : look_at_list(sandbox_network_paths, true, host, err);
}

/* Looks whether the program gets a file of the host as stdin, which it may only read. */
static int look_at_stdin(bool terminal, struct sandbox_host *host, struct nacre_error *err)
{
	const int flags = fcntl(STDIN_FILENO, F_GETFL);
	struct stat st;

	if (terminal || (flags < 0 && errno == EBADF))
		return 0;
	if (flags < 0 || fstat(STDIN_FILENO, &st) < 0)
		return fail_errno(err, errno, "stat stdin");
	host->reads_file = (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode)) &&
			   (flags & O_ACCMODE) == O_RDONLY;
	return 0;
}

/* --- what is hidden --- */

/* Hides the hidden paths of SOURCE under their names in DESTINATION. N: number of hidden paths that
 * the caller gave. */
static int hide_in(struct arena *arena, const char *source, const char *destination, size_t n,
	struct sandbox_request *request, struct nacre_error *err)
{
	if (!strcmp(source, destination))
		return 0;
	for (size_t i = 0; i < n; i++) {
		struct oci_judged hidden = request->hide[i];

		if (path_within(source, hidden.path))
			return fail(err, EINVAL,
				"--hide %s: %s lies in it, which is to be shown on %s", hidden.path,
				source, destination);
		if (!path_within(hidden.path, source))
			continue;
		hidden.name = arena_printf(
			arena, "%s%s", destination, hidden.path + strlen(source));
		if (!hidden.name)
			return fail_errno(err, ENOMEM, "--hide");
		request->hide[request->n_hide++] = hidden;
	}
	return 0;
}

/* Hides, below paths of the host that are followed, what is hidden under another name. */
static int hide_entry(struct arena *arena, const char *path, size_t n,
	struct sandbox_request *request, struct nacre_error *err)
{
	struct oci_judged shown;
	bool directory;
	int r = sandbox_resolve(arena, NULL, "--hide", path, &shown, &directory, err);

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct oci_judged *hidden = &request->hide[i];

		if (path_within(path, hidden->path))
			return 0;
		if (!path_within(shown.path, hidden->path) &&
			(shown.device != hidden->device || shown.inode != hidden->inode))
			continue;
		shown.name = path;
		request->hide[request->n_hide++] = shown;
		return 0;
	}
	return r < 0 ? r : hide_in(arena, shown.path, path, n, request, err);
}

static int take_hidden(struct arena *arena, const char *const *paths,
	const struct sandbox_host *host, struct sandbox_request *request, struct nacre_error *err)
{
	const size_t n = options_count(paths);
	bool directory;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = sandbox_resolve(arena, request->directory, "--hide", paths[i],
			&request->hide[request->n_hide++], &directory, err);
	for (size_t i = 0; i < host->n_entries && r == 0; i++)
		if (n && !host->entries[i].link)
			r = hide_entry(arena, host->entries[i].path, n, request, err);
	return r;
}

/* --- */

/* Allocates memory for everything. A hidden path may occur in each workspace and path as well. */
static int make_room(struct arena *arena, const struct nacre_sandbox_options *options,
	const struct sandbox_host *host, struct sandbox_request *request, struct nacre_error *err)
{
	const size_t n_workspaces = options_count(options->workspaces);
	const size_t n_hidden = options_count(options->hide) * (n_workspaces + host->n_entries + 1);
	const size_t n = options_count(options->read) + options_count(options->write) +
			 n_workspaces + 1;

	request->judged = arena_array(arena, n, sizeof(*request->judged));
	request->hide = arena_array(arena, n_hidden + 1, sizeof(*request->hide));
	request->workspaces.items = arena_array(arena, n_workspaces + 1, sizeof(char *));
	return request->judged && request->hide && request->workspaces.items
		       ? 0
		       : fail_errno(err, ENOMEM, "sandbox");
}

static int take_request(struct arena *arena, const struct nacre_sandbox_options *options,
	const struct sandbox_host *host, struct sandbox_request *request, struct nacre_error *err)
{
	int r = options_copy_list(arena, options->args, &request->args, err);

	if (r == 0 && request->args.n == 0)
		r = fail(err, EINVAL, "sandbox: a command is missing");
	if (r == 0)
		r = options_copy_list(arena, options->env, &request->env, err);
	if (r == 0)
		r = make_room(arena, options, host, request, err);
	if (r == 0)
		r = resolve_all(arena, request, "--read", options->read, &request->read,
			&request->n_read, err);
	if (r == 0)
		r = resolve_all(arena, request, "--write", options->write, &request->write,
			&request->n_write, err);
	return r < 0 ? r : take_hidden(arena, options->hide, host, request, err);
}

/* --- workspaces --- */

/* Checks a workspace of the list, and chooses where the program begins. N_HIDE: N of hide_in. */
static int look_at_workspace(struct arena *arena, const char *word, const char *here, size_t n_hide,
	const struct oci_strings *homes, struct sandbox_request *request, struct nacre_error *err)
{
	struct oci_judged *source = &request->judged[request->n_judged++];
	struct workspace_request workspace;
	bool directory;
	int r = workspace_request_parse(arena, word, here, &workspace, err);

	if (r == 0)
		r = sandbox_resolve(
			arena, here, "--workspace", workspace.source, source, &directory, err);
	if (r == 0)
		r = sandbox_check_directory(source->path, homes, err);
	if (r == 0)
		r = hide_in(arena, source->path, workspace.destination, n_hide, request, err);
	if (r < 0)
		return r;
	source->name = workspace.source;
	request->workspaces.items[request->workspaces.n++] = workspace.destination;
	if (request->workspaces.n == 1 || path_within(here, workspace.destination))
		request->directory = path_within(here, workspace.destination)
					     ? here
					     : workspace.destination;
	return 0;
}

/* HERE: the working directory. */
static int look_at_workspaces(struct arena *arena, const struct nacre_sandbox_options *options,
	const struct oci_judged *here, const struct oci_strings *homes,
	struct sandbox_request *request, struct nacre_error *err)
{
	const char *const *list = options->workspaces;
	const size_t n_hide = options_count(options->hide);
	int r;

	request->copy = !list || !list[0];
	if (request->copy) {
		request->judged[request->n_judged++] = *here;
		r = sandbox_check_directory(here->path, homes, err);
		return r < 0 ? r : sandbox_check_unnamed(here->path, homes, err);
	}
	r = 0;
	for (size_t i = 0; list[i] && r == 0; i++)
		r = look_at_workspace(arena, list[i], here->path, n_hide, homes, request, err);
	return r;
}

static int make_config(struct arena *arena, const struct nacre_sandbox_options *options,
	char **ret_json, struct nacre_error *err)
{
	struct sandbox_host host = {.root = false};
	struct sandbox_request request = {
		.terminal = options->terminal,
		.network = options->network,
		.memory = options->memory,
		.pids = options->pids,
		.cpus = options->cpus,
		.tmp_bytes = options->tmp_bytes,
	};
	struct oci_judged here;
	bool directory;
	struct oci_config *config;
	struct oci_strings homes;
	int r = mount_check_calls(err), by_systemd = 0;

	if (r == 0)
		r = look_at_host(arena, &host, err);
	if (r == 0)
		r = look_at_stdin(options->terminal, &host, err);
	if (r == 0)
		r = by_systemd = sandbox_find_limits(arena, options->cgroup_manager, &host, err);
	if (r >= 0)
		r = sandbox_resolve(arena, NULL, "working directory", ".", &here, &directory, err);
	if (r == 0)
		r = list_homes(arena, host.home, &homes, err);
	if (r < 0)
		return r;
	request.directory = here.path;
	r = take_request(arena, options, &host, &request, err);
	if (r == 0)
		r = look_at_workspaces(arena, options, &here, &homes, &request, err);
	if (r == 0)
		r = sandbox_config(arena, &request, &host, &config, err);
	if (r == 0)
		r = oci_config_encode(config, true, ret_json, err);
	return r < 0 ? r : by_systemd;
}

int nacre_sandbox_config(
	const struct nacre_sandbox_options *given, char **ret_json, struct nacre_error *err)
{
	cleanup_arena struct arena *arena = arena_new(ARENA_LIMIT);
	struct nacre_sandbox_options options;
	int r = options_take_sandbox(given, &options, err);

	if (r < 0)
		return r;
	return arena ? make_config(arena, &options, ret_json, err)
		     : fail_errno(err, ENOMEM, "sandbox");
}
