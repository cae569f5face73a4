/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/procfs.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/life/steps_restore.h"
#include "libcontainer/life/sync.h"
#include "libcontainer/life/walk.h"
#include "libcontainer/namespace/idmap.h"
#include "libcontainer/namespace/netdev.h"
#include "libcontainer/process/caps.h"
#include "libcontainer/process/credentials.h"
#include "libcontainer/process/landlock.h"
#include "libcontainer/process/lsm.h"
#include "libcontainer/process/scheduling.h"

/* INIT's rows about its own process, which becomes the program, in the order of life.c. */

void step_warn(void *data, const char *text)
{
	const struct life *l = data;

	(void)walk_say(l, SYNC_WARNING, 0, 0, -1, text);
}

/* A stopped or frozen INIT does not see the end of the sync socket, and without a cgroup nobody
 * would find it. criu, which replaces it in restore, ends by itself. */
static int end_with_runtime(const struct life *l, struct nacre_error *err)
{
	if (l->restore || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0)
		return 0;
	return fail_errno(err, errno, "PR_SET_PDEATHSIG");
}

/*
 * Runs first of all in the child.
 *
 * Should:
 * - close every fd that no later row needs, so that none can leak into the container
 *   (CVE-2024-21626); the remaining fds are close-on-exec
 * - end when RUNTIME ends, for whatever reason
 * - clear the umask, so that it does not change the modes of mounts and devices
 * - reset the CPU affinity of the caller (taskset(1), CPUAffinity= of an engine's unit)
 */
int step_shield_init(struct life *l, struct nacre_error *err)
{
	const unsigned preserved = l->options->preserve_fds;
	cleanup_free int *fds = NULL, *keep = NULL;
	struct nacre_error why;
	size_t n = 0;
	int r = life_kept_fds(l, &fds, &n);

	keep = r < 0 ? NULL : reallocarray(fds, n + preserved, sizeof(*keep));
	if (!keep)
		return fail_errno(err, ENOMEM, "close inherited files");
	fds = NULL;
	n += program_preserved_fds(preserved, keep + n);
	r = fd_close_all_except(keep, n);
	if (r < 0)
		return fail_errno(err, r, "close inherited files");
	r = end_with_runtime(l, err);
	if (r < 0)
		return r;
	umask(0);
	r = scheduling_reset_affinity(&why);
	if (r == 0)
		return 0;
	(void)fail_prefix(&why, "the container has the caller's CPU affinity");
	/* A seccomp filter around nacre may forbid it. */
	if (r == -EPERM || r == -ENOSYS) {
		step_warn(l, why.text);
		return 0;
	}
	*err = why;
	return r;
}

static bool maps_root(const struct oci_id_mapping *mappings, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (mappings[i].container_id == 0)
			return true;
	return n == 0;
}

/* In a user namespace without root, such as a sandbox's, new files belong to the caller, who has
 * all capabilities there for having made or joined it. */
int step_become_root(struct life *l, struct nacre_error *err)
{
	const struct oci_linux *linux_ = l->container.config->linux_;

	if (!maps_root(linux_->uid_mappings, linux_->n_uid_mappings) &&
		!maps_root(linux_->gid_mappings, linux_->n_gid_mappings))
		return 0;
	return idmap_become_root(l->container.annotations.keep_groups, err);
}

/* INIT becomes undumpable here and not earlier, for the reason of spawn_undumpable: until its maps
 * are written, the uid_map of an undumpable process belongs to the host's root. */
int step_become_userns_root(struct life *l, struct nacre_error *err)
{
	int r = step_become_root(l, err);

	if (r < 0)
		return r;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return fail_errno(err, errno, "PR_SET_DUMPABLE");
	/* The change of credentials has cleared PR_SET_PDEATHSIG. */
	return end_with_runtime(l, err);
}

/* Starts a session, so that the container gets no signals of the caller's terminal. If INIT stays
 * outside of the pid namespace, its child starts one. */
int step_new_session(struct life *l, struct nacre_error *err)
{
	int r;

	if (!(l->container.record.active & FOREIGN_PIDNS) && setsid() < 0)
		return fail_errno(err, errno, "setsid");
	if (l->options->no_new_keyring)
		return 0;
	r = credentials_new_keyring(l->container.id, l->process->selinux_label, err);
	if (r > 0)
		step_warn(l, "session keyring: the quota of keys is spent (sysctl kernel.keys.*), "
			     "the container has the caller's keyring");
	return r < 0 ? r : 0;
}

int step_make_late_namespaces(struct life *l, struct nacre_error *err)
{
	return namespaces_make_late(&l->namespaces, err);
}

