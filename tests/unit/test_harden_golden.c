/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/hardening.h"

#include "tests/data_files.h"
#include "tests/unit/json_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

Suite *suite_harden_golden(void);

/*
 * Golden files, tests/data/harden/RULE.json, show what a rule does:
 *
 *	config		given: what sets the example apart from the config of tight(), as in RFC
 *7396 profile		the one that the example is shown under refused		the error of a rule
 *that refuses changes		what the rule says that it changed; no other rule changes anything
 *	differences	what did change
 *	docker		what the rule changes in Docker's config, by profile
 *
 * All but "config" is written by UPDATE_GOLDEN=1; what changes in git is then the review.
 */

/* The loosest that has the rule, but for "agent" in place of "nested". */
static const struct profile *profile_of(const struct rule *rule)
{
	const struct profile *profile = &profiles[PROFILE_AGENT];

	while (!profile_has(profile, rule->id))
		profile++;
	return profile;
}

static struct json_node *tree_of(const struct oci_config *config)
{
	struct json_node *tree;
	struct nacre_error err;
	char *text = NULL;

	ck_assert_int_eq(oci_config_encode(config, false, &text, &err), 0);
	tree = json_tree(arena, "config", text);
	free(text);
	return tree;
}

static void write_string(struct json_writer *w, const char *key, const char *text)
{
	json_key(w, key);
	json_string(w, text);
}

static void write_changes(struct json_writer *w, const struct harden_report *report)
{
	json_key(w, "changes");
	json_open_array(w);
	for (size_t i = 0; i < report->n_changes; i++) {
		const struct harden_change *change = &report->changes[i];

		json_open_object(w);
		write_string(w, "path", change->path);
		json_key(w, "from");
		json_raw(w, change->from ? change->from : "null");
		json_key(w, "to");
		json_raw(w, change->to ? change->to : "null");
		write_string(w, "summary", change->summary);
		json_close_object(w);
	}
	json_close_array(w);
}

static void write_differences(
	struct json_writer *w, const struct oci_config *given, const struct oci_config *tightened)
{
	struct oci_strings differences = json_tree_differences(
		arena, tree_of(given), tree_of(tightened));

	json_key(w, "differences");
	json_open_array(w);
	for (size_t i = 0; i < differences.n; i++)
		json_string(w, differences.items[i]);
	json_close_array(w);
}

static void write_docker(struct json_writer *w, const struct rule *rule)
{
	const struct oci_config *config = decode("a", read_data("config/docker-26.json"));

	json_key(w, "docker");
	json_open_object(w);
	for (const struct profile *profile = profiles; profile->name; profile++) {
		struct result result = must(
			rule->id == RULE_user_namespace
				? apply_shifted(config, profile->name, "join-network", "", NULL)
				: apply(config, profile->name, "join-network"));

		if (!profile_has(profile, rule->id))
			continue;
		json_key(w, profile->name);
		json_open_array(w);
		for (size_t i = 0; i < result.report->n_changes; i++) {
			const struct harden_change *change = &result.report->changes[i];

			if (!strcmp(change->rule, rule->name))
				json_string(w, arena_printf(arena, "%s: %s", change->path,
						       change->summary));
		}
		json_close_array(w);
	}
	json_close_object(w);
}

static struct result apply_plain(const struct rule *rule, const struct oci_config *given)
{
	const char *profile = profile_of(rule)->name;

	return rule->id == RULE_user_namespace ? apply_shifted(given, profile, "", "", NULL)
					       : apply(given, profile, "");
}

