/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/api/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcontainer/api/bundle.h"
#include "libcontainer/api/nacre.h"
#include "libcontainer/api/policy_file.h"
#include "libcontainer/base/cleanup.h"
#include "specs/json.h"

/* nacre_check: for each rule of a profile, whether this host can enforce it. A rule that is not
 * listed here needs only what Linux 5.14 has, and fails with an error if it cannot be enforced. */

struct verdict {
	const struct rule *rule;
	char gap[CHECK_GAP];
};

struct report {
	struct host host;
	const struct profile *profile;
	struct harden_request request; /* request that the policy makes of the profile */
	const struct policy *policy; /* NULL: there is no policy file */
	struct verdict verdicts[N_PROFILE_RULES];
	size_t n;
	bool whole; /* no rule has a gap */
};

static void judge_resources(
	const struct host *host, const struct profile *profile, char gap[CHECK_GAP])
{
	static const char *const names[] = {"pids", "memory", "cpu"};
	const char *controllers = host->controllers;
	size_t used = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (cgroup_controllers_have(controllers, names[i], strlen(names[i])) ||
			(!strcmp(names[i], "cpu") && !profile->cpus))
			continue;
		used += (size_t)snprintf(gap + used, CHECK_GAP - used, "%s%s",
			used ? ", " : "no cgroup v2 controller for ", names[i]);
	}
}

static void judge_devices(
	const struct host *host, const struct profile *profile, char gap[CHECK_GAP])
{
	(void)profile;
	(void)snprintf(gap, CHECK_GAP, "%s", host->device_filter);
}

static void judge_egress(
	const struct host *host, const struct profile *profile, char gap[CHECK_GAP])
{
	(void)profile;
	if (host->egress[0])
		(void)snprintf(gap, CHECK_GAP, "only in a network of the container's own: %.100s",
			host->egress);
}

static void judge_filter(
	const struct host *host, const struct profile *profile, char gap[CHECK_GAP])
{
	(void)profile;
	if (!strstr(host->seccomp_actions, "errno"))
		(void)snprintf(gap, CHECK_GAP, "the kernel has no seccomp filters");
}

static void judge_landlock(
	const struct host *host, const struct profile *profile, char gap[CHECK_GAP])
{
	int abi = host->landlock;

	(void)profile;
	if (abi < 1)
		(void)snprintf(
			gap, CHECK_GAP, "Landlock is not in the kernel, or not enabled (lsm=)");
	else if (abi < 4)
		(void)snprintf(gap, CHECK_GAP, "Landlock ABI %d has files alone; TCP needs 4", abi);
}

/* harden reports what a config itself does not permit. */
static void judge_user_namespace(
	const struct host *host, const struct profile *profile, char gap[CHECK_GAP])
{
	(void)profile;
	if (!host->is_root)
		(void)snprintf(gap, CHECK_GAP, "only root of the host has ids to give");
	else if (host->user_namespaces[0])
		(void)snprintf(gap, CHECK_GAP, "user namespaces: %.140s", host->user_namespaces);
	else if (host->no_keys)
		(void)snprintf(gap, CHECK_GAP, "the kernel has no keys (CONFIG_KEYS)");
}

static const struct {
	const char *rule;
	void (*judge)(const struct host *host, const struct profile *profile, char gap[CHECK_GAP]);
} judges[] = {
	{"user-namespace", judge_user_namespace},
	{"resources", judge_resources},
	{"devices", judge_devices},
	{"own-seccomp-filter", judge_filter},
	{"setuid-files", judge_filter},
	{"landlock", judge_landlock},
	{"metadata", judge_egress},
	{"egress", judge_egress},
};

void check_rule(const struct host *host, const struct profile *profile, const char *rule,
	char ret_gap[CHECK_GAP])
{
	ret_gap[0] = '\0';
	for (size_t i = 0; i < sizeof(judges) / sizeof(judges[0]); i++) {
		if (!strcmp(judges[i].rule, rule))
			judges[i].judge(host, profile, ret_gap);
	}
}

static void judge(struct report *report)
{
	report->whole = true;
	for (const struct rule *rule = harden_rules; rule->name; rule++) {
		struct verdict *verdict = &report->verdicts[report->n];

		if (!harden_has_rule(&report->request, rule->id))
			continue;
		verdict->rule = rule;
		check_rule(&report->host, report->profile, rule->name, verdict->gap);
		report->whole = report->whole && !verdict->gap[0];
		report->n++;
	}
}

/* --- as text --- */

static void print_fact(FILE *out, const char *name, bool has, const char *more)
{
	(void)fprintf(out, "%-18s  %s%s%s\n", name, has ? "yes" : "no",
		*more ? (has ? "  " : "   ") : "", more);
}

static void print_host(FILE *out, const struct host *host)
{
	char text[CGROUP_CONTROLLERS_MAX + 64];

	print_fact(out, "kernel", host->kernel_is_new, host->kernel.release);
	print_fact(out, "root", host->is_root, "");
	(void)snprintf(text, sizeof(text), "%scontrollers: %s",
		host->hybrid ? "hybrid, others are in version 1; " : "",
		host->controllers[0] ? host->controllers : "none");
	print_fact(out, "cgroup v2", host->cgroup2, text);
	print_fact(out, "device filter", !host->device_filter[0], host->device_filter);
	print_fact(out, "egress filter", !host->egress[0], host->egress);
	print_fact(out, "seccomp", host->seccomp_actions[0], host->seccomp_actions);
	(void)snprintf(text, sizeof(text), "ABI %d", host->landlock);
	print_fact(out, "Landlock", host->landlock > 0, text);
	print_fact(out, "AppArmor", host->apparmor, "");
	print_fact(out, "SELinux", host->selinux, "");
	print_fact(
		out, "user namespaces", !host->unprivileged_userns[0], host->unprivileged_userns);
}

