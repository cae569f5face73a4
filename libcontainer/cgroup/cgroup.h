/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CGROUP_H
#define NACRE_CGROUP_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "specs/spec.h"

/*
 * Handles cgroup v2 by its files: kernel Documentation/admin-guide/cgroup-v2.rst. cgroup v1 is not
 * supported: on a hybrid host (v1 controllers mounted) the cgroup2 tree is used where it is, with
 * the controllers that are left.
 */

struct cgroup {
	int mount_fd; /* root of the cgroup2 mount, O_PATH */
	int fd; /* the cgroup's directory, O_RDONLY | O_DIRECTORY; -1: closed */
	char path[PATH_MAX]; /* below the mount; begins with a slash */
};
#define CGROUP_CLOSED ((struct cgroup){.mount_fd = -1, .fd = -1})

/* Opens the cgroup2 mount: /sys/fs/cgroup if that is cgroup2, else /sys/fs/cgroup/unified, else an
 * error that names what the host lacks. Returns an fd. */
int cgroup_open_mount(struct nacre_error *err);

/* Advice for a user without privilege, at the end of an error. */
#define CGROUP_DELEGATION \
	"cgroups of one's own come from: systemd-run --user --scope -p Delegate=yes nacre ..."

/* Finds the path of a container's cgroup. CGROUPS_PATH absolute: below the mount. Relative or NULL
 * (nacre-ID): below the parent of the runtime's own cgroup, as in runc, since the runtime's cgroup
 * holds processes; -EACCES or -EROFS if the caller may make no cgroup there. ".." is refused. */
int cgroup_resolve_path(int mount_fd, const char *cgroups_path, const char *id,
	char ret_path[PATH_MAX], struct nacre_error *err);

/* Reads the cgroup of PID (0: the caller), below the mount: the entry "0::" of /proc/PID/cgroup.
 * -ERANGE: it is outside of the caller's cgroup namespace. */
int cgroup_of_process(pid_t pid, char ret_path[PATH_MAX], struct nacre_error *err);

/* Makes the cgroup and those missing above it, with every available controller enabled on the way.
 * An existing cgroup must be empty and not frozen ("container's cgroup is not empty: N process(es)
 * found", "container's cgroup unexpectedly frozen"). Takes MOUNT_FD over, also on failure. */
int cgroup_create(
	int mount_fd, const char *path, struct cgroup *ret_cgroup, struct nacre_error *err);

/* Refuses, as cgroup_create does, a cgroup at PATH that has processes or is frozen: the unit that
 * systemd makes there would share it. 0 also if there is none. */
int cgroup_check_free(int mount_fd, const char *path, struct nacre_error *err);

/* Opens a cgroup that systemd has made, and enables every available controller above it: systemd
 * enables those that it knows, but not hugetlb or rdma. -EBUSY: the cgroup, or one above it, is
 * frozen. Takes MOUNT_FD over, also on failure. */
int cgroup_adopt(
	int mount_fd, const char *path, struct cgroup *ret_cgroup, struct nacre_error *err);

/* Opens an existing one; -ENOENT without text when it is gone. */
int cgroup_open(const char *path, struct cgroup *ret_cgroup, struct nacre_error *err);
void cgroup_close(struct cgroup *cgroup); /* takes CGROUP_CLOSED */

/* Gives the cgroup to UID, a uid of the host: the directory and the files that a container manages
 * by itself, as /sys/kernel/cgroup/delegate lists them. Limits keep their owner. */
int cgroup_delegate(const struct cgroup *cgroup, uid_t uid, struct nacre_error *err);

/* Makes the cgroup NAME below CGROUP and opens it; RET_BELOW has fds of its own. */
int cgroup_make_below(const struct cgroup *cgroup, const char *name, struct cgroup *ret_below,
	struct nacre_error *err);

/* Moves PID into the cgroup. */
int cgroup_attach(const struct cgroup *cgroup, pid_t pid, struct nacre_error *err);

/* Writes cgroup.freeze and waits until cgroup.events confirms it (poll(2), bounded). If freezing
 * fails, the cgroup is thawed again. */
int cgroup_freeze(const struct cgroup *cgroup, bool freeze, struct nacre_error *err);
/* 1 if the cgroup at PATH below the mount is frozen or freezing, 0 if not or if there is none. */
int cgroup_is_frozen(int mount_fd, const char *path, struct nacre_error *err);

/* Writes cgroup.kill (Linux 5.14): SIGKILL for every process in the cgroup and below it, forks
 * included. -EBUSY: the caller is in it. */
int cgroup_kill(const struct cgroup *cgroup, struct nacre_error *err);

/* Waits until cgroup.events has "populated 0", at most MILLISECONDS. -ETIMEDOUT. */
int cgroup_wait_empty(const struct cgroup *cgroup, int milliseconds, struct nacre_error *err);

/* Kills the processes that are left and waits until they are gone. */
int cgroup_empty(const struct cgroup *cgroup, struct nacre_error *err);

/* Kills the processes that are left, waits for their end, and removes the cgroup and all below it,
 * but no parent. A cgroup that is gone already is success. */
int cgroup_destroy(struct cgroup *cgroup, struct nacre_error *err);

/* Lists all pids in the cgroup and below it. Heap; the caller's to free. */
int cgroup_pids(
	const struct cgroup *cgroup, pid_t **ret_pids, size_t *ret_n, struct nacre_error *err);

/* Reads how often the OOM killer killed in the cgroup (memory.events, oom_kill); 0 without the
 * controller. */
int cgroup_read_oom_kills(
	const struct cgroup *cgroup, uint64_t *ret_kills, struct nacre_error *err);
/* Returns the same as a hint why a process died: 0 also if it cannot be read. */
uint64_t cgroup_oom_kills(const struct cgroup *cgroup);

#endif
