/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/live/apply_fixture.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "libcontainer/workspace/copy.h"
#include "libcontainer/workspace/store.h"

static struct nacre_error err;

#define DO(call) ck_assert_msg((call) >= 0, "%s: %s", #call, strerror(errno))

static int open_below(const struct apply_fixture *f, const char *path)
{
	int fd = openat(f->top_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static bool in_memory;

void fixture_use(const char *type)
{
	DO(unshare(CLONE_NEWNS));
	DO(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	DO(mount(type, "/tmp", type, 0, NULL));
	in_memory = true;
}

void fixture_set_up(struct apply_fixture *f, unsigned other_fs)
{
	char path[96], options[32];

	memset(f, 0, sizeof(*f));
	(void)snprintf(f->top, sizeof(f->top), "/tmp/apply-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(f->top));
	(void)snprintf(path, sizeof(path), "%s/w", f->top);
	DO(mkdir(path, 0700));
	if (other_fs) {
		DO(in_memory ? 0 : unshare(CLONE_NEWNS));
		DO(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
		(void)snprintf(options, sizeof(options), "size=%uk", other_fs);
		DO(mount("tmpfs", path, "tmpfs", 0, options));
	}
	/* After the mount, which an earlier fd does not see. */
	f->top_fd = open(f->top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DO(mkdirat(f->top_fd, "w/upper", 0755));
	DO(symlinkat("w/upper", f->top_fd, "u"));
	DO(mkdirat(f->top_fd, "s", 0755));
	f->dir_fd = open_below(f, "w");
	f->upper_fd = open_below(f, "w/upper");
	f->source_fd = open_below(f, "s");
	f->arena = arena_new(64 << 20);
	f->changes.items = f->items;
	f->created = INT64_MAX;
}

void fixture_tear_down(struct apply_fixture *f)
{
	const char *name = strrchr(f->top, '/') + 1;
	int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char path[96];

	DO(close(f->dir_fd) | close(f->upper_fd) | close(f->source_fd) | close(f->top_fd));
	(void)snprintf(path, sizeof(path), "%s/w", f->top);
	(void)umount2(path, MNT_DETACH);
	ck_assert_msg(workspace_remove_tree(tmp, name, &err) == 0, "%s", err.text);
	DO(close(tmp));
	arena_free(f->arena);
}

static void make_above(const struct apply_fixture *f, const char *path)
{
	char *above = strdup(path);

	for (char *slash = strchr(above, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		ck_assert(mkdirat(f->top_fd, above, 0755) == 0 || errno == EEXIST);
		*slash = '/';
	}
	free(above);
}

void fixture_file(const struct apply_fixture *f, const char *path, const char *text)
{
	int fd;

	make_above(f, path);
	fd = openat(f->top_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	DO(fd);
	ck_assert_int_eq(write(fd, text, strlen(text)), strlen(text));
	DO(close(fd));
}

void fixture_directory(const struct apply_fixture *f, const char *path, unsigned mode)
{
	make_above(f, path);
	DO(mkdirat(f->top_fd, path, mode));
	DO(fchmodat(f->top_fd, path, mode, 0));
}

void fixture_symlink(const struct apply_fixture *f, const char *path, const char *target)
{
	make_above(f, path);
	DO(symlinkat(target, f->top_fd, path));
}

void fixture_whiteout(const struct apply_fixture *f, const char *path)
{
	make_above(f, path);
	DO(mknodat(f->top_fd, path, S_IFCHR, makedev(0, 0)));
}

void fixture_attribute(
	const struct apply_fixture *f, const char *path, const char *name, const char *value)
{
	char whole[256];

	(void)snprintf(whole, sizeof(whole), "%s/%s", f->top, path);
	DO(lsetxattr(whole, name, value, strlen(value), 0));
}

bool fixture_has_attribute(const char *path, const char *name)
{
	return lgetxattr(path, name, NULL, 0) >= 0;
}

void fixture_begin(struct apply_fixture *f)
{
	const struct timespec tick = {.tv_nsec = 20000000};
	struct timespec now;

	/* The kernel's time of files goes by ticks. */
	(void)nanosleep(&tick, NULL);
	DO(clock_gettime(CLOCK_REALTIME_COARSE, &now));
	f->created = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	(void)nanosleep(&tick, NULL);
}

static enum workspace_type type_of(mode_t mode)
{
	if (S_ISDIR(mode))
		return WORKSPACE_DIRECTORY;
	return S_ISLNK(mode) ? WORKSPACE_SYMLINK : WORKSPACE_FILE;
}

struct workspace_change *fixture_change(
	struct apply_fixture *f, enum workspace_kind kind, const char *path)
{
	struct workspace_change *change = &f->items[f->changes.n];
	char target[4096], digest[SHA256_TEXT];
	struct stat st = {0};
	ssize_t length;

	ck_assert_uint_lt(f->changes.n, FIXTURE_CHANGES);
	*change = (struct workspace_change){.kind = kind, .path = path};
	f->wanted[f->changes.n++] = true;
	if (kind == WORKSPACE_DELETED)
		return change;
	DO(fstatat(f->upper_fd, path, &st, AT_SYMLINK_NOFOLLOW));
	change->type = type_of(st.st_mode);
	change->mode = st.st_mode & 0777;
	if (S_ISLNK(st.st_mode)) {
		DO(length = readlinkat(f->upper_fd, path, target, sizeof(target)));
		change->target = arena_strndup(f->arena, target, (size_t)length);
	}
	if (S_ISREG(st.st_mode)) {
		int fd = openat(f->upper_fd, path, O_RDONLY | O_CLOEXEC);

		change->size = (uint64_t)st.st_size;
		ck_assert_int_eq(copy_sha256(fd, digest), 0);
		change->sha256 = arena_strdup(f->arena, digest);
		DO(close(fd));
	}
	return change;
}

void fixture_apply(struct apply_fixture *f)
{
	struct apply_request request = {f->arena, f->dir_fd, f->upper_fd, f->source_fd,
		f->user_xattr, f->created, &f->changes, f->wanted, f->named, f->forced, f->dry_run,
		f->results};

	memset(f->results, 0, sizeof(f->results));
	ck_assert_msg(apply_recover(f->arena, f->dir_fd, f->upper_fd, f->source_fd, f->user_xattr,
			      &err) == 0,
		"%s", err.text);
	ck_assert_msg(apply_run(&request, &err) == 0, "%s", err.text);
}

void fixture_undo(struct apply_fixture *f, struct undo_request *ret)
{
	ret->arena = f->arena;
	ret->dir_fd = f->dir_fd;
	ret->source_fd = f->source_fd;
	ret->upper_fd = f->upper_fd;
	ck_assert_msg(undo_run(ret, &err) == 0, "%s", err.text);
}

char fixture_outcome(const struct apply_fixture *f, const char *path)
{
	for (size_t i = 0; i < f->changes.n; i++)
		if (!strcmp(f->items[i].path, path))
			return "-+!C"[f->results[i].outcome];
	ck_abort_msg("no change of %s", path);
	return 0;
}

void fixture_expect(const struct apply_fixture *f, const char *path, const char *text)
{
	char found[4096] = "";
	int fd = openat(f->top_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (!text) {
		ck_assert_msg(faccessat(f->top_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0,
			"%s is there", path);
		return;
	}
	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	DO(read(fd, found, sizeof(found) - 1));
	DO(close(fd));
	ck_assert_msg(!strcmp(found, text), "%s: found \"%s\", expected \"%s\"", path, found, text);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void list_content(FILE *out, const char *path, const struct stat *st)
{
	char text[4096] = "";
	int fd;

	if (S_ISLNK(st->st_mode)) {
		DO(readlink(path, text, sizeof(text) - 1));
	} else if (S_ISREG(st->st_mode)) {
		DO(fd = open(path, O_RDONLY | O_CLOEXEC));
		DO(read(fd, text, sizeof(text) - 1));
		DO(close(fd));
	} else if (S_ISDIR(st->st_mode)) {
		(void)lgetxattr(path, "trusted.overlay.opaque", text, sizeof(text) - 1);
		(void)lgetxattr(path, "trusted.overlay.redirect", text, sizeof(text) - 1);
	}
	(void)fprintf(out, " %s\n", text);
}

static void list_below(FILE *out, const char *path, size_t cut)
{
	struct dirent **entries;
	int n = scandir(path, &entries, NULL, by_name);

	ck_assert_msg(n >= 0, "%s: %s", path, strerror(errno));
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		struct stat st;
		char *below;

		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
			ck_assert_int_ge(asprintf(&below, "%s/%s", path, name), 0);
			DO(lstat(below, &st));
			(void)fprintf(
				out, "%s %o %u:%u", below + cut, st.st_mode, st.st_uid, st.st_gid);
			list_content(out, below, &st);
			if (S_ISDIR(st.st_mode))
				list_below(out, below, cut);
			free(below);
		}
		free(entries[i]);
	}
	free(entries);
}

char *fixture_list(const struct apply_fixture *f, const char *path)
{
	char *text = NULL, whole[128];
	size_t length;
	FILE *out = open_memstream(&text, &length);

	(void)snprintf(whole, sizeof(whole), "%s/%s", f->top, path);
	list_below(out, whole, strlen(whole) + 1);
	DO(fclose(out));
	return text;
}

void fixture_expect_list(const struct apply_fixture *f, const char *path, const char *expected)
{
	char *found = fixture_list(f, path);

	ck_assert_msg(!strcmp(found, expected), "%s has\n%s\nnot\n%s", path, found, expected);
	free(found);
}

void fixture_expect_done(const struct apply_fixture *f)
{
	for (size_t i = 0; i < f->changes.n; i++)
		ck_assert_msg(f->results[i].outcome == APPLY_DONE, "%s: %s", f->items[i].path,
			f->results[i].reason ?: "left");
}
