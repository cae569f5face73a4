/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/cgroup/cgroup_limits.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "libcontainer/base/files.h"
#include "libcontainer/cgroup/cgroup_controllers.h"
#include "libcontainer/cgroup/cgroup_limit_files.h"

static int put_text(struct limits *l, const struct limit *limit, const char *value)
{
	return value && *value ? cgroup_limit_put(l, limit, value) : 0;
}

static int apply_pids(struct limits *l)
{
	static const struct limit limit = {"pids.limit", "pids.max", OCI_LIMIT_PIDS};

	if (!l->resources->pids)
		return 0;
	return cgroup_limit_put_or_max(l, &limit, oci_pids_limit(l->resources->pids));
}

/* In the spec swap is memory and swap together, as in cgroup v1; memory.swap.max is swap alone. */
static int apply_swap(struct limits *l, int64_t memory, int64_t swap)
{
	static const struct limit limit = {"memory.swap", "memory.swap.max", OCI_LIMIT_SWAP};
	char value[24] = "max";
	int r;

	if (swap == 0 && memory != -1)
		return 0;
	if (swap != 0 && swap != -1) {
		if (memory <= 0)
			return cgroup_limit_bad(
				l, limit.property, "unable to set swap limit without memory limit");
		if (swap < memory)
			return cgroup_limit_bad(l, limit.property,
				"%lld is less than memory.limit, %lld: it is the limit of memory "
				"and swap together",
				(long long)swap, (long long)memory);
		(void)snprintf(value, sizeof(value), "%lld", (long long)(swap - memory));
	}
	r = cgroup_limit_write(l, limit.file, value);
	/* A kernel without swap (accounting) has no such file: then there is no swap to forbid. */
	if (r == -ENOENT && strcmp(value, "0") == 0 && !(limit.profile & l->from_profile))
		return 0;
	return cgroup_limit_judge(l, &limit, value, r);
}

static int apply_memory(struct limits *l)
{
	static const struct limit max = {"memory.limit", "memory.max", OCI_LIMIT_MEMORY};
	static const struct limit low = {"memory.reservation", "memory.low", 0};
	const struct oci_memory *memory = l->resources->memory;
	int r;

	if (!memory)
		return 0;
	/* The swap limit comes first, so that memory is never limited while swap is not. */
	r = apply_swap(l, memory->limit.value, memory->swap.value);
	if (r == 0)
		r = cgroup_limit_put_or_max(l, &max, memory->limit.value);
	if (r == 0)
		r = cgroup_limit_put_or_max(l, &low, memory->reservation.value);
	return r;
}

static int apply_cpu_max(struct limits *l, const struct oci_cpu *cpu)
{
	const struct limit limit = {
		cpu->quota.value ? "cpu.quota" : "cpu.period", "cpu.max", OCI_LIMIT_CPU};
	char value[64];
	int n;

	if (cpu->quota.value == 0 && cpu->period.value == 0)
		return 0;
	if (cpu->quota.value > 0)
		n = snprintf(value, sizeof(value), "%lld", (long long)cpu->quota.value);
	else
		n = snprintf(value, sizeof(value), "max");
	if (cpu->period.value > 0)
		(void)snprintf(value + n, sizeof(value) - (size_t)n, " %llu",
			(unsigned long long)cpu->period.value);
	return cgroup_limit_put(l, &limit, value);
}

/* The kernel refuses a weight for an idle group. Such a group has the smallest weight, and gets the
 * default when it is no longer idle. */
static int apply_cpu_weight(struct limits *l, const struct oci_cpu *cpu)
{
	static const struct limit weight = {"cpu.shares", "cpu.weight", 0};
	static const struct limit idle = {"cpu.idle", "cpu.idle", 0};
	int r = 0;

	if (cpu->idle.value != 0) {
		if (l->rollback)
			r = rollback_note(l->rollback, l->fd, weight.file, "");
		return r < 0 ? fail_errno(l->err, r, "linux.resources.cpu.idle")
			     : cgroup_limit_put_u64(l, &idle, (uint64_t)cpu->idle.value);
	}
	if (cpu->idle.set)
		r = cgroup_limit_write(l, idle.file, "0");
	/* Without the controller, or before Linux 5.15, nothing is idle. */
	if (r < 0 && r != -ENOENT)
		return cgroup_limit_judge(l, &idle, "0", r);
	return cpu->shares.value == 0 ? 0
				      : cgroup_limit_put_u64(l, &weight,
						cgroup_weight_from_shares(cpu->shares.value));
}

