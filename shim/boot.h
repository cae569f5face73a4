/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SHIM_BOOT_H
#define NACRE_SHIM_BOOT_H

/* containerd runs a shim in two ways: a process that starts and ends at once for each container,
 * and one that stays for each pod. */
struct boot {
	const char *namespace, *id, *bundle, *address, *ttrpc_address;
	char socket_dir[64];
	char socket[108]; /* path of the socket of the shim that serves */
	int listener_fd;
};

/* Performs `start` in the bundle. Returns 1 in the process that must serve BOOT->listener_fd, 0 in
 * the process that has told containerd where that is, and -1 if an error was written. */
int boot_start(struct boot *boot);

/* Performs `delete` in the bundle: removes what a dead shim has left. Returns 0, or -1 if an error
 * was written. */
int boot_delete(const struct boot *boot);

/* Performs -info. */
int boot_info(void);

/* Writes MESSAGE to stdout, where containerd reads it. Returns 0, or -1 if an error was written. */
int boot_answer(const void *message);

#endif
