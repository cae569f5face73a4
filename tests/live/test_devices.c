/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/devices.h"

#include "tests/live/mount_fixture.h"

#include <sys/capability.h>
#include <sys/sysmacros.h>

#define DEV ROOTFS "/dev"

static struct oci_linux linux_;

static bool is_device(const char *path, mode_t mode, unsigned major_, unsigned minor_)
{
	struct stat st;

	SYS(lstat(path, &st));
	return st.st_mode == mode && st.st_rdev == makedev(major_, minor_);
}

static const char *link_of(const char *path)
{
	static char target[128];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	target[n > 0 ? n : 0] = '\0';
	return target;
}

static int create(void)
{
	return devices_create(rootfs_fd, &linux_, true, DEVICES_MKNOD, -1, &err);
}

static int create_one(struct oci_device device)
{
	linux_.devices = &device;
	linux_.n_devices = 1;
	return create();
}

static bool drop_capability(cap_value_t capability)
{
	cap_t set = cap_get_proc();
	bool dropped = set && cap_set_flag(set, CAP_EFFECTIVE, 1, &capability, CAP_CLEAR) == 0 &&
		       cap_set_proc(set) == 0;

	(void)cap_free(set);
	return dropped;
}

static struct oci_device describe(
	const char *path, const char *type, int64_t major_, int64_t minor_)
{
	return (struct oci_device){
		.path = path, .type = type, .major = {true, major_}, .minor = {true, minor_}};
}

START_TEST(every_container_has_the_default_devices)
{
	OK(create());
	for (const struct default_device *d = devices_default; d->path; d++) {
		char path[64];

		(void)snprintf(path, sizeof(path), ROOTFS "%s", d->path);
		ck_assert_msg(is_device(path, S_IFCHR | 0666, d->major, d->minor), "%s", d->path);
	}
	ck_assert(is_device(DEV "/null", S_IFCHR | 0666, 1, 3));
	ck_assert(is_device(DEV "/tty", S_IFCHR | 0666, 5, 0));
}
END_TEST

START_TEST(every_container_has_the_symlinks)
{
	OK(create());
	ck_assert_str_eq(link_of(DEV "/fd"), "/proc/self/fd");
	ck_assert_str_eq(link_of(DEV "/stdin"), "/proc/self/fd/0");
	ck_assert_str_eq(link_of(DEV "/stdout"), "/proc/self/fd/1");
	ck_assert_str_eq(link_of(DEV "/stderr"), "/proc/self/fd/2");
	ck_assert_str_eq(link_of(DEV "/ptmx"), "pts/ptmx");
	if (access("/proc/kcore", F_OK) == 0)
		ck_assert_str_eq(link_of(DEV "/core"), "/proc/kcore");
	else
		ck_assert(!exists(DEV "/core"));
}
END_TEST

START_TEST(a_second_time_changes_nothing)
{
	OK(create());
	OK(create());
	ck_assert(is_device(DEV "/null", S_IFCHR | 0666, 1, 3));
}
END_TEST

START_TEST(a_node_of_the_image_is_taken_if_it_is_the_same_device)
{
	SYS(mkdir(DEV, 0755));
	SYS(mknod(DEV "/null", S_IFCHR | 0600, makedev(1, 3)));
	SYS(chown(DEV "/null", 12, 34));
	OK(create());
	ck_assert(is_device(DEV "/null", S_IFCHR | 0666, 1, 3));
}
END_TEST

/* CVE-2025-31133. */
START_TEST(something_else_in_the_place_of_a_device_is_refused)
{
	put(HOST "/target", "x");
	SYS(mkdir(DEV, 0755));
	switch (_i) {
	case 0:
		put(DEV "/null", "x");
		break;
	case 1:
		SYS(symlink("../../host/target", DEV "/null"));
		break;
	case 2:
		SYS(symlink("/dev/zero", DEV "/null"));
		break;
	case 3:
		SYS(mknod(DEV "/null", S_IFCHR | 0666, makedev(1, 5)));
		break;
	default:
		SYS(mknod(DEV "/null", S_IFBLK | 0666, makedev(1, 3)));
		break;
	}
	ck_assert_int_eq(create(), -EEXIST);
	ck_assert_ptr_nonnull(strstr(err.text, "/dev/null"));
	ck_assert_str_eq(text_of(HOST "/target"), "x");
}
END_TEST

