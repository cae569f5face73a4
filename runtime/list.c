/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "runtime/commands.h"

enum {
	COLUMNS = 6,
	COLUMN_GAP = 3,
	COLUMN_MIN = 9, /* a status or a pid: the columns of short lists do not jump */
	PID_SIZE = 16,
};

const struct option_row list_rows[] = {
	/* clang-format off */
	{"format", 'f', WORD(format), "table|json", "default: table"},
	{"quiet", 'q', FLAG(quiet), NULL, "the IDs only"},
	{NULL},
	/* clang-format on */
};

static const char *const headers[COLUMNS] = {"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"};

static const char *cell(const struct nacre_list_entry *entry, int column, char pid[PID_SIZE])
{
	switch (column) {
	case 0:
		return entry->id;
	case 1:
		snprintf(pid, PID_SIZE, "%ld", (long)entry->pid);
		return pid;
	case 2:
		return entry->status;
	case 3:
		return entry->bundle;
	case 4:
		return entry->created;
	default:
		return entry->owner;
	}
}

static void print_row(const char *const cells[COLUMNS], const int widths[COLUMNS])
{
	for (int c = 0; c < COLUMNS - 1; c++)
		printf("%-*s", widths[c] + COLUMN_GAP, cells[c]);
	printf("%s\n", cells[COLUMNS - 1]);
}

static void print_table(const struct nacre_list *list)
{
	const char *cells[COLUMNS];
	int widths[COLUMNS];
	char pid[PID_SIZE];

	for (int c = 0; c < COLUMNS; c++) {
		widths[c] = COLUMN_MIN;
		for (size_t i = 0; i < list->n; i++) {
			int width = (int)strlen(cell(&list->entries[i], c, pid));

			if (width > widths[c])
				widths[c] = width;
		}
	}
	print_row(headers, widths);
	for (size_t i = 0; i < list->n; i++) {
		for (int c = 0; c < COLUMNS; c++)
			cells[c] = cell(&list->entries[i], c, pid);
		print_row(cells, widths);
	}
}

int command_list(struct invocation *in, struct nacre_error *err)
{
	/* -q wins over the format, as with runc. */
	bool json = !in->quiet && in->format && strcmp(in->format, "json") == 0;
	struct nacre_list *list = NULL;
	int result = nacre_list(in->nacre, json, &list, err);

	if (result < 0)
		return result;
	if (json)
		state_print_text(list->json);
	else if (!in->quiet)
		print_table(list);
	for (size_t i = 0; in->quiet && i < list->n; i++)
		state_print_text(list->entries[i].id);
	nacre_list_free(list);
	return 0;
}
