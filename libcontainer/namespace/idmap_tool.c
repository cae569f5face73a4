/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/namespace/idmap_tool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcontainer/base/child.h"
#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"

enum {
	TOOL_TIMEOUT = 10, /* seconds */
	NAME_SIZE = 64, /* of a user's name */
};

#define FILE_LIMIT (4 * 1024 * 1024)

/* Directories in which distributions install it. PATH belongs to the caller and must not choose a
 * program that maps ids. */
static const char *const tool_directories[] = {"/usr/bin", "/bin", "/usr/local/bin"};

/* --- why the tool refused --- */

/* Finds the name of user UID. getpwuid(3) would load NSS modules into a static program; a user that
 * only they know is reported by number. */
static void find_name(uint32_t uid, char ret_name[NAME_SIZE])
{
	cleanup_free char *text = NULL;
	struct nacre_error ignored;
	char *line;

	(void)snprintf(ret_name, NAME_SIZE, "%u", uid);
	if (file_read(AT_FDCWD, "/etc/passwd", FILE_LIMIT, &text, NULL, &ignored) < 0)
		return;
	for (char *rest = text; (line = strsep(&rest, "\n"));) {
		const char *name = strsep(&line, ":");
		const char *password = strsep(&line, ":");
		const char *number = strsep(&line, ":");
		char *end;

		if (password && number && strtoul(number, &end, 10) == uid && end != number &&
			!*end && *name && strlen(name) < NAME_SIZE) {
			(void)snprintf(ret_name, NAME_SIZE, "%s", name);
			return;
		}
	}
}

/* Returns whether one line of subuid(5) gives the user all of MAPPING. */
static bool line_covers(
	char *line, const char *name, uint32_t uid, const struct oci_id_mapping *mapping)
{
	const char *owner = strsep(&line, ":");
	const char *start = strsep(&line, ":");
	char number[IDMAP_NUMBER_MAX];
	unsigned long long first, count;

	(void)snprintf(number, sizeof(number), "%u", uid);
	if (!start || !line || (strcmp(owner, name) != 0 && strcmp(owner, number) != 0))
		return false;
	first = strtoull(start, NULL, 10);
	count = strtoull(line, NULL, 10);
	return mapping->host_id >= first && mapping->size <= count &&
	       mapping->host_id - first <= count - mapping->size;
}

static bool file_covers(
	const char *file, const char *name, uint32_t uid, const struct oci_id_mapping *mapping)
{
	cleanup_free char *text = NULL;
	struct nacre_error ignored;
	char *line;

	if (file_read(AT_FDCWD, file, FILE_LIMIT, &text, NULL, &ignored) < 0)
		return false;
	for (char *rest = text; (line = strsep(&rest, "\n"));)
		if (line_covers(line, name, uid, mapping))
			return true;
	return false;
}

/* SAID: the tool's output. */
static int explain(const struct id_map *map, const char *said, struct nacre_error *err)
{
	char name[NAME_SIZE];

	find_name(getuid(), name);
	for (size_t i = 0; i < map->n; i++) {
		const struct oci_id_mapping *m = &map->items[i];

		if ((m->host_id == map->own && m->size == 1) ||
			file_covers(map->subids, name, getuid(), m))
			continue;
		return fail(err, EPERM,
			"%s[%zu]: %s gives user %s no right to %u and what follows: it lacks the "
			"line \"%s:%u:%u\"",
			map->property, i, map->subids, name, m->host_id, name, m->host_id, m->size);
	}
	return fail(err, EPERM, "%s: %s failed: %s (is it setuid root?)", map->property, map->tool,
		said[0] ? said : "it does not say why");
}

/* --- running it --- */

struct said {
	char text[160];
	size_t used;
};

static void keep_line(void *data, const char *chunk, size_t length)
{
	struct said *said = data;

	for (size_t i = 0; i < length && said->used + 1 < sizeof(said->text); i++)
		said->text[said->used++] = chunk[i];
	said->text[said->used] = '\0';
}

static int run_tool(const struct id_map *map, char *const argv[], struct nacre_error *err)
{
	char *const no_environment[] = {NULL};
	struct said said = {.used = 0};
	char path[64];
	struct child child = {
		.path = path,
		.argv = argv,
		.envp = no_environment,
		.input = "",
		.error = {keep_line, &said},
		.timeout = TOOL_TIMEOUT,
	};
	struct nacre_error why;
	int r = -ENOENT, status = 0;

	for (size_t i = 0; r == -ENOENT && i < sizeof(tool_directories) / sizeof(char *); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", tool_directories[i], map->tool);
		r = child_run(&child, &status, &why);
	}
	if (r == -ENOENT)
		return fail(err, ENOENT,
			"%s: %s is not installed, and without it a user can map but the own id: it "
			"is in "
			"the package uidmap, or shadow-utils",
			map->property, map->tool);
	if (r < 0)
		return fail(err, why.code, "%s: %s", map->tool, why.text);
	said.text[strcspn(said.text, "\n")] = '\0';
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : explain(map, said.text, err);
}

int idmap_write_with_tool(pid_t pid, const struct id_map *map, struct nacre_error *err)
{
	const size_t n_numbers = 1 + map->n * 3;
	cleanup_free char *numbers = calloc(n_numbers, IDMAP_NUMBER_MAX);
	cleanup_free char **argv = calloc(n_numbers + 2, sizeof(*argv));
	char tool[16];

	if (!numbers || !argv)
		return fail_errno(err, ENOMEM, "%s", map->tool);
	(void)snprintf(tool, sizeof(tool), "%s", map->tool);
	argv[0] = tool;
	for (size_t i = 0; i < n_numbers; i++) {
		const struct oci_id_mapping *m = i ? &map->items[(i - 1) / 3] : NULL;
		const uint32_t values[] = {
			m ? m->container_id : (uint32_t)pid, m ? m->host_id : 0, m ? m->size : 0};

		argv[1 + i] = numbers + i * IDMAP_NUMBER_MAX;
		(void)snprintf(argv[1 + i], IDMAP_NUMBER_MAX, "%u", values[i ? (i - 1) % 3 : 0]);
	}
	return run_tool(map, argv, err);
}
