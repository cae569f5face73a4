/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_RECEIPT_H
#define NACRE_RECEIPT_H

#include "specs/spec.h"
#include "specs/workspace_changes.h"

/*
 * The receipt of a container: an in-toto Statement v1 about what ran, under which rules, and what
 * came of it, with a predicate of nacre's own (contrib/receipt/README.md has its members). Pure.
 *
 * It is written canonically: members sorted, nothing between them, integers alone. A reader must
 * ignore members that it does not know; the number in the type goes up if one that is here changes
 * its meaning or goes away.
 */

#define RECEIPT_STATEMENT_TYPE "https://in-toto.io/Statement/v1"
/* A name, of the same domain as the annotations: nothing is fetched from there. */
#define RECEIPT_PREDICATE_TYPE "https://nacre.run/sandbox-run/v0.1"

/* The first subject: the list of changes of the first workspace that has one, or what stands for
 * it. Those of others are told apart by the number of the workspace. Nothing else is a subject:
 * what the container can choose, names and contents of files, is none. */
#define RECEIPT_CHANGES_NAME "/changes.json"
#define RECEIPT_NO_CHANGES "[]"

enum {
	RECEIPT_FILES_MAX = 1000, /* of all workspaces */
	RECEIPT_PATHS_MAX = 2 * 1024 * 1024, /* bytes of their paths, by escape.h */
	RECEIPT_DENIALS_MAX = 256, /* destinations; the count is of all */
};

struct receipt_digest {
	const char *sha256; /* 64 hexadecimal digits, as all digests here */
};

struct receipt_subject {
	struct receipt_digest digest;
	const char *name;
};

/* Which receipts of a key are there: sequence counts from 1, and each names the one before. */
struct receipt_chain {
	const char *key_id; /* digest of the public key as DER (SubjectPublicKeyInfo) */
	const char *previous_sha256; /* of that file, byte for byte; NULL: this is the first */
	uint64_t sequence;
};

struct receipt_config {
	const char *end_sha256; /* config.json as tightened, if `update` has changed it; or NULL */
	const char *given_sha256; /* config.json as in the bundle */
	const char *run_sha256; /* as tightened */
};

struct receipt_denial {
	uint64_t count;
	const char *destination; /* as a rule of egress.h has it; NULL: not known */
	const char *reason;
	const char *rule;
};

struct receipt_egress {
	struct receipt_denial *denials;
	size_t n_denials;
	uint64_t denied; /* in all */
	const char *mechanism; /* "cgroup-bpf", "relay"; NULL: nothing holds the rules */
	struct oci_strings rules; /* those that held at the end; none: connections are free */
};

struct receipt_grant {
	const char *by; /* policy.h */
	const char *grant;
	bool used;
};

/* The word of whoever wrote config.json. */
struct receipt_image {
	const char *annotation;
	const char *digest; /* "sha256:..." */
};

/* What was not observed. */
struct receipt_gap {
	const char *member; /* "exitStatus", "egress.denials" */
	const char *reason;
};

struct receipt_invocation {
	const char *finished; /* RFC 3339, UTC: nothing of the container ran any more */
	const char *id;
	const char *started;
	uint32_t uid; /* who created it */
};

/* No values: they may hold secrets. Each string is followed by a NUL byte. */
struct receipt_process {
	const char *args_sha256;
	const char *env_sha256;
};

struct receipt_resources {
	struct oci_u64 cpu_usec;
	struct oci_u64 memory_peak; /* bytes */
};

struct receipt_rule {
	bool enforced;
	const char *gap; /* what this host does not enforce of it; NULL: nothing */
	const char *name;
};

struct receipt_runtime {
	const char *name;
	const char *sha256; /* of the program */
	const char *version;
};

/* A file of a list of changes as the container left it. */
struct receipt_changed {
	const char *path; /* below the source, by escape.h */
	const char *sha256;
};

struct receipt_counts {
	uint64_t added, conflicts, deleted, modified, refused, renamed, replaced;
};

struct receipt_workspace {
	const char *changes; /* the subject that is its list of changes; NULL: there is none */
	struct receipt_counts counts;
	struct receipt_changed *files;
	size_t n_files;
	const char *form; /* "cow", "direct" */
	const char *source; /* on the host, by escape.h */
};

struct receipt {
	struct receipt_chain chain;
	struct receipt_config config;
	struct receipt_egress egress;
	struct oci_i32 exit_status; /* 128 + n if signal n ended it */
	struct receipt_grant *grants;
	size_t n_grants;
	struct receipt_image *image; /* NULL: no annotation has one */
	struct receipt_gap *incomplete;
	size_t n_incomplete;
	struct receipt_invocation invocation;
	struct receipt_process process;
	const char *profile;
	struct oci_strings required;
	struct receipt_resources resources;
	struct receipt_rule *rules;
	size_t n_rules;
	struct receipt_runtime runtime; /* what created the container */
	struct receipt_workspace *workspaces;
	size_t n_workspaces;
	struct receipt_runtime *writer; /* of the receipt, if that is another program; or NULL */
};

struct receipt_statement {
	const char *type;
	struct receipt predicate;
	const char *predicate_type;
	struct receipt_subject *subjects;
	size_t n_subjects;
};

/* The statement with its types, whatever stands there. *RET_TEXT: heap. -EILSEQ: some text is not
 * UTF-8. */
int receipt_statement_encode(
	const struct receipt_statement *statement, char **ret_text, struct nacre_error *err);

/* What encode has written: types, subjects and all that must be there are looked at (-EINVAL). */
int receipt_statement_decode(struct arena *arena, const char *name, const char *text, size_t length,
	struct receipt_statement **ret_statement, struct nacre_error *err);

/* For people. *RET_TEXT: heap. */
int receipt_statement_text(
	const struct receipt_statement *statement, char **ret_text, struct nacre_error *err);

/* The first annotation of an engine that has the digest of an image; an image without a digest:
 * there is none. */
struct receipt_image receipt_find_image(const struct oci_map *annotations);

/* The list of CHANGES of workspace NUMBER as one more subject of STATEMENT; its files and
 * their counts in WORKSPACE, one of STATEMENT's. Everything lives in ARENA. Returns how many files
 * are too many, or -errno. */
int receipt_add_changes(struct arena *arena, struct receipt_statement *statement,
	struct receipt_workspace *workspace, unsigned number,
	const struct workspace_changes *changes, struct nacre_error *err);

/* Of the strings, each with the NUL byte that ends it. -ENOMEM. */
int receipt_digest_strings(const struct oci_strings *strings, char ret_text[65]);

#endif
