/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libcontainer/api/bundle.h"
#include "libcontainer/api/nacre.h"
#include "libcontainer/api/receipt.h"
#include "libcontainer/base/bpf.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/timestamp.h"
#include "libcontainer/cgroup/resctrl.h"
#include "libcontainer/life/audit.h"
#include "libcontainer/life/plan.h"
#include "libcontainer/mount/mount_fs.h"
#include "libcontainer/mount/notify.h"
#include "libcontainer/namespace/sysctl.h"
#include "libcontainer/net/egress_bpf.h"
#include "libcontainer/process/lsm.h"
#include "libcontainer/process/rlimits.h"
#include "libcontainer/systemd/systemd.h"

/* Prepares a struct life from options and a bundle, for nacre_create and nacre_run. */

int prepare_check_terminal(
	bool terminal, bool detach, const char *console_socket, struct nacre_error *err)
{
	if (terminal && detach && !console_socket)
		return fail(err, EINVAL,
			"cannot allocate tty if runc will detach without setting console socket");
	if (console_socket && (!terminal || !detach))
		return fail(err, EINVAL,
			"cannot use console socket if runc will not detach or allocate tty");
	return 0;
}

static int add_variables(struct arena *arena, const char *const variables[], size_t n,
	const struct oci_process **process, struct nacre_error *err)
{
	struct oci_process *copy = arena_alloc(arena, sizeof(*copy));
	size_t n_env = (*process)->env.n;
	const char **env = arena_array(arena, n_env + n, sizeof(*env));

	if (!copy || !env)
		return fail_errno(err, ENOMEM, "environment");
	*copy = **process;
	for (size_t i = 0; i < n_env; i++)
		env[i] = copy->env.items[i];
	for (size_t i = 0; i < n; i++)
		env[n_env + i] = variables[i];
	copy->env.items = env;
	copy->env.n = n_env + n;
	*process = copy;
	return 0;
}

/* Adds the variables from the service manager of the command: sd_listen_fds(3), sd_notify(3). The
 * config itself is not changed, since they are not for a later exec. */
static int add_service(
	struct life *l, const struct nacre_create_options *options, struct nacre_error *err)
{
	static const char *const notify[] = {"NOTIFY_SOCKET=" NOTIFY_SOCKET_PATH};
	const char *listen[] = {NULL, "LISTEN_PID=1"};
	int r;

	if (options->listen_fds) {
		listen[0] = arena_printf(l->container.arena, "LISTEN_FDS=%u", options->listen_fds);
		if (!listen[0])
			return fail_errno(err, ENOMEM, "LISTEN_FDS");
		r = add_variables(l->container.arena, listen, 2, &l->process, err);
		if (r < 0)
			return r;
	}
	if (!options->notify)
		return 0;
	r = notify_add_mount(l->container.arena, l->container.config, err);
	if (r < 0)
		return r;
	return add_variables(l->container.arena, notify, 1, &l->process, err);
}

static const char *now_text(struct arena *arena)
{
	struct timespec now;
	char text[TIMESTAMP_SIZE];

	(void)clock_gettime(CLOCK_REALTIME, &now);
	timestamp_format(&now, text);
	return arena_strdup(arena, text);
}

static bool holds_by_relay(const struct oci_config *config, bool has_cgroup)
{
	struct nacre_error why; /* reported when the filter is loaded */

	return plan_may_relay_egress(config) &&
	       (!has_cgroup || bpf_is_absent(egress_bpf_probe(&why)));
}

static bool chooses(const struct oci_hardened *nacre)
{
	return nacre && (nacre->program || nacre->directories.n);
}