int step_unshare_cgroup(struct life *l, struct nacre_error *err)
{
	(void)l;
	return namespaces_unshare_cgroup(err);
}

int step_raise_loopback(struct life *l, struct nacre_error *err)
{
	(void)l;
	return netdev_loopback_up(err);
}

const struct oci_console_size *step_terminal_size(const struct life *l)
{
	if (l->process->console_size)
		return l->process->console_size;
	return l->options->window.height && l->options->window.width ? &l->options->window : NULL;
}

/* Sends the master to the console socket, or to RUNTIME, which gives it to its caller. */
int step_send_terminal(struct life *l, struct nacre_error *err)
{
	int r = 0;

	if (l->console_socket >= 0) {
		r = terminal_send(l->console_socket, l->terminal.master, err);
	} else {
		r = sync_send(l->sync, SYNC_CONSOLE, 0, 0, -1, NULL, l->terminal.master);
		if (r < 0)
			fail_errno(err, r, "hand over the terminal");
	}
	fd_close(&l->terminal.master);
	fd_close(&l->console_socket);
	return r;
}

int step_open_terminal(struct life *l, struct nacre_error *err)
{
	int r;

	r = terminal_open(l->rootfs_fd, step_terminal_size(l), &l->terminal, err);
	if (r >= 0)
		r = terminal_bind_console(l->rootfs_fd, l->terminal.slave, err);
	if (r < 0)
		return r;
	return step_send_terminal(l, err);
}

int step_set_hostname(struct life *l, struct nacre_error *err)
{
	const struct oci_config *config = l->container.config;

	return namespaces_set_hostname(config->hostname, config->domainname, err);
}

/* Enters the first of nacre.directories that exists, and sets PWD. */
static int enter_a_directory(struct life *l, struct nacre_error *err)
{
	const struct oci_strings *list = &l->container.config->nacre->directories;
	struct oci_process *process;
	struct nacre_error why;
	const char **env;
	size_t i = 0;
	int r;

	do
		r = program_enter_cwd(list->items[i], false, &why);
	while (r < 0 && ++i < list->n);
	if (r < 0) {
		*err = why;
		return r;
	}
	process = arena_alloc(l->container.arena, sizeof(*process));
	env = arena_array(l->container.arena, l->process->env.n + 1, sizeof(*env));
	if (!process || !env)
		return fail_errno(err, ENOMEM, "process.env");
	memcpy(env, l->process->env.items, l->process->env.n * sizeof(*env));
	*process = *l->process;
	process->env = (struct oci_strings){env, l->process->env.n + 1};
	env[process->env.n - 1] = arena_printf(l->container.arena, "PWD=%s", list->items[i]);
	if (!env[process->env.n - 1])
		return fail_errno(err, ENOMEM, "process.env");
	l->process = process;
	return 0;
}

/* Runs as root of the container, so that `create` reports a missing program; execve(2) reports
 * later if the user may not run it. The same holds for the working directory: create makes it
 * before the root becomes read-only, exec does not. A directory that only the user may enter (NFS
 * with root_squash) is entered after the ids have changed. */
int step_find_program(struct life *l, struct nacre_error *err)
{
	const bool creating = l->container.record.active & (WAITS_FOR_START | RUNS_AT_ONCE);
	const struct oci_hardened *nacre = creating ? l->container.config->nacre : NULL;
	const bool chosen = nacre && nacre->directories.n;
	int r = chosen ? enter_a_directory(l, err)
		       : program_enter_cwd(l->process->cwd, creating, err);

	if (r < 0 && (chosen || r != -EACCES))
		return r;
	l->cwd_entered = r == 0;
	if (l->container.record.active & LATE) /* the process comes with `start` */
		return 0;
	return program_prepare(
		l->container.arena, l->process, nacre ? nacre->program : NULL, &l->program, err);
}

int step_take_terminal(struct life *l, struct nacre_error *err)
{
	int r;

	r = l->options->bare_newlines ? terminal_keep_newlines(l->terminal.slave, err) : 0;
	if (r < 0)
		return r;
	r = terminal_take(&l->terminal.slave, l->process->user.uid, err);
	if (r < 0 || l->container.record.active & FOREIGN_PIDNS) /* its child will control the
								  * terminal */
		return r;
	return terminal_control(err);
}

/* Signals end an INIT that waits for `start`: `kill` may come as soon as `create` returns. Pid 1 of
 * a pid namespace ignores a signal without a handler (pid_namespaces(7)), so INIT has handlers,
 * which execve(2) resets. */
