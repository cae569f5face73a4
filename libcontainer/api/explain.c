/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcontainer/api/nacre.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/cgroup/cgroup_devices.h"
#include "libcontainer/record/denials.h"
#include "libcontainer/seccomp/seccomp_log.h"
#include "libcontainer/seccomp/seccomp_trace.h"
#include "specs/json.h"

/* nacre_explain: what a container was denied since it was started, as far as anybody counts it. */

/* Counters of cgroup-v2.rst; each limit of a profile has one. */
static const struct counter {
	const char *file;
	const char *key;
	const char *rule;
	const char *what;
	const char *grant;
} counters[] = {
	/* clang-format off */
	{ "pids.events",	"max",		"resources", "forks refused: pids.max was reached", "unlimited:pids" },
	{ "memory.events",	"max",		"resources", "allocations held up: memory.max was reached", "unlimited:memory" },
	{ "memory.events",	"oom_kill",	"resources", "processes killed: out of memory", "unlimited:memory" },
	{ "memory.swap.events",	"max",		"resources", "pages not swapped: memory.swap.max was reached", "unlimited:swap" },
	{ "cpu.stat",		"nr_throttled",	"resources", "periods held up: cpu.max was reached", "unlimited:cpu" },
	/* clang-format on */
};

/* By the device filter (cgroup_devices.h), and not by one of systemd's. */
static const struct counter device_counter = {
	"device filter", "denied", "devices", "opens of devices refused", "device:PATH"};

#define N_COUNTERS (sizeof(counters) / sizeof(counters[0]))

static const struct {
	const char *file;
	enum oci_limit limit;
} step_limit_files[] = {
	{"pids.max", OCI_LIMIT_PIDS},
	{"memory.max", OCI_LIMIT_MEMORY},
	{"memory.swap.max", OCI_LIMIT_SWAP},
	{"memory.oom.group", OCI_LIMIT_OOM_GROUP},
	{"cpu.max", OCI_LIMIT_CPU},
};

static const char *const blind_spots[] = {
	"system calls that a filter of config.json refuses with an errno, and without "
	"--trace-denials those that nacre's own does",
	"system calls in the kernel's log: at most 10 in 5 seconds, lost when the log is full, and "
	"where auditd runs in its log instead (ausearch -m SECCOMP)",
	"files and capabilities: EROFS, EACCES and EPERM are seen by the program alone",
	NULL,
};

struct explanation {
	const struct container *c;
	bool counted[N_COUNTERS];
	uint64_t values[N_COUNTERS];
	bool devices_counted;
	uint64_t devices;
	const char *not_enforced[6];
	size_t n_not_enforced;
	struct denial_count denials[DENIALS_MAX];
	int n_denials;
	struct seccomp_logged logged[SECCOMP_LOGGED_MAX]; /* in the kernel's log */
	int n_logged; /* negative: it cannot be read, and LOG_ERROR says why */
	struct nacre_error log_error;
};

/* "KEY VALUE" on a line of a flat keyed file. */
static bool read_counter(int cgroup_fd, const struct counter *counter, uint64_t *ret_value)
{
	cleanup_free char *text = NULL;
	struct nacre_error ignored;
	size_t length = strlen(counter->key);

	if (file_read(cgroup_fd, counter->file, 8192, &text, NULL, &ignored) < 0)
		return false;
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (!strncmp(line, counter->key, length) && line[length] == ' ') {
			*ret_value = strtoull(line + length + 1, NULL, 10);
			return true;
		}
	}
	return false;
}

/* The kernel names pids and no cgroups: those that live are known, and the first process. */
static void look_into_log(struct explanation *e)
{
	const struct container_record *record = &e->c->record;
	const uint64_t tick = (uint64_t)sysconf(_SC_CLK_TCK);
	cleanup_free pid_t *pids = NULL, *all = NULL;
	struct nacre_error ignored; /* it has just gone */
	size_t n = 0;

	if (e->c->cgroup.fd >= 0 && cgroup_pids(&e->c->cgroup, &pids, &n, &ignored) < 0)
		n = 0;
	all = calloc(n + 1, sizeof(*all));
	if (!all) {
		e->n_logged = fail_errno(&e->log_error, ENOMEM, "explain");
		return;
	}
	if (n)
		memcpy(all, pids, n * sizeof(*all));
	all[n] = (pid_t)record->pid;
	e->n_logged = seccomp_log_read(
		all, n + 1, record->start_time * 1000000 / tick, e->logged, &e->log_error);
}

