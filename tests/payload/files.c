/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/payload/payload.h"

static int verb_cat(int argc, char **argv)
{
	char buffer[4096];
	ssize_t n;

	for (int i = 0; i < argc; i++) {
		int fd = open(argv[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			return answer("cat", -1);
		while ((n = read(fd, buffer, sizeof(buffer))) > 0)
			fwrite(buffer, 1, (size_t)n, stdout);
		close(fd);
		if (n < 0)
			return answer("cat", -1);
	}
	return 0;
}

static int verb_ls(int argc, char **argv)
{
	struct dirent **entries;
	int n = scandir(argc ? argv[0] : ".", &entries, NULL, alphasort);

	if (n < 0)
		return answer("ls", -1);
	for (int i = 0; i < n; i++)
		if (strcmp(entries[i]->d_name, ".") != 0 && strcmp(entries[i]->d_name, "..") != 0)
			puts(entries[i]->d_name);
	return 0;
}

static int verb_stat(int argc, char **argv)
{
	int failed = 0;

	for (int i = 0; i < argc; i++) {
		struct stat st;
		char type;

		if (lstat(argv[i], &st) < 0) {
			failed |= answer("stat", -1);
			continue;
		}
		type = S_ISREG(st.st_mode)    ? 'f'
		       : S_ISDIR(st.st_mode)  ? 'd'
		       : S_ISLNK(st.st_mode)  ? 'l'
		       : S_ISCHR(st.st_mode)  ? 'c'
		       : S_ISBLK(st.st_mode)  ? 'b'
		       : S_ISFIFO(st.st_mode) ? 'p'
					      : 's';
		printf("%s: %c %04o %u:%u size=%ld rdev=%u:%u\n", argv[i], type, st.st_mode & 07777,
			st.st_uid, st.st_gid, (long)st.st_size, major(st.st_rdev),
			minor(st.st_rdev));
	}
	return failed;
}

static int verb_readlink(int argc, char **argv)
{
	int failed = 0;

	for (int i = 0; i < argc; i++) {
		char target[PATH_MAX];
		ssize_t n = readlink(argv[i], target, sizeof(target) - 1);

		if (n < 0)
			failed |= answer("readlink", -1);
		else
			printf("%s -> %.*s\n", argv[i], (int)n, target);
	}
	return failed;
}

/* write PATH TEXT: into a file that is there; create PATH: one that is not. */
static int write_file(const char *verb, const char *path, int flags, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0644);
	ssize_t n;

	if (fd < 0)
		return answer(verb, -1);
	n = write(fd, text, strlen(text));
	close(fd);
	return answer(verb, n);
}

static int verb_write(int argc, char **argv)
{
	(void)argc;
	return write_file("write", argv[0], 0, argv[1]);
}

static int verb_create(int argc, char **argv)
{
	return write_file("create", argv[0], O_CREAT | O_EXCL, argc > 1 ? argv[1] : "");
}

static int verb_open(int argc, char **argv)
{
	int failed = 0;

	for (int i = 0; i < argc; i++)
		failed |= answer("open", open(argv[i], O_RDONLY | O_NONBLOCK | O_NOCTTY));
	return failed;
}

static int verb_rename(int argc, char **argv)
{
	(void)argc;
	return answer("rename", rename(argv[0], argv[1]));
}

static int verb_unlink(int argc, char **argv)
{
	(void)argc;
	return answer("unlink", unlink(argv[0]));
}

static int verb_chown(int argc, char **argv)
{
	(void)argc;
	return answer("chown", chown(argv[0], (uid_t)atoi(argv[1]), (gid_t)atoi(argv[1])));
}

/* mknod PATH TYPE MAJOR MINOR, and whether it can then be opened for reading and for writing. */
static int verb_mknod(int argc, char **argv)
{
	dev_t device = makedev((unsigned)atoi(argv[2]), (unsigned)atoi(argv[3]));
	int failed;

	(void)argc;
	failed = answer(
		"mknod", mknod(argv[0], (argv[1][0] == 'b' ? S_IFBLK : S_IFCHR) | 0666, device));
	if (!failed) {
		failed |= answer("read", open(argv[0], O_RDONLY | O_NONBLOCK | O_NOCTTY));
		failed |= answer("write", open(argv[0], O_WRONLY | O_NONBLOCK | O_NOCTTY));
	}
	return failed;
}

/* What is opened is not written to. */
static int tell_writable(const char *path, const struct stat *st, int type, struct FTW *place)
{
	int fd;

	(void)place;
	if (type == FTW_D && strncmp(path, "/proc/", strlen("/proc/")) == 0 &&
		(strspn(path + strlen("/proc/"), "0123456789") == strlen(path + strlen("/proc/"))))
		return FTW_SKIP_SUBTREE;
	if (type != FTW_F || !S_ISREG(st->st_mode))
		return FTW_CONTINUE;
	fd = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return FTW_CONTINUE;
	puts(path);
	close(fd);
	return FTW_CONTINUE;
}

/* writable DIR...: the files below that can be opened to be written to, but for those of processes
 */
static int verb_writable(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (nftw(argv[i], tell_writable, 32, FTW_PHYS | FTW_MOUNT | FTW_ACTIONRETVAL) < 0)
			return answer("writable", -1);
	return 0;
}

const struct verb file_verbs[] = {
	{"cat", 1, verb_cat},
	{"chown", 2, verb_chown},
	{"create", 1, verb_create},
	{"ls", 0, verb_ls},
	{"mknod", 4, verb_mknod},
	{"open", 1, verb_open},
	{"readlink", 1, verb_readlink},
	{"rename", 2, verb_rename},
	{"stat", 1, verb_stat},
	{"unlink", 1, verb_unlink},
	{"writable", 1, verb_writable},
	{"write", 2, verb_write},
	{NULL, 0, NULL},
};
