/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/life/life.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/life/steps_restore.h"
#include "libcontainer/life/walk.h"

/* clang-format off */
/*
 * Theory of operation
 *
 * create   RUNTIME walks life_create_steps, spawns INIT on the way, walks life_process_steps, and ends. INIT
 *          walks the same tables; at their end it has no more rights than the program will have. In their
 *          last row, not earlier, it waits at the start pipe: until the record names it, it ends with RUNTIME.
 * start    Another RUNTIME opens the pipe, and both walk life_start_steps. INIT ends by becoming the program.
 *          With LATE, RUNTIME first sends a process, which INIT runs instead of the config's. That happens
 *          only once: the state records it before anything is sent.
 * run      Both walk the three tables at once, on the socket pair that create uses. Without hooks, RUNTIME
 *          has passed its turns long before INIT takes them: no side sleeps.
 * exec     The same, with life_exec_steps first: INIT is spawned into the container's cgroup, and joins the
 *          namespaces. A process that enters a pid namespace with others could be taken over there by one
 *          that has CAP_SYS_PTRACE. So INIT stays outside, and its last act is to create a child inside
 *          (STEP_BIRTH). The child is born with the ids, capabilities, filters and files of the program, and
 *          only calls execve(2). A container that joins a pid namespace by path does the same.
 * restore  Both walk life_restore_steps. INIT becomes criu, which creates the container's processes as
 *          children of RUNTIME; they are complete and stopped from "processes" to "resume".
 * delete   RUNTIME runs the undo column of life_create_steps, last row first. The state directory is removed
 *          last; until then the container exists, and `delete` can be repeated.
 *
 * If a row fails in INIT, INIT sends the error and ends. If a row fails in RUNTIME, or INIT reports
 * a failure or dies, RUNTIME undoes its finished rows, last first. If RUNTIME dies, INIT reads the
 * end of the socket where it expects a turn, and ends; `delete --force` removes the rest.
 */
