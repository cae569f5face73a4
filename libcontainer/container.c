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
#include <time.h>
#include <unistd.h>

#include "libcontainer/bundle.h"
#include "libcontainer/cleanup.h"
#include "libcontainer/fdpass.h"
#include "libcontainer/files.h"
#include "libcontainer/lsm.h"
#include "libcontainer/nacre.h"
#include "libcontainer/plan.h"
#include "libcontainer/seal.h"
#include "libcontainer/signals.h"
#include "libcontainer/timestamp.h"
#include "specs/defaults.h"
#include "specs/json.h"

static void drop_warning(void *data, const char *text)
{
	(void)data;
	(void)text;
}

/* The directory that holds the states where the caller named none. */
static int default_root(char ret_path[PATH_MAX], struct nacre_error *err)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");

	if (geteuid() == 0) {
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
		.warn = options->warn ? options->warn : drop_warning,
		.debug = options->debug,
		.data = options->data,
	};
	nacre->root_fd = state_open_root(path, err);
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
	close_fd(&nacre->root_fd);
	free(nacre);
}

int nacre_seal(char *const argv[], struct nacre_error *err)
{
	return seal_self(argv, err);
}

int refuse_threads(struct nacre_error *err)
{
	struct stat st;

	/* proc(5): a link for each thread, and "." and "..". */
	if (stat("/proc/self/task", &st) < 0)
		return fail_errno(err, errno, "stat /proc/self/task: is /proc mounted?");
	if (st.st_nlink > 3)
		return fail(err, EBUSY, "the calling process has %lu threads, it may have one only",
			(unsigned long)st.st_nlink - 2);
	return 0;
}

int check_terminal(bool terminal, bool detach, const char *console_socket, struct nacre_error *err)
{
	if (terminal && detach && !console_socket)
		return fail(err, EINVAL,
			"cannot allocate tty if runc will detach without setting console socket");
	if (console_socket && (!terminal || !detach))
		return fail(err, EINVAL,
			"cannot use console socket if runc will not detach or allocate tty");
	return 0;
}

int add_listen_fds(struct arena *arena, unsigned n, const struct oci_process **process,
	struct nacre_error *err)
{
	struct oci_process *copy = arena_alloc(arena, sizeof(*copy));
	size_t n_env = (*process)->env.n;
	const char **env = arena_array(arena, n_env + 2, sizeof(*env));
	char *text = arena_printf(arena, "LISTEN_FDS=%u", n);

	if (!copy || !env || !text)
		return fail_errno(err, ENOMEM, "LISTEN_FDS");
	*copy = **process;
	for (size_t i = 0; i < n_env; i++)
		env[i] = copy->env.items[i];
	env[n_env] = text;
	env[n_env + 1] = "LISTEN_PID=1";
	copy->env.items = env;
	copy->env.n = n_env + 2;
	*process = copy;
	return 0;
}

static const char *now_text(struct arena *arena)
{
	struct timespec now;
	char text[TIMESTAMP_SIZE];

	(void)clock_gettime(CLOCK_REALTIME, &now);
	timestamp_format(&now, text);
	return arena_strdup(arena, text);
}

static int fill_record(struct life *l, const struct bundle *bundle,
	const struct nacre_create_options *options, struct nacre_error *err)
{
	struct oci_strings grants = {.n = 0};
	char path[PATH_MAX];

	l->cgroup.mount_fd = cgroup_open_mount(err);
	if (l->cgroup.mount_fd < 0 ||
		cgroup_resolve_path(l->cgroup.mount_fd,
			l->config->linux_ ? l->config->linux_->cgroups_path : NULL, l->id, path,
			err) < 0)
		return -err->code;
	while (options->allow && options->allow[grants.n])
		grants.n++;
	grants.items = (const char **)options->allow;
	l->record = (struct container_record){
		.version = RECORD_VERSION,
		.id = l->id,
		.bundle = bundle->path,
		.rootfs = bundle->rootfs,
		.created = now_text(l->arena),
		.cgroup = arena_strdup(l->arena, path),
		.active = plan_create(l->config, l->options),
		.owner_uid = geteuid(),
		.profile = bundle->report->profile,
		.grants = grants,
		.annotations = l->config->annotations,
	};
	if (!l->record.created || !l->record.cgroup)
		return fail_errno(err, ENOMEM, "record");
	return 0;
}

/* A label that cannot take effect is refused before anything is made. */
static int check_labels(const struct oci_process *process, struct nacre_error *err)
{
	if (process->apparmor_profile && *process->apparmor_profile && !lsm_apparmor_enabled())
		return fail(err, EINVAL,
			"process.apparmorProfile: AppArmor is not active on this host");
	if (process->selinux_label && *process->selinux_label && !lsm_selinux_enabled())
		return fail(
			err, EINVAL, "process.selinuxLabel: SELinux is not active on this host");
	return 0;
}

/* A property that would have no effect must not pass for one that has. */
static int refuse_unsupported(const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_linux *linux_ = config->linux_;

	if (linux_ && linux_->n_net_devices)
		return oci_fail(config, err, "linux.netDevices",
			"this version of nacre moves no network devices: leave it out");
	if (linux_ && linux_->intel_rdt)
		return oci_fail(config, err, "linux.intelRdt",
			"this version of nacre does not use resctrl: leave it out");
	return 0;
}

static int prepare_create(
	struct life *l, const struct nacre_create_options *options, struct nacre_error *err)
{
	struct bundle bundle;

