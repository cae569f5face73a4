/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/payload/payload.h"

int answer(const char *verb, long result)
{
	if (result < 0)
		printf("%s: %s\n", verb, strerrorname_np(errno));
	else
		printf("%s: ok\n", verb);
	return result < 0 ? 1 : 0;
}

static int run_verb(int argc, char **argv)
{
	const struct verb *tables[] = {
		look_verbs, file_verbs, try_verbs, gated_verbs, run_verbs, load_verbs, seize_verbs};

	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		for (const struct verb *verb = tables[i]; verb->name; verb++)
			if (strcmp(argv[0], verb->name) == 0 && argc > verb->args)
				return verb->run(argc - 1, argv + 1);
	printf("payload: %s: no such verb, or too few arguments\n", argv[0]);
	return 1;
}

int main(int argc, char **argv)
{
	int failed = 0, first = 1;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i <= argc; i++) {
		if (i < argc && strcmp(argv[i], ":") != 0)
			continue;
		if (i > first)
			failed |= run_verb(i - first, argv + first);
		first = i + 1;
	}
	return failed;
}