const struct step life_create_steps[] = {
	{RUNTIME, "poststop hooks",             HOOKS_POSTSTOP,         NULL,                   step_run_poststop},
	{RUNTIME, "state directory",            ALWAYS,                 step_make_state_directory,   step_drop_state_directory, STEP_LAST_TO_GO},
	{RUNTIME, "ids of its own",             SHIFTED_IDS,            step_keep_ids,               step_free_ids,              STEP_LAST_TO_GO},
	{RUNTIME, "workspaces",                 WORKSPACES,             step_make_workspaces,        step_drop_workspaces},
	{RUNTIME, "tracer",                     TRACE,                  NULL,                   tracer_end_all},
	{RUNTIME, "egress relay",               EGRESS_NAMES,           step_plan_egress_relay,      step_end_egress_relay},
	{RUNTIME, "notify socket",              NOTIFY,                 step_make_notify_socket,     NULL},
	{RUNTIME, "cgroup",                     CGROUPFS,               step_make_cgroup,            step_drop_cgroup},
	{RUNTIME, "mount sources",              HOST_SOURCES,           step_open_mount_sources,     NULL},
	{RUNTIME, "device nodes",               ALWAYS,                 step_make_device_nodes,      NULL},
	{RUNTIME, "console socket",             TERMINAL,               step_connect_console,        NULL},
	{RUNTIME, "hook output",                ALWAYS,                 step_open_hook_output,       NULL},
	{RUNTIME, "start pipe",                 WAITS_FOR_START,        step_open_start_pipe,        NULL},
	{RUNTIME, "spawn",                      ALWAYS,                 step_spawn_init,             step_kill_init,      STEP_SPAWN},
	{INIT,    "namespaces",                 FOREIGN_PIDNS,          step_enter_namespaces,       NULL},
	{RUNTIME, "systemd unit",               SYSTEMD,                step_make_unit,              step_drop_unit},
	{RUNTIME, "egress rules",               EGRESS,                 step_apply_egress,           NULL},
	{RUNTIME, "id maps",                    NEW_USERNS,             step_write_id_maps,          NULL},
	{RUNTIME, "network devices",            NET_DEVICES,            step_move_net_devices,       step_restore_net_devices},
	{RUNTIME, "limits and device rules",    ALWAYS,                 step_set_limits_ahead,       NULL,           STEP_OVERLAP},
	{RUNTIME, "cloud metadata",             ALWAYS,                 step_refuse_metadata,        NULL,           STEP_OVERLAP},
	{RUNTIME, "oom score",                  ALWAYS,                 step_set_oom_score,          NULL,           STEP_OVERLAP},
	{RUNTIME, "compile seccomp filter",     SECCOMP,                step_compile_seccomp,        NULL,           STEP_OVERLAP},
	{RUNTIME, "config and report",          ALWAYS,                 step_save_config,            NULL,           STEP_OVERLAP},
	{RUNTIME, "resctrl group",              RESCTRL,                step_enter_resctrl,          step_drop_resctrl,   STEP_OVERLAP},
	{RUNTIME, "record of a run",            RUNS_AT_ONCE,           step_save_record,            NULL,           STEP_OVERLAP},
	{INIT,    "cgroup of the unit",         SYSTEMD,                step_find_unit_cgroup,       NULL},
	{INIT,    "rootfs and mount sources",   IN_USERNS,              step_open_host_files,        NULL},
	{INIT,    "root of the user namespace", IN_USERNS,              step_become_userns_root,     NULL},
	{INIT,    "ipc namespace",              IN_USERNS,              step_make_late_namespaces,   NULL},
	{INIT,    "session",                    ALWAYS,                 step_new_session,            NULL},
	{INIT,    "cgroup namespace",           NEW_CGROUPNS,           step_unshare_cgroup,         NULL},
	{RUNTIME, "delegated cgroup",           DELEGATE_CGROUP,        step_enter_delegated_cgroup, NULL},
	{INIT,    "loopback",                   NEW_NETNS,              step_raise_loopback,         NULL},
	{INIT,    "egress rules hold",          EGRESS,                 step_check_egress,           NULL},
	{INIT,    "rootfs",                     ALWAYS,                 step_prepare_rootfs,         NULL},
	{INIT,    "mounts",                     ALWAYS,                 step_perform_mounts,         NULL},
	{RUNTIME, "device rules after disks",   DISKS,                  step_set_device_rules,       NULL},
	{INIT,    "devices",                    ALWAYS,                 step_make_devices,           NULL},
	{INIT,    "resolv.conf",                EGRESS_NAMES,           step_mount_egress_resolv,    NULL},
	{INIT,    "terminal",                   TERMINAL,               step_open_terminal,          NULL},
	{RUNTIME, "hooks: prestart, createRuntime", HOOKS_CREATE_RUNTIME, step_hooks_create_runtime, NULL},
	{INIT,    "hooks: createContainer",     ALWAYS,                 step_hooks_create_container, NULL},
	{INIT,    "network that leads nowhere", EGRESS_BY_RELAY,        step_close_network,          NULL},
	{INIT,    "hostname",                   ALWAYS,                 step_set_hostname,           NULL},
	{INIT,    "sysctl",                     ALWAYS,                 step_write_sysctls,          NULL},
	{INIT,    "masked and read-only paths", ALWAYS,                 step_mask_paths,             NULL},
	{INIT,    "pivot root",                 ALWAYS,                 step_pivot,                  NULL},
	{INIT,    "find the program",           ALWAYS,                 step_find_program,           NULL},
	{INIT,    "read-only root and mounts",  ALWAYS,                 step_seal_rootfs,            NULL},
	{INIT,    "cgroups in mounts",          EGRESS,                 step_check_cgroups,          NULL},
	{INIT,    "controlling terminal",       TERMINAL,               step_take_terminal,          NULL},
	{.name = NULL},
};

