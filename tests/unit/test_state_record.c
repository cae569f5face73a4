/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/state_fixture.h"

#include "specs/conditions.h"
#include "tests/data_files.h"

Suite *suite_state_record(void);

static const char *grants[] = {"cap:CAP_NET_RAW", "mount:/srv"};
static const char *unknown[] = {"of a later version", "and another"};

static const struct container_record full = {
	.version = RECORD_VERSION,
	.id = "agent-1",
	.bundle = "/bundles/agent-1",
	.rootfs = "/bundles/agent-1/rootfs",
	.created = "2026-01-02T03:04:05.678901234Z",
	.pid = 4242,
	.start_time = UINT64_MAX,
	.start_offset = INT64_MIN,
	.pidfd_id = UINT64_MAX - 1,
	.boot = "1d21a2b0-95c8-4bc7-8a0b-2f0d0f6c9d61",
	.cgroup = "/agents/one",
	.active = RUNS_AT_ONCE | NEW_PIDNS,
	.unknown_conditions = {unknown, 2},
	.start_version = 4294967295,
	.owner_uid = 4294967294,
	.profile = "agent",
	.grants = {grants, 2},
	.annotations = {annotations, 2},
};

START_TEST(a_record_keeps_every_member)
{
	struct container_record *r = NULL;
	char *text = NULL;

	ck_assert_int_eq(container_record_encode(&full, &text, &err), 0);
	ck_assert_int_eq(container_record_decode(arena, "record", text, strlen(text), &r, &err), 0);
	free(text);
	ck_assert_uint_eq(r->version, RECORD_VERSION);
	ck_assert_str_eq(r->id, full.id);
	ck_assert_str_eq(r->bundle, full.bundle);
	ck_assert_str_eq(r->rootfs, full.rootfs);
	ck_assert_str_eq(r->created, full.created);
	ck_assert_int_eq(r->pid, full.pid);
	ck_assert_uint_eq(r->start_time, full.start_time);
	ck_assert_int_eq(r->start_offset, full.start_offset);
	ck_assert_uint_eq(r->pidfd_id, full.pidfd_id);
	ck_assert_str_eq(r->boot, full.boot);
	ck_assert_str_eq(r->cgroup, full.cgroup);
	ck_assert_uint_eq(r->active, full.active);
	ck_assert_uint_eq(r->unknown_conditions.n, 2);
	ck_assert_str_eq(r->unknown_conditions.items[0], unknown[0]);
	ck_assert_str_eq(r->unknown_conditions.items[1], unknown[1]);
	ck_assert_uint_eq(r->start_version, full.start_version);
	ck_assert_uint_eq(r->owner_uid, full.owner_uid);
	ck_assert_str_eq(r->profile, full.profile);
	ck_assert_uint_eq(r->grants.n, 2);
	ck_assert_str_eq(r->grants.items[1], grants[1]);
	ck_assert_uint_eq(r->annotations.n, 2);
	ck_assert_str_eq(r->annotations.items[0].key, annotations[0].key);
	ck_assert_str_eq(r->annotations.items[1].value, "");
}
END_TEST

START_TEST(a_record_of_a_container_without_a_process_is_complete)
{
	struct container_record bare = {.version = RECORD_VERSION, .id = "x"};
	struct container_record *r = NULL;
	char *text = NULL;

	ck_assert_int_eq(container_record_encode(&bare, &text, &err), 0);
	ck_assert_int_eq(container_record_decode(arena, "record", text, strlen(text), &r, &err), 0);
	ck_assert_int_eq(r->pid, 0);
	ck_assert_ptr_null(r->cgroup);
	ck_assert_uint_eq(r->grants.n, 0);
	ck_assert_uint_eq(r->active, 0);
	ck_assert_uint_eq(r->unknown_conditions.n, 0);
	free(text);
}
END_TEST

/* Each key that the record must have, missing from it in turn. */
static const char *const needed[] = {"version", "id", "pid", "startTime"};

START_TEST(a_record_cut_short_is_not_taken_for_a_whole_one)
{
	struct container_record *r = NULL;
	char *text = NULL, *key, message[80], quoted[40];

	ck_assert_int_eq(container_record_encode(&full, &text, &err), 0);
	(void)snprintf(quoted, sizeof(quoted), "\"%s\":", needed[_i]);
	(void)snprintf(message, sizeof(message), "record:1: %s: is required", needed[_i]);
	key = strstr(text, quoted);
	ck_assert_ptr_nonnull(key);
	key[1] = '_';
	ck_assert_int_eq(
		container_record_decode(arena, "record", text, strlen(text), &r, &err), -EINVAL);
	ck_assert_str_eq(err.text, message);
	ck_assert_ptr_null(r);
	free(text);
}
END_TEST

