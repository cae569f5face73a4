/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/policy.h"
#include "tests/unit/hardening.h"

#include <errno.h>
#include <string.h>

Suite *suite_policy(void);

static struct nacre_error err;

static struct policy *policy_of(const char *members)
{
	const char *text = arena_printf(arena, "{\"version\":1%s}", members);
	struct policy *policy = NULL;

	ck_assert_msg(policy_decode(arena, "policy.json", text, strlen(text), &policy, &err) == 0,
		"%s", err.text);
	return policy;
}

/* PAIRS: key and value in turn, NULL ends. */
static int decide(const struct policy *policy, const char *profile, const char *grants,
	const char *const *pairs, struct harden_request *ret)
{
	const struct policy_request request = {.profile = profile, .grants = split(grants)};
	struct oci_pair items[8];
	struct oci_map annotations = {.items = items};

	for (; pairs && *pairs; pairs += 2)
		items[annotations.n++] = (struct oci_pair){pairs[0], pairs[1]};
	return policy_decide(arena, policy, &request, &annotations, ret, &err);
}

static const struct {
	const char *text;
	const char *error;
} wrong[] = {
	/* clang-format off */
	{ "", "policy.json:1: " },
	{ "[]", "policy.json:1: expected an object, found an array" },
	{ "{}", "policy.json:1: version: is required" },
	{ "{\"version\":2}", "policy.json: version: this nacre does not support 2; expected 1" },
	{ "{\"version\":\"1\"}", "policy.json:1: version: expected an integer, found \"1\"" },
	{ "{\"version\":1,\"profile\":\"oci\"}", "policy.json:1: profile: is not known; valid are version, default_profile, least_profile, grants, annotations, egress, workspace, user_namespace, require, audit_file, trace_denials" },
	{ "{\"version\":1,\n\"annotations\":{\"mayAllow\":[]}}", "policy.json:2: annotations.mayAllow: is not known; valid are may_allow" },
	{ "{\"version\":1,\"grants\":{\"given\":[],\"x\":null}}", "policy.json:1: grants.x: is not known; valid are given, allowed" },
	{ "{\"version\":1,\"version\":1}", "policy.json:1: " },
	{ "{\"version\":1} {}", "policy.json:1: " },
	{ "{\"version\":1,\"default_profile\":\"agnet\"}", "policy.json: default_profile: unknown profile \"agnet\" (did you mean agent?); valid are oci, nested, agent and strict" },
	{ "{\"version\":1,\"least_profile\":\"none\"}", "policy.json: least_profile: unknown profile \"none\"" },
	{ "{\"version\":1,\"least_profile\":\"strict\"}", "policy.json: default_profile: agent is looser than least_profile, strict" },
	{ "{\"version\":1,\"grants\":{\"given\":[\"all\"]}}", "policy.json: grants.given[0]: \"all\" is not a grant; see nacre help grants" },
	{ "{\"version\":1,\"grants\":{\"given\":[\"cap:*\"]}}", "policy.json: grants.given[0]: \"cap:*\" is not a grant" },
	{ "{\"version\":1,\"grants\":{\"allowed\":[\"tmp-exec\",\"*\"]}}", "policy.json: grants.allowed[1]: \"*\" is not a grant" },
	{ "{\"version\":1,\"tmp_bytes\":64}", "policy.json: tmp_bytes: 64 is less than a page, 4096" },
	{ "{\"version\":1,\"grants\":{\"allowed\":[\"tmp-exec:*\"]}}", "policy.json: grants.allowed[0]: \"tmp-exec:*\" matches no grant" },
	{ "{\"version\":1,\"annotations\":{\"may_allow\":[\"mount:srv/*\"]}}", "policy.json: annotations.may_allow[0]: \"mount:srv/*\" matches no grant" },
	{ "{\"version\":1,\"require\":[\"resource\"]}", "policy.json: require[0]: \"resource\" is not a rule (did you mean resources?); see nacre help rules" },
	{ "{\"version\":1,\"audit_file\":\"\"}", "policy.json:1: audit_file: must not be empty" },
	{ "{\"version\":1,\"least_profile\":\"\"}", "policy.json:1: least_profile: must not be empty" },
	{ "{\"version\":1,\"audit_file\":\"audit\"}", "policy.json: audit_file: \"audit\" is not an absolute path, nor \"journal\"" },
	/* clang-format on */
};

START_TEST(a_wrong_policy_is_an_error_that_names_the_place)
{
	struct policy *policy = NULL;

	ck_assert_int_eq(policy_decode(arena, "policy.json", wrong[_i].text, strlen(wrong[_i].text),
				 &policy, &err),
		-EINVAL);
	ck_assert_msg(!strncmp(err.text, wrong[_i].error, strlen(wrong[_i].error)), "%s", err.text);
	ck_assert_ptr_null(policy);
}
END_TEST

