/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/json.h"
#include "specs/mount_words.h"
#include "specs/policy.h"
#include "tests/unit/hardening.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_harden_workspace(void);

#define CPU ",\"cpu\":{\"quota\":5000}"
#define BIND(destination, words)                                         \
	",{\"destination\":\"" destination "\",\"source\":\"/home/me\"," \
	"\"options\":[" words "]}"

static struct harden_request request;

static void set_up(void)
{
	fixture_setup();
	request = (struct harden_request){.profile = "agent"};
}

static struct oci_config *with(const char *mounts)
{
	return tight(mounts, "", "", LIMITED CPU);
}

/* WORKSPACES: as of the command line, separated by spaces; BINDS: of the annotation. */
static struct result ask(
	struct oci_config *config, const char *profile, const char *workspaces, const char *binds)
{
	const struct oci_strings texts = split(workspaces);
	struct workspace_request *parsed = arena_array(arena, texts.n + 1, sizeof(*parsed));
	struct result result = {0};

	for (size_t i = 0; i < texts.n; i++)
		ck_assert_int_eq(workspace_request_parse(
					 arena, texts.items[i], "/base", &parsed[i], &result.err),
			0);
	request.profile = profile;
	request.workspaces = parsed;
	request.n_workspaces = texts.n;
	request.workspace_binds = split(binds);
	look_at_host(config, &request);
	result.r = harden(arena, config, &request, &result.config, &result.report, &result.err);
	return result;
}

static const struct oci_mount *mount_on(const struct result *result, const char *destination)
{
	for (size_t i = 0; i < result->config->n_mounts; i++)
		if (!strcmp(result->config->mounts[i].destination, destination))
			return &result->config->mounts[i];
	ck_abort_msg("no mount on %s", destination);
	return NULL;
}

static const struct oci_workspace *mark_on(const struct result *result, const char *destination)
{
	return oci_find_workspace(result->config, mount_on(result, destination));
}

static const char *const all_profiles[] = {"oci", "nested", "agent", "strict"};

/* What is written to a copy is written to no directory of the host. */
START_TEST(a_copy_stays_writable_under_every_profile)
{
	struct result result = must(ask(with(""), all_profiles[_i], "/home/me:/w", ""));
	const struct oci_mount *mount = mount_on(&result, "/w");

	ck_assert_str_eq(mount->source, "/home/me");
	ck_assert(mount_has(mount, "nosuid") && mount_has(mount, "nodev"));
	ck_assert(!mount_is_read_only(mount));
	ck_assert_str_eq(mark_on(&result, "/w")->form, WORKSPACE_COW);
	ck_assert_uint_eq(mark_on(&result, "/w")->bytes, 0);
	/* Programs in it: as in any bind of the workspace. */
	ck_assert_int_eq(mount_has(mount, "noexec"), !strcmp(all_profiles[_i], "strict"));
}
END_TEST

START_TEST(a_grant_lets_programs_of_a_copy_run_under_strict)
{
	struct result result;

	request.grants = split("workspace-exec");
	result = must(ask(with(""), "strict", "/home/me:/w", ""));
	ck_assert(!mount_has(mount_on(&result, "/w"), "noexec"));
	ck_assert_uint_eq(result.report->granted.n, 1);
}
END_TEST

START_TEST(the_form_ro_is_a_read_only_bind_and_no_workspace)
{
	struct result result = must(ask(with(""), "agent", "/home/me:/w:ro", ""));

	ck_assert(mount_is_read_only(mount_on(&result, "/w")) ||
		  mount_has(mount_on(&result, "/w"), "rro"));
	ck_assert_ptr_null(mark_on(&result, "/w"));
}
END_TEST

/* Hardened again, with the same request and without. */
START_TEST(it_is_asked_for_once)
{
	struct result first = must(
		ask(with(""), all_profiles[_i], "/a,size=1M /b:direct /c:ro", ""));
	struct result second = must(
		ask(first.config, all_profiles[_i], "/a,size=1M /b:direct /c:ro", ""));
	struct result third = must(ask(first.config, all_profiles[_i], "", "/a"));

	ck_assert(oci_config_equal(first.config, second.config));
	ck_assert(oci_config_equal(first.config, third.config));
	ck_assert_uint_eq(second.report->n_changes, 0);
	ck_assert_uint_eq(mark_on(&third, "/a")->bytes, 1 << 20);
}
END_TEST

