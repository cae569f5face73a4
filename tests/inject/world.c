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

static struct {
	bool systemd;
	char directory[128]; /* of what is its own */
	char path[160], container[256];
} cgroup;
static const char *const own_mounts[] = {"/tmp", "/dev/shm", "/run"};

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

	(void)snprintf(cgroup.directory, sizeof(cgroup.directory), "/sys/fs/cgroup%s/%s%s",
		hybrid ? "/unified" : "", name, cgroup.systemd ? ".slice" : "");
	if (cgroup.systemd) {
		(void)snprintf(
			cgroup.path, sizeof(cgroup.path), "%s.slice:%s:" WORLD_ID, name, name);
		(void)snprintf(cgroup.container, sizeof(cgroup.container),
			"%s/%s-" WORLD_ID ".scope", cgroup.directory, name);
	} else {
		(void)snprintf(cgroup.path, sizeof(cgroup.path), "/%s/" WORLD_ID, name);
		(void)snprintf(cgroup.container, sizeof(cgroup.container), "%s/" WORLD_ID,
			cgroup.directory);
	}
}

const char *world_cgroups_path(void)
{
	return cgroup.path;
}

const char *world_container_cgroup(void)
{
	return cgroup.container;
}

/* Of systemd all of /run is left. */
static size_t n_own_mounts(void)
{
	return sizeof(own_mounts) / sizeof(own_mounts[0]) - cgroup.systemd;
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

/* systemd removes a moment later what has no process. */
static bool has_cgroup(char *text, size_t size)
{
	const struct patience patience = patience_for(GRACE_MS);

	while (has_more(cgroup.directory, "", true, text, size))
		if (!cgroup.systemd || !patience_nap(&patience))
			return true;
	return false;
}

static pid_t first_child(void)
{
	char path[64], text[4096];

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	read_text(path, text, sizeof(text));
	return (pid_t)strtol(text, NULL, 10);
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
		pid = first_child();
		(void)snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		read_text(path, name, sizeof(name));
		name[strcspn(name, "\n")] = '\0';
		(void)snprintf(text, size, "process %d (%s)", pid, name);
		return true;
	}
}

static bool is_ours(const char *path)
{
	for (size_t i = 0; i < n_own_mounts(); i++) {
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

void world_enter(const char *name, const char *nacre, const char *look, const char *egress,
	const char *systemd)
{
	static const char *const directories[] = {WORLD_STATE, WORLD_BUNDLE, WORLD_BUNDLE "/rootfs",
		WORLD_BUNDLE "/rootfs/proc", WORLD_BUNDLE "/rootfs/sys", WORLD_BUNDLE "/rootfs/dev",
		WORLD_BUNDLE "/rootfs/tmp", WORLD_BUNDLE "/rootfs/etc", WORLD_BUNDLE "/rootfs/mnt"};
	int nacre_fd = open_program(nacre), look_fd = open_program(look);
	int egress_fd = open_program(egress), systemd_fd = systemd ? open_program(systemd) : -1;
	sigset_t child;

	cgroup.systemd = systemd != NULL;
	name_cgroup(name);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &child, NULL);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		give_up("make mounts private: %s", strerror(errno));
	mount_new("proc", "/proc");
	detach_mounts();
	/* Every pid has more than one digit. */
	if (!systemd)
		write_text("/proc/sys/kernel/ns_last_pid", "1000");
	for (size_t i = 0; i < n_own_mounts(); i++)
		mount_new("tmpfs", own_mounts[i]);
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		make_directory(directories[i]);
	if (chmod(WORLD_STATE, 0700) < 0 || chmod(WORLD_BUNDLE "/rootfs/tmp", 01777) < 0)
		give_up("chmod: %s", strerror(errno));
	copy(nacre_fd, WORLD_NACRE);
	copy(look_fd, WORLD_BUNDLE "/rootfs/look");
	copy(egress_fd, WORLD_EGRESS);
	if (systemd)
		copy(systemd_fd, WORLD_SYSTEMD);
	else
		make_directory(cgroup.directory);
	if (chdir("/tmp") < 0)
		give_up("chdir /tmp: %s", strerror(errno));
}

bool world_is_clean(char *text, size_t size)
{
	return !has_process(text, size) &&
	       !has_more(WORLD_STATE, " .seccomp ", false, text, size) && !has_cgroup(text, size) &&
	       !has_mount(text, size) &&
	       !has_more("/tmp",
		       " nacre nacre-egress nacre-systemd b state update.json process.json out err "
		       "other-out "
		       "other-err "
		       "program-out ",
		       false, text, size) &&
	       (cgroup.systemd || !has_more("/run", "", false, text, size)) &&
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

/* Whose children become ours. */
static void kill_children(void)
{
	const struct patience patience = patience_for(SWEEP_MS);
	pid_t pid;

	while ((pid = first_child()) > 0 && patience_nap(&patience)) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, WNOHANG | __WALL);
	}
}

static void forget_unit(void)
{
	const char *unit = strrchr(cgroup.container, '/') + 1;
	char commands[600];

	(void)snprintf(commands, sizeof(commands),
		"{ systemctl stop %s; systemctl reset-failed %s; } 2>/dev/null", unit, unit);
	(void)!system(commands);
}

void world_sweep(void)
{
	char text[512];

	if (cgroup.systemd)
		kill_children();
	else
		(void)kill(-1, SIGKILL);
	if (cgroup.systemd)
		forget_unit();
	(void)has_process(text, sizeof(text));
	detach_mounts();
	remove_cgroups(cgroup.directory);
	if (!cgroup.systemd)
		make_directory(cgroup.directory);
	(void)nftw(WORLD_STATE, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	if (!cgroup.systemd)
		(void)nftw("/run", remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	(void)nftw("/dev/shm", remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	if (!world_is_clean(text, sizeof(text)))
		give_up("what a case has left cannot be removed: %s", text);
}

void world_leave(const char *name)
{
	name_cgroup(name);
	remove_cgroups(cgroup.directory);
}
