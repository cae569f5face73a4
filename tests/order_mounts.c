/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/order.h"

#include <linux/mount.h>
#include <string.h>

#include "specs/mount_words.h"

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* The last word decides. TREE: only those for a whole tree count. */
static bool flag_is_on(const struct oci_mount *mount, uint64_t flag, bool tree)
{
	bool on = false;

	for (size_t i = 0; i < mount->options.n; i++) {
		const struct mount_word *word = mount_word_find(mount->options.items[i]);

		if (!word || (word->kind != MOUNT_WORD_RECURSIVE_ATTR &&
				     (tree || word->kind != MOUNT_WORD_ATTR)))
			continue;
		on = word->set & flag || (on && !(word->clear & flag));
	}
	return on;
}

static const uint64_t flags[] = {
	MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_RDONLY};

static bool is_flag_word(const char *name)
{
	const struct mount_word *word = mount_word_find(name);

	for (size_t i = 0; word && i < sizeof(flags) / sizeof(flags[0]); i++) {
		if ((word->kind == MOUNT_WORD_ATTR || word->kind == MOUNT_WORD_RECURSIVE_ATTR) &&
			(word->set | word->clear) & flags[i])
			return true;
	}
	return false;
}

bool became_slave(const char *a, const char *b)
{
	return (same(a, "shared") && same(b, "slave")) || (same(a, "rshared") && same(b, "rslave"));
}

/* The size of the /tmp that is added is half of the memory that there is: to have less of it takes
 * nothing away that one could do, and the first profile that adds it decides. */
static bool is_size_of_tmp(const struct oci_mount *mount, const char *word)
{
	return same(mount->destination, "/tmp") && same(mount->source, "tmpfs") &&
	       !strncmp(word, "size=", 5);
}

static const char *next_other_word(const struct oci_mount *mount, size_t *i)
{
	while (*i < mount->options.n && (is_flag_word(mount->options.items[*i]) ||
						is_size_of_tmp(mount, mount->options.items[*i])))
		(*i)++;
	return *i < mount->options.n ? mount->options.items[(*i)++] : NULL;
}

static const char *options_looser(const struct oci_mount *a, const struct oci_mount *b)
{
	const char *from, *to;
	size_t i = 0, k = 0;

	for (size_t f = 0; f < sizeof(flags) / sizeof(flags[0]); f++) {
		if ((flag_is_on(a, flags[f], false) && !flag_is_on(b, flags[f], false)) ||
			(flag_is_on(a, flags[f], true) && !flag_is_on(b, flags[f], true)))
			return "a mount's flag";
	}
	do {
		from = next_other_word(a, &i);
		to = next_other_word(b, &k);
		if (!same(from, to) && !became_slave(from, to))
			return "a mount's option";
	} while (from);
	return NULL;
}

static bool is_added_tmp(const struct oci_mount *mount)
{
	return same(mount->destination, "/tmp") && same(mount->type, "tmpfs") &&
	       flag_is_on(mount, MOUNT_ATTR_NOSUID, false) &&
	       flag_is_on(mount, MOUNT_ATTR_NODEV, false);
}

const char *mounts_looser(const struct oci_config *a, const struct oci_config *b)
{
	size_t i = 0, added = 0;

	for (size_t k = 0; k < b->n_mounts; k++) {
		const struct oci_mount *from = i < a->n_mounts ? &a->mounts[i] : NULL;
		const struct oci_mount *to = &b->mounts[k];
		const char *what = "a mount appeared";

		if (from && same(from->destination, to->destination) &&
			same(from->source, to->source) && same(from->type, to->type)) {
			what = options_looser(from, to);
			i++;
		} else if (is_added_tmp(to) && !added++) {
			what = NULL;
		}
		if (what)
			return what;
	}
	return i < a->n_mounts ? "a mount is gone" : NULL;
}

static bool is_within(uint64_t b, uint64_t a)
{
	return !a || (b && b <= a);
}

bool workspaces_kept(const struct oci_config *a, const struct oci_config *b)
{
	for (size_t i = 0; i < a->nacre->n_workspaces; i++) {
		const struct oci_workspace *was = &a->nacre->workspaces[i], *is = NULL;

		for (size_t k = 0; k < b->nacre->n_workspaces; k++)
			if (same(was->destination, b->nacre->workspaces[k].destination))
				is = &b->nacre->workspaces[k];
		if (!is || !same(was->form, is->form) || !is_within(is->bytes, was->bytes) ||
			!is_within(is->inodes, was->inodes))
			return false;
	}
	return true;
}