START_TEST(without_a_policy_the_command_line_has_its_way)
{
	struct harden_request request;

	ck_assert_int_eq(decide(NULL, NULL, "", NULL, &request), 0);
	ck_assert_str_eq(request.profile, "agent");
	ck_assert_int_eq(decide(NULL, "oci", "tmp-exec cap:CAP_BPF", NULL, &request), 0);
	ck_assert_str_eq(request.profile, "oci");
	ck_assert_uint_eq(request.grants.n, 2);
	ck_assert_str_eq(request.granted_by[1], "command line");
	ck_assert_int_eq(decide(NULL, "cosy", "", NULL, &request), -EINVAL);
	ck_assert_int_eq(decide(NULL, NULL, "everything", NULL, &request), -EINVAL);
}
END_TEST

START_TEST(the_policy_holds_the_command_line)
{
	struct policy *policy = policy_of(
		",\"default_profile\":\"strict\",\"least_profile\":\"agent\",\"grants\":{\"given\":"
		"[\"tmp-exec\"],\"allowed\":[\"cap:CAP_KILL\",\"mount:/srv/*\"]}");
	struct harden_request request;

	ck_assert_int_eq(decide(policy, NULL, "", NULL, &request), 0);
	ck_assert_str_eq(request.profile, "strict");
	ck_assert_uint_eq(request.grants.n, 1);
	ck_assert_str_eq(request.granted_by[0], "policy");
	ck_assert_int_eq(decide(policy, "agent", "mount:/srv/a cap:CAP_KILL", NULL, &request), 0);
	ck_assert_uint_eq(request.grants.n, 3);
	ck_assert_int_eq(decide(policy, "nested", "", NULL, &request), -EPERM);
	ck_assert_str_eq(err.text,
		"profile nested: policy.json allows no profile that is looser than agent");
	ck_assert_int_eq(decide(policy, "oci", "", NULL, &request), -EPERM);
	ck_assert_int_eq(decide(policy, NULL, "cap:CAP_BPF", NULL, &request), -EPERM);
	ck_assert_str_eq(err.text,
		"--allow cap:CAP_BPF: the grant is not listed in grants.allowed of policy.json");
	/* An empty list allows nothing, and not everything. */
	policy = policy_of(",\"grants\":{\"allowed\":[]}");
	ck_assert_int_eq(decide(policy, NULL, "tmp-exec", NULL, &request), -EPERM);
	policy = policy_of(",\"grants\":{}");
	ck_assert_int_eq(decide(policy, NULL, "tmp-exec", NULL, &request), 0);
}
END_TEST

START_TEST(an_annotation_may_only_tighten_the_profile)
{
	static const struct {
		const char *given;
		const char *annotation;
		const char *result; /* NULL: refused */
	} cases[] = {
		{NULL, "strict", "strict"},
		{NULL, "agent", "agent"},
		{NULL, "nested", NULL},
		{NULL, "oci", NULL},
		{"oci", "nested", "nested"},
		{"strict", "agent", NULL},
		{"strict", "strict", "strict"},
		{NULL, "", NULL},
		{NULL, "STRICT", NULL},
		{NULL, "strict ", NULL},
		{NULL, "oci\nstrict", NULL},
	};
	struct harden_request request;

	for (int i = 0; i < COUNT(cases); i++) {
		const char *const pairs[] = {"run.nacre.profile", cases[i].annotation, NULL};
		int r = decide(NULL, cases[i].given, "", pairs, &request);

		ck_assert_int_eq(r == 0, cases[i].result != NULL);
		ck_assert(r < 0 || !strcmp(request.profile, cases[i].result));
	}
}
END_TEST

static const char *const hostile[] = {"cap:CAP_SYS_ADMIN", "cap:*", "cap:CAP_KILL,cap:CAP_BPF",
	"rootfs-write", "mount:/srv/../etc", "mount:/srv/x/../../etc", "mount:/srv", "mount:/srvx",
	"mount:/srv/*/../..", "tmp-exec\trootfs-write", "*", "tmp-exec:x", " tmp-exec\n oci ",
	"mount:srv/x", "TMP-EXEC", "device:/srv/x", "unlimited:pids", "\xc2\xa0tmp-exec"};

START_TEST(an_annotation_allows_nothing_that_the_policy_does_not_list)
{
	struct policy *policy = policy_of(
		",\"grants\":{\"given\":[\"cap:CAP_CHOWN\"]},\"annotations\":{\"may_allow\":"
		"[\"tmp-exec\",\"mount:/srv/*\",\"cap:CAP_KILL\"]}");
	const char *const pairs[] = {"run.nacre.allow", hostile[_i], NULL};
	struct harden_request request;

	ck_assert_int_lt(decide(policy, NULL, "", pairs, &request), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "annotation run.nacre.allow: "));
	/* Not even what the command line gave as well, and not without a policy. */
	ck_assert_int_lt(decide(NULL, NULL, "", pairs, &request), 0);
}
END_TEST

