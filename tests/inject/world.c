/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/inject/world.h"

#include "tests/inject/patience.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define GRACE_MS 2000 /* until a killed process has ended */
#define SWEEP_MS 10000 /* until all of a case is gone */

static char cgroup[64], cgroup_directory[128];
static const char *const own_mounts[] = {"/tmp", "/run", "/dev/shm"};

void give_up(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)fputs("Bail out! ", stdout);
	(void)vprintf(format, args);
	va_end(args);
	(void)puts("");
	(void)fflush(NULL);
	_exit(99);
}

void read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t n;

	while (fd >= 0 && length + 1 < size && (n = read(fd, text + length, size - 1 - length)) > 0)
		length += (size_t)n;
	text[length] = '\0';
	if (fd >= 0)
		(void)close(fd);
}

void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		give_up("write %s: %s", path, strerror(errno));
	(void)close(fd);
}

static void copy(int from, const char *path)
{
	int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	struct stat st;

	if (to < 0 || fstat(from, &st) < 0 ||
		sendfile(to, from, NULL, (size_t)st.st_size) != st.st_size)
		give_up("copy %s: %s", path, strerror(errno));
	(void)close(to);
	(void)close(from);
}

static int open_program(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		give_up("open %s: %s", path, strerror(errno));
	return fd;
}

static void mount_new(const char *type, const char *path)
{
	if (mount(type, path, type, MS_NOSUID, NULL) < 0)
		give_up("mount %s: %s", path, strerror(errno));
}

static void make_directory(const char *path)
{
	if (mkdir(path, 0755) < 0)
		give_up("mkdir %s: %s", path, strerror(errno));
}

static void name_cgroup(const char *name)
{
	bool hybrid = access("/sys/fs/cgroup/cgroup.controllers", F_OK) < 0;

	(void)snprintf(cgroup, sizeof(cgroup), "/%s", name);
	(void)snprintf(cgroup_directory, sizeof(cgroup_directory), "/sys/fs/cgroup%s%s",
		hybrid ? "/unified" : "", cgroup);
}

const char *world_cgroup(void)
{
	return cgroup;
}

const char *world_cgroup_directory(void)
{
	return cgroup_directory;
}

/* The first name in a directory that is not one of EXPECTED; with its path in text. */
static bool has_more(
	const char *path, const char *expected, bool directories, char *text, size_t size)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	char word[300];
	bool found = false;

	while (directory && !found && (entry = readdir(directory))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
			(directories && entry->d_type != DT_DIR))
			continue;
		(void)snprintf(word, sizeof(word), " %s ", entry->d_name);
		found = !strstr(expected, word);
		if (found)
			(void)snprintf(text, size, "%s/%s", path, entry->d_name);
	}
	if (directory)
		(void)closedir(directory);
	return found;
}

/* Reaps; what ends a moment later is no leftover. The one that stays is named. */
static bool has_process(char *text, size_t size)
{
	const struct patience patience = patience_for(GRACE_MS);

	for (;;) {
		char path[64], name[64];
		pid_t pid;

		while ((pid = waitpid(-1, NULL, WNOHANG | __WALL)) > 0)
			continue;
		if (pid < 0)
			return false;
		if (patience_nap(&patience))
			continue;
		read_text("/proc/self/task/1/children", path, sizeof(path));
		pid = atoi(path);
		(void)snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		read_text(path, name, sizeof(name));
		name[strcspn(name, "\n")] = '\0';
		(void)snprintf(text, size, "process %d (%s)", pid, name);
		return true;
	}
}

static bool is_ours(const char *path)
{
	for (size_t i = 0; i < sizeof(own_mounts) / sizeof(own_mounts[0]); i++) {
		size_t length = strlen(own_mounts[i]);

		if (!strncmp(path, own_mounts[i], length) && path[length] == '/')
			return true;
	}
	return false;
}

