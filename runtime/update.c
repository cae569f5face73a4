/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/commands.h"
#include "runtime/quantity.h"

enum {
	FILE_MAX_BYTES = 1024 * 1024,
};

const struct option_row update_rows[] = {
	/* clang-format off */
	{"resources", 'r', TEXT(update.resources), "FILE", "the limits as JSON, - for stdin; in place of all other options"},
	{"memory", 0, TEXT(update.memory), "BYTES", "memory limit: 1048576, 50M, 2g; -1: none"},
	{"memory-reservation", 0, TEXT(update.memory_reservation), "BYTES", "memory that is not reclaimed before that of others"},
	{"memory-swap", 0, TEXT(update.memory_swap), "BYTES", "limit of memory and swap together; -1: none"},
	{"pids-limit", 0, TEXT(update.pids_limit), "N", "number of processes; -1: no limit"},
	{"cpu-period", 0, TEXT(update.cpu_period), "USEC", "what the quota refers to"},
	{"cpu-quota", 0, TEXT(update.cpu_quota), "USEC", "CPU time in each period; -1: no limit"},
	{"cpu-burst", 0, TEXT(update.cpu_burst), "USEC", "how much of it can be saved up"},
	{"cpu-share", 0, TEXT(update.cpu_share), "N", "weight against others, 2 to 262144; 1024 is the default"},
	{"cpu-idle", 0, TEXT(update.cpu_idle), "0|1", "1: runs only when nothing else wants to"},
	{"cpuset-cpus", 0, TEXT(update.cpuset_cpus), "LIST", "CPUs: 0-3,7"},
	{"cpuset-mems", 0, TEXT(update.cpuset_mems), "LIST", "memory nodes"},
	{"blkio-weight", 0, TEXT(update.blkio_weight), "N", "I/O weight, 10 to 1000"},
	{"l3-cache-schema", 0, TEXT(update.l3_cache_schema), "SCHEMA", "Intel RDT, of a container that has linux.intelRdt"},
	{"mem-bw-schema", 0, TEXT(update.mem_bw_schema), "SCHEMA", "Intel RDT, of a container that has linux.intelRdt"},
	{"cpu-rt-period", 0, TEXT(update.cpu_rt_period), "USEC", NULL},
	{"cpu-rt-runtime", 0, TEXT(update.cpu_rt_runtime), "USEC", NULL},
	{"kernel-memory", 0, TEXT(update.kernel_memory), "BYTES", NULL},
	{"kernel-memory-tcp", 0, TEXT(update.kernel_memory_tcp), "BYTES", NULL},
	{NULL},
	/* clang-format on */
};

/* How the text of an option becomes a value of JSON. */
enum kind {
	NUMBER, /* decimal, with a sign if it is one of an int64 */
	SIZE, /* with a unit, or -1 */
	LIST_OF_NUMBERS,
};

/* Where an option goes. The rows of one object stand together. */
static const struct member {
	const char *option;
	size_t offset; /* in struct update_options */
	const char *object;
	const char *name;
	enum kind kind;
} members[] = {
#define AT(member) offsetof(struct update_options, member)
	/* clang-format off */
	{"memory", AT(memory), "memory", "limit", SIZE},
	{"memory-reservation", AT(memory_reservation), "memory", "reservation", SIZE},
	{"memory-swap", AT(memory_swap), "memory", "swap", SIZE},
	{"kernel-memory", AT(kernel_memory), "memory", "kernel", SIZE},
	{"kernel-memory-tcp", AT(kernel_memory_tcp), "memory", "kernelTCP", SIZE},
	{"pids-limit", AT(pids_limit), "pids", "limit", NUMBER},
	{"cpu-period", AT(cpu_period), "cpu", "period", NUMBER},
	{"cpu-quota", AT(cpu_quota), "cpu", "quota", NUMBER},
	{"cpu-burst", AT(cpu_burst), "cpu", "burst", NUMBER},
	{"cpu-share", AT(cpu_share), "cpu", "shares", NUMBER},
	{"cpu-idle", AT(cpu_idle), "cpu", "idle", NUMBER},
	{"cpu-rt-period", AT(cpu_rt_period), "cpu", "realtimePeriod", NUMBER},
	{"cpu-rt-runtime", AT(cpu_rt_runtime), "cpu", "realtimeRuntime", NUMBER},
	{"cpuset-cpus", AT(cpuset_cpus), "cpu", "cpus", LIST_OF_NUMBERS},
	{"cpuset-mems", AT(cpuset_mems), "cpu", "mems", LIST_OF_NUMBERS},
	{"blkio-weight", AT(blkio_weight), "blockIO", "weight", NUMBER},
	/* clang-format on */
};

