/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/seccomp/seccomp_log.h"
#include "libcontainer/seccomp/seccomp_policy.h"

#include <check.h>

Suite *suite_seccomp_log(void);

#define RECORD                                                                                    \
	"audit: type=1326 audit(1795336121.822:324): auid=4294967295 uid=0 gid=0 ses=4294967295 " \
	"pid=6426 comm=\"payload\" exe=\"/payload\" sig=0 arch=c000003e syscall=110 compat=0 "    \
	"ip=0x4492a9 code=0x7ffc0000"

START_TEST(a_record_of_the_kernel_is_understood)
{
	struct seccomp_record record;

	ck_assert(seccomp_record_parse("5,1324,25543542822,-;" RECORD "\n", &record));
	ck_assert_int_eq(record.pid, 6426);
	ck_assert_uint_eq(record.time_us, 25543542822);
	ck_assert_uint_eq(record.arch, 0xc000003e);
	ck_assert_int_eq(record.number, 110);
	ck_assert_str_eq(seccomp_action_word(record.action), "logged");
}
END_TEST

/* Root of a container may write to /dev/kmsg if it has it; the kernel then gives another facility.
 */
START_TEST(nothing_else_is_taken_for_one)
{
	static const char *const others[] = {
		"",
		"5",
		"5,1,2,-",
		"12,1,2,-;" RECORD,
		"5;" RECORD,
		"5,1,2,-;somebody: " RECORD,
		"5,1,2,-;audit: type=1325 pid=1 arch=1 syscall=1 code=0x0",
		"5,1,2,-;audit: type=1326 pid=1 arch=1 syscall=1",
		"5,1,2,-;audit: type=1326 pid=x arch=1 syscall=1 code=0x0",
	};
	struct seccomp_record record;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		ck_assert_msg(!seccomp_record_parse(others[i], &record), "%s", others[i]);
}
END_TEST

/* F34: another container's are nobody's to tell. */
START_TEST(a_record_is_of_a_process_while_it_had_its_pid)
{
	static const struct seccomp_subject subjects[] = {{7, 100, UINT64_MAX}, {9, 100, 200}};
	static const struct {
		pid_t pid;
		uint64_t time_us;
		bool of_them;
	} cases[] = {{7, 100, true}, {7, 99, false}, {8, 150, false}, {9, 100, true},
		{9, 199, true}, {9, 200, false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct seccomp_record record = {.pid = cases[i].pid};

		ck_assert_msg(seccomp_record_is_of(&record, cases[i].time_us, subjects, 2) ==
				      cases[i].of_them,
			"%zu", i);
	}
}
END_TEST

START_TEST(calls_have_names_also_where_libseccomp_knows_none)
{
	char name[40];

	seccomp_call_name(0xc000003e, 321, name);
	ck_assert_str_eq(name, "bpf");
	seccomp_call_name(0xc000003e, 470, name);
	ck_assert_str_eq(name, "listns");
	seccomp_call_name(0xc000003e, 335, name);
	ck_assert_str_eq(name, "uretprobe");
	seccomp_call_name(0xc00000b7 /* aarch64 */, 335, name);
	ck_assert_str_eq(name, "335");
	seccomp_call_name(0xc000003e, 5000, name);
	ck_assert_str_eq(name, "5000");
}
END_TEST

Suite *suite_seccomp_log(void)
{
	Suite *suite = suite_create("seccomp_log");
	TCase *tcase = tcase_create("seccomp_log");

	tcase_add_test(tcase, a_record_of_the_kernel_is_understood);
	tcase_add_test(tcase, nothing_else_is_taken_for_one);
	tcase_add_test(tcase, a_record_is_of_a_process_while_it_had_its_pid);
	tcase_add_test(tcase, calls_have_names_also_where_libseccomp_knows_none);
	suite_add_tcase(suite, tcase);
	return suite;
}
