/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/config_parts.h"

#include <errno.h>
#include <string.h>

static struct oci_id_mapping *map(struct arena *arena, uint32_t inside, uint32_t host)
{
	struct oci_id_mapping *mapping = arena_alloc(arena, sizeof(*mapping));

	if (mapping)
		*mapping = (struct oci_id_mapping){inside, host, 1};
	return mapping;
}

int config_map_ids(struct arena *arena, struct oci_linux *linux_, const struct oci_user *inside,
	const struct oci_user *host)
{
	linux_->uid_mappings = map(arena, inside->uid, host->uid);
	linux_->gid_mappings = map(arena, inside->gid, host->gid);
	if (!linux_->uid_mappings || !linux_->gid_mappings)
		return -ENOMEM;
	linux_->n_uid_mappings = linux_->n_gid_mappings = 1;
	return 0;
}

int config_add_mount(struct arena *arena, struct oci_config *config, const char *type,
	const char *source, const char *destination, const char *const *options, size_t n)
{
	struct oci_mount *mount = &config->mounts[config->n_mounts++];
	const char **items = arena_array(arena, n, sizeof(*items));

	if (!items)
		return -ENOMEM;
	memcpy(items, options, n * sizeof(*items));
	*mount = (struct oci_mount){
		.destination = destination, .type = type, .source = source, .options = {items, n}};
	return 0;
}

size_t config_find_variable(const struct oci_strings *list, const char *name)
{
	const size_t length = strcspn(name, "=");
	size_t i = 0;

	while (i < list->n &&
		(strncmp(list->items[i], name, length) != 0 || list->items[i][length] != '='))
		i++;
	return i;
}
