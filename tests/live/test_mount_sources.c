/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/live/mounts_fixture.h"

#include "libcontainer/namespace/idmap.h"

Suite *suite_mount_sources(void);

/* Sources that the runtime opens for init, and their id mappings. */

static struct oci_id_mapping map_to_5000[] = {{0, 5000, 1000}};

static struct oci_mount idmapped(const char *destination, struct oci_strings options)
{
	return (struct oci_mount){
		destination, BASE "/source", NULL, options, map_to_5000, 1, map_to_5000, 1};
}

static uid_t owner_of(const char *path)
{
	struct stat st;

	SYS(stat(path, &st));
	return st.st_uid;
}

static void perform_with_source(const struct oci_mount *mount)
{
	int fd;

	OK(fd = mount_open_source(NULL, mount, 0, false, -1, &err));
	context.source_fds = &fd;
	OK(mounts_perform(&context, mount, 1, &err));
	close(fd);
}

/* A tmpfs can be id-mapped since Linux 6.3; the source is below the root filesystem's otherwise. */
START_TEST(idmap_maps_the_owners_of_the_top_mount_and_ridmap_of_all)
{
	const struct oci_mount top = idmapped("/top", WORDS("rbind", "idmap"));
	const struct oci_mount all = idmapped("/all", WORDS("rbind", "ridmap"));
	const struct oci_mount plain = idmapped("/plain", WORDS("rbind"));

	make_nested_source();
	perform_with_source(&top);
	ck_assert_uint_eq(owner_of(ROOTFS "/top/file"), 5000);
	ck_assert_uint_eq(owner_of(ROOTFS "/top/sub/below"), 0);
	perform_with_source(&all);
	ck_assert_uint_eq(owner_of(ROOTFS "/all/file"), 5000);
	ck_assert_uint_eq(owner_of(ROOTFS "/all/sub/below"), 5000);
	perform_with_source(&plain);
	ck_assert_uint_eq(owner_of(ROOTFS "/plain/file"), 5000);
	ck_assert_uint_eq(owner_of(BASE "/source/file"), 0);
}
END_TEST

START_TEST(idmap_takes_the_container_s_mappings_where_the_mount_has_none)
{
	const struct oci_mount mount = {"/dir", BASE "/source", NULL, WORDS("bind", "idmap")};
	int userns;
	int fd;

	make_nested_source();
	OK(userns = idmap_userns(map_to_5000, 1, map_to_5000, 1, &err));
	OK(fd = mount_open_source(NULL, &mount, 0, true, userns, &err));
	context.source_fds = &fd;
	OK(mounts_perform(&context, &mount, 1, &err));
	ck_assert_uint_eq(owner_of(ROOTFS "/dir/file"), 5000);
	ck_assert_int_eq(mount_open_source(NULL, &mount, 0, true, -1, &err), -EINVAL);
	close(fd);
	close(userns);
}
END_TEST

START_TEST(idmap_without_a_source_of_the_runtime_fails)
{
	make_nested_source();
	ck_assert_int_eq(perform("/dir", BASE "/source", NULL, WORDS("bind", "idmap")), -EINVAL);
	ck_assert_str_eq(mount_of(ROOTFS "/dir"), "");
}
END_TEST

START_TEST(only_what_init_cannot_open_is_opened_by_the_runtime)
{
	const struct oci_mount bind = {"/dir", HOST, NULL, WORDS("bind")};
	const struct oci_mount tmpfs = {"/dir", "tmpfs", "tmpfs"};
	const struct oci_mount remount = {"/dir", HOST, NULL, WORDS("bind", "remount", "ro")};
	int fd;

	ck_assert_int_eq(mount_open_source(NULL, &bind, 0, false, -1, &err), -ENOTSUP);
	ck_assert_int_eq(mount_open_source(NULL, &tmpfs, 0, true, -1, &err), -ENOTSUP);
	ck_assert_int_eq(mount_open_source(NULL, &remount, 0, true, -1, &err), -ENOTSUP);
	OK(fd = mount_open_source(NULL, &bind, 0, true, -1, &err));
	ck_assert(same_file(fd, HOST));
	close(fd);
}
END_TEST

START_TEST(a_source_below_a_closed_directory_reaches_a_user_namespace)
{
	const struct oci_mount mount = {"/dir", BASE "/closed/source", NULL, WORDS("bind", "ro")};
	pid_t pid;
	int fd;

	SYS(mkdir(BASE "/closed", 0700));
	SYS(mkdir(BASE "/closed/source", 0755));
	put(BASE "/closed/source/file", "x");
	/* The child keeps the uid, but its capabilities end at ids that it maps. */
	SYS(chown(BASE "/closed", 1234, 1234));
	OK(fd = mount_open_source(NULL, &mount, 0, true, -1, &err));
	pid = begin_child(CLONE_NEWUSER | CLONE_NEWNS);
	if (pid == 0) {
		CHILD_CHECK(mount_rootfs_anew() == 0);
		CHILD_CHECK(mounts_perform(&context, &mount, 1, &err) == -EACCES);
		context.source_fds = &fd;
		CHILD_CHECK(mounts_perform(&context, &mount, 1, &err) == 0);
		CHILD_CHECK(strcmp(text_of(ROOTFS "/dir/file"), "x") == 0);
		CHILD_CHECK(flags_of(ROOTFS "/dir") & ST_RDONLY);
	}
	end_child(pid);
	close(fd);
}
END_TEST

START_TEST(a_source_of_the_runtime_sends_no_mounts_to_the_host)
{
	const struct oci_mount bind = {"/dir", BASE "/source", NULL, WORDS("rbind")};
	int fd;

	make_nested_source();
	SYS(mount(NULL, BASE "/source", NULL, MS_REC | MS_SHARED, NULL));
	OK(fd = mount_open_source(NULL, &bind, 0, true, -1, &err));
	context.source_fds = &fd;
	OK(mounts_perform(&context, &bind, 1, &err));
	SYS(mkdir(BASE "/source/new", 0755));
	SYS(mount("tmpfs", ROOTFS "/dir/new", "tmpfs", 0, NULL));
	ck_assert_str_eq(mount_of(BASE "/source/new"), "");
	close(fd);
}
END_TEST

Suite *suite_mount_sources(void)
{
	Suite *suite = suite_create("mount_sources");
	TCase *t = tcase_create("mount_sources");

	tcase_add_checked_fixture(t, set_up_mounts, NULL);
	tcase_add_test(t, idmap_maps_the_owners_of_the_top_mount_and_ridmap_of_all);
	tcase_add_test(t, idmap_takes_the_container_s_mappings_where_the_mount_has_none);
	tcase_add_test(t, idmap_without_a_source_of_the_runtime_fails);
	tcase_add_test(t, only_what_init_cannot_open_is_opened_by_the_runtime);
	tcase_add_test(t, a_source_below_a_closed_directory_reaches_a_user_namespace);
	tcase_add_test(t, a_source_of_the_runtime_sends_no_mounts_to_the_host);
	suite_add_tcase(suite, t);
	return suite;
}