static int look(struct explanation *e, struct nacre_error *err)
{
	const int fd = e->c->cgroup.fd;
	const uint32_t best_effort = oci_best_effort(e->c->config);
	struct nacre_error ignored; /* there is none, or it is root's to see */

	for (size_t i = 0; i < N_COUNTERS; i++)
		e->counted[i] = fd >= 0 && read_counter(fd, &counters[i], &e->values[i]);
	for (size_t i = 0; i < sizeof(step_limit_files) / sizeof(step_limit_files[0]); i++) {
		if (best_effort & step_limit_files[i].limit && fd >= 0 &&
			faccessat(fd, step_limit_files[i].file, F_OK, 0) < 0)
			e->not_enforced[e->n_not_enforced++] = step_limit_files[i].file;
	}
	e->devices_counted = fd >= 0 && cgroup_devices_denied(fd, &e->devices, &ignored) == 0;
	look_into_log(e);
	e->n_denials = denials_read(e->c->state_fd, e->denials, err);
	return e->n_denials < 0 ? e->n_denials : 0;
}

static const char *reason_of(const struct denial_count *denial)
{
	return denial->error ? seccomp_denial_reason(denial->rule)
			     : "more kinds than are counted apart";
}

static void print_counter(FILE *out, const struct counter *counter, uint64_t value)
{
	(void)fprintf(out, "%-8llu %s", (unsigned long long)value, counter->what);
	(void)fprintf(out, value ? " (rule %s; %s)\n" : "\n", counter->rule, counter->grant);
}

static void print_denials(FILE *out, const struct explanation *e)
{
	if (!(e->c->record.active & TRACE))
		return;
	(void)fprintf(out, "\nSYSTEM CALLS REFUSED (rule own-seccomp-filter)\n");
	for (int i = 0; i < e->n_denials; i++) {
		const struct denial_count *denial = &e->denials[i];

		(void)fprintf(out, "%-8llu %s: %s: %s", (unsigned long long)denial->count,
			denial->call, strerrorname_np(denial->error), reason_of(denial));
		(void)fprintf(out, *denial->grant ? " (%s)\n" : "\n", denial->grant);
	}
}

static void print_log(FILE *out, const struct explanation *e)
{
	if (e->n_logged == 0)
		return;
	(void)fprintf(out, "\nSYSTEM CALLS IN THE KERNEL'S LOG (filter of config.json)\n");
	if (e->n_logged < 0)
		(void)fprintf(out, "not readable: %s\n", e->log_error.text);
	for (int i = 0; i < e->n_logged; i++)
		(void)fprintf(out, "%-8llu %s: %s%s\n", (unsigned long long)e->logged[i].count,
			e->logged[i].call, seccomp_action_word(e->logged[i].action),
			e->logged[i].ended
				? ", of processes that have ended: of this container or another"
				: "");
}

static int render_text(const struct explanation *e, char **ret_text, struct nacre_error *err)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return fail_errno(err, ENOMEM, "explain");
	(void)fprintf(out, "container %s, profile %s\n\nDENIED SINCE THE START\n", e->c->id,
		e->c->record.profile);
	for (size_t i = 0; i < N_COUNTERS; i++) {
		if (e->counted[i])
			print_counter(out, &counters[i], e->values[i]);
	}
	if (e->devices_counted)
		print_counter(out, &device_counter, e->devices);
	print_denials(out, e);
	print_log(out, e);
	for (size_t i = 0; i < e->n_not_enforced; i++)
		(void)fprintf(out, "\nNOT ENFORCED: %s: this host has no controller for it\n",
			e->not_enforced[i]);
	(void)fprintf(out, "\nWHAT NOBODY COUNTS\n");
	for (size_t i = 0; blind_spots[i]; i++)
		(void)fprintf(out, "%s\n", blind_spots[i]);
	if (fclose(out) != 0) {
		free(text);
		return fail_errno(err, ENOMEM, "explain");
	}
	*ret_text = text;
	return 0;
}

