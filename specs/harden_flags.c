/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "specs/harden_opened.h"
#include "specs/harden_rules.h"
#include "specs/mount_layers.h"
#include "specs/mount_tree.h"
#include "specs/mount_types.h"
#include "specs/mount_words.h"
#include "specs/path_text.h"

/* Rules on mount flags: nosuid, nodev, noexec, ro. */

/* A restriction: its option for one mount, and for a whole tree. */
struct flag {
	const char *word;
	const char *recursive;
};

static const struct flag nosuid = {"nosuid", "rnosuid"};
static const struct flag nodev = {"nodev", "rnodev"};
static const struct flag noexec = {"noexec", "rnoexec"};
static const struct flag read_only = {"ro", "rro"};

bool harden_lands(const struct oci_mount *mount, const char *directory, bool below)
{
	char clean[PATH_TEXT_MAX];

	if (!mount->destination || path_clean(mount->destination, clean) < 0)
		return false;
	return !strcmp(clean, directory) || (below && path_within(clean, directory));
}

/* Returns whether WORD removes FLAG, for one mount or for a tree. */
static bool gives_back(const char *word, const struct flag *flag)
{
	const struct mount_word *row = mount_word_find(word);

	return row && row->gives_back &&
	       (!strcmp(row->gives_back, flag->word) || !strcmp(row->gives_back, flag->recursive));
}

static bool holds(const struct oci_mount *mount, const struct flag *flag)
{
	/* On a recursive bind this option would not affect the mounts below it. */
	if (!mount_has(mount, flag->recursive) &&
		(!mount_has(mount, flag->word) || mount_options_read(mount).recursive))
		return false;
	for (size_t i = 0; i < mount->options.n; i++) {
		if (gives_back(mount->options.items[i], flag))
			return false;
	}
	return true;
}

/* Removes options that remove FLAG and, if FLAG is missing, appends its option. */
static int require(struct hardening *h, struct oci_mount *mount, const struct flag *flag)
{
	const bool recursive = mount_options_read(mount).recursive;
	struct oci_strings *words = &mount->options;
	size_t kept = 0;

	for (size_t i = 0; i < words->n; i++) {
		if (!gives_back(words->items[i], flag))
			words->items[kept++] = words->items[i];
	}
	words->n = kept;
	if (holds(mount, flag))
		return 0;
	if (!harden_append_word(h->arena, words, recursive ? flag->recursive : flag->word))
		return harden_out_of_memory(h);
	return 0;
}

static bool same_words(const struct oci_strings *a, const struct oci_strings *b)
{
	return a->n == b->n && (!a->n || !memcmp(a->items, b->items, a->n * sizeof(*a->items)));
}

/* Requires FLAGS, up to a NULL, of mount I, and notes the changes. */
static int require_all(struct hardening *h, size_t i, const struct flag *const *flags)
{
	struct oci_mount *mount = &h->config->mounts[i];
	struct oci_strings before = {.n = mount->options.n};
	int r = 0;

	before.items = arena_array(h->arena, before.n, sizeof(*before.items));
	if (!before.items)
		return harden_out_of_memory(h);
	if (before.n)
		memcpy(before.items, mount->options.items, before.n * sizeof(*before.items));
	for (; *flags && r == 0; flags++)
		r = require(h, mount, *flags);
	if (r == 0 && !same_words(&before, &mount->options))
		harden_note_words(h, harden_text(h, "mounts[%zu].options", i), mount->destination,
			&before, &mount->options);
	return r;
}

/* Returns the mount that mount I changes: itself, or for a remount the one that it remounts. NULL:
 * a mount that comes with the tree of another one; such a remount is refused later. */
static const struct oci_mount *subject(
	const struct oci_config *config, const struct mount_tree *tree, size_t i)
{
	return tree->subject[i] == MOUNT_TREE_NONE ? NULL : &config->mounts[tree->subject[i]];
}

static int make_tree(struct hardening *h, struct mount_tree *ret_tree)
{
	const struct oci_config *config = h->config;

	return mount_tree_make(h->arena, config->mounts, config->n_mounts, ret_tree) < 0
		       ? harden_out_of_memory(h)
		       : 0;
}

/* --- kernel-mounts --- */

static bool is_cgroup(const struct oci_mount *mount)
{
	char clean[PATH_TEXT_MAX];

	if (mount_kind(mount) != MOUNT_BIND)
		return mount_kind(mount) == MOUNT_CGROUP;
	return mount->source && harden_host_path(mount->source, clean) == 0 &&
	       path_within(clean, "/sys/fs/cgroup");
}

/* Returns whether the mount may stay writable. Files of the kernel need a grant, since root needs
 * no capability to write most of them. The procfs on /proc has its own list of paths:
 * hidden-paths. */
