/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/host_objects.h"

#include <stddef.h>
#include <string.h>

#define SOCKET "the socket of a container engine, which gives control of the host"
#define ENGINE "a directory with sockets of container engines"
#define CONTROL "a control socket of the host"
#define SOCKETS "a directory with control sockets of the host"
#define STATE "part of the state of containers"
#define DEVICES "a directory of the host's /dev"

#define NOTHING HOST_BELOW_NOTHING
#define ALL HOST_BELOW_ALL

const struct host_object host_objects[] = {
	/* clang-format off */
	{ "/",						NOTHING, false, "the host's root directory" },
	{ "/dev",					HOST_BELOW_DIRECTORIES, false, "the host's /dev" },
	{ "/dev/block",					ALL,	 false, DEVICES },
	{ "/dev/bus",					ALL,	 false, DEVICES },
	{ "/dev/char",					ALL,	 false, DEVICES },
	{ "/dev/disk",					ALL,	 false, DEVICES },
	{ "/dev/dri",					NOTHING, false, DEVICES },
	{ "/dev/hugepages",				ALL,	 false, DEVICES },
	{ "/dev/input",					NOTHING, false, DEVICES },
	{ "/dev/mapper",				NOTHING, false, DEVICES },
	{ "/dev/mqueue",				ALL,	 false, "the host's message queues" },
	{ "/dev/net",					NOTHING, false, DEVICES },
	{ "/dev/pts",					ALL,	 false, "the host's terminals" },
	{ "/dev/shm",					ALL,	 false, "the host's shared memory" },
	{ "/dev/snd",					NOTHING, false, DEVICES },
	{ "/dev/vfio",					NOTHING, false, DEVICES },
	{ "/proc",					ALL,	 false, "the host's /proc" },
	{ "/run",					NOTHING, false, SOCKETS },
	{ "/run/buildkit",				NOTHING, true,	ENGINE },
	{ "/run/buildkit/buildkitd.sock",		NOTHING, true,	SOCKET },
	{ "/run/containerd",				NOTHING, true,	ENGINE },
	{ "/run/containerd/containerd.sock",		NOTHING, true,	SOCKET },
	{ "/run/containerd/containerd.sock.ttrpc",	NOTHING, true,	SOCKET },
	{ "/run/containerd/io.containerd.runtime.v2.task", NOTHING, false, STATE },
	{ "/run/containerd/io.containerd.runtime.v2.task/*", NOTHING, false, STATE },
	{ "/run/containerd/runc",			ALL,	 false, STATE },
	{ "/run/containers",				NOTHING, false, STATE },
	{ "/run/containers/storage",			NOTHING, false, STATE },
	{ "/run/containers/storage/overlay-containers",	NOTHING, false, STATE },
	{ "/run/cri-dockerd.sock",			NOTHING, true,	SOCKET },
	{ "/run/crio",					NOTHING, true,	ENGINE },
	{ "/run/crio/crio.sock",			NOTHING, true,	SOCKET },
	{ "/run/crun",					ALL,	 false, STATE },
	{ "/run/dbus",					NOTHING, false, SOCKETS },
	{ "/run/dbus/system_bus_socket",		NOTHING, false, CONTROL },
	{ "/run/docker",				NOTHING, true,	ENGINE },
	{ "/run/docker.sock",				NOTHING, true,	SOCKET },
	{ "/run/docker/containerd",			NOTHING, true,	ENGINE },
	{ "/run/docker/containerd/containerd.sock",	NOTHING, true,	SOCKET },
	{ "/run/docker/runtime-runc",			ALL,	 false, STATE },
	{ "/run/incus",					NOTHING, false, SOCKETS },
	{ "/run/k3s",					NOTHING, true,	ENGINE },
	{ "/run/k3s/containerd",			NOTHING, true,	ENGINE },
	{ "/run/k3s/containerd/containerd.sock",	NOTHING, true,	SOCKET },
	{ "/run/libvirt",				NOTHING, false, SOCKETS },
	{ "/run/libvirt/libvirt-admin-sock",		NOTHING, false, CONTROL },
	{ "/run/libvirt/libvirt-sock",			NOTHING, false, CONTROL },
	{ "/run/libvirt/virtqemud-sock",		NOTHING, false, CONTROL },
	{ "/run/nacre",					ALL,	 false, STATE },
	{ "/run/nacre-bwrap",				ALL,	 false, STATE },
	{ "/run/podman",				NOTHING, true,	ENGINE },
	{ "/run/podman/podman.sock",			NOTHING, true,	SOCKET },
	{ "/run/runc",					ALL,	 false, STATE },
	{ "/run/systemd",				NOTHING, false, SOCKETS },
	{ "/run/systemd/notify",			NOTHING, false, CONTROL },
	{ "/run/systemd/private",			NOTHING, false, CONTROL },
	{ "/run/user",					NOTHING, false, SOCKETS },
	{ "/run/user/*",				NOTHING, false, SOCKETS },
	{ "/run/user/*/bus",				NOTHING, false, CONTROL },
	{ "/run/user/*/docker.sock",			NOTHING, true,	SOCKET },
	{ "/run/user/*/nacre",				ALL,	 false, STATE },
	{ "/run/user/*/nacre-bwrap",			ALL,	 false, STATE },
	{ "/run/user/*/podman",				NOTHING, true,	ENGINE },
	{ "/run/user/*/podman/podman.sock",		NOTHING, true,	SOCKET },
	{ "/run/user/*/systemd",			NOTHING, false, SOCKETS },
	{ "/run/user/*/systemd/private",		NOTHING, false, CONTROL },
	{ "/sys",					ALL,	 false, "the host's /sys" },
	{ "/var",					NOTHING, false, "a directory with the state of container engines" },
	{ "/var/lib",					NOTHING, false, NULL },
	{ "/var/lib/containerd",			NOTHING, false, STATE },
	{ "/var/lib/containers",			NOTHING, false, STATE },
	{ "/var/lib/containers/storage",		NOTHING, false, STATE },
	{ "/var/lib/docker",				NOTHING, false, STATE },
	{ "/var/lib/docker/containers",			NOTHING, false, STATE },
	{ "/var/lib/docker/overlay2",			NOTHING, false, STATE },
	{ "/var/lib/docker/volumes",			NOTHING, false, STATE },
	{ "/var/lib/incus",				NOTHING, false, STATE },
	{ "/var/lib/incus/unix.socket",			NOTHING, false, CONTROL },
	{ "/var/lib/kubelet",				NOTHING, false, STATE },
	{ "/var/lib/kubelet/device-plugins",		NOTHING, false, SOCKETS },
	{ "/var/lib/kubelet/pods",			NOTHING, false, STATE },
	{ "/var/lib/lxd",				NOTHING, false, STATE },
	{ "/var/lib/lxd/unix.socket",			NOTHING, false, CONTROL },
	{ "/var/lib/nacre",				ALL,	 false, STATE },
	{ NULL, NOTHING, false, NULL },
	/* clang-format on */
};

static bool matches(const struct host_object *object, const char *path)
{
	const char *p = object->path;

	for (; *p; p++) {
		if (*p == '*')
			path += strcspn(path, "/");
		else if (*p != *path++)
			return false;
	}
	return !*path || (object->below == HOST_BELOW_ALL && *path == '/');
}

const struct host_object *host_object_find(const char *path)
{
	for (const struct host_object *object = host_objects; object->path; object++) {
		if (object->what && matches(object, path))
			return object;
	}
	return NULL;
}

bool host_object_is_socket(const char *path)
{
	static const char *const names[] = {"buildkitd.sock", "containerd.sock",
		"containerd.sock.ttrpc", "cri-dockerd.sock", "crio.sock", "docker.sock",
		"dockershim.sock", "podman.sock", NULL};
	const char *name = strrchr(path, '/');

	for (size_t i = 0; name && names[i]; i++) {
		if (!strcmp(names[i], name + 1))
			return true;
	}
	return false;
}