const struct step life_process_steps[] = {
	{INIT,    "process attributes",         ALWAYS,                 step_set_attributes,         NULL},
	{INIT,    "LSM labels",                 LSM,                    step_set_labels,             NULL},
	{RUNTIME, "limits from outside",        LIMITS_FROM_OUTSIDE,    step_set_process_limits,     NULL},
	{INIT,    "limits",                     LIMITS,                 step_set_own_limits,         NULL},
	{INIT,    "landlock",                   LANDLOCK,               step_restrict_writes,        NULL},
	{INIT,    "signals",                    ALWAYS,                 step_reset_signals,          NULL},
	{INIT,    "ids and capabilities",       ALWAYS,                 step_drop_privileges,        NULL},
	{INIT,    "files and memory",           ALWAYS,                 step_drop_memory,            NULL},
	{INIT,    "seccomp filters",            ALWAYS,                 step_load_seccomp,           NULL},
	{RUNTIME, "seccomp listener",           SECCOMP_NOTIFY,         step_hand_out_listener,      NULL},
	{RUNTIME, "tracer",                     TRACE,                  tracer_start,                NULL},
	{INIT,    "pid 1 stays behind",         REAPER,                 step_leave_reaper,           NULL},
	{INIT,    "process in the pid namespace", FOREIGN_PIDNS,        step_give_birth,             NULL,           STEP_BIRTH},
	{RUNTIME, "seccomp listener of the process", FOREIGN_PIDNS | SECCOMP_NOTIFY, step_send_listener, NULL},
	{RUNTIME, "egress relay",               EGRESS_NAMES,           step_start_egress_relay,     NULL},
	{RUNTIME, "limit of processes",         LIMIT_OF_PROCESSES,     step_limit_processes,        NULL},
	{RUNTIME, "scheduler of the process",   SCHEDULER_LAST,         step_set_scheduler,          NULL},
	{RUNTIME, "record",                     WAITS_FOR_START,        step_save_record,            NULL},
	{RUNTIME, "record of the process",      RUNS_AT_ONCE | FOREIGN_PIDNS, step_save_record,      NULL},
	{RUNTIME, "pidfd socket",               PIDFD_SOCKET,           step_send_pidfd,             NULL},
	{RUNTIME, "pid file",                   PID_FILE,               step_write_pid_file,         NULL},
	{INIT,    "wait for a process",         LATE,                   step_wait_for_process,       NULL},
	{INIT,    "wait for start",             WAITS_FOR_START,        step_wait_for_start,         NULL},
	{.name = NULL},
};

const struct step life_start_steps[] = {
	{INIT,    "hooks: startContainer",      HOOKS_START_CONTAINER,  step_hooks_start_container,  NULL},
	{INIT,    "exec",                       ALWAYS,                 step_exec_program,           NULL,           STEP_EXEC},
	{RUNTIME, "start pipe",                 WAITS_FOR_START,        step_remove_start_pipe,      NULL},
	{RUNTIME, "hooks: poststart",           HOOKS_POSTSTART,        step_hooks_poststart,        NULL},
	{.name = NULL},
};