static bool may_write_kernel(struct hardening *h, const struct oci_mount *mount)
{
	if (!mount)
		return false;
	if (is_cgroup(mount))
		return harden_granted(h, "cgroup-write");
	switch (mount_kind(mount)) {
	case MOUNT_SYSFS:
		return harden_granted_path(h, "mount", "/sys");
	case MOUNT_PROC:
		return harden_lands(mount, "/proc", false) ||
		       harden_granted_path(h, "mount", "/proc");
	default:
		return true;
	}
}

int rule_kernel_mounts(struct hardening *h)
{
	static const struct flag *const flags[] = {&read_only, NULL};
	const struct oci_config *config = h->config;
	struct mount_tree tree;
	int r = make_tree(h, &tree);

	for (size_t i = 0; i < config->n_mounts && r == 0; i++) {
		if (!holds(&config->mounts[i], &read_only) &&
			!may_write_kernel(h, subject(config, &tree, i)))
			r = require_all(h, i, flags);
	}
	return r;
}

/* --- writable-binds --- */

/* Returns false for a relative source: its directory is not known here. */
static bool is_in_workspace(struct hardening *h, const char *path)
{
	char clean[PATH_TEXT_MAX];

	return path && path[0] == '/' && harden_host_path(path, clean) == 0 &&
	       harden_granted_within(h, "workspace", clean);
}

static int find_written(void *data, const struct oci_layer *layer, struct nacre_error *err)
{
	(void)data;
	(void)err;
	return layer->written;
}

/* Returns 1 for a written layer that is not in a workspace. */
static int find_outside(void *data, const struct oci_layer *layer, struct nacre_error *err)
{
	(void)err;
	return layer->written && !is_in_workspace(data, layer->path);
}

static bool is_copy(const struct oci_config *config, const struct oci_mount *mount)
{
	const struct oci_workspace *workspace = oci_find_workspace(config, mount);

	return workspace && !strcmp(workspace->form, WORKSPACE_COW);
}

/* Returns whether writes to the mount reach a directory of the host that does not belong to
 * nacre. */
static bool writes_to_host(const struct oci_config *config, const struct oci_mount *mount)
{
	struct nacre_error ignored;

	if (is_copy(config, mount))
		return false;
	if (mount_has_type(mount, "overlay") && !mount_is_bind(mount))
		return mount_layers_each(mount, 0, find_written, NULL, &ignored) != 0;
	return mount_is_bind(mount);
}

static bool in_workspace(struct hardening *h, const struct oci_mount *mount)
{
	struct nacre_error ignored;

	if (!mount_is_bind(mount))
		return mount_layers_each(mount, 0, find_outside, h, &ignored) == 0;
	if (is_copy(h->config, mount))
		return true;
	return is_in_workspace(h, mount->source);
}

int harden_leaves(
	struct arena *arena, const struct oci_config *config, struct harden_left **ret_left)
{
	struct harden_left *left = arena_array(arena, config->n_mounts, sizeof(*left));
	struct mount_tree tree;

	if (!left || mount_tree_make(arena, config->mounts, config->n_mounts, &tree) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_mounts; i++) {
		const struct oci_mount *of = subject(config, &tree, i);
		struct harden_left *l = of ? &left[of - config->mounts] : NULL;

		if (!l)
			continue;
		l->writable |= writes_to_host(config, of) && !holds(&config->mounts[i], &read_only);
		l->devices |= !holds(&config->mounts[i], &nodev);
	}
	*ret_left = left;
	return 0;
}

/* Returns the list with room for all mounts: to append a word copies the list. */
static struct oci_strings *late_binds_with_room(struct hardening *h)
{
	struct oci_hardened *nacre = harden_need_hardened(h);
	const char **items;

	if (!nacre)
		return NULL;
	items = arena_array(
		h->arena, nacre->late_binds.n + h->config->n_mounts + 1, sizeof(*items));
	if (items && nacre->late_binds.n)
		memcpy(items, nacre->late_binds.items, nacre->late_binds.n * sizeof(*items));
	nacre->late_binds.items = items;
	return items ? &nacre->late_binds : NULL;
}

/* Does not report files that engines bind themselves. */
static void report_taken(struct hardening *h, const struct oci_mount *mount)
{
	if (!harden_lands(mount, "/etc", true) && !harden_lands(mount, "/run", true) &&
		!harden_lands(mount, "/dev", true))
		harden_taken(h, "workspace:SOURCE", "writes to %s", mount->destination);
}

