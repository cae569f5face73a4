/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/seccomp/seccomp_simulate.h"
#include "tests/unit/seccomp_machine.h" /* first: check.h has a macro fail */

#include <string.h>

Suite *suite_seccomp_simulate(void);

/* What the filter of config.json refuses, asked without a kernel (F34). */

static char found[4096];

static void collect(void *data, const char *call)
{
	ck_assert_ptr_null(data);
	(void)snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s ", call);
}

static const char *refused(unsigned profile)
{
	struct seccomp_own own = {.profile = 0};

	for (const struct seccomp_own *built = seccomp_own_built; built->profile; built++) {
		if (built->profile == profile)
			own = *built;
	}
	found[0] = '\0';
	seccomp_each_refused(&program, &own, collect, NULL);
	return found;
}

/* ACTION: of unshare, mount and kcmp, all else is allowed. */
static void compile_for(const char *action)
{
	static const char *names[] = {"unshare", "mount", "kcmp"};
	struct oci_syscall call = {.names = {names, 3}, .action = action};
	const struct oci_seccomp seccomp = {
		.default_action = "SCMP_ACT_ALLOW", .syscalls = &call, .n_syscalls = 1};

	must_compile(&seccomp);
}

START_TEST(what_it_refuses_is_named_unless_nacre_refuses_it_too)
{
	compile_for("SCMP_ACT_ERRNO");
	ck_assert(seccomp_refuses(&program, "mount"));
	ck_assert(!seccomp_refuses(&program, "read"));
	ck_assert(!seccomp_refuses(&program, "nothing"));
	ck_assert(!seccomp_refuses_userns(&program));
	ck_assert_ptr_nonnull(strstr(refused(0), "kcmp "));
	ck_assert_uint_eq(strlen(found), strlen("mount unshare kcmp "));
	ck_assert_str_eq(refused(FILTER_AGENT), "");
	(void)refused(FILTER_NESTED);
	ck_assert_ptr_nonnull(strstr(found, "mount "));
	ck_assert_ptr_nonnull(strstr(found, "unshare "));
	ck_assert_ptr_null(strstr(found, "kcmp"));
	compile_for("SCMP_ACT_KILL_PROCESS");
	ck_assert(seccomp_refuses(&program, "mount"));
	compile_for("SCMP_ACT_LOG");
	ck_assert(!seccomp_refuses(&program, "mount"));
	ck_assert_str_eq(refused(0), "");
}
END_TEST

START_TEST(what_depends_on_arguments_is_not_refused_as_such)
{
	static const char *names[] = {"clone"};
	struct oci_syscall_arg newuser = {
		.value = 0x10000000, .value_two = 0x10000000, .op = "SCMP_CMP_MASKED_EQ"};
	struct oci_syscall call = {
		.names = {names, 1}, .action = "SCMP_ACT_ERRNO", .args = &newuser, .n_args = 1};
	const struct oci_seccomp seccomp = {
		.default_action = "SCMP_ACT_ALLOW", .syscalls = &call, .n_syscalls = 1};

	must_compile(&seccomp);
	ck_assert(!seccomp_refuses(&program, "clone"));
	ck_assert(seccomp_refuses_userns(&program));
	ck_assert_str_eq(refused(FILTER_NESTED), "clone(CLONE_NEWUSER) ");
	ck_assert_str_eq(refused(FILTER_AGENT), "");
}
END_TEST

START_TEST(the_list_of_an_engine_refuses_what_nested_is_for)
{
	struct engine_profile *p = engine_profile();

	must_compile(&p->seccomp);
	(void)refused(FILTER_NESTED);
	ck_assert_ptr_nonnull(strstr(found, "mount "));
	ck_assert_ptr_nonnull(strstr(found, "unshare "));
	ck_assert_ptr_null(strstr(found, "openat "));
	free(p);
}
END_TEST

Suite *suite_seccomp_simulate(void)
{
	Suite *suite = suite_create("seccomp_simulate");
	TCase *tcase = tcase_create("seccomp_simulate");

	tcase_add_test(tcase, what_it_refuses_is_named_unless_nacre_refuses_it_too);
	tcase_add_test(tcase, what_depends_on_arguments_is_not_refused_as_such);
	tcase_add_test(tcase, the_list_of_an_engine_refuses_what_nested_is_for);
	suite_add_tcase(suite, tcase);
	return suite;
}
