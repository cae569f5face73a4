/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/seccomp_machine.h" /* first: check.h has a macro fail */

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

Suite *suite_seccomp_cache(void);

struct folder {
	char path[64];
	int fd;
};

static struct folder make_folder(void)
{
	struct folder f = {.path = "/tmp/nacre-seccomp-XXXXXX", .fd = -1};

	ck_assert_ptr_nonnull(mkdtemp(f.path));
	f.fd = open(f.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(f.fd, 0);
	return f;
}

/* Counts the files; leaves the name of one in RET_NAME. */
static int count_files(const struct folder *f, char ret_name[256])
{
	DIR *dir = opendir(f->path);
	int n = 0;

	ck_assert_ptr_nonnull(dir);
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (entry->d_name[0] == '.')
			continue;
		n++;
		if (ret_name)
			(void)snprintf(ret_name, 256, "%s", entry->d_name);
	}
	(void)closedir(dir);
	return n;
}

static void remove_folder(struct folder *f)
{
	char name[256];

	while (count_files(f, name))
		ck_assert_int_eq(unlinkat(f->fd, name, 0), 0);
	(void)close(f->fd);
	ck_assert_int_eq(rmdir(f->path), 0);
}

static void compile_cached(
	const struct oci_seccomp *profile, const struct folder *f, struct seccomp_program *ret)
{
	struct nacre_error err = {0};

	warnings = 0;
	memset(ret, 0xee, sizeof(*ret));
	ck_assert_msg(seccomp_compile(profile, f->fd, ret, keep_warning, NULL, &err) == 0, "%s",
		err.text);
}

static void assert_same_program(const struct seccomp_program *a, const struct seccomp_program *b)
{
	ck_assert_uint_eq(a->n, b->n);
	ck_assert_uint_eq(a->flags, b->flags);
	ck_assert_int_eq(a->notify, b->notify);
	ck_assert_mem_eq(a->filter, b->filter, a->n * sizeof(a->filter[0]));
}

