/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/id_blocks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct id_blocks_range id_blocks_between(uint32_t first_id, uint32_t last_id)
{
	const uint64_t first = ((uint64_t)first_id + ID_BLOCK_SIZE - 1) / ID_BLOCK_SIZE;
	uint64_t end = ((uint64_t)last_id + 1) / ID_BLOCK_SIZE;

	if (end > ID_BLOCKS_MAX)
		end = ID_BLOCKS_MAX;
	if (first >= end)
		return (struct id_blocks_range){0, 0};
	return (struct id_blocks_range){(uint32_t)first, (uint32_t)(end - first)};
}

bool id_blocks_have(const struct id_blocks_set *set, uint32_t block)
{
	return block < ID_BLOCKS_MAX && set->words[block / 64] >> block % 64 & 1;
}

/* Adds the COUNT ids from FIRST on. */
static void add(struct id_blocks_set *set, uint64_t first, uint64_t count)
{
	const uint64_t begin = first / ID_BLOCK_SIZE;
	uint64_t last;

	if (count == 0 || begin >= ID_BLOCKS_MAX)
		return;
	last = count > UINT32_MAX ? ID_BLOCKS_MAX - 1 : (first + count - 1) / ID_BLOCK_SIZE;
	for (uint64_t block = begin; block <= last && block < ID_BLOCKS_MAX; block++)
		set->words[block / 64] |= 1ULL << block % 64;
}

/* Reads a decimal number that a character of STOPS must end; *TEXT moves behind that. */
static bool take_number(const char **text, const char *stops, uint64_t *ret_number)
{
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	*ret_number = strtoull(*text, &end, 10);
	if (errno || (*end && !strchr(stops, *end)))
		return false;
	*text = end;
	return true;
}

/* Returns what follows the next colon of this line; NULL: there is none. */
static const char *next_field(const char *text)
{
	text += strcspn(text, ":\n");
	return *text == ':' ? text + 1 : NULL;
}

static const char *next_line(const char *text)
{
	text += strcspn(text, "\n");
	return *text ? text + 1 : text;
}

void id_blocks_add_subids(struct id_blocks_set *set, const char *text)
{
	for (; *text; text = next_line(text)) {
		const char *field = next_field(text);
		uint64_t first, count;

		if (field && take_number(&field, ":", &first) && *field++ == ':' &&
			take_number(&field, "\n", &count))
			add(set, first, count);
	}
}

void id_blocks_add_accounts(struct id_blocks_set *set, const char *text)
{
	for (; *text; text = next_line(text)) {
		const char *field = next_field(text);
		uint64_t id;

		field = field ? next_field(field) : NULL;
		if (field && take_number(&field, ":\n", &id))
			add(set, id, 1);
	}
}

/* Reads a line of /proc/key-users, "ID: USAGE KEYS/INSTANTIATED ..."; false: the line has another
 * format. */
static bool take_key_user(const char *line, uint64_t *ret_id, uint64_t *ret_keys)
{
	const char *text = line + strspn(line, " ");
	uint64_t usage;

	if (!take_number(&text, ":", ret_id))
		return false;
	text += strspn(text, ": ");
	if (!take_number(&text, " ", &usage))
		return false;
	text += strspn(text, " ");
	return take_number(&text, "/", ret_keys);
}

void id_blocks_add_key_users(struct id_blocks_set *set, const char *text)
{
	for (; *text; text = next_line(text)) {
		uint64_t id, keys;

		if (take_key_user(text, &id, &keys))
			add(set, id, 1);
	}
}

uint64_t id_blocks_count_keys(const char *text, uint32_t block)
{
	uint64_t sum = 0;

	for (; *text; text = next_line(text)) {
		uint64_t id, keys;

		if (take_key_user(text, &id, &keys) && id / ID_BLOCK_SIZE == block)
			sum += keys;
	}
	return sum;
}
