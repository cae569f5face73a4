/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/life/walk.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "libcontainer/base/child.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/pidfd.h"
#include "libcontainer/base/sys.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/life/sync.h"
#include "libcontainer/record/record.h"

#define DEATH_WAIT_MS 10000
#define LOOK_MS 1000

bool walk_step_is_active(const struct step *step, uint64_t active)
{
	return (active & step->when) == step->when;
}

void walk_enter(struct walk *w, const struct step *steps, enum owner turn)
{
	w->steps = steps;
	w->turn = turn;
	w->given = -1;
}

int walk_say(const struct life *l, enum sync_kind kind, unsigned step, int32_t code, int32_t value,
	const char *text)
{
	return l->sync < 0 ? sync_send_whole(l->start_pipe.out, kind, step, code, value, text)
			   : sync_send(l->sync, kind, step, code, value, text, -1);
}

/* Returns the fd on which the messages of the other side come. */
static int word_fd(const struct life *l)
{
	return l->sync < 0 ? l->start_pipe.in : l->sync;
}

static int receive(const struct life *l, struct sync_message *ret_message, int *ret_fd)
{
	*ret_fd = -1;
	return sync_receive(word_fd(l), ret_message, l->sync < 0 ? NULL : ret_fd);
}

static const struct step *next_in_turn(const struct walk *w, const struct step *step)
{
	while (step->name && (!walk_step_is_active(step, w->l->container.record.active) ||
				     step->flags & STEP_OVERLAP))
		step++;
	return step;
}

/* The socket ended where a message of INIT was due: finds out why. */
static int died(struct life *l, const char *step, struct nacre_error *err)
{
	siginfo_t info = {.si_pid = 0};

	/* A process closes its files before its end can be seen. */
	if (pidfd_wait_end(l->container.pidfd, DEATH_WAIT_MS) == 0)
		return fail(err, EPROTO, "%s: init closed its socket and lives on", step);
	/* Only in `create`, `run` and `exec` is INIT a child of RUNTIME. */
	if (l->container.pid <= 0 ||
		sys_pidfd_wait(l->container.pidfd, &info, WEXITED | WNOWAIT) < 0 ||
		info.si_code == CLD_EXITED)
		return fail(err, ECHILD, "%s: init ended without a word", step);
	if (info.si_status == SIGKILL && cgroup_oom_kills(&l->container.cgroup) > l->oom_kills)
		return fail(err, ENOMEM, "%s: %s was OOM-killed (memory limit too low?)", step,
			l->init_pidfd < 0 ? "container init" : "exec process");
	return fail(err, ECHILD, "%s: init was killed by signal %d", step, info.si_status);
}

/* RUNTIME: waits until INIT has sent a message or has ended. A process in the container may be able
 * to stop INIT, so RUNTIME must not wait for ever. It looks twice: job control of a shell stops
 * both for a while. ENDS: waits for INIT's end as well, and returns 1 for it. */
static int await_word(struct life *l, const char *step, bool ends, struct nacre_error *err)
{
	const int word = word_fd(l);
	struct pollfd polls[] = {{word, POLLIN, 0}, {ends ? l->container.pidfd : -1, POLLIN, 0}};
	struct nacre_error ignored; /* the next look may succeed */
	int looks = 0;

	for (;;) {
		int left = child_left_ms(0, 0, l->container.deadline);
		bool last = left >= 0 && left <= LOOK_MS;
		int r = poll(polls, 2, last ? left : LOOK_MS);

		if (r > 0 || word < 0) /* the message is read next */
			return polls[1].revents ? 1 : 0;
		if (r < 0 && errno != EINTR)
			return fail_errno(err, errno, "%s: wait for init", step);
		if (r == 0 && last)
			return fail(err, ETIMEDOUT,
				"%s: init has not come so far within the timeout of the command",
				step);
		if (r == 0 && !ends && step_is_born(l) && step_adopt(l, err) < 0)
			return -err->code;
		looks = r == 0 && record_process_is_stopped(l->container.pid, &ignored) > 0
				? looks + 1
				: 0;
		if (looks == 2)
			return fail(err, EBUSY, "%s: init was stopped by a signal, and is killed",
				step);
	}
}

/* INIT may be controlled by the container's program by now, with CAP_SYS_PTRACE. A false message
 * can only make RUNTIME take one terminal, which must come before the true one. */
