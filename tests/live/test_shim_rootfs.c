/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/rootfs.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

Suite *suite_shim_rootfs(void);

/* Each test is a process in a mount namespace of its own, with a tmpfs on BASE. */
#define BASE "/mnt"
#define BUNDLE BASE "/bundle"
#define LAYERS BASE "/snapshots"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SYS(call) ck_assert_msg((call) >= 0, "%s: %s", #call, strerror(errno))

static char text[JOB_TEXT];

static void put(const char *path, uid_t owner)
{
	int fd;

	SYS(fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
	SYS(fchown(fd, owner, owner));
	SYS(close(fd));
}

static void set_up(void)
{
	static const char *const directories[] = {BUNDLE, LAYERS, LAYERS "/1", LAYERS "/1/fs",
		LAYERS "/2", LAYERS "/2/fs", LAYERS "/3", LAYERS "/3/fs", LAYERS "/3/work"};

	SYS(unshare(CLONE_NEWNS));
	SYS(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	SYS(mount("tmpfs", BASE, "tmpfs", 0, "mode=755"));
	/* As below /run: what the shim attaches is seen by other mount namespaces. */
	SYS(mount(NULL, BASE, NULL, MS_SHARED, NULL));
	(void)umask(0);
	for (size_t i = 0; i < COUNT(directories); i++)
		SYS(mkdir(directories[i], 0755));
	put(LAYERS "/1/fs/of_root", 0);
	put(LAYERS "/2/fs/of_user", 1000);
	put(LAYERS "/2/fs/unmapped", 5000);
}

/* Mounts TYPE of SOURCE with the options, which NULL ends, as containerd asks for it. */
static int mount_root(const char *type, const char *source, const char *const options[])
{
	char *words[8];
	Wire__Mount one = WIRE__MOUNT__INIT, *all[] = {&one};

	one.type = (char *)type;
	one.source = (char *)source;
	one.target = (char *)"";
	one.options = words;
	for (; options[one.n_options]; one.n_options++)
		words[one.n_options] = (char *)options[one.n_options];
	return rootfs_mount(BUNDLE, all, 1, text);
}

static uid_t owner(const char *path)
{
	struct stat st;

	SYS(lstat(path, &st));
	return st.st_uid;
}

static ino_t own_namespace(void)
{
	struct stat st;

	SYS(stat("/proc/self/ns/mnt", &st));
	return st.st_ino;
}

static void must_be_unmounted(void)
{
	ck_assert_msg(rootfs_unmount(BUNDLE, text) == 0, "%s", text);
	SYS(rmdir(BUNDLE "/rootfs"));
	SYS(rmdir(BUNDLE));
}

START_TEST(the_layers_of_an_overlay_are_mapped)
{
	static const char *const options[] = {"index=off", "uidmap=0:100000:2000",
		"gidmap=0:100000:2000", "workdir=" LAYERS "/3/work", "upperdir=" LAYERS "/3/fs",
		"lowerdir=" LAYERS "/2/fs:" LAYERS "/1/fs", NULL};
	const ino_t namespace = own_namespace();

	SYS(chdir(BUNDLE));
	ck_assert_msg(mount_root("overlay", "overlay", options) == 0, "%s", text);
	ck_assert_uint_eq(owner("rootfs/of_root"), 100000); /* the working directory stays */
	SYS(chdir("/"));
	ck_assert_uint_eq(own_namespace(), namespace);
	ck_assert_uint_eq(owner(BUNDLE "/rootfs/of_root"), 100000);
	ck_assert_uint_eq(owner(BUNDLE "/rootfs/of_user"), 101000);
	ck_assert_uint_eq(owner(BUNDLE "/rootfs/unmapped"), 65534);
	ck_assert_uint_eq(owner(LAYERS "/1/fs/of_root"), 0);
	/* The upper layer has the owners of the host, so a file is written with its own. */
	put(BUNDLE "/rootfs/new", 100007);
	ck_assert_uint_eq(owner(LAYERS "/3/fs/new"), 100007);
	must_be_unmounted();
}
END_TEST

START_TEST(a_layer_that_is_a_mount_is_mapped)
{
	static const char *const options[] = {"index=off", "uidmap=0:100000:2000",
		"gidmap=0:100000:2000", "lowerdir=" LAYERS "/2/fs:" LAYERS "/1/fs", NULL};

	SYS(mount("tmpfs", LAYERS "/1/fs", "tmpfs", 0, "mode=755"));
	put(LAYERS "/1/fs/of_mount", 7);
	ck_assert_msg(mount_root("overlay", "overlay", options) == 0, "%s", text);
	ck_assert_uint_eq(owner(BUNDLE "/rootfs/of_mount"), 100007);
	ck_assert_uint_eq(owner(BUNDLE "/rootfs/of_user"), 101000);
	must_be_unmounted();
}
END_TEST

START_TEST(a_bind_is_mapped_and_its_flags_hold)
{
	static const char *const options[] = {
		"rbind", "ro", "uidmap=0:100000:2000", "gidmap=0:100000:2000", NULL};

	ck_assert_msg(mount_root("bind", LAYERS "/2/fs", options) == 0, "%s", text);
	ck_assert_uint_eq(owner(BUNDLE "/rootfs/of_user"), 101000);
	ck_assert_int_eq(open(BUNDLE "/rootfs/new", O_CREAT | O_WRONLY | O_CLOEXEC, 0600), -1);
	ck_assert_int_eq(errno, EROFS);
	must_be_unmounted();
}
END_TEST

static const struct {
	const char *options[5], *text;
} refused[] = {
	{{"rbind", "uidmap=0:x:1", "gidmap=0:1:1"}, "expected CONTAINER:HOST:SIZE"},
	{{"rbind", "uidmap=", "gidmap=0:1:1"}, "expected CONTAINER:HOST:SIZE"},
	{{"rbind", "uidmap=0:1:1", "gidmap=0:1:0"}, "gid_map: Invalid argument"},
	{{"uidmap=0:1:1", "gidmap=0:1:1", "size=1m"}, "only to overlays and bind mounts"},
	{{"uidmap=0:1:1", "gidmap=0:1:1", "lowerdir=" LAYERS "/missing:" LAYERS "/1/fs"},
		"No such file or directory"},
};

START_TEST(a_map_that_cannot_be_is_named_and_nothing_is_left)
{
	ck_assert_int_eq(mount_root("overlay", LAYERS "/2/fs", refused[_i].options), -1);
	ck_assert_msg(strstr(text, refused[_i].text), "%s", text);
	must_be_unmounted();
}
END_TEST

/* The device of the file system whose root is on rootfs in the bundle: its file, or "" once the
 * kernel has released it. */
static void backing_file(dev_t device, char ret_file[PATH_MAX])
{
	char path[64];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/loop/backing_file", major(device),
		minor(device));
	ret_file[0] = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, ret_file, PATH_MAX - 1);
	ret_file[n > 0 ? n - 1 : 0] = '\0'; /* and no newline */
	if (fd >= 0)
		(void)close(fd);
}

