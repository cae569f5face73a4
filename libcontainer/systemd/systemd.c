/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/systemd/systemd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/companion.h"
#include "libcontainer/cgroup/cgroup.h"
#include "libcontainer/namespace/idmap.h"

/* Calls of systemd, through nacre-systemd. */

/* Limits nacre-systemd itself, which waits at most 30 s for systemd and then reports what did not
 * answer. */
#define TIMEOUT_S 40

int systemd_of_user(struct nacre_error *err)
{
	const char *user = getenv("USER");
	int r;

	if (geteuid() != 0)
		return 1;
	/* As in runc: root of a user namespace in which a whole system runs has the name "root". */
	if (!getenv("XDG_RUNTIME_DIR") || (user && strcmp(user, "root") == 0))
		return 0;
	r = idmap_is_initial(err);
	return r < 0 ? r : !r;
}

static int call(const char *verb, const char *unit_name, bool of_user, const char *const more[2],
	const char *input, char **ret_output, struct nacre_error *err)
{
	const char *const arguments[] = {verb, of_user ? "user" : "system", unit_name,
		more ? more[0] : NULL, more ? more[1] : NULL, NULL};
	const struct companion companion = {
		.name = "nacre-systemd",
		.arguments = arguments,
		.input = input,
		.timeout = TIMEOUT_S,
	};

	return companion_run(&companion, ret_output, err);
}

/* Checks the cgroup, because everything in it will be killed. A process that ended before systemd
 * moved it is still in the cgroup where it was made: the caller's, or an engine's. */
static int check_cgroup(const struct systemd_unit *unit, const char *path, struct nacre_error *err)
{
	const char *last = strrchr(path, '/');

	if (path[0] == '/' && strlen(path) < PATH_MAX && !strcmp(last + 1, unit->name))
		return 0;
	return fail(err, ESRCH,
		"systemd: the container's process is not in %s, but in \"%.100s\": has it ended?",
		unit->name, path);
}

int systemd_start(const struct systemd_unit *unit, pid_t pid, const char *properties,
	char ret_cgroup[PATH_MAX], struct nacre_error *err)
{
	cleanup_free char *path = NULL;
	struct nacre_error ignored; /* the error that is reported came before */
	char where[PATH_MAX];
	int r;

	r = call("start", unit->name, unit->of_user, NULL, properties, &path, err);
	if (r < 0)
		return r;
	/* Asks for the cgroup of the process, which is correct in any cgroup namespace of the
	 * caller. */
	if (!systemd_is_slice(unit->name))
		r = cgroup_of_process(pid, where, err);
	else
		(void)snprintf(where, sizeof(where), "%s", path);
	if (r < 0)
		return r;
	r = check_cgroup(unit, where, err);
	if (r == 0)
		strcpy(ret_cgroup, where);
	else /* systemd keeps the scope of a process that has ended */
		(void)systemd_stop(unit->name, unit->of_user, &ignored);
	return r;
}

int systemd_set(
	const char *unit_name, bool of_user, const char *properties, struct nacre_error *err)
{
	if (!*properties)
		return 0;
	return call("set", unit_name, of_user, NULL, properties, NULL, err);
}

int systemd_attach(
	const char *unit_name, bool of_user, pid_t pid, const char *below, struct nacre_error *err)
{
	char number[16];
	const char *const more[] = {number, below};

	(void)snprintf(number, sizeof(number), "%d", pid);
	return call("attach", unit_name, of_user, more, NULL, NULL, err);
}

int systemd_stop(const char *unit_name, bool of_user, struct nacre_error *err)
{
	return call("stop", unit_name, of_user, NULL, NULL, NULL, err);
}
