/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "specs/harden_rules.h"
#include "specs/host_objects.h"
#include "specs/path_text.h"

/*
 * Sources that mounts may not have. The engine that wrote the config is trusted; the paths that it
 * passes on from its user are not. A source is judged here as text, before anything is made, and
 * again when it is opened, by what it is: libcontainer/mount/mount_guard.h. For types see
 * harden_types.c.
 */

/* PATH must be clean. */
static int judge(struct hardening *h, const char *place, const char *path)
{
	static const struct host_object socket = {.engine = true,
		.what = "the socket of a container engine, which gives control of the host"};
	const struct host_object *found = host_object_is_socket(path) ? &socket
								      : host_object_find(path);

	if (!found || harden_granted_path(h, "mount", path))
		return 0;
	if (!found->engine)
		return harden_refuse(
			h, harden_text(h, "mount:%s", path), place, "%s is %s", path, found->what);
	if (harden_granted(h, "engine-socket"))
		return 0;
	return harden_refuse(h, "engine-socket", place, "%s is %s", path, found->what);
}

int harden_judge_path(struct hardening *h, const char *place, const char *path)
{
	char clean[PATH_TEXT_MAX];

	/* A relative source is below the bundle, whose path is not known here. */
	if (path[0] != '/' && !path_climbs(path))
		return 0;
	if (path[0] != '/')
		return fail(h->err, EPERM,
			"profile %s, rule %s: %s: the relative path \"%s\" leads out of the "
			"bundle; give an absolute path",
			h->profile->name, h->rule->name, place, path);
	if (harden_host_path(path, clean) < 0)
		return fail(h->err, ENAMETOOLONG, "%s: the path is longer than %d bytes", place,
			PATH_TEXT_MAX - 1);
	return judge(h, place, clean);
}
