/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_STEPS_H
#define NACRE_STEPS_H

#include <limits.h>

#include "libcontainer/life/life.h"
#include "libcontainer/life/sync.h"
#include "libcontainer/net/egress_bpf.h"

/* The functions of the rows of life.c, in table order. Each is an adapter of a few lines that takes
 * what a mechanism needs from struct life. Mechanisms never see struct life. */

/* steps_runtime.c */
int step_make_state_directory(struct life *l, struct nacre_error *err);
int step_drop_state_directory(struct life *l, struct nacre_error *err);
int step_keep_ids(struct life *l, struct nacre_error *err);
int step_free_ids(struct life *l, struct nacre_error *err);
int step_make_cgroup(struct life *l, struct nacre_error *err);
int step_drop_cgroup(struct life *l, struct nacre_error *err);
int step_make_room_for_sources(struct life *l, struct nacre_error *err);
int step_open_mount_sources(struct life *l, struct nacre_error *err);
/* Id-maps the mount that INIT sends. Takes ownership of TREE_FD. */
int step_map_source(struct life *l, int index, int tree_fd, struct nacre_error *err);
int step_connect_console(struct life *l, struct nacre_error *err);
int step_open_start_pipe(struct life *l, struct nacre_error *err);
int step_remove_start_pipe(struct life *l, struct nacre_error *err);
int step_spawn_init(struct life *l, struct nacre_error *err);
/* Forks INIT, which walks STEPS; both spawn rows call it. */
int step_spawn(struct life *l, const struct step *steps, struct nacre_error *err);
int step_kill_init(struct life *l, struct nacre_error *err);
int step_write_id_maps(struct life *l, struct nacre_error *err);
/* Returns the uid on the host of the container's user. -1: only a joined user namespace knows it.
 */
int64_t step_host_uid(const struct life *l);
int step_set_oom_score(struct life *l, struct nacre_error *err);
int step_save_config(struct life *l, struct nacre_error *err);
int step_save_record(struct life *l, struct nacre_error *err);

/* steps_outside.c */
/* INIT: asks RUNTIME to do KIND for the mount or value INDEX. FD is sent along, *RET_FD comes back.
 */
int step_ask_runtime(struct life *l, enum sync_kind kind, size_t index, int fd, int *ret_fd,
	struct nacre_error *err);
/* RUNTIME: does that and answers. Takes ownership of FD. */
int step_answer_init(
	struct life *l, const struct sync_message *asked, int fd, struct nacre_error *err);
/* Whether the config has no network namespace, or joins the caller's own by its path. */
bool step_has_callers_network(const struct life *l);
/* Whether the new filesystem of MOUNT shows a namespace that is not the container's own: one that
 * is joined, or the host's queues. In a user namespace RUNTIME makes it. */
bool step_is_made_outside(const struct life *l, const struct oci_mount *mount);

/* steps_limits.c */
/* `update` calls it too. */
int step_apply_device_rules(
	const struct container *c, const struct oci_resources *resources, struct nacre_error *err);
/* Runs while INIT mounts. Sets the device rules only if no mount needs a device that they may deny.
 */
int step_set_limits_ahead(struct life *l, struct nacre_error *err);
int step_set_device_rules(struct life *l, struct nacre_error *err);
int step_set_cgroup_limits(struct life *l, struct nacre_error *err);

/* steps_egress.c */
/* Returns what the filter at C's cgroup is made of, for create and update. NACRE: from the config
 * that will apply; RULES NULL: it has none. */
struct egress_bpf_policy step_egress_policy(const struct container *c,
	const struct oci_hardened *nacre, const struct egress_policy *rules);
int step_apply_egress(struct life *l, struct nacre_error *err);
int step_check_egress(struct life *l, struct nacre_error *err);
int step_check_cgroups(struct life *l, struct nacre_error *err);
int step_refuse_metadata(struct life *l, struct nacre_error *err);

/* steps_caller.c */
int step_make_notify_socket(struct life *l, struct nacre_error *err);
int step_send_pidfd(struct life *l, struct nacre_error *err);
int step_write_pid_file(struct life *l, struct nacre_error *err);

/* steps_workspace.c */
int step_make_workspaces(struct life *l, struct nacre_error *err);
/* Reads the path of the directory with the states of this container and its siblings. The same ID
 * below another directory is another container. */
int step_read_state_root(const struct life *l, char ret_root[PATH_MAX], struct nacre_error *err);
/* Returns the overlay workspace that is the source of mount INDEX; NULL: none. */
struct life_workspace *step_find_workspace(const struct life *l, size_t index);
/* Mounts the overlay. step_mount_workspace_here does so in a mount namespace that is not RUNTIME's.
 * Both return the fd of a detached mount. */
