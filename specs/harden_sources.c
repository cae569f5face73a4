/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "specs/harden_rules.h"
#include "specs/mount_words.h"
#include "specs/path_text.h"

/*
 * Where mounts may not come from. The engine that wrote the config is trusted; what it passes on
 * from its user is a path. It is judged as text here, before anything is made, and once more where
 * it is opened, by what a symlink led to: libcontainer/mount/mount_guard.h.
 */

static const struct source {
	const char *path; /* '*' stands for one component */
	bool below; /* what lies below as well */
	bool engine; /* allowed by engine-socket */
	const char *what;
} sources[] = {
	/* clang-format off */
	{ "/",				false, false, "the host's root directory" },
	{ "/proc",			true,  false, "the host's /proc" },
	{ "/sys",			true,  false, "the host's /sys" },
	{ "/dev",			false, false, "the host's /dev" },
	/* Below /dev a single node is let through: nodev on the mount keeps it closed. */
	{ "/dev/block",			true,  false, "a directory of the host's /dev" },
	{ "/dev/bus",			true,  false, "a directory of the host's /dev" },
	{ "/dev/char",			true,  false, "a directory of the host's /dev" },
	{ "/dev/disk",			true,  false, "a directory of the host's /dev" },
	{ "/dev/dri",			false, false, "a directory of the host's /dev" },
	{ "/dev/fd",			true,  false, "the runtime's own open files" },
	{ "/dev/hugepages",		true,  false, "a directory of the host's /dev" },
	{ "/dev/input",			false, false, "a directory of the host's /dev" },
	{ "/dev/mapper",		false, false, "a directory of the host's /dev" },
	{ "/dev/mqueue",		true,  false, "the host's message queues" },
	{ "/dev/net",			false, false, "a directory of the host's /dev" },
	{ "/dev/pts",			true,  false, "the host's terminals" },
	{ "/dev/shm",			true,  false, "the host's shared memory" },
	{ "/dev/snd",			false, false, "a directory of the host's /dev" },
	{ "/dev/vfio",			false, false, "a directory of the host's /dev" },
	{ "/run/nacre",			true,  false, "the state of containers" },
	{ "/run/user/*/nacre",		true,  false, "the state of containers" },
	{ "/run/containerd/runc",	true,  false, "the state of containers" },
	{ "/run/docker/runtime-runc",	true,  false, "the state of containers" },
	{ "/run/crun",			true,  false, "the state of containers" },
	{ "/run/runc",			true,  false, "the state of containers" },
	{ "/run",			false, true,  "a directory with engine sockets" },
	{ "/run/containerd",		false, true,  "a directory with engine sockets" },
	{ "/run/crio",			false, true,  "a directory with engine sockets" },
	{ "/run/docker",		false, true,  "a directory with engine sockets" },
	{ "/run/docker/containerd",	false, true,  "a directory with engine sockets" },
	{ "/run/k3s",			false, true,  "a directory with engine sockets" },
	{ "/run/k3s/containerd",	false, true,  "a directory with engine sockets" },
	{ "/run/podman",		false, true,  "a directory with engine sockets" },
	{ "/run/user",			false, true,  "a directory with engine sockets" },
	{ "/run/user/*",		false, true,  "a directory with engine sockets" },
	{ "/run/user/*/podman",		false, true,  "a directory with engine sockets" },
	{ "/var",			false, true,  "a directory with engine sockets" },
	/* clang-format on */
};

/* Wherever they lie: an engine may listen in any directory. */
static const char *const sockets[] = {"buildkitd.sock", "containerd.sock", "containerd.sock.ttrpc",
	"cri-dockerd.sock", "crio.sock", "docker.sock", "dockershim.sock", "podman.sock", NULL};

static bool matches(const struct source *source, const char *path)
{
	const char *p = source->path;

	for (; *p; p++) {
		if (*p == '*')
			path += strcspn(path, "/");
		else if (*p != *path++)
			return false;
	}
	return !*path || (source->below && *path == '/');
}

static bool is_socket(const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	for (size_t i = 0; sockets[i]; i++) {
		if (!strcmp(sockets[i], name))
			return true;
	}
	return false;
}

