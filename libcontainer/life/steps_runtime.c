/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/fdpass.h"
#include "libcontainer/base/pidfd.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/life/sync.h"
#include "libcontainer/mount/mounts.h"
#include "libcontainer/namespace/idmap.h"
#include "libcontainer/process/oom_score.h"
#include "libcontainer/record/id_block.h"
#include "libcontainer/record/record.h"
#include "libcontainer/record/state.h"
#include "specs/json.h"
#include "specs/mount_words.h"

/* RUNTIME's rows, in the order of life.c. */

/* The init of a fork bomb ends after its hundreds of processes, which takes long on a busy machine.
 */
#define KILL_WAIT_MS 30000

int step_make_state_directory(struct life *l, struct nacre_error *err)
{
	int r = state_make(l->container.root_fd, &l->container.record, l->container.lock_flags,
		&l->container.state_fd, &l->container.lock_fd, err);

	l->state_owned = r == 0;
	return r;
}

int step_drop_state_directory(struct life *l, struct nacre_error *err)
{
	int r;

	if (!l->state_owned)
		return 0;
	r = state_forget(l->container.state_fd, l->container.id, err);
	l->state_owned = r == 0;
	if (r == 0)
		r = state_remove(l->container.root_fd, l->container.id, l->container.state_fd, err);
	fd_close(&l->container.lock_fd);
	fd_close(&l->container.state_fd);
	return r;
}

/* The root was opened before the rules that judge it were known. */
int step_keep_ids(struct life *l, struct nacre_error *err)
{
	int r = mount_guard_root(&l->guard, l->container.record.rootfs, l->shift.rootfs_fd, err);

	fd_close(&l->shift.rootfs_fd);
	return r < 0 ? r
		     : id_block_keep(&id_block_host, l->shift.first_id / ID_BLOCK_SIZE,
			       &l->shift.claim_fd, l->container.state_fd, err);
}

int step_free_ids(struct life *l, struct nacre_error *err)
{
	const uint32_t first_id = l->container.record.first_id;

	return first_id ? id_block_free(&id_block_host, first_id / ID_BLOCK_SIZE,
				  l->container.state_fd, err)
			: 0;
}

int step_make_cgroup(struct life *l, struct nacre_error *err)
{
	int mount_fd, r;

	if (!l->container.record.cgroup)
		return 0;
	mount_fd = fd_steal(&l->container.cgroup.mount_fd);
	r = cgroup_create(mount_fd, l->container.record.cgroup, &l->container.cgroup, err);
	if (r < 0)
		return r;
	l->cgroup_made = true;
	/* One that was there already has counted for others. */
	l->oom_kills = cgroup_oom_kills(&l->container.cgroup);
	l->namespaces.cgroup_fd = l->container.cgroup.fd;
	return 0;
}

int step_drop_cgroup(struct life *l, struct nacre_error *err)
{
	/* If create refused a cgroup because other processes are in it, these must not be killed.
	 */
	return l->cgroup_made ? cgroup_destroy(&l->container.cgroup, err) : 0;
}

/* Whether a mount uses the container's id mappings. */
static bool wants_idmap(const struct oci_config *config)
{
	for (size_t i = 0; i < config->n_mounts; i++) {
		const struct oci_mount *mount = &config->mounts[i];

		if (mount->n_uid_mappings == 0 && mount_options_read(mount).idmap)
			return true;
	}
	return false;
}

/* Returns the user namespace for mounts with the container's id mappings. -1: none. */
static int mapping_fd(const struct life *l)
{
	if (l->shift.userns_fd >= 0)
		return l->shift.userns_fd;
	return l->map_fd >= 0 ? l->map_fd : namespaces_joined_user(&l->namespaces);
}

/* Without CAP_SYS_ADMIN each clone would fail, after a guard check that INIT repeats anyway. */
static bool may_clone(void)
{
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	return sys_capget(data) < 0 || data[0].effective & 1U << CAP_SYS_ADMIN;
}

