/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/record/state.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <check.h>

#include "libcontainer/container.h"
#include "libcontainer/record/record.h"

Suite *suite_state_lock(void);

enum {
	HELD_US = 500000,
	PATIENCE_S = 5, /* less than the ten seconds that the lock is waited for */
	CPU_MS = 250, /* that a wait of half a second may cost: one that spins costs all of it */
};

static const struct container_record record = {.version = RECORD_VERSION, .id = "locked"};

static struct nacre_error err;
static char root[32];
static int root_fd, state_fd;

static void set_up(void)
{
	int lock_fd;

	(void)snprintf(root, sizeof(root), "/tmp/state-lock-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(root_fd, 0);
	ck_assert_msg(
		state_make(root_fd, &record, 0, &state_fd, &lock_fd, &err) == 0, "%s", err.text);
	ck_assert_int_eq(close(lock_fd), 0);
}

static void tear_down(void)
{
	ck_assert_msg(state_remove(root_fd, record.id, state_fd, &err) == 0, "%s", err.text);
	ck_assert_msg(rmdir(root) == 0, "rmdir %s: %s", root, strerror(errno));
}

static int64_t ms_of(clockid_t clock)
{
	struct timespec now;

	ck_assert_int_eq(clock_gettime(clock, &now), 0);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int lock(unsigned flags)
{
	int lock_fd = -1;

	ck_assert_msg(state_lock(state_fd, record.id, flags, &lock_fd, &err) == 0, "%s", err.text);
	return lock_fd;
}

/* A process that has the lock for US, 0: for ever, and then goes on. */
static pid_t hold(unsigned flags, useconds_t us)
{
	int ready[2];
	pid_t pid;
	char byte;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		int fd = lock(flags);

		(void)!write(ready[1], "", 1);
		(void)(us ? usleep(us) : pause());
		(void)close(fd);
		(void)pause();
		_exit(0);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	(void)close(ready[1]);
	return pid;
}

static void end(pid_t holder)
{
	ck_assert_int_eq(kill(holder, SIGKILL), 0);
	ck_assert_int_eq(waitpid(holder, NULL, 0), holder);
}

/* As a foreground `run` has it while it creates, and an engine with the library in it. */
START_TEST(a_lock_is_had_when_it_is_free_and_not_when_its_holder_ends)
{
	pid_t holder = hold(0, HELD_US);
	int64_t before = ms_of(CLOCK_MONOTONIC), waited;

	ck_assert_int_eq(close(lock(0)), 0);
	waited = ms_of(CLOCK_MONOTONIC) - before;
	ck_assert_msg(
		waited >= HELD_US / 2000 && waited < PATIENCE_S * 1000, "%ld ms", (long)waited);
	end(holder);
}
END_TEST

/* Of a holder outside its pid namespace a waiter learns no pid. */
START_TEST(the_wait_for_an_unseen_holder_does_not_spin)
{
	pid_t holder = hold(0, HELD_US), waiter;
	int status;

	ck_assert_int_eq(unshare(CLONE_NEWPID), 0);
	waiter = fork();
	ck_assert_int_ge(waiter, 0);
	if (waiter == 0) {
		struct nacre_error why;
		int fd;

		_exit(state_lock(state_fd, record.id, 0, &fd, &why) < 0 ||
			ms_of(CLOCK_PROCESS_CPUTIME_ID) > CPU_MS);
	}
	ck_assert_int_eq(waitpid(waiter, &status, 0), waiter);
	ck_assert_int_eq(status, 0);
	end(holder);
}
END_TEST

/* `delete --force` past a command that hangs: by the lock alone it is known which process that is.
 */
START_TEST(a_command_that_hangs_is_killed_by_force)
{
	pid_t holder = hold(STATE_LOCK_EXPENDABLE, 0);
	int64_t before = ms_of(CLOCK_MONOTONIC);
	int fd = lock(STATE_LOCK_FORCE | STATE_LOCK_EXPENDABLE), status;

	ck_assert_int_lt(ms_of(CLOCK_MONOTONIC) - before, 2 * PATIENCE_S * 1000);
	ck_assert_int_eq(waitpid(holder, &status, WNOHANG), holder);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

/* Whoever does not say that it may be: an engine, with all its containers. Nor without force. */
START_TEST(who_is_not_expendable_is_not_killed)
{
	pid_t holder = hold(_i == 0 ? 0 : STATE_LOCK_EXPENDABLE, 0);
	int fd;

	ck_assert_int_eq(state_lock(state_fd, record.id, _i == 0 ? STATE_LOCK_FORCE : 0, &fd, &err),
		-ETIMEDOUT);
	ck_assert_int_eq(waitpid(holder, NULL, WNOHANG), 0);
	end(holder);
}
END_TEST

/* One that locks the whole file, as those did that did not know of the second byte. */
START_TEST(an_older_nacre_is_not_killed)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int ready[2], fd;
	pid_t holder;
	char byte;

	ck_assert_int_eq(pipe(ready), 0);
	holder = fork();
	if (holder == 0) {
		fd = openat(state_fd, "lock", O_RDWR);
		_exit(fcntl(fd, F_SETLK, &whole) == 0 && write(ready[1], "", 1) == 1 && pause());
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	ck_assert_int_eq(state_lock(state_fd, record.id, STATE_LOCK_FORCE, &fd, &err), -ETIMEDOUT);
	ck_assert_int_eq(waitpid(holder, NULL, WNOHANG), 0);
	end(holder);
}
END_TEST

/* The same process lists, or looks at, the container while it holds its lock: closing any fd of the
 * lock would release it (fcntl(2)). */
START_TEST(a_look_leaves_the_lock_to_its_holder)
{
	struct nacre_options options = {.size = sizeof(options), .root = root};
	struct nacre_container *container;
	struct nacre_containers *list;
	struct nacre *nacre;
	int fd = lock(0), status;
	pid_t other;

	ck_assert_msg(nacre_open(&options, &nacre, &err) == 0, "%s", err.text);
	if (_i == 0) {
		ck_assert_msg(nacre_list(nacre, &list, &err) == 0, "%s", err.text);
		ck_assert_uint_eq(nacre_containers_size(list), 1);
		ck_assert_str_eq(nacre_containers_get(list, 0)->owner, "root");
		nacre_containers_free(list);
	} else {
		ck_assert_msg(
			nacre_inspect(nacre, record.id, &container, &err) == 0, "%s", err.text);
		ck_assert_int_eq(container->status, NACRE_CREATING);
		nacre_container_free(container);
	}
	nacre_close(nacre);
	other = fork();
	ck_assert_int_ge(other, 0);
	if (other == 0)
		_exit(state_lock(state_fd, record.id, STATE_LOCK_TRY, &fd, &err) != -EBUSY);
	ck_assert_int_eq(waitpid(other, &status, 0), other);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

/* Without /proc it is not known of which boot a container is; that it is none is what `delete
 * --force` would succeed with. */
START_TEST(a_boot_that_is_not_known_is_not_taken_for_no_container)
{
	struct container_record whole = record, *found;
	struct arena *arena = arena_new(1 << 20);
	int status;
	pid_t pid;

	whole.boot = "00000000-0000-0000-0000-000000000000";
	whole.bundle = whole.created = "/";
	ck_assert_msg(record_save(state_fd, &whole, &err) == 0, "%s", err.text);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (unshare(CLONE_NEWNS) < 0 ||
			mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
			mount("none", "/proc", "tmpfs", 0, NULL) < 0)
			_exit(255);
		_exit(-record_load(arena, root_fd, record.id, -1, &found, &err));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), ENOSYS);
	ck_assert_msg(
		record_load(arena, root_fd, record.id, -1, &found, &err) == 0, "%s", err.text);
	arena_free(arena);
}
END_TEST

Suite *suite_state_lock(void)
{
	Suite *suite = suite_create("state_lock");
	TCase *tcase = tcase_create("state_lock");

	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_lock_is_had_when_it_is_free_and_not_when_its_holder_ends);
	tcase_add_test(tcase, the_wait_for_an_unseen_holder_does_not_spin);
	tcase_add_test(tcase, a_command_that_hangs_is_killed_by_force);
	tcase_add_loop_test(tcase, who_is_not_expendable_is_not_killed, 0, 2);
	tcase_add_test(tcase, an_older_nacre_is_not_killed);
	tcase_add_test(tcase, a_boot_that_is_not_known_is_not_taken_for_no_container);
	tcase_add_loop_test(tcase, a_look_leaves_the_lock_to_its_holder, 0, 2);
	suite_add_tcase(suite, tcase);
	return suite;
}
