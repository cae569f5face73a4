/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "specs/harden_rules.h"
#include "specs/mount_layers.h"
#include "specs/mount_types.h"
#include "specs/mount_words.h"
#include "specs/path_text.h"

/*
 * The rule mount-sources on types: a type that mount_types.h does not have is refused, since nobody
 * has judged what it shows of the host. A disk needs a grant, because the kernel parses its bytes
 * with the host's privileges, whoever wrote them. Which disk a path leads to is judged when it is
 * opened: libcontainer/mount/mount_disk.h.
 */

static int refuse_type(struct hardening *h, size_t i, const char *type)
{
	return fail(h->err, EPERM,
		"profile %s, rule %s: mounts[%zu].type: only profile oci mounts \"%.64s\"; mount "
		"it on the host and bind mount it into the container",
		h->profile->name, h->rule->name, i, type);
}

static int judge_layer(void *data, const struct oci_layer *layer, struct nacre_error *err)
{
	(void)err;
	return harden_judge_path(data, layer->place, layer->path);
}

static int judge_host(struct hardening *h, const struct mount_type *type, size_t i)
{
	if (harden_granted_path(h, "mount", type->host))
		return 0;
	return harden_refuse(h, harden_text(h, "mount:%s", type->host),
		harden_text(h, "mounts[%zu].type", i), "%s is the host's %s", type->name,
		type->host);
}

/* Refuses other options: some name a second disk, or a file of the host: logdev, journal_path,
 * device. */
static int judge_disk_words(struct hardening *h, const struct oci_mount *mount, size_t i)
{
	for (size_t k = 0; k < mount->options.n; k++) {
		const char *word = mount->options.items[k];

		if (mount_word_is_data(word) && !mount_word_is_of_disk(word))
			return fail(h->err, EPERM,
				"profile %s, rule %s: mounts[%zu].options[%zu]: the profile does "
				"not know the option \"%.64s\" of a disk; leave it out",
				h->profile->name, h->rule->name, i, k, word);
	}
	return 0;
}

static int judge_disk(struct hardening *h, const struct oci_mount *mount, size_t i)
{
	const char *place = harden_text(h, "mounts[%zu].source", i);
	char clean[PATH_TEXT_MAX];

	if (!mount->source || mount->source[0] != '/' || harden_host_path(mount->source, clean) < 0)
		return fail(h->err, EPERM,
			"profile %s, rule %s: %s: %s needs the absolute path of a disk",
			h->profile->name, h->rule->name, place, mount->type);
	/* A grant may name the disk by another path. */
	if (!harden_granted_path(h, "disk", clean) && !harden_granted_any(h, "disk"))
		return harden_refuse(h, harden_text(h, "disk:%s", clean), place,
			"%s is a disk of the host", clean);
	return judge_disk_words(h, mount, i);
}

static int judge_filesystem(struct hardening *h, const struct oci_mount *mount, size_t i)
{
	const struct mount_type *type = mount_type_find(mount->type);

	/* A mount without a type fails when it is made, and a remount makes none. */
	if (!mount->type || mount_has(mount, "remount"))
		return 0;
	if (!type)
		return refuse_type(h, i, mount->type);
	switch (type->kind) {
	case MOUNT_HOST:
		return judge_host(h, type, i);
	case MOUNT_DISK:
		return judge_disk(h, mount, i);
	case MOUNT_OVERLAY:
		return mount_layers_each(mount, i, judge_layer, h, h->err);
	default:
		return 0;
	}
}

int rule_mount_sources(struct hardening *h)
{
	const struct oci_root *root = h->config->root;

	if (root && root->path && root->path[0] == '/' &&
		harden_judge_path(h, "root.path", root->path) < 0)
		return -h->err->code;
	for (size_t i = 0; i < h->config->n_mounts; i++) {
		const struct oci_mount *mount = &h->config->mounts[i];
		int r;

		if (!mount_is_bind(mount))
			r = judge_filesystem(h, mount, i);
		else
			r = harden_judge_path(h, harden_text(h, "mounts[%zu].source", i),
				mount->source ? mount->source : "");
		if (r < 0)
			return r;
	}
	return 0;
}