static void write_counter(struct json_writer *w, const struct counter *counter, uint64_t value)
{
	json_open_object(w);
	json_key(w, "counter");
	json_string(w, counter->file);
	json_key(w, "key");
	json_string(w, counter->key);
	json_key(w, "count");
	json_u64(w, value);
	json_key(w, "rule");
	json_string(w, counter->rule);
	json_key(w, "what");
	json_string(w, counter->what);
	json_key(w, "grant");
	json_string(w, counter->grant);
	json_close_object(w);
}

static void write_denial(struct json_writer *w, const struct denial_count *denial)
{
	json_open_object(w);
	json_key(w, "syscall");
	json_string(w, denial->call);
	json_key(w, "count");
	json_u64(w, denial->count);
	json_key(w, "errno");
	json_string(w, strerrorname_np(denial->error));
	json_key(w, "rule");
	json_string(w, "own-seccomp-filter");
	json_key(w, "what");
	json_string(w, reason_of(denial));
	json_key(w, "grant");
	json_string(w, denial->grant);
	json_close_object(w);
}

static void write_log(struct json_writer *w, const struct explanation *e)
{
	json_open_object(w);
	if (e->n_logged < 0) {
		json_key(w, "error");
		json_string(w, e->log_error.text);
	}
	json_key(w, "records");
	json_open_array(w);
	for (int i = 0; i < e->n_logged; i++) {
		json_open_object(w);
		json_key(w, "syscall");
		json_string(w, e->logged[i].call);
		json_key(w, "count");
		json_u64(w, e->logged[i].count);
		json_key(w, "action");
		json_string(w, seccomp_action_word(e->logged[i].action));
		json_key(w, "ended");
		json_bool(w, e->logged[i].ended);
		json_close_object(w);
	}
	json_close_array(w);
	json_close_object(w);
}

static int render_json(const struct explanation *e, char **ret_text, struct nacre_error *err)
{
	struct json_writer *w = json_writer_new(true);

	json_open_object(w);
	json_key(w, "version");
	json_u64(w, NACRE_EXPLAIN_VERSION);
	json_key(w, "id");
	json_string(w, e->c->id);
	json_key(w, "profile");
	json_string(w, e->c->record.profile);
	json_key(w, "denied");
	json_open_array(w);
	for (size_t i = 0; i < N_COUNTERS; i++) {
		if (e->counted[i])
			write_counter(w, &counters[i], e->values[i]);
	}
	if (e->devices_counted)
		write_counter(w, &device_counter, e->devices);
	for (int i = 0; i < e->n_denials; i++)
		write_denial(w, &e->denials[i]);
	json_close_array(w);
	json_key(w, "traced");
	json_bool(w, e->c->record.active & TRACE);
	json_key(w, "kernelLog");
	write_log(w, e);
	json_key(w, "notEnforced");
	json_open_array(w);
	for (size_t i = 0; i < e->n_not_enforced; i++)
		json_string(w, e->not_enforced[i]);
	json_close_array(w);
	json_key(w, "notCounted");
	json_open_array(w);
	for (size_t i = 0; blind_spots[i]; i++)
		json_string(w, blind_spots[i]);
	json_close_array(w);
	json_close_object(w);
	return json_writer_finish(w, ret_text, err);
}

int nacre_explain(
	struct nacre *nacre, const char *id, bool json, char **ret_text, struct nacre_error *err)
{
	struct container c;
	struct explanation e = {.c = &c};
	struct nacre_error why;
	int r = container_open(nacre, id, false, &c, NULL, err);

	if (r == 0)
		r = container_load_config(&c, err);
	if (r == 0 && c.record.cgroup) {
		r = cgroup_open(c.record.cgroup, &c.cgroup, &why);
		r = fail_except(r, ENOENT, &why, err);
	}
	if (r == 0)
		r = look(&e, err);
	if (r == 0)
		r = json ? render_json(&e, ret_text, err) : render_text(&e, ret_text, err);
	container_done(&c);
	return r;
}
