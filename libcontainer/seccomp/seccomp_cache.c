/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/seccomp/seccomp_policy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/seccomp/seccomp.h"

/*
 * Caches programs by the content of their policy. The name of a file is a hash of the key, and the
 * file contains the whole key, which is compared: two policies with the same hash can only evict
 * each other, never be mistaken for each other, so the hash needs no strength. The directory and
 * each file must belong to the runtime's user alone: a process that can write here decides what
 * containers may call.
 */

/* Version of the file format and of the code that seccomp_bpf.c generates: raise it when either
 * changes. */
#define FORMAT 2
#define MAX_ENTRIES 64
#define NAME_SIZE 20

struct header {
	char magic[8];
	uint32_t key_length;
	uint32_t flags;
	uint32_t notify;
	uint32_t n;
};

static const char magic[8] = "nacrebpf";

static void put(struct seccomp_key *key, const void *data, size_t length)
{
	if (key->failed)
		return;
	if (key->room - key->length < length) {
		size_t room = 2 * key->room + length + 4096;
		char *bytes = realloc(key->bytes, room);

		if (!bytes) {
			key->failed = true;
			return;
		}
		key->bytes = bytes;
		key->room = room;
	}
	memcpy(key->bytes + key->length, data, length);
	key->length += length;
}

static void put_number(struct seccomp_key *key, uint64_t number)
{
	put(key, &number, sizeof(number));
}

/* Adds the word with its length, so that different lists of words never have the same bytes. */
static void put_word(struct seccomp_key *key, const char *word)
{
	uint32_t length = word ? (uint32_t)strlen(word) : UINT32_MAX;

	put(key, &length, sizeof(length));
	if (word)
		put(key, word, length);
}

static void put_words(struct seccomp_key *key, const struct oci_strings *words)
{
	put_number(key, words->n);
	for (size_t i = 0; i < words->n; i++)
		put_word(key, words->items[i]);
}

static void put_syscall(struct seccomp_key *key, const struct oci_syscall *call)
{
	put_words(key, &call->names);
	put_word(key, call->action);
	put_number(key, call->errno_ret.set);
	put_number(key, call->errno_ret.value);
	put_number(key, call->n_args);
	for (size_t i = 0; i < call->n_args; i++) {
		put_number(key, call->args[i].index);
		put_number(key, call->args[i].value);
		put_number(key, call->args[i].value_two);
		put_word(key, call->args[i].op);
	}
}

int seccomp_key_make(
	const struct oci_seccomp *seccomp, struct seccomp_key *ret_key, struct nacre_error *err)
{
	const struct scmp_version *version = seccomp_version();
	struct seccomp_key key = {.bytes = NULL};

	put_number(&key, FORMAT);
	put_word(&key, NACRE_VERSION);
	/* the version that defines names and numbers */
	put_number(&key, version->major);
	put_number(&key, version->minor);
	put_number(&key, version->micro);
	put_number(&key, seccomp_arch_native());

	put_word(&key, seccomp->default_action);
	put_number(&key, seccomp->default_errno_ret.set);
	put_number(&key, seccomp->default_errno_ret.value);
	put_words(&key, &seccomp->architectures);
	put_number(&key, seccomp->has_flags);
	put_words(&key, &seccomp->flags);
	put_number(&key, seccomp->listener_path != NULL); /* the path is not compiled in */
	put_number(&key, seccomp->n_syscalls);
	for (size_t i = 0; i < seccomp->n_syscalls; i++)
		put_syscall(&key, &seccomp->syscalls[i]);
	if (key.failed || key.length > UINT32_MAX) {
		free(key.bytes);
		return fail_errno(err, ENOMEM, "seccomp: key of the policy");
	}
	*ret_key = key;
	return 0;
}

void seccomp_key_release(struct seccomp_key *key)
{
	free(key->bytes);
	key->bytes = NULL;
}

/* Hashes with FNV-1a. */
static void name_of(const struct seccomp_key *key, char ret_name[NAME_SIZE])
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < key->length; i++)
		hash = (hash ^ (unsigned char)key->bytes[i]) * 0x100000001b3u;
	(void)snprintf(ret_name, NAME_SIZE, "%016" PRIx64, hash);
}