static int apply_cpu(struct limits *l)
{
	static const struct limit burst_limit = {"cpu.burst", "cpu.max.burst", 0};
	const struct oci_cpu *cpu = l->resources->cpu;
	char burst[24];
	int r, burst_r = 0;

	if (!cpu)
		return 0;
	r = apply_cpu_weight(l, cpu);
	if (r < 0)
		return r;
	/* A burst may exceed neither the old quota nor the new one: it is written before the quota
	 * and, if the kernel refuses that, after it. */
	(void)snprintf(burst, sizeof(burst), "%llu", (unsigned long long)cpu->burst.value);
	if (cpu->burst.set)
		burst_r = cgroup_limit_write(l, burst_limit.file, burst);
	r = apply_cpu_max(l, cpu);
	if (r == 0 && burst_r == -EINVAL)
		burst_r = cgroup_limit_write(l, burst_limit.file, burst);
	if (r < 0 || (burst_r == -ENOENT && cpu->burst.value == 0))
		return r;
	return cgroup_limit_judge(l, &burst_limit, burst, burst_r);
}

static int apply_cpuset(struct limits *l)
{
	static const struct limit cpus = {"cpu.cpus", "cpuset.cpus", 0};
	static const struct limit mems = {"cpu.mems", "cpuset.mems", 0};
	const struct oci_cpu *cpu = l->resources->cpu;
	int r;

	if (!cpu)
		return 0;
	r = put_text(l, &cpus, cpu->cpus);
	return r < 0 ? r : put_text(l, &mems, cpu->mems);
}

/* "2MB", "1GB": it becomes part of a file name. */
static bool is_page_size(const char *text)
{
	size_t digits = text ? strspn(text, "0123456789") : 0;

	return digits > 0 && digits < 8 && text[0] != '0' && strlen(text + digits) == 2 &&
	       strchr("KMG", text[digits]) && text[digits + 1] == 'B';
}

static int apply_hugetlb(struct limits *l)
{
	size_t i;

	for (i = 0; i < l->resources->n_hugepage_limits; i++) {
		const struct oci_hugepage_limit *page = &l->resources->hugepage_limits[i];
		char property[64], file[64], reserved[64];
		const struct limit max = {property, file, 0}, rsvd = {property, reserved, 0};
		char value[24];
		int r;

		(void)snprintf(property, sizeof(property), "hugepageLimits[%zu]", i);
		if (!is_page_size(page->page_size))
			return cgroup_limit_bad(l, property,
				"pageSize: \"%s\" is not a size such as 2MB",
				page->page_size ? page->page_size : "");
		(void)snprintf(file, sizeof(file), "hugetlb.%s.max", page->page_size);
		(void)snprintf(reserved, sizeof(reserved), "hugetlb.%s.rsvd.max", page->page_size);
		/* 0 is a limit here: no huge page at all. */
		r = cgroup_limit_put_u64(l, &max, page->limit);
		if (r < 0)
			return r;
		/* Pages that are reserved by mmap(2) and not yet touched are counted apart. */
		(void)snprintf(value, sizeof(value), "%llu", (unsigned long long)page->limit);
		r = cgroup_limit_judge(l, &rsvd, value, cgroup_limit_write(l, reserved, value));
		if (r < 0)
			return r;
	}
	return 0;
}

