/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/mount/mount_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "libcontainer/base/sys.h"

enum kind {
	ATTR,
	RECURSIVE_ATTR,
	TIME, /* MS_*: see set_times */
	SUPER,
	PROPAGATION,
	RECURSIVE_PROPAGATION,
	FLAG, /* sets one or two bools of struct mount_options, given by their offsets */
	NOTHING,
};

struct word {
	const char *name;
	enum kind kind;
	uint64_t set;
	uint64_t clear;
};

#define RDONLY MOUNT_ATTR_RDONLY
#define NOSUID MOUNT_ATTR_NOSUID
#define NODEV MOUNT_ATTR_NODEV
#define NOEXEC MOUNT_ATTR_NOEXEC
#define NOATIME MOUNT_ATTR_NOATIME
#define STRICTATIME MOUNT_ATTR_STRICTATIME
#define NODIRATIME MOUNT_ATTR_NODIRATIME
#define NOSYMFOLLOW MOUNT_ATTR_NOSYMFOLLOW
/* For the kernel atime is one field of three values, and relatime is 0: an r-word that sets one of
 * them must clear the whole field first, and one that takes a value back leaves relatime, the
 * default. */
#define ATIME MOUNT_ATTR__ATIME
#define AT(member) offsetof(struct mount_options, member)

/* Sorted: names are looked up by bisection and features prints them in this order. */
/* clang-format off */
#define WORDS(W)                                                                                   \
	W("acl",            SUPER,                 MS_POSIXACL,    0)                              \
	W("async",          SUPER,                 0,              MS_SYNCHRONOUS)                 \
	W("atime",          TIME,                  0,             MS_NOATIME)                       \
	W("bind",           FLAG,                  AT(bind),       0)                              \
	W("copy-symlink",   FLAG,                  AT(copy_symlink), 0)                            \
	W("defaults",       NOTHING,               0,              0)                              \
	W("dest-nofollow",  FLAG,                  AT(destination_nofollow), 0)                    \
	W("dev",            ATTR,                  0,              NODEV)                          \
	W("diratime",       TIME,                  0,             MS_NODIRATIME)                    \
	W("dirsync",        SUPER,                 MS_DIRSYNC,     0)                              \
	W("exec",           ATTR,                  0,              NOEXEC)                         \
	W("idmap",          FLAG,                  AT(idmap),      0)                              \
	W("iversion",       SUPER,                 MS_I_VERSION,   0)                              \
	W("lazytime",       SUPER,                 MS_LAZYTIME,    0)                              \
	W("loud",           SUPER,                 0,              MS_SILENT)                      \
	W("mand",           SUPER,                 MS_MANDLOCK,    0)                              \
	W("noacl",          SUPER,                 0,              MS_POSIXACL)                    \
	W("noatime",        TIME,                  MS_NOATIME,    0)                                \
	W("nodev",          ATTR,                  NODEV,          0)                              \
	W("nodiratime",     TIME,                  MS_NODIRATIME, 0)                                \
	W("noexec",         ATTR,                  NOEXEC,         0)                              \
	W("noiversion",     SUPER,                 0,              MS_I_VERSION)                   \
	W("nolazytime",     SUPER,                 0,              MS_LAZYTIME)                    \
	W("nomand",         SUPER,                 0,              MS_MANDLOCK)                    \
	W("norelatime",     TIME,                  0,             MS_RELATIME)                      \
	W("nostrictatime",  TIME,                  0,             MS_STRICTATIME)                   \
	W("nosuid",         ATTR,                  NOSUID,         0)                              \
	W("nosymfollow",    ATTR,                  NOSYMFOLLOW,    0)                              \
	W("private",        PROPAGATION,           MS_PRIVATE,     0)                              \
	W("ratime",         RECURSIVE_ATTR,        0,              ATIME)                          \
	W("rbind",          FLAG,                  AT(bind),       AT(recursive))                  \
	W("rdev",           RECURSIVE_ATTR,        0,              NODEV)                          \
	W("rdiratime",      RECURSIVE_ATTR,        0,              NODIRATIME)                     \
	W("relatime",       TIME,                  MS_RELATIME,   0)                                \
	W("remount",        FLAG,                  AT(remount),    0)                              \
	W("rexec",          RECURSIVE_ATTR,        0,              NOEXEC)                         \
	W("ridmap",         FLAG,                  AT(idmap),      AT(idmap_recursive))            \
	W("rnoatime",       RECURSIVE_ATTR,        NOATIME,        ATIME)                          \
	W("rnodev",         RECURSIVE_ATTR,        NODEV,          0)                              \
	W("rnodiratime",    RECURSIVE_ATTR,        NODIRATIME,     0)                              \
	W("rnoexec",        RECURSIVE_ATTR,        NOEXEC,         0)                              \
	W("rnorelatime",    RECURSIVE_ATTR,        0,              ATIME)                          \
	W("rnostrictatime", RECURSIVE_ATTR,        0,              ATIME)                          \
	W("rnosuid",        RECURSIVE_ATTR,        NOSUID,         0)                              \
	W("rnosymfollow",   RECURSIVE_ATTR,        NOSYMFOLLOW,    0)                              \
	W("ro",             ATTR,                  RDONLY,         0)                              \
	W("rprivate",       RECURSIVE_PROPAGATION, MS_PRIVATE,     0)                              \
	W("rrelatime",      RECURSIVE_ATTR,        0,              ATIME)                          \
	W("rro",            RECURSIVE_ATTR,        RDONLY,         0)                              \
	W("rrw",            RECURSIVE_ATTR,        0,              RDONLY)                         \
	W("rshared",        RECURSIVE_PROPAGATION, MS_SHARED,      0)                              \
	W("rslave",         RECURSIVE_PROPAGATION, MS_SLAVE,       0)                              \
	W("rstrictatime",   RECURSIVE_ATTR,        STRICTATIME,    ATIME)                          \
	W("rsuid",          RECURSIVE_ATTR,        0,              NOSUID)                         \
	W("rsymfollow",     RECURSIVE_ATTR,        0,              NOSYMFOLLOW)                    \
	W("runbindable",    RECURSIVE_PROPAGATION, MS_UNBINDABLE,  0)                              \
	W("rw",             ATTR,                  0,              RDONLY)                         \
	W("shared",         PROPAGATION,           MS_SHARED,      0)                              \
	W("silent",         SUPER,                 MS_SILENT,      0)                              \
	W("slave",          PROPAGATION,           MS_SLAVE,       0)                              \
	W("src-nofollow",   FLAG,                  AT(source_nofollow), 0)                         \
	W("strictatime",    TIME,                  MS_STRICTATIME,0)                                \
	W("suid",           ATTR,                  0,              NOSUID)                         \
	W("symfollow",      ATTR,                  0,              NOSYMFOLLOW)                    \
	W("sync",           SUPER,                 MS_SYNCHRONOUS, 0)                              \
	W("tmpcopyup",      FLAG,                  AT(tmpcopyup),  0)                              \
	W("unbindable",     PROPAGATION,           MS_UNBINDABLE,  0)

