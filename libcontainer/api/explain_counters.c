/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcontainer/api/explain.h"
#include "libcontainer/base/bpf.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/cgroup/cgroup_devices.h"
#include "specs/json.h"
#include "specs/receipt_plan.h"

/* The counters of the container's cgroup. */

/* Counters of cgroup-v2.rst, one per limit of a profile. */
static const struct counter {
	const char *file;
	const char *key;
	const char *what;
	enum oci_limit limit;
	const char *grant;
	const char *path; /* of the limit in config.json */
	bool refuses; /* it refuses; false: it only delays */
} counters[EXPLAINED_COUNTERS - 1] = {
	/* clang-format off */
	{"pids.events", "max", "forks refused: pids.max was reached",
		OCI_LIMIT_PIDS, "unlimited:pids", "linux.resources.pids.limit", true},
	{"memory.events", "max", "allocations held up: memory.max was reached",
		OCI_LIMIT_MEMORY, "unlimited:memory", "linux.resources.memory.limit", false},
	{"memory.events", "oom_kill", "processes killed: out of memory",
		OCI_LIMIT_MEMORY, "unlimited:memory", "linux.resources.memory.limit", true},
	{"memory.swap.events", "max", "pages not swapped: memory.swap.max was reached",
		OCI_LIMIT_SWAP, "unlimited:swap", "linux.resources.memory.swap", false},
	{"cpu.stat", "nr_throttled", "periods held up: cpu.max was reached",
		OCI_LIMIT_CPU, "unlimited:cpu", "linux.resources.cpu.quota", false},
	/* clang-format on */
};

static const struct {
	const char *file;
	enum oci_limit limit;
} limit_files[] = {
	{"pids.max", OCI_LIMIT_PIDS},
	{"memory.max", OCI_LIMIT_MEMORY},
	{"memory.swap.max", OCI_LIMIT_SWAP},
	{"memory.oom.group", OCI_LIMIT_OOM_GROUP},
	{"cpu.max", OCI_LIMIT_CPU},
};

/* Reads "KEY VALUE" on a line of a flat keyed file. Returns 0 or -errno. */
static int read_counter(int cgroup_fd, const struct counter *counter, uint64_t *ret_value)
{
	cleanup_free char *text = NULL;
	struct nacre_error ignored;
	size_t length = strlen(counter->key);
	int r = file_read(cgroup_fd, counter->file, 8192, &text, NULL, &ignored);

	if (r < 0)
		return r;
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (!strncmp(line, counter->key, length) && line[length] == ' ') {
			*ret_value = strtoull(line + length + 1, NULL, 10);
			return 0;
		}
	}
	return -ENODATA;
}

static bool has_file(const struct oci_map *unified, const char *file)
{
	for (size_t i = 0; i < unified->n; i++) {
		if (!strcmp(unified->items[i].key, file))
			return true;
	}
	return false;
}

/* Whether the config, as given, has the limit. A profile replaces a limit of the config only if
 * that limits nothing (-1, "max", or more than the host has); a grant then restores the config's
 * limit. */
static bool names_limit(const struct oci_config *given, enum oci_limit limit)
{
	const struct oci_resources *r = given && given->linux_ ? given->linux_->resources : NULL;

	if (!r)
		return false;
	switch (limit) {
	case OCI_LIMIT_PIDS:
		return (r->pids && r->pids->limit) || has_file(&r->unified, "pids.max");
	case OCI_LIMIT_MEMORY:
		return (r->memory && r->memory->limit.value) || has_file(&r->unified, "memory.max");
	case OCI_LIMIT_SWAP:
		return (r->memory && r->memory->swap.value) ||
		       has_file(&r->unified, "memory.swap.max");
	case OCI_LIMIT_CPU:
		return (r->cpu && r->cpu->quota.value) || has_file(&r->unified, "cpu.max");
	default:
		return false;
	}
}

