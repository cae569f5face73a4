/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "companions/systemd_message.h"
#include "libcontainer/cleanup.h"
#include "libcontainer/files.h"

/*
 * The program nacre-systemd: one request to systemd over D-Bus, sd-bus(3). See systemd.h for what
 *is asked, companion.h for how it is run.
 *
 *	nacre-systemd start|set|stop|attach system|user UNIT [PID BELOW]	properties on stdin
 *
 * Nothing blocks but one poll: connecting, the authentication, the call, its answer and the end of
 * the job are all done by the same loop, with one deadline.
 */

#define MANAGER_NAME "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"
#define WAIT_US (30 * UINT64_C(1000000))
#define INPUT_LIMIT (1024 * 1024)
#define CONNECT_PAUSE_MS 20

struct request {
	sd_bus *bus;
	bool user;
	const char *unit;
	char *properties;
	uint32_t pid;
	const char *below; /* where in the unit's cgroup the process goes */
	uint64_t deadline; /* CLOCK_MONOTONIC, microseconds */

	/* of the call under way */
	bool answered;
	int code; /* errno of the answer, 0: it is good */
	char error[128]; /* D-Bus name of the error */
	char text[512]; /* its message */
	char manager[64]; /* the name on the bus of who answered */
	char job[256]; /* object path of the job that the call made */
	char result[32]; /* of that job; empty: it goes on */
	struct nacre_error *err;
};

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
			"no D-Bus of the user's systemd: neither DBUS_SESSION_BUS_ADDRESS nor "
			"XDG_RUNTIME_DIR is set (log in anew, or use --cgroup-manager cgroupfs)");
	if (code == ENOENT || code == ECONNREFUSED)
		return fail(q->err, ENOSYS, "no %s: %s: is dbus installed and running?",
			bus_name(q), strerror(code));
	return fail_errno(q->err, code, "%s", bus_name(q));
}

static int stuck(struct request *q)
{
	return fail(q->err, ETIMEDOUT, "systemd did not %s within %d s",
		q->answered && q->code == 0 ? "finish the job (see systemctl list-jobs)"
					    : "answer (is it or the bus stuck?)",
		(int)(WAIT_US / 1000000));
}

static bool error_is(const struct request *q, const char *name)
{
	return q->code != 0 && strcmp(q->error, name) == 0;
}

/* The answer is an error. */
static int refused(struct request *q, const char *method)
{
	static const struct {
		const char *name;
		int code;
		const char *hint;
	} hints[] = {
		/* clang-format off */
		{"org.freedesktop.systemd1.UnitExists", EEXIST, ": is there another container of this name?"},
		{"org.freedesktop.systemd1.NoSuchUnit", ENOENT, ""},
		{"org.freedesktop.DBus.Error.AccessDenied", EACCES, ": may the caller manage units?"},
		{"org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", EACCES, ": only root may manage units of the system"},
		{"org.freedesktop.DBus.Error.ServiceUnknown", ENOSYS, ": no systemd on this bus"},
		{"org.freedesktop.DBus.Error.NameHasNoOwner", ENOSYS, ": no systemd on this bus"},
		{"org.freedesktop.DBus.Error.Spawn.ChildExited", ENOSYS, ": no systemd on this bus"},
		/* clang-format on */
	};

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (error_is(q, hints[i].name))
			return fail(q->err, hints[i].code, "systemd: %s %s: %s%s", method, q->unit,
				q->text, hints[i].hint);
	if (q->code == ETIMEDOUT)
		return stuck(q);
	return fail(q->err, q->code, "systemd: %s %s: %s", method, q->unit, q->text);
}

/* --- the connection --- */

/* Returns -EAGAIN where the queue of the bus is full: a socket that does not block does not wait
 * for its turn either. */
static int try_connect(struct request *q)
{
	return q->user ? sd_bus_open_user(&q->bus) : sd_bus_open_system(&q->bus);
}

