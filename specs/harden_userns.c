/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/harden_userns.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "specs/harden_opened.h"
#include "specs/harden_rules.h"
#include "specs/id_blocks.h"
#include "specs/mount_types.h"
#include "specs/mount_words.h"

/* The rule user-namespace. */

enum {
	NOBODY = 65534,
};

#define GRANT "no-user-namespace"

bool harden_wants_shift(const struct oci_config *config, const struct harden_request *request)
{
	return harden_has_rule(request, RULE_user_namespace) &&
	       !oci_find_namespace(config, "user") &&
	       !harden_has_grant(request, RULE_user_namespace, GRANT);
}

/* --- obstacles --- */

/* Returns whether the container has its own namespace of TYPE. procfs shows a pid namespace, and
 * the container's root cannot mount it for one that belongs to another user namespace. GRANT: makes
 * the namespace the host's; NULL: none. */
static bool has_own_space(const struct oci_config *config, const struct harden_request *request,
	const char *type, const char *grant)
{
	const struct oci_namespace *ns = oci_find_namespace(config, type);

	if (ns && !ns->path)
		return true;
	/* The rule namespaces will add it. */
	return harden_has_rule(request, RULE_namespaces) &&
	       !(grant && harden_has_grant(request, RULE_namespaces, grant)) &&
	       (!ns || oci_strings_have(&request->host.own_namespaces, type));
}

void harden_shift_obstacle(const struct oci_config *config, const struct harden_request *request,
	char ret_text[static 256])
{
	const struct harden_host *host = &request->host;

	ret_text[0] = '\0';
	if (config->nacre && config->nacre->root_tmpfs)
		(void)snprintf(ret_text, 256, "the root filesystem is a tmpfs made by nacre");
	else if (!(host->pod && host->pod->of_pid) &&
		 !has_own_space(config, request, "pid", "host-pid"))
		(void)snprintf(ret_text, 256, "the pid namespace is not the container's own%s%s",
			host->no_pod ? ": " : "", host->no_pod ? host->no_pod : "");
	else if (!has_own_space(config, request, "mount", NULL))
		(void)snprintf(ret_text, 256, "the mount namespace is not the container's own");
	for (size_t i = 0; i < config->n_mounts && !ret_text[0]; i++) {
		const struct oci_mount *mount = &config->mounts[i];

		if (mount_kind(mount) == MOUNT_OVERLAY)
			(void)snprintf(ret_text, 256, "mounts[%zu] is an overlay", i);
		else if (mount->n_uid_mappings || mount_options_read(mount).idmap)
			(void)snprintf(ret_text, 256, "mounts[%zu] has id mappings of its own", i);
		else if (mount_opens_disk(mount))
			(void)snprintf(ret_text, 256, "mounts[%zu] mounts a disk", i);
	}
}

bool harden_leaves_root_writable(
	const struct oci_config *config, const struct harden_request *request)
{
	return !config->root->readonly &&
	       (!harden_has_rule(request, RULE_read_only_root) ||
		       harden_has_grant(request, RULE_read_only_root, "rootfs-write"));
}

/* --- mappings --- */

/* Adds the mapping of ID, once, if it is above the block. */
static int add_single(struct oci_id_mapping *maps, size_t *n, uint32_t first_id, uint32_t id,
	const char *place, struct nacre_error *err)
{
	if (id < ID_BLOCK_SIZE)
		return 0;
	for (size_t i = 2; i < *n; i++)
		if (maps[i].container_id == id)
			return 0;
	if (*n == 2 + HARDEN_SINGLE_IDS)
		return fail(err, EPERM,
			"rule user-namespace: %s: %u is above %u, and so are %d other ids, which "
			"is the most that can be mapped: use smaller ids, or, if the rule is not "
			"required, give --allow " GRANT,
			place, id, ID_BLOCK_SIZE - 1, HARDEN_SINGLE_IDS);
	maps[*n] = (struct oci_id_mapping){
		.container_id = id,
		.host_id = first_id + HARDEN_BELOW_SINGLE + (uint32_t)(*n - 2),
		.size = 1,
	};
	(*n)++;
	return 0;
}

/* Completes the mappings: one line, or the block with a gap whose ids are used for single ids. */
static void settle(struct oci_id_mapping *maps, size_t *n, uint32_t first_id)
{
	const bool single = *n > 2;

	maps[0] = (struct oci_id_mapping){
		.host_id = first_id, .size = single ? HARDEN_BELOW_SINGLE : ID_BLOCK_SIZE};
	maps[1] = (struct oci_id_mapping){
		.container_id = NOBODY, .host_id = first_id + NOBODY, .size = 1};
	if (!single)
		*n = 1;
}