/* PATH is clean. PLACE: the JSON path of what names it. */
static int judge(struct hardening *h, const char *place, const char *path)
{
	static const struct source socket = {
		.engine = true, .what = "an engine's socket, and whoever has it has the host"};
	const struct source *found = is_socket(path) ? &socket : NULL;

	for (size_t i = 0; !found && i < sizeof(sources) / sizeof(sources[0]); i++) {
		if (matches(&sources[i], path))
			found = &sources[i];
	}
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

	/* A relative source is below the bundle, whose own place is not known here. */
	if (path[0] != '/' && !path_climbs(path))
		return 0;
	if (path[0] != '/')
		return fail(h->err, EPERM,
			"profile %s, rule %s: %s: \"%s\" leaves the bundle; give it as an absolute "
			"path",
			h->profile->name, h->rule->name, place, path);
	if (harden_host_path(path, clean) < 0)
		return fail(
			h->err, ENAMETOOLONG, "%s: longer than %d bytes", place, PATH_TEXT_MAX - 1);
	return judge(h, place, clean);
}

/* The paths in overlay's lowerdir=A:B; "\:" is a colon in a name. */
static int each_in_list(const char *place, const char *list,
	int (*each)(void *data, const char *place, const char *path, struct nacre_error *err),
	void *data, struct nacre_error *err)
{
	char path[PATH_TEXT_MAX];
	int r = 0;

	while (r == 0 && *list) {
		size_t used = 0;

		for (; *list && *list != ':' && used < sizeof(path) - 1; list++) {
			if (*list == '\\' && list[1])
				list++;
			path[used++] = *list;
		}
		path[used] = '\0';
		if (*list && *list != ':')
			return fail(err, ENAMETOOLONG, "%s: a layer is longer than %d bytes", place,
				PATH_TEXT_MAX - 1);
		if (used)
			r = each(data, place, path, err);
		list += *list == ':';
	}
	return r;
}

int harden_each_layer(const struct oci_mount *mount, size_t index,
	int (*each)(void *data, const char *place, const char *path, struct nacre_error *err),
	void *data, struct nacre_error *err)
{
	static const char *const keys[] = {
		"lowerdir=", "lowerdir+=", "datadir+=", "upperdir=", "workdir=", NULL};
	char place[64];

	for (size_t k = 0; k < mount->options.n; k++) {
		const char *word = mount->options.items[k];

		(void)snprintf(place, sizeof(place), "mounts[%zu].options[%zu]", index, k);
		for (size_t n = 0; keys[n]; n++) {
			size_t length = strlen(keys[n]);
			int r;

			if (strncmp(word, keys[n], length))
				continue;
			r = each_in_list(place, word + length, each, data, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* --- for whoever opens a source --- */

bool harden_judges_sources(const struct harden_request *request)
{
	const struct profile *profile = profile_find(request->profile);

	return profile && profile_has(profile, RULE_mount_sources);
}

static int begin(struct hardening *h)
{
	h->profile = profile_find(h->request->profile);
	h->rule = &harden_rules[RULE_mount_sources];
	h->used = arena_array(h->arena, h->request->grants.n + 1, sizeof(*h->used));
	return h->used ? 0 : harden_out_of_memory(h);
}

int harden_judge_source(struct arena *arena, const struct harden_request *request,
	const char *place, const char *path, struct nacre_error *err)
{
	struct hardening h = {.arena = arena, .request = request, .err = err};
	int r = begin(&h);

	return r < 0 ? r : harden_judge_path(&h, place, path);
}

int harden_refuse_source(struct arena *arena, const struct harden_request *request,
	const char *place, const char *path, const char *grant, const char *what,
	struct nacre_error *err)
{
	struct hardening h = {.arena = arena, .request = request, .err = err};
	int r = begin(&h);

	if (r < 0)
		return r;
	if (harden_granted_path(&h, "mount", path) || (grant && harden_granted(&h, grant)))
		return 0;
	return harden_refuse(&h, grant ? grant : harden_text(&h, "mount:%s", path), place,
		"%s is %s", path, what);
}

int harden_refuse_disk(struct arena *arena, const struct harden_request *request, const char *place,
	const char *path, struct nacre_error *err)
{
	struct hardening h = {.arena = arena, .request = request, .err = err};
	int r = begin(&h);

	if (r < 0)
		return r;
	return harden_refuse(&h, harden_text(&h, "disk:%s", path), place,
		"%s is a disk that no grant names", path);
}
