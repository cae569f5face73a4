/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcontainer/api/nacre.h"
#include "libcontainer/api/options.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/paths.h"
#include "libcontainer/life/audit.h"
#include "libcontainer/life/criu.h"
#include "libcontainer/life/steps_restore.h"
#include "specs/checkpoint.h"
#include "specs/mount_words.h"

/*
 * nacre_checkpoint: describes to criu everything that comes from outside of the container: binds,
 * masks, joined namespaces and stdio. Each gets a name that restore.c uses again. criu itself finds
 * what the container has made.
 */

#define MOUNTINFO_LIMIT ((size_t)16 * 1024 * 1024)
#define LOG "dump.log"

enum {
	MAJOR_MEMORY = 1, /* /dev/null and the like */
	MINOR_NULL = 3,
};

static int check_status(enum container_status status, struct nacre_error *err)
{
	return status == STATUS_RUNNING || status == STATUS_PAUSED
		       ? 0
		       : fail(err, EBUSY, "container cannot be checkpointed in %s state",
				 status_name(status));
}

/* --- what is mounted from outside --- */

/* Uses NAME for the mount at PATH of the container. A missing path is no error. */
static void add_mount_at(
	struct criu_options *options, int root_fd, const char *path, const char *name)
{
	cleanup_close int fd = path_open(root_fd, path, O_PATH);
	char resolved[PATH_MAX];

	/* For a file in another mount namespace the kernel returns the path in that namespace. */
	if (fd >= 0 && file_path(fd, resolved) == 0)
		criu_add_mount(options, resolved, name);
}

static void add_masks(
	struct criu_options *options, int root_fd, const struct oci_strings *masked_paths)
{
	for (size_t i = 0; i < masked_paths->n; i++) {
		cleanup_close int fd = path_open(root_fd, masked_paths->items[i], O_PATH);
		struct stat st;

		/* A masked directory is a tmpfs, which criu restores by itself. */
		if (fd >= 0 && fstat(fd, &st) == 0 && S_ISCHR(st.st_mode))
			add_mount_at(options, root_fd, masked_paths->items[i], "/dev/null");
	}
}

static int add_mounts(struct container *c, struct criu_options *options, struct nacre_error *err)
{
	cleanup_close int root_fd = -1;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/root", (int)c->record.pid);
	root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return fail_errno(err, errno, "open %s", path);
	for (size_t i = 0; i < c->config->n_mounts; i++) {
		const struct oci_mount *mount = &c->config->mounts[i];

		if (step_restore_gives_mount(c, mount))
			add_mount_at(options, root_fd, mount->destination, mount->destination);
	}
	if (c->config->linux_)
		add_masks(options, root_fd, &c->config->linux_->masked_paths);
	return 0;
}

/* --- other things from outside --- */

/* Describes the namespaces that criu gets as fds; it joins the others by their path. */
static int add_namespaces(
	const struct container *c, struct criu_options *options, struct nacre_error *err)
{
	for (const struct restored_namespace *n = step_restored_namespaces; n->type; n++) {
		const struct oci_namespace *ns = oci_find_namespace(c->config, n->type);
		char text[64];
		struct stat st;

		if (!n->key || !ns || !ns->path || !*ns->path)
			continue;
		(void)snprintf(
			text, sizeof(text), "/proc/%d/ns/%s", (int)c->record.pid, n->criu_name);
		if (stat(text, &st) < 0)
			return fail_errno(err, errno, "stat %s", text);
		(void)snprintf(text, sizeof(text), "%s[%lu]:%s", n->criu_name,
			(unsigned long)st.st_ino, n->key);
		criu_add_text(options, CRIU_EXTERNAL, text);
	}
	return 0;
}

static bool is_mounted(const char *mountinfo, int id)
{
	char start[16];
	int length = snprintf(start, sizeof(start), "%d ", id);

	for (const char *line = mountinfo; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, start, (size_t)length) == 0)
			return true;
	}
	return false;
}

