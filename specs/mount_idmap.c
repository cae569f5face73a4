/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/mount_idmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "specs/validate_checks.h"

enum {
	MAX_MAPPINGS = 340, /* UID_GID_MAP_MAX_EXTENTS of the kernel */
};

struct mappings {
	struct oci_id_mapping *items;
	size_t n;
};

/* Reads digits up to END, which is skipped; '\0': up to the end of a triplet. */
static bool take_number(const char **text, char end, uint32_t *ret_number)
{
	char *stop;
	unsigned long long number;

	if (**text < '0' || **text > '9')
		return false;
	number = strtoull(*text, &stop, 10);
	if (stop - *text > 10 || number > UINT32_MAX || (end && *stop != end))
		return false;
	*ret_number = (uint32_t)number;
	*text = end ? stop + 1 : stop;
	return true;
}

/* Converts an id of the container to the host's. */
static bool make_absolute(struct mappings container, uint32_t *id)
{
	for (size_t i = 0; i < container.n; i++) {
		const struct oci_id_mapping *map = &container.items[i];

		if (*id >= map->container_id && *id - map->container_id < map->size) {
			*id += map->host_id - map->container_id;
			return true;
		}
	}
	return false;
}

static bool take_triplet(const char **text, struct mappings container, struct oci_id_mapping *ret)
{
	const bool relative = **text == '@';

	if (relative)
		++*text;
	return take_number(text, '-', &ret->container_id) &&
	       take_number(text, '-', &ret->host_id) && take_number(text, '\0', &ret->size) &&
	       (!relative || make_absolute(container, &ret->host_id));
}

/* Reads "0-1000-1#1-2000-10", up to a semicolon or the end of TEXT. */
static bool take_list(struct arena *arena, const char **text, struct mappings container,
	struct mappings *ret_mappings)
{
	struct mappings list = {arena_array(arena, MAX_MAPPINGS, sizeof(*list.items)), 0};

	if (!list.items || ret_mappings->n > 0)
		return false;
	for (;;) {
		if (list.n == MAX_MAPPINGS || !take_triplet(text, container, &list.items[list.n]))
			return false;
		list.n++;
		if (**text != '#')
			break;
		++*text;
	}
	*ret_mappings = list;
	return true;
}

static bool parse(struct arena *arena, const struct oci_config *config, const char *text,
	struct mappings *ret_uids, struct mappings *ret_gids)
{
	const struct oci_linux none = {}, *linux_ = config->linux_ ? config->linux_ : &none;
	const struct mappings uids = {linux_->uid_mappings, linux_->n_uid_mappings};
	const struct mappings gids = {linux_->gid_mappings, linux_->n_gid_mappings};

	for (;;) {
		const bool is_uids = !strncmp(text, "uids=", 5);

		if (!is_uids && strncmp(text, "gids=", 5) != 0)
			return false;
		text += 5;
		if (!take_list(arena, &text, is_uids ? uids : gids, is_uids ? ret_uids : ret_gids))
			return false;
		if (*text == '\0')
			return ret_uids->n > 0 && ret_gids->n > 0;
		if (*text++ != ';')
			return false;
	}
}

static int decode(struct arena *arena, const struct oci_config *config, size_t index,
	struct oci_mount *mount, const char **option, struct nacre_error *err)
{
	const char *text = strchr(*option, '=') + 1;
	struct mappings uids = {NULL, 0}, gids = {NULL, 0};

	if (!parse(arena, config, text, &uids, &gids))
		return oci_fail(config, err, validate_at("mounts[%zu].options", index).text,
			"expected idmap=uids=0-1000-1#...;gids=0-1000-1#..., in which ids after an "
			"@ are mapped by linux.uidMappings and gidMappings, found \"%.100s\"",
			*option);
	*option = **option == 'r' ? "ridmap" : "idmap";
	if (mount->n_uid_mappings > 0 || mount->n_gid_mappings > 0)
		return 0;
	mount->uid_mappings = uids.items;
	mount->n_uid_mappings = uids.n;
	mount->gid_mappings = gids.items;
	mount->n_gid_mappings = gids.n;
	return 0;
}

int mount_idmap_decode(struct arena *arena, struct oci_config *config, struct nacre_error *err)
{
	int r;

	for (size_t i = 0; i < config->n_mounts; i++) {
		struct oci_mount *mount = &config->mounts[i];

		for (size_t k = 0; k < mount->options.n; k++) {
			const char **option = &mount->options.items[k];

			if (strncmp(*option, "idmap=", 6) != 0 &&
				strncmp(*option, "ridmap=", 7) != 0)
				continue;
			r = decode(arena, config, i, mount, option, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}