/* Returns whether the open file may be trusted and has the size of a program for KEY. */
static bool file_fits(int fd, const struct seccomp_key *key, size_t *ret_size)
{
	struct stat st;
	size_t least = sizeof(struct header) + key->length + sizeof(struct sock_filter);

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
		(st.st_mode & (S_IRWXG | S_IRWXO)))
		return false;
	if (st.st_size < (off_t)least ||
		st.st_size > (off_t)(least + sizeof(struct sock_filter[SECCOMP_MAX_INSTRUCTIONS])))
		return false;
	*ret_size = (size_t)st.st_size;
	return true;
}

static bool header_fits(const struct header *header, const struct seccomp_key *key, size_t size)
{
	return !memcmp(header->magic, magic, sizeof(magic)) && header->key_length == key->length &&
	       header->n && header->n <= SECCOMP_MAX_INSTRUCTIONS && header->notify <= 1 &&
	       size == sizeof(*header) + key->length + header->n * sizeof(struct sock_filter);
}

bool seccomp_cache_get(
	int cache_fd, const struct seccomp_key *key, struct seccomp_program *ret_program)
{
	char name[NAME_SIZE];
	cleanup_free char *bytes = NULL;
	cleanup_close int fd = -1;
	struct header header;
	size_t size;

	name_of(key, name);
	fd = openat(cache_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || !file_fits(fd, key, &size))
		return false;
	bytes = malloc(size);
	if (!bytes || read(fd, bytes, size) != (ssize_t)size)
		return false;
	memcpy(&header, bytes, sizeof(header));
	if (!header_fits(&header, key, size) ||
		memcmp(bytes + sizeof(header), key->bytes, key->length))
		return false;
	ret_program->flags = header.flags;
	ret_program->notify = header.notify;
	ret_program->n = (unsigned short)header.n;
	memcpy(ret_program->filter, bytes + sizeof(header) + key->length,
		header.n * sizeof(struct sock_filter));
	return true;
}

/* Removes the oldest file if there are too many. Files that a killed runtime has left of
 * file_replace count, and are removed in the same way. */
static void evict(int cache_fd)
{
	cleanup_dir DIR *dir = NULL;
	struct timespec oldest = {0};
	char name[256] = "";
	size_t entries = 0;
	int fd = openat(cache_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	dir = fdopendir(fd);
	if (!dir) {
		(void)close(fd);
		return;
	}
	for (struct dirent *entry; (entry = readdir(dir));) {
		struct stat st;

		if (fstatat(cache_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
			S_ISDIR(st.st_mode))
			continue;
		entries++;
		if (*name && (st.st_mtim.tv_sec > oldest.tv_sec ||
				     (st.st_mtim.tv_sec == oldest.tv_sec &&
					     st.st_mtim.tv_nsec >= oldest.tv_nsec)))
			continue;
		oldest = st.st_mtim;
		(void)snprintf(name, sizeof(name), "%s", entry->d_name);
	}
	if (entries >= MAX_ENTRIES)
		(void)unlinkat(cache_fd, name, 0);
}

int seccomp_cache_put(int cache_fd, const struct seccomp_key *key,
	const struct seccomp_program *program, struct nacre_error *err)
{
	struct header header = {
		.key_length = (uint32_t)key->length,
		.flags = program->flags,
		.notify = program->notify,
		.n = program->n,
	};
	size_t filter_size = program->n * sizeof(struct sock_filter);
	size_t size = sizeof(header) + key->length + filter_size;
	cleanup_free char *bytes = malloc(size);
	char name[NAME_SIZE];

	if (!bytes)
		return fail_errno(err, ENOMEM, "seccomp cache: %zu bytes", size);
	memcpy(header.magic, magic, sizeof(magic));
	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), key->bytes, key->length);
	memcpy(bytes + sizeof(header) + key->length, program->filter, filter_size);
	name_of(key, name);
	evict(cache_fd);
	return file_replace(cache_fd, name, bytes, size, S_IRUSR | S_IWUSR, err);
}