int step_open_mount_sources(struct life *l, struct nacre_error *err)
{
	const struct oci_config *config = l->container.config;
	const bool userns = oci_find_namespace(config, "user") && may_clone();
	int r = step_make_room_for_sources(l, err);

	if (r < 0)
		return r;
	if (l->container.record.active & NEW_USERNS && l->shift.userns_fd < 0 &&
		wants_idmap(config)) {
		const struct oci_linux *linux_ = config->linux_;

		l->map_fd = idmap_userns(linux_->uid_mappings, linux_->n_uid_mappings,
			linux_->gid_mappings, linux_->n_gid_mappings, err);
		if (l->map_fd < 0)
			return l->map_fd;
	}
	for (size_t i = 0; i < config->n_mounts; i++) {
		const struct life_workspace *workspace = step_find_workspace(l, i);
		const char *below;
		int fd;

		if (workspace) {
			fd = workspace->by_init ? -1 : step_mount_workspace(l, workspace, err);
			if (fd < 0 && !workspace->by_init)
				return fd;
			l->source_fds[i] = fd;
			continue;
		}
		fd = mount_source_below(
			&config->mounts[i], l->container.record.rootfs, -1, &below, err);
		if (fd < 0)
			return fd;
		if (below)
			continue; /* INIT opens it */
		fd = mount_open_source(
			&l->guard, &config->mounts[i], i, userns, mapping_fd(l), err);
		if (fd < 0 && fd != -ENOTSUP)
			return fd;
		l->source_fds[i] = fd < 0 ? -1 : fd;
	}
	return 0;
}

int step_map_source(struct life *l, int index, int tree_fd, struct nacre_error *err)
{
	cleanup_close int fd = tree_fd;

	if (fd < 0 || index < 0 || (size_t)index >= l->container.config->n_mounts)
		return fail(err, EPROTO, "init asked for the mapping of mount %d", index);
	return mount_map_source(
		fd, &l->container.config->mounts[index], (size_t)index, mapping_fd(l), err);
}

int step_connect_console(struct life *l, struct nacre_error *err)
{
	const char *path = l->options->console_socket;

	if (!path)
		return 0; /* the caller takes the terminal itself */
	l->console_socket = socket_connect(AT_FDCWD, path, SOCK_STREAM);
	if (l->console_socket < 0)
		return fail_errno(err, l->console_socket, "connect to %s", path);
	return 0;
}

int step_open_start_pipe(struct life *l, struct nacre_error *err)
{
	return start_pipe_make(l->container.state_fd, &l->start_pipe, err);
}

int step_remove_start_pipe(struct life *l, struct nacre_error *err)
{
	l->started = true;
	return start_pipe_remove(l->container.state_fd, err);
}

/*
 * Calls namespaces_spawn with INIT undumpable: processes of a joined pid namespace could otherwise
 * ptrace INIT, or open its /proc/PID/fd and cwd (CVE-2016-9962). INIT must be born undumpable:
 * anything that it did itself would come too late. execve(2) makes the program dumpable again. For
 * a new user namespace see step_become_userns_root.
 */
