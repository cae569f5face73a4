/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/mount_idmap.h"
#include "tests/unit/config_fixture.h"

#include <errno.h>
#include <stdio.h>

Suite *suite_mount_idmap(void);

/* OPTION, of the only mount of a config whose user namespace begins at 100000 and 200000. */
static struct oci_mount *decode_option(const char *option, const char *more)
{
	static const char format[] =
		"{\"ociVersion\":\"1.3.0\",\"mounts\":[{\"destination\":\"/a\",\"options\":"
		"[\"bind\",\"%s\"]%s}],\"linux\":{\"uidMappings\":[{\"containerID\":0,\"hostID\":"
		"100000,\"size\":10}],\"gidMappings\":[{\"containerID\":5,\"hostID\":200000,"
		"\"size\":10}]}}";
	char text[1024];
	struct oci_config *config;

	(void)snprintf(text, sizeof(text), format, option, more);
	config = decode(text);
	return mount_idmap_decode(arena, config, &err) < 0 ? NULL : &config->mounts[0];
}

static void is_mapping(
	const struct oci_id_mapping *map, uint32_t container_id, uint32_t host_id, uint32_t size)
{
	ck_assert_uint_eq(map->container_id, container_id);
	ck_assert_uint_eq(map->host_id, host_id);
	ck_assert_uint_eq(map->size, size);
}

START_TEST(triplets_become_mappings)
{
	const struct oci_mount *mount = decode_option(
		"idmap=uids=0-1000-1#1-2000-10;gids=5-6-7", "");

	ck_assert_msg(mount, "%s", err.text);
	ck_assert_str_eq(mount->options.items[1], "idmap");
	ck_assert_uint_eq(mount->n_uid_mappings, 2);
	is_mapping(&mount->uid_mappings[0], 0, 1000, 1);
	is_mapping(&mount->uid_mappings[1], 1, 2000, 10);
	ck_assert_uint_eq(mount->n_gid_mappings, 1);
	is_mapping(&mount->gid_mappings[0], 5, 6, 7);
}
END_TEST

START_TEST(an_id_behind_an_at_is_one_of_the_container)
{
	const struct oci_mount *mount = decode_option("ridmap=gids=@0-7-1;uids=@0-3-2#9-9-9", "");

	ck_assert_msg(mount, "%s", err.text);
	ck_assert_str_eq(mount->options.items[1], "ridmap");
	is_mapping(&mount->uid_mappings[0], 0, 100003, 2);
	is_mapping(&mount->uid_mappings[1], 9, 9, 9);
	is_mapping(&mount->gid_mappings[0], 0, 200002, 1);
}
END_TEST

START_TEST(mappings_of_the_mount_itself_stay)
{
	const struct oci_mount *mount = decode_option("idmap=uids=0-1-2;gids=0-1-2",
		",\"uidMappings\":[{\"containerID\":8,\"hostID\":9,\"size\":1}],"
		"\"gidMappings\":[{\"containerID\":8,\"hostID\":9,\"size\":1}]");

	ck_assert_msg(mount, "%s", err.text);
	ck_assert_uint_eq(mount->n_uid_mappings, 1);
	is_mapping(&mount->uid_mappings[0], 8, 9, 1);
	ck_assert_str_eq(mount->options.items[1], "idmap");
}
END_TEST

static const char *const malformed[] = {
	"idmap=",
	"idmap=uids=0-1-2",
	"idmap=uids=0-1-2;",
	"idmap=uids=0-1-2;gids=",
	"idmap=uids=0-1;gids=0-1-2",
	"idmap=uids=0-1-2#;gids=0-1-2",
	"idmap=uids=0-1-2;gids=0-1-2;",
	"idmap=uids=0-1-2;uids=0-1-2",
	"idmap=uids=0-1-2,gids=0-1-2",
	"idmap=uids=0-1-2-3;gids=0-1-2",
	"idmap=uids=-1-1-2;gids=0-1-2",
	"idmap=uids=+1-1-2;gids=0-1-2",
	"idmap=uids= 1-1-2;gids=0-1-2",
	"idmap=uids=0-4294967296-2;gids=0-1-2",
	"idmap=uids=0-00000000001-2;gids=0-1-2",
	"idmap=users=0-1-2;gids=0-1-2",
	"idmap=uids=@0-10-1;gids=0-1-2",
	"idmap=uids=0-1-2;gids=@0-4-1",
};

START_TEST(what_is_malformed_is_refused_by_place)
{
	ck_assert_ptr_null(decode_option(malformed[_i], ""));
	ck_assert_int_eq(err.code, EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "mounts[0].options: "));
	ck_assert_ptr_nonnull(strstr(err.text, malformed[_i]));
}
END_TEST

START_TEST(no_more_than_the_kernel_takes)
{
	char option[340 * 6 + 64] = "idmap=gids=0-1-2;uids=0-1-2";

	for (int i = 1; i < 340; i++)
		strcat(option, "#0-1-2");
	ck_assert_uint_eq(strlen(option) + 1, 27 + 339 * 6 + 1);
	for (int more = 0; more < 2; more++) {
		struct oci_mount mount = {.options = {(const char *[]){option}, 1}};
		struct oci_config config = {.mounts = &mount, .n_mounts = 1};

		ck_assert_int_eq(mount_idmap_decode(arena, &config, &err), more ? -EINVAL : 0);
		strcat(option, "#0-1-2");
	}
}
END_TEST

Suite *suite_mount_idmap(void)
{
	Suite *suite = suite_create("mount_idmap");
	TCase *t = tcase_create("mount_idmap");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, triplets_become_mappings);
	tcase_add_test(t, an_id_behind_an_at_is_one_of_the_container);
	tcase_add_test(t, mappings_of_the_mount_itself_stay);
	tcase_add_loop_test(t, what_is_malformed_is_refused_by_place, 0,
		sizeof(malformed) / sizeof(malformed[0]));
	tcase_add_test(t, no_more_than_the_kernel_takes);
	suite_add_tcase(suite, t);
	return suite;
}
