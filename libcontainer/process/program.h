/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_PROGRAM_H
#define NACRE_PROGRAM_H

#include <stdbool.h>

#include "specs/spec.h"

/* The arguments of execve(2), made in the container, in its arena. */
struct program {
	char *path; /* absolute, found in PATH of the container's environment */
	char **argv;
	char **envp; /* each name once, the last one wins; HOME filled in if empty or missing */
};

/* Finds FILE, or process.args[0] if that is NULL, and builds argv and envp. Runs inside the
 * container ("/" is its root, the ids are those of the process). Texts that engines match: "exec:
 * \"NAME\": executable file not found in $PATH", "exec: \"PATH\": no such file or directory",
 * "permission denied", "is a directory". */
int program_prepare(struct arena *arena, const struct oci_process *process, const char *file,
	struct program *ret_program, struct nacre_error *err);

/* Moves PROGRAM to memory of its own, for whoever has no heap: see wipe.h. */
int program_move(struct program *program, struct nacre_error *err);

/* chdir to process.cwd, made (0755) if MAKE and missing, and proves with getcwd(3) that it lies
 * below the root: CVE-2024-21626 entered the host through an fd left open. */
int program_enter_cwd(const char *cwd, bool make, struct nacre_error *err);

/* Sets close-on-exec on all fds except stdio and the next PRESERVE_FDS. Each of those must be open,
 * unless GAPS. */
int program_limit_fds(unsigned preserve_fds, bool gaps, struct nacre_error *err);

/* Those of the PRESERVE_FDS fds behind stdio that the caller passes on: the ones without
 * close-on-exec. RET_FDS: room for as many. Returns how many. */
size_t program_preserved_fds(unsigned preserve_fds, int *ret_fds);

/* Refuses sockets but those of AF_UNIX among stdio, unless that will be a TERMINAL, and the next
 * PRESERVE_FDS fds: rules of egress hold for sockets that are made in the container's cgroup, and
 * such a one can be led elsewhere (connect(2) with AF_UNSPEC). -EPERM. */
int program_refuse_sockets(bool terminal, unsigned preserve_fds, struct nacre_error *err);

/* execve(2). Does not return on success. */
int program_exec(const struct program *program, struct nacre_error *err);

/* SIGHUP, SIGINT, SIGQUIT and SIGTERM end the process, also where it is pid 1 of a pid namespace,
 * to which the kernel delivers no signal without a handler. Until program_reset_signals(). */
int program_end_on_signals(struct nacre_error *err);

/* Resets all signals to their default and unblocks them: the program must not inherit what the
 * caller ignored. */
int program_reset_signals(struct nacre_error *err);

#endif
