/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libcontainer/api/check.h"
#include "libcontainer/api/explain.h"
#include "libcontainer/api/receipt.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/timestamp.h"
#include "libcontainer/life/audit.h"
#include "specs/json.h"
#include "specs/sha256.h"

/* Collects the contents of a receipt. */

struct collecting {
	struct life *l;
	struct container *c;
	const struct receipt_plan *plan;
	const char *program;
	struct receipt *receipt;
	struct explanation *denials;
	struct nacre_error *err;
};

/* REASON: is copied. */
static int miss(const struct collecting *k, const char *member, const char *reason)
{
	const char *copy = arena_strdup(k->c->arena, reason);

	return copy ? receipt_note_gap(k->c->arena, k->receipt, member, copy, k->err)
		    : arena_fail(k->c->arena, "receipt", k->err);
}

static const char *digest_of(struct arena *arena, const void *bytes, size_t length)
{
	char *digest = arena_alloc(arena, SHA256_TEXT);

	if (digest)
		sha256_text(bytes, length, digest);
	return digest;
}

/* Computes the digest of a file of the state; *RET_DIGEST stays NULL if it cannot be read, which is
 * a gap. */
static int digest_file(
	const struct collecting *k, const char *name, const char *member, const char **ret_digest)
{
	cleanup_free char *text = NULL;
	struct nacre_error why;
	size_t length;

	if (file_read(k->c->state_fd, name, 2 * (size_t)JSON_MAX_BYTES, &text, &length, &why) < 0)
		return miss(k, member, why.text);
	*ret_digest = digest_of(k->c->arena, text, length);
	return *ret_digest ? 0 : arena_fail(k->c->arena, "receipt", k->err);
}

/* The last config may be the first one again. */
static int collect_updates(const struct collecting *k)
{
	char text[96];

	if (!k->plan->updates)
		return 0;
	(void)snprintf(text, sizeof(text),
		"update was used %" PRIu32 " time%s: what held in between is not in here",
		k->plan->updates, k->plan->updates == 1 ? "" : "s");
	return miss(k, "config", text);
}

static int collect_configs(const struct collecting *k)
{
	struct receipt_config *config = &k->receipt->config;
	int r = digest_file(k, "config.given", "config.givenSha256", &config->given_sha256);

	config->run_sha256 = k->plan->run_sha256;
	if (r == 0)
		r = digest_file(k, "config.json", "config.endSha256", &config->end_sha256);
	if (config->end_sha256 && config->run_sha256 &&
		!strcmp(config->end_sha256, config->run_sha256))
		config->end_sha256 = NULL;
	return r < 0 ? r : collect_updates(k);
}

static int collect_process(const struct collecting *k)
{
	const struct oci_process *process = k->c->config ? k->c->config->process : NULL;
	char *args = arena_alloc(k->c->arena, SHA256_TEXT);
	char *env = arena_alloc(k->c->arena, SHA256_TEXT);

	if (!process)
		return miss(k, "process", "config.json of the state cannot be read");
	if (!args || !env || receipt_digest_strings(&process->args, args) < 0 ||
		receipt_digest_strings(&process->env, env) < 0)
		return arena_fail(k->c->arena, "receipt", k->err);
	k->receipt->process = (struct receipt_process){args, env};
	return 0;
}

static int collect_image(const struct collecting *k)
{
	const struct receipt_image image = receipt_find_image(&k->c->record.annotations);

	if (!image.digest)
		return 0;
	k->receipt->image = arena_alloc(k->c->arena, sizeof(image));
	if (!k->receipt->image)
		return arena_fail(k->c->arena, "receipt", k->err);
	*k->receipt->image = image;
	return 0;
}