START_TEST(an_annotation_allows_what_the_policy_lists)
{
	struct policy *policy = policy_of(",\"annotations\":{\"may_allow\":[\"tmp-exec\","
					  "\"mount:/srv/*\",\"cap:*\"]}");
	static const char *const pairs[] = {"org.example", "run.nacre.allow", "run.nacre.allow",
		" tmp-exec  mount:/srv/./a\tcap:CAP_KILL ", NULL};
	struct harden_request request;

	ck_assert_msg(decide(policy, NULL, "rootfs-write", pairs, &request) == 0, "%s", err.text);
	ck_assert_uint_eq(request.grants.n, 4);
	ck_assert_str_eq(request.grants.items[3], "cap:CAP_KILL");
	ck_assert_str_eq(request.granted_by[0], "command line");
	ck_assert_str_eq(request.granted_by[3], "annotation");
}
END_TEST

START_TEST(an_unknown_annotation_of_ours_is_an_error)
{
	static const char *const keys[] = {"run.nacre.", "run.nacre.Profile", "run.nacre.profiles",
		"run.nacre.allow ", "run.nacre.require"};
	struct harden_request request;

	for (int i = 0; i < COUNT(keys); i++) {
		const char *const pairs[] = {keys[i], "strict", NULL};

		ck_assert_int_eq(decide(NULL, "oci", "", pairs, &request), -EINVAL);
		ck_assert_ptr_nonnull(strstr(err.text, keys[i]));
	}
}
END_TEST

#define NAME_OF_CONTAINERD "io.kubernetes.cri.container-name"
#define NAME_OF_CRIO "io.kubernetes.container.name"
#define OF_A "run.nacre.egress.a", "10.0.0.0/8"
#define OF_B "run.nacre.egress.b", "192.0.2.1:53"
#define OF_ALL "run.nacre.egress", "198.51.100.0/24"

static const struct {
	const char *pairs[9];
	const char *rule; /* or what the error says */
	int r;
} by_name[] = {
	/* clang-format off */
	{{OF_A, OF_B, NAME_OF_CONTAINERD, "a"}, "10.0.0.0/8", 0},
	{{NAME_OF_CRIO, "b", OF_A, OF_B}, "192.0.2.1:53", 0},
	{{OF_ALL, OF_B, NAME_OF_CONTAINERD, "b"}, "192.0.2.1:53", 0},
	{{OF_B, OF_ALL, NAME_OF_CONTAINERD, "c"}, "198.51.100.0/24", 0},
	{{OF_B, OF_ALL, "io.kubernetes.cri.container-type", "sandbox"}, "198.51.100.0/24", 0},
	{{OF_B, "io.kubernetes.cri.container-type", "sandbox"}, NULL, 0},
	{{OF_B, NAME_OF_CRIO, "POD"}, NULL, 0},
	{{OF_B, OF_A, NAME_OF_CONTAINERD, "bb"}, "\"bb\" has no annotation: use run.nacre.egress.bb", -EPERM},
	{{OF_B, "io.kubernetes.cri.container-type", "container"}, "only a container of a pod", -EINVAL},
	{{OF_B, OF_ALL}, "only a container of a pod", -EINVAL},
	{{"run.nacre.egress.", "none", NAME_OF_CONTAINERD, "a"}, "valid are run.nacre.profile", -EINVAL},
	{{"run.nacre.egresss", "none", NAME_OF_CONTAINERD, "a"}, "valid are run.nacre.profile", -EINVAL},
	/* clang-format on */
};

START_TEST(a_container_of_a_pod_has_the_rules_of_its_name)
{
	struct harden_request request;

	ck_assert_int_eq(decide(NULL, "agent", "", by_name[_i].pairs, &request), by_name[_i].r);
	if (by_name[_i].r) {
		ck_assert_msg(strstr(err.text, by_name[_i].rule) != NULL, "%s", err.text);
		return;
	}
	ck_assert_uint_eq(request.egress.n, by_name[_i].rule ? 1 : 0);
	if (by_name[_i].rule)
		ck_assert_str_eq(request.egress.items[0], by_name[_i].rule);
}
END_TEST

static struct result apply_required(const char *profile, const char *grants, const char *require)
{
	const struct harden_request request = {.profile = profile,
		.grants = split(grants),
		.require = split(require),
		.host = {.memory_bytes = 16 * GIB}};
	struct result result = {0};

