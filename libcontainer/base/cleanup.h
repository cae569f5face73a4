/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CLEANUP_H
#define NACRE_CLEANUP_H

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

/* An owned resource is released when its variable goes out of scope. A file descriptor starts as
 * -1. */

static inline void cleanup_free_fn(void *p)
{
	free(*(void **)p);
}
#define cleanup_free __attribute__((cleanup(cleanup_free_fn)))

static inline void cleanup_close_fn(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}
#define cleanup_close __attribute__((cleanup(cleanup_close_fn)))

static inline void cleanup_dir_fn(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}
#define cleanup_dir __attribute__((cleanup(cleanup_dir_fn)))

/* Passes ownership on: the variable no longer releases it. */
#define steal_ptr(p)                         \
	({                                   \
		__typeof__(p) stolen_ = (p); \
		(p) = NULL;                  \
		stolen_;                     \
	})

static inline int fd_steal(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

/* Closes the fd and sets it to -1; accepts -1. Keeps errno. */
void fd_close(int *fd);

/* Closes every fd from 3 up but those in KEEP (any order, -1 is skipped). Returns 0 or -errno. */
int fd_close_all_except(const int *keep, size_t n);

#endif
