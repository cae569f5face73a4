/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/process/credentials.h"

#include "libcontainer/base/sys.h"
#include "libcontainer/process/caps.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define BIT(n) (UINT64_C(1) << (n))
#define CHOWN BIT(0)
#define KILL BIT(5)
#define SETFCAP BIT(31)

static struct nacre_error err;

/* --- ids --- */

static void check_ids(uid_t uid, gid_t gid)
{
	uid_t uids[3];
	gid_t gids[3];

	ck_assert_int_eq(getresuid(&uids[0], &uids[1], &uids[2]), 0);
	ck_assert_int_eq(getresgid(&gids[0], &gids[1], &gids[2]), 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(uids[i], uid);
		ck_assert_uint_eq(gids[i], gid);
	}
}

START_TEST(all_ids_and_groups_are_the_users)
{
	uint32_t groups[] = {20, 30};
	const struct oci_user user = {
		.uid = 1000, .gid = 2000, .additional_gids = groups, .n_additional_gids = 2};
	gid_t now[8];

	ck_assert_msg(credentials_apply(&user, false, false, &err) == 0, "%s", err.text);
	check_ids(1000, 2000);
	ck_assert_int_eq(getgroups(8, now), 2);
	ck_assert_uint_eq(now[0], 20);
	ck_assert_uint_eq(now[1], 30);
	ck_assert_uint_eq(umask(0), 0022);
}
END_TEST

START_TEST(no_additional_groups_drops_those_of_the_caller)
{
	const struct oci_user user = {.uid = 1000, .gid = 1000, .umask = {true, 0}};
	const gid_t groups[] = {5, 6};

	ck_assert_int_eq(setgroups(2, groups), 0);
	ck_assert_msg(credentials_apply(&user, false, false, &err) == 0, "%s", err.text);
	ck_assert_int_eq(getgroups(0, NULL), 0);
	ck_assert_uint_eq(umask(0), 0);
}
END_TEST

static void write_own(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

START_TEST(denied_groups_are_kept_only_where_none_are_asked_for)
{
	uint32_t group = 0;
	const struct oci_user user = {.additional_gids = &group, .n_additional_gids = 1};
	const struct oci_user no_groups = {.uid = 0, .gid = 0};

	ck_assert_int_eq(unshare(CLONE_NEWUSER), 0);
	write_own("/proc/self/setgroups", "deny");
	write_own("/proc/self/uid_map", "0 0 1");
	write_own("/proc/self/gid_map", "0 0 1");
	ck_assert_int_eq(credentials_apply(&user, true, false, &err), -EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, "denied in this user namespace"));
	ck_assert_int_eq(credentials_apply(&no_groups, false, false, &err), -EPERM);
	ck_assert_msg(credentials_apply(&no_groups, true, false, &err) == 0, "%s", err.text);
}
END_TEST

/* setresuid(2) would take it for "leave root as it is". */
START_TEST(the_id_that_means_no_change_is_refused)
{
	const struct oci_user no_user = {.uid = UINT32_MAX, .gid = 1000};
	const struct oci_user no_group = {.uid = 1000, .gid = UINT32_MAX};

	ck_assert_int_eq(credentials_apply(&no_user, false, false, &err), -EINVAL);
	ck_assert_str_eq(err.text, "process.user.uid: 4294967295 is not a user");
	ck_assert_int_eq(credentials_apply(&no_group, false, false, &err), -EINVAL);
	check_ids(0, 0);
}
END_TEST

START_TEST(an_id_that_is_not_mapped_is_named)
{
	const struct oci_user user = {.uid = 1000, .gid = 0};

	ck_assert_int_eq(unshare(CLONE_NEWUSER), 0);
	ck_assert_int_eq(credentials_apply(&user, true, false, &err), -EINVAL);
	ck_assert_str_eq(err.text, "process.user.gid: setresgid 0 (is it mapped in "
				   "linux.gidMappings?): Invalid argument");
}
END_TEST

/* --- capabilities over the change of the uid --- */

static uint64_t status_mask(const char *name)
{
	FILE *file = fopen("/proc/thread-self/status", "re");
	char line[256];
	uint64_t mask = UINT64_MAX;

	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, name, strlen(name)) == 0)
			mask = strtoull(line + strlen(name) + 1, NULL, 16);
	(void)fclose(file);
	return mask;
}

