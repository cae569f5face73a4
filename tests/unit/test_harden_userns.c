/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/harden_userns.h"

#include <errno.h>
#include <string.h>

#include "specs/mount_layers.h"
#include "tests/unit/hardening.h"

Suite *suite_harden_userns(void);

#define BLOCK "[{\"containerID\":0,\"hostID\":1879048192,\"size\":65536}]"

static const struct oci_config *plain(void)
{
	return tight("", "", "", LIMITED);
}

START_TEST(one_block_is_all_that_it_has)
{
	struct result result = must(apply_shifted(plain(), "agent", "", "", NULL));
	const struct oci_linux *linux_ = result.config->linux_;

	ck_assert(oci_has_new_namespace(result.config, "user"));
	ck_assert_uint_eq(linux_->n_uid_mappings, 1);
	ck_assert_uint_eq(linux_->n_gid_mappings, 1);
	ck_assert_str_eq(result.report->changes[1].to, BLOCK);
	ck_assert_str_eq(result.report->changes[2].to, BLOCK);
	ck_assert(oci_strings_have(&result.report->rules, "user-namespace"));
	/* And none that did not ask. */
	result = must(apply(plain(), "agent", ""));
	ck_assert(!oci_find_namespace(result.config, "user"));
	ck_assert(!oci_strings_have(&result.report->rules, "user-namespace"));
}
END_TEST

START_TEST(it_is_taken_back_by_a_grant_unless_it_is_required)
{
	struct result result = apply_shifted(plain(), "agent", "no-user-namespace", "", NULL);

	ck_assert_no_change(&result, "no-user-namespace");
	result = must(apply_shifted(plain(), "agent", "no-user-namespace", "user-namespace", NULL));
	ck_assert(oci_has_new_namespace(result.config, "user"));
}
END_TEST

START_TEST(where_it_cannot_be_had_it_is_left_out_or_refused)
{
	struct result result = apply_shifted(plain(), "agent", "", "", "the moon");

	ck_assert_no_change(&result, "");
	ck_assert_uint_eq(result.report->left_out.n, 1);
	ck_assert_str_eq(result.report->left_out.items[0],
		"rule user-namespace: the container gets no user "
		"namespace with ids of its own: the moon");
	result = apply_shifted(plain(), "agent", "", "user-namespace", "the moon");
	ck_assert_refused(&result, "profile agent, rule user-namespace: linux.namespaces: the "
				   "moon; the rule is required, so no grant can allow it");
}
END_TEST

#define USER(uid, gid)                                                          \
	",\"uidMappings\":[{\"containerID\":0,\"hostID\":" uid ",\"size\":9}]," \
	"\"gidMappings\":[{\"containerID\":0,\"hostID\":" gid ",\"size\":9}]"

static const struct oci_config *with_own(const char *text)
{
	struct oci_config *config = tight("", "", text, LIMITED);

	ck_assert_ptr_nonnull(oci_add_namespace(arena, config, "user"));
	return config;
}

START_TEST(one_of_the_config_s_own_stays)
{
	struct result result = apply_shifted(with_own(USER("70", "70")), "agent", "", "", NULL);

	ck_assert_no_change(&result, "");
	ck_assert_uint_eq(result.report->left_out.n, 0);
	must(apply_shifted(with_own(USER("70", "70")), "agent", "", "user-namespace", NULL));
}
END_TEST

START_TEST(one_with_root_of_the_host_in_it_is_none)
{
	static const char *const maps[] = {USER("0", "0"), USER("0", "70"), USER("70", "0")};
	struct result result = must(apply_shifted(with_own(maps[_i]), "agent", "", "", NULL));

	ck_assert_uint_eq(result.report->left_out.n, 1);
	ck_assert_str_eq(result.report->left_out.items[0],
		"rule user-namespace: the container gets no user namespace with ids of its own: "
		"the user namespace of config.json maps the host's root");
	result = apply_shifted(with_own(maps[_i]), "agent", "", "user-namespace", NULL);
	ck_assert_refused(&result,
		"profile agent, rule user-namespace: linux.uidMappings: the user namespace of "
		"config.json maps the host's root; the rule is required, so no grant can allow it");
	result = must(apply_shifted(with_own(maps[_i]), "agent", "no-user-namespace", "", NULL));
	ck_assert_uint_eq(result.report->left_out.n, 0);
}
END_TEST

#define BIND(words) \
	",{\"destination\":\"/b\",\"source\":\"/b\",\"type\":\"bind\",\"options\":[" words "]}"

static const struct {
	const char *mounts, *without, *grants, *obstacle;
} obstacles[] = {
	{"", "", "", ""},
	{"", "pid", "", ""},
	{"", "pid", "host-pid", "the pid namespace is not the container's own"},
	{BIND("\"bind\",\"idmap\""), "", "", "mounts[8] has id mappings of its own"},
	{",{\"destination\":\"/o\",\"source\":\"o\",\"type\":\"overlay\",\"options\":[\"lowerdir=/"
	 "a:/b\"]}",
		"", "", "mounts[8] is an overlay"},
	{",{\"destination\":\"/d\",\"source\":\"/dev/sdx\",\"type\":\"ext4\",\"options\":[\"ro\"]}",
		"", "", "mounts[8] mounts a disk"},
};

