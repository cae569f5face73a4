/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/life/steps_restore.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/namespace/netdev.h"
#include "libcontainer/process/terminal.h"
#include "specs/mount_types.h"
#include "specs/mount_words.h"

/*
 * RUNTIME's rows of restore. INIT becomes criu, which creates the container's processes as children
 * of RUNTIME and reports each stage. Other rows run between the stages: hooks after the namespaces
 * exist; limits, the record and the pid file while the processes are complete and still stopped.
 */

#define LOG "restore.log"

/* clang-format off */
const struct restored_namespace step_restored_namespaces[] = {
	{"network", "net",  "extRootNetNS"}, /* these keys are runc's */
	{"pid",     "pid",  "extRootPidNS"},
	{"ipc",     "ipc",  NULL},
	{"uts",     "uts",  NULL},
	{"time",    "time", NULL},
	{NULL, NULL, NULL},
};
/* clang-format on */

int step_restored_namespace_fd(const struct life *l, const struct restored_namespace *ns)
{
	for (int i = 0; namespace_types[i].name; i++)
		if (strcmp(namespace_types[i].name, ns->type) == 0)
			return l->restore->plan.join_fds[i];
	return -1;
}

bool step_restore_gives_mount(const struct container *c, const struct oci_mount *mount)
{
	const bool cgroup = mount_kind(mount) == MOUNT_CGROUP;

	return mount_is_bind(mount) || (cgroup && !(c->record.active & NEW_CGROUPNS));
}

int step_spawn_criu(struct life *l, struct nacre_error *err)
{
	struct restore *restore = l->restore;
	char path[PATH_MAX];
	int r = file_path(l->container.state_fd, path);

	if (r < 0)
		return fail_errno(err, r, "path of the state directory");
	restore->stage = arena_strdup(l->container.arena, path);
	if (!restore->stage)
		return fail_errno(err, ENOMEM, "spawn");
	r = criu_socket_pair(&restore->run->socket, &restore->its_socket, err);
	if (r < 0)
		return r;
	l->namespaces.new_flags = CLONE_NEWNS;
	r = step_spawn(l, life_restore_steps, err);
	fd_close(&restore->its_socket);
	return r;
}

/* --- the request --- */

static int add_mounts(const struct life *l, struct criu_options *options, struct nacre_error *err)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < l->container.config->n_mounts; i++) {
		const struct oci_mount *mount = &l->container.config->mounts[i];

		if (!step_restore_gives_mount(&l->container, mount))
			continue;
		if (snprintf(path, sizeof(path), "%s/%zu", l->restore->stage, i) >= PATH_MAX)
			return fail_errno(err, ENAMETOOLONG, "%s", l->restore->stage);
		criu_add_mount(options, mount->destination, path);
	}
	criu_add_mount(options, "/dev/null", "/dev/null");
	return 0;
}

static void add_namespaces(const struct life *l, struct criu_options *options)
{
	int inherited = RESTORE_NULL_FD + 1;
	char path[64];

	for (const struct restored_namespace *ns = step_restored_namespaces; ns->type; ns++) {
		int fd = step_restored_namespace_fd(l, ns);

		(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), fd);
		if (fd >= 0 && ns->key)
			criu_add_text_and_number(
				options, CRIU_INHERIT_FD, ns->key, (unsigned)inherited++);
		else if (fd >= 0)
			criu_add_texts(options, CRIU_JOIN_NS, ns->criu_name, path);
	}
}

static void add_stdio(const struct life *l, struct criu_options *options)
{
	const char *const *stdio = l->restore->stdio;
	const char *null_device = l->restore->null_device;

	for (int fd = 0; fd < 3; fd++) {
		bool known = false;

		if (strncmp(stdio[fd], "pipe:[", 6) != 0 && strncmp(stdio[fd], "file[", 5) != 0)
			continue;
		for (int i = 0; i < fd; i++)
			known = known || strcmp(stdio[i], stdio[fd]) == 0;
		if (known)
			continue;
		/* The new stdio may be a pipe, in which criu cannot seek. */
		criu_add_text_and_number(options, CRIU_INHERIT_FD, stdio[fd],
			null_device && !strcmp(stdio[fd], null_device) ? RESTORE_NULL_FD
								       : (unsigned)fd);
	}
}

