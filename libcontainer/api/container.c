/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/container.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include "libcontainer/api/nacre.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/fdpass.h"
#include "libcontainer/base/files.h"
#include "libcontainer/cgroup/resctrl.h"
#include "libcontainer/life/audit.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/mount/notify.h"
#include "libcontainer/namespace/idmap.h"
#include "libcontainer/process/self_protect.h"
#include "libcontainer/process/signals.h"
#include "specs/defaults.h"
#include "specs/json.h"

/* The directory that holds the states where the caller named none. */
static int default_root(char ret_path[PATH_MAX], struct nacre_error *err)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");
	const char *user = getenv("USER");

	/* As runc: root of a user namespace has a /run of its own only if it is the root of a
	 * system, and then is called that. */
	if (geteuid() == 0 && (!runtime_dir || !*runtime_dir || idmap_is_initial() ||
				      (user && strcmp(user, "root") == 0))) {
		(void)snprintf(ret_path, PATH_MAX, "/run/nacre");
		return 0;
	}
	if (!runtime_dir || *runtime_dir != '/')
		return fail(err, EINVAL,
			"no place for the state: XDG_RUNTIME_DIR is not set; set it or give "
			"--root");
	if (snprintf(ret_path, PATH_MAX, "%s/nacre", runtime_dir) >= PATH_MAX)
		return fail_errno(err, ENAMETOOLONG, "%s/nacre", runtime_dir);
	return 0;
}

int nacre_open(
	const struct nacre_options *options, struct nacre **ret_nacre, struct nacre_error *err)
{
	char path[PATH_MAX];
	struct nacre *nacre;

	if (options->size != sizeof(*options))
		return fail(err, EINVAL, "nacre_open: options of %zu bytes, expected %zu",
			options->size, sizeof(*options));
	if (options->root)
		(void)snprintf(path, sizeof(path), "%s", options->root);
	else if (default_root(path, err) < 0)
		return -err->code;
	if (strcmp(path, "/") == 0)
		return fail(err, EINVAL, "--root may not be \"/\"");
	nacre = calloc(1, sizeof(*nacre));
	if (!nacre)
		return fail_errno(err, ENOMEM, "nacre_open");
	nacre->callbacks = (struct life_callbacks){
		.warn = options->warn ? options->warn : life_drop_warning,
		.debug = options->debug,
		.data = options->data,
	};
	nacre->root_fd = state_open_root(path, !options->root_must_exist, err);
	if (nacre->root_fd < 0) {
		free(nacre);
		return -err->code;
	}
	*ret_nacre = nacre;
	return 0;
}

void nacre_close(struct nacre *nacre)
{
	if (!nacre)
		return;
	fd_close(&nacre->root_fd);
	free(nacre);
}

int nacre_self_protect(char *const argv[], struct nacre_error *err)
{
	return self_protect(argv, err);
}

int container_refuse_threads(struct nacre_error *err)
{
	const struct timespec pause = {.tv_nsec = 100000};
	struct stat st;

	/* Whoever waits for a thread is woken (mm_release) before the kernel takes it off the list
	 * (release_task): one that was joined may be seen for a moment. */
	for (int tries = 0; tries < 100; tries++) {
		/* proc(5): a link for each thread, and "." and "..". */
		if (stat("/proc/self/task", &st) < 0)
			return fail_errno(err, errno, "stat /proc/self/task: is /proc mounted?");
		if (st.st_nlink <= 3)
			return 0;
		(void)nanosleep(&pause, NULL);
	}
	return fail(err, EBUSY, "the calling process has %lu threads, it may have one only",
		(unsigned long)st.st_nlink - 2);
}

int container_begin(struct nacre *nacre, const char *id, struct life *l, struct nacre_error *err)
{
	life_init(l);
	l->callbacks = &nacre->callbacks;
	l->root_fd = nacre->root_fd;
	l->id = id;
	l->arena = arena_new(ARENA_LIMIT);
	return l->arena ? 0 : fail_errno(err, ENOMEM, "container \"%s\"", id);
}

struct nacre_process container_take_process(
	struct life *l, struct nacre_process_group *tree, bool is_container)
{
	if (tree)
		process_group_take(tree, l, is_container);
	return (struct nacre_process){
		.pid = l->pid,
		.pidfd = fd_steal(&l->pidfd),
		.console = fd_steal(&l->terminal.master),
		.tree = tree,
		.notify = fd_steal(&l->notify_socket),
		.audited = l->record.audit.n > 0,
	};
}