static int apply_rdma(struct limits *l)
{
	size_t i;

	for (i = 0; i < l->resources->n_rdma; i++) {
		const struct oci_rdma *rdma = &l->resources->rdma[i];
		char property[64], value[256];
		const struct limit limit = {property, "rdma.max", 0};
		int n, r;

		if (!rdma->hca_handles.set && !rdma->hca_objects.set)
			continue;
		(void)snprintf(property, sizeof(property), "rdma[%zu]", i);
		n = snprintf(value, sizeof(value), "%s", rdma->device);
		if (n == 0 || n > 128 || strpbrk(rdma->device, " \t\n"))
			return cgroup_limit_bad(l, property,
				"\"%.140s\" is not the name of a device", rdma->device);
		if (rdma->hca_handles.set)
			n += snprintf(value + n, sizeof(value) - (size_t)n, " hca_handle=%u",
				rdma->hca_handles.value);
		if (rdma->hca_objects.set)
			(void)snprintf(value + n, sizeof(value) - (size_t)n, " hca_object=%u",
				rdma->hca_objects.value);
		r = cgroup_limit_put(l, &limit, value);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Whether unified may name FILE: a file of a controller, or one of the cgroup core that limits
 * something. Other core files would move, stop or kill processes. */
static bool is_limit_file(const char *file)
{
	static const char *const others[] = {"cgroup.procs", "cgroup.threads", "cgroup.kill",
		"cgroup.freeze", "cgroup.type", "cgroup.subtree_control"};
	size_t i;

	if (!*file || *file == '.' || strchr(file, '/') || !strchr(file, '.'))
		return false;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(file, others[i]) == 0)
			return false;
	return true;
}

/* Files such as io.max take one line per write. */
static int put_lines(struct limits *l, const struct limit *limit, const char *lines)
{
	char value[4096];
	int r = 0;

	do {
		size_t n = strcspn(lines, "\n");

		if (n >= sizeof(value))
			return cgroup_limit_bad(
				l, limit->property, "a line of %zu bytes is too long", n);
		memcpy(value, lines, n);
		value[n] = '\0';
		lines += n + (lines[n] == '\n');
		r = cgroup_limit_put(l, limit, value);
	} while (r == 0 && *lines);
	return r;
}

static int apply_unified(struct limits *l)
{
	const struct oci_map *unified = &l->resources->unified;
	size_t i;

	for (i = 0; i < unified->n; i++) {
		const struct oci_pair *pair = &unified->items[i];
		char property[96];
		struct limit limit = {property, pair->key, 0};
		int r;

		(void)snprintf(property, sizeof(property), "unified[\"%.64s\"]", pair->key);
		if (!is_limit_file(pair->key))
			return cgroup_limit_bad(
				l, property, "is not a file of a cgroup that sets a limit");
		if (strcmp(pair->key, "memory.oom.group") == 0)
			limit.profile = OCI_LIMIT_OOM_GROUP;
		if (strcmp(pair->key, "memory.swap.max") == 0)
			limit.profile = OCI_LIMIT_SWAP;
		r = put_lines(l, &limit, pair->value);
		if (r < 0)
			return r;
	}
	return 0;
}

int cgroup_limits_apply(int cgroup_fd, const struct oci_resources *resources, uint32_t from_profile,
	struct rollback *rollback, void (*warn)(void *data, const char *text), void *data,
	struct nacre_error *err)
{
	/* unified last: it has the final word. */
	static int (*const steps[])(struct limits *) = {apply_pids, apply_memory,
		cgroup_limits_apply_io, apply_cpu, apply_cpuset, apply_hugetlb, apply_rdma,
		apply_unified};
	struct limits l = {cgroup_fd, resources, from_profile, "", rollback, err};
	char names[CGROUP_CONTROLLERS_MAX] = "", text[1024];
	size_t i;

	if (!resources)
		return 0;
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		int r = steps[i](&l);

		if (r < 0)
			return r;
	}
	if (l.skipped[0] && warn) {
		int r = cgroup_fd < 0 ? 0 : cgroup_controllers_read(cgroup_fd, names);

		if (r < 0)
			return fail_errno(err, r, "read cgroup.controllers");
		(void)snprintf(text, sizeof(text),
			"limits of the profile that this host cannot enforce (cgroup v2 has the "
			"controllers: %s) are left out: %s",
			names[0] ? names : "none", l.skipped + 2);
		warn(data, text);
	}
	return 0;
}
