/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/namespace/idmap.h"
#include "libcontainer/namespace/namespaces.h"

#include "tests/live/mount_fixture.h"

#include <grp.h>

static const struct oci_id_mapping two[] = {{0, 100000, 1000}, {1000, 5000, 1}};

/* A child in a new user namespace that runs FUNCTION once its maps are written. */
struct child {
	pid_t pid;
	int go;
};

static struct child start(int (*function)(void))
{
	struct child child;
	int ends[2];
	char byte;

	SYS(pipe2(ends, O_CLOEXEC));
	child.pid = begin_child(CLONE_NEWUSER);
	if (child.pid == 0) {
		close(ends[1]);
		_exit(read(ends[0], &byte, 1) == 1 ? function() : 99);
	}
	close(ends[0]);
	child.go = ends[1];
	return child;
}

static int finish(struct child *child)
{
	int status;

	ck_assert_int_eq(write(child->go, "x", 1), 1);
	fd_close(&child->go);
	SYS(waitpid(child->pid, &status, 0));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int become_root(void)
{
	gid_t groups[8];

	if (idmap_become_root(false, &err) < 0)
		return 1;
	if (getuid() != 0 || geteuid() != 0 || getgid() != 0 || getegid() != 0)
		return 2;
	return getgroups(8, groups) == 0 ? 0 : 3;
}

START_TEST(a_process_with_maps_becomes_root_without_groups)
{
	struct child child;

	SYS(setgroups(1, (const gid_t[]){4242}));
	child = start(become_root);
	OK(idmap_write(child.pid, two, 2, two, 2, &err));
	ck_assert_int_eq(finish(&child), 0);
}
END_TEST

START_TEST(without_a_mapped_root_there_is_none_to_become)
{
	const struct oci_id_mapping no_root = {1, 100000, 10};
	struct child child = start(become_root);

	OK(idmap_write(child.pid, &no_root, 1, &no_root, 1, &err));
	ck_assert_int_eq(finish(&child), 1);
}
END_TEST

START_TEST(maps_that_the_kernel_refuses_are_an_error)
{
	const struct oci_id_mapping overlapping[] = {{0, 100000, 10}, {5, 200000, 10}};
	struct child child = start(become_root);

	ck_assert_int_eq(idmap_write(child.pid, overlapping, 2, two, 2, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "uid_map"));
	ck_assert_int_eq(idmap_write(child.pid, two, 0, two, 2, &err), -EINVAL);
	(void)finish(&child);
}
END_TEST

START_TEST(more_mappings_than_the_kernel_takes_are_refused)
{
	static struct oci_id_mapping many[341];
	struct child child;

	for (uint32_t i = 0; i < 341; i++)
		many[i] = (struct oci_id_mapping){i, i, 1};
	child = start(become_root);
	ck_assert_int_eq(idmap_write(child.pid, many, 341, two, 2, &err), -EINVAL);
	for (uint32_t i = 0; i < 340; i++)
		many[i].host_id = 4000000000u + i;
	ck_assert_int_eq(idmap_write(child.pid, many, 340, two, 2, &err), -EINVAL);
	ck_assert_msg(strstr(err.text, "more text than the kernel takes"), "%s", err.text);
	for (uint32_t i = 0; i < 340; i++)
		many[i].host_id = i;
	OK(idmap_write(child.pid, many, 340, many, 340, &err));
	ck_assert_int_eq(finish(&child), 0);
}
END_TEST

/* --- without privilege --- */

static int root_with_groups_left(void)
{
	return idmap_become_root(false, &err) == 0 && getuid() == 0 && getgid() == 0 ? 0 : 1;
}

static void become_user(void)
{
	SYS(setgroups(0, NULL));
	SYS(setresgid(4321, 4321, 4321));
	SYS(setresuid(1234, 1234, 1234));
	/* Else /proc/PID of the children belongs to root. */
	SYS(prctl(PR_SET_DUMPABLE, 1));
}

START_TEST(a_user_maps_itself_without_help)
{
	const struct oci_id_mapping uid = {0, 1234, 1};
	const struct oci_id_mapping gid = {0, 4321, 1};
	struct child child;
	char path[64];

	become_user();
	child = start(root_with_groups_left);
	OK(idmap_write(child.pid, &uid, 1, &gid, 1, &err));
	(void)snprintf(path, sizeof(path), "/proc/%d/setgroups", (int)child.pid);
	ck_assert_str_eq(text_of(path), "deny\n");
	ck_assert_int_eq(finish(&child), 0);
}
END_TEST

/* 1234 has no subordinate ids here. */
START_TEST(a_user_needs_newuidmap_for_more)
{
	struct child child;

	become_user();
	child = start(become_root);
	ck_assert_int_lt(idmap_write(child.pid, two, 2, two, 2, &err), 0);
	ck_assert_msg(
		access("/usr/bin/newuidmap", X_OK) == 0
			? strstr(err.text, "/etc/subuid gives user 1234 no right to 100000") &&
				  strstr(err.text, "\"1234:100000:1000\"")
			: strstr(err.text, "newuidmap is not installed") != NULL,
		"%s", err.text);
	(void)finish(&child);
}
END_TEST

/* --- a namespace without a process --- */

START_TEST(a_namespace_for_mounts_has_the_mappings_and_no_process_is_left)
{
	unsigned long numbers[3] = {0, 0, 0};
	int userns;
	pid_t pid;

	OK(userns = idmap_userns(two, 2, two, 2, &err));
	ck_assert_int_eq(fcntl(userns, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	pid = begin_child(0);
	if (pid == 0) {
		CHILD_CHECK(setns(userns, CLONE_NEWUSER) == 0);
		CHILD_CHECK(sscanf(text_of("/proc/self/uid_map"), "%lu %lu %lu", &numbers[0],
				    &numbers[1], &numbers[2]) == 3);
		/* Seen from within, the second column is the namespace's own. */
		CHILD_CHECK(numbers[0] == 0 && numbers[2] == 1000);
	}
	end_child(pid);
	close(userns);
}
END_TEST

static unsigned keys_of(unsigned long id)
{
	const char *line = text_of("/proc/key-users");
	unsigned long found;
	unsigned n;

	while (line && *line) {
		if (sscanf(line, " %lu: %*u %u/", &found, &n) == 2 && found == id)
			return n;
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	return 0;
}

START_TEST(a_namespace_that_is_shown_has_its_keys_as_long_as_it_is_there)
{
	const struct oci_id_mapping map[] = {{0, 1966800000, 1000}};
	int one, other;

	ck_assert_uint_eq(keys_of(1966800000), 0);
	OK(one = idmap_userns_shown(map, 1, map, 1, &err));
	ck_assert_uint_eq(keys_of(1966800000), IDMAP_SHOWN_KEYS);
	OK(other = idmap_userns_shown(map, 1, map, 1, &err));
	ck_assert_uint_eq(keys_of(1966800000), 2 * IDMAP_SHOWN_KEYS);
	close(other);
	close(one);
	for (int i = 0; keys_of(1966800000) > 0; i++) {
		ck_assert_msg(i < 1000, "the keys stay");
		usleep(10000);
	}
	ck_assert_int_lt(idmap_userns_shown(two + 1, 1, two, 2, &err), 0); /* without a root */
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

/* 200 keys by default; a host that allows many more is not asked. */
START_TEST(one_more_than_the_quota_of_keys_has_room_for_is_refused)
{
	const struct oci_id_mapping map[] = {{0, 1966900000, 1000}};
	int fds[400], n = 0, r = 0;

	while (n < 400 && (r = idmap_userns_shown(map, 1, map, 1, &err)) >= 0)
		fds[n++] = r;
	if (n < 400) {
		ck_assert(r == -ENOKEY || r == -EDQUOT);
		ck_assert_ptr_nonnull(strstr(err.text, "kernel.keys.maxkeys"));
		ck_assert_int_gt(n, 1);
	}
	for (int i = 0; i < n; i++)
		close(fds[i]);
	for (int i = 0; keys_of(1966900000) > 0; i++) {
		ck_assert_msg(i < 1000, "the keys stay");
		usleep(10000);
	}
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

START_TEST(the_host_s_root_is_found_in_maps)
{
	const struct oci_id_mapping root[] = {{0, 100000, 1000}, {1000, 0, 1}};
	const struct oci_id_mapping *maps[][2] = {{two, two}, {root, two}, {two, root}};
	int64_t uid = 1, gid = 1;

	OK(namespaces_host_root(&uid, &gid, &err));
	ck_assert(uid == 0 && gid == 0);
	for (int i = 0; i < 3; i++) {
		int userns;

		OK(userns = idmap_userns(maps[i][0], 2, maps[i][1], 2, &err));
		ck_assert_int_eq(namespaces_maps_root(userns, &err), i > 0);
		ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
		close(userns);
	}
}
END_TEST

START_TEST(a_namespace_for_mounts_with_bad_mappings_is_an_error_and_leaves_nothing)
{
	const struct oci_id_mapping bad = {0, 100000, 0};

	ck_assert_int_lt(idmap_userns(&bad, 1, two, 2, &err), 0);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

Suite *suite_idmap(void);

Suite *suite_idmap(void)
{
	Suite *suite = suite_create("idmap");
	TCase *t = tcase_create("idmap");

	tcase_add_test(t, a_process_with_maps_becomes_root_without_groups);
	tcase_add_test(t, without_a_mapped_root_there_is_none_to_become);
	tcase_add_test(t, maps_that_the_kernel_refuses_are_an_error);
	tcase_add_test(t, more_mappings_than_the_kernel_takes_are_refused);
	tcase_add_test(t, a_user_maps_itself_without_help);
	tcase_add_test(t, a_user_needs_newuidmap_for_more);
	tcase_add_test(t, a_namespace_for_mounts_has_the_mappings_and_no_process_is_left);
	tcase_add_test(t, a_namespace_that_is_shown_has_its_keys_as_long_as_it_is_there);
	tcase_add_test(t, one_more_than_the_quota_of_keys_has_room_for_is_refused);
	tcase_add_test(t, the_host_s_root_is_found_in_maps);
	tcase_add_test(t, a_namespace_for_mounts_with_bad_mappings_is_an_error_and_leaves_nothing);
	suite_add_tcase(suite, t);
	return suite;
}
