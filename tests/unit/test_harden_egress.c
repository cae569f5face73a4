/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/policy.h"
#include "tests/unit/hardening.h"

#include <errno.h>
#include <string.h>

Suite *suite_harden_egress(void);

/* Who says what of a container's connections, and what stands of it in the tightened config. */

/* A request; NULL: nothing is said. */
struct said {
	const char *policy; /* members */
	const char *profile;
	const char *command; /* --egress */
	const char *allow;
	const char *annotation;
	const char *require;
};

static int decide(const struct said *said, struct harden_request *ret, struct nacre_error *err)
{
	const char *text = arena_printf(arena, "{\"version\":1%s%s}", said->policy ? "," : "",
		said->policy ? said->policy : "");
	const struct policy_request request = {.profile = said->profile,
		.grants = split(said->allow ? said->allow : ""),
		.require = split(said->require ? said->require : ""),
		.egress = split(said->command ? said->command : "")};
	struct oci_pair pair = {"run.nacre.egress", said->annotation};
	const struct oci_map annotations = {&pair, said->annotation ? 1 : 0};
	struct policy *policy;
	int r = policy_decode(arena, "policy.json", text, strlen(text), &policy, err);

	return r < 0 ? r : policy_decide(arena, policy, &request, &annotations, ret, err);
}

static struct oci_config *plain(void)
{
	struct oci_config *config = tight("", "", "", LIMITED);

	config->nacre->egress.n = 0;
	config->nacre->egress_best_effort = config->nacre->no_listening = false;
	config->nacre->no_metadata = false;
	config->nacre->seccomp_filter = NULL;
	return config;
}

#define DEFAULT_A "\"egress\":{\"default\":{\"agent\":[\"a.example\"]}}"
#define MAY_ADD                                                                                 \
	"\"egress\":{\"default\":{\"agent\":[\"none\"]},\"may_add\":[\"*.example\",\"10.0.0.0/" \
	"8:5432\"]}"
#define OPEN "\"egress\":{\"default\":{\"strict\":[\"open\"]}}"
#define ALWAYS "\"egress\":{\"always\":[\"log.example\"]}"

