/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/api/nacre.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/life/criu.h"

/* Prepares a run of criu from options, for checkpoint and restore. */

#define DEFAULT_IMAGES "checkpoint"
#define DEFAULT_CONFIG "/etc/criu/runc.conf" /* files of runc's users stay valid */
#define LOG_LEVEL 4 /* like runc */

struct flag_row {
	size_t offset;
	enum criu_option option;
};

/* clang-format off */
static const struct flag_row flag_rows[] = {
	{offsetof(struct nacre_criu_options, leave_running),      CRIU_LEAVE_RUNNING},
	{offsetof(struct nacre_criu_options, ext_unix_sk),        CRIU_EXT_UNIX_SK},
	{offsetof(struct nacre_criu_options, tcp_established),    CRIU_TCP_ESTABLISHED},
	{offsetof(struct nacre_criu_options, tcp_skip_in_flight), CRIU_TCP_SKIP_IN_FLIGHT},
	{offsetof(struct nacre_criu_options, tcp_close),          CRIU_TCP_CLOSE},
	{offsetof(struct nacre_criu_options, shell_job),          CRIU_SHELL_JOB},
	{offsetof(struct nacre_criu_options, file_locks),         CRIU_FILE_LOCKS},
	{offsetof(struct nacre_criu_options, link_remap),         CRIU_LINK_REMAP},
	{offsetof(struct nacre_criu_options, auto_dedup),         CRIU_AUTO_DEDUP},
	{offsetof(struct nacre_criu_options, lazy_pages),         CRIU_LAZY_PAGES},
};

static const struct {
	const char *word;
	enum criu_cgroups_mode mode;
} modes[] = {
	{"ignore", CRIU_CGROUPS_IGNORE},
	{"soft",   CRIU_CGROUPS_SOFT},
	{"full",   CRIU_CGROUPS_FULL},
	{"strict", CRIU_CGROUPS_STRICT},
};
/* clang-format on */

/* Containers that criu cannot restore completely are refused. */
static const struct {
	uint64_t when;
	const char *what;
	const char *why;
} obstacles[] = {
	/* clang-format off */
	{LANDLOCK, "rule landlock", "criu knows nothing of Landlock"},
	{SECCOMP_NOTIFY, "a seccomp listener", "criu cannot make it again"},
	{EGRESS_NAMES, "egress rules with names", "criu cannot make the connections to their relay again"},
	{EGRESS_BY_RELAY, "egress rules in a network of its own", "criu knows nothing of them"},
	{TRACE, "its denials traced", "criu cannot make the seccomp listener again"},
	{WORKSPACES, "a workspace", "criu cannot mount its overlay again"},
	{REAPER, "nacre's own pid 1", "criu would not find its program again"},
	{IN_USERNS, "a user namespace", "in one criu may neither read its images nor mount the cgroup"},
	/* clang-format on */
};

static int check_obstacles(const struct container *c, struct nacre_error *err)
{
	for (size_t i = 0; i < sizeof(obstacles) / sizeof(obstacles[0]); i++)
		if (c->record.active & obstacles[i].when)
			return fail(err, EOPNOTSUPP,
				"a container with %s can be neither checkpointed nor restored: %s",
				obstacles[i].what, obstacles[i].why);
	if (!c->record.rootfs)
		return fail(err, EOPNOTSUPP,
			"a container whose root is a tmpfs can be neither checkpointed nor "
			"restored: criu needs a root on the host");
	if (c->record.unknown_conditions.n)
		return fail(err, EOPNOTSUPP,
			"container \"%s\" has the condition \"%s\", which this nacre does not "
			"know: checkpoint it with the nacre that created it",
			c->id, c->record.unknown_conditions.items[0]);
	return 0;
}

static void add_flags(const struct nacre_criu_options *options, struct criu_options *to)
{
	for (size_t i = 0; i < sizeof(flag_rows) / sizeof(flag_rows[0]); i++)
		if (*(const bool *)((const char *)options + flag_rows[i].offset))
			criu_add_number(to, flag_rows[i].option, true);
}

/* By default criu ignores cgroups: nacre makes the container's cgroup, with the limits of the
 * config. */
static int add_cgroups_mode(
	const struct nacre_criu_options *options, struct criu_options *to, struct nacre_error *err)
{
	const char *word = options->manage_cgroups ? options->manage_cgroups : modes[0].word;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(modes[i].word, word) == 0) {
			criu_add_number(to, CRIU_MANAGE_CGROUPS_MODE, modes[i].mode);
			return 0;
		}
	return fail(err, EINVAL,
		"--manage-cgroups-mode \"%s\": expected soft, full, strict or ignore", word);
}