/* Its change of the report is not cut off. */
START_TEST(it_may_have_long_names)
{
	char *name = arena_alloc(arena, 1024), *text = NULL;
	struct json_document *document;
	struct result result;

	memset(name, 'n', 1023);
	name[0] = '/';
	name[1023] = '\0';
	result = must(ask(with(""), "agent", arena_printf(arena, "%s:%s", name, name), ""));
	ck_assert_int_eq(harden_report_json(result.report, &text, &result.err), 0);
	ck_assert_msg(json_parse(arena, "report", text, strlen(text), &document, &result.err) == 0,
		"%s", result.err.text);
	free(text);
}
END_TEST

START_TEST(it_comes_before_what_lies_in_it)
{
	struct result result = must(ask(
		with(BIND("/w/in", "\"bind\",\"nosuid\",\"nodev\"")), "oci", "/home/me:/w", ""));

	ck_assert(mount_on(&result, "/w") < mount_on(&result, "/w/in"));
}
END_TEST

START_TEST(a_destination_that_is_taken_is_an_error)
{
	struct result result = ask(with(BIND("/w/", "\"bind\"")), "oci", "/home/me:/w", "");

	ck_assert_int_eq(result.r, -EEXIST);
	ck_assert_msg(strstr(result.err.text, "mounts[1] already has the destination /w"), "%s",
		result.err.text);
}
END_TEST

START_TEST(the_annotation_makes_a_copy_of_a_bind)
{
	struct result result = must(
		ask(with(BIND("/w//", "\"rbind\",\"rw\"") BIND("/v", "\"bind\"")), all_profiles[_i],
			"", "/w"));

	ck_assert_str_eq(mark_on(&result, "/w//")->form, WORKSPACE_COW);
	ck_assert(!mount_is_read_only(mount_on(&result, "/w//")));
	ck_assert_ptr_null(mark_on(&result, "/v"));
}
END_TEST

START_TEST(the_annotation_leaves_a_read_only_bind)
{
	struct result result = must(ask(with(BIND("/w", "\"bind\",\"ro\"")), "oci", "", "/w"));

	ck_assert_ptr_null(mark_on(&result, "/w"));
	ck_assert(mount_is_read_only(mount_on(&result, "/w")));
}
END_TEST

static const struct {
	const char *mounts;
	const char *error;
} not_converted[] = {
	{"", "config.json has no bind mount with the destination /w"},
	{",{\"destination\":\"/w\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"}",
		"config.json has no bind mount with the destination /w"},
	{BIND("/w", "\"bind\",\"idmap\""), "the bind mount on /w is id-mapped"},
	{BIND("/w", "\"bind\",\"copy-symlink\""), "has the option copy-symlink"},
	{BIND("/w", "\"bind\"") BIND("/w", "\"bind\""),
		"more than one bind mount has the destination /w"},
};

START_TEST(what_cannot_be_a_copy_is_refused)
{
	struct result result = ask(with(not_converted[_i].mounts), "oci", "", "/w");

	ck_assert_int_eq(result.r, -EINVAL);
	ck_assert_msg(strstr(result.err.text, not_converted[_i].error), "%s", result.err.text);
}
END_TEST

/* The policy's limit is for those that ask for none, and holds a tenant. */
START_TEST(the_policy_has_limits_and_names)
{
	struct result result;

	request.workspace_defaults = (struct oci_workspace){
		.bytes = 5 << 20, .inodes = 77, .protect = split("a b/c")};
	result = must(ask(with(""), "agent", "/large,size=1G /none /d:direct", ""));
	ck_assert_uint_eq(mark_on(&result, "/large")->bytes, 1 << 30);
	ck_assert(!mark_on(&result, "/large")->best_effort);
	ck_assert_uint_eq(mark_on(&result, "/none")->bytes, 5 << 20);
	ck_assert(mark_on(&result, "/none")->best_effort);
	ck_assert_uint_eq(mark_on(&result, "/none")->inodes, 77);
	ck_assert_uint_eq(mark_on(&result, "/none")->protect.n, 2);
	ck_assert_uint_eq(mark_on(&result, "/d")->bytes, 0);
	ck_assert_uint_eq(mark_on(&result, "/d")->protect.n, 2);
	/* As config.json would have it. */
	request.workspace_defaults.bytes = 1 << 20;
	result = must(ask(result.config, "agent", "", ""));
	ck_assert_uint_eq(mark_on(&result, "/large")->bytes, 1 << 20);
}
END_TEST