static const char *text_of(const struct update_options *update, const struct member *member)
{
	return *(const char *const *)(const void *)((const char *)update + member->offset);
}

/* The range is checked where the number is read again; here it must only be one in JSON. */
static bool is_integer(const char *text)
{
	text += *text == '-';
	return *text && strlen(text) == strspn(text, "0123456789") && (*text != '0' || !text[1]);
}

static int print_value(FILE *out, const struct member *member, const char *text)
{
	uint64_t bytes;

	switch (member->kind) {
	case NUMBER:
		/* Zero is "as it is" in JSON, but who writes it means it, and 1 is as good a limit:
		 * nothing can be started any more. */
		if (strcmp(member->object, "pids") == 0 && strcmp(text, "0") == 0)
			text = "1";
		return is_integer(text) ? fputs(text, out) : -EINVAL;
	case SIZE:
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

static int print_members(FILE *out, const struct update_options *update, struct nacre_error *err)
{
	const char *object = NULL;

	fputc('{', out);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const struct member *member = &members[i];
		const char *text = text_of(update, member);

		if (!text)
			continue;
		if (!object || strcmp(object, member->object) != 0)
			fprintf(out, "%s\"%s\":{", object ? "}," : "", member->object);
		else
			fputc(',', out);
		object = member->object;
		fprintf(out, "\"%s\":", member->name);
		if (print_value(out, member, text) < 0)
			return fail(
				err, EINVAL, "invalid value for %s: \"%s\"", member->option, text);
	}
	fputs(object ? "}}" : "}", out);
	return 0;
}

/* Heap. */
static int text_of_options(
	const struct update_options *update, char **ret_text, struct nacre_error *err)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	int r;

	if (!out)
		return fail_errno(err, errno, "update");
	r = print_members(out, update, err);
	if (fclose(out) != 0 && r == 0)
		r = fail_errno(err, errno, "update");
	if (r < 0) {
		free(text);
		return r;
	}
	*ret_text = text;
	return 0;
}

/* All of FD, with a NUL behind it. Heap. */
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

/* The file says it all, as for exec --process. */
static int refuse_beside_file(const struct update_options *update, struct nacre_error *err)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (text_of(update, &members[i]))
			return fail(err, EINVAL,
				"--resources %s: --%s cannot be given beside it: put it into the "
				"file",
				update->resources, members[i].option);
	return 0;
}

int command_update(struct invocation *in, struct nacre_error *err)
{
	const struct update_options *update = &in->update;
	struct nacre_update_options options = {
		.size = sizeof(options),
		.name = "options",
		.l3_cache_schema = update->l3_cache_schema,
		.mem_bw_schema = update->mem_bw_schema,
	};
	char *text = NULL;
	int r;

	if (!update->resources) {
		r = text_of_options(update, &text, err);
	} else {
		options.name = strcmp(update->resources, "-") == 0 ? "stdin" : update->resources;
		r = refuse_beside_file(update, err);
		if (r == 0)
			r = text_of_file(update->resources, &text, err);
	}
	options.resources = text;
	if (r == 0)
		r = nacre_update(in->nacre, in->operands[0], &options, err);
	free(text);
	return r;
}