static void become(uint32_t uid, const struct capability_sets *sets)
{
	const struct oci_user user = {.uid = uid, .gid = uid};

	ck_assert_msg(caps_bound(sets, &err) == 0, "%s", err.text);
	ck_assert_msg(credentials_apply(&user, false, false, &err) == 0, "%s", err.text);
	ck_assert_msg(caps_apply(sets, &err) == 0, "%s", err.text);
}

static void check_sets(const struct capability_sets *sets)
{
	ck_assert_uint_eq(status_mask("CapBnd:"), sets->bounding);
	ck_assert_uint_eq(status_mask("CapEff:"), sets->effective);
	ck_assert_uint_eq(status_mask("CapInh:"), sets->inheritable);
	ck_assert_uint_eq(status_mask("CapPrm:"), sets->permitted);
	ck_assert_uint_eq(status_mask("CapAmb:"), sets->ambient);
}

START_TEST(a_user_holds_exactly_the_five_sets)
{
	const struct capability_sets sets = {
		.bounding = CHOWN | KILL | SETFCAP,
		.effective = KILL,
		.inheritable = KILL | SETFCAP,
		.permitted = KILL | CHOWN,
		.ambient = KILL,
	};

	become(1000, &sets);
	check_sets(&sets);
}
END_TEST

START_TEST(root_holds_exactly_the_five_sets)
{
	const struct capability_sets sets = {
		.bounding = CHOWN | KILL, .effective = KILL, .permitted = KILL | CHOWN};

	become(0, &sets);
	check_sets(&sets);
}
END_TEST

START_TEST(no_capabilities_at_all_are_possible)
{
	const struct capability_sets sets = {0};

	become(0, &sets);
	check_sets(&sets);
}
END_TEST

