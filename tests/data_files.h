/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TEST_DATA_FILES_H
#define NACRE_TEST_DATA_FILES_H

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The files below tests/data. meson sets NACRE_TEST_DATA; set it when a runner is started by hand.
 */

static inline void data_path(char path[4096], const char *relative)
{
	const char *base = getenv("NACRE_TEST_DATA");

	ck_assert_msg(base != NULL, "NACRE_TEST_DATA is not set: it names tests/data");
	ck_assert_int_lt(snprintf(path, 4096, "%s/%s", base, relative), 4096);
}

/* The whole file, NUL-terminated; heap. */
static inline char *data_read(const char *relative, size_t *ret_length)
{
	char path[4096];
	char *text;
	FILE *file;
	long size;

	data_path(path, relative);
	file = fopen(path, "rbe");
	ck_assert_msg(file != NULL, "cannot open %s", path);
	ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
	size = ftell(file);
	ck_assert_int_ge(size, 0);
	rewind(file);
	text = calloc(1, (size_t)size + 1);
	ck_assert_ptr_nonnull(text);
	ck_assert_uint_eq(fread(text, 1, (size_t)size, file), (size_t)size);
	(void)fclose(file);
	if (ret_length)
		*ret_length = (size_t)size;
	return text;
}

/* Golden files: RELATIVE must hold TEXT and a newline. With UPDATE_GOLDEN=1 it is made to. */
static inline void data_expect(const char *relative, const char *text)
{
	const char *update = getenv("UPDATE_GOLDEN");
	char path[4096];
	char *expected;
	FILE *file;
	size_t n;

	if (update && !strcmp(update, "1")) {
		data_path(path, relative);
		file = fopen(path, "we");
		ck_assert_msg(file != NULL, "cannot write %s", path);
		ck_assert_int_gt(fprintf(file, "%s\n", text), 0);
		ck_assert_int_eq(fclose(file), 0);
		return;
	}
	expected = data_read(relative, NULL);
	n = strlen(text);
	if (strncmp(expected, text, n) || strcmp(expected + n, "\n"))
		ck_abort_msg("tests/data/%s differs; UPDATE_GOLDEN=1 rewrites it. Found:\n%s",
			relative, text);
	free(expected);
}

/* Calls EACH with FOLDER/NAME for every file that ends with SUFFIX. There must be at least one. */
static inline void data_each(
	const char *folder, const char *suffix, void (*each)(const char *relative))
{
	struct dirent **entries;
	char path[4096];
	int n, used = 0;

	data_path(path, folder);
	n = scandir(path, &entries, NULL, alphasort);
	ck_assert_msg(n >= 0, "cannot list %s", path);
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		size_t length = strlen(name);

		if (length > strlen(suffix) &&
			strcmp(name + length - strlen(suffix), suffix) == 0) {
			(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
			each(path);
			used++;
		}
		free(entries[i]);
	}
	free(entries);
	ck_assert_int_gt(used, 0);
}

#endif
