/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "libcontainer/base/child.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/life/sync.h"
#include "libcontainer/mount/mount_replace.h"
#include "specs/late_process.h"

/*
 * How INIT of a container that was created late gets its process. INIT has only the rights of the
 * program by then, and all filters are loaded. The message has only strings for execve(2), which
 * RUNTIME has judged: no string can give a right back.
 */

enum {
	STALL_S = 10, /* INIT only reads, so it is never slow */
};

static int read_whole(int fd, char *bytes, size_t length, struct nacre_error *err)
{
	while (length) {
		ssize_t n = read(fd, bytes, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail_errno(err, n < 0 ? errno : EPROTO, "read the process");
		bytes += n;
		length -= (size_t)n;
	}
	return 0;
}

/* Appends to the config's environment the variables from the service manager of `create`:
 * sd_listen_fds(3), sd_notify(3). */
static int add_service(struct life *l, struct oci_process *process, struct nacre_error *err)
{
	const struct oci_strings *given = &l->process->env;
	const size_t n_config = l->container.config->process->env.n;
	const size_t n = given->n - n_config;
	const char **env;

	if (n == 0)
		return 0;
	env = arena_array(l->container.arena, process->env.n + n, sizeof(*env));
	if (!env)
		return fail_errno(err, ENOMEM, "process.env");
	if (process->env.n)
		memcpy(env, process->env.items, process->env.n * sizeof(*env));
	memcpy(env + process->env.n, given->items + n_config, n * sizeof(*env));
	process->env = (struct oci_strings){env, process->env.n + n};
	return 0;
}

static int take_process(struct life *l, const struct sync_message *message, struct nacre_error *err)
{
	const size_t length = (size_t)message->value;
	struct oci_process *process;
	char *bytes;
	int r;

	if (message->value <= 0 || length > LATE_PROCESS_BYTES || message->code <= 0)
		return fail(err, EPROTO, "a process of %d bytes came", message->value);
	bytes = arena_alloc(l->container.arena, length);
	if (!bytes)
		return fail_errno(err, ENOMEM, "process");
	r = read_whole(l->start_pipe.in, bytes, length, err);
	if (r == 0)
		r = late_process_unpack(l->container.arena, bytes, length, (size_t)message->code,
			l->process, &process, err);
	if (r == 0)
		r = add_service(l, process, err);
	if (r == 0)
		l->process = process;
	return r;
}

/* Enters the directory by its name: a filter may refuse openat2(2), and INIT can do no more here
 * than the program itself. But a passed fd may lead out of the root, so the result is checked:
 * CVE-2024-21626. */
static int enter_cwd(const char *cwd, struct nacre_error *err)
{
	if (chdir(cwd) < 0)
		return fail_errno(err, errno, "process.cwd: chdir %s", cwd);
	return program_check_cwd(cwd, err);
}

/* Ignores a turn that comes before the process: without a process INIT must not run. */
int step_wait_for_process(struct life *l, struct nacre_error *err)
{
	struct sync_message message;
	int r;

	fd_close(&l->sync);
	do
		r = sync_receive(l->start_pipe.in, &message, NULL);
	while (r == -EPROTO || (r == 1 && message.kind != SYNC_PROCESS));
	if (r != 1)
		_exit(1);
	r = take_process(l, &message, err);
	if (r == 0)
		r = enter_cwd(l->process->cwd, err);
	return r < 0 ? r : program_prepare(l->container.arena, l->process, NULL, &l->program, err);
}

/* A pipe that poll(2) reports as writable takes PIPE_BUF bytes at once. */
static int write_whole(
	const struct life *l, const char *bytes, size_t length, struct nacre_error *err)
{
	while (length) {
		struct pollfd poll_out = {l->start_pipe.out, POLLOUT, 0};
		int r = poll(
			&poll_out, 1, child_left_ms(child_now(), STALL_S, l->container.deadline));
		ssize_t n;

		if (r < 0 && errno == EINTR)
			continue;
		if (r == 0)
			return fail(err, ETIMEDOUT, "init does not read its process");
		n = r < 0 ? -1
			  : write(l->start_pipe.out, bytes, length < PIPE_BUF ? length : PIPE_BUF);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_errno(err, errno, "send the process to init");
		bytes += n;
		length -= (size_t)n;
	}
	return 0;
}

int step_send_process(struct life *l, struct nacre_error *err)
{
	const struct claim *claim = l->claim;
	int r = sync_send_whole(l->start_pipe.out, SYNC_PROCESS, 0, (int32_t)claim->n_args,
		(int32_t)claim->length, NULL);

	return r < 0 ? fail_errno(err, r, "send the process to init")
		     : write_whole(l, claim->bytes, claim->length, err);
}

int step_replace_workspace(struct life *l, struct nacre_error *err)
{
	const struct oci_config *config = l->container.config;
	struct mount_context context = {
		.mount_label = config->linux_ ? config->linux_->mount_label : NULL,
		.clear_unnamed = step_flags_to_clear(l),
	};
	cleanup_close int tree_fd = -1;
	const struct oci_mount *mount;
	int r = step_make_workspaces(l, err);

	if (r < 0)
		return r;
	mount = &config->mounts[l->workspaces[0].mount];
	if (l->workspaces[0].by_init)
		return fail(err, EPERM, "workspace %s: the caller may mount no overlay",
			mount->destination);
	tree_fd = step_mount_workspace(l, &l->workspaces[0], err);
	if (tree_fd < 0)
		return tree_fd;
	context.source_fds = &tree_fd;
	r = mount_replace(l->container.pidfd, &context, mount, l->container.deadline, err);
	return r < 0 ? fail_prefix(err, "workspace %s", mount->destination) : 0;
}