#define ROW(name, kind, set, clear) {name, kind, set, clear},
#define NAME(name, kind, set, clear) name,
static const struct word words[] = {WORDS(ROW)};
static const char *const names[] = {WORDS(NAME)};
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

const char *const *mount_option_names(size_t *ret_n)
{
	*ret_n = N_WORDS;
	return names;
}

static int compare(const void *name, const void *word)
{
	return strcmp(name, ((const struct word *)word)->name);
}

/* A later word overrides an earlier one. */
static void merge(uint64_t *set, uint64_t *clear, const struct word *word)
{
	*set = (*set & ~word->clear) | word->set;
	*clear = (*clear & ~word->set) | word->clear;
}

static void merge_super(struct mount_options *o, const struct word *word)
{
	o->super_flags = (o->super_flags & ~(unsigned)word->clear) | (unsigned)word->set;
	o->super_clear = (o->super_clear & ~(unsigned)word->set) | (unsigned)word->clear;
}

static void set_flag(struct mount_options *o, uint64_t offset)
{
	*(bool *)((char *)o + offset) = true;
}

static void apply(struct mount_options *o, const struct word *word)
{
	o->names_flags |= word->kind == ATTR || word->kind == TIME;
	switch (word->kind) {
	case ATTR:
		merge(&o->attr_set, &o->attr_clear, word);
		break;
	case TIME:
		o->times = (o->times & ~(unsigned)word->clear) | (unsigned)word->set;
		break;
	case RECURSIVE_ATTR:
		merge(&o->recursive_set, &o->recursive_clear, word);
		break;
	case SUPER:
		merge_super(o, word);
		break;
	case PROPAGATION:
	case RECURSIVE_PROPAGATION:
		o->propagation = word->set;
		o->propagation_recursive = word->kind == RECURSIVE_PROPAGATION;
		break;
	case FLAG:
		set_flag(o, word->set);
		if (word->clear)
			set_flag(o, word->clear);
		break;
	case NOTHING:
		break;
	}
}

/*
 * mount(2) on a remount, for mount_setattr(2): no word that sets one of these four leaves what is
 * there, also if one takes it back; else all of them are as named, with relatime for silence. So it
 * is with mount(8), runc and crun.
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

static const struct word *find(const char *name)
{
	return bsearch(name, words, N_WORDS, sizeof(words[0]), compare);
}

bool mount_option_is_data(const char *word)
{
	return word[0] != '\0' && !find(word);
}

static const char *first_data(const struct oci_mount *mount)
{
	size_t i = 0;

	while (!mount_option_is_data(mount->options.items[i]))
		i++;
	return mount->options.items[i];
}

/* Combinations that no kernel call can express. */
static int check(const struct oci_mount *mount, size_t index, const struct mount_options *o,
	struct nacre_error *err)
{
	const char *text = NULL;
	bool mappings = mount->n_uid_mappings > 0 || mount->n_gid_mappings > 0;

	if (o->bind && o->n_data > 0)
		return fail(err, EINVAL, "mounts[%zu].options: \"%s\" is no option of a bind mount",
			index, first_data(mount));
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

int mount_options_parse(const struct oci_mount *mount, size_t index,
	struct mount_options *ret_options, struct nacre_error *err)
{
	struct mount_options o = {};

	for (size_t i = 0; i < mount->options.n; i++) {
		const struct word *word = find(mount->options.items[i]);

		if (word)
			apply(&o, word);
		else if (mount->options.items[i][0] != '\0')
			o.n_data++;
	}
	set_times(&o);
	/* Type "bind" alone, as Docker's --mount writes it. */
	if (mount->type && strcmp(mount->type, "bind") == 0)
		o.bind = true;
	if (mount->type && strcmp(mount->type, "rbind") == 0)
		o.bind = o.recursive = true;
	/* config.md, uidMappings: given without idmap or ridmap, the top mount is mapped. */
	if (mount->n_uid_mappings > 0)
		o.idmap = true;
	o.read_only = (o.attr_set | o.recursive_set) & MOUNT_ATTR_RDONLY;
	if (check(mount, index, &o, err) < 0)
		return -err->code;
	*ret_options = o;
	return 0;
}
