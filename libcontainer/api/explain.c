/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/api/explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/procfs.h"
#include "libcontainer/seccomp/seccomp_simulate.h"
#include "libcontainer/seccomp/seccomp_trace.h"
#include "specs/harden_rules.h"

/* nacre_explain: what a container was denied since its start, as far as something counts it. */

/* clang-format off */
static const char *const blind_spots[] = {
	"system calls that a filter of config.json refuses with an errno; of those that nacre's own "
		"refuses, all but what --trace-denials counts",
	"system calls in the kernel's log: at most 10 in 5 seconds, lost when the log is full, where "
		"auditd runs in its log instead (ausearch -m SECCOMP), and only of living processes "
		"and the first one",
	"files and capabilities: only the program sees EROFS, EACCES and EPERM",
};
/* clang-format on */

/* --- lists --- */

struct adding {
	struct arena *arena;
	struct oci_strings *list;
	bool failed;
};

/* Adds each word once. */
static void add_word(void *data, const char *word)
{
	struct adding *adding = data;
	const char *copy;

	if (adding->failed || oci_strings_have(adding->list, word))
		return;
	copy = arena_strdup(adding->arena, word);
	adding->failed = !copy || !harden_append_word(adding->arena, adding->list, copy);
}

int explain_add_words(struct explanation *e, struct oci_strings *list,
	const struct oci_strings *words, struct nacre_error *err)
{
	struct adding adding = {e->c->arena, list, false};

	for (size_t i = 0; i < words->n; i++)
		add_word(&adding, words->items[i]);
	return adding.failed ? arena_fail(e->c->arena, "explain", err) : 0;
}

int explain_add_word(
	struct explanation *e, struct oci_strings *list, const char *word, struct nacre_error *err)
{
	const struct oci_strings words = {.items = &word, .n = 1};

	return explain_add_words(e, list, &words, err);
}

/* --- system calls --- */

static int explain_denial(
	struct explanation *e, const struct denial_count *denial, struct nacre_error *err)
{
	struct explained *x = &e->denied[e->n_denied++];
	const struct filter_rule *row = seccomp_rule_find(denial->rule);
	struct adding adding = {e->c->arena, &x->grants, false};

	*x = (struct explained){
		.count = denial->count,
		.call = denial->call,
		.error = denial->error,
		.rule = seccomp_denial_rule(denial->rule),
		.what = denial->error ? seccomp_denial_reason(denial->rule)
				      : "kinds that are not counted apart",
		.grant = denial->grant,
		.remedy = "",
		.failed = denial->error != ENOSYS || !strncmp(denial->grant, "abi:", 4),
	};
	if (*denial->grant && !(row && filter_each_grant(row, add_word, &adding)))
		add_word(&adding, denial->grant);
	return adding.failed ? arena_fail(e->c->arena, "explain", err) : 0;
}

static int explain_denials(struct explanation *e, struct nacre_error *err)
{
	struct denial_count *denials = arena_array(e->c->arena, DENIALS_MAX, sizeof(*denials));
	int n, r = 0;

	if (!denials)
		return arena_fail(e->c->arena, "explain", err);
	n = denials_read(e->c->state_fd, denials, err);
	for (int i = 0; i < n && r == 0; i++)
		r = explain_denial(e, &denials[i], err);
	return n < 0 ? n : r;
}

/* Calls that nacre's own filter refuses too are left out: they are reported there. */
static int explain_config(struct explanation *e, struct nacre_error *err)
{
	const struct oci_seccomp *seccomp = e->c->config->linux_ ? e->c->config->linux_->seccomp
								 : NULL;
	struct adding adding = {e->c->arena, &e->by_config, false};
	struct seccomp_program *program;
	struct seccomp_own own;
	int r;

	if (!seccomp)
		return 0;
	program = arena_alloc(e->c->arena, sizeof(*program));
	if (!program)
		return arena_fail(e->c->arena, "explain", err);
	r = seccomp_compile(seccomp, -1, program, NULL, NULL, err);
	if (r == 0)
		r = seccomp_own_program(e->c->arena, e->c->config->nacre, &own, err);
	if (r == 0)
		seccomp_each_refused(program, &own, add_word, &adding);
	return adding.failed ? arena_fail(e->c->arena, "explain", err) : r;
}

/* Repeats a warning of create, since an engine does not show warnings. */
static int explain_nested(struct explanation *e, struct nacre_error *err)
{
	char text[1024];

	if (!e->c->record.profile || strcmp(e->c->record.profile, "nested") != 0 ||
		!harden_nested_lacks(e->c->config, text, sizeof(text)))
		return 0;
	return explain_add_word(e, &e->inside_lacks, text, err);
}