static int connect_bus(struct request *q)
{
	int r = try_connect(q);

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

/* Until the call is answered and the job that it made has ended. */
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

/* systemd's messages end with a full stop, ours do not. */
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

/* JobRemoved: the signal that a job has ended, and how. */
static int take_signal(sd_bus_message *signal, void *data, sd_bus_error *unused)
{
	struct request *q = data;
	const char *job, *unit, *result;
	uint32_t id;

	(void)unused;
	/* Any program on the bus may send one. */
	if (sd_bus_message_is_signal(signal, MANAGER_INTERFACE, "JobRemoved") <= 0 ||
		strcmp(sd_bus_message_get_sender(signal), q->manager) != 0)
		return 0;
	if (sd_bus_message_read(signal, "uoss", &id, &job, &unit, &result) >= 0 &&
		strcmp(job, q->job) == 0)
		(void)snprintf(q->result, sizeof(q->result), "%s", result);
	return 0;
}

/*
 * Before the call that makes the job. The bus does what it is asked in this order, so that this
 * needs no answer. It is told the name of the unit, so that it does not send the signals of all
 * units; as a filter and not as a match, since sd-bus matches no string behind a number.
 */
static int watch_jobs(struct request *q)
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

static int new_call(struct request *q, const char *method, sd_bus_message **ret_message)
{
	int r = sd_bus_message_new_method_call(
		q->bus, ret_message, MANAGER_NAME, MANAGER_PATH, MANAGER_INTERFACE, method);

	return r < 0 ? no_connection(q, r) : 0;
}

/* Sends MESSAGE and waits until it is done. Only a bus that fails is an error here: the answer is
 * in Q. Takes MESSAGE over. */
static int perform(struct request *q, sd_bus_message *message)
{
	int r;

	q->answered = false;
	q->code = 0;
	*q->job = *q->result = '\0';
	r = sd_bus_call_async(q->bus, NULL, message, take_answer, q, WAIT_US);
	sd_bus_message_unref(message);
	return r < 0 ? no_connection(q, r) : wait_until_done(q);
}

/* --- the requests --- */

/* A failed unit keeps its name until it is reset. One that has not failed does not mind. */
static int reset_failed(struct request *q)
{
	sd_bus_message *message = NULL;
	int r = new_call(q, "ResetFailedUnit", &message);

	if (r == 0)
		(void)sd_bus_message_append(message, "s", q->unit);
	return r < 0 ? r : perform(q, message);
}

/* StartTransientUnit or SetUnitProperties. */
static int send_properties(struct request *q, bool new, bool optional, bool *ret_optional)
{
	sd_bus_message *message = NULL;

	if (new_call(q, new ? "StartTransientUnit" : "SetUnitProperties", &message) < 0)
		return -q->err->code;
	if (new)
		(void)sd_bus_message_append(message, "ss", q->unit, "fail");
	else /* until the unit ends: not kept for a later one with its name */
		(void)sd_bus_message_append(message, "sb", q->unit, 1);
	if (message_append_properties(message, q->properties, optional, ret_optional, q->err) < 0) {
		sd_bus_message_unref(message);
		return -q->err->code;
	}
	if (new)
		(void)sd_bus_message_append(message, "a(sa(sv))", 0);
	return perform(q, message);
}

/* What systemd says to a property, or a value, of a later one. */
static bool knows_it_not(const struct request *q)
{
	return error_is(q, "org.freedesktop.DBus.Error.PropertyReadOnly") ||
	       error_is(q, "org.freedesktop.DBus.Error.InvalidArgs");
}

/* The optional properties are left out if they are what it does not know. */
static int send_known_properties(struct request *q, bool new)
{
	bool has_optional = false;
	int r = send_properties(q, new, true, &has_optional);

	if (r == 0 && has_optional && knows_it_not(q))
		r = send_properties(q, new, false, &has_optional);
	return r;
}

static int print_cgroup(struct request *q)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	cleanup_free char *path = NULL, *cgroup = NULL;
	int r = sd_bus_path_encode(MANAGER_PATH "/unit", q->unit, &path);

	if (r >= 0)
		r = sd_bus_get_property_string(q->bus, MANAGER_NAME, path,
			"org.freedesktop.systemd1.Slice", "ControlGroup", &error, &cgroup);
	if (r < 0)
		r = fail_errno(q->err, r, "systemd: cgroup of %s", q->unit);
	else
		r = write_all(STDOUT_FILENO, cgroup, strlen(cgroup));
	sd_bus_error_free(&error);
	return r < 0 ? r : 0;
}

