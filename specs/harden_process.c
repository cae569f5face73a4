/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "specs/harden_rules.h"

/* Rules on process, which also apply to exec. */

enum {
	IO_PRIORITY = 4, /* of a process without one: ioprio_set(2) */
};

int rule_no_new_privileges(struct hardening *h)
{
	if (!h->process || h->process->no_new_privileges || harden_granted(h, "new-privileges"))
		return 0;
	h->process->no_new_privileges = true;
	harden_note(h, "process.noNewPrivileges", "false", "true");
	return 0;
}

static bool below_ceiling(struct hardening *h, const char *name)
{
	for (size_t i = 0; h->profile->capabilities[i]; i++) {
		if (!strcmp(h->profile->capabilities[i], name))
			return true;
	}
	return harden_granted_item(h, "cap", name);
}

/* Removes OUT, or if that is NULL everything above the ceiling. Edits in place: the list is a
 * copy. */
static int cut(struct hardening *h, struct oci_strings *set, const char *path, const char *out)
{
	struct oci_strings kept = {0};

	kept.items = arena_array(h->arena, set->n, sizeof(*kept.items));
	if (!kept.items)
		return harden_out_of_memory(h);
	for (size_t i = 0; i < set->n; i++) {
		if (out ? strcmp(out, set->items[i]) != 0 : below_ceiling(h, set->items[i]))
			kept.items[kept.n++] = set->items[i];
	}
	if (kept.n == set->n)
		return 0;
	harden_note_words(h, path, NULL, set, &kept);
	*set = kept;
	return 0;
}

/* Returns whether Docker, containerd, podman or CRI-O give the capability to every container: then
 * the user has not asked for it. */
static bool is_of_engines(const char *name)
{
	static const char *const names[] = {"CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE",
		"CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_MKNOD", "CAP_NET_BIND_SERVICE",
		"CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID",
		"CAP_SYS_CHROOT", NULL};

	for (size_t i = 0; names[i]; i++) {
		if (!strcmp(names[i], name))
			return true;
	}
	return false;
}

/* Reports what was removed from the bounding set, which contains everything that the other sets may
 * have. */
static void report_taken(struct hardening *h, const struct oci_strings *from)
{
	struct oci_strings *unknown = &h->report->unknown;
	char names[400] = "";
	size_t used = 0;

	for (size_t i = 0; i < from->n; i++) {
		const char *name = from->items[i];

		if (!harden_is_capability(name)) {
			if (unknown->n < HARDEN_REPORTED_MAX &&
				!harden_append_word(h->arena, unknown, name))
				h->failed = harden_out_of_memory(h);
		} else if (!is_of_engines(name) && !below_ceiling(h, name) &&
			   used < sizeof(names)) {
			used += (size_t)snprintf(names + used, sizeof(names) - used, " %s", name);
		}
	}
	if (used)
		harden_taken(h, "cap:CAP_NAME", "capabilities%s", names);
}

/* Includes the inheritable and ambient sets: CVE-2022-29162 came from an inheritable set that
 * nothing checked. */