static int load_given(const struct explanation *e, struct oci_config **ret, struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	size_t length;
	int r = file_read(
		e->c->state_fd, "config.given", 2 * (size_t)JSON_MAX_BYTES, &text, &length, err);

	return r < 0 ? r : oci_config_decode(e->c->arena, "config.given", text, length, ret, err);
}

/* The remedy depends on who set the limit (F30). */
static int explain_counter(struct explanation *e, const struct counter *counter,
	const struct oci_config *given, uint64_t value, struct nacre_error *err)
{
	struct explained *x = &e->denied[e->n_denied++];
	const bool of_profile = oci_limits_of_profile(e->c->config) & counter->limit;

	*x = (struct explained){.count = value,
		.counter = counter->file,
		.key = counter->key,
		.what = counter->what,
		.rule = of_profile ? "resources" : "",
		.grant = "",
		.remedy = "",
		.failed = value && counter->refuses};
	if (oci_best_effort(e->c->config) & counter->limit && names_limit(given, counter->limit)) {
		x->grant = counter->grant;
		return explain_add_word(e, &x->grants, counter->grant, err);
	}
	x->remedy = arena_printf(e->c->arena,
		of_profile ? "config.json can set another: %s" : "the limit is config.json's: %s",
		counter->path);
	return x->remedy ? 0 : arena_fail(e->c->arena, "explain", err);
}

int explain_counters(struct explanation *e, struct nacre_error *err)
{
	const int fd = e->c->cgroup.fd;
	struct oci_config *given;
	int r = load_given(e, &given, err);

	if (r == 0 && fd < 0)
		r = explain_add_word(e, &e->not_counted,
			"limits and devices: the container has no cgroup (any more)", err);
	for (size_t i = 0; r == 0 && fd >= 0 && i < EXPLAINED_COUNTERS - 1; i++) {
		uint64_t value;
		int found = read_counter(fd, &counters[i], &value);

		if (found == 0)
			r = explain_counter(e, &counters[i], given, value, err);
		else if (found != -ENOENT && found != -ENODATA) /* this controller is missing */
			r = fail_errno(err, found, "%s", counters[i].file);
	}
	return r;
}

/* Counts what the device filter (cgroup_devices.h) has refused, but not filters of systemd. */
int explain_devices(struct explanation *e, struct nacre_error *err)
{
	struct nacre_error why;
	uint64_t value;
	int r = e->c->cgroup.fd >= 0 ? cgroup_devices_denied(e->c->cgroup.fd, &value, &why)
				     : -ENOENT;

	if (r == 0)
		e->denied[e->n_denied++] = (struct explained){.count = value,
			.counter = "device filter",
			.key = "denied",
			.rule = "devices",
			.what = "opens of devices refused",
			.grant = "device:PATH",
			.remedy = "config.json has to list the device: linux.devices",
			.failed = value};
	if (r == 0 || r == -ENOENT) /* there is no such filter */
		return 0;
	if (bpf_is_absent(r))
		return explain_add_word(e, &e->not_counted, why.text, err);
	*err = why;
	return r;
}

int explain_not_enforced(struct explanation *e, struct nacre_error *err)
{
	const uint32_t best_effort = oci_best_effort(e->c->config);
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(limit_files) / sizeof(limit_files[0]); i++) {
		if (best_effort & limit_files[i].limit && e->c->cgroup.fd >= 0 &&
			faccessat(e->c->cgroup.fd, limit_files[i].file, F_OK, 0) < 0)
			r = explain_add_word(e, &e->not_enforced, limit_files[i].file, err);
	}
	return r;
}

int explain_left_out(struct explanation *e, struct nacre_error *err)
{
	struct receipt report = {.profile = NULL};
	int r = container_load_report(e->c, &report, err);

	for (size_t i = 0; i < report.n_rules && r == 0; i++) {
		const struct receipt_rule *rule = &report.rules[i];
		const char *word;

		if (!rule->gap)
			continue;
		word = arena_printf(e->c->arena, "rule %s: %s", rule->name, rule->gap);
		r = word ? explain_add_word(e, &e->left_out, word, err)
			 : arena_fail(e->c->arena, "explain", err);
	}
	return r;
}