START_TEST(what_stands_against_it_is_told)
{
	struct oci_config *config = tight(obstacles[_i].mounts, "", "", LIMITED);
	struct harden_request request = {
		.profile = "agent", .shifted = true, .grants = split(obstacles[_i].grants)};
	struct oci_linux *linux_ = config->linux_;
	char text[256];

	for (size_t i = 0; i < linux_->n_namespaces; i++)
		if (!strcmp(linux_->namespaces[i].type, obstacles[_i].without))
			linux_->namespaces[i] = linux_->namespaces[--linux_->n_namespaces];
	ck_assert(harden_wants_shift(config, &request));
	harden_shift_obstacle(config, &request, text);
	if (strncmp(obstacles[_i].obstacle, "mounts[", 7) == 0)
		ck_assert_ptr_nonnull(strstr(text, strchr(obstacles[_i].obstacle, ' ')));
	else
		ck_assert_str_eq(text, obstacles[_i].obstacle);
}
END_TEST

#define MAPS_OF_POD "[{\"containerID\":0,\"hostID\":1900019712,\"size\":65536}]"

static struct oci_id_mapping map_of_pod[] = {{.host_id = 1900019712, .size = 65536}};
static const struct harden_pod pod = {.userns = "/proc/7/ns/user",
	.maps = {.uids = map_of_pod, .gids = map_of_pod, .n_uids = 1, .n_gids = 1}};

START_TEST(the_user_namespace_of_its_pod_is_joined)
{
	struct harden_request request = {.profile = "agent", .shifted = true};
	struct result result = {0};
	const struct oci_namespace *user;

	give_ids(&request.host);
	request.host.pod = &pod;
	result.r = harden(arena, plain(), &request, &result.config, &result.report, &result.err);
	result = must(result);
	user = oci_find_namespace(result.config, "user");
	ck_assert_ptr_nonnull(user);
	ck_assert_str_eq(user->path, "/proc/7/ns/user");
	ck_assert_str_eq(
		result.report->changes[0].to, "{\"type\":\"user\",\"path\":\"/proc/7/ns/user\"}");
	ck_assert_str_eq(result.report->changes[1].to, MAPS_OF_POD);
	ck_assert_str_eq(result.report->changes[2].to, MAPS_OF_POD);
	ck_assert_uint_eq(result.config->linux_->uid_mappings[0].host_id, 1900019712);
}
END_TEST

START_TEST(the_pid_namespace_of_its_pod_is_no_obstacle)
{
	struct harden_pod with_pid = pod;
	struct harden_request request = {.profile = "strict"};
	struct oci_config *config = tight("", "", "", LIMITED);
	char text[256];

	with_pid.of_pid = true;
	oci_find_namespace(config, "pid")->path = "/proc/7/ns/pid";
	harden_shift_obstacle(config, &request, text);
	ck_assert_str_eq(text, "the pid namespace is not the container's own");
	request.host.no_pod = "it is the moon's";
	harden_shift_obstacle(config, &request, text);
	ck_assert_str_eq(text, "the pid namespace is not the container's own: it is the moon's");
	request.host.no_pod = NULL;
	request.host.pod = &pod;
	harden_shift_obstacle(config, &request, text);
	ck_assert_str_eq(text, "the pid namespace is not the container's own");
	request.host.pod = &with_pid;
	harden_shift_obstacle(config, &request, text);
	ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(each_id_of_a_process_must_be_in_the_maps)
{
	struct oci_id_mapping single[] = {
		{.host_id = 1900019712, .size = 65520}, {.container_id = 70000, .size = 1}};
	const struct harden_maps maps = {
		.uids = map_of_pod, .gids = single, .n_uids = 1, .n_gids = 2};
	static const struct {
		uint32_t uid, gid, more;
		const char *place; /* NULL: all are */
		uint32_t id;
	} cases[] = {
		{0, 0, 0, NULL, 0},
		{65535, 65519, 70000, NULL, 0},
		{65536, 0, 0, "process.user.uid", 65536},
		{70000, 0, 0, "process.user.uid", 70000},
		{0, 65520, 0, "process.user.gid", 65520},
		{0, 70000, 70001, "process.user.additionalGids", 70001},
	};
	const char *place;
	uint32_t id;

	ck_assert(harden_maps_have(&maps, NULL, &place, &id));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t groups[] = {0, cases[i].more};
		const struct oci_process process = {.user = {.uid = cases[i].uid,
							    .gid = cases[i].gid,
							    .additional_gids = groups,
							    .n_additional_gids = 2}};
		const bool found = harden_maps_have(&maps, &process, &place, &id);

		ck_assert_int_eq(found, !cases[i].place);
		if (found)
			continue;
		ck_assert_str_eq(place, cases[i].place);
		ck_assert_uint_eq(id, cases[i].id);
	}
}
END_TEST