static pid_t spawn_undumpable(struct life *l, struct nacre_error *err)
{
	const int before = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
	pid_t pid;

	if (l->container.record.active & NEW_USERNS)
		return namespaces_spawn(&l->namespaces, &l->container.pidfd, err);
	if (before < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return fail_errno(err, errno, "PR_SET_DUMPABLE");
	pid = namespaces_spawn(&l->namespaces, &l->container.pidfd, err);
	if (pid != 0 && before == 1)
		(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	return pid;
}

/* Returns like namespaces_spawn. A user lends INIT the oom score; root sets it later. */
static pid_t spawn_with_score(struct life *l, struct nacre_error *err)
{
	cleanup_close int proc_fd = -1;
	struct nacre_error ignored; /* the command ends soon, and its score with it */
	int own;
	pid_t pid;
	int r;

	if (!l->process->oom_score_adj.set || geteuid() == 0)
		return spawn_undumpable(l, err);
	proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc_fd < 0)
		return fail_errno(err, errno, "open /proc");
	r = oom_score_lend(proc_fd, l->process->oom_score_adj.value, &own, err);
	if (r < 0)
		return r;
	pid = spawn_undumpable(l, err);
	if (pid != 0)
		(void)oom_score_apply(proc_fd, 0, own, &ignored);
	return pid;
}

/* Forks INIT. Returns only in RUNTIME. */
int step_spawn(struct life *l, const struct step *steps, struct nacre_error *err)
{
	int pair[2];
	pid_t pid;
	int r;

	r = sync_pair(pair, err);
	if (r < 0)
		return r;
	r = step_share_seccomp(l, err);
	if (r == 0)
		r = step_expect_birth(l, err);
	if (r < 0) {
		fd_close(&pair[0]);
		fd_close(&pair[1]);
		return r;
	}
	pid = spawn_with_score(l, err);
	if (pid == 0) {
		fd_close(&pair[0]);
		l->sync = pair[1];
		life_init_main(l, steps);
	}
	fd_close(&pair[1]);
	if (pid < 0) {
		fd_close(&pair[0]);
		return (int)pid;
	}
	l->sync = pair[0];
	l->container.pid = pid;
	return 0;
}

int step_spawn_init(struct life *l, struct nacre_error *err)
{
	return step_spawn(l, life_create_steps, err);
}

static int kill_process(struct life *l, struct nacre_error *err)
{
	siginfo_t info;
	int r;

	r = sys_pidfd_send_signal(l->container.pidfd, SIGKILL);
	if (r < 0 && r != -ESRCH)
		return fail_errno(err, r, "kill init");
	r = pidfd_wait_end(l->container.pidfd, KILL_WAIT_MS);
	if (r == 0)
		return fail(err, ETIMEDOUT, "init did not end within %d s of SIGKILL",
			KILL_WAIT_MS / 1000);
	if (r < 0)
		return fail_errno(err, r, "wait for init to end");
	/* INIT stays unreaped until step_adopt has taken the child that replaces it. */
	if (!step_is_born(l)) {
		/* ECHILD: it is not our child. A tracer in the container may keep its status. */
		(void)sys_pidfd_wait(l->container.pidfd, &info, WEXITED | WNOHANG);
		fd_close(&l->container.pidfd);
	}
	return 0;
}

int step_kill_init(struct life *l, struct nacre_error *err)
{
	struct nacre_error ignored;
	int r = 0;

	if (l->container.pidfd >= 0)
		r = kill_process(l, err);
	/* INIT may have made its child meanwhile; a child that was reaped has ended. */
	if (r == 0 && step_is_born(l) && step_adopt(l, &ignored) == 0)
		r = kill_process(l, err);
	step_birth_done(l);
	return r;
}

int step_write_id_maps(struct life *l, struct nacre_error *err)
{
	const struct oci_linux *linux_ = l->container.config->linux_;

	return idmap_write(l->container.pid, linux_->uid_mappings, linux_->n_uid_mappings,
		linux_->gid_mappings, linux_->n_gid_mappings, err);
}

int64_t step_host_uid(const struct life *l)
{
	const struct oci_linux *linux_ = l->container.config->linux_;
	uint32_t uid = l->process->user.uid;

	if (!(l->container.record.active & IN_USERNS))
		return uid;
	for (size_t i = 0; i < linux_->n_uid_mappings; i++) {
		const struct oci_id_mapping *map = &linux_->uid_mappings[i];

		if (uid >= map->container_id && uid - map->container_id < map->size)
			return (int64_t)map->host_id + (uid - map->container_id);
	}
	return -1;
}

int step_set_oom_score(struct life *l, struct nacre_error *err)
{
	cleanup_close int proc_fd = -1;

	if (!l->process->oom_score_adj.set || geteuid() != 0) /* INIT was born with it */
		return 0;
	proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc_fd < 0)
		return fail_errno(err, errno, "open /proc");
	return oom_score_apply(proc_fd, l->container.pid, l->process->oom_score_adj.value, err);
}

/* Saves the config for `exec`, hooks and people. */
int step_save_config(struct life *l, struct nacre_error *err)
{
	cleanup_free char *tightened = NULL;
	int r;

	r = oci_config_encode(l->container.config, false, &tightened, err);
	if (r < 0)
		return r;
	if (strlen(tightened) > JSON_MAX_BYTES)
		return fail(err, E2BIG,
			"config.json grew to more than %d bytes by the profile: make it smaller",
			JSON_MAX_BYTES);
	r = state_write(l->container.state_fd, "config.given", l->config_given, err);
	if (r >= 0)
		r = state_write(l->container.state_fd, "config.json", tightened, err);
	if (r >= 0)
		r = state_write(l->container.state_fd, "report.json", l->report, err);
	if (r >= 0 && l->receipt)
		r = state_write(l->container.state_fd, "receipt", l->receipt, err);
	return r;
}

int step_save_record(struct life *l, struct nacre_error *err)
{
	struct container *c = &l->container;
	int r;

	if (l->birth) /* the process does not exist yet; a later row saves its record */
		return 0;
	r = record_identify(c, err);
	if (r < 0)
		return r;
	return record_save(c->state_fd, &c->record, err);
}
