/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzzer's function over saved inputs with any compiler: each file named, and each file in
 * a folder named, whole and cut short. A crash is the failure. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* How many cuts of each file are run. */
#define CUTS 32

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

static int replay_file(const char *path)
{
	static uint8_t data[4 * 1024 * 1024];
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