int harden_shift_maps(struct arena *arena, const struct oci_process *process, uint32_t first_id,
	struct harden_maps *ret_maps, struct nacre_error *err)
{
	const struct oci_user none = {0}, *user = process ? &process->user : &none;
	struct harden_maps maps = {.n_uids = 2, .n_gids = 2};
	int r;

	maps.uids = arena_array(arena, 2 + HARDEN_SINGLE_IDS, sizeof(*maps.uids));
	maps.gids = arena_array(arena, 2 + HARDEN_SINGLE_IDS, sizeof(*maps.gids));
	if (!maps.uids || !maps.gids)
		return arena_fail(arena, "mappings of ids", err);
	r = add_single(maps.uids, &maps.n_uids, first_id, user->uid, "process.user.uid", err);
	if (r == 0)
		r = add_single(
			maps.gids, &maps.n_gids, first_id, user->gid, "process.user.gid", err);
	for (size_t i = 0; i < user->n_additional_gids && r == 0; i++)
		r = add_single(maps.gids, &maps.n_gids, first_id, user->additional_gids[i],
			"process.user.additionalGids", err);
	if (r < 0)
		return r;
	settle(maps.uids, &maps.n_uids, first_id);
	settle(maps.gids, &maps.n_gids, first_id);
	*ret_maps = maps;
	return 0;
}

static bool have(const struct oci_id_mapping *maps, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++)
		if (id >= maps[i].container_id && id - maps[i].container_id < maps[i].size)
			return true;
	return false;
}

bool harden_maps_have(const struct harden_maps *maps, const struct oci_process *process,
	const char **ret_place, uint32_t *ret_id)
{
	const struct oci_user none = {0}, *user = process ? &process->user : &none;

	*ret_place = "process.user.uid";
	*ret_id = user->uid;
	if (!have(maps->uids, maps->n_uids, *ret_id))
		return false;
	*ret_place = "process.user.gid";
	*ret_id = user->gid;
	if (!have(maps->gids, maps->n_gids, *ret_id))
		return false;
	*ret_place = "process.user.additionalGids";
	for (size_t i = 0; i < user->n_additional_gids; i++) {
		*ret_id = user->additional_gids[i];
		if (!have(maps->gids, maps->n_gids, *ret_id))
			return false;
	}
	return true;
}

/* --- the rule --- */

static const char *json_of_maps(struct hardening *h, const struct oci_id_mapping *maps, size_t n)
{
	const char *text = arena_strdup(h->arena, "[");

	for (size_t i = 0; text && i < n; i++)
		text = arena_printf(h->arena, "%s%s{\"containerID\":%u,\"hostID\":%u,\"size\":%u}",
			text, i ? "," : "", maps[i].container_id, maps[i].host_id, maps[i].size);
	text = text ? arena_printf(h->arena, "%s]", text) : NULL;
	if (!text)
		h->failed = harden_out_of_memory(h);
	return text ? text : "";
}

/* Reads a number that is followed by a blank or the end; *TEXT moves to the next. */
static bool take_number(const char **text, uint32_t *ret_number)
{
	const char *digits = *text + strspn(*text, " \t");
	unsigned long long number;
	char *end;

	if (*digits < '0' || *digits > '9')
		return false;
	errno = 0;
	number = strtoull(digits, &end, 10);
	if (errno || number > UINT32_MAX || !strchr(" \t", *end))
		return false;
	*ret_number = (uint32_t)number;
	*text = end + strspn(end, " \t");
	return true;
}

bool harden_shift_ping(const struct oci_pair *sysctl, uint32_t *ret_least, uint32_t *ret_most)
{
	const char *text = sysctl->value;

	return (!strcmp(sysctl->key, "net.ipv4.ping_group_range") ||
		       !strcmp(sysctl->key, "net/ipv4/ping_group_range")) &&
	       take_number(&text, ret_least) && take_number(&text, ret_most) && !*text;
}

void harden_shift_ping_outside(
	uint32_t first_id, uint32_t least, uint32_t most, char ret_value[static 32])
{
	const bool all = least == 0 && most == NOBODY;

	(void)snprintf(ret_value, 32, "%" PRIu32 " %" PRIu32, all ? 0 : first_id + least,
		all ? INT32_MAX : first_id + most);
}