/* Judges the rules like `check` on this host, except for what this container certainly had. */
static int judge_rules(const struct collecting *k)
{
	const struct profile *profile = profile_find(
		k->receipt->profile ? k->receipt->profile : "");
	const uint64_t active = k->c->record.active;
	struct host host;

	host_look(&host);
	for (size_t i = 0; i < k->receipt->n_rules; i++) {
		struct receipt_rule *rule = &k->receipt->rules[i];
		const bool network = !strcmp(rule->name, "egress") ||
				     !strcmp(rule->name, "metadata");
		char gap[CHECK_GAP] = "";

		if (rule->gap) /* the rule was left out */
			continue;
		if (!strcmp(rule->name, "user-namespace")) {
			/* The rule was not left out. */
			if (receipt_took_back(k->receipt, "no-user-namespace"))
				(void)snprintf(gap, sizeof(gap), "a grant took it back");
		} else if (profile && !(network && active & (EGRESS | EGRESS_BY_RELAY))) {
			check_rule(&host, profile, rule->name, gap);
		}
		if (!k->c->record.cgroup && !strcmp(rule->name, "resources"))
			(void)snprintf(gap, sizeof(gap), "the container has no cgroup");
		rule->enforced = !gap[0];
		rule->gap = gap[0] ? arena_strdup(k->c->arena, gap) : NULL;
		if (gap[0] && !rule->gap)
			return arena_fail(k->c->arena, "receipt", k->err);
	}
	return 0;
}

static int collect_rules(const struct collecting *k)
{
	struct nacre_error why;
	int r = container_load_report(k->c, k->receipt, &why);

	if (r == -ENOMEM)
		*k->err = why;
	if (r < 0)
		return r == -ENOMEM ? r : miss(k, "rules", why.text);
	if (k->plan->required && !harden_append_word(k->c->arena, &k->receipt->required, "receipt"))
		return arena_fail(k->c->arena, "receipt", k->err);
	return judge_rules(k);
}

/* --- what the container did --- */