static int decide(const char *policy_text, const char *profile, const char *workspace,
	const char *annotation, struct harden_request *ret, struct nacre_error *err)
{
	struct policy *policy = NULL;
	struct workspace_request asked;
	const struct policy_request all = {
		.profile = profile, .workspaces = &asked, .n_workspaces = 1};
	struct oci_pair pair = {ANNOTATION_WORKSPACE, annotation};
	const struct oci_map annotations = {&pair, annotation ? 1 : 0};

	ck_assert_int_eq(workspace_request_parse(arena, workspace, "/base", &asked, err), 0);
	ck_assert_int_eq(
		policy_decode(arena, "policy.json", policy_text, strlen(policy_text), &policy, err),
		0);
	return policy_decide(arena, policy, &all, &annotations, ret, err);
}

START_TEST(direct_is_a_grant_where_binds_are_read_only)
{
	struct harden_request ret;
	struct nacre_error err;

	ck_assert_int_eq(decide("{\"version\":1}", "agent", "/s:direct", NULL, &ret, &err), 0);
	ck_assert_uint_eq(ret.grants.n, 0);
	ck_assert_int_eq(decide("{\"version\":1}", "strict", "/s:direct", NULL, &ret, &err), 0);
	ck_assert_uint_eq(ret.grants.n, 1);
	ck_assert_str_eq(ret.grants.items[0], "workspace:/s");
	ck_assert_str_eq(ret.granted_by[0], BY_COMMAND);
	ck_assert_int_eq(decide("{\"version\":1}", "strict", "/s", NULL, &ret, &err), 0);
	ck_assert_uint_eq(ret.grants.n, 0);
	ck_assert_int_eq(decide("{\"version\":1,\"grants\":{\"allowed\":[\"workspace:/srv/*\"]}}",
				 "strict", "/s:direct", NULL, &ret, &err),
		-EPERM);
	ck_assert_msg(strstr(err.text, "--workspace /s:direct: the grant workspace:/s is not "
				       "listed in grants.allowed of policy.json"),
		"%s", err.text);
}
END_TEST

START_TEST(the_annotation_is_read_by_the_policy)
{
	struct harden_request ret;
	struct nacre_error err;

	ck_assert_int_eq(decide("{\"version\":1,\"workspace\":{\"bytes\":1048576,\"inodes\":100,"
				"\"protect\":[\"x\"]}}",
				 "agent", "/s", "/a /b", &ret, &err),
		0);
	ck_assert_str_eq(joined(&ret.workspace_binds), "/a /b");
	ck_assert_uint_eq(ret.workspace_defaults.bytes, 1 << 20);
	ck_assert_uint_eq(ret.workspace_defaults.inodes, 100);
	ck_assert_str_eq(joined(&ret.workspace_defaults.protect), "x");
	ck_assert_int_eq(decide("{\"version\":1}", "agent", "/s", "a", &ret, &err), -EINVAL);
	ck_assert_str_eq(err.text, "annotation run.nacre.workspace: \"a\": expected the absolute "
				   "path of a mount in the container");
}
END_TEST

Suite *suite_harden_workspace(void)
{
	Suite *suite = suite_create("harden_workspace");
	TCase *tcase = tcase_create("harden_workspace");

	tcase_add_checked_fixture(tcase, set_up, fixture_teardown);
	tcase_add_loop_test(
		tcase, a_copy_stays_writable_under_every_profile, 0, COUNT(all_profiles));
	tcase_add_test(tcase, a_grant_lets_programs_of_a_copy_run_under_strict);
	tcase_add_test(tcase, the_form_ro_is_a_read_only_bind_and_no_workspace);
	tcase_add_loop_test(tcase, it_is_asked_for_once, 0, COUNT(all_profiles));
	tcase_add_test(tcase, it_may_have_long_names);
	tcase_add_test(tcase, it_comes_before_what_lies_in_it);
	tcase_add_test(tcase, a_destination_that_is_taken_is_an_error);
	tcase_add_loop_test(tcase, the_annotation_makes_a_copy_of_a_bind, 0, COUNT(all_profiles));
	tcase_add_test(tcase, the_annotation_leaves_a_read_only_bind);
	tcase_add_loop_test(tcase, what_cannot_be_a_copy_is_refused, 0, COUNT(not_converted));
	tcase_add_test(tcase, the_policy_has_limits_and_names);
	tcase_add_test(tcase, direct_is_a_grant_where_binds_are_read_only);
	tcase_add_test(tcase, the_annotation_is_read_by_the_policy);
	suite_add_tcase(suite, tcase);
	return suite;
}
