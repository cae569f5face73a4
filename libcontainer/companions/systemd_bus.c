/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/companions/systemd_bus.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"
#define WAIT_US (30 * UINT64_C(1000000))
#define CONNECT_PAUSE_MS 20

static uint64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t left_us(const struct request *q)
{
	uint64_t now = now_us();

	return now < q->deadline ? q->deadline - now : 0;
}

/* --- errors --- */

static const char *bus_name(const struct request *q)
{
	return q->user ? "D-Bus of the user's systemd" : "D-Bus of the system";
}

static int no_connection(struct request *q, int code)
{
	struct stat st;

	code = -code;
	if (stat("/run/systemd/system", &st) < 0)
		return fail(q->err, ENOSYS,
			"systemd is not this host's init (no /run/systemd/system): use "
			"--cgroup-manager cgroupfs");
	if (q->user && code == ENOMEDIUM)
		return fail(q->err, ENOSYS,
			"D-Bus of the user's systemd: neither DBUS_SESSION_BUS_ADDRESS nor "
			"XDG_RUNTIME_DIR is set: log in anew, or use --cgroup-manager cgroupfs");
	if (code == ENOENT || code == ECONNREFUSED)
		return fail(q->err, ENOSYS,
			"connect to %s: %s: check that dbus is installed and running", bus_name(q),
			strerror(code));
	return fail_errno(q->err, code, "%s", bus_name(q));
}

static int stuck(struct request *q)
{
	return fail(q->err, ETIMEDOUT, "systemd did not %s within %d s",
		q->answered && q->code == 0 ? "finish the job (see systemctl list-jobs)"
					    : "answer on D-Bus",
		(int)(WAIT_US / 1000000));
}

bool bus_error_is(const struct request *q, const char *name)
{
	return q->code != 0 && strcmp(q->error, name) == 0;
}

/* Reports an answer that is an error. */
int bus_refused(struct request *q, const char *what)
{
	static const struct {
		const char *name;
		int code;
		const char *hint;
	} hints[] = {
		/* clang-format off */
		{"org.freedesktop.systemd1.UnitExists", EEXIST, "; another container may have this name"},
		{"org.freedesktop.systemd1.NoSuchUnit", ENOENT, ""},
		{"org.freedesktop.DBus.Error.AccessDenied", EACCES, "; the caller needs permission to manage units"},
		{"org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", EACCES, "; only root may manage units of the system"},
		{"org.freedesktop.DBus.Error.ServiceUnknown", ENOSYS, "; systemd is not on this bus"},
		{"org.freedesktop.DBus.Error.NameHasNoOwner", ENOSYS, "; systemd is not on this bus"},
		{"org.freedesktop.DBus.Error.Spawn.ChildExited", ENOSYS, "; systemd is not on this bus"},
		/* clang-format on */
	};

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (bus_error_is(q, hints[i].name))
			return fail(q->err, hints[i].code, "systemd: %s %s: %s%s", what, q->unit,
				q->text, hints[i].hint);
	if (q->code == ETIMEDOUT)
		return stuck(q);
	return fail(q->err, q->code, "systemd: %s %s: %s", what, q->unit, q->text);
}

/* --- the connection --- */

/* Returns -EAGAIN if the listen queue of the bus is full: a non-blocking socket cannot wait for its
 * turn. */
static int try_connect(struct request *q)
{
	return q->user ? sd_bus_open_user(&q->bus) : sd_bus_open_system(&q->bus);
}

int bus_open(struct request *q)
{
	int r;

	q->deadline = now_us() + WAIT_US;
	r = try_connect(q);

	while (r == -EAGAIN && left_us(q) > 0) {
		(void)poll(NULL, 0, CONNECT_PAUSE_MS);
		r = try_connect(q);
	}
	if (r >= 0)
		r = sd_bus_set_method_call_timeout(q->bus, WAIT_US);
	return r < 0 ? no_connection(q, r) : 0;
}

static bool is_done(const struct request *q)
{
	return q->answered && (q->code != 0 || !*q->job || *q->result);
}

