/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_MOUNT_WORDS_H
#define NACRE_MOUNT_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "specs/spec.h"

/*
 * The words in mounts[].options: what they mean to the kernel, for the mount code, and what they
 * loosen, for the rules of the profiles. Both read this table and have one parser, so that neither
 * takes for a bind, or for read-only, what is none for the other.
 *
 * WORD(name, kind, set, clear, gives_back), sorted by name. SET and CLEAR: bits of the kind. A word
 * that takes a restriction of the kernel back (read-only, nosuid, nodev, noexec, nosymfollow) names
 * the word for it in GIVES_BACK.
 *
 * For the kernel atime is one field of three values, and relatime is 0: an r-word that sets one of
 * them must clear the whole field first, and one that takes a value back leaves relatime, the
 * default.
 */
/* clang-format off */
#define MOUNT_WORDS(WORD)                                                                          \
	WORD("acl",            SUPER,                 MS_POSIXACL,    0,              NULL)        \
	WORD("async",          SUPER,                 0,              MS_SYNCHRONOUS, NULL)        \
	WORD("atime",          TIME,                  0,              MS_NOATIME,     NULL)        \
	WORD("bind",           FLAG,                  AT(bind),       0,              NULL)        \
	WORD("copy-symlink",   FLAG,                  AT(copy_symlink), 0,            NULL)        \
	WORD("defaults",       NOTHING,               0,              0,              NULL)        \
	WORD("dest-nofollow",  FLAG,                  AT(destination_nofollow), 0,    NULL)        \
	WORD("dev",            ATTR,                  0,              NODEV,          "nodev")     \
	WORD("diratime",       TIME,                  0,              MS_NODIRATIME,  NULL)        \
	WORD("dirsync",        SUPER,                 MS_DIRSYNC,     0,              NULL)        \
	WORD("exec",           ATTR,                  0,              NOEXEC,         "noexec")    \
	WORD("idmap",          FLAG,                  AT(idmap),      0,              NULL)        \
	WORD("iversion",       SUPER,                 MS_I_VERSION,   0,              NULL)        \
	WORD("lazytime",       SUPER,                 MS_LAZYTIME,    0,              NULL)        \
	WORD("loud",           SUPER,                 0,              MS_SILENT,      NULL)        \
	WORD("mand",           SUPER,                 MS_MANDLOCK,    0,              NULL)        \
	WORD("noacl",          SUPER,                 0,              MS_POSIXACL,    NULL)        \
	WORD("noatime",        TIME,                  MS_NOATIME,     0,              NULL)        \
	WORD("nodev",          ATTR,                  NODEV,          0,              NULL)        \
	WORD("nodiratime",     TIME,                  MS_NODIRATIME,  0,              NULL)        \
	WORD("noexec",         ATTR,                  NOEXEC,         0,              NULL)        \
	WORD("noiversion",     SUPER,                 0,              MS_I_VERSION,   NULL)        \
	WORD("nolazytime",     SUPER,                 0,              MS_LAZYTIME,    NULL)        \
	WORD("nomand",         SUPER,                 0,              MS_MANDLOCK,    NULL)        \
	WORD("norelatime",     TIME,                  0,              MS_RELATIME,    NULL)        \
	WORD("nostrictatime",  TIME,                  0,              MS_STRICTATIME, NULL)        \
	WORD("nosuid",         ATTR,                  NOSUID,         0,              NULL)        \
	WORD("nosymfollow",    ATTR,                  NOSYMFOLLOW,    0,              NULL)        \
	WORD("private",        PROPAGATION,           MS_PRIVATE,     0,              NULL)        \
	WORD("ratime",         RECURSIVE_ATTR,        0,              ATIME,          NULL)        \
	WORD("rbind",          FLAG,                  AT(bind),       AT(recursive),  NULL)        \
	WORD("rdev",           RECURSIVE_ATTR,        0,              NODEV,          "rnodev")    \
	WORD("rdiratime",      RECURSIVE_ATTR,        0,              NODIRATIME,     NULL)        \
	WORD("relatime",       TIME,                  MS_RELATIME,    0,              NULL)        \
	WORD("remount",        FLAG,                  AT(remount),    0,              NULL)        \
	WORD("rexec",          RECURSIVE_ATTR,        0,              NOEXEC,         "rnoexec")   \
	WORD("ridmap",         FLAG,                  AT(idmap),      AT(idmap_recursive), NULL)   \
	WORD("rnoatime",       RECURSIVE_ATTR,        NOATIME,        ATIME,          NULL)        \
	WORD("rnodev",         RECURSIVE_ATTR,        NODEV,          0,              NULL)        \
	WORD("rnodiratime",    RECURSIVE_ATTR,        NODIRATIME,     0,              NULL)        \
	WORD("rnoexec",        RECURSIVE_ATTR,        NOEXEC,         0,              NULL)        \
	WORD("rnorelatime",    RECURSIVE_ATTR,        0,              ATIME,          NULL)        \
	WORD("rnostrictatime", RECURSIVE_ATTR,        0,              ATIME,          NULL)        \
	WORD("rnosuid",        RECURSIVE_ATTR,        NOSUID,         0,              NULL)        \
	WORD("rnosymfollow",   RECURSIVE_ATTR,        NOSYMFOLLOW,    0,              NULL)        \
	WORD("ro",             ATTR,                  RDONLY,         0,              NULL)        \
	WORD("rprivate",       RECURSIVE_PROPAGATION, MS_PRIVATE,     0,              NULL)        \
	WORD("rrelatime",      RECURSIVE_ATTR,        0,              ATIME,          NULL)        \
	WORD("rro",            RECURSIVE_ATTR,        RDONLY,         0,              NULL)        \
	WORD("rrw",            RECURSIVE_ATTR,        0,              RDONLY,         "rro")       \
	WORD("rshared",        RECURSIVE_PROPAGATION, MS_SHARED,      0,              NULL)        \
	WORD("rslave",         RECURSIVE_PROPAGATION, MS_SLAVE,       0,              NULL)        \
	WORD("rstrictatime",   RECURSIVE_ATTR,        STRICTATIME,    ATIME,          NULL)        \
	WORD("rsuid",          RECURSIVE_ATTR,        0,              NOSUID,         "rnosuid")   \
	WORD("rsymfollow",     RECURSIVE_ATTR,        0,              NOSYMFOLLOW,    "rnosymfollow") \
	WORD("runbindable",    RECURSIVE_PROPAGATION, MS_UNBINDABLE,  0,              NULL)        \
	WORD("rw",             ATTR,                  0,              RDONLY,         "ro")        \
	WORD("shared",         PROPAGATION,           MS_SHARED,      0,              NULL)        \
	WORD("silent",         SUPER,                 MS_SILENT,      0,              NULL)        \
	WORD("slave",          PROPAGATION,           MS_SLAVE,       0,              NULL)        \
	WORD("src-nofollow",   FLAG,                  AT(source_nofollow), 0,         NULL)        \
	WORD("strictatime",    TIME,                  MS_STRICTATIME, 0,              NULL)        \
	WORD("suid",           ATTR,                  0,              NOSUID,         "nosuid")    \
	WORD("symfollow",      ATTR,                  0,              NOSYMFOLLOW,    "nosymfollow") \
	WORD("sync",           SUPER,                 MS_SYNCHRONOUS, 0,              NULL)        \
	WORD("tmpcopyup",      FLAG,                  AT(tmpcopyup),  0,              NULL)        \
	WORD("unbindable",     PROPAGATION,           MS_UNBINDABLE,  0,              NULL)