static int mount_id(int proc_fd, int fd, struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	const char *at;
	char name[32];
	int r;

	(void)snprintf(name, sizeof(name), "fdinfo/%d", fd);
	r = file_read(proc_fd, name, PATH_MAX, &text, NULL, err);
	if (r < 0)
		return r;
	at = strstr(text, "mnt_id:");
	return at ? (int)strtol(at + strlen("mnt_id:"), NULL, 10) : -1;
}

/* Describes one fd of stdio: *RET_KEY is criu's name if it comes from outside, and *RET_NULL the
 * same if it is /dev/null. */
static int describe_stdio(struct container *c, int proc_fd, const char *mountinfo, int fd,
	const char **ret_key, const char **ret_null, struct nacre_error *err)
{
	char name[16], target[PATH_MAX] = "";
	struct stat st;
	ssize_t n;
	int id;

	(void)snprintf(name, sizeof(name), "fd/%d", fd);
	n = readlinkat(proc_fd, name, target, sizeof(target) - 1);
	id = n < 0 ? -1 : mount_id(proc_fd, fd, err);
	*ret_key = arena_strdup(c->arena, target);
	/* A program may have closed its stdio; a pipe already has a name; the option shell-job is
	 * for a terminal outside of the container. */
	if (id >= 0 && target[0] == '/' && !is_mounted(mountinfo, id) &&
		fstatat(proc_fd, name, &st, 0) == 0 &&
		(!S_ISCHR(st.st_mode) || major(st.st_rdev) == MAJOR_MEMORY)) {
		*ret_key = arena_printf(c->arena, "file[%x:%lx]", id, (unsigned long)st.st_ino);
		if (S_ISCHR(st.st_mode) && minor(st.st_rdev) == MINOR_NULL)
			*ret_null = *ret_key;
	}
	return *ret_key ? 0 : fail_errno(err, ENOMEM, "stdio");
}

static int add_stdio(struct container *c, struct criu_options *options, const char *ret_stdio[3],
	const char **ret_null, struct nacre_error *err)
{
	cleanup_free char *mountinfo = NULL;
	cleanup_close int proc_fd = -1;
	char path[32];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d", (int)c->record.pid);
	proc_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc_fd < 0)
		return fail_errno(err, errno, "open %s", path);
	r = file_read(proc_fd, "mountinfo", MOUNTINFO_LIMIT, &mountinfo, NULL, err);
	if (r < 0)
		return r;
	for (int fd = 0; fd < 3; fd++) {
		r = describe_stdio(c, proc_fd, mountinfo, fd, &ret_stdio[fd], ret_null, err);
		if (r < 0)
			return r;
		if (strncmp(ret_stdio[fd], "file[", 5) == 0)
			criu_add_text(options, CRIU_EXTERNAL, ret_stdio[fd]);
	}
	return 0;
}

static int write_documents(const struct container *c, int images_fd, const char *const stdio[3],
	const char *null_device, struct nacre_error *err)
{
	const struct checkpoint_record record = {
		.version = CHECKPOINT_VERSION,
		.profile = c->record.profile,
		.grants = c->record.grants,
		.null_device = null_device,
	};
	cleanup_free char *descriptors = NULL;
	cleanup_free char *profile = NULL;
	int r;

	r = checkpoint_stdio_encode(stdio, &descriptors, err);
	if (r >= 0)
		r = checkpoint_record_encode(&record, &profile, err);
	if (r >= 0)
		r = file_replace(
			images_fd, "descriptors.json", descriptors, strlen(descriptors), 0600, err);
	if (r < 0)
		return r;
	return file_replace(images_fd, "nacre.json", profile, strlen(profile), 0600, err);
}

/* --- the run --- */

static int add_freezer(struct container *c, struct criu_options *options, struct nacre_error *err)
{
	char path[PATH_MAX];
	int r;

	if (!c->record.cgroup)
		return 0;
	r = container_open_cgroup(c, err);
	if (r < 0)
		return r;
	r = file_path(c->cgroup.fd, path);
	if (r < 0)
		return fail_errno(err, r, "path of the cgroup");
	criu_add_text(options, CRIU_FREEZE_CGROUP, path);
	return 0;
}

