/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TEST_VALIDATE_FIXTURE_H
#define NACRE_TEST_VALIDATE_FIXTURE_H

#include "specs/validate.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */

/* What stands before and after the piece that a row gives. */
#define HEAD	"{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"}," \
		"\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],\"user\":{\"uid\":0,\"gid\":0}"
#define WHOLE	"", ""
#define TOP	HEAD "},", "}"
#define PROCESS	HEAD ",", "}}"
#define LINUX_BEFORE	HEAD "},\"linux\":{"
#define LINUX_AFTER	"}}"
#define LINUX	LINUX_BEFORE, LINUX_AFTER
#define LIMITS	HEAD "},\"linux\":{\"resources\":{", "}}}"
#define MOUNT(text) TOP, "\"mounts\":[" text "]"
#define USER_NS	"\"namespaces\":[{\"type\":\"user\"}]"
/* clang-format on */

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static struct arena *arena;

static inline void setup(void)
{
	arena = arena_new(16 << 20);
	ck_assert_ptr_nonnull(arena);
}

static inline void teardown(void)
{
	arena_free(arena);
}

static inline struct oci_config *decode(const char *before, const char *piece, const char *after)
{
	struct oci_config *config = NULL;
	struct nacre_error err;
	char *text = arena_printf(arena, "%s%s%s", before, piece, after);

	ck_assert_ptr_nonnull(text);
	ck_assert_msg(
		oci_config_decode(arena, "config.json", text, strlen(text), &config, &err) == 0,
		"%s: %s", text, err.text);
	return config;
}

#endif
