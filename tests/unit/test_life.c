/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/life/life.h"
#include "libcontainer/life/walk.h"

#include <check.h>
#include <string.h>

Suite *suite_life(void);

static const struct step *const tables[] = {life_create_steps, life_process_steps, life_start_steps,
	life_exec_steps, life_restore_steps};
#define N_TABLES ((int)(sizeof(tables) / sizeof(tables[0])))

static int row(const struct step *steps, const char *name)
{
	for (int i = 0; steps[i].name; i++)
		if (strcmp(steps[i].name, name) == 0)
			return i;
	ck_abort_msg("there is no row \"%s\"", name);
	return -1;
}

START_TEST(names_are_unique_and_rows_complete)
{
	const struct step *steps = tables[_i];

	for (int i = 0; steps[i].name; i++) {
		ck_assert_int_eq(row(steps, steps[i].name), i);
		ck_assert_msg(steps[i].perform || steps[i].undo, "%s does nothing", steps[i].name);
		ck_assert_msg(!steps[i].undo || steps[i].owner == RUNTIME,
			"%s: only RUNTIME outlives a failure", steps[i].name);
		ck_assert_msg(!(steps[i].flags & STEP_OVERLAP) || steps[i].owner == RUNTIME,
			"%s: only RUNTIME may overlap", steps[i].name);
	}
}
END_TEST

