/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/netdev.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "libcontainer/cleanup.h"

/* The old ioctls of netdevice(7), not netlink: three calls and no library. No distribution has
 * libmnl as an archive, and the runtime is to link statically; to make netlink messages by hand for
 * two flags would be more code than this. */
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