START_TEST(a_truncated_record_is_an_error_at_every_length)
{
	struct container_record *r = NULL;
	char *text = NULL;

	ck_assert_int_eq(container_record_encode(&full, &text, &err), 0);
	for (size_t n = 0; n < strlen(text); n++) {
		ck_assert_int_eq(
			container_record_decode(arena, "record", text, n, &r, &err), -EINVAL);
		ck_assert_ptr_null(r);
	}
	free(text);
}
END_TEST

START_TEST(a_bundle_path_that_json_cannot_hold_is_refused_when_written)
{
	struct container_record record = full;
	char *text = NULL;

	record.bundle = "/bundles/\xff";
	ck_assert_int_eq(container_record_encode(&record, &text, &err), -EILSEQ);
	ck_assert_ptr_null(text);
}
END_TEST

/* --- records of other versions --- */

/* Those of tests/data/records, as the nacre of that version left them in a state directory. */
static const struct {
	const char *name;
	uint32_t version;
	uint64_t active;
	const char *cgroup, *unit;
	bool boot;
	size_t grants, require, audit, annotations;
} committed[] = {
	/* clang-format off */
	{"4-running", 4, RUNS_AT_ONCE | NEW_CGROUPNS | NEW_NETNS | NEW_PIDNS | NEW_MNTNS | CGROUPFS | LIMITS | SECCOMP_LAST | HOOKS_POSTSTOP, "/nacre-running", NULL, false, 2, 1, 1, 2},
	{"4-created", 4, WAITS_FOR_START | NEW_CGROUPNS | NEW_NETNS | NEW_PIDNS | NEW_MNTNS | CGROUPFS | PID_FILE | LIMITS | SECCOMP | SECCOMP_LAST | HOOKS_CREATE_RUNTIME | HOOKS_POSTSTART | HOOKS_POSTSTOP, "/nacre-created", NULL, false, 0, 0, 0, 0},
	{"4-updated", 4, RUNS_AT_ONCE | NEW_CGROUPNS | NEW_NETNS | NEW_PIDNS | NEW_MNTNS | CGROUPFS | LIMITS | SECCOMP_LAST, "/nacre-updated", NULL, false, 0, 0, 0, 0},
	{"4-systemd", 4, RUNS_AT_ONCE | NEW_CGROUPNS | NEW_NETNS | NEW_PIDNS | NEW_MNTNS | SYSTEMD | LIMITS | SECCOMP_LAST, "/system.slice/nacre-systemd.scope", "nacre-systemd.scope",
		false, 0, 0, 0, 0},
	{"5-running", 5, RUNS_AT_ONCE | NEW_CGROUPNS | NEW_NETNS | NEW_PIDNS | NEW_MNTNS | CGROUPFS | LIMITS | SECCOMP_LAST | HOOKS_POSTSTOP, "/nacre-running", NULL, false, 2, 1, 1, 2},
	{"5-created", 5, WAITS_FOR_START | NEW_CGROUPNS | NEW_NETNS | NEW_PIDNS | NEW_MNTNS | CGROUPFS | PID_FILE | LIMITS | SECCOMP | SECCOMP_LAST | HOOKS_CREATE_RUNTIME | HOOKS_POSTSTART | HOOKS_POSTSTOP, "/nacre-created", NULL, false, 0, 0, 0, 0},
	{"5-updated", 5, RUNS_AT_ONCE | NEW_CGROUPNS | NEW_NETNS | NEW_PIDNS | NEW_MNTNS | CGROUPFS | LIMITS | SECCOMP_LAST, "/nacre-updated", NULL, true, 0, 0, 0, 0},
	{"5-systemd", 5, RUNS_AT_ONCE | NEW_CGROUPNS | NEW_NETNS | NEW_PIDNS | NEW_MNTNS | SYSTEMD | LIMITS | SECCOMP_LAST, "/system.slice/nacre-systemd.scope", "nacre-systemd.scope",
		false, 0, 0, 0, 0},
	{"6-running", 6, RUNS_AT_ONCE | NEW_CGROUPNS | NEW_NETNS | NEW_PIDNS | NEW_MNTNS | CGROUPFS | LIMITS | SECCOMP_LAST | HOOKS_POSTSTOP, "/nacre-running", NULL, false, 2, 1, 1, 2},
	{"6-created", 6, WAITS_FOR_START | NEW_USERNS | IN_USERNS | SHIFTED_IDS | LIMITS_FROM_OUTSIDE | NEW_CGROUPNS | NEW_NETNS | NEW_PIDNS | NEW_MNTNS | CGROUPFS | PID_FILE | LIMITS | SECCOMP | SECCOMP_LAST | HOOKS_CREATE_RUNTIME | HOOKS_POSTSTART | HOOKS_POSTSTOP, "/nacre-created", NULL, false, 0, 0, 0, 0},
	{"6-updated", 6, RUNS_AT_ONCE | NEW_CGROUPNS | NEW_NETNS | NEW_PIDNS | NEW_MNTNS | CGROUPFS | LIMITS | SECCOMP_LAST, "/nacre-updated", NULL, true, 0, 0, 0, 0},
	{"6-systemd", 6, RUNS_AT_ONCE | NEW_CGROUPNS | NEW_NETNS | NEW_PIDNS | NEW_MNTNS | SYSTEMD | LIMITS | SECCOMP_LAST, "/system.slice/nacre-systemd.scope", "nacre-systemd.scope",
		false, 0, 0, 0, 0},
	/* clang-format on */
};