static int take_console(struct life *l, int fd, struct nacre_error *err)
{
	if (fd < 0 || l->terminal.master >= 0) {
		fd_close(&fd);
		return fail(err, EPROTO, "init sent a terminal out of turn");
	}
	l->terminal.master = fd;
	return 0;
}

/* RUNTIME: does what a message asks for. Returns 1 for a turn. */
static int answer(struct life *l, const struct sync_message *message, int fd, const char *step,
	struct nacre_error *err)
{
	cleanup_close int came = fd;

	switch ((enum sync_kind)message->kind) {
	case SYNC_TURN:
		return 1;
	case SYNC_FAILED:
		return fail(err, message->code > 0 ? message->code : EPROTO, "%s", message->text);
	case SYNC_EXEC:
		l->announced = true;
		return 0;
	case SYNC_WARNING:
		container_warn(&l->container, message->text);
		return 0;
	case SYNC_DEBUG:
		if (l->container.callbacks->debug)
			l->container.callbacks->debug(l->container.callbacks->data, message->text);
		return 0;
	case SYNC_CONSOLE:
		return take_console(l, fd_steal(&came), err);
	case SYNC_LISTENER:
	case SYNC_MAP:
	case SYNC_MAKE:
	case SYNC_SYSCTL:
		if (l->sync >= 0 && !step_is_born(l))
			return step_answer_init(l, message, fd_steal(&came), err);
		break;
	case SYNC_PROCESS: /* only INIT receives it */
		break;
	}
	return fail(err, EPROTO, "%s: init sent message %u out of turn", step, message->kind);
}

/* RUNTIME: takes messages until a turn for STEP, an announcement of exec, or the end. */
static int hear(
	struct life *l, const struct step *steps, const struct step *step, struct nacre_error *err)
{
	if (l->turn_ahead == step - steps) {
		l->turn_ahead = -1;
		return 0;
	}
	for (;;) {
		struct sync_message message;
		int fd, r = await_word(l, step->name, false, err);

		if (r < 0)
			return r;
		r = receive(l, &message, &fd);
		if (r < 0)
			return fail_errno(err, r, "%s: message from init", step->name);
		if (r == 0)
			return step->flags & STEP_EXEC && l->announced && step_is_there(l)
				       ? 0
				       : died(l, step->name, err);
		r = answer(l, &message, fd, step->name, err);
		if (r < 0)
			return r;
		if (r > 0 && &steps[message.step] != step)
			return fail(err, EPROTO, "%s: init handed over for step %u", step->name,
				message.step);
		if (r > 0) {
			l->listener = message.value;
			return 0;
		}
	}
}

/* Whether RUNTIME has a row after STEP in its table. If not, it need not know the child before that
 * is the program. */
static bool has_more(const struct walk *w, const struct step *step)
{
	while ((++step)->name)
		if (step->owner == RUNTIME &&
			walk_step_is_active(step, w->l->container.record.active))
			return true;
	return false;
}

/* RUNTIME, at the row with STEP_BIRTH: takes messages until INIT has ended. Its child continues,
 * and may have reached its next turn already. */
static int await_birth(struct walk *w, const struct step *step, struct nacre_error *err)
{
	struct life *l = w->l;
	int r;

	while ((r = await_word(l, step->name, true, err)) == 0) {
		struct sync_message message;
		int fd;

		r = receive(l, &message, &fd);
		if (r < 0)
			return fail_errno(err, r, "%s: message from init", step->name);
		if (r == 0) /* the child closed it by exec, or there is no child */
			break;
		r = answer(l, &message, fd, step->name, err);
		if (r < 0)
			return r;
		if (r > 0)
			l->turn_ahead = message.step;
	}
	return r < 0 ? r : step_is_born(l) ? step_adopt(l, err) : hear(l, w->steps, step, err);
}

/* INIT: only turns ever come. The end of the socket means that RUNTIME is gone. */
static void await_turn(struct walk *w, const struct step *step)
{
	struct sync_message message;

	if (w->l->turn_ahead == step - w->steps) {
		w->l->turn_ahead = -1;
		return;
	}
	if (sync_receive(word_fd(w->l), &message, NULL) != 1 || message.kind != SYNC_TURN ||
		&w->steps[message.step] != step)
		_exit(1);
}

static int hand_over(struct walk *w, const struct step *step, struct nacre_error *err)
{
	int index = (int)(step - w->steps);
	int r;

	if (w->given == index)
		return 0;
	w->given = index;
	r = walk_say(
		w->l, SYNC_TURN, (unsigned)index, 0, w->me == INIT ? w->l->listener : -1, NULL);
	if (r == -EPIPE && w->me == RUNTIME)
		return hear(w->l, w->steps, step, err); /* INIT's last message */
	return r < 0 ? fail_errno(err, r, "%s: message to the other side", step->name) : 0;
}

