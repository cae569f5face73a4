/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_SPEC_H
#define NACRE_SPEC_H

#include "specs/arena.h"
#include "specs/error.h"
#include "specs/spec_linux.h"
#include "specs/spec_types.h"

/*
 * The configuration of runtime-spec 1.3.0 for Linux as C structs, in the order of the spec's text.
 *
 * A member is named as in the JSON, in snake case. An array `x` stands beside its length `n_x`.
 * An absent object is NULL, an absent or empty string is NULL (Go's writers drop both alike), an
 * absent array has length 0 (and is NULL; where runc tells it from an empty one, has_x does), and
 * an optional number is one of the oci_u32 ... types, so that "absent" and "0" cannot be confused.
 * A string that the spec requires is never NULL after decoding. Everything that a struct points to
 * lives in the arena of the document it was decoded into.
 */

/* --- config.md --- */

struct oci_root {
	const char *path;
	bool readonly;
};

struct oci_mount {
	const char *destination;
	const char *source;
	const char *type;
	struct oci_strings options;
	struct oci_id_mapping *uid_mappings;
	size_t n_uid_mappings;
	struct oci_id_mapping *gid_mappings;
	size_t n_gid_mappings;
};

struct oci_console_size {
	uint64_t height;
	uint64_t width;
};

struct oci_user {
	uint32_t uid;
	uint32_t gid;
	struct oci_u32 umask;
	uint32_t *additional_gids;
	size_t n_additional_gids;
	const char *username;
};

struct oci_capabilities {
	struct oci_strings bounding;
	struct oci_strings effective;
	struct oci_strings inheritable;
	struct oci_strings permitted;
	struct oci_strings ambient;
};

struct oci_rlimit {
	const char *type;
	uint64_t soft;
	uint64_t hard;
};

struct oci_scheduler {
	const char *policy;
	struct oci_i32 nice;
	struct oci_i32 priority;
	struct oci_strings flags;
	struct oci_u64 runtime;
	struct oci_u64 deadline;
	struct oci_u64 period;
};

struct oci_io_priority {
	const char *class;
	struct oci_i32 priority;
};

struct oci_cpu_affinity {
	const char *initial;
	const char *final;
};

struct oci_process {
	bool terminal;
	struct oci_console_size *console_size;
	const char *cwd;
	struct oci_strings env;
	struct oci_strings args;
	const char *command_line; /* Windows only: known, not used */
	struct oci_rlimit *rlimits;
	size_t n_rlimits;
	const char *apparmor_profile;
	struct oci_capabilities *capabilities;
	bool no_new_privileges;
	struct oci_i32 oom_score_adj;
	struct oci_scheduler *scheduler;
	const char *selinux_label;
	struct oci_io_priority *io_priority;
	struct oci_cpu_affinity *exec_cpu_affinity;
	struct oci_user user;
};

struct oci_hook {
	const char *path;
	struct oci_strings args;
	bool has_env; /* an empty list and an absent one differ: absent means the caller's */
	struct oci_strings env;
	struct oci_i64 timeout; /* seconds, > 0 */
};

struct oci_hook_list {
	struct oci_hook *items;
	size_t n;
};

struct oci_hooks {
	struct oci_hook_list prestart;
	struct oci_hook_list create_runtime;
	struct oci_hook_list create_container;
	struct oci_hook_list start_container;
	struct oci_hook_list poststart;
	struct oci_hook_list poststop;
};

/* --- nacre's own: "nacre" in config.json --- */

/* A bind that is a workspace: nacre-workspace(8). */
struct oci_workspace {
	const char *destination; /* of the one mount that is meant, as it is written there */
	const char *form; /* WORKSPACE_COW or WORKSPACE_DIRECT; a read-only one is a bind as others
			     are */
	uint64_t bytes; /* of what is written to it; 0: no limit */
	uint64_t inodes; /* likewise */
	bool best_effort; /* a file system that has no limits is none */
	bool tmpfs; /* what is written lies in memory */
	struct oci_strings protect; /* names that are protected besides those of all workspaces */
};

/* What is written goes elsewhere, and to the source only with `nacre workspace apply`. */
#define WORKSPACE_COW "cow"
/* It goes to the source. */
#define WORKSPACE_DIRECT "direct"

