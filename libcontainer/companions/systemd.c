/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/companions/systemd_bus.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/companions/systemd_message.h"

/*
 * nacre-systemd: sends one request to systemd, for the systemd cgroup driver. A companion: see
 * libcontainer/base/companion.h, and libcontainer/systemd/systemd.h for the requests.
 *
 *	nacre-systemd start system|user UNIT
 *	nacre-systemd set system|user UNIT
 *	nacre-systemd stop system|user UNIT
 *	nacre-systemd attach system|user UNIT PID BELOW
 *
 * start and set read properties from stdin: libcontainer/systemd/systemd_property.h. For a slice,
 * start prints its cgroup.
 */

#define INPUT_LIMIT (1024 * 1024)

/* Resets a unit that may have failed: a failed unit keeps its name until then. For any other unit
 * this changes nothing. */
static int reset_failed(struct request *q)
{
	sd_bus_message *message = NULL;
	int r = bus_new_call(q, "ResetFailedUnit", &message);

	if (r == 0)
		(void)sd_bus_message_append(message, "s", q->unit);
	return r < 0 ? r : bus_perform(q, message);
}

/* Calls StartTransientUnit or SetUnitProperties. */
static int send_properties(struct request *q, bool new, bool optional, bool *ret_optional)
{
	sd_bus_message *message = NULL;

	if (bus_new_call(q, new ? "StartTransientUnit" : "SetUnitProperties", &message) < 0)
		return -q->err->code;
	if (new)
		(void)sd_bus_message_append(message, "ss", q->unit, "fail");
	else /* runtime: not kept for a later unit of this name */
		(void)sd_bus_message_append(message, "sb", q->unit, 1);
	if (message_append_properties(message, q->properties, optional, ret_optional, q->err) < 0) {
		sd_bus_message_unref(message);
		return -q->err->code;
	}
	if (new)
		(void)sd_bus_message_append(message, "a(sa(sv))", 0);
	return bus_perform(q, message);
}

/* Returns whether the answer is how an older systemd refuses a property, or a value, that it does
 * not know. */
static bool knows_it_not(const struct request *q)
{
	return bus_error_is(q, "org.freedesktop.DBus.Error.PropertyReadOnly") ||
	       bus_error_is(q, "org.freedesktop.DBus.Error.InvalidArgs");
}

/* Sends the properties, and again without the optional ones if systemd may not know these. */
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
		r = fail_errno(q->err, r, "systemd: read the cgroup of %s", q->unit);
	else
		r = file_write_all(STDOUT_FILENO, cgroup, strlen(cgroup));
	sd_bus_error_free(&error);
	return r < 0 ? r : 0;
}

static int start(struct request *q)
{
	size_t n = strlen(q->unit);
	int r = bus_watch_jobs(q);

	if (r == 0)
		r = send_known_properties(q, true);
	if (r == 0 && bus_error_is(q, "org.freedesktop.systemd1.UnitExists")) {
		r = reset_failed(q);
		if (r == 0)
			r = send_known_properties(q, true);
	}
	if (r < 0)
		return r;
	if (q->code != 0)
		return bus_refused(q, "start");
	if (strcmp(q->result, "done") != 0)
		return fail(q->err, ECANCELED,
			"systemd: start %s: the job ended with the result \"%s\"; see "
			"journalctl(1)",
			q->unit, q->result);
	return n > 6 && strcmp(q->unit + n - 6, ".slice") == 0 ? print_cgroup(q) : 0;
}

static int set(struct request *q)
{
	int r = send_known_properties(q, false);

	return r == 0 && q->code != 0 ? bus_refused(q, "set properties of") : r;
}

static int attach(struct request *q)
{
	sd_bus_message *message = NULL;
	int r = bus_new_call(q, "AttachProcessesToUnit", &message);

	if (r < 0)
		return r;
	(void)sd_bus_message_append(message, "ssau", q->unit, q->below, 1, q->pid);
	r = bus_perform(q, message);
	return r == 0 && q->code != 0 ? bus_refused(q, "move the process into") : r;
}

static int stop(struct request *q)
{
	sd_bus_message *message = NULL;
	int r = bus_watch_jobs(q);

	if (r == 0)
		r = bus_new_call(q, "StopUnit", &message);
	if (r < 0)
		return r;
	(void)sd_bus_message_append(message, "ss", q->unit, "replace");
	r = bus_perform(q, message);
	if (r < 0)
		return r;
	if (q->code != 0 && !bus_error_is(q, "org.freedesktop.systemd1.NoSuchUnit"))
		return bus_refused(q, "stop");
	/* A failed unit would stay. That it does not exist any more is the usual case. */
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
			return bus_open(q) < 0 ? -q->err->code : verbs[i].serve(q);
	return fail(q->err, EINVAL, "unknown verb %s", verb);
}

int main(int argc, char *argv[])
{
	struct nacre_error err;
	struct request q = {.err = &err};
	int r;

	if (argc < 4) {
		r = fail(&err, EINVAL,
			"nacre starts this program: start|set|stop|attach system|user UNIT");
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
	/* Closes without a flush, which would wait: all answers have come, or none will. */
	sd_bus_close_unref(q.bus);
	if (r == 0)
		return 0;
	fprintf(stderr, "%s\n", err.text);
	return err.code;
}
