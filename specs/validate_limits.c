/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <string.h>

#include "specs/defaults.h"
#include "specs/validate.h"
#include "specs/validate_checks.h"

/* The checks of linux.resources (zero means "not set", as engines send it), and warnings. */

static bool has_other_letters(const struct oci_device_rule *rule)
{
	return rule->access && rule->access[strspn(rule->access, "rwm")];
}

static int check_device_rules(const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_resources *resources = config->linux_->resources;

	for (size_t i = 0; i < resources->n_devices; i++) {
		const struct oci_device_rule *rule = &resources->devices[i];
		const char *type = rule->type ? rule->type : "a";

		if (strlen(type) != 1 || !strchr("abc", type[0]))
			return oci_fail(config, err,
				validate_at("linux.resources.devices[%zu].type", i).text,
				"invalid cgroup device type \"%s\"; a, b and c are valid", type);
		/* runc and crun ignore other letters. A rule that denies is then taken to deny all
		 * access, so never less than intended; the intention of a rule that allows is
		 * unknown. */
		if (rule->allow && has_other_letters(rule))
			return oci_fail(config, err,
				validate_at("linux.resources.devices[%zu].access", i).text,
				"\"%s\" has letters other than r, w and m", rule->access);
		/* Engines write -1 for "any". */
		if ((rule->major.set &&
			    (rule->major.value < -1 || rule->major.value > UINT32_MAX)) ||
			(rule->minor.set &&
				(rule->minor.value < -1 || rule->minor.value > UINT32_MAX)))
			return oci_fail(config, err,
				validate_at("linux.resources.devices[%zu]", i).text,
				"%lld:%lld is not a device number", (long long)rule->major.value,
				(long long)rule->minor.value);
	}
	return 0;
}

/* memory.swap is memory plus swap, as in cgroup v1. */
static int check_memory(const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_memory *memory = config->linux_->resources->memory;

	if (!memory)
		return 0;
	if (memory->limit.value < -1)
		return oci_fail(config, err, "linux.resources.memory.limit",
			"%lld is not valid; use -1 for no limit", (long long)memory->limit.value);
	if (memory->swap.value <= 0 || memory->limit.value == -1)
		return 0;
	if (!memory->limit.value)
		return oci_fail(config, err, "linux.resources.memory.swap",
			"unable to set swap limit without memory limit; set "
			"linux.resources.memory.limit");
	if (memory->swap.value < memory->limit.value)
		return oci_fail(config, err, "linux.resources.memory.swap",
			"memory+swap limit %lld should be >= memory limit %lld",
			(long long)memory->swap.value, (long long)memory->limit.value);
	return 0;
}

static int check_cpu(const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_cpu *cpu = config->linux_->resources->cpu;

	if (cpu && cpu->quota.value > 0 && cpu->burst.value > (uint64_t)cpu->quota.value)
		return oci_fail(config, err, "linux.resources.cpu.burst",
			"%llu is above the quota %lld", (unsigned long long)cpu->burst.value,
			(long long)cpu->quota.value);
	if (cpu && cpu->idle.set && cpu->idle.value != 0 && cpu->idle.value != 1)
		return oci_fail(config, err, "linux.resources.cpu.idle", "%lld is neither 0 nor 1",
			(long long)cpu->idle.value);
	return 0;
}

static bool is_weight(const struct oci_u32 *weight)
{
	return !weight->value || (weight->value >= 10 && weight->value <= 1000);
}

static int check_block_io(const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_block_io *io = config->linux_->resources->block_io;

	if (io && !is_weight(&io->weight))
		return oci_fail(config, err, "linux.resources.blockIO.weight",
			"%u is out of range, 10 to 1000", io->weight.value);
	for (size_t i = 0; io && i < io->n_weight_device; i++) {
		const struct oci_weight_device *device = &io->weight_device[i];

		if (!device->weight.set && !device->leaf_weight.set)
			return oci_fail(config, err,
				validate_at("linux.resources.blockIO.weightDevice[%zu]", i).text,
				"needs a weight or a leafWeight");
		if (!is_weight(&device->weight))
			return oci_fail(config, err,
				validate_at("linux.resources.blockIO.weightDevice[%zu].weight", i)
					.text,
				"%u is out of range, 10 to 1000", device->weight.value);
	}
	return 0;
}

/* Checks the size, which is part of a file's name: hugetlb.2MB.max. */
static int check_hugepages(const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_resources *resources = config->linux_->resources;

	for (size_t i = 0; i < resources->n_hugepage_limits; i++) {
		const char *size = resources->hugepage_limits[i].page_size;
		const char *unit = size ? size + strspn(size, "0123456789") : NULL;

		if (!size || unit == size ||
			(strcmp(unit, "KB") && strcmp(unit, "MB") && strcmp(unit, "GB")))
			return oci_fail(config, err,
				validate_at("linux.resources.hugepageLimits[%zu].pageSize", i).text,
				"\"%s\" is not a size such as 64KB, 2MB or 1GB", size ? size : "");
	}
	return 0;
}

