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
#include "libcontainer/life/sync.h"
#include "libcontainer/life/walk.h"

/* clang-format off */
/*
 * Theory of operation
 *
 * create   RUNTIME walks life_create_steps, spawning INIT on the way, and ends. INIT walks them too, then
 *          listens on the start socket in the state directory.
 * start    another RUNTIME connects to it; both walk life_start_steps. INIT ends by becoming the program.
 * run      both tables in one go, on the socket pair that create uses. Unless there are hooks, RUNTIME
 *          has given the turn for start long before INIT comes to take it: nobody sleeps.
 * exec     the same with life_exec_steps first: spawned into the container's cgroup and pid namespace, INIT
 *          joins the rest.
 * restore  life_restore_steps. INIT becomes criu, which makes the container's processes as RUNTIME's
 *          children; they are complete and stopped from "processes" to "resume".
 * delete   the undo column of life_create_steps, read upwards. The state directory goes when all else is
 *          gone; until then the container is there to be deleted again.
 *
 * If a row fails in INIT, it sends the error and ends. If a row fails in RUNTIME, or INIT reports or
 * dies, RUNTIME undoes its finished rows, last first. If RUNTIME dies, INIT reads the end of the socket
 * where it expects a turn, and ends; what else is left `delete --force` removes.
 */
const struct step life_create_steps[] = {
	{RUNTIME, "poststop hooks",             HOOKS_POSTSTOP,         NULL,                   step_run_poststop},
	{RUNTIME, "state directory",            ALWAYS,                 step_make_state_directory,   step_drop_state_directory, STEP_LAST_TO_GO},
	{RUNTIME, "tracer",                     TRACE,                  NULL,                   tracer_end_all},
	{RUNTIME, "notify socket",              NOTIFY,                 step_make_notify_socket,     NULL},
	{RUNTIME, "cgroup",                     CGROUPFS,               step_make_cgroup,            step_drop_cgroup},
	{RUNTIME, "mount sources",              HOST_SOURCES,           step_open_mount_sources,     NULL},
	{RUNTIME, "device nodes",               ALWAYS,                 step_make_device_nodes,      NULL},
	{RUNTIME, "console socket",             TERMINAL,               step_connect_console,        NULL},
	{RUNTIME, "hook output",                ALWAYS,                 step_open_hook_output,       NULL},
	{RUNTIME, "start socket",               WAITS_FOR_START,        step_open_start_socket,      NULL},
	{RUNTIME, "spawn",                      ALWAYS,                 step_spawn_init,             step_kill_init,      STEP_SPAWN},
	{RUNTIME, "systemd unit",               SYSTEMD,                step_make_unit,              step_drop_unit},
	{RUNTIME, "id maps",                    NEW_USERNS,             step_write_id_maps,          NULL},
	{RUNTIME, "network devices",            NET_DEVICES,            step_move_net_devices,       step_restore_net_devices},
	{RUNTIME, "limits and device rules",    ALWAYS,                 step_set_limits_ahead,       NULL,           STEP_OVERLAP},
	{RUNTIME, "oom score",                  ALWAYS,                 step_set_oom_score,          NULL,           STEP_OVERLAP},
	{RUNTIME, "compile seccomp filter",     SECCOMP,                step_compile_seccomp,        NULL,           STEP_OVERLAP},
	{RUNTIME, "config and report",          ALWAYS,                 step_save_config,            NULL,           STEP_OVERLAP},
	{RUNTIME, "resctrl group",              RESCTRL,                step_enter_resctrl,          step_drop_resctrl,   STEP_OVERLAP},
	{RUNTIME, "record of a run",            RUNS_AT_ONCE,           step_save_record,            NULL,           STEP_OVERLAP},
	{INIT,    "cgroup of the unit",         SYSTEMD,                step_find_unit_cgroup,       NULL},
	{INIT,    "rootfs and mount sources",   IN_USERNS,              step_open_host_files,        NULL},
	{INIT,    "root of the user namespace", IN_USERNS,              step_become_userns_root,     NULL},
	{INIT,    "session",                    ALWAYS,                 step_new_session,            NULL},
	{INIT,    "cgroup namespace",           NEW_CGROUPNS,           step_unshare_cgroup,         NULL},
	{RUNTIME, "delegated cgroup",           DELEGATE_CGROUP,        step_enter_delegated_cgroup, NULL},
	{INIT,    "loopback",                   NEW_NETNS,              step_raise_loopback,         NULL},
	{INIT,    "rootfs",                     ALWAYS,                 step_prepare_rootfs,         NULL},
	{INIT,    "mounts",                     ALWAYS,                 step_perform_mounts,         NULL},
	{RUNTIME, "device rules after disks",   DISKS,                  step_set_device_rules,       NULL},
	{INIT,    "devices",                    ALWAYS,                 step_make_devices,           NULL},
	{INIT,    "terminal",                   TERMINAL,               step_open_terminal,          NULL},
	{RUNTIME, "hooks: prestart, createRuntime", HOOKS_CREATE_RUNTIME, step_hooks_create_runtime, NULL},
	{INIT,    "hooks: createContainer",     ALWAYS,                 step_hooks_create_container, NULL},
	{INIT,    "hostname",                   ALWAYS,                 step_set_hostname,           NULL},
	{INIT,    "sysctl",                     ALWAYS,                 step_write_sysctls,          NULL},
	{INIT,    "masked and read-only paths", ALWAYS,                 step_mask_paths,             NULL},
	{INIT,    "pivot root",                 ALWAYS,                 step_pivot,                  NULL},
	{INIT,    "find the program",           ALWAYS,                 step_find_program,           NULL},
	{INIT,    "read-only root and mounts",  ALWAYS,                 step_seal_rootfs,            NULL},
	{INIT,    "controlling terminal",       TERMINAL,               step_take_terminal,          NULL},
	{INIT,    "signals that end it",        WAITS_FOR_START,        step_end_on_signals,         NULL},
	{RUNTIME, "record",                     WAITS_FOR_START,        step_save_record,            NULL},
	{RUNTIME, "pidfd socket",               PIDFD_SOCKET,           step_send_pidfd,             NULL},
	{RUNTIME, "pid file",                   PID_FILE,               step_write_pid_file,         NULL},
	{.name = NULL},
};