static const struct {
	struct said said;
	const char *egress; /* "": none; NULL: an error */
	const char *says;
	bool best_effort;
} cases[] = {
	/* clang-format off */
	{{NULL, "agent", NULL, NULL, NULL, NULL}, "", NULL, false},
	{{NULL, "strict", NULL, NULL, NULL, NULL}, "none", NULL, true},
	{{NULL, "strict", NULL, NULL, NULL, "egress"}, "none", NULL, false},
	{{NULL, "agent", NULL, NULL, NULL, "egress"}, NULL, "profile agent does not have it", false},
	{{NULL, "agent", "a.example", NULL, NULL, "egress"}, "a.example:443", NULL, false},
	{{NULL, "agent", "A.example b:80", NULL, NULL, NULL}, "a.example:443 b:80", NULL, false},
	{{NULL, "oci", "10.0.0.0/8", NULL, NULL, NULL}, "10.0.0.0/8", NULL, false},
	{{NULL, "oci", "169.254.169.254", "metadata", NULL, NULL}, "169.254.169.254", NULL, false},
	{{NULL, "agent", "169.254.169.254", NULL, NULL, NULL}, NULL, "--allow metadata", false},
	{{NULL, "strict", "a.example", NULL, NULL, NULL}, "a.example:443", NULL, false},
	{{NULL, "strict", "none", NULL, NULL, NULL}, "none", NULL, false},
	{{NULL, "strict", "open", NULL, NULL, NULL}, "open", NULL, false},
	{{NULL, "agent", "a.example:0", NULL, NULL, NULL}, NULL, "--egress: egress rule \"a.example:0\"", false},
	/* grants add */
	{{NULL, "strict", NULL, "egress:a.example", NULL, NULL}, "a.example:443", NULL, false},
	{{NULL, "agent", "b", "egress:a.example egress:c", NULL, NULL}, "b:443 a.example:443 c:443", NULL, false},
	{{NULL, "agent", NULL, "egress:a.example", NULL, NULL}, "", NULL, false},
	{{NULL, "agent", NULL, "egress:none", NULL, NULL}, NULL, "is not a grant", false},
	{{NULL, "strict", NULL, "egress:a.example", NULL, "egress"}, "none", NULL, false},
	/* the policy */
	{{DEFAULT_A, "agent", NULL, NULL, NULL, NULL}, "a.example:443", NULL, false},
	{{DEFAULT_A, "oci", NULL, NULL, NULL, NULL}, "", NULL, false},
	{{DEFAULT_A, "agent", "b", NULL, NULL, NULL}, "b:443", NULL, false},
	{{ALWAYS, "agent", NULL, NULL, NULL, NULL}, "", NULL, false},
	{{ALWAYS, "strict", NULL, NULL, NULL, NULL}, "log.example:443", NULL, false},
	{{ALWAYS, "agent", "none", NULL, NULL, NULL}, "log.example:443", NULL, false},
	{{ALWAYS, "agent", "open", NULL, NULL, NULL}, "open", NULL, false},
	{{ALWAYS, "agent", "b", NULL, "none", NULL}, "log.example:443", NULL, false},
	{{MAY_ADD, "agent", NULL, NULL, NULL, NULL}, "none", NULL, false},
	{{MAY_ADD, "agent", "b.example", NULL, NULL, NULL}, "b.example:443", NULL, false},
	{{MAY_ADD, "agent", "tcp:db:5432", NULL, NULL, NULL}, "tcp:db:5432@10.0.0.0/8", NULL, false},
	{{MAY_ADD, "agent", "b.org", NULL, NULL, NULL}, NULL, "may_add of policy.json: egress rule \"b.org:443\"", false},
	{{MAY_ADD, "agent", "open", NULL, NULL, NULL}, NULL, "may_add of policy.json", false},
	{{MAY_ADD, "agent", NULL, "egress:b.org", NULL, NULL}, NULL, "may_add of policy.json", false},
	{{MAY_ADD, "agent", NULL, "egress:b.example", NULL, NULL}, "b.example:443", NULL, false},
	{{MAY_ADD, "oci", "b.org", NULL, NULL, NULL}, "b.org:443", NULL, false},
	{{"\"egress\":{\"may_add\":[]}", "strict", "b.org", NULL, NULL, NULL}, NULL, "may_add of policy.json", false},
	{{"\"egress\":{\"default\":{\"agnet\":[]}}", NULL, NULL, NULL, NULL, NULL}, NULL, "egress.default.agnet", false},
	{{"\"egress\":{\"always\":[\"x:0\"]}", NULL, NULL, NULL, NULL, NULL}, NULL, "policy.json: egress.always: egress rule", false},
	{{"\"egress\":{\"may_add\":[\"*\"]}", NULL, NULL, NULL, NULL, NULL}, NULL, "policy.json: egress.may_add: egress rule", false},
	{{"\"egress\":{\"resolvers\":[\"dns.example\"]}", NULL, NULL, NULL, NULL, NULL}, NULL, "egress.resolvers: expected an address, found \"dns.example\"", false},
	{{"\"egress\":{\"resolvers\":[\"::1\",\"1.1.1.1\",\"1.1.1.2\",\"1.1.1.3\"]}", NULL, NULL, NULL, NULL, NULL}, NULL, "egress.resolvers: expected at most 3 addresses", false},
	{{"\"egress\":{\"resolvers\":[\"::1\",\"1.1.1.1\",\"1.1.1.2\"]}", "agent", NULL, NULL, NULL, NULL}, "", NULL, false},
	/* the annotation */
	{{NULL, "agent", NULL, NULL, "10.0.0.0/8 192.0.2.1:53", NULL}, "10.0.0.0/8 192.0.2.1:53", NULL, false},
	{{NULL, "agent", NULL, NULL, "a.example b", NULL}, NULL, "through the host's network", false},
	{{NULL, "oci", "open", NULL, "a.example", NULL}, NULL, "through the host's network", false},
	{{NULL, "agent", "10.0.0.0/8:443", NULL, "db", NULL}, NULL, "through the host's network", false},
	{{NULL, "agent", "10.0.0.0/8:443 db", NULL, "db@10.0.0.0/8", NULL}, NULL, "through the host's network", false},
	{{NULL, "agent", "10.0.0.0/8:443 db private", NULL, "db@10.0.0.0/8", NULL}, "db:443@10.0.0.0/8", NULL, false},
	{{NULL, "agent", "10.0.0.0/8:443 db@10.1.0.0/16", NULL, "db", NULL}, NULL, "through the host's network", false},
	{{OPEN, "strict", NULL, "egress:10.0.0.0/8", "a.example", NULL}, NULL, "through the host's network", false},
	{{OPEN, "strict", NULL, "egress:a.example", "a.example", NULL}, "a.example:443", NULL, false},
	{{ALWAYS, "agent", NULL, NULL, "10.0.0.0/8", NULL}, "10.0.0.0/8 log.example:443", NULL, false},
	{{ALWAYS, "agent", NULL, NULL, "a.example", NULL}, NULL, "through the host's network", false},
	{{NULL, "oci", NULL, NULL, "none", NULL}, "none", NULL, false},
	{{NULL, "strict", NULL, NULL, "none", NULL}, "none", NULL, false},
	{{NULL, "strict", NULL, NULL, "a.example", NULL}, NULL, "annotation run.nacre.egress: egress rule \"a.example:443\"", false},
	{{NULL, "agent", "*.example", NULL, " a.example\t", NULL}, "a.example:443", NULL, false},
	{{NULL, "agent", "*.example", NULL, "b.org", NULL}, NULL, "\"b.org:443\" allows more", false},
	{{NULL, "agent", "*.example", NULL, "open", NULL}, NULL, "\"open\" allows more", false},
	{{DEFAULT_A, "agent", NULL, NULL, "b", NULL}, NULL, "\"b:443\" allows more", false},
	{{NULL, "agent", NULL, NULL, " ", NULL}, NULL, "expected at least one rule", false},
	{{NULL, "agent", NULL, NULL, "a,b", NULL}, NULL, "expected a host name", false},
	/* clang-format on */
};

