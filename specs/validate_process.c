/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "specs/validate_checks.h"

/* The checks of config.md, Process. */

static int check_cwd(const struct oci_config *config, struct nacre_error *err)
{
	const char *cwd = config->process->cwd;

	if (!cwd)
		return oci_fail(config, err, "process.cwd", "is missing or empty");
	if (cwd[0] != '/')
		return oci_fail(config, err, "process.cwd", "\"%s\" is not an absolute path", cwd);
	return 0;
}

static int check_args(const struct oci_config *config, struct nacre_error *err)
{
	if (!config->process->args.n)
		return oci_fail(config, err, "process.args", "must not be empty");
	return 0;
}

static int check_env(const struct oci_config *config, struct nacre_error *err)
{
	for (size_t i = 0; i < config->process->env.n; i++) {
		const char *entry = config->process->env.items[i];

		if (!strchr(entry, '='))
			return oci_fail(config, err, validate_at("process.env[%zu]", i).text,
				"expected NAME=VALUE, found \"%s\"", entry);
		if (entry[0] == '=')
			return oci_fail(config, err, validate_at("process.env[%zu]", i).text,
				"\"%s\" has no name before '='", entry);
	}
	return 0;
}

/* The names of getrlimit(2). rlimits.c checks whether the kernel has it. */
static const char *const rlimit_names[] = {
	"RLIMIT_AS",
	"RLIMIT_CORE",
	"RLIMIT_CPU",
	"RLIMIT_DATA",
	"RLIMIT_FSIZE",
	"RLIMIT_LOCKS",
	"RLIMIT_MEMLOCK",
	"RLIMIT_MSGQUEUE",
	"RLIMIT_NICE",
	"RLIMIT_NOFILE",
	"RLIMIT_NPROC",
	"RLIMIT_RSS",
	"RLIMIT_RTPRIO",
	"RLIMIT_RTTIME",
	"RLIMIT_SIGPENDING",
	"RLIMIT_STACK",
};
#define N_RLIMITS (sizeof(rlimit_names) / sizeof(rlimit_names[0]))

/* Returns the index in rlimit_names, or N_RLIMITS. */
static size_t rlimit_index(const char *name)
{
	size_t i = 0;

	while (i < N_RLIMITS && strcmp(rlimit_names[i], name))
		i++;
	return i;
}

static int check_rlimits(const struct oci_config *config, struct nacre_error *err)
{
	bool seen[N_RLIMITS] = {false};

	for (size_t i = 0; i < config->process->n_rlimits; i++) {
		const struct oci_rlimit *limit = &config->process->rlimits[i];
		size_t index = rlimit_index(limit->type ? limit->type : "");

		if (index == N_RLIMITS)
			return oci_fail(config, err,
				validate_at("process.rlimits[%zu].type", i).text,
				"unknown limit \"%s\"; see getrlimit(2)",
				limit->type ? limit->type : "");
		if (seen[index])
			return oci_fail(config, err,
				validate_at("process.rlimits[%zu].type", i).text,
				"duplicate entry for %s", limit->type);
		if (limit->soft > limit->hard)
			return oci_fail(config, err,
				validate_at("process.rlimits[%zu].soft", i).text,
				"%s: %llu is above the hard limit %llu", limit->type,
				(unsigned long long)limit->soft, (unsigned long long)limit->hard);
		seen[index] = true;
	}
	return 0;
}

static int check_oom_score(const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_i32 *score = &config->process->oom_score_adj;

	if (score->set && (score->value < -1000 || score->value > 1000))
		return oci_fail(config, err, "process.oomScoreAdj",
			"%d is out of range, -1000 to 1000", score->value);
	return 0;
}

