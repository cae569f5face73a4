/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/life/steps.h"
#include "libcontainer/life/steps_restore.h"
#include "libcontainer/process/caps.h"
#include "specs/harden.h"
#include "specs/profiles.h"

/*
 * Checks that the restored processes comply with the profile. The kernel is asked, while all
 * processes are still stopped. The images are only files, and the document beside them that names a
 * profile is only as trustworthy as its author.
 */

#define STATUS_LIMIT 65536

struct demand {
	bool no_new_privileges;
	bool filtered;
	uint64_t capabilities; /* maximum in any set */
};

/* The maximum is the one of exec: a restored process may be from an exec. */
static int find_ceiling(struct life *l, uint64_t *ret_capabilities, struct nacre_error *err)
{
	const char *names[64] = {NULL};
	const struct oci_strings all = {names, caps_names(l->container.arena, names)};
	struct oci_capabilities sets = {all, all, all, all, all};
	struct oci_process process = *l->process, *tightened;
	struct harden_report *report;
	struct capability_sets masks;
	int r;

	process.capabilities = &sets;
	r = harden_process(l->container.arena, &process, l->hardened_by, &tightened, &report, err);
	if (r == 0)
		r = caps_parse(tightened->capabilities, &masks, container_drop_warning, NULL, err);
	if (r == 0)
		*ret_capabilities = masks.bounding;
	return r;
}

/* Returns the value of line NAME of /proc/PID/status; 0: there is no such line. */
static uint64_t status_value(const char *status, const char *name, int base)
{
	const char *line = strstr(status, name);

	return line ? strtoull(line + strlen(name), NULL, base) : 0;
}

static int check_thread(
	int task_fd, const char *tid, const struct demand *demand, struct nacre_error *err)
{
	static const char *const sets[] = {
		"\nCapInh:", "\nCapPrm:", "\nCapEff:", "\nCapBnd:", "\nCapAmb:"};
	cleanup_free char *status = NULL;
	char path[sizeof(((struct dirent *)0)->d_name) + sizeof("/status")];
	int r;

	(void)snprintf(path, sizeof(path), "%s/status", tid);
	r = file_read(task_fd, path, STATUS_LIMIT, &status, NULL, err);
	if (r < 0)
		return r;
	if (demand->no_new_privileges && !status_value(status, "\nNoNewPrivs:", 10))
		return fail(err, EPERM, "thread %s has no no_new_privs", tid);
	if (demand->filtered && !status_value(status, "\nSeccomp_filters:", 10))
		return fail(err, EPERM, "thread %s has no seccomp filter", tid);
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		if (status_value(status, sets[i], 16) & ~demand->capabilities)
			return fail(err, EPERM, "thread %s has more capabilities: %s %llx", tid,
				sets[i] + 1, (unsigned long long)status_value(status, sets[i], 16));
	return 0;
}

static int check_process(pid_t pid, const struct demand *demand, struct nacre_error *err)
{
	cleanup_dir DIR *tasks = NULL;
	char path[32];
	int r = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	if (!tasks)
		return fail_errno(err, errno, "open %s", path);
	for (struct dirent *entry; r == 0 && (errno = 0, entry = readdir(tasks));)
		if (entry->d_name[0] != '.')
			r = check_thread(dirfd(tasks), entry->d_name, demand, err);
	return r == 0 && errno ? fail_errno(err, errno, "read %s", path) : r;
}

/* criu and its children are in the cgroup as well, but not in the container's mount namespace. */
static bool is_criu(pid_t pid, const struct stat *criu_mounts)
{
	char path[32];
	struct stat st;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)pid);
	return stat(path, &st) == 0 && st.st_ino == criu_mounts->st_ino &&
	       st.st_dev == criu_mounts->st_dev;
}

static int check_processes(struct life *l, const struct demand *demand, struct nacre_error *err)
{
	cleanup_free pid_t *pids = NULL;
	struct stat criu_mounts;
	char path[32];
	size_t n = 0;
	int r;

	if (l->container.cgroup.fd < 0)
		return check_process(l->container.pid, demand, err);
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)l->restore->criu_pid);
	if (stat(path, &criu_mounts) < 0)
		return fail_errno(err, errno, "stat %s", path);
	r = cgroup_pids(&l->container.cgroup, &pids, &n, err);
	for (size_t i = 0; i < n && r == 0; i++)
		if (!is_criu(pids[i], &criu_mounts))
			r = check_process(pids[i], demand, err);
	return r;
}

static int check_root(const struct life *l, struct nacre_error *err)
{
	struct statvfs root;
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/root", (int)l->container.pid);
	if (statvfs(path, &root) < 0)
		return fail_errno(err, errno, "statvfs %s", path);
	if (l->container.config->root->readonly && !(root.f_flag & ST_RDONLY))
		return fail(err, EPERM, "the root can be written");
	if (l->container.config->nacre && l->container.config->nacre->root_nosuid &&
		!(root.f_flag & ST_NOSUID))
		return fail(err, EPERM, "the root has no nosuid");
	return 0;
}

int step_check_restored(struct life *l, struct nacre_error *err)
{
	const struct profile *profile = profile_find(l->container.record.profile);
	struct demand demand = {
		.no_new_privileges = l->process->no_new_privileges,
		.filtered = l->own_filter.profile,
	};

	if (!profile || !profile_hardens(profile))
		return 0;
	if (find_ceiling(l, &demand.capabilities, err) < 0 || check_root(l, err) < 0 ||
		check_processes(l, &demand, err) < 0)
		return fail_prefix(err, "what was restored is not held by profile %s",
			l->container.record.profile);
	return 0;
}
