/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_STEPS_H
#define NACRE_STEPS_H

#include "libcontainer/life/life.h"

/* What the rows of life.c do: adapters of a few lines that take what a mechanism needs from struct
 * life. Mechanisms never see struct life. In table order. */

/* runtime_side.c */
int make_state_directory(struct life *l, struct nacre_error *err);
int drop_state_directory(struct life *l, struct nacre_error *err);
int make_cgroup(struct life *l, struct nacre_error *err);
int drop_cgroup(struct life *l, struct nacre_error *err);
int open_mount_sources(struct life *l, struct nacre_error *err);
/* What INIT asks for at its mounts. Takes TREE_FD. */
int map_source(struct life *l, int index, int tree_fd, struct nacre_error *err);
int connect_console(struct life *l, struct nacre_error *err);
int open_start_socket(struct life *l, struct nacre_error *err);
int spawn_init(struct life *l, struct nacre_error *err);
/* Forks INIT into the walk of STEPS; for the two spawn rows. */
int spawn(struct life *l, const struct step *steps, struct nacre_error *err);
int kill_init(struct life *l, struct nacre_error *err);
int write_id_maps(struct life *l, struct nacre_error *err);
/* The uid of the host that the container's user is. -1: a namespace that is joined knows. */
int64_t host_uid(const struct life *l);
/* Also for update. */
int apply_device_rules(
	struct life *l, const struct oci_resources *resources, struct nacre_error *err);
int set_cgroup_limits(struct life *l, struct nacre_error *err);
int set_oom_score(struct life *l, struct nacre_error *err);
int save_config(struct life *l, struct nacre_error *err);
int set_process_limits(struct life *l, struct nacre_error *err);
int save_record(struct life *l, struct nacre_error *err);

/* announce_side.c */
int make_notify_socket(struct life *l, struct nacre_error *err);
int send_pidfd(struct life *l, struct nacre_error *err);
int write_pid_file(struct life *l, struct nacre_error *err);

/* unit_side.c */
int make_unit(struct life *l, struct nacre_error *err);
int drop_unit(struct life *l, struct nacre_error *err);
int find_unit_cgroup(struct life *l, struct nacre_error *err);
int attach_to_unit(struct life *l, struct nacre_error *err);

/* tracer.c */
int start_tracer(struct life *l, struct nacre_error *err);
int end_tracers(struct life *l, struct nacre_error *err);

/* host_side.c */
int make_device_nodes(struct life *l, struct nacre_error *err);
int enter_delegated_cgroup(struct life *l, struct nacre_error *err);
int move_net_devices(struct life *l, struct nacre_error *err);
int restore_net_devices(struct life *l, struct nacre_error *err);
int enter_resctrl(struct life *l, struct nacre_error *err);
int drop_resctrl(struct life *l, struct nacre_error *err);
int join_resctrl(struct life *l, struct nacre_error *err); /* exec */

/* hooks_side.c */
int open_hook_output(struct life *l, struct nacre_error *err);
int run_poststop(struct life *l, struct nacre_error *err);
int hooks_create_runtime(struct life *l, struct nacre_error *err);
int hooks_create_container(struct life *l, struct nacre_error *err);
int hooks_start_container(struct life *l, struct nacre_error *err);
int hooks_poststart(struct life *l, struct nacre_error *err);
/* runtime.md, State: what a hook and a seccomp agent read of it. PID: of the container, as
 * RUNTIME's or INIT's namespace has it. */
struct oci_state life_state(const struct life *l, int64_t pid, const char *status);

/* seccomp_side.c */
int share_seccomp(struct life *l, struct nacre_error *err); /* before the fork */
int compile_seccomp(struct life *l, struct nacre_error *err);
int load_seccomp(struct life *l, struct nacre_error *err);
/* The listener of which INIT told the number. */
int take_listener(const struct life *l, struct nacre_error *err);
int hand_out_listener(struct life *l, struct nacre_error *err);
void announce_exec(struct life *l); /* once, before the filter that may forbid it */

/* rootfs_side.c */
int open_host_files(struct life *l, struct nacre_error *err);
int prepare_rootfs(struct life *l, struct nacre_error *err);
int perform_mounts(struct life *l, struct nacre_error *err);
int make_devices(struct life *l, struct nacre_error *err);
int write_sysctls(struct life *l, struct nacre_error *err);
int mask_paths(struct life *l, struct nacre_error *err);
int pivot(struct life *l, struct nacre_error *err);
int seal_rootfs(struct life *l, struct nacre_error *err);

/* init_side.c */
int shield_init(struct life *l, struct nacre_error *err); /* first of all, in the child */
/* The size that the terminal is to have, NULL: none is known. */
const struct oci_console_size *terminal_size(const struct life *l);
int send_terminal(struct life *l, struct nacre_error *err);
int become_userns_root(struct life *l, struct nacre_error *err);
int unshare_cgroup(struct life *l, struct nacre_error *err);
int raise_loopback(struct life *l, struct nacre_error *err);
int open_terminal(struct life *l, struct nacre_error *err);
int set_hostname(struct life *l, struct nacre_error *err);
int new_session(struct life *l, struct nacre_error *err);
int find_program(struct life *l, struct nacre_error *err);
int take_terminal(struct life *l, struct nacre_error *err);
int end_on_signals(struct life *l, struct nacre_error *err);
int set_attributes(struct life *l, struct nacre_error *err);
int set_labels(struct life *l, struct nacre_error *err);
int set_own_limits(struct life *l, struct nacre_error *err);
int restrict_writes(struct life *l, struct nacre_error *err);
int drop_privileges(struct life *l, struct nacre_error *err);
int limit_files(struct life *l, struct nacre_error *err);
int exec_program(struct life *l, struct nacre_error *err);

/* join_side.c */
int make_own_cgroup(struct life *l, struct nacre_error *err);
int drop_own_cgroup(struct life *l, struct nacre_error *err);
int start_watcher(struct life *l, struct nacre_error *err);
int spawn_joined(struct life *l, struct nacre_error *err);
int set_initial_affinity(struct life *l, struct nacre_error *err);
int join_namespaces(struct life *l, struct nacre_error *err);
int set_final_affinity(struct life *l, struct nacre_error *err);
int open_joined_terminal(struct life *l, struct nacre_error *err);

/* restore_side.c */
int spawn_criu(struct life *l, struct nacre_error *err);
int restore_namespaces(struct life *l, struct nacre_error *err);
int drop_criu(struct life *l, struct nacre_error *err);
int restore_loopback(struct life *l, struct nacre_error *err);
int restore_processes(struct life *l, struct nacre_error *err);
int resume_restored(struct life *l, struct nacre_error *err);

/* restore_init_side.c */
int restore_cgroup_namespace(struct life *l, struct nacre_error *err);
int restore_rootfs(struct life *l, struct nacre_error *err);
int restore_mount_points(struct life *l, struct nacre_error *err);
int become_criu(struct life *l, struct nacre_error *err);

/* restored_side.c */
int check_restored(struct life *l, struct nacre_error *err);

#endif
