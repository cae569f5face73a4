/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/cgroup/cgroup_stats_files.h"

/* io.stat is nested keyed: "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6". A device that was
 * not used may have nothing after its number; io.cost and io.latency add keys of their own. */

#define DEVICES_MAX 4096
#define KEYS_MAX 2 /* in each list for one device */

struct device {
	const char *line;
	uint64_t major;
	uint64_t minor;
};

/* Where a key goes. */
static const struct {
	const char *name;
	const char *op;
	bool is_bytes;
} keys[] = {
	/* clang-format off */
	{"rbytes", "Read", true},
	{"wbytes", "Write", true},
	{"rios", "Read", false},
	{"wios", "Write", false},
	/* clang-format on */
};

/* WORD: "rbytes=1" and what follows. */
static int take_word(const struct stats_reader *reader, const struct device *device,
	const char *word, size_t room, struct container_stats *stats)
{
	size_t length = strcspn(word, "= \n");
	const char *at = word + length + 1;

	for (size_t i = 0; word[length] == '=' && i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct stats_io_entry *list = keys[i].is_bytes ? stats->io_bytes
							       : stats->io_operations;
		size_t *n = keys[i].is_bytes ? &stats->n_io_bytes : &stats->n_io_operations;
		struct stats_io_entry entry = {device->major, device->minor, keys[i].op, 0};

		if (!cgroup_stats_is_key(word, length, keys[i].name))
			continue;
		if (*n == room || cgroup_stats_parse_number(&at, " \n", &entry.value) < 0)
			return cgroup_stats_bad_line(reader, "io.stat", device->line);
		list[(*n)++] = entry;
	}
	return 0;
}

static int take_line(const struct stats_reader *reader, const char *line, size_t room,
	struct container_stats *stats)
{
	struct device device = {.line = line};
	const char *at = line;

	if (cgroup_stats_parse_number(&at, ":", &device.major) < 0 || *at++ != ':' ||
		cgroup_stats_parse_number(&at, " \n", &device.minor) < 0)
		return cgroup_stats_bad_line(reader, "io.stat", line);
	while (*at == ' ') {
		int r = take_word(reader, &device, ++at, room, stats);

		if (r < 0)
			return r;
		at += strcspn(at, " \n");
	}
	return 0;
}

int cgroup_stats_read_io(const struct stats_reader *reader, struct container_stats *stats)
{
	cleanup_free char *text = NULL;
	size_t room = KEYS_MAX;
	int r = cgroup_stats_read_file(reader, "io.stat", &text);

	if (r <= 0)
		return r;
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		room += KEYS_MAX;
	if (room > DEVICES_MAX * KEYS_MAX)
		return fail(reader->err, E2BIG, "io.stat: more than %d devices", DEVICES_MAX);
	stats->io_bytes = arena_array(reader->arena, room, sizeof(*stats->io_bytes));
	stats->io_operations = arena_array(reader->arena, room, sizeof(*stats->io_operations));
	if (!stats->io_bytes || !stats->io_operations)
		return fail_errno(reader->err, ENOMEM, "io.stat");
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		r = take_line(reader, line, room, stats);
		if (r < 0)
			return r;
	}
	return 1;
}