/* CVE-2026-41579, CVE-2026-47766. */
START_TEST(a_dev_that_is_a_symlink_stays_inside_the_root)
{
	SYS(symlink("../host", DEV));
	OK(create());
	ck_assert_int_eq(count_entries(HOST), 0);
	ck_assert(is_device(ROOTFS "/host/null", S_IFCHR | 0666, 1, 3));
	ck_assert_str_eq(link_of(ROOTFS "/host/ptmx"), "pts/ptmx");
}
END_TEST

/* --- linux.devices --- */

START_TEST(a_configured_device_has_its_mode_and_owner)
{
	struct oci_device device = describe("/dev/sub/fuse", "c", 10, 229);
	struct stat st;

	device.file_mode = (struct oci_u32){true, 04640};
	device.uid = (struct oci_u32){true, 1000};
	device.gid = (struct oci_u32){true, 44};
	OK(create_one(device));
	SYS(stat(DEV "/sub/fuse", &st));
	ck_assert_uint_eq(st.st_mode, S_IFCHR | 04640);
	ck_assert_uint_eq(st.st_rdev, makedev(10, 229));
	ck_assert(st.st_uid == 1000 && st.st_gid == 44);
}
END_TEST

START_TEST(a_configured_device_without_a_mode_is_open_to_all)
{
	OK(create_one(describe("/dev/block", "b", 7, 0)));
	ck_assert(is_device(DEV "/block", S_IFBLK | 0666, 7, 0));
	OK(create_one(describe("/dev/unbuffered", "u", 7, 1)));
	ck_assert(is_device(DEV "/unbuffered", S_IFCHR | 0666, 7, 1));
}
END_TEST

START_TEST(a_fifo_needs_no_numbers)
{
	struct stat st;

	OK(create_one((struct oci_device){.path = "/run/fifo", .type = "p"}));
	SYS(stat(ROOTFS "/run/fifo", &st));
	ck_assert_uint_eq(st.st_mode, S_IFIFO | 0666);
}
END_TEST

START_TEST(a_configured_device_may_repeat_a_default_one_but_not_replace_it)
{
	struct oci_device null = describe("/dev/null", "c", 1, 3);

	null.file_mode = (struct oci_u32){true, 0600};
	OK(create_one(null));
	ck_assert(is_device(DEV "/null", S_IFCHR | 0600, 1, 3));
	ck_assert_int_eq(create_one(describe("/dev/zero", "c", 1, 3)), -EEXIST);
}
END_TEST

static const struct {
	const char *path;
	const char *type;
	int64_t major;
	uint32_t mode;
} bad[] = {
	{"/dev/x", "x", 1, 0666},
	{"/dev/x", NULL, 1, 0666},
	{"/dev/x", "c", -1, 0666},
	{"/dev/x", "c", INT64_C(1) << 32, 0666},
	{"/dev/x", "c", 1, 0x10000000},
	{"/", "c", 1, 0666},
	{"/dev/..", "c", 1, 0666},
};

START_TEST(a_device_that_makes_no_sense_is_refused)
{
	struct oci_device device = describe(bad[_i].path, bad[_i].type, bad[_i].major, 3);

	device.file_mode = (struct oci_u32){true, bad[_i].mode};
	ck_assert_int_eq(create_one(device), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "linux.devices[0]"));
	ck_assert(!exists(DEV "/x"));
}
END_TEST

/* --- /dev of somebody else --- */