/* CVE-2022-29162. */
START_TEST(inheritable_and_ambient_capabilities_of_the_caller_are_dropped)
{
	const struct capability_sets before = {.bounding = UINT64_MAX,
		.effective = KILL | BIT(8) | BIT(7) | BIT(6),
		.permitted = KILL | BIT(8) | BIT(7) | BIT(6),
		.inheritable = KILL,
		.ambient = KILL};
	const struct capability_sets after = {
		.bounding = KILL, .effective = KILL, .permitted = KILL};

	ck_assert_msg(caps_apply(&before, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(status_mask("CapAmb:"), KILL);
	become(1000, &after);
	check_sets(&after);
}
END_TEST

START_TEST(a_capability_that_is_not_held_is_not_gained)
{
	const struct capability_sets none = {0};
	const struct capability_sets more = {.effective = KILL, .permitted = KILL};

	ck_assert_msg(caps_apply(&none, &err) == 0, "%s", err.text);
	ck_assert_int_eq(caps_apply(&more, &err), -EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, "permitted 0x20"));
	ck_assert_int_eq(caps_bound(&none, &err), -EPERM);
	ck_assert_str_eq(err.text, "drop CAP_CHOWN from the bounding set: needs CAP_SETPCAP");
}
END_TEST

START_TEST(what_the_bounding_set_lacks_already_needs_no_privilege)
{
	const struct capability_sets none = {0};

	ck_assert_msg(caps_bound(&none, &err) == 0, "%s", err.text);
	ck_assert_msg(caps_apply(&none, &err) == 0, "%s", err.text);
	ck_assert_msg(caps_bound(&none, &err) == 0, "%s", err.text);
}
END_TEST

/* --- stdio --- */

static uid_t owner(int fd)
{
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	return st.st_uid;
}

START_TEST(pipes_and_sockets_on_stdio_go_to_the_user)
{
	int ends[2], pair[2];
	struct stat st;

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_int_eq(dup2(ends[0], 0), 0);
	ck_assert_int_eq(dup2(pair[0], 1), 1);
	ck_assert_int_eq(dup2(ends[1], 2), 2);
	ck_assert_msg(credentials_own_stdio(
			      &(const struct oci_user){.uid = 1000, .gid = 1001}, &err) == 0,
		"%s", err.text);
	ck_assert_uint_eq(owner(0), 1000);
	ck_assert_uint_eq(owner(1), 1000);
	ck_assert_uint_eq(owner(2), 1000);
	ck_assert_int_eq(fstat(0, &st), 0);
	ck_assert_uint_eq(st.st_gid, 1001);
}
END_TEST

START_TEST(null_devices_and_files_on_stdio_stay_whose_they_are)
{
	char name[] = "/tmp/nacre-test-stdio-XXXXXX";
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	int file = mkstemp(name);

	ck_assert_int_ge(null_fd, 0);
	ck_assert_int_ge(file, 0);
	ck_assert_int_eq(unlink(name), 0);
	ck_assert_int_eq(dup2(null_fd, 0), 0);
	ck_assert_int_eq(dup2(file, 1), 1);
	(void)close(2);
	ck_assert_msg(credentials_own_stdio(
			      &(const struct oci_user){.uid = 1000, .gid = 1001}, &err) == 0,
		"%s", err.text);
	ck_assert_uint_eq(owner(0), 0);
	ck_assert_uint_eq(owner(1), 0);
}
END_TEST

/* --- keyring --- */

START_TEST(the_session_keyring_is_new_and_the_callers_is_out_of_reach)
{
	int before = sys_keyctl(KEYCTL_JOIN_SESSION_KEYRING, (unsigned long)"nacre-test", 0, 0, 0);
	int after;

	ck_assert_int_gt(before, 0);
	ck_assert_msg(credentials_new_keyring("x", NULL, &err) == 0, "%s", err.text);
	after = sys_keyctl(KEYCTL_GET_KEYRING_ID, (unsigned long)KEY_SPEC_SESSION_KEYRING, 0, 0, 0);
	ck_assert_int_gt(after, 0);
	ck_assert_int_ne(before, after);
}
END_TEST

/* Whoever may search a keyring joins it by name: a neighbour of the same uid could lay one out. */
START_TEST(a_keyring_that_a_neighbour_prepared_is_not_joined)
{
	int trap = sys_keyctl(KEYCTL_JOIN_SESSION_KEYRING, (unsigned long)"_ses.victim", 0, 0, 0);
	int now;

	ck_assert_int_gt(trap, 0);
	ck_assert_int_eq(sys_keyctl(KEYCTL_SETPERM, (unsigned long)trap, 0x3f3f3f3f, 0, 0), 0);
	ck_assert_msg(credentials_new_keyring("victim", NULL, &err) == 0, "%s", err.text);
	now = sys_keyctl(KEYCTL_GET_KEYRING_ID, (unsigned long)KEY_SPEC_SESSION_KEYRING, 0, 0, 0);
	ck_assert_int_ne(now, trap);
}
END_TEST

Suite *suite_credentials(void);

Suite *suite_credentials(void)
{
	Suite *suite = suite_create("credentials");
	TCase *ids = tcase_create("ids");
	TCase *capabilities = tcase_create("capabilities");
	TCase *stdio = tcase_create("stdio");
	TCase *keyring = tcase_create("keyring");

	tcase_add_test(ids, all_ids_and_groups_are_the_users);
	tcase_add_test(ids, no_additional_groups_drops_those_of_the_caller);
	tcase_add_test(ids, denied_groups_are_kept_only_where_none_are_asked_for);
	tcase_add_test(ids, the_id_that_means_no_change_is_refused);
	tcase_add_test(ids, an_id_that_is_not_mapped_is_named);
	suite_add_tcase(suite, ids);
	tcase_add_test(capabilities, a_user_holds_exactly_the_five_sets);
	tcase_add_test(capabilities, root_holds_exactly_the_five_sets);
	tcase_add_test(capabilities, no_capabilities_at_all_are_possible);
	tcase_add_test(
		capabilities, inheritable_and_ambient_capabilities_of_the_caller_are_dropped);
	tcase_add_test(capabilities, a_capability_that_is_not_held_is_not_gained);
	tcase_add_test(capabilities, what_the_bounding_set_lacks_already_needs_no_privilege);
	suite_add_tcase(suite, capabilities);
	tcase_add_test(stdio, pipes_and_sockets_on_stdio_go_to_the_user);
	tcase_add_test(stdio, null_devices_and_files_on_stdio_stay_whose_they_are);
	suite_add_tcase(suite, stdio);
	tcase_add_test(keyring, the_session_keyring_is_new_and_the_callers_is_out_of_reach);
	tcase_add_test(keyring, a_keyring_that_a_neighbour_prepared_is_not_joined);
	suite_add_tcase(suite, keyring);
	return suite;
}
