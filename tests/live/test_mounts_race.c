/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/live/mounts_fixture.h"

#include "libcontainer/mount/mount_guard.h"
#include "specs/arena.h"

Suite *suite_mounts_race(void);

/* A neighbour on a shared volume exchanges a name while the mounts of a config are made. */

static struct swapper swapper;
static struct arena *arena;

static void set_up_race(void)
{
	set_up_mounts();
	arena = arena_new(1 << 20);
	ck_assert_ptr_nonnull(arena);
	SYS(mkdir(ROOTFS "/vol", 0755));
	SYS(mkdir(ROOTFS "/vol/name", 0755));
	SYS(mkdir(ROOTFS "/other", 0755));
	SYS(symlink("/other", ROOTFS "/vol/evil"));
}

static void tear_down_race(void)
{
	arena_free(arena);
}

static int rounds(void)
{
	const char *text = getenv("NACRE_RACE_ROUNDS");

	return text ? atoi(text) : 200;
}

static bool is_read_only(int fd)
{
	struct statvfs st;

	SYS(fstatvfs(fd, &st));
	return st.f_flag & ST_RDONLY;
}

static void detach(int fd)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	SYS(umount2(path, MNT_DETACH));
}

/* Looked up again by its name, the seal fell on another mount. */
START_TEST(a_seal_falls_on_the_mount_that_was_made)
{
	const struct oci_mount other = {"/other", "tmpfs", "tmpfs", WORDS("rw")};
	const struct oci_mount mount = {"/vol/name", "tmpfs", "tmpfs", WORDS("ro")};
	cleanup_close int other_fd = -1;
	int left = 0, wrong = 0;

	OK(mounts_perform(&context, &other, 1, &err));
	SYS(other_fd = open(ROOTFS "/other", O_PATH | O_CLOEXEC));
	swapper = start_swapping(ROOTFS "/vol/name", ROOTFS "/vol/evil");
	for (int i = 0; i < rounds(); i++) {
		cleanup_close int fd = -1;

		OK(mounts_perform(&context, &mount, 1, &err));
		SYS(fd = fcntl(made[0].tree_fd, F_DUPFD_CLOEXEC, 3));
		OK(mount_seal_late(&context, &mount, 1, &err));
		left += !is_read_only(fd);
		wrong += is_read_only(other_fd);
		detach(fd);
	}
	stop_swapping(&swapper);
	ck_assert_int_eq(left, 0);
	ck_assert_int_eq(wrong, 0);
}
END_TEST

/* The remount was judged by the name, and another mount became writable. */
START_TEST(a_remount_falls_on_the_mount_that_was_judged)
{
	const struct harden_request request = {.profile = "agent"};
	const struct mount_guard guard = {.arena = arena, .request = &request};
	const struct oci_mount mounts[] = {
		{"/other", "tmpfs", "tmpfs", WORDS("ro", "mode=755")},
		{"/vol/name", "tmpfs", "tmpfs", WORDS("rw")},
		{"/vol/name", NULL, NULL, WORDS("remount", "rw")},
	};
	int done = 0, wrong = 0;

	context.guard = &guard;
	OK(mounts_perform(&context, mounts, 1, &err));
	OK(mount_seal_late(&context, mounts, 1, &err));
	swapper = start_swapping(ROOTFS "/vol/name", ROOTFS "/vol/evil");
	/* On a busy machine the neighbour may sleep for long, and then always at the symlink. */
	for (int i = 0; i < rounds() || (!done && i < 100 * rounds()); i++) {
		cleanup_close int other_fd = -1;

		SYS(other_fd = open(ROOTFS "/other", O_PATH | O_CLOEXEC));
		if (mounts_perform(&context, mounts + 1, 2, &err) == 0)
			done++;
		else
			ck_assert_msg(err.code == EPERM || err.code == EINVAL, "%s", err.text);
		wrong += !is_read_only(other_fd);
		while (umount2(ROOTFS "/vol/name", MNT_DETACH | UMOUNT_NOFOLLOW) == 0 ||
			umount2(ROOTFS "/vol/evil", MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
			;
		while (!same_file(other_fd, ROOTFS "/other"))
			SYS(umount2(ROOTFS "/other", MNT_DETACH));
	}
	stop_swapping(&swapper);
	ck_assert_int_gt(done, 0);
	ck_assert_int_eq(wrong, 0);
}
END_TEST

/* The same without a race: a symlink of the image. */
START_TEST(a_remount_through_a_symlink_is_refused_under_a_profile)
{
	const struct harden_request request = {.profile = "agent"};
	const struct mount_guard guard = {.arena = arena, .request = &request};
	const struct oci_mount mounts[] = {
		{"/alias", "tmpfs", "tmpfs"},
		{"/other", "tmpfs", "tmpfs", WORDS("size=1m")},
		{"/alias", NULL, NULL, WORDS("remount", "rw")},
		{"/unknown", NULL, NULL, WORDS("remount", "rw")},
		{"/other", NULL, NULL, WORDS("remount", "ro")},
	};

	SYS(symlink("/other", ROOTFS "/alias"));
	SYS(symlink("/other", ROOTFS "/unknown"));
	/* The mechanism alone does what the config says. */
	OK(mounts_perform(&context, mounts, 3, &err));
	SYS(umount(ROOTFS "/other"));
	SYS(umount(ROOTFS "/other"));
	context.guard = &guard;
	ck_assert_int_eq(mounts_perform(&context, mounts, 3, &err), -EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, "mounts[2]: remount on /alias: remount: it is not "
					       "mounts[0] that lies there"));
	ck_assert_int_eq(mounts_perform(&context, mounts + 3, 1, &err), -EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, "no mount of the config before it"));
	/* By its own name it is done. */
	OK(mounts_perform(&context, mounts + 1, 1, &err));
	OK(mounts_perform(&context, (const struct oci_mount[]){mounts[1], mounts[4]}, 2, &err));
	ck_assert(flags_of(ROOTFS "/other") & ST_RDONLY);
}
END_TEST

Suite *suite_mounts_race(void)
{
	Suite *suite = suite_create("mounts_race");
	TCase *t = tcase_create("mounts_race");

	tcase_add_checked_fixture(t, set_up_race, tear_down_race);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_seal_falls_on_the_mount_that_was_made);
	tcase_add_test(t, a_remount_falls_on_the_mount_that_was_judged);
	tcase_add_test(t, a_remount_through_a_symlink_is_refused_under_a_profile);
	suite_add_tcase(suite, t);
	return suite;
}