static int fill_record(struct life *l, const struct bundle *bundle,
	const struct nacre_create_options *options, struct nacre_error *err)
{
	const char *cgroup;
	int r;

	r = prepare_cgroup(l, options, &bundle->report->request, &cgroup, err);
	if (r < 0)
		return r;
	l->container.record = (struct container_record){
		.version = RECORD_VERSION,
		.id = l->container.id,
		.bundle = bundle->path,
		.rootfs = bundle->rootfs,
		.created = now_text(l->container.arena),
		.cgroup = cgroup,
		.unit = l->container.record.unit,
		.user_unit = l->container.record.user_unit,
		.active = plan_create(l->container.config, l->options, l->namespaces.outside,
			holds_by_relay(l->container.config, cgroup || l->container.record.unit),
			namespaces_joined(&l->namespaces, "network") >= 0 &&
				!(l->namespaces.host_flags & namespaces_flag("network"))),
		.start_version = START_VERSION,
		.owner_uid = geteuid(),
		.first_id = l->shift.first_id,
		.profile = bundle->report->profile,
		.grants = bundle->report->request.grants,
		.require = bundle->report->request.require,
		.annotations = l->container.config->annotations,
	};
	if (l->shift.first_id)
		l->container.record.active |= SHIFTED_IDS;
	if (!l->container.record.created)
		return fail_errno(err, ENOMEM, "record");
	if (options->late && chooses(l->container.config->nacre))
		return fail(err, EINVAL,
			"--late: nacre.program and nacre.directories of the config choose what "
			"runs and where: leave them out");
	/* In such a container, INIT's last act is to make a child without a heap, which cannot read
	 * a process. */
	if (options->late && l->container.record.active & FOREIGN_PIDNS)
		return fail(err, EINVAL,
			"--late: the container may not join a pid namespace by its path");
	if (l->container.record.active & EGRESS_BY_RELAY)
		r = harden_egress_check_relay(
			l->container.arena, l->container.config, &bundle->report->request, err);
	if (r < 0)
		return r;
	return audit_begin(&l->container, bundle->policy ? bundle->policy->audit_file : NULL,
		options->audit, bundle->given, err);
}

/* Refuses labels without effect before anything is made. */
static int check_labels(const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_process *process = config->process;
	const char *mount_label = config->linux_ ? config->linux_->mount_label : NULL;

	if (process->apparmor_profile && *process->apparmor_profile && !lsm_apparmor_enabled())
		return fail(err, EINVAL,
			"process.apparmorProfile: AppArmor is not active on this host");
	if (process->selinux_label && *process->selinux_label && !lsm_selinux_enabled())
		return fail(
			err, EINVAL, "process.selinuxLabel: SELinux is not active on this host");
	if (mount_label && *mount_label && !lsm_selinux_enabled())
		return fail(err, EINVAL, "linux.mountLabel: SELinux is not active on this host");
	return 0;
}

/* Refuses what the host or the caller's privileges do not permit before anything is made. */
static int check_host(struct life *l, struct nacre_error *err)
{
	const struct oci_config *config = l->container.config;
	const struct oci_linux *linux_ = config->linux_;

	if (linux_ && linux_->n_net_devices && geteuid() != 0)
		return oci_fail(config, err, "linux.netDevices",
			"only root can take a device from the host's network namespace");
	if (!linux_ || !linux_->intel_rdt)
		return 0;
	l->resctrl_fd = resctrl_open(err);
	return l->resctrl_fd < 0 ? fail_prefix(err, "linux.intelRdt") : 0;
}

/* Reads the annotations that the profile has left. */
static int take_annotations(struct life *l, struct nacre_error *err)
{
	struct oci_seccomp *seccomp = l->container.config->linux_
					      ? l->container.config->linux_->seccomp
					      : NULL;
	int r;

	r = annotations_read(l->container.config, &l->container.annotations, err);
	if (r < 0)
		return r;
	if (seccomp && !seccomp->listener_path)
		seccomp->listener_path = l->container.annotations.seccomp_receiver;
	return 0;
}

/* In the caller's mount namespace, runc changes the propagation of all the host's mounts, mounts
 * the container's rootfs, /proc and /dev on the host and leaves them there. In a mount namespace of
 * its own the program sees the same; only its own mounts do not reach the host. */
static int need_mount_namespace(struct life *l, struct nacre_error *err)
{
	struct oci_namespace *found = oci_find_namespace(l->container.config, "mount");

	if (found && !namespaces_own(found))
		return 0;
	container_warn(&l->container,
		"linux.namespaces: it would be the host's mount namespace, where the "
		"container's mounts stay behind: the container gets one of its own");
	if (found)
		found->path = NULL;
	else if (!oci_add_namespace(l->container.arena, l->container.config, "mount"))
		return fail_errno(err, ENOMEM, "linux.namespaces");
	return 0;
}