/* The spec's order (config.md, Hooks; runtime.md, Lifecycle) and the kernel's, as facts. */
static const struct {
	const struct step *steps;
	const char *first, *then;
} facts[] = {
	/* what a crash leaves must be found: the state names the cgroup before it is made */
	{life_create_steps, "state directory", "cgroup"},
	/* clone3 puts INIT into it */
	{life_create_steps, "cgroup", "spawn"},
	/* without maps INIT is nobody */
	{life_create_steps, "id maps", "root of the user namespace"},
	{life_create_steps, "root of the user namespace", "mounts"},
	/* its message queues belong to who makes it */
	{life_create_steps, "root of the user namespace", "ipc namespace"},
	{life_create_steps, "ipc namespace", "mounts"},
	/* rooted at the container's cgroup, which the cgroup2 mount then shows */
	{life_create_steps, "cgroup namespace", "mounts"},
	{life_create_steps, "rootfs", "mounts"},
	{life_create_steps, "mounts", "devices"},
	/* runtime.md, Lifecycle: the environment is complete before the hooks */
	{life_create_steps, "network devices", "hooks: prestart, createRuntime"},
	{life_create_steps, "network devices", "sysctl"},
	/* ptmx of the container's own devpts */
	{life_create_steps, "mounts", "terminal"},
	{life_create_steps, "devices", "terminal"},
	{life_create_steps, "hooks: prestart, createRuntime", "hooks: createContainer"},
	{life_create_steps, "mounts", "hooks: prestart, createRuntime"},
	{life_create_steps, "hooks: createContainer", "pivot root"},
	/* /proc/sys turns read-only */
	{life_create_steps, "sysctl", "masked and read-only paths"},
	/* the host's /dev/null is in the namespace until then */
	{life_create_steps, "masked and read-only paths", "pivot root"},
	{life_create_steps, "devices", "read-only root and mounts"},
	{life_create_steps, "pivot root", "read-only root and mounts"},
	{life_create_steps, "pivot root", "find the program"},
	/* makes the working directory */
	{life_create_steps, "find the program", "read-only root and mounts"},
	/* what overlaps belongs behind the fork */
	{life_create_steps, "spawn", "record of a run"},
	{life_create_steps, "config and report", "record of a run"},
	/* a container that could not be limited must not start */
	{life_create_steps, "limits and device rules", "record of a run"},
	/* the cgroup is there, and nothing of the container's has run */
	{life_create_steps, "systemd unit", "egress rules"},
	{life_create_steps, "egress rules", "egress rules hold"},
	{life_create_steps, "loopback", "egress rules hold"},
	{life_create_steps, "egress rules hold", "hooks: prestart, createRuntime"},
	{life_create_steps, "cloud metadata", "hooks: prestart, createRuntime"},
	/* what INIT opens the program may not */
	{life_create_steps, "mounts", "device rules after disks"},
	{life_create_steps, "device rules after disks", "hooks: prestart, createRuntime"},
	/* delete --force after a crash reads the config for it */
	{life_create_steps, "config and report", "resctrl group"},
	/* a pid namespace is joined for children, and the id maps are those of the user namespace
	 */
	{life_create_steps, "namespaces", "id maps"},
	{life_create_steps, "namespaces", "network devices"},
	/* whoever reads the pid may call `state` */
	{life_process_steps, "record", "pid file"},
	{life_process_steps, "record of the process", "pid file"},
	{life_process_steps, "LSM labels", "landlock"},
	{life_process_steps, "landlock", "ids and capabilities"},
	/* CAP_SYS_RESOURCE */
	{life_process_steps, "limits", "ids and capabilities"},
	/* `exec` may come as soon as there is a record, and `kill`: INIT is no more than the
	   program */
	{life_process_steps, "signals", "record"},
	{life_process_steps, "ids and capabilities", "record"},
	{life_process_steps, "files and memory", "record"},
	{life_process_steps, "seccomp filters", "record"},
	/* so is the process that others can see */
	{life_process_steps, "limits", "process in the pid namespace"},
	{life_process_steps, "ids and capabilities", "process in the pid namespace"},
	{life_process_steps, "files and memory", "process in the pid namespace"},
	{life_process_steps, "seccomp filters", "process in the pid namespace"},
	/* until then it ends with RUNTIME: without a cgroup nobody would find it */
	{life_process_steps, "record", "wait for start"},
	/* its pid is known only then */
	{life_process_steps, "process in the pid namespace", "record"},
	{life_process_steps, "process in the pid namespace", "record of the process"},
	{life_process_steps, "process in the pid namespace", "seccomp listener of the process"},
	/* INIT is gone */
	{life_process_steps, "seccomp listener", "process in the pid namespace"},
	{life_process_steps, "tracer", "process in the pid namespace"},
	/* a filter may forbid whatever these do */
	{life_process_steps, "signals", "seccomp filters"},
	{life_process_steps, "ids and capabilities", "seccomp filters"},
	{life_process_steps, "files and memory", "seccomp filters"},
	{life_start_steps, "hooks: startContainer", "exec"},
	/* killed before, `start` leaves a container that can be started */
	{life_start_steps, "exec", "start pipe"},
	{life_start_steps, "start pipe", "hooks: poststart"},
	{life_exec_steps, "join namespaces", "find the program"},
	{life_exec_steps, "spawn", "join namespaces"},
	/* of restore, as of create */
	{life_restore_steps, "state directory", "cgroup"},
	{life_restore_steps, "cgroup", "spawn"},
	/* what criu binds below the rootfs, and then the processes that it makes there */
	{life_restore_steps, "rootfs", "mount points"},
	{life_restore_steps, "mount points", "criu"},
	/* criu asks for each once the namespaces are there and before a process runs */
	{life_restore_steps, "criu", "namespaces"},
	{life_restore_steps, "namespaces", "network devices"},
	{life_restore_steps, "network devices", "hooks: prestart, createRuntime"},
	{life_restore_steps, "hooks: prestart, createRuntime", "processes"},
	{life_restore_steps, "processes", "limits and device rules"},
	/* nothing runs that is looser than the profile, or that nobody could find */
	{life_restore_steps, "limits and device rules", "profile holds"},
	{life_restore_steps, "profile holds", "record"},
	/* criu makes sockets of kinds that rules refuse, to look at those of the container */
	{life_restore_steps, "processes", "egress rules"},
	{life_restore_steps, "egress rules", "resume"},
	{life_restore_steps, "record", "pid file"},
	{life_restore_steps, "record", "resume"},
};

START_TEST(order_is_what_spec_and_kernel_ask_for)
{
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		ck_assert_msg(
			row(facts[i].steps, facts[i].first) < row(facts[i].steps, facts[i].then),
			"\"%s\" must come before \"%s\"", facts[i].first, facts[i].then);
}
END_TEST

/* INIT of a created container takes the first turn before it walks life_start_steps. */
START_TEST(start_begins_with_a_row_of_init_whatever_is_active)
{
	static const uint64_t sets[] = {0, ~UINT64_C(0), SECCOMP | SECCOMP_LAST, TERMINAL, LIMITS};

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		const struct step *step = life_start_steps;

		while (!walk_step_is_active(step, sets[i]))
			step++;
		ck_assert_int_eq(step->owner, INIT);
	}
}
END_TEST

struct row {
	enum owner owner;
	const char *name;
	uint64_t when;
	unsigned flags;
};

static void check_start(uint32_t version, const struct row *rows, size_t n)
{
	const struct step *steps = life_start_steps_of(version);

	ck_assert_ptr_nonnull(steps);
	for (size_t i = 0; i < n; i++) {
		ck_assert_str_eq(steps[i].name, rows[i].name);
		ck_assert_int_eq(steps[i].owner, rows[i].owner);
		ck_assert_uint_eq(steps[i].when, rows[i].when);
		ck_assert_uint_eq(steps[i].flags, rows[i].flags);
		ck_assert(steps[i].owner == INIT || steps[i].perform);
	}
	ck_assert_ptr_null(steps[n].name);
}