/* The golden file of RULE for what is CONFIG in it. */
static char *show(const struct rule *rule, const struct json_node *config)
{
	struct json_writer *w = json_writer_new(true);
	struct json_node *tree = json_tree(
		arena, "tight", tight_text("", "", "", LIMITED ",\"cpu\":{\"quota\":5000}"));
	const char *text = json_tree_text(arena, json_tree_merge(arena, tree, config), false);
	const struct oci_config *given = decode(rule->name, text);
	const char *profile = profile_of(rule)->name;
	struct result result = apply_plain(rule, given);
	struct nacre_error err;
	char *found = NULL;

	json_open_object(w);
	json_key(w, "config");
	json_value(w, config);
	write_string(w, "profile", profile);
	if (rule->effect == RULE_EFFECT_REFUSES) {
		ck_assert_int_eq(result.r, -EPERM);
		write_string(w, "refused", result.err.text);
	} else {
		must(result);
		ck_assert_uint_gt(result.report->n_changes, 0);
		for (size_t i = 0; i < result.report->n_changes; i++)
			ck_assert_str_eq(result.report->changes[i].rule, rule->name);
		write_changes(w, result.report);
		write_differences(w, given, result.config);
	}
	write_docker(w, rule);
	json_close_object(w);
	ck_assert_msg(json_writer_finish(w, &found, &err) == 0, "%s", err.text);
	return found;
}

START_TEST(a_rule_does_what_its_golden_file_says)
{
	const struct rule *rule = &harden_rules[_i];
	const char *name = arena_printf(arena, "harden/%s.json", rule->name);
	const struct json_node *config = json_member(
		json_tree(arena, name, read_data(name)), "config");
	char *found;

	ck_assert_msg(config, "tests/data/%s: \"config\" is missing", name);
	found = show(rule, config);
	data_expect(name, found);
	free(found);
}
END_TEST

static void add_grant(void *data, const char *grant)
{
	struct oci_strings *grants = data;

	/* Those with a path have a word for it. */
	if (harden_grant_check(grant, &(struct nacre_error){0}) == 0)
		ck_assert(harden_append_word(arena, grants, arena_strdup(arena, grant)));
}

/* Whether RULE does more by CHANGE than leave something to the host. */
static bool is_of(const struct harden_change *change, const struct rule *rule)
{
	return !strcmp(change->rule, rule->name) && strcmp(change->path, "nacre.egressBestEffort");
}

/* Whatever is granted: it does what it does without, or refuses. */
START_TEST(a_required_rule_does_what_it_does_without_grants)
{
	static const char *const paths[] = {"mount:/proc", "mount:/sys", "mount:/", "mount:/dev",
		"device:/dev/fuse", "device:/dev/other", "workspace:/", "network-device:eth1"};
	const struct rule *rule = &harden_rules[_i];
	const char *name = arena_printf(arena, "harden/%s.json", rule->name);
	const struct json_node *edit = json_member(
		json_tree(arena, name, read_data(name)), "config");
	struct json_node *tree = json_tree(
		arena, "tight", tight_text("", "", "", LIMITED ",\"cpu\":{\"quota\":5000}"));
	const struct oci_config *given = decode(
		name, json_tree_text(arena, json_tree_merge(arena, tree, edit), false));
	struct harden_request request = {
		.profile = profile_of(rule)->name, .shifted = rule->id == RULE_user_namespace};
	struct result plain = apply_plain(rule, given), required = {0};
	size_t changes[2] = {0, 0};

	harden_grant_each(add_grant, &request.grants);
	for (int i = 0; i < COUNT(paths); i++)
		add_grant(&request.grants, paths[i]);
	ck_assert(harden_append_word(arena, &request.require, rule->name));
	look_at_host(given, &request);
	give_ids(&request.host);
	required.r = harden(
		arena, given, &request, &required.config, &required.report, &required.err);
	ck_assert_int_eq(required.r, plain.r);
	if (plain.r < 0) {
		ck_assert_ptr_nonnull(strstr(
			required.err.text, "the rule is required, so no grant can allow it"));
		return;
	}
	for (size_t i = 0; i < plain.report->n_changes; i++)
		changes[0] += is_of(&plain.report->changes[i], rule);
	for (size_t i = 0; i < required.report->n_changes; i++)
		changes[1] += is_of(&required.report->changes[i], rule);
	ck_assert_uint_eq(changes[0], changes[1]);
}
END_TEST