START_TEST(a_record_of_each_version_is_read)
{
	struct container_record *r = NULL;
	char path[64], *text;
	size_t length;

	(void)snprintf(path, sizeof(path), "records/%s.record.json", committed[_i].name);
	text = data_read(path, &length);
	ck_assert_msg(
		container_record_decode(arena, path, text, length, &r, &err) == 0, "%s", err.text);
	free(text);
	ck_assert_uint_eq(r->version, committed[_i].version);
	ck_assert_str_eq(r->id, committed[_i].name + 2);
	ck_assert_uint_eq(r->active, committed[_i].active);
	ck_assert_uint_eq(r->unknown_conditions.n, 0);
	ck_assert_uint_eq(r->start_version, r->version < 6 ? 4 : 5);
	ck_assert_uint_eq(r->first_id, r->active & SHIFTED_IDS ? 1965752320 : 0);
	ck_assert_int_gt(r->pid, 0);
	ck_assert_uint_gt(r->start_time, 0);
	ck_assert_int_eq(r->boot != NULL, committed[_i].boot);
	ck_assert_str_eq(r->cgroup, committed[_i].cgroup);
	ck_assert_pstr_eq(r->unit, committed[_i].unit);
	ck_assert_int_eq(r->cgroup_id != 0, r->unit != NULL);
	ck_assert_str_eq(r->profile, "agent");
	ck_assert_uint_eq(r->grants.n, committed[_i].grants);
	ck_assert_uint_eq(r->require.n, committed[_i].require);
	ck_assert_uint_eq(r->audit.n, committed[_i].audit);
	ck_assert_uint_eq(r->annotations.n, committed[_i].annotations);
}
END_TEST

/* A new version, a new member: then there is a new record to keep. */
START_TEST(the_own_version_has_committed_records)
{
	size_t found = 0;

	for (size_t i = 0; i < sizeof(committed) / sizeof(committed[0]); i++)
		found += committed[i].version == RECORD_VERSION;
	ck_assert_uint_eq(found, 4);
}
END_TEST

/* The list of its macros, for ever. Some are conditions no more. */
#define RETIRED 0
static const uint64_t mask_of_version_4[] = {RUNS_AT_ONCE, WAITS_FOR_START, NEW_USERNS, IN_USERNS,
	NEW_CGROUPNS, NEW_NETNS, NEW_PIDNS, NEW_MNTNS, CGROUPFS, SYSTEMD, ATTACH, EXEC_CGROUP,
	KILL_ON_EXIT, DELEGATE_CGROUP, RESCTRL, NET_DEVICES, HOST_SOURCES, RETIRED, RETIRED,
	RETIRED, RETIRED, TERMINAL, NOTIFY, PID_FILE, PIDFD_SOCKET, RETIRED, RETIRED, RETIRED,
	LIMITS, LIMITS_FROM_OUTSIDE, LSM, LANDLOCK, SECCOMP, SECCOMP_PRIVILEGED, SECCOMP_LAST,
	SECCOMP_NOTIFY, TRACE, HOOKS_CREATE_RUNTIME, RETIRED, HOOKS_START_CONTAINER,
	HOOKS_POSTSTART, HOOKS_POSTSTOP, RETIRED};

static int decode_mask(unsigned version, uint64_t mask, struct container_record **ret_record)
{
	char text[160];
	int n = snprintf(text, sizeof(text),
		"{\"version\":%u,\"id\":\"x\",\"pid\":1,\"startTime\":1,\"bootId\":0,\"active\":%"
		"llu,"
		"\"ownerUid\":0}",
		version, (unsigned long long)mask);

	return container_record_decode(arena, "record", text, (size_t)n, ret_record, &err);
}