/* INIT's rows have no functions here: the nacre that created INIT performs them. */
static const struct step start_steps_4[] = {
	{INIT,    "process attributes",         ALWAYS,                 NULL,                        NULL},
	{INIT,    "LSM labels",                 LSM,                    NULL,                        NULL},
	{RUNTIME, "limits from outside",        LIMITS_FROM_OUTSIDE,    step_set_process_limits,     NULL},
	{INIT,    "limits",                     LIMITS,                 NULL,                        NULL},
	{INIT,    "files",                      ALWAYS,                 NULL,                        NULL},
	{INIT,    "landlock",                   LANDLOCK,               NULL,                        NULL},
	{INIT,    "seccomp filters, privileged", SECCOMP_PRIVILEGED,    NULL,                        NULL},
	{RUNTIME, "seccomp listener, privileged", SECCOMP_PRIVILEGED | SECCOMP_NOTIFY, step_hand_out_listener, NULL},
	{RUNTIME, "tracer, privileged",         SECCOMP_PRIVILEGED | TRACE, tracer_start,            NULL},
	{INIT,    "ids and capabilities",       ALWAYS,                 NULL,                        NULL},
	{INIT,    "seccomp filters",            SECCOMP_LAST,           NULL,                        NULL},
	{RUNTIME, "seccomp listener",           SECCOMP_LAST | SECCOMP_NOTIFY, step_hand_out_listener, NULL},
	{RUNTIME, "tracer",                     SECCOMP_LAST | TRACE,   tracer_start,                NULL},
	{INIT,    "hooks: startContainer",      HOOKS_START_CONTAINER,  NULL,                        NULL},
	{INIT,    "exec",                       ALWAYS,                 NULL,                        NULL,           STEP_EXEC},
	{RUNTIME, "hooks: poststart",           HOOKS_POSTSTART,        step_hooks_poststart,        NULL},
	{.name = NULL},
};

const struct step life_exec_steps[] = {
	{RUNTIME, "cgroup of its own",          EXEC_CGROUP,             step_make_exec_cgroup,        step_drop_exec_cgroup},
	{RUNTIME, "watcher",                    KILL_ON_EXIT,           step_start_watcher,          NULL},
	{RUNTIME, "console socket",             TERMINAL,               step_connect_console,        NULL},
	{RUNTIME, "spawn",                      ALWAYS,                 step_spawn_joined,           step_kill_init,      STEP_SPAWN},
	{RUNTIME, "cgroup by systemd",          ATTACH,                 step_attach_to_unit,         NULL},
	{RUNTIME, "oom score",                  ALWAYS,                 step_set_oom_score,          NULL,           STEP_OVERLAP},
	{RUNTIME, "compile seccomp filter",     SECCOMP,                step_compile_seccomp,        NULL,           STEP_OVERLAP},
	{RUNTIME, "resctrl group",              RESCTRL,                step_join_resctrl,           NULL,           STEP_OVERLAP},
	{INIT,    "cpu affinity, initial",      ALWAYS,                 step_set_initial_affinity,   NULL},
	{INIT,    "join namespaces",            ALWAYS,                 step_join_namespaces,        NULL},
	{INIT,    "cpu affinity, final",        ALWAYS,                 step_set_final_affinity,     NULL},
	{INIT,    "session",                    ALWAYS,                 step_new_session,            NULL},
	{INIT,    "terminal",                   TERMINAL,               step_open_joined_terminal,   NULL},
	{INIT,    "find the program",           ALWAYS,                 step_find_program,           NULL},
	{INIT,    "controlling terminal",       TERMINAL,               step_take_terminal,          NULL},
	{.name = NULL},
};