static int look_at_status(
	const struct life *l, enum container_status *ret_status, struct nacre_error *err)
{
	struct status_view view;
	int result = status_view_open(l->root_fd, &view, err);

	if (result < 0)
		return result;
	result = status_read(&view, &l->record, ret_status, err);
	status_view_close(&view);
	return result;
}

static uint64_t cgroup_driver(const struct container_record *record)
{
	return record->unit ? SYSTEMD : CGROUPFS;
}

int container_open(struct nacre *nacre, const char *id, bool lock, struct life *l,
	enum container_status *ret_status, struct nacre_error *err)
{
	struct container_record *record;
	int result = container_begin(nacre, id, l, err);

	if (result < 0)
		return result;
	if (state_check_id(id, err) < 0)
		return -err->code;
	l->state_fd = state_open(nacre->root_fd, id, err);
	if (l->state_fd < 0)
		return l->state_fd;
	if ((lock && state_lock(l->state_fd, id, &l->lock_fd, err) < 0) ||
		state_load(l->arena, nacre->root_fd, id, l->lock_fd, &record, err) < 0)
		return -err->code;
	l->record = *record;
	/* Of a creation that crashed the lock says no more than where the cgroup is. */
	if (!l->record.active)
		l->record.active = cgroup_driver(&l->record);
	return ret_status ? look_at_status(l, ret_status, err) : 0;
}

int container_load_config(struct life *l, struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	size_t length;

	if (file_read(l->state_fd, "config.json", 2 * (size_t)JSON_MAX_BYTES, &text, &length, err) <
			0 ||
		oci_config_decode(l->arena, "config.json", text, length, &l->config, err) < 0)
		return fail_prefix(err, "state of container \"%s\"", l->id);
	l->process = l->config->process;
	return annotations_read(l->config, &l->annotations, err);
}

int container_request(const struct container_record *record, struct harden_request *ret_request,
	struct nacre_error *err)
{
	struct sysinfo info;

	if (sysinfo(&info) < 0)
		return fail_errno(err, errno, "size of the memory");
	*ret_request = (struct harden_request){
		.profile = record->profile,
		.grants = record->grants,
		.require = record->require,
		.memory_bytes = (uint64_t)info.totalram * info.mem_unit,
	};
	return 0;
}

static int connect_to_init(struct life *l, struct nacre_error *err)
{
	l->pidfd = status_open_pidfd(&l->record);
	if (l->pidfd < 0)
		return fail(err, ESRCH, "cannot start a container that has stopped");
	l->sync = socket_connect(l->state_fd, "start", SOCK_SEQPACKET);
	if (l->sync < 0)
		return fail_errno(err, l->sync, "connect to init of container \"%s\"", l->id);
	/* Before the turn is given: from now on the container counts as running. */
	if (unlinkat(l->state_fd, "start", 0) < 0)
		return fail_errno(err, errno, "remove the start socket");
	l->pid = (pid_t)l->record.pid;
	return 0;
}

int nacre_start(struct nacre *nacre, const char *id, struct nacre_process *ret_process,
	struct nacre_error *err)
{
	struct nacre_error undo;
	bool destroy;
	enum container_status status;
	struct life l;
	int result = container_open(nacre, id, true, &l, &status, err);

	if (result == 0 && status != STATUS_CREATED)
		result = fail(err, EBUSY,
			status == STATUS_STOPPED ? "cannot start a container that has stopped"
			: status == STATUS_CREATING
				? "cannot start a container whose creation was not finished"
				: "cannot start an already running container");
	if (result == 0 &&
		l.record.active & (HOOKS_POSTSTART | SECCOMP_NOTIFY | TRACE | LIMITS_FROM_OUTSIDE))
		result = container_load_config(&l, err);
	if (result == 0)
		result = audit_open(&l, err);
	if (result == 0)
		result = connect_to_init(&l, err);
	if (result == 0 && ret_process && l.record.active & NOTIFY) {
		l.notify_socket = notify_listen(l.state_fd, err);
		result = l.notify_socket < 0 ? l.notify_socket : 0;
	}
	if (result == 0)
		result = audit_result(&l,
			&(struct audit_event){.event = "start", .pid = l.record.pid},
			life_start(&l, err), step_kill_init, err);
	if (result == 0 && ret_process)
		*ret_process = container_take_process(&l, NULL, true);
	destroy = result < 0 && l.started;
	life_done(&l);
	/* runtime.md, Lifecycle 9: with a poststart hook that failed it goes on at step 12. */
	if (destroy && nacre_delete(nacre, id, true, &undo) < 0)
		nacre->callbacks.warn(nacre->callbacks.data, undo.text);
	return result;
}

