/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TEST_CGROUP_FILES_H
#define NACRE_TEST_CGROUP_FILES_H

/* First, since check.h has a macro called fail. */
#include "libcontainer/base/files.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A directory of plain files stands for a cgroup. */

static char place[32];
static int dir;

static void make_directory(void)
{
	(void)snprintf(place, sizeof(place), "/tmp/nacre-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(place));
	dir = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir, 0);
}

static void remove_directory(void)
{
	char command[64];

	(void)close(dir);
	(void)snprintf(command, sizeof(command), "rm -rf %s", place);
	ck_assert_int_eq(system(command), 0);
}

static void put(const char *file, const char *text)
{
	int fd = openat(dir, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(file_write_all(fd, text, strlen(text)), 0);
	(void)close(fd);
}

#endif