static int render_text(const struct report *report, char **ret_text, struct nacre_error *err)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return fail_errno(err, ENOMEM, "check");
	(void)fprintf(out, "%-18s  HAS  DETAILS\n", "HOST");
	print_host(out, &report->host);
	(void)fprintf(out, "\nprofile %s, %s\n", report->profile->name,
		report->policy ? report->policy->name : "no policy file");
	if (report->n)
		(void)fprintf(out, "\n%-18s  ENFORCED\n", "RULE");
	for (size_t i = 0; i < report->n; i++) {
		const struct verdict *verdict = &report->verdicts[i];

		(void)fprintf(out, "%-18s  %s%s\n", verdict->rule->name,
			verdict->gap[0] ? "no: " : "yes", verdict->gap);
	}
	if (fclose(out) != 0) {
		free(text);
		return fail_errno(err, ENOMEM, "check");
	}
	*ret_text = text;
	return 0;
}

/* --- as JSON --- */

static void write_bool(struct json_writer *w, const char *key, bool value)
{
	json_key(w, key);
	json_bool(w, value);
}

static void write_words(struct json_writer *w, const char *key, const char *words, char separator)
{
	const char separators[] = {separator, '\0'};
	char word[64];

	json_key(w, key);
	json_open_array(w);
	for (words += strspn(words, separators); *words; words += strspn(words, separators)) {
		size_t length = strcspn(words, separators);

		(void)snprintf(word, sizeof(word), "%.*s", (int)length, words);
		json_string(w, word);
		words += length;
	}
	json_close_array(w);
}

static void write_host(struct json_writer *w, const struct host *host)
{
	json_key(w, "host");
	json_open_object(w);
	json_key_string(w, "kernel", host->kernel.release);
	json_key_string(w, "machine", host->kernel.machine);
	write_bool(w, "kernelIsNewEnough", host->kernel_is_new);
	write_bool(w, "root", host->is_root);
	write_bool(w, "cgroup2", host->cgroup2);
	write_bool(w, "cgroupHybrid", host->hybrid);
	write_words(w, "cgroupControllers", host->controllers, ' ');
	write_bool(w, "deviceFilter", !host->device_filter[0]);
	write_bool(w, "egressFilter", !host->egress[0]);
	write_words(w, "seccompActions", host->seccomp_actions, ' ');
	write_words(w, "seccompLogged", host->seccomp_logged, ' ');
	json_key(w, "landlockAbi");
	json_i64(w, host->landlock);
	write_words(w, "securityModules", host->modules, ',');
	write_bool(w, "apparmor", host->apparmor);
	write_bool(w, "selinux", host->selinux);
	write_bool(w, "userNamespaces", !host->unprivileged_userns[0]);
	json_close_object(w);
}

static int render_json(const struct report *report, char **ret_text, struct nacre_error *err)
{
	struct json_writer *w = json_writer_new(true);

	json_open_object(w);
	json_key(w, "version");
	json_u64(w, NACRE_CHECK_VERSION);
	write_host(w, &report->host);
	json_key_string(w, "profile", report->profile->name);
	if (report->policy)
		json_key_string(w, "policy", report->policy->name);
	write_bool(w, "enforced", report->whole);
	json_key(w, "rules");
	json_open_array(w);
	for (size_t i = 0; i < report->n; i++) {
		const struct verdict *verdict = &report->verdicts[i];

		json_open_object(w);
		json_key_string(w, "rule", verdict->rule->name);
		write_bool(w, "enforced", !verdict->gap[0]);
		if (verdict->gap[0])
			json_key_string(w, "gap", verdict->gap);
		json_close_object(w);
	}
	json_close_array(w);
	json_close_object(w);
	return json_writer_finish(w, ret_text, err);
}

int nacre_check(const char *profile, bool json, char **ret_text, struct nacre_error *err)
{
	cleanup_arena struct arena *arena = arena_new(ARENA_LIMIT);
	const struct policy_request request = {.profile = profile};
	const struct oci_map no_annotations = {.n = 0};
	struct policy *policy = NULL;
	struct report report = {.n = 0};
	int r;

	if (!arena)
		return fail_errno(err, ENOMEM, "check");
	r = policy_load(arena, POLICY_DIRECTORY, &policy, err);
	if (r >= 0)
		r = policy_decide(arena, policy, &request, &no_annotations, &report.request, err);
	if (r < 0)
		return r;
	report.policy = policy;
	report.profile = profile_find(report.request.profile);
	host_look(&report.host);
	host_try_user_namespaces(&report.host);
	judge(&report);
	r = json ? render_json(&report, ret_text, err) : render_text(&report, ret_text, err);
	return r < 0 ? r : report.whole && report.host.kernel_is_new && report.host.cgroup2;
}