START_TEST(each_bit_of_version_4_is_its_condition)
{
	struct container_record *r = NULL;

	ck_assert_int_eq(decode_mask(4, UINT64_C(1) << _i, &r), 0);
	ck_assert_uint_eq(r->active, mask_of_version_4[_i]);
	ck_assert_uint_eq(r->unknown_conditions.n, 0);
}
END_TEST

START_TEST(a_mask_whose_bits_nobody_knows_is_refused)
{
	struct container_record *r = NULL;

	ck_assert_int_eq(decode_mask(3, 1, &r), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "record: \"active\" is 1: "));
	ck_assert_int_eq(decode_mask(6, 1, &r), -EINVAL);
	ck_assert_int_eq(decode_mask(4, UINT64_C(1) << 43, &r), -EINVAL);
	ck_assert_ptr_null(r);
}
END_TEST

/* Who changes a word finds it here: it stands in the records of containers that run. */
START_TEST(each_condition_has_a_word_of_its_own)
{
	for (size_t place = 0; place < N_CONDITIONS; place++) {
		ck_assert_ptr_nonnull(condition_word(place));
		ck_assert_uint_eq(condition_bit(condition_word(place)), UINT64_C(1) << place);
	}
	ck_assert_uint_eq(condition_bit("of a later version"), 0);
	ck_assert_uint_eq(condition_bit(""), 0);
	ck_assert(condition_is_retired("masks"));
	ck_assert(!condition_is_retired("systemd"));
	ck_assert_str_eq(condition_word(HOOKS_POSTSTOP_PLACE), "hooks poststop");
}
END_TEST

/* With everything that may be added: a member, a condition, a higher number. */
START_TEST(a_record_of_a_later_version_is_read)
{
	static const char text[] =
		"{\"version\":77,\"id\":\"x\",\"pid\":5,\"startTime\":6,\"egress\":{\"rules\":[1,"
		"null]},\"conditions\":[\"systemd\",\"of tomorrow\",\"new "
		"pidns\"],\"startVersion\":9}";
	struct container_record *r = NULL;

	ck_assert_msg(container_record_decode(arena, "record", text, strlen(text), &r, &err) == 0,
		"%s", err.text);
	ck_assert_uint_eq(r->version, 77);
	ck_assert_int_eq(r->pid, 5);
	ck_assert_uint_eq(r->active, SYSTEMD | NEW_PIDNS);
	ck_assert_uint_eq(r->unknown_conditions.n, 1);
	ck_assert_str_eq(r->unknown_conditions.items[0], "of tomorrow");
	ck_assert_uint_eq(r->start_version, 9);
	ck_assert_uint_eq(r->owner_uid, 0);
}
END_TEST

/* The document of version 5 with the number of 4, as of a build in between. */
START_TEST(it_is_the_members_that_count_and_not_the_number)
{
	static const char text[] = "{\"version\":4,\"id\":\"x\",\"pid\":5,\"startTime\":6,"
				   "\"conditions\":[\"trace\"],\"startVersion\":8}";
	struct container_record *r = NULL;

	ck_assert_int_eq(container_record_decode(arena, "record", text, strlen(text), &r, &err), 0);
	ck_assert_uint_eq(r->active, TRACE);
	ck_assert_uint_eq(r->start_version, 8);
}
END_TEST

Suite *suite_state_record(void)
{
	Suite *suite = suite_create("state_record");
	TCase *tc = tcase_create("state_record");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_record_keeps_every_member);
	tcase_add_test(tc, a_record_of_a_container_without_a_process_is_complete);
	tcase_add_loop_test(tc, a_record_cut_short_is_not_taken_for_a_whole_one, 0,
		sizeof(needed) / sizeof(needed[0]));
	tcase_add_test(tc, a_truncated_record_is_an_error_at_every_length);
	tcase_add_loop_test(
		tc, a_record_of_each_version_is_read, 0, sizeof(committed) / sizeof(committed[0]));
	tcase_add_test(tc, the_own_version_has_committed_records);
	tcase_add_loop_test(tc, each_bit_of_version_4_is_its_condition, 0,
		sizeof(mask_of_version_4) / sizeof(mask_of_version_4[0]));
	tcase_add_test(tc, a_mask_whose_bits_nobody_knows_is_refused);
	tcase_add_test(tc, each_condition_has_a_word_of_its_own);
	tcase_add_test(tc, a_record_of_a_later_version_is_read);
	tcase_add_test(tc, it_is_the_members_that_count_and_not_the_number);
	tcase_add_test(tc, a_bundle_path_that_json_cannot_hold_is_refused_when_written);
	suite_add_tcase(suite, tc);
	return suite;
}