const struct step life_restore_steps[] = {
	{RUNTIME, "poststop hooks",             HOOKS_POSTSTOP,         NULL,                   step_run_poststop},
	{RUNTIME, "state directory",            ALWAYS,                 step_make_state_directory,   step_drop_state_directory, STEP_LAST_TO_GO},
	{RUNTIME, "cgroup",                     CGROUPFS,               step_make_cgroup,            step_drop_cgroup},
	{RUNTIME, "console socket",             TERMINAL,               step_connect_console,        NULL},
	{RUNTIME, "spawn",                      ALWAYS,                 step_spawn_criu,             step_kill_init,      STEP_SPAWN},
	{RUNTIME, "systemd unit",               SYSTEMD,                step_make_unit,              step_drop_unit},
	{RUNTIME, "resctrl group",              RESCTRL,                step_enter_resctrl,          step_drop_resctrl},
	{RUNTIME, "config and report",          ALWAYS,                 step_save_config,            NULL,           STEP_OVERLAP},
	{INIT,    "cgroup namespace",           NEW_CGROUPNS,           step_restore_cgroup_namespace, NULL},
	{INIT,    "rootfs",                     ALWAYS,                 step_restore_rootfs,         NULL},
	{INIT,    "mount points",               ALWAYS,                 step_restore_mount_points,   NULL},
	{INIT,    "criu",                       ALWAYS,                 step_become_criu,            NULL,           STEP_EXEC},
	{RUNTIME, "namespaces",                 ALWAYS,                 step_restore_namespaces,     step_drop_criu},
	{RUNTIME, "loopback",                   NEW_NETNS,              step_restore_loopback,       NULL},
	{RUNTIME, "network devices",            NET_DEVICES,            step_move_net_devices,       step_restore_net_devices},
	{RUNTIME, "hooks: prestart, createRuntime", HOOKS_CREATE_RUNTIME, step_hooks_create_runtime, NULL},
	{RUNTIME, "processes",                  ALWAYS,                 step_restore_processes,      NULL},
	{RUNTIME, "limits and device rules",    ALWAYS,                 step_set_cgroup_limits,      NULL},
	{RUNTIME, "egress rules",               EGRESS,                 step_apply_egress,           NULL},
	{RUNTIME, "cloud metadata",             ALWAYS,                 step_refuse_metadata,        NULL},
	{RUNTIME, "profile holds",              ALWAYS,                 step_check_restored,         NULL},
	{RUNTIME, "record",                     ALWAYS,                 step_save_record,            NULL},
	{RUNTIME, "pidfd socket",               PIDFD_SOCKET,           step_send_pidfd,             NULL},
	{RUNTIME, "pid file",                   PID_FILE,               step_write_pid_file,         NULL},
	{RUNTIME, "resume",                     ALWAYS,                 step_resume_restored,        NULL},
	{.name = NULL},
};
/* clang-format on */

/* Reports INIT's error and ends it. */
static _Noreturn void give_up(struct life *l, const struct step *failed, const struct step *steps,
	const struct nacre_error *error)
{
	(void)walk_say(l, SYNC_FAILED, (unsigned)(failed - steps), error->code, -1, error->text);
	_exit(1);
}

static void walk_as_init(struct walk *w)
{
	const struct step *failed;
	struct nacre_error err;

	if (walk_from(w, w->steps, &failed, &err) < 0)
		give_up(w->l, failed, w->steps, &err);
}

_Noreturn void life_init_main(struct life *l, const struct step *steps)
{
	struct walk w = {l, steps, INIT, INIT, -1};
	const struct step *failed;
	struct nacre_error err;

	if (step_shield_init(l, &err) < 0)
		give_up(l, steps, steps, &err);
	if (walk_from_spawn(&w, &failed, &err) < 0)
		give_up(l, failed, steps, &err);
	walk_enter(&w, life_process_steps, RUNTIME);
	walk_as_init(&w);
	walk_enter(&w, life_start_steps, w.turn);
	walk_as_init(&w);
	_exit(1); /* not reached: the last row is exec */
}

/* Undoes the rows of RUNTIME up to and including the failed one. Warns of its own errors: the
 * caller keeps the first. */
static void take_back(struct life *l, const struct step *steps, const struct step *failed)
{
	struct nacre_error ignored;

	if (walk_back(l, steps, failed + 1, &ignored) < 0)
		container_warn(&l->container, ignored.text);
}

static const struct step *end_of(const struct step *steps)
{
	while (steps->name)
		steps++;
	return steps;
}

/* Walks a table that spawns; with THEN, the tables after it up to THEN. On failure undoes the first
 * table. */
static int walk_spawning(
	struct life *l, const struct step *steps, const struct step *then, struct nacre_error *err)
{
	struct walk w = {l, steps, RUNTIME, RUNTIME, -1};
	const struct step *last;
	int r = walk_from(&w, steps, &last, err);