/* The mount below one of ours that is to be unmounted first. */
static bool find_mount(char path[PATH_MAX])
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char line[8192], point[PATH_MAX];
	bool found = false;

	while (mounts && fgets(line, sizeof(line), mounts))
		if (sscanf(line, "%*s %*s %*s %*s %4095s", point) == 1 && is_ours(point)) {
			(void)strcpy(path, point);
			found = true;
		}
	if (mounts)
		(void)fclose(mounts);
	return found;
}

/* In this mount namespace alone, which is private. */
static void detach_mounts(void)
{
	char path[PATH_MAX];

	while (find_mount(path))
		if (umount2(path, MNT_DETACH) < 0)
			give_up("umount %s: %s", path, strerror(errno));
}

static bool has_mount(char *text, size_t size)
{
	char path[PATH_MAX];

	if (!find_mount(path))
		return false;
	(void)snprintf(text, size, "mount %s", path);
	return true;
}

void world_enter(const char *name, const char *nacre, const char *look)
{
	static const char *const directories[] = {WORLD_STATE, WORLD_BUNDLE, WORLD_BUNDLE "/rootfs",
		WORLD_BUNDLE "/rootfs/proc", WORLD_BUNDLE "/rootfs/sys", WORLD_BUNDLE "/rootfs/dev",
		WORLD_BUNDLE "/rootfs/tmp", WORLD_BUNDLE "/rootfs/etc", WORLD_BUNDLE "/rootfs/mnt"};
	int nacre_fd = open_program(nacre), look_fd = open_program(look);
	sigset_t child;

	name_cgroup(name);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &child, NULL);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		give_up("make mounts private: %s", strerror(errno));
	mount_new("proc", "/proc");
	detach_mounts();
	/* Every pid has more than one digit. */
	write_text("/proc/sys/kernel/ns_last_pid", "1000");
	for (size_t i = 0; i < sizeof(own_mounts) / sizeof(own_mounts[0]); i++)
		mount_new("tmpfs", own_mounts[i]);
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		make_directory(directories[i]);
	if (chmod(WORLD_STATE, 0700) < 0 || chmod(WORLD_BUNDLE "/rootfs/tmp", 01777) < 0)
		give_up("chmod: %s", strerror(errno));
	copy(nacre_fd, WORLD_NACRE);
	copy(look_fd, WORLD_BUNDLE "/rootfs/look");
	make_directory(cgroup_directory);
	if (chdir("/tmp") < 0)
		give_up("chdir /tmp: %s", strerror(errno));
}

bool world_is_clean(char *text, size_t size)
{
	return !has_process(text, size) &&
	       !has_more(WORLD_STATE, " .seccomp ", false, text, size) &&
	       !has_more(cgroup_directory, "", true, text, size) && !has_mount(text, size) &&
	       !has_more("/tmp",
		       " nacre b state update.json out err other-out other-err program-out ", false,
		       text, size) &&
	       !has_more("/run", "", false, text, size) &&
	       !has_more("/dev/shm", "", false, text, size);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	if (ftw->level > 0)
		(void)remove(path);
	return 0;
}

static int remove_cgroup(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	if (type == FTW_DP)
		(void)rmdir(path);
	return 0;
}

static void remove_cgroups(const char *directory)
{
	const struct patience patience = patience_for(SWEEP_MS);
	char path[160];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/cgroup.kill", directory);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (write(fd, "1", 1) < 0)
			give_up("write %s: %s", path, strerror(errno));
		(void)close(fd);
	}
	do
		(void)nftw(directory, remove_cgroup, 16, FTW_DEPTH | FTW_PHYS);
	while (access(directory, F_OK) == 0 && patience_nap(&patience));
}

void world_sweep(void)
{
	char text[512];

	(void)kill(-1, SIGKILL);
	(void)has_process(text, sizeof(text));
	detach_mounts();
	remove_cgroups(cgroup_directory);
	make_directory(cgroup_directory);
	(void)nftw(WORLD_STATE, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	(void)nftw("/run", remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	(void)nftw("/dev/shm", remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	if (!world_is_clean(text, sizeof(text)))
		give_up("what a case has left cannot be removed: %s", text);
}

void world_leave(const char *name)
{
	name_cgroup(name);
	remove_cgroups(cgroup_directory);
}
