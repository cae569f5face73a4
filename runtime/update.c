/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/commands.h"
#include "runtime/quantity.h"
#include "specs/error.h"

enum {
	FILE_MAX_BYTES = 1024 * 1024,
};

#define LIMIT(kind) SETTING(kind, limits)

/* Defines each option by one row: the parser, the help and the completions read it, and its value
 * becomes the member FIELD of linux.resources, which specs/update.c merges into the old ones. */
const struct option_row update_rows[] = {
	/* clang-format off */
	{"resources", 'r', TEXT(resources_file), "FILE", "the limits as JSON, - for stdin; excludes the limits below"},
	{"memory", 0, LIMIT(SIZE), "BYTES", "memory limit: 1048576, 50M, 2g; -1: none", "memory.limit"},
	{"memory-reservation", 0, LIMIT(SIZE), "BYTES", "memory that is reclaimed last", "memory.reservation"},
	{"memory-swap", 0, LIMIT(SIZE), "BYTES", "limit of memory and swap together; -1: none", "memory.swap"},
	{"kernel-memory", 0, LIMIT(SIZE), "BYTES", NULL, "memory.kernel"},
	{"kernel-memory-tcp", 0, LIMIT(SIZE), "BYTES", NULL, "memory.kernelTCP"},
	{"pids-limit", 0, LIMIT(NUMBER), "N", "number of processes; -1: no limit", "pids.limit"},
	{"cpu-period", 0, LIMIT(NUMBER), "USEC", "length of a period", "cpu.period"},
	{"cpu-quota", 0, LIMIT(NUMBER), "USEC", "CPU time in each period; -1: no limit", "cpu.quota"},
	{"cpu-burst", 0, LIMIT(NUMBER), "USEC", "how much unused quota can be saved", "cpu.burst"},
	{"cpu-share", 0, LIMIT(NUMBER), "N", "relative weight, 2 to 262144; default: 1024", "cpu.shares"},
	{"cpu-idle", 0, LIMIT(NUMBER), "0|1", "1: run only when the CPU is idle", "cpu.idle"},
	{"cpu-rt-period", 0, LIMIT(NUMBER), "USEC", NULL, "cpu.realtimePeriod"},
	{"cpu-rt-runtime", 0, LIMIT(NUMBER), "USEC", NULL, "cpu.realtimeRuntime"},
	{"cpuset-cpus", 0, LIMIT(NUMBERS), "LIST", "CPUs: 0-3,7", "cpu.cpus"},
	{"cpuset-mems", 0, LIMIT(NUMBERS), "LIST", "memory nodes", "cpu.mems"},
	{"blkio-weight", 0, LIMIT(NUMBER), "N", "I/O weight, 10 to 1000", "blockIO.weight"},
	{"egress", 0, LIST(update.egress), "DESTINATION", "what the container may connect to from now on: NAME:PORT, CIDR:PORT, none, open; may be repeated"},
	{"l3-cache-schema", 0, TEXT(update.l3_cache_schema), "SCHEMA", "Intel RDT, of a container that has linux.intelRdt"},
	{"mem-bw-schema", 0, TEXT(update.mem_bw_schema), "SCHEMA", "Intel RDT, of a container that has linux.intelRdt"},
	{NULL},
	/* clang-format on */
};

/* Checks only that it is an integer in JSON: the JSON reader checks the range. */
static bool is_integer(const char *text)
{
	text += *text == '-';
	return *text && strlen(text) == strspn(text, "0123456789") && (*text != '0' || !text[1]);
}

static int print_value(FILE *out, const struct option_row *row, const char *text)
{
	uint64_t bytes;

	switch (row->kind) {
	case OPTION_NUMBER:
		/* Replaces 0, which means "unchanged" in JSON, by 1, which has the effect that the
		 * caller wants: no process can be started any more. */
		if (strcmp(row->field, "pids.limit") == 0 && strcmp(text, "0") == 0)
			text = "1";
		return is_integer(text) ? fputs(text, out) : -EINVAL;
	case OPTION_SIZE:
		if (strcmp(text, "-1") == 0)
			return fputs(text, out);
		if (quantity_size(text, &bytes) < 0)
			return -EINVAL;
		return fprintf(out, "%llu", (unsigned long long)bytes);
	default:
		if (text[strspn(text, "0123456789-,:/")])
			return -EINVAL;
		return fprintf(out, "\"%s\"", text);
	}
}