int step_mount_workspace(
	const struct life *l, const struct life_workspace *made, struct nacre_error *err);
/* Makes the protected paths in mount INDEX, whose root is TREE_FD, read-only. DATA: the struct
 * life. */
int step_protect_workspace(void *data, size_t index, int tree_fd, struct nacre_error *err);
int step_mount_workspace_here(
	const struct life *l, const struct life_workspace *made, struct nacre_error *err);

/* steps_workspace_end.c */
int step_drop_workspaces(struct life *l, struct nacre_error *err);

/* steps_systemd.c */
int step_make_unit(struct life *l, struct nacre_error *err);
int step_drop_unit(struct life *l, struct nacre_error *err);
int step_find_unit_cgroup(struct life *l, struct nacre_error *err);
int step_attach_to_unit(struct life *l, struct nacre_error *err);

/* tracer.c */
int tracer_start(struct life *l, struct nacre_error *err);
int tracer_end_all(struct life *l, struct nacre_error *err);

/* steps_egress_relay.c */
int step_plan_egress_relay(struct life *l, struct nacre_error *err);
int step_end_egress_relay(struct life *l, struct nacre_error *err);
int step_mount_egress_resolv(struct life *l, struct nacre_error *err);
int step_close_network(struct life *l, struct nacre_error *err);
/* Takes one of the listeners that INIT opened in that network. Takes ownership of FD. */
int step_take_listener_of_relay(
	struct life *l, const struct sync_message *message, int fd, struct nacre_error *err);
int step_start_egress_relay(struct life *l, struct nacre_error *err);

/* steps_host.c */
int step_make_device_nodes(struct life *l, struct nacre_error *err);
int step_enter_delegated_cgroup(struct life *l, struct nacre_error *err);
int step_move_net_devices(struct life *l, struct nacre_error *err);
int step_restore_net_devices(struct life *l, struct nacre_error *err);
int step_enter_resctrl(struct life *l, struct nacre_error *err);
int step_drop_resctrl(struct life *l, struct nacre_error *err);
int step_join_resctrl(struct life *l, struct nacre_error *err); /* exec */

/* steps_hooks.c */
int step_open_hook_output(struct life *l, struct nacre_error *err);
int step_run_poststop(struct life *l, struct nacre_error *err);
int step_hooks_create_runtime(struct life *l, struct nacre_error *err);
int step_hooks_create_container(struct life *l, struct nacre_error *err);
int step_hooks_start_container(struct life *l, struct nacre_error *err);
int step_hooks_poststart(struct life *l, struct nacre_error *err);
/* Returns the state of runtime.md for hooks and seccomp agents. PID: pid of the container in the
 * pid namespace of RUNTIME or INIT. */
struct oci_state step_hook_state(const struct life *l, int64_t pid, const char *status);

/* steps_seccomp.c */
int step_share_seccomp(struct life *l, struct nacre_error *err); /* before the fork */
int step_compile_seccomp(struct life *l, struct nacre_error *err);
int step_load_seccomp(struct life *l, struct nacre_error *err);
/* Copies INIT's listener fd with pidfd_getfd(2); its number came in the TURN message. */
int step_take_listener(const struct life *l, struct nacre_error *err);
int step_hand_out_listener(struct life *l, struct nacre_error *err);
int step_send_listener(struct life *l, struct nacre_error *err);
/* Announces exec, once, before a filter that may forbid messages. From then on the end of the
 * socket is success. */
int step_announce_exec(struct life *l, struct nacre_error *err);

/* steps_rootfs.c */
/* INIT: opens the rootfs after the guard has judged it. Returns an fd. */
int step_open_rootfs(const struct life *l, struct nacre_error *err);
int step_open_host_files(struct life *l, struct nacre_error *err);
int step_prepare_rootfs(struct life *l, struct nacre_error *err);
int step_perform_mounts(struct life *l, struct nacre_error *err);
int step_make_devices(struct life *l, struct nacre_error *err);
int step_write_sysctls(struct life *l, struct nacre_error *err);
int step_mask_paths(struct life *l, struct nacre_error *err);
int step_pivot(struct life *l, struct nacre_error *err);
/* Returns the value of mount_context.clear_unnamed. */
uint64_t step_flags_to_clear(const struct life *l);
int step_seal_rootfs(struct life *l, struct nacre_error *err);

