/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/life/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/files.h"
#include "libcontainer/base/journal.h"
#include "libcontainer/base/timestamp.h"
#include "specs/sha256.h"

static bool is_journal(const char *path)
{
	return !strcmp(path, AUDIT_JOURNAL);
}

static int open_file(const char *path, struct nacre_error *err)
{
	/* Without O_NONBLOCK, open(2) of a FIFO would wait for a reader. */
	cleanup_close int fd = open(path,
		O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC,
		0600);
	struct stat st;

	if (fd < 0)
		return fail_errno(err, errno, "audit file %s", path);
	if (fstat(fd, &st) < 0)
		return fail_errno(err, errno, "audit file %s", path);
	if (!S_ISREG(st.st_mode))
		return fail(err, EINVAL, "audit file %s: not a regular file", path);
	return fd_steal(&fd);
}

int audit_open(struct container *c, struct nacre_error *err)
{
	for (size_t i = 0; i < c->record.audit.n && i < CONTAINER_AUDIT_FILES; i++) {
		const char *path = c->record.audit.items[i];

		c->audit_fds[i] = is_journal(path) ? journal_open(err) : open_file(path, err);
		if (c->audit_fds[i] < 0)
			return c->audit_fds[i];
	}
	return 0;
}

int audit_begin(struct container *c, const char *policy, const char *path, const char *config,
	struct nacre_error *err)
{
	struct oci_strings *files = &c->record.audit;
	char cwd[PATH_MAX], *digest;

	if (!path && !policy)
		return 0;
	if (path && *path != '/' && !is_journal(path)) {
		if (!getcwd(cwd, sizeof(cwd)))
			return fail_errno(err, errno, "audit file %s", path);
		path = arena_printf(c->arena, "%s/%s", cwd, path);
		if (!path)
			return fail_errno(err, ENOMEM, "audit");
	}
	files->items = arena_array(c->arena, CONTAINER_AUDIT_FILES, sizeof(*files->items));
	digest = arena_alloc(c->arena, SHA256_TEXT);
	if (!files->items || !digest)
		return fail_errno(err, ENOMEM, "audit");
	if (policy)
		files->items[files->n++] = policy;
	if (path)
		files->items[files->n++] = path;
	sha256_text(config, strlen(config), digest);
	c->record.config_sha256 = digest;
	return audit_open(c, err);
}

/* Fills in the members of EVENT that the record has. */
static void complete(
	const struct container *c, struct audit_event *event, char time[TIMESTAMP_SIZE])
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	timestamp_format(&now, time);
	event->version = AUDIT_VERSION;
	event->time = time;
	event->id = c->id;
	event->uid = getuid();
	event->profile = c->record.profile;
	event->config_sha256 = c->record.config_sha256;
}

/* Writes the line as MESSAGE, and searchable members as fields: `journalctl NACRE_ID=x`. */
static int write_to_journal(
	int fd, const struct audit_event *event, const char *line, struct nacre_error *err)
{
	const bool failed = event->error || !strcmp(event->event, "denied");
	cleanup_free char *message = strndup(line, strlen(line) - 1);
	const struct journal_field fields[] = {
		{"MESSAGE", message},
		{"PRIORITY", failed ? "4" : "6"}, /* syslog(3): warning, informational */
		{"SYSLOG_IDENTIFIER", "nacre"},
		{"NACRE_ID", event->id},
		{"NACRE_EVENT", event->event},
		{"NACRE_PROFILE", event->profile},
		{"NACRE_SYSCALL", event->syscall},
		{"NACRE_RULE", event->rule},
		{"NACRE_ALLOWED_BY", event->allowed_by},
		{"NACRE_DESTINATION", event->destination},
	};

	if (!message)
		return fail_errno(err, ENOMEM, "audit");
	return journal_send(fd, fields, sizeof(fields) / sizeof(fields[0]), err);
}

static int write_to_file(int fd, const char *path, const char *line, struct nacre_error *err)
{
	size_t length = strlen(line);
	/* One call per line, so that lines of several containers do not mix. */
	ssize_t n = write(fd, line, length);

	if (n != (ssize_t)length)
		return fail_errno(err, n < 0 ? errno : ENOSPC, "write to audit file %s", path);
	return 0;
}

static int write_event(
	const struct container *c, struct audit_event *event, struct nacre_error *err)
{
	cleanup_free char *line = NULL;
	char time[TIMESTAMP_SIZE];
	int r = 0;

	complete(c, event, time);
	if (audit_event_encode(event, &line, err) < 0)
		return fail_prefix(err, "audit");
	for (size_t i = 0; i < CONTAINER_AUDIT_FILES && r == 0; i++) {
		const char *path = c->audit_fds[i] < 0 ? NULL : c->record.audit.items[i];

		if (path)
			r = is_journal(path) ? write_to_journal(c->audit_fds[i], event, line, err)
					     : write_to_file(c->audit_fds[i], path, line, err);
	}
	return r;
}

int audit_result(struct life *l, struct audit_event *event, int result,
	int (*undo)(struct life *l, struct nacre_error *err), struct nacre_error *err)
{
	struct container *c = &l->container;
	struct nacre_error later;
	int r;

	if (c->record.audit.n == 0)
		return result;
	if (result < 0) {
		audit_fact(c, event, result, err);
		return result;
	}
	r = write_event(c, event, err);
	if (r == 0)
		return result;
	if (undo(l, &later) < 0)
		container_warn(c, later.text);
	return r;
}

void audit_facts(struct container *c, struct audit_event *events, size_t n)
{
	struct nacre_error err;
	int r = 0;

	if (c->record.audit.n == 0 || n == 0)
		return;
	if (c->audit_fds[0] < 0)
		r = audit_open(c, &err);
	for (size_t i = 0; i < n && r == 0; i++)
		r = write_event(c, &events[i], &err);
	if (r < 0)
		container_warn(c, err.text);
}

void audit_fact(struct container *c, struct audit_event *event, int result, struct nacre_error *err)
{
	if (result < 0)
		event->error = err->text;
	audit_facts(c, event, 1);
}

/* Reads the number after KEY in a file of the cgroup; KEY NULL: the whole file is the number. */
static void read_number(int dir_fd, const char *file, const char *key, struct oci_u64 *ret_number)
{
	cleanup_free char *text = NULL;
	struct nacre_error ignored;
	const char *at;
	char *end;

	if (file_read(dir_fd, file, 8192, &text, NULL, &ignored) < 0)
		return;
	at = key ? strstr(text, key) : text;
	if (!at)
		return;
	at += key ? strlen(key) : 0;
	ret_number->value = strtoull(at, &end, 10);
	ret_number->set = end != at;
}

void audit_read_usage(int cgroup_fd, struct audit_event *event)
{
	/* memory.peak needs Linux 5.19 and the memory controller. */
	read_number(cgroup_fd, "memory.peak", NULL, &event->memory_peak);
	read_number(cgroup_fd, "cpu.stat", "usage_usec ", &event->cpu_usec);
}

void audit_usage(const struct container *c, struct audit_event *event)
{
	if (c->record.audit.n > 0 && c->cgroup.fd >= 0)
		audit_read_usage(c->cgroup.fd, event);
}