static int start(struct request *q)
{
	size_t n = strlen(q->unit);
	int r = watch_jobs(q);

	if (r == 0)
		r = send_known_properties(q, true);
	if (r == 0 && error_is(q, "org.freedesktop.systemd1.UnitExists")) {
		r = reset_failed(q);
		if (r == 0)
			r = send_known_properties(q, true);
	}
	if (r < 0)
		return r;
	if (q->code != 0)
		return refused(q, "start");
	if (strcmp(q->result, "done") != 0)
		return fail(q->err, ECANCELED,
			"systemd: start %s: the job ended as \"%s\": see the journal of systemd",
			q->unit, q->result);
	return n > 6 && strcmp(q->unit + n - 6, ".slice") == 0 ? print_cgroup(q) : 0;
}

static int set(struct request *q)
{
	int r = send_known_properties(q, false);

	return r == 0 && q->code != 0 ? refused(q, "set properties of") : r;
}

static int attach(struct request *q)
{
	sd_bus_message *message = NULL;
	int r = new_call(q, "AttachProcessesToUnit", &message);

	if (r < 0)
		return r;
	(void)sd_bus_message_append(message, "ssau", q->unit, q->below, 1, q->pid);
	r = perform(q, message);
	return r == 0 && q->code != 0 ? refused(q, "move the process into") : r;
}

static int stop(struct request *q)
{
	sd_bus_message *message = NULL;
	int r = watch_jobs(q);

	if (r == 0)
		r = new_call(q, "StopUnit", &message);
	if (r < 0)
		return r;
	(void)sd_bus_message_append(message, "ss", q->unit, "replace");
	r = perform(q, message);
	if (r < 0)
		return r;
	if (q->code != 0 && !error_is(q, "org.freedesktop.systemd1.NoSuchUnit"))
		return refused(q, "stop");
	/* A failed one stays otherwise; that it is not there any more is the rule. */
	return reset_failed(q);
}

static int serve(const char *verb, struct request *q)
{
	static const struct {
		const char *verb;
		int (*serve)(struct request *q);
	} verbs[] = {{"start", start}, {"set", set}, {"stop", stop}, {"attach", attach}};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verb, verbs[i].verb) == 0)
			return connect_bus(q) < 0 ? -q->err->code : verbs[i].serve(q);
	return fail(q->err, EINVAL, "unknown verb %s", verb);
}

int main(int argc, char *argv[])
{
	struct nacre_error err;
	struct request q = {.deadline = now_us() + WAIT_US, .err = &err};
	int r;

	if (argc < 4) {
		r = fail(&err, EINVAL, "is run by nacre: start|set|stop|attach system|user UNIT");
	} else {
		q.user = strcmp(argv[2], "user") == 0;
		q.unit = argv[3];
		q.pid = argc > 5 ? (uint32_t)strtoul(argv[4], NULL, 10) : 0;
		q.below = argc > 5 ? argv[5] : "";
		r = file_read_fd(STDIN_FILENO, "stdin", INPUT_LIMIT, &q.properties, NULL, &err);
		if (r == 0)
			r = serve(argv[1], &q);
	}
	free(q.properties);
	/* Not flushed, which would wait: every answer is there, or none comes. */
	sd_bus_close_unref(q.bus);
	if (r == 0)
		return 0;
	fprintf(stderr, "%s\n", err.text);
	return err.code;
}