/* The paths of the report, without what stands in brackets: indices move. */
static const char *without_indices(const char *path)
{
	char *plain = arena_strdup(arena, path), *end = plain;

	ck_assert_ptr_nonnull(plain);
	for (const char *p = plain; *p && *p != ':'; p++) {
		if (*p == '[')
			p += strcspn(p, "]");
		else
			*end++ = *p;
	}
	*end = '\0';
	return plain;
}

static bool is_told(const struct harden_report *report, const char *difference)
{
	const char *place = without_indices(difference);

	for (size_t i = 0; i < report->n_changes; i++) {
		const char *told = without_indices(report->changes[i].path);
		size_t length = strlen(told);

		if (!strncmp(place, told, length) && strchr(".", place[length]))
			return true;
		/* an object that the change itself made */
		length = strlen(place);
		if (!strncmp(told, place, length) && told[length] == '.')
			return true;
	}
	return false;
}

static void nothing_is_silent(const char *name)
{
	const struct oci_config *config = decode(name, read_data(name));

	for (const struct profile *profile = profiles; profile->name; profile++) {
		struct result result = apply(
			config, profile->name, "host-network join-network engine-socket");
		struct oci_strings found;

		if (result.r < 0)
			continue;
		found = json_tree_differences(arena, tree_of(config), tree_of(result.config));
		ck_assert(!found.n == !result.report->n_changes);
		for (size_t i = 0; i < found.n; i++)
			ck_assert_msg(is_told(result.report, found.items[i]), "%s, %s: %s", name,
				profile->name, found.items[i]);
	}
}

START_TEST(the_report_tells_of_every_difference)
{
	data_each("config", ".json", nothing_is_silent);
}
END_TEST

START_TEST(differences_are_found)
{
	const struct json_node *a = json_tree(
		arena, "a", "{\"a\":[1,2,3,{\"x\":1}],\"b\":true,\"c\":{\"d\":[]},\"gone\":null}");
	struct json_node *b = json_tree(
		arena, "b", "{\"a\":[0,1,3,{\"x\":2}],\"b\":false,\"c\":{\"d\":[],\"e\":\"f\"}}");
	static const char *const expected[] = {"a[0]: added 0", "a[1]: removed 2", "a[3].x: 1 -> 2",
		"b: true -> false", "c.e: added \"f\"", "gone: removed null"};
	struct oci_strings found = json_tree_differences(arena, a, b);

	ck_assert_uint_eq(found.n, (size_t)COUNT(expected));
	for (int i = 0; i < COUNT(expected); i++)
		ck_assert_str_eq(found.items[i], expected[i]);
	ck_assert_uint_eq(json_tree_differences(arena, a, a).n, 0);
	/* RFC 7396 */
	b = json_tree_merge(arena, b,
		json_tree(arena, "patch",
			"{\"a\":[9],\"b\":null,\"c\":{\"e\":1,\"f\":{\"g\":null}}}"));
	ck_assert_str_eq(
		json_tree_text(arena, b, false), "{\"a\":[9],\"c\":{\"d\":[],\"e\":1,\"f\":{}}}");
}
END_TEST

Suite *suite_harden_golden(void)
{
	Suite *suite = suite_create("harden_golden");
	TCase *tcase = tcase_create("harden_golden");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
	tcase_add_loop_test(
		tcase, a_required_rule_does_what_it_does_without_grants, 0, N_PROFILE_RULES);
	tcase_add_loop_test(tcase, a_rule_does_what_its_golden_file_says, 0, N_PROFILE_RULES);
	tcase_add_test(tcase, the_report_tells_of_every_difference);
	tcase_add_test(tcase, differences_are_found);
	suite_add_tcase(suite, tcase);
	return suite;
}