static int may_delete(struct life *l, struct nacre_error *err)
{
	enum container_status status;

	if (look_at_status(l, &status, err) < 0)
		return -err->code;
	/* One that is "creating" while we hold its lock is left from a create that crashed. */
	if (status != STATUS_RUNNING && status != STATUS_PAUSED)
		return 0;
	return fail(err, EBUSY, "cannot delete container %s that is not stopped: %s", l->id,
		status_name(status));
}

/* A record that is damaged, or another version's: the cgroup is enough to kill and remove
 * everything. */
static int fall_back_to_lock(struct life *l, struct nacre_error *err)
{
	struct container_record *record;

	life_warn(l, err->text);
	if (state_load_lock(l->arena, l->root_fd, l->id, l->lock_fd, &record, err) < 0)
		return -err->code;
	l->record = *record;
	l->record.active = cgroup_driver(record);
	return 0;
}

/* A group in resctrl is named by the config, which create writes before it makes one. Where that
 * file system is not mounted (any more), its groups are gone. */
static int find_resctrl(struct life *l, struct nacre_error *err)
{
	const bool crashed = l->record.pid == 0;
	struct nacre_error ignored;

	if (!l->config && crashed && container_load_config(l, &ignored) == 0 && l->config->linux_ &&
		l->config->linux_->intel_rdt)
		l->record.active |= RESCTRL;
	if (!(l->record.active & RESCTRL))
		return 0;
	if (!l->config && container_load_config(l, err) < 0)
		return -err->code;
	l->resctrl_fd = resctrl_open(&ignored);
	l->resctrl_made = l->resctrl_fd >= 0;
	return 0;
}

int nacre_delete(struct nacre *nacre, const char *id, bool force, struct nacre_error *err)
{
	struct audit_event event = {.event = "delete"};
	struct life l;
	int result = container_open(nacre, id, true, &l, NULL, err);

	if (result < 0 && force && l.lock_fd >= 0)
		result = fall_back_to_lock(&l, err);
	if (result == 0 && !force)
		result = may_delete(&l, err);
	if (result == 0 && l.record.active & HOOKS_POSTSTOP)
		result = container_load_config(&l, err);
	if (result == 0)
		result = find_resctrl(&l, err);
	if (result == 0 && l.record.cgroup) {
		result = status_open_cgroup(&l.record, &l.cgroup, err);
		l.cgroup_made = result == 0;
		if (result == -ENOENT)
			result = 0;
	}
	if (result == 0) {
		l.pidfd = status_open_pidfd(&l.record);
		audit_usage(&l, &event);
		result = life_delete(&l, err);
		audit_fact(&l, &event, result, err);
	} else if (result == -ENOENT && force) {
		(void)state_remove_empty(nacre->root_fd, id);
		result = 0;
	}
	life_done(&l);
	return result;
}

int nacre_exited(
	struct nacre *nacre, const char *id, pid_t pid, int status, struct nacre_error *err)
{
	struct audit_event event = {
		.event = "exit", .pid = pid, .exit_status = {.set = true, .value = status}};
	struct nacre_error ignored;
	struct life l;
	int result = container_open(nacre, id, false, &l, NULL, err);

	if (result == 0 && l.record.cgroup)
		(void)cgroup_open(l.record.cgroup, &l.cgroup, &ignored);
	if (result == 0) {
		audit_usage(&l, &event);
		audit_fact(&l, &event, 0, err);
	}
	life_done(&l);
	return result;
}

int nacre_signal(const char *text, struct nacre_error *err)
{
	int sig = signal_from_text(text);

	return sig < 0 ? fail(err, EINVAL, "unknown signal \"%s\"", text) : sig;
}

const char *nacre_version(void)
{
	return NACRE_VERSION;
}

const char *nacre_spec_version(void)
{
	return OCI_VERSION;
}
