/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/cgroup/rollback.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"

#define FILE_LIMIT ((size_t)64 * 1024)

struct rollback_entry {
	char *file;
	char *before; /* what is to be written back */
	char *otherwise; /* written if the kernel refuses BEFORE; NULL: nothing */
};

/* Files with one line per device, of which a write sets one; and what removes a line. */
static const struct {
	const char *file;
	const char *unset;
} keyed[] = {
	/* clang-format off */
	{"io.max", "rbps=max wbps=max riops=max wiops=max"},
	{"io.weight", "default"},
	{"io.bfq.weight", "default"},
	{"rdma.max", "hca_handle=max hca_object=max"},
	/* clang-format on */
};

/* Finds the line of TEXT that begins with the first word of VALUE, or makes the one that unsets it.
 * A VALUE of one word stands for the line "default". Heap. */
static char *line_before(const char *text, const char *value, const char *unset)
{
	size_t n = strcspn(value, " ");
	const char *key = value[n] ? value : "default";
	char *line = NULL;

	if (!value[n])
		n = strlen(key);
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		if (strncmp(text, key, n) == 0 && text[n] == ' ')
			return strndup(text, strcspn(text, "\n"));
	return asprintf(&line, "%.*s %s", (int)n, key, unset) < 0 ? NULL : line;
}

/* Takes TEXT, which is not empty, over. */
static char *to_restore(const char *file, char *text, const char *value)
{
	for (size_t i = 0; i < sizeof(keyed) / sizeof(keyed[0]); i++) {
		if (strcmp(keyed[i].file, file) == 0) {
			char *line = line_before(text, value, keyed[i].unset);

			free(text);
			return line;
		}
	}
	return text;
}

/* Reads what an empty list of CPUs or nodes stands for: the one of the cgroup above. An empty write
 * does not reach the kernel, but a line without a word does. The list of a cgroup with processes
 * may not be emptied: then the one that was in effect is restored. */
static char *effective(int cgroup_fd, const char *file)
{
	struct nacre_error ignored; /* a file of another kind has none */
	char name[64], *text = NULL;

	(void)snprintf(name, sizeof(name), "%.40s.effective", file);
	(void)file_read(cgroup_fd, name, FILE_LIMIT, &text, NULL, &ignored);
	return text;
}

static void free_entry(struct rollback_entry *entry)
{
	free(entry->file);
	free(entry->before);
	free(entry->otherwise);
}

/* Whether R, a result of reading, means that the file is not readable. The write reports more
 * then. */
static bool is_unreadable(int r)
{
	return r == -ENOENT || r == -EACCES || r == -EPERM || r == -EINVAL || r == -EOPNOTSUPP;
}

int rollback_note(struct rollback *rollback, int cgroup_fd, const char *file, const char *value)
{
	struct rollback_entry *entries, entry = {NULL};
	struct nacre_error ignored;
	char *text = NULL;
	int r = file_read(cgroup_fd, file, FILE_LIMIT, &text, NULL, &ignored);

	if (r < 0)
		return is_unreadable(r) ? 0 : r;
	if (*text && *text != '\n') {
		entry.before = to_restore(file, text, value);
	} else {
		free(text);
		entry.before = strdup("\n");
		entry.otherwise = effective(cgroup_fd, file);
	}
	entry.file = strdup(file);
	entries = reallocarray(rollback->entries, rollback->n + 1, sizeof(*entries));
	if (entries)
		rollback->entries = entries;
	if (!entries || !entry.before || !entry.file) {
		free_entry(&entry);
		return -ENOMEM;
	}
	rollback->entries[rollback->n++] = entry;
	return 0;
}

/* Writes line by line: the kernel takes one per write. */
static int write_lines(int cgroup_fd, const char *file, const char *lines)
{
	int r = 0;

	while (r == 0 && *lines) {
		size_t n = strcspn(lines, "\n") + 1;
		cleanup_free char *line = strndup(lines, n);

		r = line ? file_write(cgroup_fd, file, line) : -ENOMEM;
		lines += strnlen(lines, n);
	}
	return r;
}

/* Skips a file that still has the value: not every value that can be read can be written; a
 * cpu.weight of 0 is that of an idle group. */
static int restore(const struct rollback_entry *entry, int cgroup_fd)
{
	cleanup_free char *text = NULL;
	struct nacre_error ignored;
	int r;

	if (file_read(cgroup_fd, entry->file, FILE_LIMIT, &text, NULL, &ignored) == 0 &&
		strcmp(text, entry->before) == 0)
		return 0;
	r = write_lines(cgroup_fd, entry->file, entry->before);
	return r < 0 && entry->otherwise ? write_lines(cgroup_fd, entry->file, entry->otherwise)
					 : r;
}

int rollback_restore(const struct rollback *rollback, int cgroup_fd, struct nacre_error *err)
{
	int first = 0;

	for (size_t i = rollback->n; i-- > 0;) {
		const struct rollback_entry *entry = &rollback->entries[i];
		int r = restore(entry, cgroup_fd);

		if (r < 0 && first == 0)
			first = fail_errno(err, r, "write \"%.*s\" back to %s",
				(int)strcspn(entry->before, "\n"), entry->before, entry->file);
	}
	return first;
}

void rollback_done(struct rollback *rollback)
{
	for (size_t i = 0; i < rollback->n; i++)
		free_entry(&rollback->entries[i]);
	free(rollback->entries);
	*rollback = (struct rollback){.n = 0};
}
