/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzzer's function over saved inputs with any compiler: each file named, and each file in
 * a folder named: whole, cut short, and changed here and there, the same way each time. A crash is
 * the failure. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* How many cuts of each file are run, and how many changed copies. */
#define CUTS 32
#define CHANGES 256

static void run(const uint8_t *data, size_t size)
{
	/* A copy of the exact size: a sanitizer sees a read past its end. */
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	(void)LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

/* xorshift64*: the same on every machine. */
static uint64_t roll(uint64_t *state, uint64_t sides)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL % sides;
}

/* One to four times: another byte, one of JSON's own, a part doubled over another, or cut out. */
static size_t change(uint8_t *data, size_t size, uint64_t *state)
{
	static const char marks[] = "{}[],:\"\\0-1.etfn*/ ";

	for (uint64_t n = 1 + roll(state, 4); n > 0 && size > 0; n--) {
		size_t at = roll(state, size), from = roll(state, size);
		size_t length = roll(state, size - (at > from ? at : from)) + 1;

		switch (roll(state, 4)) {
		case 0:
			data[at] = (uint8_t)roll(state, 256);
			break;
		case 1:
			data[at] = (uint8_t)marks[roll(state, sizeof(marks))];
			break;
		case 2:
			memmove(data + at, data + from, length);
			break;
		default:
			length = roll(state, size - at < 64 ? size - at : 64);
			memmove(data + at, data + at + length, size - at - length);
			size -= length;
			break;
		}
	}
	return size;
}

static int replay_file(const char *path)
{
	static uint8_t data[4 * 1024 * 1024], changed[sizeof(data)];
	uint64_t state = 1;
	FILE *file = fopen(path, "rbe");
	size_t size;

	if (!file) {
		(void)fprintf(stderr, "open %s: %s\n", path, strerror(errno));
		return -1;
	}
	size = fread(data, 1, sizeof(data), file);
	(void)fclose(file);
	for (size_t cut = 0; cut <= CUTS; cut++)
		run(data, size * cut / CUTS);
	for (int i = 0; i < CHANGES; i++) {
		memcpy(changed, data, size);
		run(changed, change(changed, size, &state));
	}
	return 1;
}

static int replay(const char *path)
{
	struct dirent **entries;
	struct stat st;
	char name[4096];
	int n, count = 0;

	if (stat(path, &st) < 0) {
		(void)fprintf(stderr, "stat %s: %s\n", path, strerror(errno));
		return -1;
	}
	if (!S_ISDIR(st.st_mode))
		return replay_file(path);
	n = scandir(path, &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
		free(entries[i]);
		if (count < 0 || stat(name, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		count = replay_file(name) < 0 ? -1 : count + 1;
	}
	if (n >= 0)
		free(entries);
	return count;
}

int main(int argc, char **argv)
{
	int total = 0;

	for (int i = 1; i < argc; i++) {
		int count = replay(argv[i]);

		if (count <= 0) {
			(void)fprintf(stderr, "%s: no input\n", argv[i]);
			return EXIT_FAILURE;
		}
		total += count;
	}
	(void)printf("%d inputs\n", total);
	return total > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
