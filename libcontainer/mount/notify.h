/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_NOTIFY_H
#define NACRE_NOTIFY_H

#include "specs/error.h"
#include "specs/spec.h"

/*
 * sd_notify(3) for the program in the container: a datagram socket in the container's state
 * directory, which is mounted read-only into the container. The process that runs the container
 * reads from it. The directory is mounted, not the socket, since `start` makes the socket anew.
 */

/* As the program finds it: the value of NOTIFY_SOCKET. */
#define NOTIFY_SOCKET_PATH "/run/notify/notify.sock"

/* In the state directory. */
#define NOTIFY_DIRECTORY "notify"

/* Appends the mount to CONFIG. Its source is not known yet: see notify_make(). */
int notify_add_mount(struct arena *arena, struct oci_config *config, struct nacre_error *err);

/* Makes the directory below STATE_FD, and gives its path to the mount that notify_add_mount()
 * added, the last one. */
int notify_make(
	struct arena *arena, int state_fd, struct oci_config *config, struct nacre_error *err);

/* Makes the socket, and replaces an older one. Everybody may write to it, since only processes in
 * the container can reach it. Returns its fd, O_CLOEXEC and non-blocking. */
int notify_listen(int state_fd, struct nacre_error *err);

/* Removes both, if they are there. Returns 0 or -errno. */
int notify_remove(int state_fd);

#endif