START_TEST(who_says_what_a_container_connects_to)
{
	struct oci_config *config = plain(), *hardened, *again;
	struct harden_request request = {.profile = NULL};
	struct harden_report *report;
	struct nacre_error err;
	int r = decide(&cases[_i].said, &request, &err);

	if (r == 0)
		r = harden(arena, config, &request, &hardened, &report, &err);
	if (!cases[_i].egress) {
		ck_assert_int_lt(r, 0);
		ck_assert_msg(strstr(err.text, cases[_i].says) != NULL, "%s", err.text);
		return;
	}
	ck_assert_msg(r == 0, "%s", err.text);
	ck_assert_str_eq(joined(&hardened->nacre->egress), cases[_i].egress);
	ck_assert_int_eq(hardened->nacre->egress_best_effort, cases[_i].best_effort);
	ck_assert_int_eq(harden(arena, hardened, &request, &again, &report, &err), 0);
	ck_assert(oci_config_equal(hardened, again));
}
END_TEST

static int harden_with(const struct said *said, const struct oci_config *config,
	struct oci_config **ret_config, struct nacre_error *err)
{
	struct harden_request request;
	struct harden_report *report;

	ck_assert_int_eq(decide(said, &request, err), 0);
	return harden(arena, config, &request, ret_config, &report, err);
}

START_TEST(the_metadata_service_needs_a_grant)
{
	struct nacre_error err;
	struct oci_config *got;

	ck_assert_int_eq(harden_with(&(struct said){.profile = "agent"}, plain(), &got, &err), 0);
	ck_assert(got->nacre->no_metadata);
	ck_assert_int_eq(harden_with(&(struct said){.profile = "agent", .allow = "metadata"},
				 plain(), &got, &err),
		0);
	ck_assert(!got->nacre->no_metadata);
	ck_assert_int_eq(harden_with(&(struct said){.profile = "agent",
					     .allow = "metadata",
					     .require = "metadata"},
				 plain(), &got, &err),
		0);
	ck_assert(got->nacre->no_metadata);
	ck_assert_int_eq(harden_with(&(struct said){.profile = "oci", .command = "0.0.0.0/0"},
				 plain(), &got, &err),
		0);
	ck_assert(got->nacre->no_metadata);
}
END_TEST

