/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/process/lsm.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/procfs.h"

#define LABEL_MAX 4096 /* the kernel's own limit is a page */

bool lsm_apparmor_enabled(void)
{
	cleanup_close int fd = open(
		"/sys/module/apparmor/parameters/enabled", O_RDONLY | O_CLOEXEC);
	char enabled = 'N';

	return fd >= 0 && read(fd, &enabled, 1) == 1 && enabled == 'Y';
}

bool lsm_selinux_enabled(void)
{
	struct statfs fs;

	return statfs("/sys/fs/selinux", &fs) == 0 && fs.f_type == SELINUX_MAGIC;
}

/* Writes with one write(2): the kernel takes each write as a whole label. Uses thread-self, because
 * the kernel lets a task write only its own attributes. */
static int write_attribute(int proc_fd, const char *path, const char *text, struct nacre_error *err)
{
	cleanup_close int fd = procfs_open_file(proc_fd, path, O_WRONLY);
	size_t length = strlen(text);
	ssize_t n;

	if (fd < 0)
		return fail_errno(err, fd, "open /proc/%s", path);
	n = write(fd, text, length);
	if (n < 0)
		return fail_errno(err, errno, "write \"%s\" to /proc/%s", text, path);
	if ((size_t)n != length)
		return fail(err, EIO, "write \"%s\" to /proc/%s: cut short", text, path);
	return 0;
}

/* Reads a label without the newline or NUL at its end. SIZE must be above LABEL_MAX. */
static int read_attribute(
	int proc_fd, const char *path, char *text, size_t size, struct nacre_error *err)
{
	ssize_t n = procfs_read(proc_fd, path, text, size);

	if (n < 0)
		return fail_errno(err, (int)n, "read /proc/%s", path);
	text[strcspn(text, "\n")] = '\0';
	return 0;
}

/* Compares the kernel's answer, "PROFILE (enforce)". For a stacked ("a//&b") or namespaced
 * (":ns:a") name the answer is spelled differently: any confined answer counts then. */
static bool is_profile(const char *answer, const char *profile)
{
	size_t length = strlen(profile);

	if (profile[0] == ':' || strstr(profile, "//&"))
		return answer[0] && strcmp(answer, "unconfined") != 0;
	return strncmp(answer, profile, length) == 0 &&
	       (answer[length] == '\0' || strncmp(answer + length, " (", 2) == 0);
}

int lsm_apparmor_on_exec(int proc_fd, const char *profile, struct nacre_error *err)
{
	static const char path[] = "thread-self/attr/apparmor/exec";
	char text[LABEL_MAX + 8];
	int r;

	if (!profile || !profile[0])
		return 0;
	if ((size_t)snprintf(text, sizeof(text), "exec %s", profile) > LABEL_MAX)
		return fail(
			err, EINVAL, "process.apparmorProfile: longer than %d bytes", LABEL_MAX);
	r = write_attribute(proc_fd, path, text, err);
	if (r < 0)
		return fail_prefix(err,
			"process.apparmorProfile (is AppArmor active and the profile loaded?)");
	r = read_attribute(proc_fd, path, text, sizeof(text), err);
	if (r < 0)
		return fail_prefix(err, "process.apparmorProfile");
	if (!is_profile(text, profile))
		return fail(err, EPERM,
			"process.apparmorProfile: \"%s\" was set but the kernel has \"%s\"",
			profile, text);
	return 0;
}

/* Compares user, role and type exactly. The kernel spells the categories of the level in its own
 * way ("c2,c1" becomes "c1,c2"). */
static bool is_context(const char *answer, const char *label)
{
	size_t i = 0;
	int colons = 0;

	for (; answer[i] == label[i]; i++) {
		if (label[i] == '\0')
			return true;
		if (label[i] == ':' && ++colons == 3)
			return true;
	}
	return false;
}

static int set_context(int proc_fd, const char *path, const char *label, struct nacre_error *err)
{
	char text[LABEL_MAX + 8];
	int r;

	if (strlen(label) > LABEL_MAX)
		return fail(err, EINVAL, "process.selinuxLabel: longer than %d bytes", LABEL_MAX);
	r = write_attribute(proc_fd, path, label[0] ? label : "\n", err);
	if (r < 0)
		return fail_prefix(err,
			"process.selinuxLabel (is SELinux active and the label in its policy?)");
	r = read_attribute(proc_fd, path, text, sizeof(text), err);
	if (r < 0)
		return fail_prefix(err, "process.selinuxLabel");
	if (!is_context(text, label))
		return fail(err, EPERM,
			"process.selinuxLabel: \"%s\" was set but the kernel has \"%s\"", label,
			text);
	return 0;
}

/* attr/exec belongs to the first LSM. If that is not SELinux, the write or the comparison fails. */
int lsm_selinux_on_exec(int proc_fd, const char *label, struct nacre_error *err)
{
	if (!label || !label[0])
		return 0;
	return set_context(proc_fd, "thread-self/attr/exec", label, err);
}

int lsm_selinux_on_new_key(int proc_fd, const char *label, struct nacre_error *err)
{
	return set_context(proc_fd, "thread-self/attr/keycreate", label, err);
}