/* What hardening settles and the spec has no word for. Part of the document, so that a tightened
 * config means the same when it is read again. Other runtimes ignore it (config.md, Extensibility).
 */
/* An object of the host that was judged before, by the name under which it is looked up again: it
 * must be that still. */
struct oci_judged {
	const char *name; /* the source of a mount, or what is hidden in the container */
	const char *path; /* where it lay on the host, without symlinks */
	uint64_t device;
	uint64_t inode;
};

struct oci_hardened {
	bool root_tmpfs; /* the root is an empty tmpfs, and root.path means nothing: sandbox.h. Or
			    it is what mounts[0] binds on "/" */
	const char *program; /* is executed, and process.args[0] what it finds as its name; NULL:
				that is executed. Not of a file: bundle.c */
	struct oci_strings directories; /* the program begins in the first that is there, and PWD
					   says so; none: in process.cwd */
	bool reaper; /* pid 1 is nacre's, which passes signals on and reaps, and the program its
			child; not where a pid namespace is joined */
	bool root_nosuid; /* of the root mount */
	bool root_nodev;
	struct oci_strings late_binds; /* destinations: read-only once all mounts are there, as
					  some lie inside */
	bool mask_views; /* linux.maskedPaths and readonlyPaths below /proc and /sys hold for every
			    procfs and sysfs of mounts */
	struct oci_strings not_host; /* types of namespaces: those joined by path must not be the
					runtime's own */
	struct oci_strings best_effort; /* of limit_words: limits of the profile, which a host
					   without the controller may skip */
	bool limits_required; /* it may not */
	const char *seccomp_filter; /* nacre's own, of filter.h: "agent" */
	struct oci_strings seccomp_grants; /* what it lets through besides: "syscall:ptrace" */
	bool no_setuid_files; /* that filter refuses modes with S_ISUID or S_ISGID */
	const char *landlock; /* of oci_landlock_words */
	struct oci_strings egress; /* canonical words of egress.h; none: connections are free */
	struct oci_strings egress_names; /* of egress_names.h: that have or had an address each, in
					    that order; none: those of the rules */
	bool egress_best_effort; /* these are the profile's own, and this host cannot enforce them
				  */
	bool no_metadata; /* nothing connects to egress_metadata, but for DNS and NTP */
	bool no_listening; /* what comes from elsewhere than the container's lo is dropped */
	struct oci_workspace *workspaces;
	size_t n_workspaces;
	struct oci_judged *judged; /* sources of mounts */
	size_t n_judged;
	struct oci_judged *hidden; /* covered as masked paths are, but must be there */
	size_t n_hidden;
};

struct oci_config {
	const char *oci_version;
	struct oci_root *root;
	struct oci_mount *mounts;
	size_t n_mounts;
	struct oci_process *process;
	const char *hostname;
	const char *domainname;
	struct oci_hooks *hooks;
	struct oci_map annotations;
	struct oci_linux *linux_;
	struct oci_hardened *nacre;

	/* Not part of the document: where each value stood; NULL for a config made in memory */
	struct json_document *document;
};

/* "best-effort", "required": on a host without it; "files": best effort, and no rule on TCP. Ends
 * with NULL. */
extern const char *const oci_landlock_words[];

/* Limits that hardening adds where the config is silent. A host without the controller skips these
 * with a warning; a limit that the config asks for must be enforced or creation fails. In the order
 * of oci_limit_words. */
enum oci_limit {
	OCI_LIMIT_PIDS = 1 << 0,
	OCI_LIMIT_MEMORY = 1 << 1,
	OCI_LIMIT_SWAP = 1 << 2,
	OCI_LIMIT_OOM_GROUP = 1 << 3,
	OCI_LIMIT_CPU = 1 << 4,
};

/* --- operations; see config.c, linux.c and fields.h --- */

/* Decodes LENGTH bytes of TEXT. NAME stands for the file in error texts ("config.json"). Everything
 * lives in ARENA. The bytes may be freed afterwards. Returns -EINVAL for a document that is not
 * valid JSON or has a wrong type, range or enum value ("config.json:41:
 * linux.resources.memory.limit: expected an integer, found \"1g\""), -E2BIG past a size, depth or
 * memory limit, -ENOMEM. */