START_TEST(rules_need_a_filter_of_sockets)
{
	struct nacre_error err;
	struct oci_config *got;

	ck_assert_int_eq(
		harden_with(&(struct said){.profile = "oci", .command = "a"}, plain(), &got, &err),
		0);
	ck_assert_str_eq(got->nacre->seccomp_filter, "sockets");
	ck_assert(!got->nacre->no_listening);
	ck_assert_int_eq(
		harden_with(&(struct said){.profile = "agent", .command = "a"}, got, &got, &err),
		0);
	ck_assert_str_eq(got->nacre->seccomp_filter, "agent");
	ck_assert_int_eq(harden_with(&(struct said){.profile = "oci", .command = "open"}, plain(),
				 &got, &err),
		0);
	ck_assert_ptr_null(got->nacre->seccomp_filter);
	ck_assert_int_eq(harden_with(&(struct said){.profile = "strict"}, plain(), &got, &err), 0);
	ck_assert(got->nacre->no_listening);
	ck_assert_int_eq(harden_with(&(struct said){.profile = "strict", .allow = "listen"},
				 plain(), &got, &err),
		0);
	ck_assert(!got->nacre->no_listening);
}
END_TEST

/* What goes past rules, by grants. */
static const char *const past[] = {"socket:AF_PACKET", "socket:AF_VSOCK", "socket:SOCK_PACKET",
	"syscall:socket", "syscall:socketcall", "syscall:io_uring_setup", "syscall:request_key",
	"syscall:open_by_handle_at", "syscall:clone3"};

START_TEST(what_goes_past_rules_is_refused)
{
	const struct said said = {.profile = "agent", .command = "a", .allow = past[_i]};
	struct said free = said;
	struct nacre_error err;
	struct oci_config *got;

	ck_assert_int_eq(harden_with(&said, plain(), &got, &err), -EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, past[_i]));
	ck_assert_ptr_nonnull(strstr(err.text, "or give --egress open"));
	free.command = "open";
	ck_assert_int_eq(harden_with(&free, plain(), &got, &err), 0);
}
END_TEST

static const char *const raw[] = {",\"capabilities\":{\"bounding\":[\"CAP_NET_RAW\"]}",
	",\"capabilities\":{\"permitted\":[\"CAP_NET_RAW\"]}",
	",\"capabilities\":{\"inheritable\":[\"CAP_NET_RAW\"]}"};

START_TEST(raw_packets_go_past_rules)
{
	struct oci_config *config = tight("", raw[_i], "", LIMITED), *got;
	struct nacre_error err;

	ck_assert_int_eq(
		harden_with(&(struct said){.profile = "oci", .command = "a"}, config, &got, &err),
		-EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, "--cap-drop NET_RAW"));
	/* The ceiling takes it out first. */
	ck_assert_int_eq(
		harden_with(&(struct said){.profile = "agent", .command = "a"}, config, &got, &err),
		0);
}
END_TEST

START_TEST(names_need_a_network_of_their_own)
{
	struct oci_config *config = plain(), *got;
	struct nacre_error err;

	config->linux_->n_namespaces--;
	ck_assert_str_eq(config->linux_->namespaces[config->linux_->n_namespaces].type, "network");
	ck_assert_int_eq(
		harden_with(&(struct said){.profile = "oci", .command = "a"}, config, &got, &err),
		-EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, "{\"type\": \"network\"}"));
	ck_assert_int_eq(harden_with(&(struct said){.profile = "oci", .command = "10.0.0.0/8"},
				 config, &got, &err),
		0);
}
END_TEST

/* By itself, and then on a host that can enforce it. */
START_TEST(what_goes_past_the_none_of_strict_is_refused)
{
	static const struct said strict = {.profile = "strict", .allow = "cap:CAP_NET_RAW"},
				 open = {.profile = "strict",
					 .allow = "cap:CAP_NET_RAW",
					 .command = "open"};
	struct oci_config *config = tight("", raw[_i], "", LIMITED), *got;
	struct harden_request request;
	struct harden_report *report;
	struct nacre_error err;

	config->nacre->egress.n = 0;
	ck_assert_int_eq(decide(&strict, &request, &err), 0);
	ck_assert_int_eq(harden(arena, config, &request, &got, &report, &err), 0);
	request.host.egress = true;
	ck_assert_int_eq(harden(arena, config, &request, &got, &report, &err), -EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, "--cap-drop NET_RAW"));
	ck_assert_int_eq(decide(&open, &request, &err), 0);
	request.host.egress = true;
	ck_assert_int_eq(harden(arena, config, &request, &got, &report, &err), 0);
}
END_TEST

