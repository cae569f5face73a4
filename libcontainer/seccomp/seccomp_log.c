/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/seccomp/seccomp_log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/seccomp/seccomp_policy.h"

#define KMSG "/dev/kmsg"

enum {
	RECORD_SIZE = 8192, /* the kernel's limit: CONSOLE_EXT_LOG_MAX */
	RECORDS_MAX = 1000000, /* more than any log buffer holds */
};

#define INITIAL_PIDNS 0xeffffffcU /* PROC_PID_INIT_INO of the kernel */

/* Finds the number behind KEY, which includes the blank before it and the "=". A program cannot
 * forge it: values of its choice are quoted, or hexadecimal if they contain a blank or a quote
 * (audit_log_untrustedstring). */
static bool find_number(const char *text, const char *key, int base, uint64_t *ret_number)
{
	const char *at = strstr(text, key);
	char *end;

	if (!at)
		return false;
	at += strlen(key);
	*ret_number = strtoull(at, &end, base);
	return end != at;
}

/* Parses PRIORITY,SEQUENCE,MICROSECONDS,FLAGS;TEXT: Documentation/ABI/testing/dev-kmsg. The
 * facility, in the bits above the lowest three, is 0 only for the kernel. */
bool seccomp_record_parse(const char *text, struct seccomp_record *ret_record)
{
	const char *message = strchr(text, ';');
	uint64_t pid, arch, number, action;
	char *end;

	if (!message || strtoull(text, &end, 10) > 7 || *end != ',')
		return false;
	(void)strtoull(end + 1, &end, 10);
	if (*end != ',')
		return false;
	ret_record->time_us = strtoull(end + 1, NULL, 10);
	if (strncmp(message, ";audit: type=1326 ", 18) != 0 ||
		!find_number(message, " pid=", 10, &pid) ||
		!find_number(message, " arch=", 16, &arch) ||
		!find_number(message, " syscall=", 10, &number) ||
		!find_number(message, " code=", 16, &action))
		return false;
	ret_record->pid = (pid_t)pid;
	ret_record->arch = (uint32_t)arch;
	ret_record->number = (int)number;
	ret_record->action = (uint32_t)action;
	return true;
}

const char *seccomp_action_word(uint32_t action)
{
	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_LOG:
		return "logged";
	case SECCOMP_RET_ERRNO:
		return "refused";
	case SECCOMP_RET_TRAP:
		return "trapped";
	case SECCOMP_RET_KILL_PROCESS:
	case SECCOMP_RET_KILL_THREAD:
		return "killed";
	default:
		return "told";
	}
}

struct tally {
	struct seccomp_logged *logged; /* SECCOMP_LOGGED_MAX */
	int n;
};

static void count(struct tally *tally, const struct seccomp_record *record)
{
	struct seccomp_logged one = {.action = record->action};
	int i = 0;

	seccomp_call_name(record->arch, record->number, one.call);
	while (i < tally->n && (tally->logged[i].action != one.action ||
				       strcmp(tally->logged[i].call, one.call) != 0))
		i++;
	if (i == SECCOMP_LOGGED_MAX)
		i--;
	else if (i == SECCOMP_LOGGED_MAX - 1)
		one = (struct seccomp_logged){.call = "others"};
	if (i == tally->n)
		tally->logged[tally->n++] = one;
	tally->logged[i].count++;
}

bool seccomp_record_is_of(const struct seccomp_record *record, uint64_t time_us,
	const struct seccomp_subject *subjects, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (subjects[i].pid == record->pid && time_us >= subjects[i].from_us &&
			time_us < subjects[i].until_us)
			return true;
	}
	return false;
}

/* Returns how long the machine has slept, since the log's clock stops then. */
static uint64_t sleep_us(void)
{
	struct timespec boot, monotonic;

	(void)clock_gettime(CLOCK_BOOTTIME, &boot);
	(void)clock_gettime(CLOCK_MONOTONIC, &monotonic);
	return (uint64_t)((boot.tv_sec - monotonic.tv_sec) * 1000000 +
			  (boot.tv_nsec - monotonic.tv_nsec) / 1000);
}

static bool in_initial_pid_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == INITIAL_PIDNS;
}

int seccomp_log_read(const struct seccomp_subject *subjects, size_t n,
	struct seccomp_logged ret_logged[SECCOMP_LOGGED_MAX], struct nacre_error *err)
{
	cleanup_close int fd = open(KMSG, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	const uint64_t slept = sleep_us();
	struct tally tally = {ret_logged, 0};
	char text[RECORD_SIZE + 1];

	if (fd < 0)
		return fail_errno(err, errno, "open " KMSG);
	if (!in_initial_pid_namespace())
		return fail(err, EPERM,
			KMSG ": has pids of the initial pid namespace, which this is not");
	for (int i = 0; i < RECORDS_MAX; i++) {
		struct seccomp_record record;
		ssize_t length = read(fd, text, RECORD_SIZE);

		if (length < 0 && errno == EAGAIN) /* the end of the log */
			break;
		if (length < 0 && (errno == EPIPE || errno == EINTR)) /* overwritten */
			continue;
		if (length < 0)
			return fail_errno(err, errno, "read " KMSG);
		text[length] = '\0';
		if (seccomp_record_parse(text, &record) &&
			seccomp_record_is_of(&record, record.time_us + slept, subjects, n))
			count(&tally, &record);
	}
	return tally.n;
}
