/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/state.h"

#include "specs/fields.h"

/* clang-format off */

static const struct field oci_state_fields[] = {
	FIELD_STRING("ociVersion", oci_state, oci_version, FIELD_MUST),
	FIELD_STRING("id", oci_state, id, FIELD_MUST),
	/* The spec asks for it only while there is a process; callers read 0 as "stopped". */
	FIELD_I64("pid", oci_state, pid, FIELD_ALWAYS),
	FIELD_STRING("status", oci_state, status, FIELD_MUST),
	FIELD_STRING("bundle", oci_state, bundle, FIELD_MUST),
	FIELD_STRING("rootfs", oci_state, rootfs, 0),
	FIELD_STRING("created", oci_state, created, 0),
	FIELD_MAP("annotations", oci_state, annotations),
	FIELD_STRING("owner", oci_state, owner, 0),
	FIELD_STRING("profile", oci_state, profile, 0),
	FIELD_STRINGS("rules", oci_state, rules, 0),
	FIELD_U64("oomKills", oci_state, oom_kills, 0),
	{},
};
static STRUCT_TYPE(oci_state);

static const struct field container_record_fields[] = {
	FIELD_U32("version", container_record, version, FIELD_MUST),
	FIELD_STRING("id", container_record, id, FIELD_MUST),
	FIELD_STRING("bundle", container_record, bundle, 0),
	FIELD_STRING("rootfs", container_record, rootfs, 0),
	FIELD_STRING("created", container_record, created, 0),
	FIELD_I64("pid", container_record, pid, FIELD_MUST),
	FIELD_U64("startTime", container_record, start_time, FIELD_MUST),
	FIELD_U64("bootId", container_record, boot_id, FIELD_MUST),
	FIELD_STRING("cgroup", container_record, cgroup, 0),
	FIELD_STRING("unit", container_record, unit, 0),
	FIELD_BOOL("userUnit", container_record, user_unit, 0),
	FIELD_U64("cgroupId", container_record, cgroup_id, 0),
	FIELD_U64("active", container_record, active, FIELD_MUST),
	FIELD_U32("ownerUid", container_record, owner_uid, FIELD_MUST),
	FIELD_STRING("profile", container_record, profile, 0),
	FIELD_STRINGS("grants", container_record, grants, 0),
	FIELD_STRINGS("require", container_record, require, 0),
	FIELD_STRINGS("audit", container_record, audit, 0),
	FIELD_STRING("configSha256", container_record, config_sha256, 0),
	FIELD_MAP("annotations", container_record, annotations),
	{},
};
static STRUCT_TYPE(container_record);

/* clang-format on */

static int encode(const struct struct_type *type, const void *object, bool pretty, char **ret_text,
	struct nacre_error *err)
{
	struct json_writer *w = json_writer_new(pretty);

	fields_encode(w, type, object);
	return json_writer_finish(w, ret_text, err);
}

int oci_state_encode(
	const struct oci_state *state, bool pretty, char **ret_text, struct nacre_error *err)
{
	return encode(&oci_state_type, state, pretty, ret_text, err);
}

int oci_states_encode(
	const struct oci_state *states, size_t n, char **ret_text, struct nacre_error *err)
{
	struct json_writer *w = json_writer_new(false);

	json_open_array(w);
	for (size_t i = 0; i < n; i++)
		fields_encode(w, &oci_state_type, &states[i]);
	json_close_array(w);
	return json_writer_finish(w, ret_text, err);
}

int oci_state_decode(struct arena *arena, const char *name, const char *text, size_t length,
	struct oci_state **ret_state, struct nacre_error *err)
{
	struct oci_state *state = arena_alloc(arena, sizeof(*state));
	int r;

	if (!state)
		return arena_fail(arena, name, err);
	r = fields_decode_text(arena, name, text, length, &oci_state_type, state, NULL, err);
	if (r == 0)
		*ret_state = state;
	return r;
}

int container_record_encode(
	const struct container_record *record, char **ret_text, struct nacre_error *err)
{
	return encode(&container_record_type, record, false, ret_text, err);
}

int container_record_decode(struct arena *arena, const char *name, const char *text, size_t length,
	struct container_record **ret_record, struct nacre_error *err)
{
	struct container_record *record = arena_alloc(arena, sizeof(*record));
	int r;

	if (!record)
		return arena_fail(arena, name, err);
	r = fields_decode_text(
		arena, name, text, length, &container_record_type, record, NULL, err);
	if (r == 0)
		*ret_record = record;
	return r;
}

int container_process_state_encode(const struct oci_state *state, const char *fd_name, int64_t pid,
	const char *metadata, char **ret_text, struct nacre_error *err)
{
	struct json_writer *w = json_writer_new(false);

	json_open_object(w);
	json_key(w, "ociVersion");
	json_string(w, state->oci_version);
	json_key(w, "fds");
	json_open_array(w);
	json_string(w, fd_name);
	json_close_array(w);
	json_key(w, "pid");
	json_i64(w, pid);
	if (metadata) {
		json_key(w, "metadata");
		json_string(w, metadata);
	}
	json_key(w, "state");
	fields_encode(w, &oci_state_type, state);
	json_close_object(w);
	return json_writer_finish(w, ret_text, err);
}
