/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "libcontainer/companions/egress.h"

/* The names below wildcards that were asked for. Each keeps its address for good: if an address
 * later meant another name, it could be used for both. */

enum {
	SLOTS = 2 * EGRESS_NAMES_BELOW_MAX,
};

struct below {
	char *names[EGRESS_NAMES_BELOW_MAX]; /* indexed by address */
	uint32_t n;
	uint32_t slots[SLOTS]; /* hash table: the index of a name plus 1; 0: free */
};

static size_t hash(const char *name)
{
	uint32_t value = 2166136261U;

	for (; *name; name++)
		value = (value ^ (uint8_t)*name) * 16777619U;
	return value % SLOTS;
}

static uint32_t add(struct below *below, size_t slot, const char *name)
{
	char *copy = below->n < EGRESS_NAMES_BELOW_MAX ? strdup(name) : NULL;

	if (!copy)
		return 0;
	below->names[below->n++] = copy;
	below->slots[slot] = below->n;
	return EGRESS_FIRST_BELOW + below->n - 1;
}

uint32_t below_address(struct below **below, const char *name)
{
	size_t slot = hash(name);

	if (!*below)
		*below = calloc(1, sizeof(**below));
	if (!*below)
		return 0;
	for (; (*below)->slots[slot]; slot = (slot + 1) % SLOTS)
		if (!strcmp((*below)->names[(*below)->slots[slot] - 1], name))
			return EGRESS_FIRST_BELOW + (*below)->slots[slot] - 1;
	return add(*below, slot, name);
}

const char *below_at(const struct below *below, uint32_t address)
{
	return below && address >= EGRESS_FIRST_BELOW && address - EGRESS_FIRST_BELOW < below->n
		       ? below->names[address - EGRESS_FIRST_BELOW]
		       : NULL;
}