/* Waits until the call is answered and the job that it made has ended. */
static int wait_until_done(struct request *q)
{
	while (!is_done(q)) {
		int r = sd_bus_process(q->bus, NULL);
		uint64_t left = left_us(q);

		if (r < 0)
			return no_connection(q, r);
		if (left == 0)
			return stuck(q);
		if (r == 0 && sd_bus_wait(q->bus, left) == -EINTR)
			continue;
	}
	return 0;
}

/* Copies an error, without the full stop that systemd adds. */
static void take_error(struct request *q, const sd_bus_error *error)
{
	const char *text = error->message ? error->message : error->name;
	int length = (int)strlen(text);

	if (length > 0 && text[length - 1] == '.')
		length--;
	(void)snprintf(q->error, sizeof(q->error), "%s", error->name);
	(void)snprintf(q->text, sizeof(q->text), "%.*s", length, text);
}

static int take_answer(sd_bus_message *answer, void *data, sd_bus_error *unused)
{
	const sd_bus_error *error = sd_bus_message_get_error(answer);
	struct request *q = data;
	const char *job;

	(void)unused;
	q->answered = true;
	(void)snprintf(q->manager, sizeof(q->manager), "%s", sd_bus_message_get_sender(answer));
	if (error) {
		q->code = sd_bus_message_get_errno(answer);
		take_error(q, error);
	} else if (sd_bus_message_has_signature(answer, "o") &&
		   sd_bus_message_read_basic(answer, 'o', &job) > 0) {
		(void)snprintf(q->job, sizeof(q->job), "%s", job);
	}
	return 1;
}

/* Takes the signal JobRemoved, which reports that a job has ended, and how. */
static int take_signal(sd_bus_message *signal, void *data, sd_bus_error *unused)
{
	struct request *q = data;
	const char *job, *unit, *result;
	uint32_t id;

	(void)unused;
	/* Ignores other senders: any program on the bus may send this signal. */
	if (sd_bus_message_is_signal(signal, MANAGER_INTERFACE, "JobRemoved") <= 0 ||
		strcmp(sd_bus_message_get_sender(signal), q->manager) != 0)
		return 0;
	if (sd_bus_message_read(signal, "uoss", &id, &job, &unit, &result) >= 0 &&
		strcmp(job, q->job) == 0)
		(void)snprintf(q->result, sizeof(q->result), "%s", result);
	return 0;
}

/*
 * Subscribes to the end of jobs. It comes before the call that makes the job, and needs no answer,
 * since the bus works in order. The match names the unit, so that the bus does not send the signals
 * of all units. sd-bus gets a filter and no match, since it cannot match a string behind a number.
 */
int bus_watch_jobs(struct request *q)
{
	char match[512];
	int r;

	(void)snprintf(match, sizeof(match),
		"type='signal',sender='" MANAGER_NAME "',path='" MANAGER_PATH
		"',interface='" MANAGER_INTERFACE "',member='JobRemoved',arg2='%s'",
		q->unit);
	r = sd_bus_add_filter(q->bus, NULL, take_signal, q);
	if (r >= 0)
		r = sd_bus_call_method_async(q->bus, NULL, "org.freedesktop.DBus",
			"/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch", NULL, NULL,
			"s", match);
	return r < 0 ? no_connection(q, r) : 0;
}

int bus_new_call(struct request *q, const char *method, sd_bus_message **ret_message)
{
	int r = sd_bus_message_new_method_call(
		q->bus, ret_message, MANAGER_NAME, MANAGER_PATH, MANAGER_INTERFACE, method);

	return r < 0 ? no_connection(q, r) : 0;
}

int bus_perform(struct request *q, sd_bus_message *message)
{
	int r;

	q->answered = false;
	q->code = 0;
	*q->job = *q->result = '\0';
	r = sd_bus_call_async(q->bus, NULL, message, take_answer, q, WAIT_US);
	sd_bus_message_unref(message);
	return r < 0 ? no_connection(q, r) : wait_until_done(q);
}
