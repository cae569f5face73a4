/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/cgroup/cgroup_limit_files.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "libcontainer/base/files.h"
#include "libcontainer/cgroup/cgroup_controllers.h"

int cgroup_limit_bad(struct limits *l, const char *property, const char *format, ...)
{
	va_list args;

	l->err->code = EINVAL;
	va_start(args, format);
	(void)vsnprintf(l->err->text, sizeof(l->err->text), format, args);
	va_end(args);
	return fail_prefix(l->err, "linux.resources.%s", property);
}

static void skip(struct limits *l, const char *property)
{
	size_t used = strlen(l->skipped);

	(void)snprintf(l->skipped + used, sizeof(l->skipped) - used, ", %s", property);
}

int cgroup_limit_judge(struct limits *l, const struct limit *limit, const char *value, int r)
{
	char property[128];

	if (r == 0)
		return 0;
	if ((r == -ENOENT || l->fd < 0) && (limit->profile & l->from_profile)) {
		skip(l, limit->property);
		return 0;
	}
	/* Without a controller nothing is limited, and the period has the kernel's length. */
	if ((r == -ENOENT || l->fd < 0) &&
		(strcmp(value, "max") == 0 || strcmp(value, "max 100000") == 0))
		return 0;
	if (l->fd < 0)
		return fail(l->err, ENOTSUP, "linux.resources.%s needs a cgroup", limit->property);
	if (r == -ENOENT) {
		(void)snprintf(property, sizeof(property), "linux.resources.%s", limit->property);
		return cgroup_controllers_explain(l->fd, property, limit->file, l->err);
	}
	return fail_errno(l->err, r, "linux.resources.%s: write \"%s\" to %s", limit->property,
		value, limit->file);
}

int cgroup_limit_write(struct limits *l, const char *file, const char *value)
{
	int r = l->rollback ? rollback_note(l->rollback, l->fd, file, value) : 0;

	return r < 0 ? r : file_write(l->fd, file, value);
}

int cgroup_limit_put(struct limits *l, const struct limit *limit, const char *value)
{
	return cgroup_limit_judge(l, limit, value, cgroup_limit_write(l, limit->file, value));
}

int cgroup_limit_put_u64(struct limits *l, const struct limit *limit, uint64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	return cgroup_limit_put(l, limit, text);
}

int cgroup_limit_put_or_max(struct limits *l, const struct limit *limit, int64_t value)
{
	if (value == 0)
		return 0;
	if (value == -1)
		return cgroup_limit_put(l, limit, "max");
	if (value < 0)
		return cgroup_limit_bad(l, limit->property,
			"%lld is neither -1, no limit, nor above 0", (long long)value);
	return cgroup_limit_put_u64(l, limit, (uint64_t)value);
}