int rule_writable_binds(struct hardening *h)
{
	static const struct flag *const flags[] = {&read_only, NULL};
	const struct oci_config *config = h->config;
	struct oci_strings *late = late_binds_with_room(h);
	struct mount_tree tree;
	int r = late ? make_tree(h, &tree) : harden_out_of_memory(h);

	for (size_t i = 0; i < config->n_mounts && r == 0; i++) {
		const struct oci_mount *mount = subject(config, &tree, i);

		if ((mount && !writes_to_host(config, mount)) ||
			holds(&config->mounts[i], &read_only) || (mount && in_workspace(h, mount)))
			continue;
		r = require_all(h, i, flags);
		report_taken(h, &config->mounts[i]);
		/* Makes it read-only later: mount points inside it may have to be made first. */
		if (r == 0 && mount_tree_has_inside(&tree, i)) {
			late->items[late->n++] = config->mounts[i].destination;
			harden_note(h, "nacre.lateBinds", NULL,
				harden_json_of_string(h, config->mounts[i].destination));
		}
	}
	return r;
}

/* --- mount-flags --- */

/* Returns whether nodev would defeat the mount's purpose. */
static bool needs_devices(struct hardening *h, const struct oci_mount *mount)
{
	char clean[PATH_TEXT_MAX];

	switch (mount_kind(mount)) {
	case MOUNT_MEMORY:
		return harden_lands(mount, "/dev", false);
	case MOUNT_DEVPTS:
		return true;
	case MOUNT_HOST: /* reached only if mount:/dev was granted */
		return mount_has_type(mount, "devtmpfs");
	case MOUNT_BIND:
		break;
	default:
		return false;
	}
	if (!mount->source || mount->source[0] != '/' ||
		harden_host_path(mount->source, clean) < 0 || !path_within(clean, "/dev"))
		return false;
	return harden_granted_path(h, "device", clean) || harden_granted_path(h, "mount", clean);
}

static bool may_run_tmp(struct hardening *h, const struct oci_mount *mount)
{
	return (harden_lands(mount, "/tmp", true) || harden_lands(mount, "/var/tmp", true)) &&
	       harden_granted(h, "tmp-exec");
}

static bool may_run_memory(struct hardening *h, const struct oci_mount *mount)
{
	char clean[PATH_TEXT_MAX];

	return mount->destination && harden_host_path(mount->destination, clean) == 0 &&
	       harden_granted_path(h, "tmpfs-exec", clean);
}

/* OF: the mount that MOUNT changes, see subject(). */
static bool needs_noexec(
	struct hardening *h, const struct oci_mount *mount, const struct oci_mount *of)
{
	const uint32_t flags = h->profile->flags;
	const bool memory = of && mount_kind(of) == MOUNT_MEMORY;
	const bool shm = harden_lands(mount, "/dev/shm", false);
	const bool wanted = (flags & PROFILE_NOEXEC_TMPFS && (memory || shm || !of)) ||
			    (flags & PROFILE_NOEXEC_WRITABLE && !holds(mount, &read_only));

	/* A grant does not remove a flag that the config itself sets. */
	if (!wanted || holds(mount, &noexec))
		return wanted;
	if (may_run_tmp(h, mount) || (memory && may_run_memory(h, mount)))
		return false;
	return shm || !(of && mount_is_bind(of) && in_workspace(h, of) &&
			      harden_granted(h, "workspace-exec"));
}

/* Reports it only if the config asks for "exec" explicitly. */
static void report_noexec(
	struct hardening *h, const struct oci_mount *mount, const struct oci_mount *of)
{
	const char *grant = harden_exec_grant(h->arena, &h->request->grants, mount, of);

	if (mount_has(mount, "exec") || mount_has(mount, "rexec"))
		harden_taken(h, grant && *grant ? grant : NULL, "execution of programs in %s",
			mount->destination);
}

int rule_mount_flags(struct hardening *h)
{
	struct oci_hardened *nacre = harden_need_hardened(h);
	struct mount_tree tree;
	int r = make_tree(h, &tree);

	if (!nacre)
		return harden_out_of_memory(h);
	/* A grant of new privileges is given for the root's setuid programs. */
	if (!nacre->root_nosuid && !harden_granted(h, "new-privileges")) {
		nacre->root_nosuid = true;
		harden_note(h, "nacre.rootNosuid", NULL, "true");
	}
	if (!nacre->root_nodev) {
		nacre->root_nodev = true;
		harden_note(h, "nacre.rootNodev", NULL, "true");
	}
	for (size_t i = 0; i < h->config->n_mounts && r == 0; i++) {
		const struct oci_mount *of = subject(h->config, &tree, i);
		const struct flag *flags[4] = {&nosuid};
		size_t n = 1;

		if (!of || !needs_devices(h, of))
			flags[n++] = &nodev;
		if (needs_noexec(h, &h->config->mounts[i], of)) {
			flags[n++] = &noexec;
			report_noexec(h, &h->config->mounts[i], of);
		}
		r = require_all(h, i, flags);
	}
	return r;
}
