/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CRIU_H
#define NACRE_CRIU_H

#include <limits.h>
#include <sys/types.h>

#include "specs/criu_message.h"

/*
 * criu(8), which takes processes apart and puts them together again.
 *
 * It is driven by its RPC on a socket pair (`criu swrk`), and not by its command line: only there
 * does it hand out the master of a restored terminal, say at which point it is, and wait there. Its
 * messages are so few that libcriu, which there is no static archive of, is not needed.
 */

/* One run of it. */
struct criu_run {
	char program[PATH_MAX];
	int images_fd;
	int work_fd; /* of its log; not owned if it is images_fd */
	int socket; /* ours */
	struct criu_options options;
};
#define CRIU_RUN_NONE ((struct criu_run){.images_fd = -1, .work_fd = -1, .socket = -1})
void criu_run_done(struct criu_run *run);

/* Where the program is: PROGRAM, or "criu" in an absolute directory of $PATH. -ENOENT. */
int criu_find(const char *program, char ret_path[PATH_MAX], struct nacre_error *err);

/* The socket pair. Criu opens the directories of its options in /proc/PID/fd of the process that
 * has made it. O_CLOEXEC both. */
int criu_socket_pair(int *ret_ours, int *ret_its, struct nacre_error *err);

/* The caller becomes criu, with SOCKET and the N fds in FDS as its fds 3, 4, ..., and the caller's
 * stdio. Returns only if that fails. */
int criu_exec(const char *path, int socket, const int *fds, size_t n, struct nacre_error *err);
#define CRIU_FIRST_FD 4 /* the number that FDS[0] gets */

/* The same as a child, in a process group of its own: ^C must not end it halfway, with processes
 * stopped and criu's code in them. */
int criu_start(const char *path, int socket, pid_t *ret_pid, struct nacre_error *err);

int criu_send(int socket, enum criu_request type, const struct criu_options *options,
	struct nacre_error *err);

/* Who is told of notifications. */
struct criu_listener {
	int (*notified)(void *data, const struct criu_response *notification, int fd,
		struct nacre_error *err); /* FD: what came along, -1: nothing; closed after it */
	void *data;
};

/* Answers notifications until the one named UNTIL, which is not answered and returns 1, or until
 * the request is done: 0, with *RET_RESPONSE. To go on after a 1, the notification is answered with
 * criu_send(CRIU_NOTIFY). UNTIL NULL: none. */
int criu_converse(int socket, const struct criu_listener *listener, const char *until,
	struct criu_response *ret_response, struct nacre_error *err);

/* Puts into ERR what criu's log, file NAME in the work directory, says went wrong first. Returns
 * -err->code. */
int criu_explain(const struct criu_run *run, const char *name, struct nacre_error *err);

/* For the options: "mnt[KEY]:VALUE", where the one side is a mount point and the other a name that
 * dump and restore agree on. */
void criu_add_mount(struct criu_options *options, const char *key, const char *value);

#endif