START_TEST(a_profile_seen_before_comes_from_the_cache)
{
	struct engine_profile *p = engine_profile();
	struct folder f = make_folder();
	static struct seccomp_program again;
	char name[256];
	struct stat st;
	int fd;

	must_compile(&p->seccomp);
	compile_cached(&p->seccomp, &f, &again);
	assert_same_program(&program, &again);
	ck_assert_int_eq(count_files(&f, name), 1);
	ck_assert_int_eq(fstatat(f.fd, name, &st, 0), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);

	/* That it is read: mark the last instruction in the file. */
	fd = openat(f.fd, name, O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(pwrite(fd, "\x2a", 1, st.st_size - 4), 1);
	(void)close(fd);
	compile_cached(&p->seccomp, &f, &again);
	ck_assert_uint_eq(again.filter[again.n - 1].k & 0xff, 0x2a);
	ck_assert_uint_eq(again.n, program.n);
	remove_folder(&f);
	free(p);
}
END_TEST

START_TEST(a_damaged_file_is_ignored_and_written_again)
{
	struct engine_profile *p = engine_profile();
	struct folder f = make_folder();
	static struct seccomp_program again;
	char name[256];
	struct stat st;
	int fd;

	must_compile(&p->seccomp);
	compile_cached(&p->seccomp, &f, &again);
	ck_assert_int_eq(count_files(&f, name), 1);
	ck_assert_int_eq(fstatat(f.fd, name, &st, 0), 0);
	for (int damage = 0; damage < 7; damage++) {
		fd = openat(f.fd, name, O_RDWR | O_CLOEXEC);
		if (damage == 0) /* emptied */
			ck_assert_int_eq(ftruncate(fd, 0), 0);
		else if (damage == 1) /* cut */
			ck_assert_int_eq(ftruncate(fd, st.st_size - 8), 0);
		else if (damage == 2) /* grown */
			ck_assert_int_eq(ftruncate(fd, st.st_size + 8), 0);
		else if (damage == 3) /* other magic */
			ck_assert_int_eq(pwrite(fd, "x", 1, 0), 1);
		else if (damage == 4) /* other number of instructions */
			ck_assert_int_eq(pwrite(fd, "\xff\xff", 2, 20), 2);
		else if (damage == 5) /* other profile with the same hash */
			ck_assert_int_eq(pwrite(fd, "x", 1, 100), 1);
		else /* others may write it */
			ck_assert_int_eq(fchmod(fd, 0620), 0);
		(void)close(fd);
		compile_cached(&p->seccomp, &f, &again);
		assert_same_program(&program, &again);
		ck_assert_int_eq(fstatat(f.fd, name, &st, 0), 0);
		ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
		ck_assert_int_eq(count_files(&f, NULL), 1);
	}
	remove_folder(&f);
	free(p);
}
END_TEST

START_TEST(a_symlink_in_the_cache_is_not_followed)
{
	struct oci_seccomp p = {"SCMP_ACT_ERRNO"};
	struct folder f = make_folder(), g = make_folder();
	static struct seccomp_program again;
	char name[256], target[512];
	struct stat st;

	must_compile(&p);
	compile_cached(&p, &g, &again);
	ck_assert_int_eq(count_files(&g, name), 1);
	(void)snprintf(target, sizeof(target), "%s/%s", g.path, name);
	ck_assert_int_eq(truncate(target, 0), 0);
	ck_assert_int_eq(symlinkat(target, f.fd, name), 0);
	compile_cached(&p, &f, &again);
	assert_same_program(&program, &again);
	ck_assert_int_eq(fstatat(f.fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert(S_ISREG(st.st_mode));
	ck_assert_int_eq(fstatat(g.fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_int_eq(st.st_size, 0);
	remove_folder(&f);
	remove_folder(&g);
}
END_TEST

START_TEST(every_part_of_a_profile_is_part_of_its_key)
{
	struct oci_syscall_arg arg = {0, 1, 2, "SCMP_CMP_EQ"};
	struct oci_syscall call = {WORDS("mkdir", "rmdir"), "SCMP_ACT_ERRNO", {0}, &arg, 1};
	struct oci_seccomp p = {"SCMP_ACT_ALLOW", .syscalls = &call, .n_syscalls = 1};
	struct oci_strings log_flag = WORDS("SECCOMP_FILTER_FLAG_LOG");
	struct oci_strings i386 = WORDS("SCMP_ARCH_X86");
	struct folder f = make_folder();
	static struct seccomp_program out;
	int files = 0;

#define CHANGED(change)                                           \
	do {                                                      \
		change;                                           \
		compile_cached(&p, &f, &out);                     \
		ck_assert_int_eq(count_files(&f, NULL), ++files); \
		compile_cached(&p, &f, &out);                     \
		ck_assert_int_eq(count_files(&f, NULL), files);   \
	} while (0)
	CHANGED((void)0);
	CHANGED(p.default_action = "SCMP_ACT_LOG");
	CHANGED(p.default_action = "SCMP_ACT_ERRNO");
	CHANGED(p.default_errno_ret = ((struct oci_u32){true, 0}));
	CHANGED(p.default_errno_ret.value = 5);
	CHANGED(p.has_flags = true);
	CHANGED(p.flags = log_flag);
	CHANGED(p.architectures = i386);
	CHANGED(call.names.n = 1);
	CHANGED(call.names.items[0] = "rmdir");
	CHANGED(call.errno_ret = ((struct oci_u32){true, 0}));
	CHANGED(call.errno_ret.value = 2);
	CHANGED(arg.index = 1);
	CHANGED(arg.value = 3);
	CHANGED(arg.op = "SCMP_CMP_MASKED_EQ");
	CHANGED(arg.value_two = 3);
	CHANGED(call.n_args = 0);
	CHANGED(call.errno_ret.set = false; call.action = "SCMP_ACT_KILL");
	CHANGED(p.n_syscalls = 0);
	CHANGED(p.listener_path = "/agent");
#undef CHANGED
	remove_folder(&f);
}
END_TEST

START_TEST(the_cache_has_a_limit)
{
	struct oci_syscall call = {WORDS("mkdir"), "SCMP_ACT_ERRNO", {0}, NULL, 0};
	struct oci_seccomp p = {"SCMP_ACT_ALLOW", .syscalls = &call, .n_syscalls = 1};
	struct folder f = make_folder();
	static struct seccomp_program out;

	for (uint32_t i = 0; i < 80; i++) {
		call.errno_ret = (struct oci_u32){true, i};
		compile_cached(&p, &f, &out);
	}
	ck_assert_int_eq(count_files(&f, NULL), 64);
	remove_folder(&f);
}
END_TEST

START_TEST(a_cache_that_cannot_be_written_is_a_warning)
{
	struct oci_seccomp p = {"SCMP_ACT_ERRNO"};
	struct folder f = make_folder();
	static struct seccomp_program out;

	ck_assert_int_eq(rmdir(f.path), 0);
	compile_cached(&p, &f, &out);
	ck_assert_int_eq(warnings, 1);
	ck_assert_msg(!strncmp(warned, "seccomp cache: ", 15), "%s", warned);
	ck_assert_uint_gt(out.n, 0);
	(void)close(f.fd);
}
END_TEST

Suite *suite_seccomp_cache(void)
{
	Suite *s = suite_create("seccomp_cache");
	TCase *t = tcase_create("seccomp_cache");

	tcase_add_test(t, a_profile_seen_before_comes_from_the_cache);
	tcase_add_test(t, a_damaged_file_is_ignored_and_written_again);
	tcase_add_test(t, a_symlink_in_the_cache_is_not_followed);
	tcase_add_test(t, every_part_of_a_profile_is_part_of_its_key);
	tcase_add_test(t, the_cache_has_a_limit);
	tcase_add_test(t, a_cache_that_cannot_be_written_is_a_warning);
	suite_add_tcase(s, t);
	return s;
}