	result.r = harden(arena, tight("", "", "", ""), &request, &result.config, &result.report,
		&result.err);
	return result;
}

START_TEST(a_required_rule_is_not_best_effort_and_cannot_be_granted_away)
{
	struct result result = must(apply_required("agent", "", ""));

	ck_assert_uint_eq(result.report->best_effort.n, 3);
	result = must(apply_required("agent", "", "resources"));
	ck_assert_uint_eq(result.report->best_effort.n, 0);
	ck_assert_uint_eq(oci_best_effort(result.config), 0);
	/* Who has set the limits is known still. */
	ck_assert_uint_eq(oci_limits_of_profile(result.config),
		OCI_LIMIT_PIDS | OCI_LIMIT_MEMORY | OCI_LIMIT_SWAP);
	ck_assert_int_eq(result.config->linux_->resources->pids->limit, 512);
	result = must(apply_required("agent", "tmp-exec", "mount-flags"));
	ck_assert_uint_eq(result.report->granted.n, 0);
	result = apply_required("oci", "", "resources");
	ck_assert_int_eq(result.r, -EPERM);
	ck_assert_str_eq(result.err.text, "rule resources is required, but profile oci does not "
					  "have it; choose a profile that has it");
	ck_assert_int_eq(apply_required("agent", "", "no-such-rule").r, -EINVAL);
}
END_TEST

START_TEST(a_refusal_by_a_required_rule_names_no_grant)
{
	struct oci_config *config = tight("", "", "", LIMITED);
	const struct harden_request request = {.profile = "agent",
		.grants = split("host-network"),
		.require = split("host-network")};
	struct result result = {0};

	config->linux_->n_namespaces--;
	result.r = harden(arena, config, &request, &result.config, &result.report, &result.err);
	ck_assert_int_eq(result.r, -EPERM);
	ck_assert_ptr_nonnull(strstr(result.err.text, "the rule is required, so no grant"));
}
END_TEST

/* Nobody who makes a pod has a command line. */
START_TEST(a_refusal_in_a_pod_names_the_annotation)
{
	static const char *const pod[] = {"io.kubernetes.cri.container-type", "sandbox", NULL};
	struct oci_config *config = tight("", "", "", LIMITED);
	struct harden_request request;
	struct result result = {0};

	ck_assert_int_eq(decide(policy_of(""), "agent", "", pod, &request), 0);
	config->linux_->n_namespaces--;
	result.r = harden(arena, config, &request, &result.config, &result.report, &result.err);
	ck_assert_int_eq(result.r, -EPERM);
	ck_assert_ptr_nonnull(strstr(result.err.text,
		"allow it with the annotation run.nacre.allow: host-network, if "
		"annotations.may_allow of the node's policy.json lists it"));
}
END_TEST

START_TEST(the_policy_and_the_command_line_add_up_what_is_required)
{
	const struct policy_request request = {.require = split("resources devices")};
	const struct oci_map none = {.n = 0};
	struct harden_request result = {0};

	ck_assert_int_eq(policy_decide(arena, policy_of(",\"require\":[\"devices\",\"rlimits\"]"),
				 &request, &none, &result, &err),
		0);
	ck_assert_uint_eq(result.require.n, 3);
	ck_assert_str_eq(result.require.items[2], "resources");
}
END_TEST

Suite *suite_policy(void)
{
	Suite *suite = suite_create("policy");
	TCase *tcase = tcase_create("policy");

	tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
	tcase_add_loop_test(
		tcase, a_wrong_policy_is_an_error_that_names_the_place, 0, COUNT(wrong));
	tcase_add_test(tcase, without_a_policy_the_command_line_has_its_way);
	tcase_add_test(tcase, the_policy_holds_the_command_line);
	tcase_add_test(tcase, an_annotation_may_only_tighten_the_profile);
	tcase_add_loop_test(tcase, an_annotation_allows_nothing_that_the_policy_does_not_list, 0,
		COUNT(hostile));
	tcase_add_test(tcase, an_annotation_allows_what_the_policy_lists);
	tcase_add_test(tcase, an_unknown_annotation_of_ours_is_an_error);
	tcase_add_loop_test(
		tcase, a_container_of_a_pod_has_the_rules_of_its_name, 0, COUNT(by_name));
	tcase_add_test(tcase, a_required_rule_is_not_best_effort_and_cannot_be_granted_away);
	tcase_add_test(tcase, a_refusal_by_a_required_rule_names_no_grant);
	tcase_add_test(tcase, a_refusal_in_a_pod_names_the_annotation);
	tcase_add_test(tcase, the_policy_and_the_command_line_add_up_what_is_required);
	suite_add_tcase(suite, tcase);
	return suite;
}
