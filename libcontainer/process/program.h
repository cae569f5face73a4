/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_PROGRAM_H
#define NACRE_PROGRAM_H

#include <stdbool.h>

#include "specs/spec.h"

/* The arguments of execve(2), made in the container, in its arena. */
struct program {
	char *path; /* absolute, found in PATH of the container's environment */
	char **argv;
	char **envp; /* each name once, the last value wins; HOME is set if empty or missing */
};

/* Finds FILE, or process.args[0] if that is NULL, and makes argv and envp. Must be called inside
 * the container ("/" is its root, the ids are the process's). Errors that engines match: "exec:
 * \"NAME\": executable file not found in $PATH", "exec: \"PATH\": no such file or directory",
 * "permission denied", "is a directory". */
int program_prepare(struct arena *arena, const struct oci_process *process, const char *file,
	struct program *ret_program, struct nacre_error *err);

/* Moves PROGRAM to memory of its own, for a process that may not use its heap: see wipe.h. */
int program_move(struct program *program, struct nacre_error *err);

/* Changes to process.cwd, which is made (0755) if MAKE and missing, and proves with getcwd(3) that
 * it lies below the root: CVE-2024-21626 entered the host through an fd that was left open. */
int program_enter_cwd(const char *cwd, bool make, struct nacre_error *err);

/* That proof, once the process is in CWD. */
int program_check_cwd(const char *cwd, struct nacre_error *err);

/* Sets close-on-exec on all fds except stdio and the next PRESERVE_FDS. Each of those must be open,
 * unless GAPS. */
int program_limit_fds(unsigned preserve_fds, bool gaps, struct nacre_error *err);

/* Lists which of the PRESERVE_FDS fds behind stdio the caller passes on: those without
 * close-on-exec. RET_FDS has PRESERVE_FDS places. Returns how many there are. */
size_t program_preserved_fds(unsigned preserve_fds, int *ret_fds);

/* Refuses, with -EPERM, sockets other than of AF_UNIX among stdio, unless that will be a TERMINAL,
 * and the next PRESERVE_FDS fds. Egress rules apply to sockets that are made in the container's
 * cgroup, and an older socket can be connected elsewhere (connect(2) with AF_UNSPEC). */
int program_refuse_sockets(bool terminal, unsigned preserve_fds, struct nacre_error *err);

/* execve(2). Does not return on success. */
int program_exec(const struct program *program, struct nacre_error *err);

/* Makes SIGHUP, SIGINT, SIGQUIT and SIGTERM end the process until program_reset_signals(), also as
 * pid 1 of a pid namespace, to which the kernel delivers no signal without a handler. */
int program_end_on_signals(struct nacre_error *err);

/* Resets all signals to their default and unblocks them: the program must not inherit what the
 * caller ignored. */
int program_reset_signals(struct nacre_error *err);

#endif
