/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/process/scheduling.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <sched.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>

#include "libcontainer/base/sys.h"
#include "specs/id_list.h"

/* Linux 6.9; an enum constant in the headers, so it cannot be tested for. */
#define WEIGHTED_INTERLEAVE 6

/* <linux/ioprio.h>, which Ubuntu 22.04 installs without the classes. */
#define IO_CLASS_SHIFT 13
#define IO_WHO_PROCESS 1
#define IO_CLASS_REAL_TIME 1

#ifndef SCHED_ISO
#define SCHED_ISO 4 /* reserved: no kernel has it */
#endif

struct word {
	const char *text;
	int number;
};

static const struct word policies[] = {
	{"SCHED_OTHER", SCHED_OTHER},
	{"SCHED_FIFO", SCHED_FIFO},
	{"SCHED_RR", SCHED_RR},
	{"SCHED_BATCH", SCHED_BATCH},
	{"SCHED_ISO", SCHED_ISO},
	{"SCHED_IDLE", SCHED_IDLE},
	{"SCHED_DEADLINE", SCHED_DEADLINE},
	{NULL, 0},
};

static const struct word scheduler_flags[] = {
	{"SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK},
	{"SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM},
	{"SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN},
	{"SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY},
	{"SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS},
	{"SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN},
	{"SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX},
	{NULL, 0},
};

static const struct word io_classes[] = {
	{"IOPRIO_CLASS_RT", 1},
	{"IOPRIO_CLASS_BE", 2},
	{"IOPRIO_CLASS_IDLE", 3},
	{NULL, 0},
};

static const struct word memory_modes[] = {
	{"MPOL_DEFAULT", MPOL_DEFAULT},
	{"MPOL_PREFERRED", MPOL_PREFERRED},
	{"MPOL_BIND", MPOL_BIND},
	{"MPOL_INTERLEAVE", MPOL_INTERLEAVE},
	{"MPOL_LOCAL", MPOL_LOCAL},
	{"MPOL_PREFERRED_MANY", MPOL_PREFERRED_MANY},
	{"MPOL_WEIGHTED_INTERLEAVE", WEIGHTED_INTERLEAVE},
	{NULL, 0},
};

static const struct word memory_flags[] = {
	{"MPOL_F_NUMA_BALANCING", MPOL_F_NUMA_BALANCING},
	{"MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES},
	{"MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES},
	{NULL, 0},
};

static const struct word domains[] = {
	{"LINUX", PER_LINUX},
	{"LINUX32", PER_LINUX32},
	{NULL, 0},
};

static int find(const struct word *list, const char *text, const char *property, int *ret_number,
	struct nacre_error *err)
{
	for (; text && list->text; list++) {
		if (strcmp(text, list->text) == 0) {
			*ret_number = list->number;
			return 0;
		}
	}
	return fail(err, EINVAL, "%s: \"%s\" is not known", property, text ? text : "");
}

static int find_all(const struct word *list, const struct oci_strings *texts, const char *property,
	int *ret_bits, struct nacre_error *err)
{
	int bits = 0, bit = 0;
	size_t i;

	for (i = 0; i < texts->n; i++) {
		int r = find(list, texts->items[i], property, &bit, err);

		if (r < 0)
			return r;
		bits |= bit;
	}
	*ret_bits = bits;
	return 0;
}

int scheduling_look(struct scheduling_of_caller *ret_scheduling, struct nacre_error *err)
{
	/* With SCHED_RESET_ON_FORK, children are not real-time; a SCHED_DEADLINE process without it
	 * cannot fork. */
	const int io = sys_ioprio_get(IO_WHO_PROCESS, 0);
	const int policy = sched_getscheduler(0);
	int nice;

	if (policy < 0)
		return fail_errno(err, errno, "scheduling policy of the calling process");
	errno = 0;
	nice = getpriority(PRIO_PROCESS, 0);
	if (errno)
		return fail_errno(err, errno, "nice value of the calling process");
	/* ENOSYS: the kernel has no block devices. */
	if (io < 0 && io != -ENOSYS)
		return fail_errno(err, io, "I/O priority of the calling process");
	*ret_scheduling = (struct scheduling_of_caller){
		.policy = policy == SCHED_FIFO ? "SCHED_FIFO"
			  : policy == SCHED_RR ? "SCHED_RR"
					       : NULL,
		.nice = nice,
		.io_real_time = io >= 0 && io >> IO_CLASS_SHIFT == IO_CLASS_REAL_TIME,
	};
	return 0;
}

static int apply_scheduler(
	pid_t pid, const struct oci_scheduler *scheduler, struct nacre_error *err)
{
	struct sys_sched_attr attr = {
		.size = sizeof(attr),
		.sched_nice = scheduler->nice.value,
		.sched_priority = (uint32_t)scheduler->priority.value,
		.sched_runtime = scheduler->runtime.value,
		.sched_deadline = scheduler->deadline.value,
		.sched_period = scheduler->period.value,
	};
	int policy = 0, flags = 0, r;

	r = find(policies, scheduler->policy, "process.scheduler.policy", &policy, err);
	if (r == 0)
		r = find_all(
			scheduler_flags, &scheduler->flags, "process.scheduler.flags", &flags, err);
	if (r < 0)
		return r;
	attr.sched_policy = (uint32_t)policy;
	attr.sched_flags = (uint64_t)flags;
	r = sys_sched_setattr(pid, &attr);
	if (r < 0)
		return fail_errno(err, r, "process.scheduler: set %s%s", scheduler->policy,
			r == -EPERM   ? " (needs CAP_SYS_NICE, and for SCHED_DEADLINE all CPUs)"
			: r == -EBUSY ? " (the CPUs have no bandwidth left for it)"
				      : "");
	return 0;
}

int scheduling_apply(pid_t pid, const struct oci_scheduler *scheduler, struct nacre_error *err)
{
	return scheduler ? apply_scheduler(pid, scheduler, err) : 0;
}

int scheduling_apply_io_priority(const struct oci_io_priority *priority, struct nacre_error *err)
{
	int class = 0, r;

	if (!priority)
		return 0;
	r = find(io_classes, priority->class, "process.ioPriority.class", &class, err);
	if (r < 0)
		return r;
	if (priority->priority.value < 0 || priority->priority.value > 7)
		return fail(err, EINVAL, "process.ioPriority.priority: %d is not within 0 and 7",
			priority->priority.value);
	r = sys_ioprio_set(IO_WHO_PROCESS, 0, class << IO_CLASS_SHIFT | priority->priority.value);
	if (r < 0)
		return fail_errno(err, r, "process.ioPriority: set %s %d%s", priority->class,
			priority->priority.value, r == -EPERM ? " (needs CAP_SYS_NICE)" : "");
	return 0;
}

int scheduling_apply_personality(const struct oci_personality *wanted, struct nacre_error *err)
{
	int domain = 0, r;

	if (!wanted)
		return 0;
	r = find(domains, wanted->domain, "linux.personality.domain", &domain, err);
	if (r < 0)
		return r;
	/* No flags are defined: oci_config_warnings reports any. */
	if (personality((unsigned long)domain) < 0)
		return fail_errno(err, errno, "linux.personality: set %s", wanted->domain);
	return 0;
}

/* Parses a list in the List format of cpuset(7) and sets the bits. RET_BITS has LIMIT bits, all
 * clear. */
static int parse_list(const char *list, unsigned limit, unsigned long *ret_bits,
	const char *property, struct nacre_error *err)
{
	int r = id_list_parse(list, limit, ret_bits);

	return r < 0 ? fail(err, EINVAL,
			       "%s: \"%s\" is not a list such as 0-3,7 of numbers below %u",
			       property, list, limit)
		     : 0;
}

static size_t words_of(const struct word *words, const char **ret_names)
{
	size_t n = 0;

	for (; words[n].text; n++)
		ret_names[n] = words[n].text;
	return n;
}

size_t scheduling_memory_modes(const char **ret_names)
{
	return words_of(memory_modes, ret_names);
}

size_t scheduling_memory_flags(const char **ret_names)
{
	return words_of(memory_flags, ret_names);
}

int scheduling_apply_memory_policy(const struct oci_memory_policy *policy, struct nacre_error *err)
{
	unsigned long nodes[ID_LIST_WORDS(ID_LIST_NODES)] = {0};
	bool some = policy && policy->nodes && *policy->nodes;
	int mode = 0, flags = 0, r;

	if (!policy)
		return 0;
	r = find(memory_modes, policy->mode, "linux.memoryPolicy.mode", &mode, err);
	if (r == 0)
		r = find_all(memory_flags, &policy->flags, "linux.memoryPolicy.flags", &flags, err);
	if (r == 0 && some)
		r = parse_list(
			policy->nodes, ID_LIST_NODES, nodes, "linux.memoryPolicy.nodes", err);
	if (r < 0)
		return r;
	/* + 1: the kernel uses one bit less than that, set_mempolicy(2), BUGS. */
	r = sys_set_mempolicy(mode | flags, some ? nodes : NULL, some ? ID_LIST_NODES + 1 : 0);
	if (r < 0)
		return fail_errno(err, r, "linux.memoryPolicy: set %s, nodes \"%s\"%s",
			policy->mode, some ? policy->nodes : "",
			r == -EINVAL   ? " (are these nodes online and in the cpuset?)"
			: r == -ENOSYS ? " (the kernel has no NUMA support)"
				       : "");
	return 0;
}

int scheduling_apply_affinity(const char *cpus, struct nacre_error *err)
{
	unsigned long bits[ID_LIST_WORDS(ID_LIST_CPUS)] = {0};
	int r;

	if (!cpus || !*cpus)
		return 0;
	r = parse_list(cpus, ID_LIST_CPUS, bits, "process.execCPUAffinity", err);
	if (r < 0)
		return r;
	if (sched_setaffinity(0, sizeof(bits), (const cpu_set_t *)bits) < 0)
		return fail_errno(err, errno, "process.execCPUAffinity: run on CPUs %s%s", cpus,
			errno == EINVAL ? " (is one of them online and in the cpuset?)" : "");
	return 0;
}

/* Allows all CPUs, not only those of the cpuset now: the kernel keeps this mask, and combines it
 * with the cpuset, also when that changes later. */
int scheduling_reset_affinity(struct nacre_error *err)
{
	unsigned long bits[ID_LIST_WORDS(ID_LIST_CPUS)];

	memset(bits, 0xff, sizeof(bits));
	if (sched_setaffinity(0, sizeof(bits), (const cpu_set_t *)bits) < 0)
		return fail_errno(err, errno, "run on all CPUs");
	return 0;
}