	if (r < 0) {
		take_back(l, steps, last);
		return r;
	}
	if (then) {
		walk_enter(&w, life_process_steps, RUNTIME);
		r = walk_from(&w, w.steps, &last, err);
	}
	if (r == 0 && then == life_start_steps) {
		walk_enter(&w, life_start_steps, w.turn);
		r = walk_from(&w, w.steps, &last, err);
	}
	if (r < 0)
		take_back(l, steps, end_of(steps) - 1);
	return r;
}

/* Writing to a dead peer must return EPIPE: the signal would end the command before it could undo
 * anything. */
static void ignore_sigpipe(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
}

/* Makes a container by the tables up to THEN. A user whom AppArmor refuses user namespaces can make
 * one, and no capability counts in it: the first step that needs one fails, whichever that is. */
static int make(struct life *l, const struct step *then, struct nacre_error *err)
{
	struct nacre_error why;
	int r;

	ignore_sigpipe();
	r = walk_spawning(l, life_create_steps, then, err);
	if ((r == -EPERM || r == -EACCES || r == -ENOSPC) &&
		l->container.record.active & NEW_USERNS && l->shift.userns_fd < 0 &&
		namespaces_probe_user(false, &why) < 0)
		return fail_prefix(err, "user namespaces are refused (%s)", why.text);
	return r;
}

int life_create(struct life *l, struct nacre_error *err)
{
	return make(l, life_process_steps, err);
}

const struct step *life_start_steps_of(uint32_t version)
{
	return version == START_VERSION		    ? life_start_steps
	       : version == START_VERSION_OF_SOCKET ? start_steps_4
						    : NULL;
}

int life_may_start(const struct life *l, struct nacre_error *err)
{
	const struct oci_strings *unknown = &l->container.record.unknown_conditions;
	static const char remedy[] = "start it with the nacre that created it, or delete it";

	if (!life_start_steps_of(l->container.record.start_version))
		return fail(err, ENOTSUP,
			"cannot start container \"%s\": its init waits for version %u of the "
			"start, and this nacre knows %u and %u: %s",
			l->container.id, l->container.record.start_version, START_VERSION_OF_SOCKET,
			START_VERSION, remedy);
	if (unknown->n)
		return fail(err, ENOTSUP,
			"cannot start container \"%s\": its condition \"%s\" is not known to this "
			"nacre: %s",
			l->container.id, unknown->items[0], remedy);
	return 0;
}

int life_start(struct life *l, struct nacre_error *err)
{
	const struct step *steps = life_start_steps_of(l->container.record.start_version);
	struct walk w = {l, steps, RUNTIME, RUNTIME, -1};
	const struct step *done;
	struct nacre_error ignored;
	int r;

	ignore_sigpipe();
	/* INIT announced exec to `create`, before it loaded a filter that may forbid messages. */
	l->announced = l->container.record.start_version != START_VERSION_OF_SOCKET;
	r = l->claim ? step_send_process(l, err) : 0;
	if (r == 0)
		r = walk_from(&w, steps, &done, err);
	if (r < 0 && step_kill_init(l, &ignored) < 0)
		container_warn(&l->container, ignored.text);
	return r;
}

int life_run(struct life *l, struct nacre_error *err)
{
	return make(l, life_start_steps, err);
}

int life_exec(struct life *l, struct nacre_error *err)
{
	ignore_sigpipe();
	return walk_spawning(l, life_exec_steps, life_start_steps, err);
}

int life_restore(struct life *l, struct nacre_error *err)
{
	ignore_sigpipe();
	return walk_spawning(l, life_restore_steps, NULL, err);
}

int life_delete(struct life *l, struct nacre_error *err)
{
	return walk_back(l, life_create_steps, end_of(life_create_steps), err);
}

int life_exec_undo(struct life *l, struct nacre_error *err)
{
	return walk_back(l, life_exec_steps, end_of(life_exec_steps), err);
}