int step_reset_signals(struct life *l, struct nacre_error *err)
{
	return l->container.record.active & WAITS_FOR_START ? program_end_on_signals(err)
							    : program_reset_signals(err);
}

int step_set_attributes(struct life *l, struct nacre_error *err)
{
	const struct oci_linux *linux_ = l->container.config->linux_;
	int r = linux_ ? scheduling_apply_personality(linux_->personality, err) : 0;

	if (r == 0 && linux_)
		r = scheduling_apply_memory_policy(linux_->memory_policy, err);
	if (r == 0 && l->process && !(l->container.record.active & SCHEDULER_LAST))
		r = scheduling_apply(0, l->process->scheduler, err);
	return r == 0 && l->process ? scheduling_apply_io_priority(l->process->io_priority, err)
				    : r;
}

int step_set_labels(struct life *l, struct nacre_error *err)
{
	int proc_fd, r;

	if (l->own_proc_fd < 0 && l->proc_fd < 0)
		l->proc_fd = procfs_open(err);
	proc_fd = l->own_proc_fd < 0 ? l->proc_fd : l->own_proc_fd;
	if (proc_fd < 0)
		return proc_fd;
	r = lsm_apparmor_on_exec(proc_fd, l->process->apparmor_profile, err);
	if (r < 0)
		return r;
	return lsm_selinux_on_exec(proc_fd, l->process->selinux_label, err);
}

/* Runs while INIT can open directories that the user may not: Landlock rules are on open
 * directories, not on names. */
int step_restrict_writes(struct life *l, struct nacre_error *err)
{
	const struct oci_hardened *nacre = l->container.config->nacre;
	const bool required = !strcmp(nacre->landlock, "required");
	const bool tcp = strcmp(nacre->landlock, "files") != 0 &&
			 (!nacre->egress.n || nacre->egress_best_effort);
	int abi = landlock_restrict(l->container.config->mounts, l->container.config->n_mounts,
		!l->container.config->root->readonly, tcp, err);

	if (abi < 0)
		return abi;
	if (required && abi < LANDLOCK_ABI_WHOLE)
		return fail(err, ENOTSUP,
			"rule landlock is required, and this kernel has ABI %d of Landlock, not %d",
			abi, LANDLOCK_ABI_WHOLE);
	if (abi == 0)
		step_warn(l, "rule landlock: this kernel has no Landlock, or it is not enabled "
			     "(lsm=)");
	return 0;
}

/*
 * Should:
 * - drop the bounding set while CAP_SETPCAP is still there
 * - give stdio to the user while root may
 * - change groups, gid, uid; then set the four other sets to exactly what the config says, except
 *   for CAP_SYS_ADMIN if the filters, which come next, cannot be loaded without it (seccomp(2))
 *
 * Mustn't:
 * - leave a set as it was inherited
 */
int step_drop_privileges(struct life *l, struct nacre_error *err)
{
	const struct oci_process *process = l->process;
	const bool loads = l->container.record.active & SECCOMP_PRIVILEGED;
	int r;

	r = caps_parse(process->capabilities, &l->capabilities, step_warn, l, err);
	if (r >= 0)
		r = caps_bound(&l->capabilities, err);
	if (r >= 0)
		r = credentials_own_stdio(&process->user, err);
	if (r < 0)
		return r;
	if (process->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail_errno(err, errno, "PR_SET_NO_NEW_PRIVS");
	r = credentials_apply(&process->user, oci_find_namespace(l->container.config, "user"),
		l->container.annotations.keep_groups, err);
	if (r >= 0)
		r = caps_apply_with(&l->capabilities, loads ? 1ULL << CAP_SYS_ADMIN : 0,
			&l->capabilities_beyond, err);
	if (r < 0)
		return r;
	return l->cwd_entered ? 0 : program_enter_cwd(process->cwd, false, err);
}

/* A `start` that dies before it passes the turn changes nothing. The turn is for INIT's first row.
 */
int step_wait_for_start(struct life *l, struct nacre_error *err)
{
	struct sync_message message;
	int r;

	(void)err;
	fd_close(&l->sync); /* some filters refuse it, but the other end is closed anyway */
	do
		r = sync_receive(l->start_pipe.in, &message, NULL);
	while (r == -EPROTO || (r == 1 && message.kind != SYNC_TURN));
	if (r != 1)
		_exit(1);
	return 0;
}

int step_exec_program(struct life *l, struct nacre_error *err)
{
	int r = step_announce_exec(l, err);

	return r < 0 ? r : program_exec(&l->program, err);
}
