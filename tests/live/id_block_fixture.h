/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TEST_ID_BLOCK_FIXTURE_H
#define NACRE_TEST_ID_BLOCK_FIXTURE_H

#include "libcontainer/base/cleanup.h"
#include "libcontainer/record/id_block.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A host without claims, whose kernel has keys of root alone. It is the working directory. */

static struct nacre_error err;
static char top[32], claims[64], etc[64], keys[64];
static struct id_block_places places = {.claims = claims, .etc = etc, .keys = keys};

static inline void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static inline void set_up(void)
{
	(void)snprintf(top, sizeof(top), "/tmp/id-block-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	(void)snprintf(claims, sizeof(claims), "%s/run/.ids", top);
	(void)snprintf(etc, sizeof(etc), "%s/etc", top);
	(void)snprintf(keys, sizeof(keys), "%s/keys", top);
	ck_assert_int_eq(mkdir(etc, 0755), 0);
	write_file(keys, "    0:     9 8/8 3/1000000 56/25000000\n");
	ck_assert_int_eq(chdir(top), 0);
}

static inline void tear_down(void)
{
	char command[64];

	ck_assert_int_eq(chdir("/"), 0);
	(void)snprintf(command, sizeof(command), "rm -rf %s", top);
	ck_assert_int_eq(system(command), 0);
}

static inline int make_state(const char *name)
{
	ck_assert_int_eq(mkdir(name, 0700), 0);
	return open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

#endif