	if (options->size != sizeof(*options))
		return fail(err, EINVAL, "options of %zu bytes, expected %zu", options->size,
			sizeof(*options));
	if (refuse_threads(err) < 0 || state_check_id(l->id, err) < 0 ||
		bundle_load(l->arena, options->bundle, options->config, options->profile,
			options->allow, l->callbacks->warn, l->callbacks->data, &bundle, err) < 0)
		return -err->code;
	l->config = bundle.config;
	l->process = bundle.config->process;
	if (check_terminal(l->process->terminal, l->options->waits_for_start || options->detach,
		    options->console_socket, err) < 0 ||
		check_labels(l->process, err) < 0 ||
		harden_report_json(bundle.report, &l->report, err) < 0)
		return -err->code;
	l->config_given = bundle.given;
	if (options->listen_fds &&
		add_listen_fds(l->arena, options->listen_fds, &l->process, err) < 0)
		return -err->code;
	if (refuse_unsupported(l->config, err) < 0)
		return -err->code;
	if (!oci_find_namespace(l->config, "mount"))
		return oci_fail(l->config, err, "linux.namespaces",
			"without {\"type\": \"mount\"} the container's mounts would be made on the "
			"host");
	if (namespaces_plan(l->config, &l->namespaces, err) < 0)
		return -err->code;
	return fill_record(l, &bundle, options, err);
}

static struct life_options life_options_of(const struct nacre_create_options *options, bool waits)
{
	return (struct life_options){
		.console_socket = options->console_socket,
		.pid_file = options->pid_file,
		.preserve_fds = options->preserve_fds,
		.no_pivot = options->no_pivot,
		.no_new_keyring = options->no_new_keyring,
		.window = {options->window.rows, options->window.columns},
		.waits_for_start = waits,
	};
}

static int begin(struct nacre *nacre, const char *id, struct life *l, struct nacre_error *err)
{
	life_init(l);
	l->callbacks = &nacre->callbacks;
	l->root_fd = nacre->root_fd;
	l->id = id;
	l->arena = arena_new(ARENA_LIMIT);
	return l->arena ? 0 : fail_errno(err, ENOMEM, "container \"%s\"", id);
}

int nacre_create(struct nacre *nacre, const char *id, const struct nacre_create_options *options,
	struct nacre_error *err)
{
	const struct life_options life_options = life_options_of(options, true);
	struct life l;
	int result = begin(nacre, id, &l, err);

	l.options = &life_options;
	if (result == 0)
		result = prepare_create(&l, options, err);
	if (result == 0)
		result = life_create(&l, err);
	life_done(&l);
	return result;
}

struct nacre_process container_take_process(struct life *l)
{
	return (struct nacre_process){
		.pid = l->pid,
		.pidfd = steal_fd(&l->pidfd),
		.console = steal_fd(&l->terminal.master),
	};
}

int nacre_run(struct nacre *nacre, const char *id, const struct nacre_create_options *options,
	struct nacre_process *ret_process, struct nacre_error *err)
{
	const struct life_options life_options = life_options_of(options, false);
	struct life l;
	int result = begin(nacre, id, &l, err);

	l.options = &life_options;
	if (result == 0)
		result = prepare_create(&l, options, err);
	if (result == 0)
		result = life_run(&l, err);
	if (result == 0)
		*ret_process = container_take_process(&l);
	life_done(&l);
	return result;
}

static int look_at_status(
	const struct life *l, enum container_status *ret_status, struct nacre_error *err)
{
	struct status_view view;
	int result = status_view_open(l->root_fd, &view, err);

	if (result < 0)
		return result;
	result = container_status(&view, &l->record, ret_status, err);
	status_view_close(&view);
	return result;
}

int container_open(struct nacre *nacre, const char *id, bool lock, struct life *l,
	enum container_status *ret_status, struct nacre_error *err)
{
	struct container_record *record;
	int result = begin(nacre, id, l, err);

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
	return 0;
}

static int connect_to_init(struct life *l, struct nacre_error *err)
{
	l->pidfd = record_open_pidfd(&l->record);
	if (l->pidfd < 0)
		return fail(err, ESRCH, "cannot start a container that has stopped");
	l->baton = socket_connect(l->state_fd, "start", SOCK_SEQPACKET);
	if (l->baton < 0)
		return fail_errno(err, l->baton, "connect to init of container \"%s\"", l->id);
	/* Before the turn is given: from now on the container counts as running. */
	if (unlinkat(l->state_fd, "start", 0) < 0)
		return fail_errno(err, errno, "remove the start socket");
	l->pid = (pid_t)l->record.pid;
	return 0;
}

int nacre_start(struct nacre *nacre, const char *id, struct nacre_error *err)
{
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
		l.record.active & (HOOKS_POSTSTART | SECCOMP_NOTIFY | LIMITS_FROM_OUTSIDE))
		result = container_load_config(&l, err);
	if (result == 0)
		result = connect_to_init(&l, err);
	if (result == 0)
		result = life_start(&l, err);
	life_done(&l);
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
		container_status_name(status));
}

int nacre_delete(struct nacre *nacre, const char *id, bool force, struct nacre_error *err)
{
	struct life l;
	int result = container_open(nacre, id, true, &l, NULL, err);

	if (result == 0 && !force)
		result = may_delete(&l, err);
	if (result == 0 && l.record.active & HOOKS_POSTSTOP)
		result = container_load_config(&l, err);
	if (result == 0 && l.record.cgroup) {
		result = cgroup_open(l.record.cgroup, &l.cgroup, err);
		l.cgroup_made = result == 0;
		if (result == -ENOENT)
			result = 0;
	}
	if (result == 0) {
		l.pidfd = record_open_pidfd(&l.record);
		result = life_delete(&l, err);
	} else if (result == -ENOENT && force) {
		(void)state_remove_empty(nacre->root_fd, id);
		result = 0;
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
