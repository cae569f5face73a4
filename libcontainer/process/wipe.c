/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/process/wipe.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#define RANDOM_BYTES 16 /* at AT_RANDOM, for libc */

enum {
	WIPED_STACK = 64 * 1024, /* bytes: the stack that returned functions may have used */
};

static uintptr_t heap_begin;

/* Runs before anything but libc allocates. In a static program the thread's own memory lies below,
 * and libc has made the heap already, so the end is not the beginning; other programs have no heap
 * yet, or not from sbrk(2). */
__attribute__((constructor)) static void remember_heap(void)
{
	const uintptr_t end = (uintptr_t)sbrk(0);
	void *first = malloc(1);

	heap_begin = first && (uintptr_t)first < end ? (uintptr_t)first : end;
	free(first);
}

/* Wipes the strings that the kernel puts at the end of the stack: random bytes, the platform's
 * name, arguments, environment, the file's name (create_elf_tables and begin_new_exec of Linux). */
void wipe_arguments(void)
{
	static char *none[] = {NULL};
	char *begin = (char *)getauxval(AT_RANDOM); /* NOLINT(performance-no-int-to-ptr) */
	char *end = (char *)getauxval(AT_EXECFN); /* NOLINT(performance-no-int-to-ptr) */

	environ = none;
	if (begin && end && begin + RANDOM_BYTES < end)
		explicit_bzero(
			begin + RANDOM_BYTES, (size_t)(end - begin) - RANDOM_BYTES + strlen(end));
}

int wipe_of_children(void *memory, size_t size, struct nacre_error *err)
{
	if (memory && madvise(memory, size, MADV_DONTFORK) < 0)
		return fail_errno(err, errno, "MADV_DONTFORK");
	return 0;
}

/* Returns whole pages. What shares its first page with data of libc is no data of the command. */
static void *heap(size_t *ret_size)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const uintptr_t begin = (heap_begin + page - 1) & ~(page - 1);
	const uintptr_t end = ((uintptr_t)sbrk(0) + page - 1) & ~(page - 1);

	*ret_size = begin < end ? end - begin : 0;
	return begin < end ? (void *)begin : NULL; /* NOLINT(performance-no-int-to-ptr) */
}

int wipe_heap_of_children(struct nacre_error *err)
{
	size_t size;
	void *begin = heap(&size);

	return wipe_of_children(begin, size, err);
}

int wipe_heap(void)
{
	size_t size;
	void *begin = heap(&size);

	return begin && madvise(begin, size, MADV_DONTNEED) < 0 ? -errno : 0;
}

void wipe_stack(void)
{
	char below[WIPED_STACK];

	explicit_bzero(below, sizeof(below));
}
