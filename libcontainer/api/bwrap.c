/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/api/bwrap_hidden.h"
#include "libcontainer/api/nacre.h"
#include "libcontainer/api/options.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/process/caps.h"
#include "specs/base64.h"
#include "specs/bwrap.h"

extern char **environ;

/* Turns a command line of bubblewrap into a config, and reads the fds and files that it names. */

enum {
	ARGS_MAX = 16 * 1024 * 1024, /* bytes of a file of arguments */
	DATA_MAX = 1024 * 1024, /* bytes of a file that is bound */
	ROOTS = 2,
};

struct nacre_bwrap {
	struct arena *arena;
	const char *print;
	bool dies_with_parent;
	const char *roots[ROOTS + 1];
	unsigned preserve_fds;
	char *config; /* heap */
};

/* --- fds --- */

/* Reads an fd of the caller. */
static int read_fd(struct arena *arena, int fd, const char *option, size_t limit,
	const char **ret_text, size_t *ret_length, struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	size_t length;
	char name[48];
	char *kept;
	int r;

	(void)snprintf(name, sizeof(name), "%s %d", option, fd);
	r = file_read_fd(fd, name, limit, &text, &length, err);
	if (r < 0)
		return r;
	kept = arena_alloc(arena, length + 1);
	if (!kept)
		return fail_errno(err, ENOMEM, "%s", option);
	memcpy(kept, text, length);
	*ret_text = kept;
	*ret_length = length;
	return 0;
}

static int read_arguments(struct arena *arena, int fd, const char *option, const char **ret_text,
	size_t *ret_length, struct nacre_error *err)
{
	int r = read_fd(arena, fd, option, ARGS_MAX, ret_text, ret_length, err);

	if (r == 0 && fd > STDERR_FILENO)
		(void)close(fd);
	return r;
}

static int take_data(
	struct arena *arena, struct bwrap_operation *operation, struct nacre_error *err)
{
	cleanup_free char *base64 = NULL;
	const char *text = NULL;
	size_t length = 0;
	int r;

	r = read_fd(arena, operation->fd, operation->option, DATA_MAX, &text, &length, err);
	if (r < 0)
		return r;
	if (base64_encode(text, length, &base64) < 0)
		return fail_errno(err, ENOMEM, "%s", operation->option);
	operation->data = arena_strdup(arena, base64);
	return operation->data ? 0 : fail_errno(err, ENOMEM, "%s", operation->option);
}

/* Finds the path of the object that the fd is open on. The path must lead to that object, now and
 * when it is mounted. */
static int take_opened(
	struct arena *arena, struct bwrap_operation *operation, struct nacre_error *err)
{
	const int fd = operation->fd;
	struct oci_judged *judged = arena_alloc(arena, sizeof(*judged));
	struct stat opened, named;
	char path[PATH_MAX];
	int r;

	if (fstat(fd, &opened) < 0)
		return fail_errno(err, errno, "%s %d", operation->option, fd);
	r = file_path(fd, path);
	if (r < 0)
		return fail_errno(err, r, "%s %d", operation->option, fd);
	if (stat(path, &named) < 0 || named.st_dev != opened.st_dev ||
		named.st_ino != opened.st_ino)
		return fail(err, ENOENT, "%s %d: %s is not what it is open on", operation->option,
			fd, path);
	operation->source = arena_strdup(arena, path);
	if (!judged || !operation->source)
		return fail_errno(err, ENOMEM, "%s", operation->option);
	*judged = (struct oci_judged){.name = operation->source,
		.path = operation->source,
		.device = opened.st_dev,
		.inode = opened.st_ino};
	operation->opened = judged;
	return 0;
}

static int take_named(
	struct arena *arena, struct bwrap_operation *operation, struct nacre_error *err)
{
	char real[PATH_MAX];

	if (!realpath(operation->source, real))
		return fail_errno(err, errno, "%s %s", operation->option, operation->source);
	operation->source = arena_strdup(arena, real);
	return operation->source ? 0 : fail_errno(err, ENOMEM, "%s", operation->option);
}

/* An fd may be named more than once, for instance one of /dev/null, so all are closed after all
 * were used. */
static int take_operations(
	struct arena *arena, struct bwrap_request *request, struct nacre_error *err)
{
	int r = 0;

	for (size_t i = 0; i < request->n_operations && r == 0; i++) {
		struct bwrap_operation *operation = &request->operations[i];

		if (operation->kind == BWRAP_FILE)
			r = take_data(arena, operation, err);
		else if (operation->fd >= 0)
			r = take_opened(arena, operation, err);
		else if (operation->source)
			r = take_named(arena, operation, err);
	}
	for (size_t i = 0; i < request->n_operations && r == 0; i++)
		if (request->operations[i].fd > STDERR_FILENO)
			(void)close(request->operations[i].fd);
	return r;
}

/* Counts the fds after stdio up to the highest that is passed on. nacre's own fds are
 * close-on-exec. */
static int count_fds(unsigned *ret_n, struct nacre_error *err)
{
	DIR *directory = opendir("/proc/self/fd");
	const struct dirent *entry;
	unsigned n = 0;
	int r;

	if (!directory)
		return fail_errno(err, errno, "open /proc/self/fd");
	while (errno = 0, (entry = readdir(directory))) {
		const int fd = (int)strtol(entry->d_name, NULL, 10);
		const int flags = fd > STDERR_FILENO ? fcntl(fd, F_GETFD) : -1;

		if (flags >= 0 && !(flags & FD_CLOEXEC) && (unsigned)(fd - STDERR_FILENO) > n)
			n = (unsigned)(fd - STDERR_FILENO);
	}
	r = errno ? fail_errno(err, errno, "read /proc/self/fd") : 0;
	(void)closedir(directory);
	if (r == 0)
		*ret_n = n;
	return r;
}