static int check_rdma(const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_resources *resources = config->linux_->resources;

	for (size_t i = 0; i < resources->n_rdma; i++) {
		const struct oci_rdma *rdma = &resources->rdma[i];

		/* The name begins a line of rdma.max. */
		if (!rdma->device[0] || strpbrk(rdma->device, " \n"))
			return oci_fail(config, err, "linux.resources.rdma",
				"\"%s\" is not the name of a device", rdma->device);
		if (!rdma->hca_handles.set && !rdma->hca_objects.set)
			return oci_fail(config, err,
				validate_at("linux.resources.rdma.%s", rdma->device).text,
				"needs hcaHandles or hcaObjects");
	}
	return 0;
}

/* Checks keys, which name files of the cgroup: CONTROLLER.FILE. */
static int check_unified(const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_map *unified = &config->linux_->resources->unified;

	for (size_t i = 0; i < unified->n; i++) {
		const char *key = unified->items[i].key;

		if (!isalnum((unsigned char)key[0]) || strchr(key, '/') || !strchr(key, '.'))
			return oci_fail(config, err, "linux.resources.unified",
				"\"%s\" is not the name of a cgroup file such as memory.high", key);
	}
	return 0;
}

const struct check validate_limit_checks[] = {
	{"device-rules", check_device_rules},
	{"memory", check_memory},
	{"cpu", check_cpu},
	{"block-io", check_block_io},
	{"hugepages", check_hugepages},
	{"rdma", check_rdma},
	{"unified", check_unified},
	{NULL, NULL},
};

static void warn_of_resources(
	const struct oci_resources *r, void (*warn)(void *data, const char *text), void *data)
{
	const struct oci_memory none = {0}, *m = r->memory ? r->memory : &none;
	const struct oci_cpu no_cpu = {0}, *cpu = r->cpu ? r->cpu : &no_cpu;
	const struct oci_block_io no_io = {0}, *io = r->block_io ? r->block_io : &no_io;
	bool leaf = io->leaf_weight.value != 0;

	for (size_t i = 0; i < io->n_weight_device; i++)
		leaf |= io->weight_device[i].leaf_weight.value != 0;

	const struct {
		bool given;
		const char *path;
	} knobs[] = {
		{m->kernel.value != 0, "memory.kernel"},
		{m->kernel_tcp.value != 0, "memory.kernelTCP"},
		{m->swappiness.set, "memory.swappiness"},
		{m->disable_oom_killer.value, "memory.disableOOMKiller"},
		{m->use_hierarchy.set, "memory.useHierarchy"},
		{cpu->realtime_runtime.value != 0, "cpu.realtimeRuntime"},
		{cpu->realtime_period.value != 0, "cpu.realtimePeriod"},
		{leaf, "blockIO.leafWeight"},
		{r->network && r->network->class_id.value != 0, "network.classID"},
		{r->network && r->network->n_priorities, "network.priorities"},
	};

	for (size_t i = 0; i < r->n_devices; i++) {
		if (!r->devices[i].allow && has_other_letters(&r->devices[i]))
			warn(data,
				validate_at("linux.resources.devices[%zu].access: \"%.20s\" has "
					    "letters other than r, w and m: all access is denied",
					i, r->devices[i].access)
					.text);
	}
	for (size_t i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++) {
		if (knobs[i].given)
			warn(data, validate_at("linux.resources.%s is ignored: cgroup v2 has no "
					       "such setting",
					   knobs[i].path)
					   .text);
	}
}

/* Compares "1.12.0" with OCI_VERSION "1.3.0": the major number is equal, see check_oci_version. */
static bool is_newer(const char *version)
{
	int minor = 0, ours = OCI_VERSION[2] - '0';

	for (const char *p = version + 2; isdigit((unsigned char)*p) && minor <= ours; p++)
		minor = minor * 10 + (*p - '0');
	return minor > ours;
}

void oci_config_warnings(
	const struct oci_config *config, void (*warn)(void *data, const char *text), void *data)
{
	const struct oci_linux *linux_ = config->linux_;

	oci_config_warn_of_unknown(config, warn, data);
	if (config->oci_version && strlen(config->oci_version) > 2 && is_newer(config->oci_version))
		warn(data, validate_at("ociVersion %.60s is newer than %s: properties that came "
				       "after it are ignored",
				   config->oci_version, OCI_VERSION)
				   .text);
	for (size_t i = 0; i < config->n_mounts; i++) {
		if (config->mounts[i].destination && config->mounts[i].destination[0] != '/')
			warn(data, validate_at("mounts[%zu].destination: \"%.100s\" is relative, "
					       "which is deprecated; it is taken from /",
					   i, config->mounts[i].destination)
					   .text);
	}
	if (config->process && config->process->command_line)
		warn(data, "process.commandLine is ignored: it applies only to Windows");
	if (config->process && config->process->user.username)
		warn(data, "process.user.username is ignored: it applies only to Windows");
	if (linux_ && linux_->personality && linux_->personality->flags.n)
		warn(data,
			"linux.personality.flags is ignored: the specification defines no flags");
	if (linux_ && linux_->resources)
		warn_of_resources(linux_->resources, warn, data);
}
