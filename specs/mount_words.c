/* SPDX-License-Identifier: Apache-2.0 */
#include "specs/mount_words.h"

#include <errno.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>

#define RDONLY MOUNT_ATTR_RDONLY
#define NOSUID MOUNT_ATTR_NOSUID
#define NODEV MOUNT_ATTR_NODEV
#define NOEXEC MOUNT_ATTR_NOEXEC
#define NOATIME MOUNT_ATTR_NOATIME
#define STRICTATIME MOUNT_ATTR_STRICTATIME
#define NODIRATIME MOUNT_ATTR_NODIRATIME
#define NOSYMFOLLOW MOUNT_ATTR_NOSYMFOLLOW
#define ATIME MOUNT_ATTR__ATIME
#define AT(member) offsetof(struct mount_options, member)

#define ROW(name, kind, set, clear, gives_back) {name, MOUNT_WORD_##kind, set, clear, gives_back},
#define NAME(name, ...) name,
/* clang-format off */
static const struct mount_word words[] = {MOUNT_WORDS(ROW)};
static const char *const names[] = {MOUNT_WORDS(NAME)};
/* clang-format on */

enum {
	N_WORDS = sizeof(words) / sizeof(words[0]),
};

bool mount_options_have_key(const struct oci_strings *options, const char *key)
{
	size_t length = strlen(key);

	for (size_t i = 0; i < options->n; i++) {
		if (strncmp(options->items[i], key, length) == 0 &&
			options->items[i][length] == '=')
			return true;
	}
	return false;
}

const char *const *mount_word_names(size_t *ret_n)
{
	*ret_n = N_WORDS;
	return names;
}

/* Compares the first letter before it calls strcmp(3). */
static int compare(const void *name, const void *word)
{
	const char *a = name, *b = ((const struct mount_word *)word)->name;

	return *a != *b ? (unsigned char)*a - (unsigned char)*b : strcmp(a, b);
}

/* Merges a word: it overrides earlier ones. */
static void merge(uint64_t *set, uint64_t *clear, const struct mount_word *word)
{
	*set = (*set & ~word->clear) | word->set;
	*clear = (*clear & ~word->set) | word->clear;
}

static void merge_super(struct mount_options *o, const struct mount_word *word)
{
	o->super_flags = (o->super_flags & ~(unsigned)word->clear) | (unsigned)word->set;
	o->super_clear = (o->super_clear & ~(unsigned)word->set) | (unsigned)word->clear;
}

static void set_flag(struct mount_options *o, uint64_t offset)
{
	*(bool *)((char *)o + offset) = true;
}

static void apply(struct mount_options *o, const struct mount_word *word)
{
	o->names_flags |= word->kind == MOUNT_WORD_ATTR || word->kind == MOUNT_WORD_TIME;
	switch (word->kind) {
	case MOUNT_WORD_ATTR:
		merge(&o->attr_set, &o->attr_clear, word);
		break;
	case MOUNT_WORD_TIME:
		o->times = (o->times & ~(unsigned)word->clear) | (unsigned)word->set;
		break;
	case MOUNT_WORD_RECURSIVE_ATTR:
		merge(&o->recursive_set, &o->recursive_clear, word);
		break;
	case MOUNT_WORD_SUPER:
		merge_super(o, word);
		break;
	case MOUNT_WORD_PROPAGATION:
	case MOUNT_WORD_RECURSIVE_PROPAGATION:
		o->propagation = word->set;
		o->propagation_recursive = word->kind == MOUNT_WORD_RECURSIVE_PROPAGATION;
		break;
	case MOUNT_WORD_FLAG:
		set_flag(o, word->set);
		if (word->clear)
			set_flag(o, word->clear);
		break;
	case MOUNT_WORD_NOTHING:
		break;
	}
}

/*
 * Translates times for mount_setattr(2) as mount(2) behaves on a remount, with mount(8), runc and
 * crun: without a word that sets one of these four, nothing changes, even if a word clears one;
 * otherwise all are set as named, and relatime is the default.
 */
