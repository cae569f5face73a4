/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "specs/harden_rules.h"
#include "specs/mount_words.h"
#include "specs/path_text.h"

/* Rules on the root and on propagation. For the flags of mounts see harden_flags.c, for their
 * sources harden_sources.c. */

/* Returns the place for a tmpfs on /tmp: mounts are made in order, so it must come before all
 * mounts below it. */
static size_t place_for_tmp(const struct oci_config *config)
{
	size_t i = 0;

	while (i < config->n_mounts && !harden_lands(&config->mounts[i], "/tmp", true))
		i++;
	return i;
}

enum {
	TMP_LEAST = 4096, /* bytes: for a tmpfs 0 would mean no limit */
};

/* Returns half of the container's memory limit, since these files count as its memory: a cold build
 * of Go writes hundreds of MiB. */
static const char *size_of_tmp(struct hardening *h)
{
	uint64_t limit = harden_memory_limit(h), size = limit ? limit / 2 : 1ULL << 30;

	if (h->request->tmp_bytes)
		size = h->request->tmp_bytes;
	return harden_text(h, "size=%" PRIu64, size < TMP_LEAST ? TMP_LEAST : size);
}

static int add_tmp(struct hardening *h)
{
	const char *const words[] = {
		"rw", "nosuid", "nodev", "noexec", size_of_tmp(h), "mode=1777"};
	struct oci_config *config = h->config;
	size_t at = place_for_tmp(config);
	struct oci_mount *larger;

	larger = harden_insert_element(
		h->arena, config->mounts, config->n_mounts, sizeof(*larger), at);
	if (!larger)
		return harden_out_of_memory(h);
	larger[at].destination = "/tmp";
	larger[at].type = "tmpfs";
	larger[at].source = "tmpfs";
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(words[i], "noexec") && harden_granted(h, "tmp-exec"))
			continue;
		if (!harden_append_word(h->arena, &larger[at].options, words[i]))
			return harden_out_of_memory(h);
	}
	config->mounts = larger;
	config->n_mounts++;
	harden_note(h, harden_text(h, "mounts[%zu]", at), NULL,
		harden_text(h,
			"{\"destination\":\"/tmp\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","
			"\"options\":%s}",
			harden_json_of_words(h, &larger[at].options)));
	return 0;
}

/* Returns whether root of a new user namespace may make a directory in the image's root: its
 * capabilities apply only to files whose owner the namespace maps (the kernel's
 * capable_wrt_inode_uidgid). */
static bool may_make_tmp(const struct hardening *h)
{
	const struct oci_namespace *user = oci_find_namespace(h->config, "user");
	const struct harden_host *host = &h->request->host;
	const struct oci_linux *linux_ = h->config->linux_;

	return !host->no_tmp || !user || user->path ||
	       harden_maps_id(linux_->uid_mappings, linux_->n_uid_mappings, host->image_uid);
}

int rule_read_only_root(struct hardening *h)
{
	struct oci_config *config = h->config;

	if (!config->root || (!config->root->readonly && harden_granted(h, "rootfs-write")))
		return 0;
	if (!config->root->readonly)
		harden_note(h, "root.readonly", "false", "true");
	config->root->readonly = true;
	for (size_t i = 0; i < config->n_mounts; i++) {
		if (harden_lands(&config->mounts[i], "/tmp", false))
			return 0;
	}
	if (may_make_tmp(h))
		return add_tmp(h);
	if (harden_granted(h, "rootfs-write"))
		return 0;
	return harden_refuse(h, "rootfs-write", "root.path",
		"the image has no /tmp, and nacre cannot make it: the root directory belongs to "
		"uid %lld of the host, which linux.uidMappings does not map: make /tmp in the "
		"image",
		(long long)h->request->host.image_uid);
}

static const char *slave_for(const char *word)
{
	if (!strcmp(word, "shared"))
		return "slave";
	if (!strcmp(word, "rshared"))
		return "rslave";
	return NULL;
}

int rule_propagation(struct hardening *h)
{
	struct oci_linux *linux_ = h->config->linux_;
	const char *slave = NULL;

	if (linux_ && linux_->rootfs_propagation)
		slave = slave_for(linux_->rootfs_propagation);
	if (slave) {
		harden_note(h, "linux.rootfsPropagation",
			harden_json_of_string(h, linux_->rootfs_propagation),
			harden_json_of_string(h, slave));
		linux_->rootfs_propagation = slave;
	}
	for (size_t i = 0; i < h->config->n_mounts; i++) {
		struct oci_strings *words = &h->config->mounts[i].options;

		for (size_t k = 0; k < words->n; k++) {
			slave = slave_for(words->items[k]);
			if (!slave)
				continue;
			harden_note(h, harden_text(h, "mounts[%zu].options[%zu]", i, k),
				harden_json_of_string(h, words->items[k]),
				harden_json_of_string(h, slave));
			words->items[k] = slave;
		}
	}
	return 0;
}
