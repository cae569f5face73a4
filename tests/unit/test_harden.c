/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/hardening.h"

#include "specs/policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_harden(void);

START_TEST(the_oci_profile_copies)
{
	struct oci_config *config = decode("a", read_data("config/docker-26.json"));
	struct result result = must(apply(config, "oci", "rootfs-write"));

	ck_assert_ptr_ne(result.config, config);
	ck_assert(oci_config_equal(result.config, config));
	ck_assert_no_change(&result, "");
	ck_assert_uint_eq(result.report->rules.n, 0);
	ck_assert_ptr_null(result.config->nacre);
}
END_TEST

START_TEST(the_given_config_is_not_touched)
{
	struct oci_config *config = decode("a", read_data("config/docker-26.json"));
	struct oci_config *copy = decode("a", read_data("config/docker-26.json"));

	must(agent(config, ""));
	ck_assert(oci_config_equal(config, copy));
}
END_TEST

START_TEST(an_unknown_profile_is_an_error_with_the_valid_ones)
{
	struct result result = apply(tight("", "", "", ""), "agnet", "");

	ck_assert_int_eq(result.r, -EINVAL);
	ck_assert_str_eq(result.err.text,
		"unknown profile \"agnet\" (did you mean agent?); valid are oci, nested, agent and "
		"strict");
	ck_assert_int_eq(harden_profile_check("agent", &result.err), 0);
	ck_assert_int_eq(harden_profile_check("strict", &result.err), 0);
	ck_assert_int_eq(harden_profile_check("", &result.err), -EINVAL);
}
END_TEST

static const char *const bad_grants[] = {"", "rootfs", "rootfs-write:", "rootfs-write ",
	"cap:", "cap:NET_RAW", "cap:CAP_NET_ROW", "cap:cap_net_raw", "device:dev/fuse",
	"device:", "device", "mount:docker.sock", "unlimited:io", "unlimited:", "unlimited",
	"workspace:work", "workspace", "syscall:read", "syscall:", "socket:AF_UNIX", "socket:38",
	"abi:x32", "host-uts", "Host-network"};

START_TEST(a_malformed_grant_is_a_short_error)
{
	struct harden_request request = {
		.profile = "oci", .grants = {(const char **)&bad_grants[_i], 1}};
	struct harden_report *report = NULL;
	struct oci_config *config = NULL;
	struct nacre_error err = {0};

	ck_assert_int_eq(harden_grant_check(bad_grants[_i], &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "\" is not a grant"));
	ck_assert_uint_lt(strlen(err.text), 100);
	ck_assert_int_eq(
		harden(arena, tight("", "", "", ""), &request, &config, &report, &err), -EINVAL);
	ck_assert_ptr_null(config);
	ck_assert_ptr_null(report);
}
END_TEST

static const struct {
	const char *given;
	const char *hint; /* behind what is given */
} misspelled_grants[] = {
	/* clang-format off */
	{"cap:NET_RAW", " (did you mean cap:CAP_NET_RAW?); see nacre help grants"},
	{"cap:cap_net_raw", " (did you mean cap:CAP_NET_RAW?); see nacre help grants"},
	{"cap:CAP_NET_ROW", " (did you mean cap:CAP_NET_RAW?); see nacre help grants"},
	{"caps:CAP_NET_RAW", " (did you mean cap:CAP_NET_RAW?); see nacre help grants"},
	{"CAP_NET_RAW", " (did you mean cap:CAP_NET_RAW?); see nacre help grants"},
	{"net_raw", " (did you mean cap:CAP_NET_RAW?); see nacre help grants"},
	{"keyctl", " (did you mean syscall:keyctl?); see nacre help grants"},
	{"syscall:keyclt", " (did you mean syscall:keyctl?); see nacre help grants"},
	{"socket:VSOCK", " (did you mean socket:AF_VSOCK?); see nacre help grants"},
	{"unlimited:memoyr", " (did you mean unlimited:memory?); see nacre help grants"},
	{"unlimited:mem", "; see nacre help grants"},
	{"cap:CAP_OTHER", "; see nacre help grants"},
	{"unlimited", " (did you mean unlimited:LIMIT?); see nacre help grants"},
	{"rootfs", "; see nacre help grants"},
	{"root-write", " (did you mean rootfs-write?); see nacre help grants"},
	{"Host-network", " (did you mean host-network?); see nacre help grants"},
	{"mount", " (did you mean mount:SOURCE?); see nacre help grants"},
	{"mounts:/srv", " (did you mean mount:SOURCE?); see nacre help grants"},
	{"mount:srv", "; its path is not absolute"},
	{"", "; see nacre help grants"},
	/* clang-format on */
};

