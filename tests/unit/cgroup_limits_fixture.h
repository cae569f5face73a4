/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TEST_CGROUP_LIMITS_FIXTURE_H
#define NACRE_TEST_CGROUP_LIMITS_FIXTURE_H

#include "tests/unit/cgroup_files.h" /* first: check.h has a macro fail */

#include "libcontainer/cgroup/cgroup_limits.h"

#include <errno.h>

/* A directory of plain files stands for a cgroup, so every controller can be tried. A plain file
 * keeps what was written, at offset 0. */

static struct nacre_error err;
static char warnings[2048];

static inline void setup(void)
{
	make_directory();
	warnings[0] = '\0';
	memset(&err, 0, sizeof(err));
}

/* An empty file, whether or not it was there. */
static inline void have(const char *file)
{
	put(file, "");
}

static inline void have_controllers(const char *names)
{
	put("cgroup.controllers", names);
}

static inline void holds(const char *file, const char *expected)
{
	char *text = NULL;
	int r = file_read(dir, file, 4096, &text, NULL, &err);

	ck_assert_msg(r == 0, "%s", err.text);
	ck_assert_msg(strcmp(text, expected) == 0, "%s: \"%s\", not \"%s\"", file, text, expected);
	free(text);
}

static inline void warn(void *data, const char *text)
{
	size_t used = strlen(warnings);

	(void)data;
	(void)snprintf(warnings + used, sizeof(warnings) - used, "%s\n", text);
}

static inline int apply(const struct oci_resources *resources, uint32_t from_profile)
{
	return cgroup_limits_apply(dir, resources, from_profile, NULL, warn, NULL, &err);
}

static inline void applies(const struct oci_resources *resources)
{
	int r = apply(resources, 0);

	ck_assert_msg(r == 0, "%s", err.text);
	ck_assert_str_eq(warnings, "");
}

static inline void refuses(const struct oci_resources *resources, int code, const char *text)
{
	int r = apply(resources, 0);

	ck_assert_int_eq(r, -code);
	ck_assert_int_eq(err.code, code);
	ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
}

#define U(n)              \
	{                 \
		true, (n) \
	}

#define COUNT(list) ((int)(sizeof(list) / sizeof((list)[0])))

#endif
