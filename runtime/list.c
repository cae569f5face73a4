/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/commands.h"

enum {
	COLUMNS = 6,
	COLUMN_GAP = 3,
	COLUMN_MIN = 9, /* a status or a pid: keeps the columns of short lists aligned */
	PID_SIZE = 16,
};

const struct option_row list_rows[] = {
	/* clang-format off */
	{"format", 'f', WORD(format), "table|json", "default: table"},
	{"quiet", 'q', FLAG(quiet), NULL, "print only the IDs"},
	{NULL},
	/* clang-format on */
};

static const char *const headers[COLUMNS] = {"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"};

static const char *cell(const struct nacre_container *container, int column, char pid[PID_SIZE])
{
	switch (column) {
	case 0:
		return container->id;
	case 1:
		snprintf(pid, PID_SIZE, "%ld", (long)container->pid);
		return pid;
	case 2:
		return nacre_status_name(container->status);
	case 3:
		return container->bundle;
	case 4:
		return container->created;
	default:
		return container->owner;
	}
}

static void print_row(const char *const cells[COLUMNS], const int widths[COLUMNS])
{
	for (int c = 0; c < COLUMNS - 1; c++)
		printf("%-*s", widths[c] + COLUMN_GAP, cells[c]);
	printf("%s\n", cells[COLUMNS - 1]);
}

static void print_table(const struct nacre_containers *list)
{
	const char *cells[COLUMNS];
	int widths[COLUMNS];
	char pid[PID_SIZE];
	const size_t n = nacre_containers_size(list);

	for (int c = 0; c < COLUMNS; c++) {
		widths[c] = COLUMN_MIN;
		for (size_t i = 0; i < n; i++) {
			int width = (int)strlen(cell(nacre_containers_get(list, i), c, pid));

			if (width > widths[c])
				widths[c] = width;
		}
	}
	print_row(headers, widths);
	for (size_t i = 0; i < n; i++) {
		for (int c = 0; c < COLUMNS; c++)
			cells[c] = cell(nacre_containers_get(list, i), c, pid);
		print_row(cells, widths);
	}
}

static int print_json(const struct nacre_containers *list, struct nacre_error *err)
{
	char *json;
	int r;

	r = nacre_containers_json(list, &json, err);
	if (r < 0)
		return r;
	state_print_text(json);
	free(json);
	return 0;
}

int command_list(struct invocation *in, struct nacre_error *err)
{
	struct nacre_containers *list;
	int r = in->quiet ? nacre_list_ids(in->nacre, &list, err)
			  : nacre_list(in->nacre, &list, err);

	if (r < 0)
		return r;
	/* --quiet wins over the format, as with runc. */
	if (in->quiet)
		for (size_t i = 0; i < nacre_containers_size(list); i++)
			state_print_text(nacre_containers_get(list, i)->id);
	else if (in->format && strcmp(in->format, "json") == 0)
		r = print_json(list, err);
	else
		print_table(list);
	nacre_containers_free(list);
	return r;
}
