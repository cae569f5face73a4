/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_WORKSPACE_PLACE_H
#define NACRE_WORKSPACE_PLACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "specs/error.h"

struct statx_timestamp;

enum {
	PLACE_SECOND = 1000000000, /* in nanoseconds; some file systems have no fractions of it */
};

/*
 * Names an entry of the source or of the upper: the directory, by fd, and the name in it. Both
 * trees may change meanwhile, and the source's owner may be an attacker: no symlink, mount or ".."
 * is ever followed, and what a rename took away is checked again.
 */

/* What is at a place. Times in nanoseconds. */
struct place_object {
	uint32_t mode; /* st_mode; 0: nothing is there */
	uint32_t uid, gid;
	uint64_t ino, size;
	int64_t birth, mtime, ctime; /* BIRTH: 0 where the file system has none */
};

/* Whether PATH is DIRECTORY or lies below it; both relative to the same root, and clean. */
bool place_within(const char *path, const char *directory);

/* Opens the directory of PATH, and finds its last component, which points into PATH. Returns an
 * O_PATH fd. -ENOENT, -ENOTDIR, -ELOOP, -EXDEV (another mount), without text. */
int place_open(int root_fd, const char *path, const char **ret_name);

/* Opens PATH itself; FLAGS of open(2). Returns an fd or -errno, without text. */
int place_open_entry(int root_fd, const char *path, int flags);

/* Reads what is at NAME. Nothing there is a success. Returns 0 or -errno. */
int place_look(int dir_fd, const char *name, struct place_object *ret);
int place_look_fd(int fd, struct place_object *ret);

/* Returns TIME in nanoseconds. A time beyond the year 2262, which a program may set, overflows to
 * another time, always the same one. */
int64_t place_time(const struct statx_timestamp *time);

/* CLOCK_REALTIME_COARSE: what is changed from now on has no earlier ctime; CLOCK_REALTIME: what was
 * changed before has no later one. */
int64_t place_now(clockid_t clock);

/* Returns the time for place_look_made, before an object is made. */
int64_t place_before_making(void);

/* Reads what the caller has made since BEFORE, of TYPE, and has opened as FD. -ESTALE: it is
 * something else, since its name leads to another object by now: somebody else may write there. */
int place_look_made(int fd, mode_t type, int64_t before, struct place_object *ret);

/* Whether both are one object, whatever was written to it. */
bool place_same(const struct place_object *a, const struct place_object *b);

/* A name in the source, and a spare one in the same mount. */
struct place_pair {
	int dir_fd;
	const char *name;
	int spare_fd;
	const char *spare;
	bool nothing; /* nothing comes to NAME; else what is at SPARE does */
	struct place_object expected; /* at NAME; absent: nothing goes to SPARE */
};

/* Swaps what is at SPARE with what is at NAME, by one rename. Then checks what was taken out: if it
 * is another object than expected, or was changed since (CTIME; not of directories), swaps it back.
 * -ESTALE: it did; all is as before. -ENOTUNIQ: it could not, since NAME was made anew meanwhile:
 * what was taken out is at SPARE. Returns 0 or -errno. */
int place_swap(const struct place_pair *pair);

/* Undoes a place_swap that has worked. */
int place_swap_back(const struct place_pair *pair);

/* Whether both are in one mount, and count for one project quota, so that a rename leads from one
 * to the other. Returns 1, 0 or -errno. */
int place_is_near(int a_fd, int b_fd);

/* Whether TIME, a ctime, is not before SINCE. Some file systems have no fractions of a second: then
 * only seconds are compared. */
bool place_is_late(int64_t time, int64_t since);

/* Checks that nothing in the directory NAME has a ctime of SINCE or later. A directory may have one
 * of UNTIL or later, since nacre itself has renamed entries then. 0: unchanged. -ESTALE: changed.
 * -ELOOP: hundreds of nested directories. -errno. (place_tree.c) */
int place_tree_unchanged(int dir_fd, const char *name, int64_t since, int64_t until);

#endif
