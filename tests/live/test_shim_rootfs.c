/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/rootfs.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
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
	return suite;
}