/* --- the caller --- */

static int take_names(struct arena *arena, struct bwrap_host *host, struct nacre_error *err)
{
	const char **known = arena_array(arena, 64, sizeof(*known));
	const char **held = arena_array(arena, 64, sizeof(*held));
	int r;

	if (!known || !held)
		return fail_errno(err, ENOMEM, "bwrap");
	host->known = (struct oci_strings){known, caps_names(arena, known)};
	host->capabilities.items = held;
	r = caps_held(arena, held, &host->capabilities.n, err);
	return r;
}

static int look_at_caller(struct arena *arena, struct bwrap_host *host, struct nacre_error *err)
{
	char *directory = getcwd(NULL, 0);
	char terminal[PATH_MAX];

	host->uid = getuid();
	host->gid = getgid();
	host->home = getenv("HOME");
	host->environment.items = (const char **)environ;
	host->environment.n = options_count(host->environment.items);
	if (isatty(STDOUT_FILENO) && ttyname_r(STDOUT_FILENO, terminal, sizeof(terminal)) == 0)
		host->terminal = arena_strdup(arena, terminal);
	if (directory && *directory == '/')
		host->directory = arena_strdup(arena, directory);
	free(directory);
	return take_names(arena, host, err);
}

/*
 * The states are apart from those of other containers, so that leftovers of killed containers are
 * found quickly. Nothing in a root is trusted (nacre_options.untrusted), but it contains
 * environments. So if the usual place cannot be written to, as in a sandbox, the root is a
 * directory that did not exist before.
 */
static int choose_roots(
	struct nacre_bwrap *b, struct oci_strings *ret_hidden, struct nacre_error *err)
{
	char path[PATH_MAX];
	struct nacre_error none;
	uint64_t number;
	size_t n = 0;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return fail_errno(err, errno, "getrandom");
	if (open_default_root(true, path, &none) == 0)
		b->roots[n++] = arena_printf(b->arena, "%s-bwrap", path);
	b->roots[n] = arena_printf(b->arena, BWRAP_PLACE "%016" PRIx64, number);
	if (!b->roots[0] || !b->roots[n])
		return fail_errno(err, ENOMEM, "bwrap");
	return bwrap_find_hidden(b->arena, b->roots, n ? path : NULL, ret_hidden, err);
}

static int make_help(struct nacre_bwrap *b, struct nacre_error *err)
{
	const char *line, *text = "usage: nacre-bwrap [OPTION]... [--] COMMAND [ARGUMENT]...\n\n";

	for (size_t i = 0; text && (line = bwrap_help_line(i)); i++)
		text = arena_printf(b->arena, "%s    %s\n", text, line);
	b->print = text;
	return text ? 0 : fail_errno(err, ENOMEM, "bwrap");
}

static int make_config(
	struct nacre_bwrap *b, struct bwrap_request *request, struct nacre_error *err)
{
	struct bwrap_host host = {.uid = 0};
	struct oci_config *config;
	int r = take_operations(b->arena, request, err);

	if (r == 0)
		r = look_at_caller(b->arena, &host, err);
	if (r == 0)
		r = choose_roots(b, &host.hidden, err);
	if (r == 0)
		r = bwrap_config(b->arena, request, &host, &config, err);
	if (r == 0)
		r = oci_config_encode(config, false, &b->config, err);
	return r < 0 ? r : count_fds(&b->preserve_fds, err);
}

static int read_words(struct nacre_bwrap *b, const char *const *words, struct nacre_error *err)
{
	const struct oci_strings given = {(const char **)words, options_count(words)};
	struct bwrap_request request;
	int r = bwrap_parse(b->arena, &given, read_arguments, &request, err);

	if (r < 0)
		return r;
	b->dies_with_parent = request.die_with_parent;
	if (request.help)
		return make_help(b, err);
	if (request.version)
		b->print = "nacre-bwrap " NACRE_VERSION ", as bubblewrap 0.11\n";
	return b->print ? 0 : make_config(b, &request, err);
}

int nacre_bwrap_read(
	const char *const *words, struct nacre_bwrap **ret_bwrap, struct nacre_error *err)
{
	struct nacre_bwrap *b = calloc(1, sizeof(*b));
	int r;

	if (b)
		b->arena = arena_new(ARENA_LIMIT);
	r = b && b->arena ? read_words(b, words, err) : fail_errno(err, ENOMEM, "bwrap");
	if (r < 0)
		nacre_bwrap_release(b);
	else
		*ret_bwrap = b;
	return r;
}

void nacre_bwrap_release(struct nacre_bwrap *b)
{
	if (!b)
		return;
	arena_free(b->arena);
	free(b->config);
	free(b);
}

const char *nacre_bwrap_print(const struct nacre_bwrap *b)
{
	return b->print;
}

bool nacre_bwrap_dies_with_parent(const struct nacre_bwrap *b)
{
	return b->dies_with_parent;
}

const char *const *nacre_bwrap_roots(const struct nacre_bwrap *b)
{
	return b->roots;
}

void nacre_bwrap_options(const struct nacre_bwrap *b, struct nacre_create_options *options)
{
	options->config_text = b->config;
	options->preserve_fds = b->preserve_fds;
	options->preserve_gaps = true;
	options->key_masked = true;
}
