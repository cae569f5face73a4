/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/api/sandbox_limits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/companion.h"
#include "libcontainer/cgroup/cgroup_controllers.h"
#include "libcontainer/cgroup/cgroup_place.h"

/* sd_bus_open_user(3) uses the variable, which may name a bus without systemd. */
static bool has_bus_of_systemd(void)
{
	const char *directory = getenv("XDG_RUNTIME_DIR");
	const char *address = getenv("DBUS_SESSION_BUS_ADDRESS");
	char path[PATH_MAX], expected[PATH_MAX + sizeof("unix:path=")];
	struct stat st;
	int n;

	if (!directory || *directory != '/')
		return false;
	n = snprintf(path, sizeof(path), "%s/bus", directory);
	if (n >= (int)sizeof(path) || stat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return false;
	n = snprintf(expected, sizeof(expected), "unix:path=%s", path);
	return !address || (strncmp(address, expected, (size_t)n) == 0 &&
				   (address[n] == '\0' || address[n] == ','));
}

static bool suffice(const char *controllers)
{
	return cgroup_controllers_have(controllers, "memory", strlen("memory")) &&
	       cgroup_controllers_have(controllers, "pids", strlen("pids"));
}

/* Whether the user's systemd runs, can be called, and has the controllers. */
static bool user_manager_limits(int mount_fd)
{
	char path[96], names[CGROUP_CONTROLLERS_MAX];
	cleanup_close int fd = -1;
	struct stat st;

	if (geteuid() == 0 || access("/run/systemd/system", F_OK) < 0 ||
		!companion_installed("nacre-systemd") || !has_bus_of_systemd())
		return false;
	(void)snprintf(path, sizeof(path), "user.slice/user-%u.slice/user@%u.service", geteuid(),
		geteuid());
	fd = openat(mount_fd, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
	       cgroup_controllers_read(fd, names) == 0 && suffice(names);
}

/* Whether the cgroup above the sandbox's place has the controllers. They are enabled there if the
 * kernel permits, as in cgroup_create. Returns 1, 0 with WHY, or -errno. */
static int own_place_limits(int mount_fd, struct nacre_error *why, struct nacre_error *err)
{
	char path[PATH_MAX], names[CGROUP_CONTROLLERS_MAX];
	cleanup_close int fd = -1;
	int r = cgroup_place(mount_fd, NULL, "sandbox", false, path, why);

	if (r < 0)
		return 0;
	*strrchr(path, '/') = '\0';
	fd = openat(mount_fd, path[0] ? path + 1 : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = fd < 0 ? -errno : cgroup_controllers_read(fd, names);
	if (r == 0)
		r = cgroup_controllers_enable(fd, names);
	if (r == 0)
		r = cgroup_controllers_read_enabled(fd, names);
	if (r < 0)
		return fail_errno(err, r, "controllers of cgroup %s", path);
	if (suffice(names))
		return 1;
	(void)fail(why, ENOSYS, "cgroup %s does not hand down the controllers memory and pids",
		path[0] ? path : "/");
	return 0;
}

static int take_rlimits(struct arena *arena, const struct nacre_error *why,
	struct sandbox_host *host, struct nacre_error *err)
{
	struct rlimit processes, data;

	if (getrlimit(RLIMIT_NPROC, &processes) < 0 || getrlimit(RLIMIT_DATA, &data) < 0)
		return fail_errno(err, errno, "getrlimit");
	host->processes_most = processes.rlim_max;
	host->data_most = data.rlim_max;
	host->no_limits = arena_strdup(arena, why->text);
	return host->no_limits ? 0 : fail_errno(err, ENOMEM, "sandbox");
}

int sandbox_find_limits(struct arena *arena, const char *manager, struct sandbox_host *host,
	struct nacre_error *err)
{
	cleanup_close int mount_fd = -1;
	struct nacre_error why;
	int r;

	if (manager && !strcmp(manager, "systemd"))
		return 1;
	if (host->root || (manager && !strcmp(manager, "disabled")))
		return 0;
	mount_fd = cgroup_open_mount(&why);
	r = mount_fd < 0 ? 0 : own_place_limits(mount_fd, &why, err);
	if (r != 0)
		return r < 0 ? r : 0;
	if (!manager && mount_fd >= 0 && user_manager_limits(mount_fd))
		return 1;
	return take_rlimits(arena, &why, host, err);
}