static int describe(struct container *c, const struct nacre_criu_options *options,
	struct criu_run *run, struct nacre_error *err)
{
	const char *stdio[3], *null_device = NULL;
	int r;

	criu_add_number(&run->options, CRIU_PID, (uint64_t)c->record.pid);
	criu_add_text(&run->options, CRIU_LOG_FILE, LOG);
	criu_add_text(&run->options, CRIU_ROOT, c->record.rootfs);
	r = add_freezer(c, &run->options, err);
	if (r >= 0)
		r = add_namespaces(c, &run->options, err);
	if (r < 0)
		return r;
	if (options->pre_dump)
		return 0;
	r = add_mounts(c, &run->options, err);
	if (r >= 0)
		r = add_stdio(c, &run->options, stdio, &null_device, err);
	if (r < 0)
		return r;
	return write_documents(c, run->images_fd, stdio, null_device, err);
}

/* --status-fd: reports that pages are served. */
static int notified(
	void *data, const struct criu_response *notification, int fd, struct nacre_error *err)
{
	const struct nacre_criu_options *options = data;

	(void)fd;
	if (strcmp(notification->script, "status-ready") != 0 || !options->status_fd)
		return 0;
	if (write((int)options->status_fd, "", 1) != 1)
		return fail_errno(err, errno, "write to --status-fd %u", options->status_fd);
	(void)close((int)options->status_fd);
	return 0;
}

static int dump(
	struct criu_run *run, const struct nacre_criu_options *options, struct nacre_error *err)
{
	const struct criu_listener listener = {notified, (void *)options};
	const enum criu_request request = options->pre_dump ? CRIU_PRE_DUMP : CRIU_DUMP;
	cleanup_close int its_socket = -1;
	struct criu_response response;
	struct nacre_error first;
	int status = 0, r;
	pid_t pid;

	r = criu_socket_pair(&run->socket, &its_socket, err);
	if (r >= 0)
		r = criu_start(run->program, its_socket, &pid, err);
	if (r < 0)
		return r;
	fd_close(&its_socket);
	r = criu_send(run->socket, request, &run->options, &first);
	if (r == 0)
		r = criu_converse(run->socket, &listener, NULL, &response, &first);
	/* After a pre-dump criu would wait for the next request. */
	fd_close(&run->socket);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r < 0) {
		*err = first;
		return criu_explain(run, LOG, err);
	}
	return 0;
}

static int checkpoint(struct nacre *nacre, const char *id, const struct nacre_criu_options *options,
	struct nacre_error *err)
{
	struct audit_event event = {.event = "checkpoint"};
	struct criu_run run = CRIU_RUN_NONE;
	enum container_status status;
	struct nacre_error later;
	struct container c;
	int r = container_open(nacre, id, CONTAINER_LOCKED, &c, &status, err);

	if (r == 0)
		r = check_status(status, err);
	if (r == 0)
		r = container_load_config(&c, err);
	if (r == 0)
		r = checkpoint_begin(&c, options, true, &run, err);
	if (r == 0)
		r = describe(&c, options, &run, err);
	if (r == 0)
		r = dump(&run, options, err);
	criu_run_done(&run);
	event.pid = c.record.pid;
	audit_fact(&c, &event, r, err);
	container_done(&c);
	/* Only files are left of the container: like runc, it never shows the status stopped. */
	if (r == 0 && !options->leave_running && !options->pre_dump &&
		nacre_delete(nacre, id, false, &later) < 0)
		nacre->callbacks.warn(nacre->callbacks.data, later.text);
	return r;
}

int nacre_checkpoint(struct nacre *nacre, const char *id, const struct nacre_criu_options *given,
	struct nacre_error *err)
{
	struct nacre_criu_options options;
	int r = options_take_criu(given, &options, err);

	return r < 0 ? r : checkpoint(nacre, id, &options, err);
}