static int check_empty_ns(const struct nacre_criu_options *options, struct nacre_error *err)
{
	for (size_t i = 0; options->empty_ns && options->empty_ns[i]; i++)
		if (strcmp(options->empty_ns[i], "network") != 0)
			return fail(err, EINVAL, "--empty-ns %s: criu knows network alone",
				options->empty_ns[i]);
	return 0;
}

/* "10.0.0.2:7777" or "[::1]:7777" */
static int add_page_server(const char *text, struct criu_options *to, struct nacre_error *err)
{
	const char *colon = text ? strrchr(text, ':') : NULL;
	cleanup_free char *address = NULL;
	unsigned long port;
	char *end;

	if (!text)
		return 0;
	port = colon && colon[1] >= '0' && colon[1] <= '9' ? strtoul(colon + 1, &end, 10) : 0;
	if (!port || *end || port > 65535 || colon == text)
		return fail(err, EINVAL, "--page-server %s: expected ADDRESS:PORT", text);
	if (text[0] == '[' && colon[-1] == ']')
		address = strndup(text + 1, (size_t)(colon - text) - 2);
	else
		address = strndup(text, (size_t)(colon - text));
	if (!address)
		return fail_errno(err, ENOMEM, "--page-server");
	criu_add_text_and_number(to, CRIU_PAGE_SERVER, address, port);
	return 0;
}

/* --- directories --- */

static int open_directory(const char *what, const char *path, bool make, struct nacre_error *err)
{
	int r = make ? file_make_parents(path, 0700) : 0;
	int fd;

	if (r == 0 && make && mkdir(path, 0700) < 0 && errno != EEXIST)
		r = -errno;
	if (r < 0)
		return fail_errno(err, r, "%s %s", what, path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? fail_errno(err, errno, "%s %s", what, path) : fd;
}

static int add_parent(const char *path, struct criu_run *run, struct nacre_error *err)
{
	cleanup_close int fd = -1;

	if (!path)
		return 0;
	if (path[0] == '/')
		return fail(err, EINVAL,
			"--parent-path %s: must be relative to the directory of the images", path);
	fd = openat(run->images_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, errno, "--parent-path %s", path);
	criu_add_text(&run->options, CRIU_PARENT_IMG, path);
	criu_add_number(&run->options, CRIU_TRACK_MEM, true);
	return 0;
}

static int open_directories(const struct nacre_criu_options *options, bool make,
	struct criu_run *run, struct nacre_error *err)
{
	run->images_fd = open_directory("--image-path",
		options->image_path ? options->image_path : DEFAULT_IMAGES, make, err);
	if (run->images_fd < 0)
		return run->images_fd;
	run->work_fd = options->work_path
			       ? open_directory("--work-path", options->work_path, true, err)
			       : run->images_fd;
	if (run->work_fd < 0)
		return run->work_fd;
	criu_add_number(&run->options, CRIU_IMAGES_DIR_FD, (uint64_t)run->images_fd);
	criu_add_number(&run->options, CRIU_WORK_DIR_FD, (uint64_t)run->work_fd);
	return add_parent(options->parent_path, run, err);
}

int checkpoint_begin(const struct container *c, const struct nacre_criu_options *options, bool make,
	struct criu_run *ret_run, struct nacre_error *err)
{
	struct criu_options *to = &ret_run->options;
	int r;

	if (geteuid() != 0)
		return fail(err, EPERM, "checkpoint and restore: only root can");
	r = check_obstacles(c, err);
	if (r >= 0)
		r = criu_find(options->criu, ret_run->program, err);
	if (r >= 0)
		r = check_empty_ns(options, err);
	if (r >= 0)
		r = add_cgroups_mode(options, to, err);
	if (r >= 0)
		r = add_page_server(options->page_server, to, err);
	if (r >= 0)
		r = open_directories(options, make, ret_run, err);
	if (r < 0)
		return r;
	add_flags(options, to);
	criu_add_number(to, CRIU_LOG_LEVEL, LOG_LEVEL);
	criu_add_number(to, CRIU_NOTIFY_SCRIPTS, true);
	criu_add_number(to, CRIU_ORPHAN_PTS_MASTER, true);
	/* The engine owns the contents of a network namespace, and sets it up again for restore as
	 * it did for create. */
	criu_add_number(to, CRIU_EMPTY_NS, CLONE_NEWNET);
	if (!c->annotations.no_criu_config)
		criu_add_text(to, CRIU_CONFIG_FILE,
			c->annotations.criu_config ? c->annotations.criu_config : DEFAULT_CONFIG);
	return 0;
}