static int cut_all(struct hardening *h, struct oci_capabilities *c, const char *out)
{
	const struct {
		struct oci_strings *set;
		const char *path;
	} sets[] = {
		{&c->bounding, "process.capabilities.bounding"},
		{&c->effective, "process.capabilities.effective"},
		{&c->inheritable, "process.capabilities.inheritable"},
		{&c->permitted, "process.capabilities.permitted"},
		{&c->ambient, "process.capabilities.ambient"},
	};

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		int r = cut(h, sets[i].set, sets[i].path, out);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Does nothing without the object: then there are no capabilities. */
int rule_capability_ceiling(struct hardening *h)
{
	if (!h->process || !h->process->capabilities)
		return 0;
	report_taken(h, &h->process->capabilities->bounding);
	return cut_all(h, h->process->capabilities, NULL);
}

int harden_drop_capability(struct hardening *h, const char *name)
{
	return h->process && h->process->capabilities ? cut_all(h, h->process->capabilities, name)
						      : 0;
}

/* --- real-time --- */

static int add_zero_limit(struct hardening *h, const char *type)
{
	struct oci_process *process = h->process;
	struct oci_rlimit *larger = harden_insert_element(h->arena, process->rlimits,
		process->n_rlimits, sizeof(*larger), process->n_rlimits);

	if (!larger)
		return harden_out_of_memory(h);
	larger[process->n_rlimits].type = type;
	harden_note(h, harden_text(h, "process.rlimits[%zu]", process->n_rlimits), NULL,
		harden_text(h, "{\"type\":\"%s\",\"soft\":0,\"hard\":0}", type));
	process->rlimits = larger;
	process->n_rlimits++;
	return 0;
}

static void drop_scheduler(struct hardening *h)
{
	struct oci_process *process = h->process;
	const char *policy = process->scheduler->policy;

	if (strcmp(policy, "SCHED_FIFO") && strcmp(policy, "SCHED_RR") &&
		strcmp(policy, "SCHED_DEADLINE"))
		return;
	if (harden_granted(h, "real-time"))
		return;
	harden_note(h, "process.scheduler", harden_text(h, "{\"policy\":\"%s\"}", policy), NULL);
	harden_taken(h, "real-time", "real-time scheduling");
	process->scheduler = NULL;
}

static void drop_io_priority(struct hardening *h)
{
	struct oci_process *process = h->process;
	const char *class = process->io_priority->class;

	if (strcmp(class, "IOPRIO_CLASS_RT") || harden_granted(h, "real-time"))
		return;
	harden_note(h, "process.ioPriority", harden_text(h, "{\"class\":\"%s\"}", class), NULL);
	harden_taken(h, "real-time", "the real-time I/O class");
	process->io_priority = NULL;
}

/* Sets what is absent, if that would mean the caller's real-time scheduling. */
static int replace_inherited(struct hardening *h)
{
	const struct harden_host *host = &h->request->host;
	struct oci_process *process = h->process;

	if (!process->scheduler && host->scheduler && !harden_granted(h, "real-time")) {
		process->scheduler = arena_alloc(h->arena, sizeof(*process->scheduler));
		if (!process->scheduler)
			return harden_out_of_memory(h);
		process->scheduler->policy = "SCHED_OTHER";
		process->scheduler->nice = (struct oci_i32){.set = true, .value = host->nice};
		harden_note(h, "process.scheduler", NULL,
			harden_text(h, "{\"policy\":\"SCHED_OTHER\",\"nice\":%d}", host->nice));
	}
	if (!process->io_priority && host->io_real_time && !harden_granted(h, "real-time")) {
		process->io_priority = arena_alloc(h->arena, sizeof(*process->io_priority));
		if (!process->io_priority)
			return harden_out_of_memory(h);
		process->io_priority->class = "IOPRIO_CLASS_BE";
		process->io_priority->priority = (struct oci_i32){
			.set = true, .value = IO_PRIORITY};
		harden_note(h, "process.ioPriority", NULL,
			harden_text(
				h, "{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":%d}", IO_PRIORITY));
	}
	return 0;
}

/* Sets limit I to zero. */
static void zero_limit(struct hardening *h, size_t i)
{
	struct oci_rlimit *limit = &h->process->rlimits[i];

	harden_note(h, harden_text(h, "process.rlimits[%zu]", i),
		harden_text(h, "{\"type\":\"%s\",\"soft\":%llu,\"hard\":%llu}", limit->type,
			(unsigned long long)limit->soft, (unsigned long long)limit->hard),
		harden_text(h, "{\"type\":\"%s\",\"soft\":0,\"hard\":0}", limit->type));
	limit->soft = 0;
	limit->hard = 0;
}

/* Cuts the limit up to which the program could raise its priority itself. */
static int cut_priority(struct hardening *h)
{
	const struct oci_process *process = h->process;
	size_t i = 0;

	while (i < process->n_rlimits && strcmp(process->rlimits[i].type, "RLIMIT_RTPRIO") != 0)
		i++;
	if (i == process->n_rlimits)
		return h->request->host.rtprio && !harden_granted(h, "real-time")
			       ? add_zero_limit(h, "RLIMIT_RTPRIO")
			       : 0;
	if ((process->rlimits[i].soft || process->rlimits[i].hard) &&
		!harden_granted(h, "real-time"))
		zero_limit(h, i);
	return 0;
}

/* Returns whether the file gives the container precedence: cgroup-v2.rst. io.prio.class makes all
 * its requests real-time; io.latency delays requests of others until the container's meet their
 * target. */
static bool goes_before_others(const struct oci_pair *pair)
{
	return !strcmp(pair->key, "io.latency") ||
	       (!strcmp(pair->key, "io.prio.class") && strstr(pair->value, "-to-rt"));
}

static void drop_promotion(struct hardening *h)
{
	struct oci_resources *resources = h->config && h->config->linux_
						  ? h->config->linux_->resources
						  : NULL;
	struct oci_map *map = resources ? &resources->unified : NULL;
	size_t n = 0;

	for (size_t i = 0; map && i < map->n; i++) {
		const struct oci_pair pair = map->items[i];

		if (goes_before_others(&pair) && !harden_granted(h, "real-time"))
			harden_note(h, harden_text(h, "linux.resources.unified.%s", pair.key),
				harden_json_of_string(h, pair.value), NULL);
		else
			map->items[n++] = pair;
	}
	if (map)
		map->n = n;
}

int rule_real_time(struct hardening *h)
{
	struct oci_process *process = h->process;
	int r;

	if (process && process->scheduler && process->scheduler->policy)
		drop_scheduler(h);
	if (process && process->io_priority && process->io_priority->class)
		drop_io_priority(h);
	r = process ? replace_inherited(h) : 0;
	if (r == 0 && process)
		r = cut_priority(h);
	drop_promotion(h);
	return r;
}

int rule_rlimits(struct hardening *h)
{
	struct oci_process *process = h->process;

	for (size_t i = 0; process && i < process->n_rlimits; i++) {
		const struct oci_rlimit *limit = &process->rlimits[i];

		if (strcmp(limit->type, "RLIMIT_CORE"))
			continue;
		if (limit->soft || limit->hard) {
			harden_taken(h, NULL, "core dumps");
			zero_limit(h, i);
		}
		return 0;
	}
	return process ? add_zero_limit(h, "RLIMIT_CORE") : 0;
}

/* Sets an absent score, too: absent means the caller's, and an engine's is low, so that the kernel
 * spares it. */
int rule_oom_score(struct hardening *h)
{
	struct oci_i32 *score = h->process ? &h->process->oom_score_adj : NULL;

	if (!score || (score->set ? score->value : h->request->host.oom_score) >= 0)
		return 0;
	harden_note(h, "process.oomScoreAdj",
		score->set ? harden_json_of_integer(h, score->value) : NULL, "0");
	*score = (struct oci_i32){.set = true, .value = 0};
	return 0;
}