/* Refuses (uid_t)-1, which means "no change" for setresuid(2) and chown(2). */
static int check_user(const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_user *user = &config->process->user;

	if (user->uid == UINT32_MAX)
		return oci_fail(config, err, "process.user.uid", "%u is not a valid id", user->uid);
	if (user->gid == UINT32_MAX)
		return oci_fail(config, err, "process.user.gid", "%u is not a valid id", user->gid);
	for (size_t i = 0; i < user->n_additional_gids; i++) {
		if (user->additional_gids[i] == UINT32_MAX)
			return oci_fail(config, err,
				validate_at("process.user.additionalGids[%zu]", i).text,
				"%u is not a valid id", user->additional_gids[i]);
	}
	if (user->umask.set && user->umask.value > 0777)
		return oci_fail(config, err, "process.user.umask", "%u is above %d (octal 777)",
			user->umask.value, 0777);
	return 0;
}

/* Checks against struct winsize, which has 16 bits each. Without a terminal the size is ignored. */
static int check_console_size(const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_console_size *size = config->process->console_size;

	if (!size || !config->process->terminal)
		return 0;
	if (size->height > UINT16_MAX || size->width > UINT16_MAX)
		return oci_fail(config, err, "process.consoleSize", "%llu x %llu is above %d x %d",
			(unsigned long long)size->width, (unsigned long long)size->height,
			UINT16_MAX, UINT16_MAX);
	return 0;
}

static bool is_policy(const struct oci_scheduler *scheduler, const char *a, const char *b)
{
	return !strcmp(scheduler->policy, a) || !strcmp(scheduler->policy, b);
}

static int check_deadline(const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_scheduler *s = config->process->scheduler;
	uint64_t period = s->period.value ? s->period.value : s->deadline.value;

	if (strcmp(s->policy, "SCHED_DEADLINE")) {
		if (s->runtime.value || s->deadline.value || s->period.value)
			return oci_fail(config, err, "process.scheduler",
				"runtime, deadline and period need the policy SCHED_DEADLINE, not "
				"%s",
				s->policy);
		return 0;
	}
	if (!s->runtime.value || s->runtime.value > s->deadline.value || s->deadline.value > period)
		return oci_fail(config, err, "process.scheduler",
			"SCHED_DEADLINE needs 0 < runtime <= deadline <= period");
	return 0;
}

/* Checks the rules of sched_setattr(2). */
static int check_scheduler(const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_scheduler *s = config->process->scheduler;

	if (!s)
		return 0;
	if (!s->policy)
		return oci_fail(config, err, "process.scheduler.policy", "is missing");
	if (is_policy(s, "SCHED_OTHER", "SCHED_BATCH") &&
		(s->nice.value < -20 || s->nice.value > 19))
		return oci_fail(config, err, "process.scheduler.nice",
			"%d is out of range, -20 to 19", s->nice.value);
	if (!is_policy(s, "SCHED_FIFO", "SCHED_RR")) {
		if (s->priority.value)
			return oci_fail(config, err, "process.scheduler.priority",
				"needs the policy SCHED_FIFO or SCHED_RR, not %s", s->policy);
	} else if (s->priority.value < 1 || s->priority.value > 99) {
		return oci_fail(config, err, "process.scheduler.priority",
			"%d is out of range, 1 to 99, for %s", s->priority.value, s->policy);
	}
	return check_deadline(config, err);
}

static int check_io_priority(const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_io_priority *priority = config->process->io_priority;

	if (!priority)
		return 0;
	if (!priority->class)
		return oci_fail(config, err, "process.ioPriority.class", "is missing");
	if (priority->priority.value < 0 || priority->priority.value > 7)
		return oci_fail(config, err, "process.ioPriority.priority",
			"%d is out of range, 0 to 7", priority->priority.value);
	return 0;
}

const struct check validate_process_checks[] = {
	{"cwd", check_cwd},
	{"args", check_args},
	{"env", check_env},
	{"rlimits", check_rlimits},
	{"oom-score", check_oom_score},
	{"user", check_user},
	{"console-size", check_console_size},
	{"scheduler", check_scheduler},
	{"io-priority", check_io_priority},
	{NULL, NULL},
};
