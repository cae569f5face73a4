/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/life/plan.h"

#include <string.h>

#include "specs/annotations.h"
#include "specs/egress_names.h"
#include "specs/harden.h"
#include "specs/mount_types.h"
#include "specs/mount_words.h"

static bool is_set(const char *text)
{
	return text && *text;
}

static bool limits_processes(const struct oci_process *process)
{
	for (size_t i = 0; i < process->n_rlimits; i++)
		if (process->rlimits[i].type && !strcmp(process->rlimits[i].type, "RLIMIT_NPROC"))
			return true;
	return false;
}

static uint64_t when(bool holds, uint64_t conditions)
{
	return holds ? conditions : 0;
}

static bool notifies(const struct oci_seccomp *seccomp)
{
	for (size_t i = 0; i < seccomp->n_syscalls; i++)
		if (strcmp(seccomp->syscalls[i].action, "SCMP_ACT_NOTIFY") == 0)
			return true;
	return false;
}

/* Whether RUNTIME must open the source of a mount: INIT in the container's user namespace could not
 * reach it, or not with its ownership. */
static bool needs_host_sources(const struct oci_config *config)
{
	bool userns = oci_find_namespace(config, "user");

	for (size_t i = 0; i < config->n_mounts; i++) {
		const struct oci_strings *options = &config->mounts[i].options;
		bool bind = mount_is_bind(&config->mounts[i]);

		if (config->mounts[i].n_uid_mappings || oci_strings_have(options, "idmap") ||
			oci_strings_have(options, "ridmap") || (userns && bind))
			return true;
	}
	return false;
}

/* sched(7): a SCHED_DEADLINE process cannot fork without SCHED_FLAG_RESET_ON_FORK. */
static bool fork_resets(const struct oci_scheduler *scheduler)
{
	return scheduler &&
	       (strcmp(scheduler->policy, "SCHED_DEADLINE") == 0 ||
		       oci_strings_have(&scheduler->flags, "SCHED_FLAG_RESET_ON_FORK"));
}

static bool mounts_disks(const struct oci_config *config)
{
	for (size_t i = 0; i < config->n_mounts; i++)
		if (mount_opens_disk(&config->mounts[i]))
			return true;
	return false;
}

static uint64_t plan_hooks(const struct oci_hooks *hooks)
{
	if (!hooks)
		return 0;
	return when(hooks->prestart.n || hooks->create_runtime.n, HOOKS_CREATE_RUNTIME) |
	       when(hooks->start_container.n, HOOKS_START_CONTAINER) |
	       when(hooks->poststart.n, HOOKS_POSTSTART) | when(hooks->poststop.n, HOOKS_POSTSTOP);
}

/* Conditions that apply to a container's first process and to any later one. */
static uint64_t plan_process(const struct oci_config *config, const struct oci_process *process,
	const struct life_options *options, bool foreign_pidns)
{
	const struct oci_seccomp *seccomp = config->linux_ ? config->linux_->seccomp : NULL;
	bool userns = oci_find_namespace(config, "user");
	uint64_t filter = 0;

	if (seccomp || (config->nacre && config->nacre->seccomp_filter))
		filter = process->no_new_privileges ? SECCOMP_LAST : SECCOMP_PRIVILEGED;
	if (seccomp)
		filter |= SECCOMP | when(notifies(seccomp), SECCOMP_NOTIFY);
	return filter | when(config->nacre && config->nacre->landlock, LANDLOCK) |
	       when(process->terminal, TERMINAL) |
	       when(process->n_rlimits, LIMITS | when(userns, LIMITS_FROM_OUTSIDE)) |
	       when(foreign_pidns, FOREIGN_PIDNS) |
	       when(foreign_pidns && options->limits_others && limits_processes(process),
		       LIMIT_OF_PROCESSES) |
	       when(foreign_pidns && fork_resets(process->scheduler), SCHEDULER_LAST) |
	       when(is_set(process->apparmor_profile) || is_set(process->selinux_label), LSM) |
	       when(is_set(options->pidfd_socket), PIDFD_SOCKET) |
	       when(is_set(options->pid_file), PID_FILE);
}

static bool has_egress_names(const struct oci_config *config)
{
	return config->nacre && egress_names_in(&config->nacre->egress);
}

bool plan_may_relay_egress(const struct oci_config *config)
{
	return harden_egress_holds(config->nacre) && oci_has_new_namespace(config, "network");
}

static bool has_egress_addresses(const struct oci_config *config)
{
	return !oci_strings_have(&config->nacre->egress, "none");
}

static uint64_t plan_egress(const struct oci_config *config, bool by_relay)
{
	if (!harden_has_egress(config->nacre))
		return 0;
	return by_relay ? EGRESS_BY_RELAY | when(has_egress_addresses(config), EGRESS_NAMES)
			: EGRESS | when(has_egress_names(config), EGRESS_NAMES);
}

static uint64_t plan_annotations(const struct oci_config *config)
{
	struct run_annotations annotations;
	struct nacre_error ignored; /* the config was validated before */

	if (annotations_read(config, &annotations, &ignored) < 0)
		return 0;
	return when(annotations.delegate_cgroup, DELEGATE_CGROUP);
}

static bool has_workspaces(const struct oci_config *config)
{
	return config->nacre && config->nacre->n_workspaces;
}

uint64_t plan_create(const struct oci_config *config, const struct life_options *options,
	bool foreign_pidns, bool egress_by_relay, bool others_netns)
{
	const struct oci_linux *linux_ = config->linux_;

	return plan_annotations(config) | plan_hooks(config->hooks) |
	       plan_process(config, config->process, options, foreign_pidns) |
	       when(oci_has_new_namespace(config, "user"), NEW_USERNS) |
	       when(oci_find_namespace(config, "user"), IN_USERNS) |
	       when(oci_has_new_namespace(config, "cgroup"), NEW_CGROUPNS) |
	       when(oci_has_new_namespace(config, "network"), NEW_NETNS) |
	       when(others_netns, OTHERS_NETNS) |
	       when(oci_has_new_namespace(config, "pid"), NEW_PIDNS) |
	       when(config->nacre && config->nacre->reaper && !foreign_pidns, REAPER) |
	       when(oci_has_new_namespace(config, "mount"), NEW_MNTNS) |
	       when(linux_ && linux_->n_net_devices, NET_DEVICES) |
	       when(linux_ && linux_->intel_rdt, RESCTRL) | plan_egress(config, egress_by_relay) |
	       when(has_workspaces(config), WORKSPACES | HOST_SOURCES) |
	       when(needs_host_sources(config), HOST_SOURCES) | when(mounts_disks(config), DISKS) |
	       when(options->late, LATE) | when(options->notify, NOTIFY) |
	       (options->systemd_cgroup ? SYSTEMD : CGROUPFS) |
	       (options->waits_for_start ? WAITS_FOR_START : RUNS_AT_ONCE);
}

uint64_t plan_join(const struct oci_config *config, const struct oci_process *process,
	const struct life_options *options, bool foreign_pidns)
{
	return plan_process(config, process, options, foreign_pidns) |
	       when(config->linux_ && config->linux_->intel_rdt, RESCTRL) |
	       when(options->attach, ATTACH) | when(options->exec_cgroup, EXEC_CGROUP) |
	       when(options->kill_on_exit, KILL_ON_EXIT);
}
