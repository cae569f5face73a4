/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "specs/harden_rules.h"
#include "specs/mount_words.h"
#include "specs/path_text.h"

/* Rules on root and mounts, but where mounts come from: harden_sources.c. */

/* Whether the mount at INDEX lands on DIRECTORY (which is clean) or, if BELOW, under it. */
static bool lands(const struct oci_mount *mount, const char *directory, bool below)
{
	char clean[PATH_TEXT_MAX];

	if (!mount->destination || path_clean(mount->destination, clean) < 0)
		return false;
	return !strcmp(clean, directory) || (below && path_within(clean, directory));
}

/* Mounts are made in order: a tmpfs on /tmp must come before what is mounted below it. */
static size_t place_for_tmp(const struct oci_config *config)
{
	size_t i = 0;

	while (i < config->n_mounts && !lands(&config->mounts[i], "/tmp", true))
		i++;
	return i;
}

static int add_tmp(struct hardening *h)
{
	static const char *const words[] = {
		"rw", "nosuid", "nodev", "noexec", "size=64m", "mode=1777"};
	struct oci_config *config = h->config;
	size_t at = place_for_tmp(config);
	struct oci_mount *larger;

	larger = insert_element(h->arena, config->mounts, config->n_mounts, sizeof(*larger), at);
	if (!larger)
		return out_of_memory(h);
	larger[at].destination = "/tmp";
	larger[at].type = "tmpfs";
	larger[at].source = "tmpfs";
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(words[i], "noexec") && granted(h, "tmp-exec"))
			continue;
		if (!append_word(h->arena, &larger[at].options, words[i]))
			return out_of_memory(h);
	}
	config->mounts = larger;
	config->n_mounts++;
	note(h, text_of(h, "mounts[%zu]", at), NULL,
		text_of(h,
			"{\"destination\":\"/tmp\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","
			"\"options\":%s}",
			json_of_words(h, &larger[at].options)));
	return 0;
}

int rule_read_only_root(struct hardening *h)
{
	struct oci_config *config = h->config;

	if (!config->root || granted(h, "rootfs-write"))
		return 0;
	if (!config->root->readonly)
		note(h, "root.readonly", "false", "true");
	config->root->readonly = true;
	for (size_t i = 0; i < config->n_mounts; i++) {
		if (lands(&config->mounts[i], "/tmp", false))
			return 0;
	}
	return add_tmp(h);
}

/* A word that must stand in the options, the same for a whole tree, and what contradicts them. */
struct flag {
	const char *word;
	const char *recursive;
	const char *opposite;
	const char *recursive_opposite;
};

static const struct flag nosuid = {"nosuid", "rnosuid", "suid", "rsuid"};
static const struct flag nodev = {"nodev", "rnodev", "dev", "rdev"};
static const struct flag noexec = {"noexec", "rnoexec", "exec", "rexec"};

/* Takes the opposites out and, if it is missing, appends the word. */
static int require(struct hardening *h, struct oci_mount *mount, const struct flag *flag)
{
	struct oci_strings *words = &mount->options;
	bool tree = mount_has(mount, "rbind");
	size_t kept = 0;

	for (size_t i = 0; i < words->n; i++) {
		if (strcmp(words->items[i], flag->opposite) &&
			strcmp(words->items[i], flag->recursive_opposite))
			words->items[kept++] = words->items[i];
	}
	words->n = kept;
	if (mount_has(mount, flag->recursive) || (!tree && mount_has(mount, flag->word)))
		return 0;
	/* nosuid on an rbind mount would leave the mounts below it as they are. */
	if (!append_word(h->arena, words, tree ? flag->recursive : flag->word))
		return out_of_memory(h);
	return 0;
}

/* Where nodev would take away what the mount is there for. */
static bool needs_devices(struct hardening *h, const struct oci_mount *mount)
{
	char clean[PATH_TEXT_MAX];

	if (!mount_is_bind(mount)) {
		if (mount_has_type(mount, "tmpfs"))
			return lands(mount, "/dev", false);
		/* devtmpfs is only here if mount:/dev was granted. */
		return mount_has_type(mount, "devpts") || mount_has_type(mount, "devtmpfs");
	}
	if (!mount->source || host_path(mount->source, clean) < 0 || !path_within(clean, "/dev"))
		return false;
	return granted_path(h, "device", clean) || granted_path(h, "mount", clean);
}

static bool needs_noexec(struct hardening *h, const struct oci_mount *mount)
{
	if (lands(mount, "/dev/shm", false))
		return true;
	if (!mount_has_type(mount, "tmpfs") && !mount_has_type(mount, "ramfs"))
		return false;
	if (!lands(mount, "/tmp", true) && !lands(mount, "/var/tmp", true))
		return true;
	return !granted(h, "tmp-exec");
}

static bool same_words(const struct oci_strings *a, const struct oci_strings *b)
{
	return a->n == b->n && (!a->n || !memcmp(a->items, b->items, a->n * sizeof(*a->items)));
}

static int tighten_mount(struct hardening *h, size_t i)
{
	struct oci_mount *mount = &h->config->mounts[i];
	struct oci_strings before = {.n = mount->options.n};
	int r;

	before.items = arena_array(h->arena, before.n, sizeof(*before.items));
	if (!before.items)
		return out_of_memory(h);
	if (before.n)
		memcpy(before.items, mount->options.items, before.n * sizeof(*before.items));
	r = require(h, mount, &nosuid);
	if (r == 0 && !needs_devices(h, mount))
		r = require(h, mount, &nodev);
	if (r == 0 && needs_noexec(h, mount))
		r = require(h, mount, &noexec);
	if (r < 0)
		return r;
	if (!same_words(&before, &mount->options))
		note_words(h, text_of(h, "mounts[%zu].options", i), mount->destination, &before,
			&mount->options);
	return 0;
}

int rule_mount_flags(struct hardening *h)
{
	struct oci_config *config = h->config;

	/* With new privileges granted, the root's setuid programs are what they are wanted for. */
	if (!config->root_nosuid && !granted(h, "new-privileges")) {
		config->root_nosuid = true;
		note(h, "root", NULL, "\"nosuid\"");
	}
	if (!config->root_nodev) {
		config->root_nodev = true;
		note(h, "root", NULL, "\"nodev\"");
	}
	for (size_t i = 0; i < config->n_mounts; i++) {
		int r = tighten_mount(h, i);

		if (r < 0)
			return r;
	}
	return 0;
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
		note(h, "linux.rootfsPropagation", json_of_string(h, linux_->rootfs_propagation),
			json_of_string(h, slave));
		linux_->rootfs_propagation = slave;
	}
	for (size_t i = 0; i < h->config->n_mounts; i++) {
		struct oci_strings *words = &h->config->mounts[i].options;

		for (size_t k = 0; k < words->n; k++) {
			slave = slave_for(words->items[k]);
			if (!slave)
				continue;
			note(h, text_of(h, "mounts[%zu].options[%zu]", i, k),
				json_of_string(h, words->items[k]), json_of_string(h, slave));
			words->items[k] = slave;
		}
	}
	return 0;
}
