/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/mount_types.h"

#include <check.h>
#include <string.h>

#define ROW(name, kind, host) {name, MOUNT_##kind, host},
static const struct mount_type types[] = {MOUNT_TYPES(ROW)};

START_TEST(the_types_are_sorted_and_each_is_found)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const struct mount_type *row = mount_type_find(types[i].name);

		if (i)
			ck_assert_msg(
				strcmp(types[i - 1].name, types[i].name) < 0, "%s", types[i].name);
		ck_assert_msg(row && !strcmp(row->name, types[i].name), "%s", types[i].name);
		ck_assert_int_eq(!row->host, row->kind != MOUNT_HOST);
	}
	ck_assert_ptr_null(mount_type_find(NULL));
	ck_assert_ptr_null(mount_type_find("cpuset"));
	ck_assert_ptr_null(mount_type_find("ext4.x"));
}
END_TEST

static const struct {
	const char *type;
	const char *word;
	enum mount_kind kind;
	bool opens_disk;
} mounts[] = {
	{"tmpfs", "ro", MOUNT_MEMORY, false},
	{"tmpfs", "bind", MOUNT_BIND, false},
	{"rbind", "ro", MOUNT_BIND, false},
	{"cgroup", "ro", MOUNT_CGROUP, false},
	{"ext4", "ro", MOUNT_DISK, true},
	{"ext4", "rbind", MOUNT_BIND, false},
	{"ext4", "remount", MOUNT_DISK, false},
	{"debugfs", "ro", MOUNT_HOST, false},
	{"bcachefs", "ro", MOUNT_UNKNOWN, true},
	{NULL, "ro", MOUNT_UNKNOWN, false},
};

START_TEST(a_kind_is_of_the_type_unless_a_word_makes_it_a_bind)
{
	struct oci_mount mount = {
		.type = mounts[_i].type,
		.options = {(const char *[]){mounts[_i].word}, 1},
	};

	ck_assert_int_eq(mount_kind(&mount), mounts[_i].kind);
	ck_assert_int_eq(mount_opens_disk(&mount), mounts[_i].opens_disk);
}
END_TEST

START_TEST(ro_is_for_what_lies_below_alone)
{
	ck_assert(mount_type_writes_below("ext4"));
	ck_assert(mount_type_writes_below("overlay"));
	ck_assert(mount_type_writes_below("bcachefs"));
	ck_assert(!mount_type_writes_below("sysfs"));
	ck_assert(!mount_type_writes_below("cgroup2"));
	ck_assert(!mount_type_writes_below("tmpfs"));
}
END_TEST

Suite *suite_mount_types(void);

Suite *suite_mount_types(void)
{
	Suite *suite = suite_create("mount_types");
	TCase *t = tcase_create("mount_types");

	tcase_add_test(t, the_types_are_sorted_and_each_is_found);
	tcase_add_loop_test(t, a_kind_is_of_the_type_unless_a_word_makes_it_a_bind, 0,
		(int)(sizeof(mounts) / sizeof(mounts[0])));
	tcase_add_test(t, ro_is_for_what_lies_below_alone);
	suite_add_tcase(suite, t);
	return suite;
}