/* Finds the next setting behind AFTER (NULL: from the first on) whose field is in the object NAME
 * of N letters; NULL: there is none. */
static const struct option_setting *next_of(const struct option_setting *limits,
	const struct option_setting *after, const char *name, size_t n)
{
	const struct option_setting *limit = after ? after + 1 : limits;

	while (limit->row &&
		(strncmp(limit->row->field, name, n) != 0 || limit->row->field[n] != '.'))
		limit++;
	return limit->row ? limit : NULL;
}

/* Prints one object, as "memory":{"limit":1048576,"swap":2097152}. */
static int print_object(FILE *out, const struct option_setting *limits, const char *name, size_t n,
	struct nacre_error *err)
{
	const struct option_setting *limit = NULL;
	const char *separator = "";

	fprintf(out, "\"%.*s\":{", (int)n, name);
	while ((limit = next_of(limits, limit, name, n))) {
		fprintf(out, "%s\"%s\":", separator, limit->row->field + n + 1);
		separator = ",";
		if (print_value(out, limit->row, limit->value) < 0)
			return fail(err, EINVAL, "invalid value for %s: \"%s\"", limit->row->name,
				limit->value);
	}
	fputc('}', out);
	return 0;
}

static int print_limits(FILE *out, const struct option_setting *limits, struct nacre_error *err)
{
	const char *separator = "";
	int r;

	fputc('{', out);
	for (const struct option_setting *limit = limits; limit && limit->row; limit++) {
		const char *name = limit->row->field;
		size_t n = strcspn(name, ".");

		if (next_of(limits, NULL, name, n) != limit)
			continue;
		fputs(separator, out);
		separator = ",";
		r = print_object(out, limits, name, n, err);
		if (r < 0)
			return r;
	}
	fputc('}', out);
	return 0;
}

/* Makes the JSON of LIMITS on the heap. */
static int text_of_limits(
	const struct option_setting *limits, char **ret_text, struct nacre_error *err)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	int r;

	if (!out)
		return fail_errno(err, errno, "update");
	r = print_limits(out, limits, err);
	if (fclose(out) != 0 && r == 0)
		r = fail_errno(err, errno, "update");
	if (r < 0) {
		free(text);
		return r;
	}
	*ret_text = text;
	return 0;
}

/* Reads FD to its end, and adds a NUL. Heap. */
static int read_all(int fd, const char *name, char **ret_text, struct nacre_error *err)
{
	char *text = malloc(FILE_MAX_BYTES + 1);
	size_t used = 0;
	ssize_t n = 1;

	while (text && n > 0 && used < FILE_MAX_BYTES) {
		n = read(fd, text + used, FILE_MAX_BYTES - used);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			used += (size_t)n;
	}
	if (text && n == 0 && !memchr(text, '\0', used)) {
		text[used] = '\0';
		*ret_text = text;
		return 0;
	}
	free(text);
	if (!text || n < 0)
		return fail_errno(err, text ? errno : ENOMEM, "read %s", name);
	if (n == 0)
		return fail(err, EINVAL, "%s has a NUL byte", name);
	return fail(err, EFBIG, "%s has more than %d bytes", name, FILE_MAX_BYTES - 1);
}

static int text_of_file(const char *file, char **ret_text, struct nacre_error *err)
{
	int fd, r;

	if (strcmp(file, "-") == 0)
		return read_all(STDIN_FILENO, "stdin", ret_text, err);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, errno, "open %s", file);
	r = read_all(fd, file, ret_text, err);
	(void)close(fd);
	return r;
}

int command_update(struct invocation *in, struct nacre_error *err)
{
	const char *file = in->resources_file;
	char *text = NULL;
	int r;

	in->update.name = !file ? "options" : strcmp(file, "-") == 0 ? "stdin" : file;
	if (file) {
		r = options_refuse_fields(update_rows, in, "resources", file, err);
		if (r == 0)
			r = text_of_file(file, &text, err);
	} else {
		r = text_of_limits(in->limits, &text, err);
	}
	in->update.resources = text;
	if (r == 0)
		r = nacre_update(in->nacre, in->operands[0], &in->update, err);
	in->update.resources = NULL;
	free(text);
	return r;
}