START_TEST(each_id_above_the_block_has_one_of_its_own)
{
	uint32_t many[HARDEN_SINGLE_IDS + 1] = {0};
	struct oci_process process = {.user = {.uid = 65536, .gid = 65535}};
	struct harden_maps maps;
	struct nacre_error err;

	for (size_t i = 0; i <= HARDEN_SINGLE_IDS; i++)
		many[i] = 100000 + (uint32_t)i;
	process.user.additional_gids = many;
	process.user.n_additional_gids = HARDEN_SINGLE_IDS;
	ck_assert_int_eq(harden_shift_maps(arena, &process, 131072, &maps, &err), 0);
	ck_assert_uint_eq(maps.n_uids, 3);
	ck_assert_uint_eq(maps.n_gids, 2 + HARDEN_SINGLE_IDS);
	ck_assert_uint_eq(maps.uids[2].container_id, 65536);
	/* All of them are in the block, and no two are one. */
	for (size_t i = 0; i < maps.n_gids; i++) {
		const struct oci_id_mapping *a = &maps.gids[i];

		ck_assert(a->host_id >= 131072 && a->host_id + a->size <= 196608);
		for (size_t k = 0; k < i; k++)
			ck_assert(a->host_id >= maps.gids[k].host_id + maps.gids[k].size ||
				  maps.gids[k].host_id >= a->host_id + a->size);
	}
	process.user.n_additional_gids++;
	ck_assert_int_eq(harden_shift_maps(arena, &process, 131072, &maps, &err), -EPERM);
	ck_assert_ptr_nonnull(
		strstr(err.text, "if the rule is not required, give --allow no-user-namespace"));
}
END_TEST

START_TEST(the_range_of_who_may_ping_ends_with_the_block)
{
	static const struct {
		const char *given, *clamped;
	} cases[] = {{"0 2147483647", "0 65534"}, {"5 70000", "5 65534"}, {"0 100", "0 100"},
		{"1 0", "1 0"}, {"70000 80000", "70000 80000"},
		{"0 2147483647 x", "0 2147483647 x"}};
	char value[32];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = arena_printf(arena,
			",\"sysctl\":{\"net.ipv4.ping_group_range\":\"%s\"}", cases[i].given);
		const struct oci_config *config;
		struct result result;

		config = tight("", "", text, LIMITED);
		result = must(apply_shifted(config, "agent", "", "", NULL));
		ck_assert_str_eq(result.config->linux_->sysctl.items[0].value, cases[i].clamped);
	}
	harden_shift_ping_outside(131072, 0, 65534, value);
	ck_assert_str_eq(value, "0 2147483647");
	harden_shift_ping_outside(131072, 5, 100, value);
	ck_assert_str_eq(value, "131077 131172");
}
END_TEST

START_TEST(an_overlay_with_a_label_is_known_by_its_options)
{
	static const char *const labels[] = {"context=\"system_u:object_r:container_file_t:s0:c1",
		"fscontext=x", "defcontext=x", "rootcontext=x"};
	static const char *const others[] = {
		"c2\"", "seclabel", "rw", "index=off", "xcontext=x", "context", ""};

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		ck_assert_msg(mount_layers_has_label(labels[i]), "%s", labels[i]);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		ck_assert_msg(!mount_layers_has_label(others[i]), "%s", others[i]);
}
END_TEST

Suite *suite_harden_userns(void)
{
	Suite *s = suite_create("harden_userns");
	TCase *tc = tcase_create("shift");

	tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
	tcase_add_test(tc, one_block_is_all_that_it_has);
	tcase_add_test(tc, it_is_taken_back_by_a_grant_unless_it_is_required);
	tcase_add_test(tc, where_it_cannot_be_had_it_is_left_out_or_refused);
	tcase_add_test(tc, one_of_the_config_s_own_stays);
	tcase_add_loop_test(tc, one_with_root_of_the_host_in_it_is_none, 0, 3);
	tcase_add_loop_test(
		tc, what_stands_against_it_is_told, 0, sizeof(obstacles) / sizeof(obstacles[0]));
	tcase_add_test(tc, the_user_namespace_of_its_pod_is_joined);
	tcase_add_test(tc, the_pid_namespace_of_its_pod_is_no_obstacle);
	tcase_add_test(tc, each_id_of_a_process_must_be_in_the_maps);
	tcase_add_test(tc, the_range_of_who_may_ping_ends_with_the_block);
	tcase_add_test(tc, each_id_above_the_block_has_one_of_its_own);
	tcase_add_test(tc, an_overlay_with_a_label_is_known_by_its_options);
	suite_add_tcase(s, tc);
	return s;
}
