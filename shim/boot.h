/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_BOOT_H
#define NACRE_SHIM_BOOT_H

/* How containerd calls a shim: one that starts and ends at once for each container, and one that
 * stays for each pod. */
struct boot {
	const char *namespace, *id, *bundle, *address, *ttrpc_address;
	char socket_dir[64];
	char socket[108]; /* the path of the one that serves */
	int listener_fd;
};

/* `start`, in the bundle: 1 in the process that is to serve BOOT->listener_fd, 0 in the one that
 * has told containerd where that is; -1: an error was written. */
int boot_start(struct boot *boot);

/* `delete`, in the bundle: removes what a shim that is gone has left. Returns 0 or -1, likewise. */
int boot_delete(const struct boot *boot);

/* -info. */
int boot_info(void);

/* MESSAGE to stdout, where containerd reads it. Returns 0 or -1, likewise. */
int boot_answer(const void *message);

#endif
