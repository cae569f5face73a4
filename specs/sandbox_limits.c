/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "specs/sandbox.h"

/* The limits of a sandbox. */

enum {
	CPU_PERIOD = 100000, /* microseconds */
	RLIMITS_MOST = 2,
};

static int by_cgroup(
	struct arena *arena, const struct sandbox_request *request, struct oci_linux *linux_)
{
	struct oci_resources *resources = linux_->resources;

	if (!request->memory && !request->pids && !request->cpus)
		return 0;
	if (!resources)
		resources = linux_->resources = arena_alloc(arena, sizeof(*resources));
	if (!resources)
		return -ENOMEM;
	resources->memory = request->memory ? arena_alloc(arena, sizeof(*resources->memory)) : NULL;
	resources->pids = request->pids ? arena_alloc(arena, sizeof(*resources->pids)) : NULL;
	resources->cpu = request->cpus ? arena_alloc(arena, sizeof(*resources->cpu)) : NULL;
	if ((request->memory && !resources->memory) || (request->pids && !resources->pids) ||
		(request->cpus && !resources->cpu))
		return -ENOMEM;
	if (request->memory)
		resources->memory->limit = (struct oci_i64){true, request->memory};
	if (request->pids)
		resources->pids->limit = request->pids;
	if (request->cpus) {
		resources->cpu->period = (struct oci_u64){true, CPU_PERIOD};
		resources->cpu->quota = (struct oci_i64){
			true, (int64_t)(request->cpus * CPU_PERIOD / 1000)};
	}
	return 0;
}

/* Adds a limit, at most as high as the caller may set it. */
static void add_rlimit(
	struct oci_process *process, const char *type, uint64_t wanted, uint64_t most)
{
	const uint64_t value = wanted < most ? wanted : most;

	process->rlimits[process->n_rlimits++] = (struct oci_rlimit){type, value, value};
}

static int by_rlimits(struct arena *arena, const struct sandbox_request *request,
	const struct sandbox_host *host, struct oci_process *process)
{
	process->rlimits = arena_array(arena, RLIMITS_MOST, sizeof(*process->rlimits));
	process->n_rlimits = 0;
	if (!process->rlimits)
		return -ENOMEM;
	add_rlimit(process, "RLIMIT_NPROC",
		request->pids ? (uint64_t)request->pids : SANDBOX_PROCESSES, host->processes_most);
	if (request->memory)
		add_rlimit(process, "RLIMIT_DATA", (uint64_t)request->memory, host->data_most);
	return 0;
}

int sandbox_limit(struct arena *arena, const struct sandbox_request *request,
	const struct sandbox_host *host, struct oci_config *config, struct nacre_error *err)
{
	int r;

	if (host->no_limits && request->cpus)
		return fail(err, ENOTSUP,
			"--cpus: only a cgroup can limit CPU time, and nacre cannot use one: %s",
			host->no_limits);
	r = host->no_limits ? by_rlimits(arena, request, host, config->process)
			    : by_cgroup(arena, request, config->linux_);
	return r < 0 ? arena_fail(arena, "sandbox", err) : 0;
}
