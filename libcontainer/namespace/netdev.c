/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/namespace/netdev.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/companion.h"

#define TIMEOUT 30 /* seconds; the kernel answers at once, but may have to load a module */

/* Uses the old ioctls of netdevice(7): three calls and no library. The runtime should link
 * statically, no distribution has libmnl as an archive, and netlink messages made by hand would
 * need more code for two flags. */
int netdev_loopback_up(struct nacre_error *err)
{
	cleanup_close int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request;

	if (sock < 0)
		return fail_errno(err, errno, "loopback device: open a socket");
	memset(&request, 0, sizeof(request));
	strcpy(request.ifr_name, "lo");
	if (ioctl(sock, SIOCGIFFLAGS, &request) < 0)
		return fail_errno(err, errno, "loopback device: read the flags of lo");
	request.ifr_flags |= IFF_UP;
	if (ioctl(sock, SIOCSIFFLAGS, &request) < 0)
		return fail_errno(err, errno, "loopback device: bring lo up");
	return 0;
}

static int run_companion(int netns_fd, const char *command, const char *input, char **ret_output,
	struct nacre_error *err)
{
	const char *const arguments[] = {command, NULL};
	const struct companion companion = {
		.name = "nacre-netdev",
		.arguments = arguments,
		.input = input,
		.fds = &netns_fd,
		.n_fds = 1,
		.timeout = TIMEOUT,
	};

	return companion_run(&companion, ret_output, err);
}

/* Writes one line per device: both names, which contain no blank, as validated. */
int netdev_move(int netns_fd, const struct oci_net_device *devices, size_t n, char **ret_moved,
	struct nacre_error *err)
{
	const size_t size = n * (2 * IFNAMSIZ + 2) + 1;
	cleanup_free char *lines = malloc(size);
	size_t length = 0;

	if (!lines)
		return fail_errno(err, ENOMEM, "linux.netDevices");
	for (size_t i = 0; i < n; i++)
		length += (size_t)snprintf(lines + length, size - length, "%.15s %.15s\n",
			devices[i].host_name,
			devices[i].name ? devices[i].name : devices[i].host_name);
	return run_companion(netns_fd, "move", lines, ret_moved, err);
}

int netdev_restore(int netns_fd, const char *moved, struct nacre_error *err)
{
	return run_companion(netns_fd, "restore", moved, NULL, err);
}
