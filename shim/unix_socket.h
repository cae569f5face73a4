/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_UNIX_SOCKET_H
#define NACRE_SHIM_UNIX_SOCKET_H

/* Stream sockets with a path, non-blocking. Each returns the fd or -errno; -ENAMETOOLONG: the path
 * has more than 107 bytes. */

int unix_socket_connect(const char *path);
int unix_socket_listen(const char *path, int backlog);

#endif