const struct step life_start_steps[] = {
	{INIT,    "process attributes",         ALWAYS,                 step_set_attributes,         NULL},
	{INIT,    "LSM labels",                 LSM,                    step_set_labels,             NULL},
	{RUNTIME, "limits from outside",        LIMITS_FROM_OUTSIDE,    step_set_process_limits,     NULL},
	{INIT,    "limits",                     LIMITS,                 step_set_own_limits,         NULL},
	{INIT,    "files",                      ALWAYS,                 step_limit_files,            NULL},
	{INIT,    "landlock",                   LANDLOCK,               step_restrict_writes,        NULL},
	{INIT,    "seccomp filters, privileged", SECCOMP_PRIVILEGED,    step_load_seccomp,           NULL},
	{RUNTIME, "seccomp listener, privileged", SECCOMP_PRIVILEGED | SECCOMP_NOTIFY, step_hand_out_listener, NULL},
	{RUNTIME, "tracer, privileged",         SECCOMP_PRIVILEGED | TRACE, tracer_start,       NULL},
	{INIT,    "ids and capabilities",       ALWAYS,                 step_drop_privileges,        NULL},
	{INIT,    "seccomp filters",            SECCOMP_LAST,           step_load_seccomp,           NULL},
	{RUNTIME, "seccomp listener",           SECCOMP_LAST | SECCOMP_NOTIFY, step_hand_out_listener, NULL},
	{RUNTIME, "tracer",                     SECCOMP_LAST | TRACE,   tracer_start,           NULL},
	{INIT,    "hooks: startContainer",      HOOKS_START_CONTAINER,  step_hooks_start_container,  NULL},
	{INIT,    "exec",                       ALWAYS,                 step_exec_program,           NULL,           STEP_EXEC},
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
	{RUNTIME, "pidfd socket",               PIDFD_SOCKET,           step_send_pidfd,             NULL},
	{RUNTIME, "pid file",                   PID_FILE,               step_write_pid_file,         NULL},
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
	{RUNTIME, "profile holds",              ALWAYS,                 step_check_restored,         NULL},
	{RUNTIME, "record",                     ALWAYS,                 step_save_record,            NULL},
	{RUNTIME, "pidfd socket",               PIDFD_SOCKET,           step_send_pidfd,             NULL},
	{RUNTIME, "pid file",                   PID_FILE,               step_write_pid_file,         NULL},
	{RUNTIME, "resume",                     ALWAYS,                 step_resume_restored,        NULL},
	{.name = NULL},
};
/* clang-format on */

/* INIT's last words. */
static _Noreturn void give_up(struct life *l, const struct step *failed, const struct step *steps,
	const struct nacre_error *error)
{
	(void)sync_send(
		l->sync, SYNC_FAILED, (unsigned)(failed - steps), error->code, -1, error->text, -1);
	_exit(1);
}

/* INIT, created: waits for a `start` that gives it the first turn. One that dies before that
 * changes nothing. */