START_TEST(a_misspelled_grant_is_an_error_with_the_nearest)
{
	const char *given = misspelled_grants[_i].given;
	struct nacre_error err = {0};
	char expected[200];

	(void)snprintf(expected, sizeof(expected), "\"%s\" is not a grant%s", given,
		misspelled_grants[_i].hint);
	ck_assert_int_eq(harden_grant_check(given, &err), -EINVAL);
	ck_assert_str_eq(err.text, expected);
}
END_TEST

/* What is listed is what is taken; a path stands for itself there. */
static void check_listed(void *data, const char *grant)
{
	const char *colon = strchr(grant, ':');
	const char *path = colon && strspn(colon + 1, "ADEHNOPRSTCU") == strlen(colon + 1) ? colon
											   : NULL;
	struct nacre_error err = {0};
	char text[80];

	++*(size_t *)data;
	(void)snprintf(text, sizeof(text), "%.*s%s",
		path ? (int)(path + 1 - grant) : (int)strlen(grant), grant, path ? "/x" : "");
	if (harden_grant_check(text, &err) < 0)
		ck_abort_msg("%s: %s", grant, err.text);
}

START_TEST(every_grant_that_is_listed_is_accepted)
{
	size_t n = 0;

	harden_grant_each(check_listed, &n);
	ck_assert_uint_gt(n, 100);
}
END_TEST

START_TEST(an_unknown_rule_is_an_error_with_the_nearest)
{
	struct nacre_error err = {0};

	ck_assert_int_eq(harden_rule_check("landlok", &err), -EINVAL);
	ck_assert_str_eq(err.text,
		"\"landlok\" is not a rule (did you mean landlock?); see nacre help rules");
	ck_assert_int_eq(harden_rule_check("firewall", &err), -EINVAL);
	ck_assert_str_eq(err.text, "\"firewall\" is not a rule; see nacre help rules");
}
END_TEST

START_TEST(a_well_formed_grant_is_accepted)
{
	static const char *const good[] = {"rootfs-write", "tmp-exec", "host-network", "host-pid",
		"host-ipc", "new-privileges", "engine-socket", "cap:CAP_NET_RAW",
		"cap:CAP_CHECKPOINT_RESTORE", "device:/dev/fuse", "mount:/", "unlimited:pids",
		"unlimited:memory", "unlimited:swap", "unlimited:cpu", "join-network",
		"cgroup-write", "workspace:/srv/work", "workspace-exec", "syscall:bpf",
		"syscall:ioctl", "socket:AF_ALG", "socket:SOCK_RAW", "abi:x86"};
	struct nacre_error err;

	for (int i = 0; i < COUNT(good); i++)
		ck_assert_msg(harden_grant_check(good[i], &err) == 0, "%s", good[i]);
}
END_TEST

START_TEST(an_unused_grant_is_not_in_the_report)
{
	struct oci_config *config = tight("", "", "", LIMITED);
	struct result result;

	/* Without its noexec. */
	config->mounts[0].options.n--;
	result = agent(
		config, "tmp-exec tmp-exec host-network cap:CAP_BPF mount:/run device:/dev/fuse");

	ck_assert_no_change(&result, "tmp-exec");
}
END_TEST

