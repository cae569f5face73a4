/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "libcontainer/api/host.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/base/sys_landlock.h"
#include "libcontainer/cgroup/cgroup.h"
#include "libcontainer/cgroup/cgroup_devices.h"
#include "libcontainer/namespace/namespaces.h"
#include "libcontainer/net/egress_bpf.h"
#include "libcontainer/process/lsm.h"

/* Reads the first line of a small file of the kernel; "": it cannot be read. */
static void read_line(const char *path, char *ret_line, size_t size)
{
	cleanup_free char *text = NULL;
	struct nacre_error ignored;

	ret_line[0] = '\0';
	if (file_read(AT_FDCWD, path, 4096, &text, NULL, &ignored) < 0)
		return;
	text[strcspn(text, "\n")] = '\0';
	(void)snprintf(ret_line, size, "%s", text);
}

static void look_at_kernel(struct host *host)
{
	unsigned major = 0, minor = 0;

	(void)uname(&host->kernel);
	(void)sscanf(host->kernel.release, "%u.%u", &major, &minor);
	host->kernel_is_new = major > 5 || (major == 5 && minor >= 14);
}

/* A user namespace that maps less than all ids is not the initial one. */
static bool in_initial_user_namespace(void)
{
	char map[64];
	unsigned inside = 1, outside = 1, count = 0;

	read_line("/proc/self/uid_map", map, sizeof(map));
	return sscanf(map, "%u %u %u", &inside, &outside, &count) == 3 && inside == 0 &&
	       outside == 0 && count == UINT32_MAX;
}

static void look_at_rights(struct host *host)
{
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	host->is_root = sys_capget(data) == 0 && data[0].effective >> CAP_SYS_ADMIN & 1 &&
			in_initial_user_namespace();
}

static void look_at_cgroups(struct host *host)
{
	struct nacre_error err;
	cleanup_close int mount_fd = cgroup_open_mount(&err);
	struct statfs fs;
	int r;

	host->cgroup2 = mount_fd >= 0;
	if (host->cgroup2)
		(void)cgroup_controllers_read(mount_fd, host->controllers);
	host->hybrid = host->cgroup2 && statfs("/sys/fs/cgroup", &fs) == 0 &&
		       fs.f_type != CGROUP2_SUPER_MAGIC;
	r = cgroup_devices_probe(&err);
	if (r < 0)
		(void)snprintf(
			host->device_filter, sizeof(host->device_filter), "%.150s", err.text);
	r = egress_bpf_probe(&err);
	if (r < 0)
		(void)snprintf(host->egress, sizeof(host->egress), "%.150s", err.text);
}

static void try_user_namespace(bool unprivileged, char *ret_why, size_t size)
{
	struct nacre_error err;

	if (namespaces_probe_user(unprivileged, &err) < 0)
		(void)snprintf(ret_why, size, "%.250s", err.text);
}

void host_try_user_namespaces(struct host *host)
{
	try_user_namespace(false, host->user_namespaces, sizeof(host->user_namespaces));
	try_user_namespace(true, host->unprivileged_userns, sizeof(host->unprivileged_userns));
}

void host_look(struct host *ret_host)
{
	struct host host = {.hybrid = false};
	int abi = sys_landlock_abi();

	look_at_kernel(&host);
	look_at_rights(&host);
	look_at_cgroups(&host);
	host.no_keys = access("/proc/key-users", R_OK) < 0;
	read_line("/proc/sys/kernel/seccomp/actions_avail", host.seccomp_actions,
		sizeof(host.seccomp_actions));
	read_line("/proc/sys/kernel/seccomp/actions_logged", host.seccomp_logged,
		sizeof(host.seccomp_logged));
	read_line("/sys/kernel/security/lsm", host.modules, sizeof(host.modules));
	host.landlock = abi > 0 ? abi : 0;
	host.apparmor = lsm_apparmor_enabled();
	host.selinux = lsm_selinux_enabled();
	*ret_host = host;
}