static dev_t device_of(const char *path)
{
	struct stat st;

	SYS(stat(path, &st));
	return st.st_dev;
}

static const struct {
	const char *options[4];
	bool writable;
} looped[] = {
	{{"loop"}, true},
	{{"loop", "ro"}, false},
	{{"ro", "loop", "noload"}, false},
};

START_TEST(a_file_is_mounted_by_a_loop_device)
{
	char file[PATH_MAX];
	dev_t device;

	ck_assert_int_eq(system("mke2fs -q -F -t ext4 " BASE "/image 2M >/dev/null"), 0);
	ck_assert_msg(mount_root("ext4", BASE "/image", looped[_i].options) == 0, "%s", text);
	SYS(access(BUNDLE "/rootfs/lost+found", F_OK));
	device = device_of(BUNDLE "/rootfs");
	backing_file(device, file);
	ck_assert_str_eq(file, BASE "/image");
	ck_assert_int_eq(mkdir(BUNDLE "/rootfs/new", 0755) == 0, looped[_i].writable);
	must_be_unmounted();
	for (int i = 0; i < 500; i++) { /* udev may look at the device for a moment */
		backing_file(device, file);
		if (!file[0])
			break;
		(void)usleep(10000);
	}
	ck_assert_str_eq(file, "");
}
END_TEST

static const struct {
	const char *source, *options[4], *text;
} no_loops[] = {
	{BASE "/missing", {"loop"},
		"open the file for the mount option loop of " BASE "/missing: No such file"},
	{BASE "/image", {"loop", "direct-io", "no_such_option"}, "Invalid argument"},
	{BASE "/image", {"loop", "uidmap=0:1:1", "gidmap=0:1:1"}, "does not apply to loop"},
};

START_TEST(a_loop_device_that_cannot_be_is_named_and_nothing_is_left)
{
	ck_assert_int_eq(system("mke2fs -q -F -t ext4 " BASE "/image 2M >/dev/null"), 0);
	ck_assert_int_eq(mount_root("ext4", no_loops[_i].source, no_loops[_i].options), -1);
	ck_assert_msg(strstr(text, no_loops[_i].text), "%s", text);
	must_be_unmounted();
}
END_TEST

Suite *suite_shim_rootfs(void)
{
	Suite *suite = suite_create("shim_rootfs");
	TCase *tests = tcase_create("id maps");

	tcase_add_checked_fixture(tests, set_up, NULL);
	tcase_add_test(tests, the_layers_of_an_overlay_are_mapped);
	tcase_add_test(tests, a_layer_that_is_a_mount_is_mapped);
	tcase_add_test(tests, a_bind_is_mapped_and_its_flags_hold);
	tcase_add_loop_test(
		tests, a_map_that_cannot_be_is_named_and_nothing_is_left, 0, COUNT(refused));
	suite_add_tcase(suite, tests);
	tests = tcase_create("loop devices");
	tcase_add_checked_fixture(tests, set_up, NULL);
	tcase_add_loop_test(tests, a_file_is_mounted_by_a_loop_device, 0, COUNT(looped));
	tcase_add_loop_test(tests, a_loop_device_that_cannot_be_is_named_and_nothing_is_left, 0,
		COUNT(no_loops));
	suite_add_tcase(suite, tests);
	return suite;
}
