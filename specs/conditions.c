/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/conditions.h"

#include <string.h>

static const char *const words[] = {
#define WORD(name, word) [name##_PLACE] = (word),
	LIFE_CONDITIONS(WORD)
#undef WORD
};

const char *condition_word(size_t place)
{
	return words[place];
}

uint64_t condition_bit(const char *word)
{
	for (size_t place = 0; place < N_CONDITIONS; place++)
		if (strcmp(words[place], word) == 0)
			return UINT64_C(1) << place;
	return 0;
}

bool condition_is_retired(const char *word)
{
	static const char *const retired[] = {"device nodes", "hostname", "sysctl", "masks",
		"keyring", "affinity", "oom score", "hooks create container", "hook output"};

	for (size_t i = 0; i < sizeof(retired) / sizeof(retired[0]); i++)
		if (strcmp(retired[i], word) == 0)
			return true;
	return false;
}