static int collect_end(const struct collecting *k)
{
	const bool waits = faccessat(k->c->state_fd, "start", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	cleanup_free char *text = NULL;
	struct nacre_error ignored; /* nobody wrote the file */
	char *end;
	long status;

	if (file_read(k->c->state_fd, RECEIPT_EXIT_FILE, 16, &text, NULL, &ignored) < 0)
		return miss(k, "exitStatus",
			waits ? "the program was never started"
			      : "its end was not seen by nacre: another program waited for it, or "
				"the command that did was killed");
	status = strtol(text, &end, 10);
	if (end == text || *end || status < 0 || status > 255)
		return miss(k, "exitStatus", "what was noted of it is damaged");
	k->receipt->exit_status = (struct oci_i32){.set = true, .value = (int32_t)status};
	return 0;
}

static int collect_execs(const struct collecting *k)
{
	char text[96];
	struct stat st;

	if (fstatat(k->c->state_fd, RECEIPT_EXECS_FILE, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : miss(k, "process", "what exec ran cannot be reported");
	(void)snprintf(text, sizeof(text), "exec was used %lld time%s: what it ran is not in here",
		(long long)st.st_size, st.st_size == 1 ? "" : "s");
	return miss(k, "process", text);
}

static int collect_usage(const struct collecting *k)
{
	struct audit_event usage = {.event = "delete"};
	const char *why = k->c->record.cgroup ? "its cgroup is gone" : "it has no cgroup";
	int r = 0;

	if (k->c->cgroup.fd >= 0) {
		audit_read_usage(k->c->cgroup.fd, &usage);
		why = "its cgroup does not count it";
	}
	k->receipt->resources = (struct receipt_resources){usage.cpu_usec, usage.memory_peak};
	if (!usage.cpu_usec.set)
		r = miss(k, "resources.cpuUsec", why);
	if (r == 0 && !usage.memory_peak.set)
		r = miss(k, "resources.memoryPeak", why);
	return r;
}

static int copy_denials(const struct collecting *k)
{
	struct receipt_egress *egress = &k->receipt->egress;
	const struct explanation *e = k->denials;

	egress->denials = arena_array(k->c->arena, e->n_denied + 1, sizeof(*egress->denials));
	if (!egress->denials)
		return arena_fail(k->c->arena, "receipt", k->err);
	for (size_t i = 0; i < e->n_denied; i++) {
		const struct explained *x = &e->denied[i];

		egress->denied += x->count;
		if (egress->n_denials < RECEIPT_DENIALS_MAX)
			egress->denials[egress->n_denials++] = (struct receipt_denial){
				x->count, x->destination, x->what, x->rule};
	}
	return e->n_denied > RECEIPT_DENIALS_MAX
		       ? miss(k, "egress.denials", "there are more destinations than it has")
		       : 0;
}

static int collect_egress(const struct collecting *k)
{
	const struct oci_hardened *nacre = k->c->config ? k->c->config->nacre : NULL;
	struct explanation *e = k->denials;
	struct nacre_error why;
	int r;

	if (!k->c->config)
		return miss(k, "egress", "config.json of the state cannot be read");
	if (nacre)
		k->receipt->egress.rules = nacre->egress;
	k->receipt->egress.mechanism = k->c->record.active & EGRESS_BY_RELAY ? "relay"
				       : k->c->record.active & EGRESS	     ? "cgroup-bpf"
									     : NULL;
	e->c = k->c;
	r = explain_egress(e, &why);
	if (r == 0)
		r = explain_relay(e, &why);
	if (r < 0)
		return miss(k, "egress.denials", why.text);
	r = copy_denials(k);
	for (size_t i = 0; i < e->not_counted.n && r == 0; i++)
		r = miss(k, "egress.denials", e->not_counted.items[i]);
	if (r == 0 && nacre && k->c->record.active & EGRESS && k->c->cgroup.fd < 0)
		r = miss(k, "egress.denials", "its cgroup is gone, and the counters with it");
	return r;
}

static int collect_invocation(const struct collecting *k)
{
	struct timespec now;
	char *finished = arena_alloc(k->c->arena, TIMESTAMP_SIZE);

	if (!finished)
		return arena_fail(k->c->arena, "receipt", k->err);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	timestamp_format(&now, finished);
	k->receipt->invocation = (struct receipt_invocation){
		finished, k->c->id, k->c->record.created, k->c->record.owner_uid};
	if (!k->c->record.created)
		return miss(k, "invocation.started", "the record of the container is damaged");
	return k->plan->restored ? miss(k, "invocation.started",
					   "it was restored from a checkpoint: what came before is "
					   "not in here")
				 : 0;
}

static int collect_writer(const struct collecting *k)
{
	struct receipt_runtime *writer = arena_alloc(k->c->arena, sizeof(*writer));

	if (!writer)
		return arena_fail(k->c->arena, "receipt", k->err);
	*writer = (struct receipt_runtime){"nacre", k->program, NACRE_VERSION};
	k->receipt->runtime = k->plan->runtime;
	if (!k->plan->runtime.sha256 || strcmp(k->program, k->plan->runtime.sha256) != 0)
		k->receipt->writer = writer;
	return 0;
}

int receipt_collect(struct life *l, const struct receipt_plan *plan, const char *program,
	struct receipt *ret_receipt, struct nacre_error *err)
{
	static int (*const parts[])(const struct collecting *k) = {collect_configs, collect_process,
		collect_image, collect_rules, collect_end, collect_execs, collect_usage,
		collect_egress, collect_invocation, collect_writer};
	struct receipt receipt = {.profile = NULL};
	struct collecting k = {l, &l->container, plan, program, &receipt,
		arena_alloc(l->container.arena, sizeof(struct explanation)), err};
	struct nacre_error ignored; /* the parts report it */
	int r = 0;

	if (!k.denials)
		return arena_fail(l->container.arena, "receipt", err);
	if (!l->container.config)
		(void)container_load_config(&l->container, &ignored);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && r == 0; i++)
		r = parts[i](&k);
	if (r == 0)
		*ret_receipt = receipt;
	return r;
}