static int change_owner(struct walk *w, const struct step *step, struct nacre_error *err)
{
	int r = 0;

	if (w->turn == w->me)
		r = hand_over(w, step, err);
	else if (w->me == RUNTIME)
		r = hear(w->l, w->steps, step, err);
	else
		await_turn(w, step);
	w->turn = step->owner;
	return r;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void report_step(struct walk *w, const struct step *step, uint64_t since)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "%s: %s: %.1f us", w->me == INIT ? "init" : "runtime",
		step->name, (double)(now_ns() - since) / 1e3);
	if (w->me == RUNTIME)
		w->l->container.callbacks->debug(w->l->container.callbacks->data, text);
	else
		(void)walk_say(w->l, SYNC_DEBUG, 0, 0, -1, text);
}

static int perform(struct life *l, const struct step *step, struct nacre_error *err)
{
#ifdef NACRE_POISON_ERRORS
	struct nacre_error own;
	int r;

	fail_poison(&own);
	r = step->perform(l, &own);
	if (r >= 0 && !fail_is_poisoned(&own))
		return fail(err, EPROTO, "succeeded with an error written: %s", own.text);
	if (r < 0)
		*err = own;
	return r;
#else
	return step->perform(l, err);
#endif
}

static int perform_step(struct walk *w, const struct step *step, struct nacre_error *err)
{
	bool timed = w->l->container.callbacks->debug;
	uint64_t since = timed ? now_ns() : 0;
	int r = step->perform ? perform(w->l, step, err) : 0;

	if (r < 0)
		return fail_prefix(err, "%s", step->name);
	if (timed)
		report_step(w, step, since);
	return 0;
}

int walk_from(struct walk *w, const struct step *first, const struct step **ret_last,
	struct nacre_error *err)
{
	const struct step *step = first;
	int r = 0;

	for (; step->name && r == 0; step++) {
		const struct step *next;

		if (!walk_step_is_active(step, w->l->container.record.active))
			continue;
		if (step->flags & STEP_OVERLAP) {
			next = next_in_turn(w, step);
			if (w->me == RUNTIME && w->turn == RUNTIME && next->owner == INIT)
				r = hand_over(w, next, err);
			if (w->me == RUNTIME && r == 0)
				r = perform_step(w, step, err);
		} else {
			if (step->owner != w->turn)
				r = change_owner(w, step, err);
			if (w->me == step->owner && r == 0)
				r = perform_step(w, step, err);
			if (w->me == RUNTIME && step->flags & STEP_EXEC && r == 0)
				r = hear(w->l, w->steps, step, err);
			if (w->me == RUNTIME && step->flags & STEP_EXEC && r == 0 && w->l->birth)
				r = step_adopt(w->l, err);
			if (w->me == RUNTIME && step->flags & STEP_BIRTH && r == 0 &&
				has_more(w, step))
				r = await_birth(w, step, err);
		}
		/* If INIT has the next row, the fork itself passes the turn. */
		if (step->flags & STEP_SPAWN)
			w->turn = next_in_turn(w, step + 1)->owner;
		if (step->flags & STEP_EXEC)
			w->turn = RUNTIME;
	}
	*ret_last = r == 0 ? step : step - 1;
	return r;
}

int walk_from_spawn(struct walk *w, const struct step **ret_failed, struct nacre_error *err)
{
	const struct step *step = w->steps;

	while (!(step->flags & STEP_SPAWN))
		step++;
	w->turn = next_in_turn(w, step + 1)->owner;
	return walk_from(w, step + 1, ret_failed, err);
}

int walk_back(
	struct life *l, const struct step *steps, const struct step *end, struct nacre_error *err)
{
	int first = 0;

	l->container.deadline = 0; /* the command's deadline has passed, or does not apply here */
	for (const struct step *step = end; step-- > steps;) {
		struct nacre_error one;
		int r;

		if (first < 0 && step->flags & STEP_LAST_TO_GO)
			break;
		if (!step->undo || !walk_step_is_active(step, l->container.record.active))
			continue;
		r = step->undo(l, &one);
		if (r < 0 && first == 0) {
			*err = one;
			first = fail_prefix(err, "undo %s", step->name);
		} else if (r < 0) {
			container_warn(&l->container, one.text);
		}
	}
	return first;
}