static int await_start(struct life *l, struct nacre_error *err)
{
	struct sync_message message;

	for (;;) {
		fd_close(&l->sync);
		l->sync = accept4(l->start_socket, NULL, NULL, SOCK_CLOEXEC);
		if (l->sync < 0 && errno != EINTR && errno != ECONNABORTED)
			return fail_errno(err, errno, "wait for start");
		if (l->sync >= 0 && sync_receive(l->sync, &message, NULL) == 1 &&
			message.kind == SYNC_TURN)
			break;
	}
	fd_close(&l->start_socket);
	return 0;
}

_Noreturn void life_init_main(struct life *l, const struct step *steps)
{
	struct walk w = {l, steps, INIT, INIT, -1};
	const struct step *failed;
	const bool waits = l->container.record.active & WAITS_FOR_START;
	struct nacre_error err;

	if (step_shield_init(l, &err) < 0)
		give_up(l, steps, steps, &err);
	if (walk_from_spawn(&w, &failed, &err) < 0)
		give_up(l, failed, steps, &err);
	if (waits && await_start(l, &err) < 0)
		_exit(1);
	/* The turn that await_start took was for the first row, which is INIT's. */
	w = (struct walk){l, life_start_steps, INIT, waits ? INIT : RUNTIME, -1};
	if (walk_from(&w, life_start_steps, &failed, &err) < 0)
		give_up(l, failed, life_start_steps, &err);
	_exit(1); /* not reached: the last row is exec */
}

/* A failure of RUNTIME's walk: takes back what was done, the failed row included, and keeps the
 * error that caused it. */
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

/* The table that spawns: life_create_steps or life_exec_steps. */
static int walk_spawning(struct life *l, const struct step *steps, struct nacre_error *err)
{
	struct walk w = {l, steps, RUNTIME, RUNTIME, -1};
	const struct step *last;
	int r = walk_from(&w, steps, &last, err);

	if (r < 0)
		take_back(l, steps, last);
	return r;
}

/* A peer that is gone gives EPIPE, which is looked at; a signal would end the command before it
 * could undo anything. */
static void ignore_sigpipe(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
}

int life_create(struct life *l, struct nacre_error *err)
{
	ignore_sigpipe();
	return walk_spawning(l, life_create_steps, err);
}

const struct step *life_start_steps_of(uint32_t version)
{
	return version == START_VERSION ? life_start_steps : NULL;
}

static int walk_start(struct life *l, const struct step *steps, struct nacre_error *err)
{
	struct walk w = {l, steps, RUNTIME, RUNTIME, -1};
	const struct step *done;

	return walk_from(&w, steps, &done, err);
}

int life_may_start(const struct life *l, struct nacre_error *err)
{
	const struct oci_strings *unknown = &l->container.record.unknown_conditions;
	static const char remedy[] = "start it with the nacre that created it, or delete it";

	if (!life_start_steps_of(l->container.record.start_version))
		return fail(err, ENOTSUP,
			"cannot start container \"%s\": its init waits for version %u of the "
			"start, and this nacre knows %u: %s",
			l->container.id, l->container.record.start_version, START_VERSION, remedy);
	if (unknown->n)
		return fail(err, ENOTSUP,
			"cannot start container \"%s\": its condition \"%s\" is not known to this "
			"nacre: %s",
			l->container.id, unknown->items[0], remedy);
	return 0;
}

int life_start(struct life *l, struct nacre_error *err)
{
	struct nacre_error ignored;
	int r;

	ignore_sigpipe();
	r = walk_start(l, life_start_steps_of(l->container.record.start_version), err);
	if (r < 0 && step_kill_init(l, &ignored) < 0)
		container_warn(&l->container, ignored.text);
	return r;
}

static int spawn_and_start(struct life *l, const struct step *steps, struct nacre_error *err)
{
	int r;

	ignore_sigpipe();
	r = walk_spawning(l, steps, err);
	if (r < 0)
		return r;
	r = walk_start(l, life_start_steps, err);
	if (r < 0)
		take_back(l, steps, end_of(steps) - 1);
	return r;
}

int life_run(struct life *l, struct nacre_error *err)
{
	return spawn_and_start(l, life_create_steps, err);
}

int life_exec(struct life *l, struct nacre_error *err)
{
	return spawn_and_start(l, life_exec_steps, err);
}

int life_restore(struct life *l, struct nacre_error *err)
{
	ignore_sigpipe();
	return walk_spawning(l, life_restore_steps, err);
}

int life_delete(struct life *l, struct nacre_error *err)
{
	return walk_back(l, life_create_steps, end_of(life_create_steps), err);
}

int life_exec_undo(struct life *l, struct nacre_error *err)
{
	return walk_back(l, life_exec_steps, end_of(life_exec_steps), err);
}
