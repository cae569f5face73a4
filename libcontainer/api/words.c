/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "libcontainer/container.h"
#include "specs/harden.h"

/* nacre_each_word: the tables of specs/, for help texts and completions. */

struct taker {
	void (*each)(void *data, const char *word, const char *about);
	void *data;
};

static void take_grant(void *data, const char *grant)
{
	const struct taker *taker = data;

	taker->each(taker->data, grant, NULL);
}

void nacre_each_word(enum nacre_words words,
	void (*each)(void *data, const char *word, const char *about), void *data)
{
	struct taker taker = {each, data};

	switch (words) {
	case NACRE_PROFILES:
		harden_profile_each(each, data);
		break;
	case NACRE_RULES:
		harden_rule_each(each, data);
		break;
	case NACRE_GRANTS:
		harden_grant_each(take_grant, &taker);
		break;
	}
}
