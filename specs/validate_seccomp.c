/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "specs/annotations.h"
#include "specs/validate_checks.h"

/* config-linux.md, Seccomp. libseccomp checks names of calls, actions and architectures. */

static bool is_action(const char *action, const char *word)
{
	return action && !strcmp(action, word);
}

/* The kernel passes on 12 bits with ERRNO (MAX_ERRNO) and 16 with TRACE. */
static int check_errno(const struct oci_config *config, const char *action, uint32_t value,
	const char *place, struct nacre_error *err)
{
	uint32_t max = is_action(action, "SCMP_ACT_TRACE") ? UINT16_MAX : 4095;

	if (!is_action(action, "SCMP_ACT_ERRNO") && !is_action(action, "SCMP_ACT_TRACE"))
		return oci_fail(config, err, place,
			"needs the action SCMP_ACT_ERRNO or SCMP_ACT_TRACE, not %s",
			action ? action : "none");
	if (value > max)
		return oci_fail(config, err, place, "%u is above %u", value, max);
	return 0;
}

static int check_args(const struct oci_config *config, const struct oci_syscall *rule, size_t i,
	struct nacre_error *err)
{
	for (size_t k = 0; k < rule->n_args; k++) {
		const struct oci_syscall_arg *arg = &rule->args[k];

		if (arg->index > 5)
			return oci_fail(config, err,
				validate_at("linux.seccomp.syscalls[%zu].args[%zu].index", i, k)
					.text,
				"%u is above 5; a system call has six arguments", arg->index);
		if (!arg->op)
			return oci_fail(config, err,
				validate_at("linux.seccomp.syscalls[%zu].args[%zu].op", i, k).text,
				"is missing");
	}
	return 0;
}

/* Returns whether a listener is named, in either form. */
static bool has_receiver(const struct oci_config *config)
{
	struct run_annotations annotations;
	struct nacre_error ignored;

	return config->linux_->seccomp->listener_path ||
	       (annotations_read(config, &annotations, &ignored) == 0 &&
		       annotations.seccomp_receiver);
}

/* Refuses NOTIFY for write: after loading the filter the runtime must write to its peer before it
 * can send the listener away, and nobody would answer. */
static int check_notify(const struct oci_config *config, const struct oci_syscall *rule, size_t i,
	struct nacre_error *err)
{
	if (!has_receiver(config))
		return oci_fail(config, err,
			validate_at("linux.seccomp.syscalls[%zu].action", i).text,
			"SCMP_ACT_NOTIFY needs linux.seccomp.listenerPath");
	if (oci_strings_have(&rule->names, "write"))
		return oci_fail(config, err,
			validate_at("linux.seccomp.syscalls[%zu].action", i).text,
			"SCMP_ACT_NOTIFY cannot be used for the write syscall");
	return 0;
}

static int check_rule(const struct oci_config *config, size_t i, struct nacre_error *err)
{
	const struct oci_syscall *rule = &config->linux_->seccomp->syscalls[i];
	int r = 0;

	if (!rule->names.n)
		return oci_fail(config, err,
			validate_at("linux.seccomp.syscalls[%zu].names", i).text,
			"must not be empty");
	if (!rule->action)
		return oci_fail(config, err,
			validate_at("linux.seccomp.syscalls[%zu].action", i).text, "is missing");
	if (rule->errno_ret.set)
		r = check_errno(config, rule->action, rule->errno_ret.value,
			validate_at("linux.seccomp.syscalls[%zu].errnoRet", i).text, err);
	if (r == 0 && is_action(rule->action, "SCMP_ACT_NOTIFY"))
		r = check_notify(config, rule, i, err);
	if (r == 0)
		r = check_args(config, rule, i, err);
	return r;
}

int validate_seccomp(const struct oci_config *config, struct nacre_error *err)
{
	const struct oci_seccomp *seccomp = config->linux_->seccomp;
	int r = 0;

	/* As in runc, an object without both means no filter. */
	if (!seccomp || (!seccomp->default_action && !seccomp->n_syscalls))
		return 0;
	if (!seccomp->default_action)
		return oci_fail(config, err, "linux.seccomp.defaultAction", "is missing");
	if (is_action(seccomp->default_action, "SCMP_ACT_NOTIFY"))
		return oci_fail(config, err, "linux.seccomp.defaultAction",
			"SCMP_ACT_NOTIFY cannot be used as default action");
	if (seccomp->listener_metadata && !has_receiver(config))
		return oci_fail(config, err, "linux.seccomp.listenerMetadata",
			"needs linux.seccomp.listenerPath");
	if (seccomp->default_errno_ret.set)
		r = check_errno(config, seccomp->default_action, seccomp->default_errno_ret.value,
			"linux.seccomp.defaultErrnoRet", err);
	for (size_t i = 0; r == 0 && i < seccomp->n_syscalls; i++)
		r = check_rule(config, i, err);
	return r;
}
