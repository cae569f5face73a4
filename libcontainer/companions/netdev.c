/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcontainer/companions/links.h"

/*
 * nacre-netdev: moves network devices into a container, for linux.netDevices, all or none. A
 * companion: see libcontainer/base/companion.h. Fd 3 is the container's network namespace; the
 * caller's own is the host's.
 *
 *	nacre-netdev move	reads lines HOST-NAME NAME from stdin; NAME may be a template as
 *				"eth%d". Answers one line per device, HOST-NAME NAME up|down:
 *				the real name, and the state that it had on the host
 *	nacre-netdev restore	reads that answer from stdin and moves the devices back
 */

#define CONTAINER_FD 3
#define MAX_DEVICES 256
#define MAX_NUMBER \
	4096 /* of a template, as in the kernel's dev_alloc_name() and more than useful */

struct device {
	char host_name[IFNAMSIZ];
	char name[IFNAMSIZ];
	bool was_up;
};

struct devices {
	struct device items[MAX_DEVICES];
	size_t n;
};

static int read_devices(bool moved, struct devices *devices, struct nacre_error *err)
{
	char line[128], state[8];

	while (fgets(line, sizeof(line), stdin)) {
		struct device *device = &devices->items[devices->n];

		if (devices->n == MAX_DEVICES)
			return fail(err, E2BIG, "more than %d network devices are requested",
				MAX_DEVICES);
		if (sscanf(line, "%15s %15s %7s", device->host_name, device->name, state) !=
			(moved ? 3 : 2))
			return fail(err, EINVAL,
				"expected the names of two network devices, found \"%s\"", line);
		device->was_up = moved && !strcmp(state, "up");
		devices->n++;
	}
	return 0;
}

/* Chooses the name in NETWORK: NAME itself, or the first free name of a template. */
static int choose_name(struct network *network, char name[IFNAMSIZ], struct nacre_error *err)
{
	char *percent = strchr(name, '%');
	char template[IFNAMSIZ], candidate[2 * IFNAMSIZ];
	struct nacre_error found;
	struct link link;
	int r;

	if (!percent) {
		r = link_find(network, name, &link, &found);
		if (r == 0)
			return fail(err, EEXIST, "a network device %s already exists %s", name,
				network->where);
		return r == -ENODEV ? 0 : fail(err, found.code, "%s", found.text);
	}
	(void)memcpy(template, name, IFNAMSIZ);
	template[percent - name] = '\0';
	for (int i = 0; i < MAX_NUMBER; i++) {
		int length = snprintf(candidate, sizeof(candidate), "%s%d%s", template, i,
			template + (percent - name) + 2);

		if (length >= IFNAMSIZ)
			break;
		if (link_find(network, candidate, &link, &found) == -ENODEV) {
			(void)memcpy(name, candidate, (size_t)length + 1);
			return 0;
		}
	}
	return fail(err, EEXIST, "no name of the form %s%%d%s is free %s", template,
		template + (percent - name) + 2, network->where);
}

/* Moves a device. The kernel moves before it renames: if it fails in between, the device is there
 * under its old name, and is moved back. */
static int move_link(struct network *from, struct network *to, int index, const char *name,
	const char *new_name, struct nacre_error *err)
{
	struct nacre_error ignored;
	struct link link;
	int r = link_move(from, index, to, new_name, err);

	if (r < 0 && link_find(from, name, &link, &ignored) == -ENODEV &&
		link_find(to, name, &link, &ignored) == 0)
		(void)link_move(to, link.index, from, name, &ignored);
	return r;
}

static int settle(struct network *network, const char *name, const struct addresses *addresses,
	bool up, struct nacre_error *err)
{
	struct link link;
	int r = link_find(network, name, &link, err);

	if (r == 0)
		r = addresses_add(network, link.index, addresses, err);
	if (r == 0 && up)
		r = link_set_up(network, link.index, true, err);
	return r;
}

/* Moves the device NAME of FROM to TO as NEW_NAME, with its addresses, and sets it up there if UP.
 * If that fails, the device is back in FROM with all that it had. */