START_TEST(exec_has_the_same_ceiling)
{
	const char *names[] = {"CAP_SYS_ADMIN", "CAP_KILL"};
	struct oci_capabilities capabilities = {
		.bounding = {names, 2}, .inheritable = {names, 1}, .ambient = {names, 2}};
	struct oci_process process = {.cwd = "/",
		.args = {names, 1},
		.capabilities = &capabilities,
		.oom_score_adj = {true, -5}};
	struct harden_request request = {.profile = "agent"};
	struct harden_report *report = NULL, *second = NULL;
	struct oci_process *out = NULL, *again = NULL;
	struct nacre_error err;

	ck_assert_int_eq(harden_process(arena, &process, &request, &out, &report, &err), 0);
	ck_assert_ptr_null(process_looser(&process, out));
	ck_assert(out->no_new_privileges);
	ck_assert_uint_eq(out->capabilities->bounding.n, 1);
	ck_assert_str_eq(out->capabilities->bounding.items[0], "CAP_KILL");
	ck_assert_uint_eq(out->capabilities->inheritable.n, 0);
	ck_assert_uint_eq(out->capabilities->ambient.n, 1);
	ck_assert_uint_eq(out->n_rlimits, 1);
	ck_assert_int_eq(out->oom_score_adj.value, 0);
	for (const struct rule *rule = harden_rules; rule->name; rule++)
		ck_assert_int_eq(oci_strings_have(&report->rules, rule->name),
			rule->scope == RULE_SCOPE_PROCESS &&
				profile_has(&profiles[PROFILE_AGENT], rule->id));
	ck_assert_uint_eq(report->n_changes, 6);
	ck_assert_uint_eq(capabilities.bounding.n, 2);
	ck_assert_int_eq(harden_process(arena, out, &request, &again, &second, &err), 0);
	ck_assert_uint_eq(second->n_changes, 0);
}
END_TEST

START_TEST(the_report_is_a_table_for_people)
{
	struct oci_config *config = tight(
		",{\"destination\":\"/a\\u001b[2J\",\"type\":\"mqueue\",\"options\":[\"dev\","
		"\"nosuid\"]}",
		",\"capabilities\":{\"bounding\":[\"CAP_NET_RAW\",\"CAP_MKNOD\"]}", "", LIMITED);
	struct result result;
	char *text = NULL, *end;

	config->process->no_new_privileges = false;
	result = must(agent(config, "cap:CAP_NET_RAW"));
	ck_assert_int_eq(harden_report_text(result.report, &text, &result.err), 0);
	end = strstr(text, "\n\nRULE                EFFECT   WHY\nhost-network        refuses  ");
	ck_assert_ptr_nonnull(end);
	*end = '\0';
	ck_assert_str_eq(text,
		arena_printf(arena,
			"profile agent: %zu rules, 3 changes\n"
			"allowed: cap:CAP_NET_RAW\n"
			"\n"
			"RULE                PATH                           CHANGE\n"
			"no-new-privileges   process.noNewPrivileges        false -> true\n"
			"capability-ceiling  process.capabilities.bounding  -CAP_MKNOD\n"
			"mount-flags         mounts[1].options              /a?[2J: -dev +nodev",
			result.report->rules.n));
	free(text);
}
END_TEST

START_TEST(memory_that_runs_out_is_an_error)
{
	struct oci_config *config = decode("a", read_data("config/docker-26.json"));
	struct harden_request request = {.profile = "agent", .host = {.memory_bytes = GIB}};
	struct harden_report *report = NULL, *whole = NULL;
	struct oci_config *out = NULL, *whole_out = NULL;
	struct nacre_error err;
	char *text = NULL, *whole_text = NULL;
	int r = -1;

	ck_assert_int_eq(harden(arena, config, &request, &whole_out, &whole, &err), 0);
	ck_assert_int_eq(harden_report_json(whole, &whole_text, &err), 0);
	for (size_t limit = 64; r < 0; limit += 64) {
		struct arena *small = arena_new(limit);

		ck_assert_ptr_nonnull(small);
		ck_assert_uint_lt(limit, 1 << 20);
		r = harden(small, config, &request, &out, &report, &err);
		ck_assert(r == 0 || r == -E2BIG);
		ck_assert(r == 0 || !out);
		if (r == 0) {
			/* Nothing was left out to make it fit. */
			ck_assert(oci_config_equal(out, whole_out));
			ck_assert_int_eq(harden_report_json(report, &text, &err), 0);
			ck_assert_str_eq(text, whole_text);
		}
		arena_free(small);
	}
	free(text);
	free(whole_text);
}
END_TEST

/* --- warnings --- */

static void collect(void *data, const char *text)
{
	size_t used = strlen(data);

	(void)snprintf((char *)data + used, 4096 - used, "%s\n", text);
}

