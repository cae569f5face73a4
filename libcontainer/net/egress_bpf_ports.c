/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>

#include "libcontainer/base/bpf.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/net/egress_bpf.h"

/* Reads and changes the map by which connections to names are redirected to listeners. */

int egress_bpf_set_listener(
	int cgroup_fd, uint16_t port, bool udp, uint16_t listener_port, struct nacre_error *err)
{
	const uint32_t there = htons(port), here = htons(listener_port);
	const uint32_t key = egress_bpf_port_key((uint16_t)there, udp, false);
	const uint32_t back = egress_bpf_port_key((uint16_t)here, udp, true);
	cleanup_close int fd = egress_bpf_open_map(cgroup_fd, EGRESS_PORTS_NAME);
	int r = fd < 0 ? fd : bpf_map_write(fd, &back, &there);

	if (r == 0)
		r = bpf_map_write(fd, &key, &here);
	return r < 0 ? fail_errno(err, r, "listener of port %u in the egress filter", port) : 0;
}

int egress_bpf_has_listener(int cgroup_fd, uint16_t port, struct nacre_error *err)
{
	const uint32_t key = egress_bpf_port_key(htons(port), false, false);
	cleanup_close int fd = egress_bpf_open_map(cgroup_fd, EGRESS_PORTS_NAME);
	uint32_t here;
	int r = fd < 0 ? fd : bpf_map_read(fd, &key, &here);

	if (fd >= 0 && r == -ENOENT)
		return 0;
	return r < 0 ? fail_errno(err, r, "listener of port %u in the egress filter", port) : 1;
}

static bool keeps(uint32_t key, const uint16_t *ports, size_t n)
{
	bool kept = key > UINT16_MAX; /* of UDP, or the way back */

	for (size_t i = 0; i < n; i++)
		kept = kept || key == htons(ports[i]);
	return kept;
}

/* Finds the first key to be removed; -ENOENT: there is none. */
static int find_unkept(int map_fd, const uint16_t *ports, size_t n, uint32_t *ret_key)
{
	int r = bpf_map_next(map_fd, NULL, ret_key);

	for (int i = 0; r == 0 && keeps(*ret_key, ports, n); i++) {
		const uint32_t key = *ret_key;

		r = i < EGRESS_PORTS_MAX ? bpf_map_next(map_fd, &key, ret_key) : -ENOENT;
	}
	return r;
}

int egress_bpf_keep_listeners(
	int cgroup_fd, const uint16_t *ports, size_t n, struct nacre_error *err)
{
	cleanup_close int fd = egress_bpf_open_map(cgroup_fd, EGRESS_PORTS_NAME);
	int r = fd < 0 ? fd : 0;

	for (int i = 0; r == 0 && i < EGRESS_PORTS_MAX; i++) {
		uint32_t key, here, back;

		r = find_unkept(fd, ports, n, &key);
		if (r == -ENOENT)
			return 0;
		if (r == 0)
			r = bpf_map_read(fd, &key, &here);
		if (r == 0)
			r = bpf_map_remove(fd, &key);
		if (r < 0)
			break;
		back = egress_bpf_port_key((uint16_t)here, false, true);
		r = bpf_map_remove(fd, &back);
		r = r == -ENOENT ? 0 : r;
	}
	return r < 0 ? fail_errno(err, r, "listeners in the egress filter") : 0;
}