START_TEST(nothing_is_made_in_a_dev_that_is_bound)
{
	struct oci_device devices[] = {
		describe("/dev/x", "c", 1, 3), describe("/opt/x", "c", 1, 3)};

	SYS(mkdir(DEV, 0755));
	linux_ = (struct oci_linux){.devices = devices, .n_devices = 2};
	OK(devices_create(rootfs_fd, &linux_, false, DEVICES_MKNOD, -1, &err));
	ck_assert_int_eq(count_entries(DEV), 0);
	ck_assert(is_device(ROOTFS "/opt/x", S_IFCHR | 0666, 1, 3));
}
END_TEST

START_TEST(dev_is_the_container_s_own_unless_it_is_bound)
{
	const char *bind = "rbind";
	const char *remount[] = {"bind", "remount", "ro"};
	struct oci_mount mounts[] = {{"/dev/", "tmpfs", "tmpfs"}, {"/devices", "/x", "bind"}};
	struct oci_config config = {.mounts = mounts, .n_mounts = 2};

	ck_assert(devices_own_dev(&(struct oci_config){}));
	ck_assert(devices_own_dev(&config));
	mounts[1] = (struct oci_mount){"/dev/.", NULL, NULL, {remount, 3}};
	ck_assert(devices_own_dev(&config));
	mounts[1] = (struct oci_mount){"//dev", "/dev", NULL, {&bind, 1}};
	ck_assert(!devices_own_dev(&config));
	mounts[1] = (struct oci_mount){"/dev", "/dev", "bind"};
	ck_assert(!devices_own_dev(&config));
}
END_TEST

/* --- binds, for user namespaces --- */

START_TEST(in_a_user_namespace_the_host_s_nodes_are_bound)
{
	pid_t pid = begin_child(CLONE_NEWUSER | CLONE_NEWNS);

	if (pid == 0) {
		int fd = -1;

		CHILD_CHECK(map_root());
		CHILD_CHECK(rootfs_prepare(rootfs_fd, NULL, &fd, &err) == 0);
		/* Only a tmpfs of the container's lets it make the mount points. */
		CHILD_CHECK(mkdir(DEV, 0755) == 0);
		CHILD_CHECK(mount("tmpfs", DEV, "tmpfs", 0, NULL) == 0);
		CHILD_CHECK(devices_create(fd, &linux_, true, DEVICES_BIND, -1, &err) == 0);
		CHILD_CHECK(is_device(DEV "/null", S_IFCHR | 0666, 1, 3));
		CHILD_CHECK(open(DEV "/null", O_WRONLY | O_CLOEXEC) >= 0);
		CHILD_CHECK(strcmp(link_of(DEV "/fd"), "/proc/self/fd") == 0);
	}
	end_child(pid);
}
END_TEST

/* A runtime within a container. */
START_TEST(without_the_right_to_mknod_the_host_s_nodes_are_bound)
{
	pid_t pid = begin_child(0);

	if (pid == 0) {
		struct oci_device device = describe("/dev/full", "c", 1, 8);

		CHILD_CHECK(drop_capability(CAP_MKNOD));
		CHILD_CHECK(create() == 0);
		CHILD_CHECK(is_device(DEV "/null", S_IFCHR | 0666, 1, 3));
		CHILD_CHECK(mount_of(DEV "/null")[0] != '\0');
		CHILD_CHECK(create_one(device) < 0);
	}
	end_child(pid);
}
END_TEST

