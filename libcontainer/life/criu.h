/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CRIU_H
#define NACRE_CRIU_H

#include <limits.h>
#include <sys/types.h>

#include "specs/criu_message.h"

/*
 * Runs criu(8), which dumps processes to files and restores them.
 *
 * criu is driven by its RPC on a socket pair (`criu swrk`) and not by its command line: only the
 * RPC passes the master of a restored terminal, reports each stage, and waits there for an answer.
 * It has so few messages that libcriu, which has no static archive, is not needed.
 */

/* One run of criu. */
struct criu_run {
	char program[PATH_MAX];
	int images_fd;
	int work_fd; /* directory of its log; not owned if it is images_fd */
	int socket; /* nacre's end of the socket pair */
	struct criu_options options;
};
#define CRIU_RUN_NONE ((struct criu_run){.images_fd = -1, .work_fd = -1, .socket = -1})
void criu_run_done(struct criu_run *run);

/* Finds the program: PROGRAM, or "criu" in an absolute directory of $PATH. -ENOENT: there is none.
 */
int criu_find(const char *program, char ret_path[PATH_MAX], struct nacre_error *err);

/* Creates the socket pair, both ends O_CLOEXEC. criu opens the directories of its options in
 * /proc/PID/fd of the process that created the pair. */
int criu_socket_pair(int *ret_ours, int *ret_its, struct nacre_error *err);

/* Turns the caller into criu, with SOCKET and the N fds in FDS as fds 3, 4, ..., and with the
 * caller's stdio. Returns only after a failure. */
int criu_exec(const char *path, int socket, const int *fds, size_t n, struct nacre_error *err);
#define CRIU_FIRST_FD 4 /* the number of FDS[0] */

/* Starts criu as a child in a process group of its own: ^C must not end it halfway, when processes
 * are stopped and have criu's code in them. */
int criu_start(const char *path, int socket, pid_t *ret_pid, struct nacre_error *err);

int criu_send(int socket, enum criu_request type, const struct criu_options *options,
	struct nacre_error *err);

/* Receives notifications. */
struct criu_listener {
	int (*notified)(void *data, const struct criu_response *notification, int fd,
		struct nacre_error *err); /* FD: fd that came with it, -1: none; closed after the
					   * call */
	void *data;
};

/* Answers notifications until one has the name UNTIL, or until the request is done. Returns 1 for
 * the former, which is not answered: to continue, answer it with criu_send(CRIU_NOTIFY). Returns 0
 * for the latter, with *RET_RESPONSE. UNTIL NULL: none. */
int criu_converse(int socket, const struct criu_listener *listener, const char *until,
	struct criu_response *ret_response, struct nacre_error *err);

/* Adds to ERR the first error in criu's log, file NAME in the work directory. Returns -err->code.
 */
int criu_explain(const struct criu_run *run, const char *name, struct nacre_error *err);

/* Adds the option "mnt[KEY]:VALUE". One of both is a mount point, the other a name that dump and
 * restore agree on. */
void criu_add_mount(struct criu_options *options, const char *key, const char *value);

#endif
