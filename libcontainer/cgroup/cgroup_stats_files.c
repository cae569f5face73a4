/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/cgroup/cgroup_stats_files.h"

#include <errno.h>
#include <string.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"

#define FILE_LIMIT ((size_t)1024 * 1024)

int cgroup_stats_read_file(const struct stats_reader *reader, const char *file, char **ret_text)
{
	struct nacre_error why;
	int r = file_read(reader->fd, file, FILE_LIMIT, ret_text, NULL, &why);

	/* EOPNOTSUPP: pressure is off on this host. */
	if (r == -ENOENT || r == -EOPNOTSUPP)
		return 0;
	if (r < 0)
		*reader->err = why;
	return r < 0 ? r : 1;
}

int cgroup_stats_parse_number(const char **text, const char *ends, uint64_t *ret_value)
{
	const char *at = *text;
	uint64_t value = 0;

	if (strncmp(at, "max", 3) == 0) {
		value = UINT64_MAX;
		at += 3;
	} else {
		if (*at < '0' || *at > '9')
			return -EINVAL;
		for (; *at >= '0' && *at <= '9'; at++)
			if (__builtin_mul_overflow(value, 10, &value) ||
				__builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
				return -ERANGE;
	}
	if (*at && !strchr(ends, *at))
		return -EINVAL;
	*text = at;
	*ret_value = value;
	return 0;
}

int cgroup_stats_bad_line(const struct stats_reader *reader, const char *file, const char *line)
{
	return fail(reader->err, EINVAL, "%s: not as expected: \"%.*s\"", file,
		(int)strcspn(line, "\n"), line);
}

int cgroup_stats_read_number(
	const struct stats_reader *reader, const char *file, uint64_t *ret_value)
{
	cleanup_free char *text = NULL;
	const char *at;
	int r = cgroup_stats_read_file(reader, file, &text);

	if (r <= 0)
		return r;
	at = text;
	return cgroup_stats_parse_number(&at, "\n", ret_value) < 0
		       ? cgroup_stats_bad_line(reader, file, text)
		       : 1;
}

int cgroup_stats_read_flat(const struct stats_reader *reader, const char *file,
	int (*each)(void *data, const char *key, size_t length, uint64_t value), void *data)
{
	cleanup_free char *text = NULL;
	int r = cgroup_stats_read_file(reader, file, &text);

	if (r <= 0)
		return r;
	for (const char *line = text; *line;) {
		size_t length = strcspn(line, " \n");
		const char *at = line + length;
		uint64_t value;

		if (*at++ != ' ' || cgroup_stats_parse_number(&at, "\n", &value) < 0)
			return cgroup_stats_bad_line(reader, file, line);
		r = each(data, line, length, value);
		if (r < 0)
			return fail_errno(reader->err, r, "%s", file);
		line = at + (*at == '\n');
	}
	return 1;
}

bool cgroup_stats_is_key(const char *key, size_t length, const char *name)
{
	return strlen(name) == length && strncmp(key, name, length) == 0;
}

/* Parses "0.12" as hundredths. */
static int parse_average(const char **text, uint64_t *ret_hundredths)
{
	uint64_t whole, part;
	const char *begin;

	if (cgroup_stats_parse_number(text, ".", &whole) < 0 || **text != '.' || whole > 100)
		return -EINVAL;
	begin = ++*text;
	if (cgroup_stats_parse_number(text, " ", &part) < 0 || *text - begin != 2)
		return -EINVAL;
	*ret_hundredths = 100 * whole + part;
	return 0;
}

/* Parses "some avg10=0.00 avg60=0.00 avg300=0.00 total=0". */
static int parse_pressure(const char *line, struct stats_pressure *pressure)
{
	struct stats_pressure_line *found = strncmp(line, "some ", 5) == 0   ? &pressure->some
					    : strncmp(line, "full ", 5) == 0 ? &pressure->full
									     : NULL;
	const struct {
		const char *name;
		uint64_t *average;
	} averages[] = {
		{"avg10=", found ? &found->avg10 : NULL},
		{"avg60=", found ? &found->avg60 : NULL},
		{"avg300=", found ? &found->avg300 : NULL},
	};
	const char *at = line + 5;

	if (!found)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(averages) / sizeof(averages[0]); i++) {
		size_t n = strlen(averages[i].name);

		if (strncmp(at, averages[i].name, n) != 0)
			return -EINVAL;
		at += n;
		if (parse_average(&at, averages[i].average) < 0 || *at++ != ' ')
			return -EINVAL;
	}
	if (strncmp(at, "total=", 6) != 0)
		return -EINVAL;
	at += 6;
	return cgroup_stats_parse_number(&at, "\n", &found->total);
}

int cgroup_stats_read_pressure(
	const struct stats_reader *reader, const char *file, struct stats_pressure *pressure)
{
	cleanup_free char *text = NULL;
	int r = cgroup_stats_read_file(reader, file, &text);

	if (r <= 0)
		return r;
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (parse_pressure(line, pressure) < 0)
			return cgroup_stats_bad_line(reader, file, line);
	pressure->set = true;
	return 1;
}
