/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_FDPASS_H
#define NACRE_FDPASS_H

#include <stddef.h>
#include <sys/types.h>

/* SCM_RIGHTS, unix(7). */

#define FDPASS_MAX 72 /* the listeners of a relay of names, and what goes with them */

/* Connects to the socket at PATH (longer than sun_path works too: through /proc/self/fd). TYPE:
 * SOCK_STREAM, SOCK_SEQPACKET or SOCK_DGRAM. Returns the fd (O_CLOEXEC) or -errno. */
int socket_connect(int dirfd, const char *path, int type);

/* Makes and binds below DIRFD, with mode MODE. Returns the fd or -errno. */
int socket_bind(int dirfd, const char *name, int type, mode_t mode);

/* Makes, binds below DIRFD and listens. The socket's mode is 0600. Returns the fd or -errno. */
int socket_listen(int dirfd, const char *name, int type);

/* One sendmsg with all of DATA and up to FDPASS_MAX fds. No SIGPIPE. Returns 0 or -errno. */
int fd_send(int sock, const void *data, size_t length, const int *fds, size_t n_fds);

/* One recvmsg. Fds are O_CLOEXEC; unused places in FDS are set to -1; more fds than N_FDS are
 * closed. Returns the bytes received, 0 at the end of file, or -errno (-EMSGSIZE: did not fit). */
ssize_t fd_receive(int sock, void *data, size_t length, int *fds, size_t n_fds);

#endif