/* clang-format on */

enum mount_word_kind {
	MOUNT_WORD_ATTR, /* MOUNT_ATTR_*, on this mount */
	MOUNT_WORD_RECURSIVE_ATTR, /* the same on the whole tree */
	MOUNT_WORD_TIME, /* MS_*: one field for the kernel, so read together */
	MOUNT_WORD_SUPER, /* MS_*, on the superblock */
	MOUNT_WORD_PROPAGATION, /* MS_* */
	MOUNT_WORD_RECURSIVE_PROPAGATION,
	MOUNT_WORD_FLAG, /* sets one or two bools of struct mount_options, given by their offsets */
	MOUNT_WORD_NOTHING,
};

struct mount_word {
	const char *name;
	enum mount_word_kind kind;
	uint64_t set;
	uint64_t clear;
	const char *gives_back; /* NULL: no restriction */
};

/* The row of NAME; NULL: it is none of ours and goes to the filesystem as it is. */
const struct mount_word *mount_word_find(const char *name);

/* Every word that is understood, sorted: features.md, mountOptions. */
const char *const *mount_word_names(size_t *ret_n);

/* What the words of one mount and its type mean: config.md, Linux mount options. */
struct mount_options {
	uint64_t attr_set; /* MOUNT_ATTR_*, on this mount */
	uint64_t attr_clear;
	unsigned times; /* MS_NOATIME, MS_NODIRATIME, MS_RELATIME, MS_STRICTATIME: those named; also
			   in the attrs */
	bool names_flags; /* some word is about the flags of this mount */
	uint64_t recursive_set; /* the r-words: on the whole tree */
	uint64_t recursive_clear;
	uint64_t propagation; /* MS_PRIVATE, MS_SHARED, MS_SLAVE or MS_UNBINDABLE; 0: as it is */
	bool propagation_recursive;
	unsigned super_flags; /* MS_SYNCHRONOUS, MS_DIRSYNC, MS_MANDLOCK, MS_LAZYTIME, MS_I_VERSION,
				 MS_SILENT, ... */
	unsigned super_clear;
	bool read_only; /* "ro": for a filesystem also the superblock's flag */
	bool bind; /* by a word, or by the type "bind" or "rbind", as Docker's --mount writes it */
	bool recursive; /* rbind */
	bool remount;
	bool tmpcopyup;
	bool idmap;
	bool idmap_recursive; /* ridmap */
	bool source_nofollow; /* src-nofollow, as podman passes it */
	bool destination_nofollow;
	bool copy_symlink;
	size_t n_data; /* words that are for the filesystem itself: see mount_word_is_data */
};

/* Reads them. Anything can be read: see mount_options_parse. */
struct mount_options mount_options_read(const struct oci_mount *mount);

/* The same, and refuses what no kernel call can express. MOUNT's index in the config is for the
 * error text. -EINVAL. */
int mount_options_parse(const struct oci_mount *mount, size_t index,
	struct mount_options *ret_options, struct nacre_error *err);

/* Whether WORD is none of ours and so goes to the filesystem as it is. */
bool mount_word_is_data(const char *word);

/* Whether KEY=something is among the words. */
bool mount_options_have_key(const struct oci_strings *options, const char *key);

/* --- one question --- */

bool mount_has(const struct oci_mount *mount, const char *word);
bool mount_has_type(const struct oci_mount *mount, const char *type);
bool mount_is_bind(const struct oci_mount *mount);
bool mount_is_read_only(const struct oci_mount *mount);

#endif