/* --- the kernel's log --- */

static uint64_t us_of(uint64_t ticks)
{
	return ticks * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

/* The kernel's log has pids and no cgroups. Known are the living processes, each since its start,
 * and the first process, until another process gets its pid. */
static int find_subjects(const struct explanation *e, const pid_t *pids, size_t n,
	struct seccomp_subject *ret_subjects, struct nacre_error *err)
{
	const struct container_record *record = &e->c->record;
	cleanup_close int proc_fd = procfs_open(err);
	int known = 0;
	uint64_t start;
	char state;

	if (proc_fd < 0)
		return proc_fd;
	for (size_t i = 0; i < n; i++) {
		int r = procfs_stat(proc_fd, pids[i], &start, &state);

		if (r < 0 && r != -ESRCH) /* the process has just ended */
			return fail_errno(err, r, "read /proc/%d/stat", (int)pids[i]);
		if (r == 0)
			ret_subjects[known++] = (struct seccomp_subject){
				pids[i], us_of(start), UINT64_MAX};
	}
	if (record->pid > 0) {
		struct seccomp_subject first = {
			(pid_t)record->pid, us_of(record->start_time), UINT64_MAX};

		if (procfs_stat(proc_fd, first.pid, &start, &state) == 0 &&
			start != record->start_time)
			first.until_us = us_of(start);
		ret_subjects[known++] = first;
	}
	return known;
}

static void look_into_log(struct explanation *e)
{
	cleanup_free pid_t *pids = NULL;
	cleanup_free struct seccomp_subject *subjects = NULL;
	struct nacre_error *err = &e->log_error;
	size_t n = 0;
	int r = e->c->cgroup.fd >= 0 ? cgroup_pids(&e->c->cgroup, &pids, &n, err) : 0;

	subjects = r == 0 ? calloc(n + 1, sizeof(*subjects)) : NULL;
	if (r == 0 && !subjects)
		r = fail_errno(err, ENOMEM, "explain");
	if (r == 0)
		r = find_subjects(e, pids, n, subjects, err);
	e->n_logged = r < 0 ? r : seccomp_log_read(subjects, (size_t)r, e->logged, err);
}

/* Collects what only the complete report has. */
static int look_around(struct explanation *e, struct nacre_error *err)
{
	const struct oci_strings blind = {
		(const char **)blind_spots, sizeof(blind_spots) / sizeof(blind_spots[0])};
	int r = explain_not_enforced(e, err);

	if (r == 0)
		r = explain_left_out(e, err);
	if (r == 0)
		r = explain_config(e, err);
	if (r == 0)
		r = explain_nested(e, err);
	if (r == 0)
		r = explain_workspaces(e, err);
	look_into_log(e);
	return r < 0 ? r : explain_add_words(e, &e->not_counted, &blind, err);
}

static int look(struct explanation *e, bool whole, struct nacre_error *err)
{
	int r = explain_counters(e, err);

	if (r == 0)
		r = explain_mounts(e, err);
	if (r == 0)
		r = explain_devices(e, err);
	if (r == 0)
		r = explain_egress(e, err);
	if (r == 0)
		r = explain_relay(e, err);
	if (r == 0)
		r = explain_denials(e, err);
	for (size_t i = 0; i < e->n_denied && r == 0; i++) {
		if (e->denied[i].failed)
			r = explain_add_words(e, &e->allow, &e->denied[i].grants, err);
	}
	return r == 0 && whole ? look_around(e, err) : r;
}

int nacre_explain(struct nacre *nacre, const char *id, enum nacre_explain_format format,
	char **ret_text, struct nacre_error *err)
{
	struct container c;
	struct explanation e = {.c = &c};
	struct nacre_error why;
	int r;

	if ((unsigned)format > NACRE_EXPLAIN_FAILURE)
		return fail(err, EINVAL, "explain: format %d: there is none", (int)format);
	r = container_open(nacre, id, CONTAINER_UNLOCKED, &c, NULL, err);
	/* Without a record nothing can have been denied. */
	if (r == 0 && c.record.pid == 0)
		r = fail(err, EBUSY, "cannot explain a container whose creation was not finished");
	if (r == 0)
		r = container_load_config(&c, err);
	if (r == 0 && c.record.cgroup) {
		r = record_open_cgroup(&c.record, &c.cgroup, &why);
		r = fail_except(r, ENOENT, &why, err);
	}
	if (r == 0)
		r = look(&e, format == NACRE_EXPLAIN_TEXT || format == NACRE_EXPLAIN_JSON, err);
	if (r == 0)
		r = explain_render(&e, format, ret_text, err);
	container_done(&c);
	return r;
}
