/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/audit.h"

#include "specs/fields.h"

/* clang-format off */

static const struct field audit_grant_fields[] = {
	FIELD_STRING("grant", audit_grant, grant, 0),
	FIELD_STRING("by", audit_grant, by, 0),
	{},
};
static STRUCT_TYPE(audit_grant);

static const struct field audit_event_fields[] = {
	FIELD_U32("version", audit_event, version, FIELD_ALWAYS),
	FIELD_STRING("time", audit_event, time, FIELD_ALWAYS),
	FIELD_STRING("event", audit_event, event, FIELD_ALWAYS),
	FIELD_STRING("id", audit_event, id, FIELD_ALWAYS),
	FIELD_U32("uid", audit_event, uid, FIELD_ALWAYS),
	FIELD_STRING("bundle", audit_event, bundle, 0),
	FIELD_I64("pid", audit_event, pid, 0),
	FIELD_STRING("profile", audit_event, profile, 0),
	FIELD_STRING("configSha256", audit_event, config_sha256, 0),
	FIELD_ARRAY("grants", audit_event, grants, 0, audit_grant),
	FIELD_STRINGS("egress", audit_event, egress, 0),
	FIELD_STRINGS("workspaces", audit_event, workspaces, 0),
	FIELD_STRINGS("leftOut", audit_event, left_out, 0),
	FIELD_STRINGS("args", audit_event, args, 0),
	FIELD_OPT_I32("signal", audit_event, signal),
	FIELD_BOOL("all", audit_event, all, 0),
	FIELD_OPT_I32("exitStatus", audit_event, exit_status),
	FIELD_OPT_U64("memoryPeak", audit_event, memory_peak),
	FIELD_OPT_U64("cpuUsec", audit_event, cpu_usec),
	FIELD_STRING("error", audit_event, error, 0),
	FIELD_STRING("command", audit_event, command, 0),
	FIELD_STRING("syscall", audit_event, syscall, 0),
	FIELD_STRINGS("arguments", audit_event, arguments, 0),
	FIELD_STRINGS("decoded", audit_event, decoded, 0),
	FIELD_STRING("errno", audit_event, errno_name, 0),
	FIELD_STRING("rule", audit_event, rule, 0),
	FIELD_STRING("reason", audit_event, reason, 0),
	FIELD_STRING("allowedBy", audit_event, allowed_by, 0),
	FIELD_STRING("destination", audit_event, destination, 0),
	FIELD_U64("count", audit_event, count, 0),
	FIELD_U64("suppressed", audit_event, suppressed, 0),
	{},
};
static STRUCT_TYPE(audit_event);

/* clang-format on */

int audit_event_encode(const struct audit_event *event, char **ret_line, struct nacre_error *err)
{
	struct json_writer *w = json_writer_new(false);

	fields_encode(w, &audit_event_type, event);
	json_end_line(w);
	return json_writer_finish(w, ret_line, err);
}