static void set_times(struct mount_options *o)
{
	if (!o->times)
		return;
	o->attr_clear |= ATIME;
	if (o->times & MS_STRICTATIME)
		o->attr_set |= STRICTATIME;
	else if (o->times & MS_NOATIME)
		o->attr_set |= NOATIME;
	if (o->times & MS_NODIRATIME)
		o->attr_set |= NODIRATIME;
	else
		o->attr_clear |= NODIRATIME;
}

const struct mount_word *mount_word_find(const char *name)
{
	return bsearch(name, words, N_WORDS, sizeof(words[0]), compare);
}

bool mount_word_is_data(const char *word)
{
	return word[0] != '\0' && !mount_word_find(word);
}

static const char *first_data(const struct oci_mount *mount)
{
	size_t i = 0;

	while (!mount_word_is_data(mount->options.items[i]))
		i++;
	return mount->options.items[i];
}

/* Refuses combinations that no system call can express. */
static int check(const struct oci_mount *mount, size_t index, const struct mount_options *o,
	struct nacre_error *err)
{
	const char *text = NULL;
	bool mappings = mount->n_uid_mappings > 0 || mount->n_gid_mappings > 0;

	if (o->bind && o->n_data > 0)
		return fail(err, EINVAL,
			"mounts[%zu].options: a bind mount cannot have the option \"%s\"", index,
			first_data(mount));
	if (o->idmap && !o->bind)
		text = "idmap needs a bind mount";
	else if (mappings && !o->bind)
		text = "uidMappings and gidMappings need a bind mount";
	else if (mappings && (mount->n_uid_mappings == 0 || mount->n_gid_mappings == 0))
		text = "uidMappings and gidMappings must be given together";
	else if (o->idmap && o->remount)
		text = "idmap cannot be set on a remount";
	else if (o->tmpcopyup && (!mount->type || strcmp(mount->type, "tmpfs") != 0))
		text = "tmpcopyup needs a tmpfs";
	if (text)
		return fail(err, EINVAL, "mounts[%zu].options: %s", index, text);
	return 0;
}

/* The words that make a bind, as an option or as a type. */
static const char *const bind_words[] = {"bind", "rbind"};

enum {
	N_BIND_WORDS = sizeof(bind_words) / sizeof(bind_words[0]),
};

struct mount_options mount_options_read(const struct oci_mount *mount)
{
	struct mount_options o = {};

	for (size_t i = 0; i < mount->options.n; i++) {
		const struct mount_word *word = mount_word_find(mount->options.items[i]);

		if (word)
			apply(&o, word);
		else if (mount->options.items[i][0] != '\0')
			o.n_data++;
	}
	for (size_t i = 0; i < N_BIND_WORDS; i++) {
		if (mount_has_type(mount, bind_words[i]))
			apply(&o, mount_word_find(bind_words[i]));
	}
	set_times(&o);
	/* config.md, uidMappings: without idmap or ridmap only the top mount is mapped. */
	o.idmap |= mount->n_uid_mappings > 0;
	o.read_only = (o.attr_set | o.recursive_set) & MOUNT_ATTR_RDONLY;
	return o;
}

int mount_options_parse(const struct oci_mount *mount, size_t index,
	struct mount_options *ret_options, struct nacre_error *err)
{
	const struct mount_options o = mount_options_read(mount);
	int r = check(mount, index, &o, err);

	if (r == 0)
		*ret_options = o;
	return r;
}

bool mount_has(const struct oci_mount *mount, const char *word)
{
	return oci_strings_have(&mount->options, word);
}

bool mount_has_type(const struct oci_mount *mount, const char *type)
{
	return mount->type && !strcmp(mount->type, type);
}

/* Looks at no other words: the rules ask this about ten times per mount. */
bool mount_is_bind(const struct oci_mount *mount)
{
	for (size_t i = 0; i < N_BIND_WORDS; i++) {
		if (mount_has(mount, bind_words[i]) || mount_has_type(mount, bind_words[i]))
			return true;
	}
	return false;
}

bool mount_is_read_only(const struct oci_mount *mount)
{
	return mount_options_read(mount).read_only;
}
