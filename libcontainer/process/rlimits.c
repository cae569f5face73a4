/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/process/rlimits.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/resource.h>

#include "libcontainer/base/sys.h"

/* Limits of getrlimit(2). */
static const struct {
	const char *name;
	int resource;
} names[] = {
	{"RLIMIT_AS", RLIMIT_AS},
	{"RLIMIT_CORE", RLIMIT_CORE},
	{"RLIMIT_CPU", RLIMIT_CPU},
	{"RLIMIT_DATA", RLIMIT_DATA},
	{"RLIMIT_FSIZE", RLIMIT_FSIZE},
	{"RLIMIT_LOCKS", RLIMIT_LOCKS},
	{"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
	{"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
	{"RLIMIT_NICE", RLIMIT_NICE},
	{"RLIMIT_NOFILE", RLIMIT_NOFILE},
	{"RLIMIT_NPROC", RLIMIT_NPROC},
	{"RLIMIT_RSS", RLIMIT_RSS},
	{"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
	{"RLIMIT_RTTIME", RLIMIT_RTTIME},
	{"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
	{"RLIMIT_STACK", RLIMIT_STACK},
};

static int resource_of(const char *name)
{
	size_t i;

	for (i = 0; name && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i].name) == 0)
			return names[i].resource;
	return -EINVAL;
}

bool rlimit_known(const char *name)
{
	return resource_of(name) >= 0;
}

/* For the caller itself capget(2) fails only under a seccomp filter: then returns false. */
bool rlimits_may_limit_others(void)
{
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	return sys_capget(data) == 0 && data[0].effective >> CAP_SYS_RESOURCE & 1;
}

static const char *rlimit_reason(int code)
{
	switch (code) {
	case EPERM:
		return " (to raise a hard limit needs CAP_SYS_RESOURCE on the host, and "
		       "RLIMIT_NOFILE ends at fs.nr_open)";
	case EINVAL:
		return " (the soft limit may not be above the hard one)";
	default:
		return "";
	}
}

int rlimits_apply(pid_t pid, const struct oci_rlimit *limits, size_t i, struct nacre_error *err)
{
	const struct rlimit limit = {limits[i].soft, limits[i].hard};
	int resource = resource_of(limits[i].type);

	if (resource < 0)
		return fail(err, EINVAL, "process.rlimits[%zu].type: \"%s\" is no limit of %s", i,
			limits[i].type ? limits[i].type : "", "getrlimit(2)");
	if (prlimit(pid, resource, &limit, NULL) < 0)
		return fail_errno(err, errno, "process.rlimits[%zu]: %s soft %llu hard %llu%s", i,
			limits[i].type, (unsigned long long)limits[i].soft,
			(unsigned long long)limits[i].hard, rlimit_reason(errno));
	return 0;
}

static bool has(const struct oci_process *process, const char *type)
{
	for (size_t i = 0; i < process->n_rlimits; i++)
		if (strcmp(process->rlimits[i].type, type) == 0)
			return true;
	return false;
}

const char *rlimits_in_place_of_cgroup(const struct oci_process *process)
{
	const bool processes = process && has(process, "RLIMIT_NPROC");
	const bool data = process && has(process, "RLIMIT_DATA");

	if (processes && data)
		return " but of processes (RLIMIT_NPROC) and of the memory of each alone "
		       "(RLIMIT_DATA)";
	if (processes)
		return " but of processes (RLIMIT_NPROC)";
	return data ? " but of the memory of each process alone (RLIMIT_DATA)" : "";
}
