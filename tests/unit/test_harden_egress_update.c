/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/policy.h"
#include "tests/unit/hardening.h"

#include <errno.h>
#include <string.h>

Suite *suite_harden_egress_update(void);

/* What `update --egress` makes of a container's rules. */

#define ALWAYS "{\"version\":1,\"egress\":{\"always\":[\"log.example\"]}}"
#define MAY_ADD                                                                              \
	"{\"version\":1,\"egress\":{\"default\":{\"agent\":[\"none\"]},\"may_add\":[\"*.exa" \
	"mple\"]}}"

static const struct {
	const char *profile, *before, *grants;
	const char *policy; /* NULL: none */
	const char *asked;
	const char *egress; /* NULL: an error, which says: */
	const char *says;
} cases[] = {
	/* clang-format off */
	{"oci", "10.0.0.0/8", "", NULL, "11.0.0.0/8", "11.0.0.0/8", NULL},
	{"agent", "10.0.0.0/8", "", NULL, "none", "none", NULL},
	{"agent", "10.0.0.0/8", "", NULL, "open", "open", NULL},
	{"agent", "a.example:443", "", NULL, "B.example", "b.example:443", NULL},
	{"agent", "10.0.0.0/8", "", NULL, "x:0", NULL, "--egress: egress rule \"x:0\""},
	{"agent", "10.0.0.0/8", "", NULL, "169.254.169.254", NULL, "--allow metadata"},
	{"agent", "10.0.0.0/8", "egress:12.0.0.0/8", NULL, "none", "none", NULL},
	{"agent", "10.0.0.0/8", "", ALWAYS, "none", "log.example:443", NULL},
	{"agent", "10.0.0.0/8", "", MAY_ADD, "b.example", "b.example:443", NULL},
	{"agent", "10.0.0.0/8", "", MAY_ADD, "open", NULL, "may_add of policy.json"},
	/* none hold */
	{"agent", "open", "", NULL, "none", "none", NULL},
	{"agent", "open", "", NULL, "open", "open", NULL},
	{"strict", "open", "", NULL, "none", "none", NULL},
	{"nested", "open", "", NULL, "none", "none", NULL},
	{"agent", "open", "cap:CAP_NET_ADMIN", NULL, "none", NULL, "CAP_NET_ADMIN"},
	{"agent", "open", "cgroup-write", NULL, "none", NULL, "it has the grant cgroup-write"},
	{"agent", "10.0.0.0/8", "cgroup-write", NULL, "none", "none", NULL},
	{"agent", "open", "socket:IPPROTO_SCTP", NULL, "none", NULL, "socket:IPPROTO_SCTP"},
	{"agent", "open", "socket:SOCK_RAW", NULL, "none", NULL, "socket:SOCK_RAW"},
	{"agent", "open", "socket:AF_VSOCK", NULL, "none", NULL, "socket:AF_VSOCK"},
	{"oci", "open", "", NULL, "none", NULL, "no seccomp filter"},
	{"oci", "open", "", NULL, "open", "open", NULL},
	/* clang-format on */
};

/* What create makes of a config without rules of its own. */
static struct oci_config *created(
	const char *profile, const char *grants, const struct oci_strings *egress)
{
	const struct harden_request request = {.profile = profile,
		.grants = split(grants),
		.egress = *egress,
		.egress_given = *egress};
	struct oci_config *config = tight("", "", "", LIMITED), *got;
	struct harden_report *report;
	struct nacre_error err;
	int r;

	config->nacre->egress.n = 0;
	config->nacre->egress_best_effort = config->nacre->no_listening = false;
	config->nacre->no_metadata = false;
	config->nacre->seccomp_filter = NULL;
	r = harden(arena, config, &request, &got, &report, &err);
	ck_assert_msg(r == 0, "%s", err.text);
	return got;
}

static int update(const struct oci_config *config, struct harden_request *request,
	const char *policy_text, const char *asked_text, struct oci_config **ret_config,
	struct nacre_error *err)
{
	const struct oci_strings asked = split(asked_text);
	struct harden_report *report;
	struct policy *policy = NULL;
	int r = policy_text ? policy_decode(arena, "policy.json", policy_text, strlen(policy_text),
				      &policy, err)
			    : 0;

	ck_assert_int_eq(r, 0);
	r = policy_decide_update(arena, policy, &asked, request, err);
	return r < 0 ? r : harden(arena, config, request, ret_config, &report, err);
}

START_TEST(an_update_takes_the_place_of_rules)
{
	const struct oci_strings before = split(cases[_i].before);
	struct harden_request request = {
		.profile = cases[_i].profile, .grants = split(cases[_i].grants)};
	struct oci_config *config = created(cases[_i].profile, cases[_i].grants, &before);
	struct oci_config *got, *again;
	struct harden_report *report;
	struct nacre_error err;
	int r = update(config, &request, cases[_i].policy, cases[_i].asked, &got, &err);

	if (!cases[_i].egress) {
		ck_assert_int_lt(r, 0);
		ck_assert_msg(strstr(err.text, cases[_i].says) != NULL, "%s", err.text);
		return;
	}
	ck_assert_msg(r == 0, "%s", err.text);
	ck_assert_str_eq(joined(&got->nacre->egress), cases[_i].egress);
	ck_assert(!got->nacre->egress_best_effort);
	ck_assert(got->nacre->no_metadata || !strcmp(cases[_i].egress, "open"));
	ck_assert_int_eq(got->nacre->no_listening, config->nacre->no_listening);
	/* A later update of limits leaves them. */
	request.egress = (struct oci_strings){.n = 0};
	request.egress_replaces = false;
	request.egress_stays = true;
	ck_assert_int_eq(harden(arena, got, &request, &again, &report, &err), 0);
	ck_assert(oci_config_equal(got, again));
}
END_TEST

/* What strict refuses by itself where that cannot be enforced held nothing. */
START_TEST(rules_of_best_effort_held_nothing)
{
	const struct oci_strings open = split("open");
	struct harden_request request = {.profile = "oci"};
	struct oci_config *config = created("oci", "", &open), *got;
	struct nacre_error err;

	config->nacre->egress = split("none");
	config->nacre->egress_best_effort = true;
	ck_assert_int_eq(update(config, &request, NULL, "none", &got, &err), -EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, "no seccomp filter"));
}
END_TEST

/* What grants gave at create is there, though the rule that asks is required. */
START_TEST(grants_count_where_rules_are_required)
{
	const struct oci_strings open = split("open");
	struct harden_request request = {.profile = "agent",
		.grants = split("cap:CAP_NET_ADMIN"),
		.require = split("egress")};
	struct oci_config *config = created("agent", "cap:CAP_NET_ADMIN", &open), *got;
	struct nacre_error err;

	ck_assert_int_eq(update(config, &request, NULL, "none", &got, &err), -EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, "CAP_NET_ADMIN"));
}
END_TEST

Suite *suite_harden_egress_update(void)
{
	Suite *suite = suite_create("harden_egress_update");
	TCase *tcase = tcase_create("harden_egress_update");

	tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
	tcase_add_loop_test(tcase, an_update_takes_the_place_of_rules, 0, COUNT(cases));
	tcase_add_test(tcase, rules_of_best_effort_held_nothing);
	tcase_add_test(tcase, grants_count_where_rules_are_required);
	suite_add_tcase(suite, tcase);
	return suite;
}
