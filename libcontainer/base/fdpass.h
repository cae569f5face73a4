/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_FDPASS_H
#define NACRE_FDPASS_H

#include <stddef.h>
#include <sys/types.h>

/* Passes fds with SCM_RIGHTS, unix(7). */

#define FDPASS_MAX 72 /* enough for the listeners of an egress relay and its other fds */

/* Connects to the socket at PATH (longer than sun_path works too: through /proc/self/fd). TYPE:
 * SOCK_STREAM, SOCK_SEQPACKET or SOCK_DGRAM. Neither this nor a later send on it waits for ever
 * (SO_SNDTIMEO). Returns the fd (O_CLOEXEC) or -errno; -ENOTSOCK: PATH is no socket; -ETIMEDOUT:
 * it has a listener that does not accept. */
int socket_connect(int dirfd, const char *path, int type);

/* Creates a socket and binds it below DIRFD, with mode MODE. Returns the fd or -errno. */
int socket_bind(int dirfd, const char *name, int type, mode_t mode);

/* Creates a socket with mode 0600, binds it below DIRFD and listens. Returns the fd or -errno. */
int socket_listen(int dirfd, const char *name, int type);

/* Sends all of DATA and up to FDPASS_MAX fds with one sendmsg(2). No SIGPIPE. Returns 0 or -errno.
 */
int fd_send(int sock, const void *data, size_t length, const int *fds, size_t n_fds);

/* Receives with one recvmsg(2). Fds are O_CLOEXEC; unused elements of FDS are set to -1; fds past
 * N_FDS are closed. Returns the bytes received, 0 at the end of file, or -errno (-EMSGSIZE: it did
 * not fit). */
ssize_t fd_receive(int sock, void *data, size_t length, int *fds, size_t n_fds);

#endif