/* steps_init.c */
/* Sends a warning to RUNTIME. DATA: the struct life. */
void step_warn(void *data, const char *text);
int step_shield_init(struct life *l, struct nacre_error *err); /* first of all, in the child */
/* Returns the size of the terminal; NULL: it is not known. */
const struct oci_console_size *step_terminal_size(const struct life *l);
int step_send_terminal(struct life *l, struct nacre_error *err);
int step_become_root(struct life *l, struct nacre_error *err);
int step_become_userns_root(struct life *l, struct nacre_error *err);
int step_make_late_namespaces(struct life *l, struct nacre_error *err);
int step_unshare_cgroup(struct life *l, struct nacre_error *err);
int step_raise_loopback(struct life *l, struct nacre_error *err);
int step_open_terminal(struct life *l, struct nacre_error *err);
int step_set_hostname(struct life *l, struct nacre_error *err);
int step_new_session(struct life *l, struct nacre_error *err);
int step_find_program(struct life *l, struct nacre_error *err);
int step_take_terminal(struct life *l, struct nacre_error *err);
int step_reset_signals(struct life *l, struct nacre_error *err);
int step_set_attributes(struct life *l, struct nacre_error *err);
int step_set_labels(struct life *l, struct nacre_error *err);
int step_restrict_writes(struct life *l, struct nacre_error *err);
int step_drop_privileges(struct life *l, struct nacre_error *err);
int step_wait_for_start(struct life *l, struct nacre_error *err);
int step_exec_program(struct life *l, struct nacre_error *err);

/* steps_claim.c */
int step_wait_for_process(struct life *l, struct nacre_error *err);
/* RUNTIME, for `start`: not a row, since a waiting INIT has not reached that table yet. */
int step_send_process(struct life *l, struct nacre_error *err);
/* Mounts a new copy of the source of the container's one workspace over the old one. */
int step_replace_workspace(struct life *l, struct nacre_error *err);

/* steps_birth.c */
int step_expect_birth(struct life *l, struct nacre_error *err); /* before the fork */
void step_birth_done(struct life *l);
/* step_is_born: whether INIT has made the child that takes its place. step_is_there: whether it
 * has, or no child is needed. */
bool step_is_born(const struct life *l);
bool step_is_there(const struct life *l);
int step_adopt(struct life *l, struct nacre_error *err); /* makes that child INIT; the old one has
							  * ended */
int step_set_process_limits(struct life *l, struct nacre_error *err);
int step_set_own_limits(struct life *l, struct nacre_error *err);
/* Opens the own procfs for labels, before a /proc is mounted that does not show INIT. */
int step_open_own_proc(struct life *l, struct nacre_error *err);
int step_enter_namespaces(struct life *l, struct nacre_error *err);
int step_drop_memory(struct life *l, struct nacre_error *err);
/* Flags of clone(2) for the child. */
#define BIRTH_FLAGS (CLONE_PARENT | CLONE_PARENT_SETTID | SIGCHLD)
int step_leave_reaper(struct life *l, struct nacre_error *err);
int step_give_birth(struct life *l, struct nacre_error *err);
int step_limit_processes(struct life *l, struct nacre_error *err);
int step_set_scheduler(struct life *l, struct nacre_error *err);

/* steps_exec.c */
int step_make_exec_cgroup(struct life *l, struct nacre_error *err);
int step_drop_exec_cgroup(struct life *l, struct nacre_error *err);
int step_start_watcher(struct life *l, struct nacre_error *err);
int step_spawn_joined(struct life *l, struct nacre_error *err);
int step_set_initial_affinity(struct life *l, struct nacre_error *err);
int step_join_namespaces(struct life *l, struct nacre_error *err);
int step_set_final_affinity(struct life *l, struct nacre_error *err);
int step_open_joined_terminal(struct life *l, struct nacre_error *err);

/* steps_restore.c */
int step_spawn_criu(struct life *l, struct nacre_error *err);
int step_restore_namespaces(struct life *l, struct nacre_error *err);
int step_drop_criu(struct life *l, struct nacre_error *err);
int step_restore_loopback(struct life *l, struct nacre_error *err);
int step_restore_processes(struct life *l, struct nacre_error *err);
int step_resume_restored(struct life *l, struct nacre_error *err);

/* steps_restore_init.c */
int step_restore_cgroup_namespace(struct life *l, struct nacre_error *err);
int step_restore_rootfs(struct life *l, struct nacre_error *err);
int step_restore_mount_points(struct life *l, struct nacre_error *err);
int step_become_criu(struct life *l, struct nacre_error *err);

/* steps_restore_check.c */
int step_check_restored(struct life *l, struct nacre_error *err);

#endif