/* Reduces the range, which Docker and containerd set up to 2147483647: the container does not map
 * such ids. */
static void clamp_ping(struct hardening *h)
{
	struct oci_map *map = &h->config->linux_->sysctl;

	for (size_t i = 0; i < map->n; i++) {
		struct oci_pair *pair = &map->items[i];
		uint32_t least, most;
		const char *value;

		if (!harden_shift_ping(pair, &least, &most) || most <= NOBODY || least > NOBODY)
			continue;
		value = harden_text(h, "%" PRIu32 " %d", least, NOBODY);
		harden_note(h, harden_text(h, "linux.sysctl.%s", pair->key),
			harden_json_of_string(h, pair->value), harden_json_of_string(h, value));
		pair->value = value;
	}
}

/* Maps a bind, so that the container sees the owners that the disk has. */
static int map_bind(struct hardening *h, size_t i)
{
	struct oci_mount *mount = &h->config->mounts[i];
	const struct mount_options o = mount_options_read(mount);
	const struct oci_strings before = mount->options;

	const struct oci_workspace *workspace = oci_find_workspace(h->config, mount);

	/* A copy is mapped layer by layer. */
	if (workspace && !strcmp(workspace->form, WORKSPACE_COW))
		return 0;
	if (!o.bind || o.remount ||
		(mount->source && oci_strings_have(&h->request->host.unmapped, mount->source)))
		return 0;
	if (!harden_append_word(h->arena, &mount->options, o.recursive ? "ridmap" : "idmap"))
		return harden_out_of_memory(h);
	harden_note_words(h, harden_text(h, "mounts[%zu].options", i), mount->destination, &before,
		&mount->options);
	return 0;
}

static int add_namespace(struct hardening *h)
{
	const struct harden_host *host = &h->request->host;
	struct oci_linux *linux_ = harden_need_linux(h);
	struct oci_namespace *added;
	struct harden_maps maps;
	int r = 0;

	added = linux_ ? oci_add_namespace(h->arena, h->config, "user") : NULL;
	if (!added)
		return harden_out_of_memory(h);
	if (host->pod) {
		added->path = host->pod->userns;
		maps = host->pod->maps;
	} else {
		r = harden_shift_maps(h->arena, h->process, host->first_id, &maps, h->err);
	}
	if (r < 0)
		return r;
	harden_note(h, harden_text(h, "linux.namespaces[%zu]", linux_->n_namespaces - 1), NULL,
		added->path ? harden_text(h, "{\"type\":\"user\",\"path\":\"%s\"}", added->path)
			    : "{\"type\":\"user\"}");
	linux_->uid_mappings = maps.uids;
	linux_->n_uid_mappings = maps.n_uids;
	linux_->gid_mappings = maps.gids;
	linux_->n_gid_mappings = maps.n_gids;
	harden_note(h, "linux.uidMappings", NULL, json_of_maps(h, maps.uids, maps.n_uids));
	harden_note(h, "linux.gidMappings", NULL, json_of_maps(h, maps.gids, maps.n_gids));
	clamp_ping(h);
	for (size_t i = 0; i < h->config->n_mounts && r == 0; i++)
		r = map_bind(h, i);
	return r;
}

static int leave_out(struct hardening *h, const char *place, const char *why)
{
	if (harden_is_required(h))
		return harden_refuse(h, GRANT, place, "%s", why);
	why = harden_text(h,
		"rule user-namespace: the container gets no user namespace with ids of its own: %s",
		why);
	return harden_append_word(h->arena, &h->report->left_out, why) ? 0
								       : harden_out_of_memory(h);
}

int rule_user_namespace(struct hardening *h)
{
	const struct oci_namespace *own = oci_find_namespace(h->config, "user");
	const struct harden_host *host = &h->request->host;

	/* A user namespace of the config stays as it is, unless it maps the host's root, which
	 * protects nothing. */
	if ((own && harden_is_apart(h, own)) || harden_granted(h, GRANT))
		return 0;
	if (own)
		return leave_out(h, own->path ? "linux.namespaces" : "linux.uidMappings",
			"the user namespace of config.json maps the host's root");
	if (host->first_id)
		return add_namespace(h);
	return leave_out(h, "linux.namespaces",
		host->no_shift ? host->no_shift : "no block of ids is reserved for the container");
}