START_TEST(a_network_is_joined_where_rules_can_be_enforced)
{
	struct oci_config *config = plain(), *got;
	struct harden_request request;
	struct harden_report *report;
	struct nacre_error err;

	oci_find_namespace(config, "network")->path = "/run/netns/a";
	ck_assert_int_eq(decide(&(struct said){.profile = "strict"}, &request, &err), 0);
	ck_assert_int_eq(harden(arena, config, &request, &got, &report, &err), -EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, "--allow join-network"));
	request.host.egress = true;
	ck_assert_int_eq(harden(arena, config, &request, &got, &report, &err), 0);
	ck_assert_int_eq(
		decide(&(struct said){.profile = "strict", .command = "open"}, &request, &err), 0);
	request.host.egress = true;
	ck_assert_int_eq(harden(arena, config, &request, &got, &report, &err), -EPERM);
}
END_TEST

START_TEST(rules_of_the_config_are_held_by_tighter_ones)
{
	static const char *mine[] = {"*.example:443"};
	struct oci_config *config = plain(), *got;
	struct nacre_error err;

	config->nacre->egress = (struct oci_strings){mine, 1};
	ck_assert_int_eq(harden_with(&(struct said){.profile = "agent", .command = "a.example"},
				 config, &got, &err),
		0);
	ck_assert_str_eq(joined(&got->nacre->egress), "a.example:443");
	ck_assert_int_eq(harden_with(&(struct said){.profile = "agent", .command = "open"}, config,
				 &got, &err),
		-EPERM);
	ck_assert_int_eq(
		harden_with(&(struct said){.profile = "agent"}, config, &got, &err), -EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, "through the host's network"));
	ck_assert_int_eq(harden_with(&(struct said){.profile = "agent", .command = "10.0.0.0/8"},
				 config, &got, &err),
		-EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, "through the host's network"));
	ck_assert_int_eq(harden_with(&(struct said){.profile = "agent", .command = "b.org"}, config,
				 &got, &err),
		-EPERM);
	ck_assert_msg(harden_with(&(struct said){.profile = "strict"}, config, &got, &err) == 0,
		"%s", err.text);
	ck_assert_str_eq(joined(&got->nacre->egress), "none");
	ck_assert(!got->nacre->egress_best_effort);
}
END_TEST

START_TEST(names_are_never_best_effort)
{
	static const char *none[] = {"none"}, *name[] = {"a.example:443"}, *open[] = {"open"};
	struct oci_hardened nacre = {.egress = {none, 1}};

	ck_assert(harden_egress_holds(&nacre));
	nacre.egress_best_effort = true;
	ck_assert(!harden_egress_holds(&nacre));
	nacre.egress.items = name;
	ck_assert(harden_egress_holds(&nacre));
	nacre.egress.items = open;
	ck_assert(!harden_egress_holds(&nacre));
}
END_TEST

Suite *suite_harden_egress(void)
{
	Suite *suite = suite_create("harden_egress");
	TCase *tcase = tcase_create("harden_egress");

	tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
	tcase_add_loop_test(tcase, who_says_what_a_container_connects_to, 0, COUNT(cases));
	tcase_add_test(tcase, the_metadata_service_needs_a_grant);
	tcase_add_test(tcase, rules_need_a_filter_of_sockets);
	tcase_add_loop_test(tcase, what_goes_past_rules_is_refused, 0, COUNT(past));
	tcase_add_loop_test(tcase, raw_packets_go_past_rules, 0, COUNT(raw));
	tcase_add_test(tcase, names_need_a_network_of_their_own);
	tcase_add_test(tcase, what_goes_past_the_none_of_strict_is_refused);
	tcase_add_test(tcase, a_network_is_joined_where_rules_can_be_enforced);
	tcase_add_test(tcase, rules_of_the_config_are_held_by_tighter_ones);
	tcase_add_test(tcase, names_are_never_best_effort);
	suite_add_tcase(suite, tcase);
	return suite;
}