static void warn_nested(const struct life *l)
{
	char text[1024];

	if (l->container.record.profile && !strcmp(l->container.record.profile, "nested") &&
		harden_nested_lacks(l->container.config, text, sizeof(text)))
		container_warn(&l->container, text);
}

/* Prepares the receipt and the tracer, which report later. */
static int prepare_witnesses(struct life *l, const struct nacre_create_options *options,
	const struct bundle *bundle, struct nacre_error *err)
{
	int r = receipt_prepare(l, options, bundle, err);

	return r < 0 ? r
		     : trace_create(l, options->trace_denials,
			       bundle->policy && bundle->policy->trace_denials, err);
}

static int plan_namespaces(struct life *l, struct nacre_error *err)
{
	int r = namespaces_plan(l->container.config, &l->namespaces, err);

	if (r >= 0 && l->shift.pod_fd >= 0)
		r = namespaces_check_owner(&l->namespaces, l->shift.pod_fd, err);
	if (r >= 0)
		r = namespaces_stay_outside(&l->namespaces, err);
	return r < 0 ? r : sysctl_check_joined(l->container.config, l->namespaces.host_flags, err);
}

int prepare_container(
	struct life *l, const struct nacre_create_options *options, struct nacre_error *err)
{
	struct bundle bundle;
	int r;

	r = container_refuse_threads(err);
	if (r >= 0)
		r = state_check_id(l->container.id, err);
	if (r >= 0)
		r = bundle_load(l->container.arena, options, l->container.callbacks->warn,
			l->container.callbacks->data, &l->shift, &bundle, err);
	if (r >= 0)
		r = mount_check_calls(err);
	if (r < 0)
		return r;
	l->container.config = bundle.config;
	l->process = bundle.config->process;
	r = prepare_check_terminal(l->process->terminal,
		l->options->waits_for_start || options->detach, options->console_socket, err);
	if (r >= 0)
		r = check_labels(l->container.config, err);
	if (r >= 0)
		r = harden_report_json(bundle.report, &l->report, err);
	if (r < 0)
		return r;
	l->config_given = bundle.given;
	l->hardened_by = &bundle.report->request;
	l->granted = &bundle.report->granted;
	l->left_out = &bundle.report->left_out;
	r = add_service(l, options, err);
	if (r < 0)
		return r;
	r = check_host(l, err);
	if (r >= 0)
		r = take_annotations(l, err);
	if (r < 0)
		return r;
	r = need_mount_namespace(l, err);
	if (r < 0)
		return r;
	r = mount_guard_init(&l->guard, l->container.arena, &bundle.report->request,
		l->container.config, l->container.root_fd, err);
	if (r >= 0)
		r = prepare_guard_state(l, err);
	if (r >= 0)
		r = seccomp_own_program(
			l->container.arena, l->container.config->nacre, &l->own_filter, err);
	if (r >= 0)
		r = plan_namespaces(l, err);
	if (r < 0)
		return r;
	r = fill_record(l, &bundle, options, err);
	if (r < 0)
		return r;
	warn_nested(l);
	return prepare_witnesses(l, options, &bundle, err);
}

struct life_options prepare_life_options(const struct nacre_create_options *options, bool waits)
{
	return (struct life_options){
		.console_socket = options->console_socket,
		.pid_file = options->pid_file,
		.pidfd_socket = options->pidfd_socket,
		.preserve_fds = options->preserve_fds,
		.preserve_gaps = options->preserve_gaps,
		.no_pivot = options->no_pivot,
		.notify = options->notify,
		.no_new_keyring = options->no_new_keyring,
		.window = {options->window.rows, options->window.columns},
		.bare_newlines = options->window.bare_newlines,
		.waits_for_start = waits,
		.late = options->late,
		.kill_on_exit = options->kill_on_exit,
		.systemd_cgroup = options->systemd_cgroup,
		.limits_others = rlimits_may_limit_others(),
	};
}