static int move(struct network *from, struct network *to, const char *name, const char *new_name,
	bool up, struct nacre_error *err)
{
	struct addresses addresses = {.n = 0};
	struct nacre_error ignored;
	struct link link, moved;
	int r = link_find(from, name, &link, err);

	if (r < 0)
		return r;
	r = addresses_read(from, link.index, &addresses, err);
	if (r == 0)
		r = move_link(from, to, link.index, name, new_name, err);
	if (r == 0) {
		r = settle(to, new_name, &addresses, up, err);
		if (r < 0 && link_find(to, new_name, &moved, &ignored) == 0 &&
			link_move(to, moved.index, from, name, &ignored) == 0)
			(void)settle(from, name, &addresses, link.up, &ignored);
	} else {
		/* Does nothing if the kernel refused before it changed anything. */
		(void)settle(from, name, &addresses, link.up, &ignored);
	}
	free(addresses.items);
	return r;
}

/* Moves the devices back, the last one first. Tries all and reports the first error. */
static int restore(struct network *host, struct network *container, const struct devices *devices,
	struct nacre_error *err)
{
	int first = 0;

	for (size_t i = devices->n; i-- > 0;) {
		const struct device *device = &devices->items[i];
		struct nacre_error one;

		if (move(container, host, device->name, device->host_name, device->was_up, &one) <
				0 &&
			first == 0) {
			*err = one;
			first = fail_prefix(err, "move %s back to the host", device->host_name);
		}
	}
	return first;
}

static int move_all(struct network *host, struct network *container, struct devices *devices,
	struct nacre_error *err)
{
	struct devices done = {.n = 0};
	struct nacre_error undo;

	for (size_t i = 0; i < devices->n; i++) {
		struct device *device = &devices->items[i];
		struct link link;
		int r = link_find(host, device->host_name, &link, err);

		if (r == 0)
			r = choose_name(container, device->name, err);
		if (r == 0)
			r = move(host, container, device->host_name, device->name, true, err);
		if (r < 0) {
			r = fail_prefix(err, "%s", device->host_name);
			return restore(host, container, &done, &undo) == 0
				       ? r
				       : fail_prefix(err, "%s; and", undo.text);
		}
		device->was_up = link.up;
		done.items[done.n++] = *device;
	}
	for (size_t i = 0; i < devices->n; i++)
		printf("%s %s %s\n", devices->items[i].host_name, devices->items[i].name,
			devices->items[i].was_up ? "up" : "down");
	return 0;
}

/* Opens the namespaces. A socket stays in the namespace where it was made, and the host's exists
 * already. */
static int work_between(struct network *host, const char *command, struct nacre_error *err)
{
	const bool restoring = !strcmp(command, "restore");
	struct devices devices = {.n = 0};
	struct network container;
	int r;

	if (!restoring && strcmp(command, "move"))
		return fail(err, EINVAL, "%s: nacre-netdev has no such command", command);
	r = read_devices(restoring, &devices, err);
	if (r < 0)
		return r;
	if (setns(CONTAINER_FD, CLONE_NEWNET) < 0)
		return fail_errno(err, errno, "join the container's network namespace");
	r = network_open(CONTAINER_FD, "in the container", &container, err);
	if (r < 0)
		return r;
	r = restoring ? restore(host, &container, &devices, err)
		      : move_all(host, &container, &devices, err);
	network_close(&container);
	return r;
}

static int work(const char *command, struct nacre_error *err)
{
	struct network host;
	int host_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int r;

	if (host_fd < 0)
		return fail_errno(err, errno, "open /proc/self/ns/net");
	r = network_open(host_fd, "on the host", &host, err);
	if (r == 0) {
		r = work_between(&host, command, err);
		network_close(&host);
	}
	(void)close(host_fd);
	return r;
}

int main(int argc, char **argv)
{
	struct nacre_error err;

	if (argc != 2) {
		(void)fprintf(stderr,
			"nacre-netdev: nacre starts this program; do not run it yourself\n");
		return EINVAL;
	}
	if (work(argv[1], &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		return err.code;
	}
	return fflush(stdout) == 0 ? 0 : EIO;
}
