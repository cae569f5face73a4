/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/api/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>

#include "libcontainer/base/bpf.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/namespace/namespaces.h"
#include "libcontainer/net/egress_bpf.h"
#include "libcontainer/process/scheduling.h"
#include "specs/harden_opened.h"

static int read_number(const char *path, int64_t *ret_number, struct nacre_error *err)
{
	cleanup_free char *text = NULL;
	int r = file_read(AT_FDCWD, path, 64, &text, NULL, err);

	if (r == 0)
		*ret_number = strtoll(text, NULL, 10);
	return r;
}

static int look_at_limits(
	const struct oci_resources *resources, struct harden_host *host, struct nacre_error *err)
{
	int64_t number = 0;
	int r;

	/* The limits of the host matter only if the config has a number to compare. */
	if (!resources || (!resources->pids && !resources->cpu && !resources->unified.n))
		return 0;
	r = read_number("/proc/sys/kernel/pid_max", &number, err);
	if (r < 0)
		return r;
	host->pid_max = (uint64_t)number;
	host->cpus = (uint64_t)get_nprocs();
	return 0;
}

/* PATH comes from an administrator or the command line, so symlinks are followed. */
static int look_at_node(const char *path, struct harden_node *ret_node, struct nacre_error *err)
{
	struct stat st;

	*ret_node = (struct harden_node){0};
	if (stat(path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : fail_errno(err, errno, "the grant device:%s", path);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return 0;
	*ret_node = (struct harden_node){S_ISCHR(st.st_mode) ? 'c' : 'b',
		(int64_t)major(st.st_rdev), (int64_t)minor(st.st_rdev)};
	return 0;
}

static int look_at_nodes(
	struct arena *arena, struct harden_request *request, struct nacre_error *err)
{
	const struct oci_strings *grants = &request->grants;
	struct harden_node *nodes = arena_array(arena, grants->n, sizeof(*nodes));
	int r = 0;

	if (!nodes)
		return fail_errno(err, ENOMEM, "grants");
	for (size_t i = 0; i < grants->n && r == 0; i++) {
		const char *path = harden_grant_item(grants->items[i], "device");

		if (path)
			r = look_at_node(path, &nodes[i], err);
	}
	request->host.nodes = nodes;
	return r;
}

/* A network namespace of the container's own has no routes, unless a hook adds an interface. */
static bool has_network_alone(const struct oci_config *config)
{
	const struct oci_hooks *hooks = config->hooks;

	return oci_has_new_namespace(config, "network") &&
	       (!hooks || !(hooks->prestart.n || hooks->create_runtime.n ||
				  hooks->create_container.n));
}

/* If the caller asked for rules that cannot be enforced, steps_egress.c fails. */
static int look_at_egress(const struct oci_config *config, const struct harden_request *request,
	struct harden_host *host, struct nacre_error *err)
{
	struct nacre_error why;
	int r;

	if (!harden_has_rule(request, RULE_egress))
		return 0;
	r = has_network_alone(config) ? 0 : egress_bpf_probe(&why);
	host->egress = r == 0;
	if (r == 0 || bpf_is_absent(r))
		return 0;
	*err = why;
	return fail_prefix(err, "rule egress");
}

/* An image that cannot be opened is reported when the mount points are made. */
static void look_at_image(
	const struct oci_config *config, const char *bundle, struct harden_host *host)
{
	const char *root = config->root ? config->root->path : NULL;
	cleanup_close int bundle_fd = -1, fd = -1;
	struct stat st, tmp;

	if (!bundle || !root || !oci_find_namespace(config, "user"))
		return;
	bundle_fd = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (bundle_fd >= 0)
		fd = openat(bundle_fd, root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	host->no_tmp = !(st.st_mode & S_IWOTH) &&
		       fstatat(fd, "tmp", &tmp, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
	host->image_uid = (int64_t)st.st_uid;
}

/* Looks at what a new process inherits of the caller. */
static int look_at_caller(struct harden_host *host, struct nacre_error *err)
{
	struct scheduling_of_caller scheduling;
	struct rlimit limit;
	int64_t number = 0;
	int r = read_number("/proc/self/oom_score_adj", &number, err);

	if (r == 0)
		r = scheduling_look(&scheduling, err);
	if (r < 0)
		return r;
	if (getrlimit(RLIMIT_RTPRIO, &limit) < 0)
		return fail_errno(err, errno, "RLIMIT_RTPRIO of the calling process");
	host->oom_score = (int)number;
	host->scheduler = scheduling.policy;
	host->nice = scheduling.nice;
	host->io_real_time = scheduling.io_real_time;
	host->rtprio = limit.rlim_max;
	return 0;
}

int facts_look(struct arena *arena, const struct oci_config *config, const char *bundle,
	struct harden_request *request, struct nacre_error *err)
{
	const struct profile *profile = profile_find(request->profile);
	struct sysinfo info;
	int r;

	request->host = (struct harden_host){.root_uid = 0};
	if (!profile || !(profile_hardens(profile) || request->egress.n ||
				(config && harden_egress_holds(config->nacre))))
		return 0;
	/* A container that runs has what it got from the caller of create. */
	r = config && !bundle ? 0 : look_at_caller(&request->host, err);
	if (r < 0 || !config)
		return r;
	if (sysinfo(&info) < 0)
		return fail_errno(err, errno, "size of the memory");
	request->host.memory_bytes = (uint64_t)info.totalram * info.mem_unit;
	look_at_image(config, bundle, &request->host);
	r = look_at_egress(config, request, &request->host, err);
	if (r >= 0)
		r = look_at_limits(
			config->linux_ ? config->linux_->resources : NULL, &request->host, err);
	if (r >= 0)
		r = namespaces_look(arena, config, &request->host, err);
	return r < 0 ? r : look_at_nodes(arena, request, err);
}