START_TEST(start_of_version_5_is_as_it_was)
{
	static const struct row rows[] = {
		{INIT, "hooks: startContainer", HOOKS_START_CONTAINER, 0},
		{INIT, "exec", ALWAYS, STEP_EXEC},
		{RUNTIME, "start pipe", WAITS_FOR_START, 0},
		{RUNTIME, "hooks: poststart", HOOKS_POSTSTART, 0},
	};

	check_start(5, rows, sizeof(rows) / sizeof(rows[0]));
}
END_TEST

/* The init of a container that version 4 created walks these rows, and tells them by their place.
 * They are what it is, for ever: whoever needs others gives them another START_VERSION. */
START_TEST(start_of_version_4_is_as_it_was)
{
	static const struct row rows[] = {
		{INIT, "process attributes", ALWAYS, 0},
		{INIT, "LSM labels", LSM, 0},
		{RUNTIME, "limits from outside", LIMITS_FROM_OUTSIDE, 0},
		{INIT, "limits", LIMITS, 0},
		{INIT, "files", ALWAYS, 0},
		{INIT, "landlock", LANDLOCK, 0},
		{INIT, "seccomp filters, privileged", SECCOMP_PRIVILEGED, 0},
		{RUNTIME, "seccomp listener, privileged", SECCOMP_PRIVILEGED | SECCOMP_NOTIFY, 0},
		{RUNTIME, "tracer, privileged", SECCOMP_PRIVILEGED | TRACE, 0},
		{INIT, "ids and capabilities", ALWAYS, 0},
		{INIT, "seccomp filters", SECCOMP_LAST, 0},
		{RUNTIME, "seccomp listener", SECCOMP_LAST | SECCOMP_NOTIFY, 0},
		{RUNTIME, "tracer", SECCOMP_LAST | TRACE, 0},
		{INIT, "hooks: startContainer", HOOKS_START_CONTAINER, 0},
		{INIT, "exec", ALWAYS, STEP_EXEC},
		{RUNTIME, "hooks: poststart", HOOKS_POSTSTART, 0},
	};

	check_start(4, rows, sizeof(rows) / sizeof(rows[0]));
}
END_TEST

START_TEST(the_own_start_is_known_and_no_other_one_is)
{
	ck_assert_ptr_eq(life_start_steps_of(START_VERSION), life_start_steps);
	ck_assert_ptr_nonnull(life_start_steps_of(START_VERSION_OF_SOCKET));
	ck_assert_ptr_null(life_start_steps_of(START_VERSION_OF_SOCKET - 1));
	ck_assert_ptr_null(life_start_steps_of(0));
	ck_assert_ptr_null(life_start_steps_of(START_VERSION + 1));
}
END_TEST

START_TEST(start_ends_in_exec_and_the_others_spawn_once)
{
	const struct step *steps = tables[_i];
	int spawns = 0, execs = 0;

	for (int i = 0; steps[i].name; i++) {
		spawns += steps[i].flags & STEP_SPAWN ? 1 : 0;
		if (execs)
			ck_assert_msg(
				steps[i].owner == RUNTIME, "%s comes after exec", steps[i].name);
		execs += steps[i].flags & STEP_EXEC ? 1 : 0;
	}
	ck_assert_int_eq(spawns, steps == life_start_steps || steps == life_process_steps ? 0 : 1);
	ck_assert_int_eq(execs, steps == life_start_steps || steps == life_restore_steps ? 1 : 0);
}
END_TEST

Suite *suite_life(void)
{
	Suite *suite = suite_create("life");
	TCase *tcase = tcase_create("tables");

	tcase_add_loop_test(tcase, names_are_unique_and_rows_complete, 0, N_TABLES);
	tcase_add_test(tcase, order_is_what_spec_and_kernel_ask_for);
	tcase_add_test(tcase, start_begins_with_a_row_of_init_whatever_is_active);
	tcase_add_test(tcase, start_of_version_4_is_as_it_was);
	tcase_add_test(tcase, start_of_version_5_is_as_it_was);
	tcase_add_test(tcase, the_own_start_is_known_and_no_other_one_is);
	tcase_add_loop_test(tcase, start_ends_in_exec_and_the_others_spawn_once, 0, N_TABLES);
	suite_add_tcase(suite, tcase);
	return suite;
}