static const char *warnings_of(const struct harden_report *report)
{
	static char text[4096];

	text[0] = '\0';
	harden_report_warn(report, true, collect, text);
	return text;
}

/* A privileged container: capabilities that engines give to all are not worth a word. */
START_TEST(what_is_asked_for_and_taken_is_told_in_one_line)
{
	struct oci_config *config = tight("",
		",\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_NET_RAW\",\"CAP_SYS_ADMIN\","
		"\"CAP_BPF\",\"CAP_SYS_ADMNI\"]}",
		"", LIMITED);
	struct oci_device_rule rule = {.allow = true, .access = "rwm"};

	config->linux_->namespaces[1].path = "/proc/1/ns/pid";
	config->linux_->resources->devices = &rule;
	config->linux_->resources->pids->limit = -1;
	ck_assert_str_eq(warnings_of(must(agent(config, "")).report),
		"profile agent does not allow what config.json asks for: the host's pid namespace "
		"(--allow host-pid); capabilities CAP_SYS_ADMIN CAP_BPF (--allow cap:CAP_NAME); "
		"pids without a limit, or with one above the profile's maximum (--allow "
		"unlimited:pids); "
		"all devices (--allow device:PATH)\n"
		"process.capabilities: \"CAP_SYS_ADMNI\" is not a capability (did you mean "
		"CAP_SYS_ADMIN?)\n");
	ck_assert_str_eq(warnings_of(must(apply(config, "oci", "")).report), "");
}
END_TEST

START_TEST(a_grant_without_effect_is_told)
{
	static const char *const by[] = {BY_COMMAND, BY_COMMAND, BY_POLICY, BY_ANNOTATION};
	static const char *words[] = {
		"rootfs-write", "device:/dev/missing", "tmp-exec", "host-pid"};
	struct oci_config *config = tight("", "", "", LIMITED);
	struct harden_request request = {
		.profile = "agent", .grants = {words, 4}, .granted_by = (const char **)by};
	struct result result = {0};

	look_at_host(config, &request);
	result.r = harden(arena, config, &request, &result.config, &result.report, &result.err);
	ck_assert_str_eq(warnings_of(must(result).report),
		"grant rootfs-write (command line) has no effect: no rule forbids what it would "
		"allow\n"
		"grant device:/dev/missing (command line) has no effect: this host has no such "
		"device\n"
		"grant host-pid (annotation) has no effect: no rule forbids what it would allow\n");
	/* What a symlink leads to is seen later. */
	config = tight(
		",{\"destination\":\"/a\",\"source\":\"/srv/a\",\"options\":[\"bind\",\"nosuid\","
		"\"nodev\"]}",
		"", "", LIMITED);
	ck_assert_str_eq(warnings_of(must(agent(config, "mount:/proc engine-socket")).report), "");
}
END_TEST

Suite *suite_harden(void)
{
	Suite *suite = suite_create("harden");
	TCase *tcase = tcase_create("harden");

	tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
	tcase_add_test(tcase, the_oci_profile_copies);
	tcase_add_test(tcase, the_given_config_is_not_touched);
	tcase_add_test(tcase, an_unknown_profile_is_an_error_with_the_valid_ones);
	tcase_add_loop_test(tcase, a_malformed_grant_is_a_short_error, 0, COUNT(bad_grants));
	tcase_add_loop_test(tcase, a_misspelled_grant_is_an_error_with_the_nearest, 0,
		COUNT(misspelled_grants));
	tcase_add_test(tcase, every_grant_that_is_listed_is_accepted);
	tcase_add_test(tcase, an_unknown_rule_is_an_error_with_the_nearest);
	tcase_add_test(tcase, a_well_formed_grant_is_accepted);
	tcase_add_test(tcase, an_unused_grant_is_not_in_the_report);
	tcase_add_test(tcase, exec_has_the_same_ceiling);
	tcase_add_test(tcase, the_report_is_a_table_for_people);
	tcase_add_test(tcase, memory_that_runs_out_is_an_error);
	tcase_add_test(tcase, what_is_asked_for_and_taken_is_told_in_one_line);
	tcase_add_test(tcase, a_grant_without_effect_is_told);
	suite_add_tcase(suite, tcase);
	return suite;
}
