/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/process/program_environment.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"

#define PASSWD_LIMIT (1024 * 1024)
#define PASSWD_LINE 1024

static int out_of_memory(struct nacre_error *err)
{
	return fail(err, ENOMEM, "process.env: out of memory");
}

/* A set of names with open addressing: a pod's environment can have thousands of variables. */
struct name_set {
	const char **slots;
	size_t mask;
};

/* Adds the name of VARIABLE (up to its '='). Returns whether it was new. */
static bool add_name(struct name_set *set, const char *variable, size_t length)
{
	uint32_t hash = 2166136261U; /* FNV-1a */

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)variable[i]) * 16777619U;
	for (size_t slot = hash & set->mask;; slot = (slot + 1) & set->mask) {
		if (!set->slots[slot]) {
			set->slots[slot] = variable;
			return true;
		}
		if (strncmp(set->slots[slot], variable, length + 1) == 0)
			return false;
	}
}

static int make_name_set(
	struct arena *arena, size_t n, struct name_set *ret_set, struct nacre_error *err)
{
	size_t size = 8;

	while (size < n * 2)
		size *= 2;
	ret_set->slots = arena_array(arena, size, sizeof(*ret_set->slots));
	ret_set->mask = size - 1;
	return ret_set->slots ? 0 : out_of_memory(err);
}

static int name_length(const char *variable, size_t *ret_length, struct nacre_error *err)
{
	const char *equals = strchr(variable, '=');

	if (!equals)
		return fail(err, EINVAL, "process.env: \"%.64s\" has no \"=\"", variable);
	if (equals == variable)
		return fail(err, EINVAL, "process.env: \"%.64s\" has no name", variable);
	*ret_length = (size_t)(equals - variable);
	return 0;
}

/* Reads "name:password:uid:gid:comment:home:shell". Changes LINE. Returns the home of UID, or
 * NULL. */
static const char *home_in_line(char *line, uint32_t uid)
{
	char *fields[7];
	unsigned long long number;
	char *end;

	if (line[0] == '#') /* a comment, as libc reads it */
		return NULL;
	for (size_t i = 0; i < 7; i++) {
		fields[i] = strsep(&line, ":");
		if (!fields[i])
			return NULL;
	}
	if (!isdigit((unsigned char)fields[2][0]))
		return NULL;
	errno = 0;
	number = strtoull(fields[2], &end, 10);
	if (errno || *end || number != uid)
		return NULL;
	return fields[5];
}

struct passwd_reader {
	int fd;
	size_t total;
	size_t used;
	size_t at;
	char buffer[4096];
};

static int next_byte(struct passwd_reader *reader)
{
	if (reader->at == reader->used) {
		ssize_t n = reader->total < PASSWD_LIMIT
				    ? read(reader->fd, reader->buffer, sizeof(reader->buffer))
				    : 0;

		if (n <= 0)
			return -1;
		reader->total += (size_t)n;
		reader->used = (size_t)n;
		reader->at = 0;
	}
	return (unsigned char)reader->buffer[reader->at++];
}

/* Returns false at the end. A line that is too long becomes empty. */
static bool next_line(struct passwd_reader *reader, char *line, size_t size)
{
	size_t used = 0;
	int c;

	while ((c = next_byte(reader)) >= 0 && c != '\n')
		if (used < size)
			line[used++] = (char)c;
	line[used < size ? used : 0] = '\0';
	return c >= 0 || used;
}

/* Reads /etc/passwd itself and within bounds, because the file is the image's, and libc's
 * getpwuid(3) would load the image's NSS modules. Returns "/" for anything unexpected. */
static char *find_home(struct arena *arena, uint32_t uid)
{
	cleanup_close int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct passwd_reader reader = {.fd = fd};
	char line[PASSWD_LINE];
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		while (next_line(&reader, line, sizeof(line))) {
			const char *home = home_in_line(line, uid);

			if (home)
				return arena_printf(arena, "HOME=%s", home[0] == '/' ? home : "/");
		}
	}
	return arena_strdup(arena, "HOME=/");
}

/* Fills the list from its end: the last variable of each name is kept, in its place. */
int program_environment(struct arena *arena, const struct oci_process *process, char ***ret_envp,
	struct nacre_error *err)
{
	const struct oci_strings *env = &process->env;
	char **envp = arena_array(arena, env->n + 2, sizeof(*envp));
	size_t first = env->n;
	bool has_home = false;
	struct name_set seen;
	int r = make_name_set(arena, env->n, &seen, err);

	if (r < 0)
		return r;
	if (!envp)
		return out_of_memory(err);
	for (size_t i = env->n; i-- > 0;) {
		const char *variable = env->items[i];
		size_t length = 0;

		r = name_length(variable, &length, err);
		if (r < 0)
			return r;
		if (!add_name(&seen, variable, length))
			continue;
		if (strcmp(variable, "HOME=") == 0)
			continue;
		if (strncmp(variable, "HOME=", 5) == 0)
			has_home = true;
		envp[--first] = (char *)variable;
	}
	if (!has_home) {
		envp[env->n] = find_home(arena, process->user.uid);
		if (!envp[env->n])
			return out_of_memory(err);
	}
	*ret_envp = envp + first;
	return 0;
}