static int send_request(struct life *l, struct nacre_error *err)
{
	struct criu_options *options = &l->restore->run->options;
	int r;

	criu_add_text(options, CRIU_LOG_FILE, LOG);
	criu_add_text(options, CRIU_ROOT, l->container.record.rootfs);
	criu_add_number(options, CRIU_RESTORE_SIBLING, true);
	criu_add_number(options, CRIU_EVASIVE_DEVICES, true);
	/* criu's newer mode takes the propagation of all binds from one source, and the others must
	 * be below its root. The host's paths are, but not the fds that the guard has opened. */
	criu_add_number(options, CRIU_MOUNTS_COMPAT_MODE, true);
	if (!l->restore->exec_cgroup && l->container.record.cgroup)
		criu_add_texts(options, CRIU_CGROUP_ROOT, "", l->container.record.cgroup);
	r = add_mounts(l, options, err);
	if (r < 0)
		return r;
	add_namespaces(l, options);
	add_stdio(l, options);
	return criu_send(l->restore->run->socket, CRIU_RESTORE, options, err);
}

/* --- criu's notifications --- */

static int take_terminal_master(
	void *data, const struct criu_response *notification, int fd, struct nacre_error *err)
{
	struct life *l = data;

	if (strcmp(notification->script, "orphan-pts-master") != 0 || fd < 0)
		return 0;
	if (l->console_socket >= 0)
		return terminal_send(l->console_socket, fd, err);
	fd_close(&l->terminal.master);
	l->terminal.master = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return l->terminal.master < 0 ? fail_errno(err, errno, "keep the terminal") : 0;
}

/* UNTIL NULL: continues to the end. */
static int go_on(struct life *l, const char *until, struct criu_response *ret_response,
	struct nacre_error *err)
{
	const struct criu_listener listener = {take_terminal_master, l};
	int r = criu_converse(l->restore->run->socket, &listener, until, ret_response, err);

	if (r < 0)
		return criu_explain(l->restore->run, LOG, err);
	if (r == 0 && until)
		return fail(err, EPROTO, "criu ended before it reported \"%s\"", until);
	return 0;
}

static int answer(struct life *l, struct nacre_error *err)
{
	return criu_send(l->restore->run->socket, CRIU_NOTIFY, NULL, err);
}

/* From here on container.pid is the container's first process. */
int step_restore_namespaces(struct life *l, struct nacre_error *err)
{
	struct criu_response response;
	int pidfd;
	int r;

	r = send_request(l, err);
	if (r >= 0)
		r = go_on(l, "setup-namespaces", &response, err);
	if (r < 0)
		return r;
	pidfd = response.pid > 0 ? sys_pidfd_open(response.pid) : -ESRCH;
	if (pidfd < 0)
		return fail_errno(err, pidfd, "process %d that criu made", response.pid);
	l->restore->criu_pid = l->container.pid;
	l->restore->criu_pidfd = l->container.pidfd;
	l->container.pidfd = pidfd;
	l->container.pid = response.pid;
	return 0;
}

static int reap(int *pidfd, struct nacre_error *err)
{
	siginfo_t info;
	int r;

	do
		r = sys_pidfd_wait(*pidfd, &info, WEXITED);
	while (r == -EINTR);
	fd_close(pidfd);
	return r < 0 && r != -ECHILD ? fail_errno(err, r, "wait for criu") : 0;
}

int step_drop_criu(struct life *l, struct nacre_error *err)
{
	int r;

	if (!l->restore || l->restore->criu_pidfd < 0)
		return 0;
	r = sys_pidfd_send_signal(l->restore->criu_pidfd, SIGKILL);
	if (r < 0 && r != -ESRCH)
		return fail_errno(err, r, "kill criu");
	return reap(&l->restore->criu_pidfd, err);
}

/* criu leaves the network namespace empty, see checkpoint_begin. As in create, the loopback is
 * raised. */
int step_restore_loopback(struct life *l, struct nacre_error *err)
{
	cleanup_close int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	cleanup_close int its = own < 0 ? fail_errno(err, errno, "open /proc/self/ns/net")
					: namespaces_open_network(l->container.pid, err);
	int r;

	if (its < 0)
		return its;
	if (setns(its, CLONE_NEWNET) < 0)
		return fail_errno(err, errno, "enter the network namespace");
	r = netdev_loopback_up(err);
	if (setns(own, CLONE_NEWNET) < 0)
		return fail_errno(err, errno, "leave the network namespace");
	return r;
}

/* Everything that the program will see is complete; its processes are stopped. */
int step_restore_processes(struct life *l, struct nacre_error *err)
{
	struct criu_response response;
	int r = answer(l, err);

	return r < 0 ? r : go_on(l, "pre-resume", &response, err);
}

int step_resume_restored(struct life *l, struct nacre_error *err)
{
	struct criu_response response;
	int r;

	r = answer(l, err);
	if (r >= 0)
		r = go_on(l, NULL, &response, err);
	if (r < 0)
		return r;
	fd_close(&l->restore->run->socket);
	return reap(&l->restore->criu_pidfd, err);
}