int oci_config_decode(struct arena *arena, const char *name, const char *text, size_t length,
	struct oci_config **ret_config, struct nacre_error *err);

/* Calls WARN for each member of the document that is not known and is nearly the name of one that
 * is. */
void oci_config_warn_of_unknown(
	const struct oci_config *config, void (*warn)(void *data, const char *text), void *data);

/* The text of a part of config.json that is a file of its own: what oci_config_decode takes, and
 * WARN of oci_config_warn_of_unknown; NULL: it is not reported. */
struct oci_part {
	const char *name;
	const char *text;
	size_t length;
	void (*warn)(void *data, const char *text);
	void *data;
};

/* The same as oci_config_decode for a process alone, as `exec --process FILE` reads it. */
int oci_process_decode(struct arena *arena, const struct oci_part *part,
	struct oci_process **ret_process, struct nacre_error *err);

/* The same for linux.resources alone, as `update --resources FILE` reads it. */
int oci_resources_decode(struct arena *arena, const struct oci_part *part,
	struct oci_resources **ret_resources, struct nacre_error *err);

/* Writes the document. PRETTY: tabs and newlines, as `nacre spec` prints it; else one line.
 * The text is NUL-terminated, on the heap, and the caller's to free. */
int oci_config_encode(
	const struct oci_config *config, bool pretty, char **ret_text, struct nacre_error *err);

/* AFTER on one line, in place of the document of BEFORE: fields_rewrite. As oci_config_encode. */
int oci_config_rewrite(const struct oci_config *before, const struct oci_config *after,
	char **ret_text, struct nacre_error *err);

/* A deep copy into ARENA. */
int oci_config_copy(struct arena *arena, const struct oci_config *config,
	struct oci_config **ret_copy, struct nacre_error *err);
int oci_process_copy(struct arena *arena, const struct oci_process *process,
	struct oci_process **ret_copy, struct nacre_error *err);
int oci_resources_copy(struct arena *arena, const struct oci_resources *resources,
	struct oci_resources **ret_copy, struct nacre_error *err);

/* Equal as documents. */
bool oci_config_equal(const struct oci_config *a, const struct oci_config *b);
bool oci_process_equal(const struct oci_process *a, const struct oci_process *b);

/* The members of hooks in config.json, in the order of a container's life. Returns how many. */
#define OCI_HOOK_KINDS 8
size_t oci_hook_kinds(const char *ret_kinds[OCI_HOOK_KINDS]);

/* The namespace of TYPE, or NULL. */
struct oci_namespace *oci_find_namespace(const struct oci_config *config, const char *type);
/* Whether that one is made for this container, and not joined by its path. */
static inline bool oci_has_new_namespace(const struct oci_config *config, const char *type)
{
	const struct oci_namespace *ns = oci_find_namespace(config, type);

	return ns && (!ns->path || !*ns->path);
}
/* Adds a new one, behind those that are there; the array is another then. TYPE is borrowed. NULL:
 * out of memory. */
struct oci_namespace *oci_add_namespace(
	struct arena *arena, struct oci_config *config, const char *type);

/* The workspace that MOUNT is, or NULL. */
const struct oci_workspace *oci_find_workspace(
	const struct oci_config *config, const struct oci_mount *mount);

/* Whether mounts[INDEX] is what becomes the root of the container: the first one of a config with
 * nacre.rootTmpfs, a bind on "/". */
bool oci_mount_is_root(const struct oci_config *config, size_t index);

/* "pids", "memory", "swap", "oom-group", "cpu", NULL. */
extern const char *const oci_limit_words[];

/* enum oci_limit of the limits that the profile has set, and of those that are best effort. */
uint32_t oci_limits_of_profile(const struct oci_config *config);
uint32_t oci_best_effort(const struct oci_config *config);

/* Whether LIST holds WORD. */
bool oci_strings_have(const struct oci_strings *list, const char *word);
/* Whether they have the same words in the same order. */
bool oci_strings_same(const struct oci_strings *a, const struct oci_strings *b);

/* Sets an error that begins with the file, the line where the value at JSON path PATH stands (where
 * the config was decoded from a file) and the path itself. Returns -EINVAL. */
int oci_fail(const struct oci_config *config, struct nacre_error *err, const char *path,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