/* What another process has made for /dev is used only if it is the device that is meant. */
START_TEST(a_node_that_was_made_before_must_be_the_device)
{
	struct oci_device devices[] = {
		describe("/dev/dri/x", "c", 1, 3), describe("/dev", "c", 1, 3)};
	struct oci_config config = {.linux_ = &linux_};
	struct oci_id_mapping all = {.size = 1000};
	int fd;

	linux_ = (struct oci_linux){.uid_mappings = &all,
		.n_uid_mappings = 1,
		.gid_mappings = &all,
		.n_gid_mappings = 1,
		.devices = devices,
		.n_devices = 1};
	SYS(mkdir(DEV, 0755));
	fd = open(DEV, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OK(devices_fill_dev(fd, &config, &err));
	OK(devices_create(rootfs_fd, &linux_, true, DEVICES_FILLED, -1, &err));
	ck_assert(is_device(DEV "/null", S_IFCHR | 0666, 1, 3));
	ck_assert(is_device(DEV "/dri/x", S_IFCHR | 0666, 1, 3));
	ck_assert_str_eq(mount_of(DEV "/null"), "");
	SYS(unlink(DEV "/dri/x"));
	put(DEV "/dri/x", "x");
	ck_assert_int_eq(
		devices_create(rootfs_fd, &linux_, true, DEVICES_FILLED, -1, &err), -EEXIST);
	ck_assert_ptr_nonnull(
		strstr(err.text, "/dev/dri/x: something else is in its place in /dev"));
	linux_.devices = devices + 1;
	ck_assert_int_lt(devices_create(rootfs_fd, &linux_, true, DEVICES_FILLED, -1, &err), 0);
	(void)close(fd);
}
END_TEST

START_TEST(a_host_s_node_that_is_another_device_is_not_bound)
{
	struct oci_device device = describe("/dev/full", "c", 1, 8);

	linux_ = (struct oci_linux){.devices = &device, .n_devices = 1};
	ck_assert_int_eq(devices_create(rootfs_fd, &linux_, true, DEVICES_BIND, -1, &err), -EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, "/dev/full: the host's is another device"));
}
END_TEST

START_TEST(a_node_is_not_bound_through_a_symlink_of_the_image)
{
	SYS(mkdir(DEV, 0755));
	put(ROOTFS "/victim", "x");
	SYS(symlink("/victim", DEV "/null"));
	OK(devices_create(rootfs_fd, &linux_, true, DEVICES_BIND, -1, &err));
	ck_assert_str_eq(text_of(ROOTFS "/victim"), "x");
	ck_assert(is_device(DEV "/null", S_IFCHR | 0666, 1, 3));
}
END_TEST

Suite *suite_devices(void);

Suite *suite_devices(void)
{
	Suite *suite = suite_create("devices");
	TCase *t = tcase_create("devices");

	tcase_add_checked_fixture(t, set_up_rootfs, NULL);
	tcase_add_test(t, every_container_has_the_default_devices);
	tcase_add_test(t, every_container_has_the_symlinks);
	tcase_add_test(t, a_second_time_changes_nothing);
	tcase_add_test(t, a_node_of_the_image_is_taken_if_it_is_the_same_device);
	tcase_add_loop_test(t, something_else_in_the_place_of_a_device_is_refused, 0, 5);
	tcase_add_test(t, a_dev_that_is_a_symlink_stays_inside_the_root);
	tcase_add_test(t, a_configured_device_has_its_mode_and_owner);
	tcase_add_test(t, a_configured_device_without_a_mode_is_open_to_all);
	tcase_add_test(t, a_fifo_needs_no_numbers);
	tcase_add_test(t, a_configured_device_may_repeat_a_default_one_but_not_replace_it);
	tcase_add_loop_test(
		t, a_device_that_makes_no_sense_is_refused, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(t, nothing_is_made_in_a_dev_that_is_bound);
	tcase_add_test(t, dev_is_the_container_s_own_unless_it_is_bound);
	tcase_add_test(t, in_a_user_namespace_the_host_s_nodes_are_bound);
	tcase_add_test(t, without_the_right_to_mknod_the_host_s_nodes_are_bound);
	tcase_add_test(t, a_node_that_was_made_before_must_be_the_device);
	tcase_add_test(t, a_host_s_node_that_is_another_device_is_not_bound);
	tcase_add_test(t, a_node_is_not_bound_through_a_symlink_of_the_image);
	suite_add_tcase(suite, t);
	return suite;
}
