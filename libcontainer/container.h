/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CONTAINER_H
#define NACRE_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "specs/nacre_error.h"

/*
 * libnacre: containers from OCI bundles (runtime-spec 1.3.0) on Linux 5.14 and newer, cgroup v2.
 * contrib/example/run-bundle.c is a complete program. nacre-profiles(7) describes profiles, grants
 * and rules.
 *
 * Errors. A call that returns int returns 0 or a positive answer on success. On failure it returns
 * -errno and fills in *ERR; ERR must not be NULL. A program may branch on these codes:
 *
 *   -ENOENT    the container, its bundle or a file in the bundle does not exist
 *   -EEXIST    a container with this ID exists
 *   -EINVAL    an argument, the config or a name in it is not valid
 *   -E2BIG     an option is set that this version of the library does not know
 *   -EPERM     the kernel or a rule of the profile refused the call
 *   -ESRCH     the container or its process is not running
 *   -EBUSY     the status of the container does not permit the call; or the caller has threads
 *   -ENOTSUP   (= -EOPNOTSUPP) not possible with this container: it has no cgroup, criu cannot
 *              restore it, or an incompatible version of nacre made it; or not possible on this
 *              architecture
 *   -ENOSYS    the host lacks what is needed (cgroup v2, a kernel feature)
 *   -ETIMEDOUT a bounded wait ran out
 *   -ENOMEM    out of memory
 *
 * Every other errno of a system call may be returned as well. RET_ parameters are set only on
 * success.
 *
 * Memory. Each object has a call that ends it and that accepts NULL. A text (char **) is
 * NUL-terminated, and an array (pid_t **) comes with its length; the caller passes both to free(3).
 * Arguments are borrowed for the call, except for the callbacks of nacre_open, which are borrowed
 * until nacre_close. A pointer may be NULL only where a comment permits it.
 *
 * Growth. A struct of options begins with its size. Set the whole struct to zero, and size to its
 * sizeof. Zero is the default of every member. A program works with an older and with a newer
 * version of the library: members that the program does not have are zero, and members that the
 * library does not have must be zero (-E2BIG). Structs that only the library makes may get new
 * members at their end.
 *
 * The calling process. The library forks without exec, since init runs C code before the program.
 * So nacre_create, _run, _exec and _restore need a process with one thread (-EBUSY); nacre_start
 * does if the container was created with .trace_denials. All of these calls set SIGPIPE to be
 * ignored. The first process of a container, and the process of an exec, are children of the
 * caller: see nacre_wait. File descriptors that the library opens are O_CLOEXEC. A process that
 * joins an existing pid namespace keeps a copy of the caller's memory until it executes the
 * program, except for the heap of brk(2). A program in that namespace that has CAP_SYS_PTRACE may
 * read the copy: mallopt(M_MMAP_MAX, 0) moves large blocks into the heap, out of its reach.
 *
 * Threads. Every call that does not need one thread may be made from any thread. Two threads may
 * use one struct nacre at the same time for different containers, but not for the same container:
 * the locks that keep two processes from changing one container (fcntl(2), record locks) do not
 * keep out a thread of the same process. Both threads may then call the callbacks of nacre_open.
 * nacre_list, nacre_list_ids and nacre_inspect do not open the locks: they may be called at any
 * time. One thread at a time may use a struct nacre_process. Objects that the library gives to be
 * read (struct nacre_container, nacre_containers) do not change. nacre_list creates a thread, which
 * has ended when the call returns: no call that needs one thread may run meanwhile.
 */

#ifdef __cplusplus
extern "C" {
#endif

#define NACRE_API __attribute__((visibility("default")))

/* --- the library --- */

/* Return the version of the library, "1.0.0", and of the runtime-spec, "1.3.0". */
NACRE_API const char *nacre_version(void);
NACRE_API const char *nacre_spec_version(void);

/* Keeps the program's own binary out of the reach of containers (CVE-2019-5736): runs the program
 * again, with ARGV, from a read-only clone of its mount, unless nothing can
 * write to the binary anyway. Comes first in main of a program that uses nacre_create, _run, _exec
 * or _restore. Needs no privilege that these calls do not need. */
NACRE_API int nacre_self_protect(char *const argv[], struct nacre_error *err);

/* The containers of one root directory. */
struct nacre;

struct nacre_options {
	size_t size;
	/* directory of the states of all containers; it is created if it is missing. NULL:
	 * /run/nacre, or without root's rights $XDG_RUNTIME_DIR/nacre; if the variable is not set,
	 * /run/user/UID/nacre, or without that directory /tmp/nacre-UID/nacre */
	const char *root;
	bool root_must_exist; /* a missing directory is an error */
	/* Callbacks; the other calls run them in the caller's thread, per message one line without
	 * "\n". */
	void (*warn)(void *data, const char *text); /* NULL: warnings are dropped */
	void (*debug)(void *data, const char *text); /* one message per step, with its microseconds;
						      * NULL: none */
	void *data; /* first argument of both */
	uint64_t timeout_ms; /* how long create, start, run and exec may each wait until the
			      * container's process is ready, hooks included. After that the process
			      * is killed, what was done is undone, and the call returns -ETIMEDOUT.
			      * 0: no limit */
	bool expendable; /* this process does nothing but these calls, so a forced nacre_delete in
			  * another process may kill it if a call of it hangs on the container */
	const char *workspaces; /* directory of all workspaces; NULL: /var/lib/nacre/workspaces, or
				 * $XDG_STATE_HOME/nacre/workspaces */
	bool reviews; /* the caller reports workspaces that nacre_delete keeps, so WARN is not
		       * called for them */
	bool untrusted; /* processes of these containers may write to ROOT, so nothing in it is
			 * trusted: nacre_delete removes only the state. It runs no hook, ends no
			 * process and undoes nothing else. FORCE: the caller knows that the
			 * container has ended; without it -EBUSY if another call holds the lock of
			 * the container */
};

NACRE_API int nacre_open(
	const struct nacre_options *options, struct nacre **ret_nacre, struct nacre_error *err);
NACRE_API void nacre_close(struct nacre *nacre);

/* --- creating and starting --- */

/* The size of a terminal that the caller serves itself. process.consoleSize takes precedence. All
 * zero: unknown. This struct does not grow. */
struct nacre_window {
	unsigned short rows;
	unsigned short columns;
	bool bare_newlines; /* the terminal does not turn "\n" into "\r\n": its output goes to no
			     * screen */
};

struct nacre_create_options {
	size_t size;
	const char *bundle; /* directory; NULL: the working directory */
	const char *config; /* file; NULL: config.json in the bundle */
	const char *console_socket; /* unix(7) socket that takes the master of the terminal; NULL:
				     * none */
	const char *pid_file; /* file that takes the pid in decimal; NULL: none */
	const char *pidfd_socket; /* unix(7) socket that takes a pidfd of the process; NULL: none */
	const char *profile; /* NULL: the profile of the policy, which is "agent" if the policy
			      * names none */
	const char *const *allow; /* grants; NULL-terminated; NULL: none */
	const char *audit; /* file that gets a line per event of the container's life, or "journal":
			    * the journal of systemd; NULL: only the files of the policy */
	bool trace_denials; /* what nacre's own filter refuses is written to the audit record and
			     * counted for nacre_explain, in the container and in each nacre_exec. A
			     * process does that; it runs as long as the container */
	const char *const *require; /* rules that must be enforced completely; a list like ALLOW */
	unsigned preserve_fds; /* fds 3 ... 2 + n stay open in the container's process */
	unsigned listen_fds; /* how many of the PRESERVE_FDS fds, from the first, are sockets of the
			      * caller's own activation: the program gets LISTEN_FDS=n and
			      * LISTEN_PID=1. 0: it gets neither */
	const char *rootless; /* "true": if the caller cannot make a cgroup, the container has none,
			       * with a warning, unless the config asks for a limit or a path;
			       * "false": that is an error; NULL, "auto": "true" unless the caller
			       * is root of the host */
	bool no_cgroup; /* the container has no cgroup in any case */
	bool notify; /* the program gets NOTIFY_SOCKET: see nacre_process_take_notify */
	bool no_pivot; /* MS_MOVE instead of pivot_root(2) */
	bool no_new_keyring; /* keeps the caller's session keyring */
	bool systemd_cgroup; /* the container's cgroup is a unit of systemd, and linux.cgroupsPath
			      * is SLICE:PREFIX:NAME; otherwise the cgroup is a directory */
	bool detach; /* nacre_run: the caller does not serve the terminal, so a terminal needs a
		      * console socket. nacre_create always acts so */
	struct nacre_window window;
	const char *const *egress; /* egress rules: what the container may connect to,
				    * nacre-profiles(7); a list like ALLOW; NULL: the rules of the
				    * policy, or of the profile */
	const char *const *workspaces; /* SRC[:DEST][:cow|direct|ro][,size=N[,tmpfs]]: directories
					* to work on, nacre-workspace(8); a list like ALLOW */
	const char *receipt; /* file that does not exist yet, for a signed receipt when the
			      * container is deleted; NULL: only the receipt of the policy */
	const char *receipt_key; /* key that signs the receipt, a file or a URI; NULL: the key of
				  * the policy, or receipt.key in /etc/nacre, for users other than
				  * root in $XDG_CONFIG_HOME/nacre */
	const char *config_text; /* config as JSON, instead of a file in the bundle; NULL: none */
	bool kill_on_exit; /* nacre_run, of a config with nacre.reaper: the container is killed when
			    * the calling process ends, for whatever reason. Without a reaper only
			    * the program is killed, which ends everything if it is pid 1 of a pid
			    * namespace */
	bool preserve_gaps; /* some of the PRESERVE_FDS fds may be closed */
	const char *userns; /* "shifted": the rule user-namespace applies, whatever the profile;
			     * NULL: as the policy and the profile decide */
	bool key_masked; /* the config hides the caller's own key of receipts, as the config of
			  * nacre_bwrap_options does. A mount source that contains the key is then
			  * not refused */
	bool late; /* nacre_create: nacre_start_late gives the program, once. The user,
		    * capabilities, limits, labels and filters are those of the process in the
		    * config. A workspace of form cow is a place for another source */
};

/* A started process. */
struct nacre_process;

/* Creates container ID ([A-Za-z0-9_+.-]) from a bundle, with everything except the user's program;
 * its status is then "created". It inherits the caller's stdio, unless process.terminal is true.
 * After a failure nothing is left. */
NACRE_API int nacre_create(struct nacre *nacre, const char *id,
	const struct nacre_create_options *options, struct nacre_error *err);

/* Runs the program of a created container and returns when it executes. RET_PROCESS may be NULL.
 * -EBUSY: the status is not "created". */
NACRE_API int nacre_start(struct nacre *nacre, const char *id, struct nacre_process **ret_process,
	struct nacre_error *err);

struct nacre_start_options {
	size_t size;
	const char *process_file; /* process of the spec as JSON: args and cwd, and env unless the
				   * config's env is wanted. Any other member is an error that names
				   * it. The rules of the profile for a process apply to it */
	const char *workspace; /* SRC[:DEST], a directory that takes the place of the source of the
				* container's one workspace, in the same form and size. Only for
				* root. NULL: the source of creation stays */
	const char *const *egress; /* egress rules that replace those of creation, as in
				    * nacre_update_options; NULL: they stay */
};

/* Runs another program than the config's in a container that was created with .late. Exactly one
 * call gets the container. -EBUSY: another call got it, even one that was killed since; such a
 * container never runs and can only be deleted. Arguments are checked before anything is changed,
 * and after such a failure the call can be repeated; a later failure ends the container. With
 * .workspace the call needs a process with one thread. */
NACRE_API int nacre_start_late(struct nacre *nacre, const char *id,
	const struct nacre_start_options *options, struct nacre_process **ret_process,
	struct nacre_error *err);

/* Creates and starts a container. */
NACRE_API int nacre_run(struct nacre *nacre, const char *id,
	const struct nacre_create_options *options, struct nacre_process **ret_process,
	struct nacre_error *err);

struct nacre_exec_options {
	size_t size;
	const char *process_file; /* process of the spec as JSON; NULL: the process is made from the
				   * members below */
	const char *const *args; /* NULL-terminated, like all lists here */
	const char *cwd; /* NULL: the cwd of the container's process */
	const char *const *env; /* added to the environment of the container's process; NULL:
				 * nothing */
	const char *user; /* "UID[:GID]"; NULL, and for an absent GID: as in the container's process
			   */
	const char *const *additional_gids; /* groups in decimal that are added; NULL: none */
	const char *const *caps; /* capabilities that are added; NULL: none */
	bool no_new_privs;
	bool terminal;
	const char *apparmor; /* NULL: the profile of the container's process */
	const char *process_label; /* SELinux; NULL: the label of the container's process */
	const char *console_socket; /* this and the next two: as in nacre_create_options */
	const char *pid_file;
	const char *pidfd_socket;
	const char *cgroup; /* a path below the container's cgroup; NULL: the container's */
	bool exec_cgroup; /* in a new cgroup below the container's or CGROUP, so that
			   * nacre_process_kill reaches everything that the program starts. The
			   * default unless the profile is "oci", or CGROUP or DETACH is set; as a
			   * default, a cgroup that cannot be made is no error */
	bool kill_on_exit; /* implies exec_cgroup: a process that watches the calling process and
			    * its parent kills the cgroup when either ends, for whatever reason */
	unsigned preserve_fds;
	bool ignore_paused; /* in a paused container too: the program starts when the container is
			     * resumed */
	bool detach; /* as for nacre_run */
	struct nacre_window window;
};

/* Runs one more process in a running container, under the same profile. -ESRCH: the container is
 * not running; -EBUSY: it is paused. */
NACRE_API int nacre_exec(struct nacre *nacre, const char *id,
	const struct nacre_exec_options *options, struct nacre_process **ret_process,
	struct nacre_error *err);

/* --- a started process --- */

NACRE_API pid_t nacre_process_pid(const struct nacre_process *process); /* as the host counts */

/* Returns a pidfd that becomes readable when the process has ended. It belongs to the library: do
 * not close it. */
NACRE_API int nacre_process_pidfd(const struct nacre_process *process);

/* Returns the master of the process's terminal, which from then on belongs to the caller. -1: there
 * is none, a console socket took it, or an earlier call did. */
NACRE_API int nacre_process_take_console(struct nacre_process *process);

/* Returns the non-blocking datagram socket that receives the sd_notify(3) messages of a program
 * created with .notify. The program wrote them: do not trust them. A message may bring a file whose
 * last close, by its reader, takes as long as the program wants: read in a process that may wait,
 * and let it close the socket last. Ownership and -1 as for the console. */
NACRE_API int nacre_process_take_notify(struct nacre_process *process);

/* Waits until the process has ended. TIMEOUT_MS: milliseconds; 0: only looks; -1: no limit. A
 * signal does not end the wait. *RET_STATUS: a wait status, for WIFEXITED and the like of wait(2);
 * or NACRE_WAIT_UNKNOWN if the kernel does not report it: the process is not a child of the caller
 * (which did not call nacre_create or _run itself), SIGCHLD is ignored, or another wait took the
 * status. A second call gives the same status. -ETIMEDOUT: the process has not ended, or a process
 * that traces it, such as one of the container, keeps its status. */
enum {
	NACRE_WAIT_UNKNOWN = -1,
};
NACRE_API int nacre_wait(
	struct nacre_process *process, int timeout_ms, int *ret_status, struct nacre_error *err);

/* Sends SIGKILL to the process, and for the container's first process to the whole container, for
 * an exec that has its own cgroup to everything in that cgroup. A process that has ended is no
 * error. */
NACRE_API int nacre_process_kill(struct nacre_process *process, struct nacre_error *err);

/* Returns 1 if the kernel's OOM killer killed in the cgroup of the process since the process
 * started, and describes that in *RET_WHY; otherwise 0. Call it when the process was killed, before
 * the container is deleted. */
NACRE_API int nacre_process_explain(
	const struct nacre_process *process, struct nacre_error *ret_why);

/* nacre_process_audited returns whether there is an audit record or a receipt, so that nacre_exited
 * is to be called. nacre_exited records, for both, that the process of container ID with this PID
 * has ended with STATUS: its exit code, or 128 + n for signal n. Whoever waited for the process
 * calls it. */
NACRE_API bool nacre_process_audited(const struct nacre_process *process);
NACRE_API int nacre_exited(
	struct nacre *nacre, const char *id, pid_t pid, int status, struct nacre_error *err);

/* Frees the object; the process continues. Its own cgroup is removed if no process is left in it.
 */
NACRE_API void nacre_process_release(struct nacre_process *process);

/* --- acting on a container --- */

/* Sends SIG to the container's first process; SIGKILL goes to all its processes if it has no pid
 * namespace of its own. ALL: sends SIG to every process of its cgroup; no process is no error. */
NACRE_API int nacre_kill(
	struct nacre *nacre, const char *id, int sig, bool all, struct nacre_error *err);

/* Returns the number of a signal from "9", "KILL", "SIGKILL" or "SIGRTMIN+1", or -EINVAL. */
NACRE_API int nacre_signal(const char *text, struct nacre_error *err);

/* Deletes a stopped container. FORCE: kills a running container, and a process that hangs on it if
 * that process is expendable (struct nacre_options); a container that does not exist is then no
 * error. After an error the container still exists, and another nacre_delete continues. -EBUSY: it
 * runs. Reaps the container's first process if that is a child of the caller: a later nacre_wait
 * returns NACRE_WAIT_UNKNOWN, unless an earlier one got the status. */
NACRE_API int nacre_delete(
	struct nacre *nacre, const char *id, bool force, struct nacre_error *err);

/* Freeze and thaw all its processes. -EBUSY: the container does not run, or is not paused.
 * -ENOTSUP: it has no cgroup. */
NACRE_API int nacre_pause(struct nacre *nacre, const char *id, struct nacre_error *err);
NACRE_API int nacre_resume(struct nacre *nacre, const char *id, struct nacre_error *err);

struct nacre_update_options {
	size_t size;
	const char *resources; /* linux.resources as JSON; NULL: {} */
	const char *name; /* name of that text in errors; NULL: "resources" */
	const char *l3_cache_schema; /* of linux.intelRdt, which the config must have; NULL: none */
	const char *mem_bw_schema;
	const char *const *egress; /* rules that replace all present ones, like those of
				    * nacre_create_options; NULL or an empty list: they stay */
};

/* Changes limits and egress rules. What is absent or zero stays. The profile and the grants of
 * nacre_create apply. After a failure everything is as before; but if a swap of rules failed, only
 * connections that the old and the new rules both allow are possible until the call succeeds. */
NACRE_API int nacre_update(struct nacre *nacre, const char *id,
	const struct nacre_update_options *options, struct nacre_error *err);

/* --- queries --- */

enum nacre_status { /* runtime.md, State; paused is a status of runc */
	NACRE_CREATING,
	NACRE_CREATED,
	NACRE_RUNNING,
	NACRE_PAUSED,
	NACRE_STOPPED,
};

/* Returns the name, such as "created"; NULL: there is no such status. */
NACRE_API const char *nacre_status_name(enum nacre_status status);

/* A container at the time of the call. Only the library makes it. In status creating, a text that
 * is not known yet is "". */
struct nacre_container {
	const char *id;
	enum nacre_status status;
	pid_t pid; /* pid of the first process in the host's pid namespace; 0: creating or stopped
		    */
	const char *bundle; /* absolute path */
	const char *rootfs; /* absolute path; "": an empty root filesystem, as of a sandbox */
	const char *created; /* RFC 3339, UTC, with nanoseconds */
	const char *owner; /* who created it: "root", or the uid in decimal */
	const char *profile;
	const char *const *annotations; /* key, value, key, value, ..., NULL */
};

NACRE_API int nacre_inspect(struct nacre *nacre, const char *id,
	struct nacre_container **ret_container, struct nacre_error *err);
NACRE_API void nacre_container_free(struct nacre_container *container);

/* Returns the state of runtime.md as JSON, with runc's additional members. */
NACRE_API int nacre_state(
	struct nacre *nacre, const char *id, char **ret_json, struct nacre_error *err);

/* Lists every container below the root, by ID. A state that cannot be read is a warning. */
struct nacre_containers;
NACRE_API int nacre_list(
	struct nacre *nacre, struct nacre_containers **ret_list, struct nacre_error *err);
/* Lists the IDs alone; the other members are 0. It reads no state, so a container with an
 * unreadable one is in the list too. */
NACRE_API int nacre_list_ids(
	struct nacre *nacre, struct nacre_containers **ret_list, struct nacre_error *err);
NACRE_API size_t nacre_containers_size(const struct nacre_containers *list);
/* Returns the container at I, which belongs to the list; NULL: I is past the end. */
NACRE_API const struct nacre_container *nacre_containers_get(
	const struct nacre_containers *list, size_t i);
/* Returns an array of states; -EINVAL: the list is one of nacre_list_ids. */
NACRE_API int nacre_containers_json(
	const struct nacre_containers *list, char **ret_json, struct nacre_error *err);
NACRE_API void nacre_containers_free(struct nacre_containers *list);

/* Returns the pids of all its processes in the host's pid namespace. -ESRCH: there are none. */
NACRE_API int nacre_pids(struct nacre *nacre, const char *id, pid_t **ret_pids, size_t *ret_n,
	struct nacre_error *err);

/* Returns the resource usage of a container as the one-line JSON object that `runc events --stats`
 * prints. -ESRCH: it is not running. */
NACRE_API int nacre_stats(
	struct nacre *nacre, const char *id, char **ret_json, struct nacre_error *err);

/* Calls EVENT with such an object every INTERVAL_MS milliseconds, and with {"type":"oom","id":ID}
 * when the OOM killer has killed, until the container ends or until EVENT returns a negative errno,
 * which the call then returns. */
NACRE_API int nacre_events(struct nacre *nacre, const char *id, uint64_t interval_ms,
	int (*event)(void *data, const char *json), void *data, struct nacre_error *err);

enum nacre_explain_format {
	NACRE_EXPLAIN_TEXT, /* for people */
	NACRE_EXPLAIN_JSON,
	NACRE_EXPLAIN_FLAGS, /* one line of --allow GRANT options: what would allow everything that
			      * was refused */
	NACRE_EXPLAIN_POLICY, /* the same as a policy.json */
	NACRE_EXPLAIN_SUMMARY, /* a few lines on what was refused; empty: nothing was refused */
	NACRE_EXPLAIN_FAILURE, /* the summary for a program that failed, and noexec paths and a
				* read-only root, which may be the cause */
};

/* Reports what the container was denied since its start, as far as it is counted, and what is not
 * counted. Works until the container is deleted. */
NACRE_API int nacre_explain(struct nacre *nacre, const char *id, enum nacre_explain_format format,
	char **ret_text, struct nacre_error *err);

/* --- workspaces --- */

/* A workspace holds what a container has changed in a directory that it works on as a copy,
 * nacre-workspace(8). Workspaces outlive the container. The calls that take an ID are refused while
 * something runs in the container (-EBUSY), unless it is paused and the call permits that; -ENOENT:
 * it has no workspace. */

/* Lists the workspaces of all containers, one per line, or as JSON. */
NACRE_API int nacre_workspace_list(
	struct nacre *nacre, bool json, char **ret_text, struct nacre_error *err);

enum nacre_workspace_format {
	NACRE_WORKSPACE_TEXT, /* a line per change, and the digest of all changes */
	NACRE_WORKSPACE_JSON,
	NACRE_WORKSPACE_STAT, /* how many lines were added and removed in each file */
	NACRE_WORKSPACE_PATCH, /* a unified diff of the text files */
};

struct nacre_workspace_diff_options {
	size_t size;
	enum nacre_workspace_format format;
	const char *const *paths; /* only changes at or below these: relative to the source or
				   * absolute; NULL-terminated; NULL: all */
	uint64_t max_bytes; /* limit of the content that is read; files beyond it are refused; 0: 4
			     * GiB */
	uint64_t max_changes; /* limit of changes; more are an error, -E2BIG; 0: 1,000,000 */
};

/* Lists what apply would do, and what it would leave out. Works in a paused container too. Names
 * and text of the container are escaped: the result is safe for a terminal. *RET_TEXT: heap. */
NACRE_API int nacre_workspace_diff(struct nacre *nacre, const char *id,
	const struct nacre_workspace_diff_options *options, char **ret_text,
	struct nacre_error *err);

struct nacre_workspace_apply_options {
	size_t size;
	const char *const *paths; /* like those of diff; a protected path is applied if it is named
				   * itself; NULL: all */
	const char *const *force; /* paths that are applied, with everything below, although the
				   * source was changed meanwhile; undo restores the source's
				   * content; a list like PATHS; NULL: none */
	const char *const *expect; /* digests that diff has printed: nothing is applied unless each
				    * workspace with changes has one of them; NULL: no check */
	uint64_t max_bytes; /* like those of diff, as is the next */
	uint64_t max_changes;
	bool dry_run; /* only reports what would be done */
	bool json;
	/* Called after each change. DONE: how many of the requested changes in one workspace were
	 * handled; ALL: their number. NULL: no calls. */
	void (*progress)(void *data, uint64_t done, uint64_t all);
	void *data;
};

/* Applies changes to the source of each workspace of container ID. The container must have stopped,
 * and a receipt that it is to have must be written (-EBUSY, for undo and discard too: delete the
 * container first). Each change is done completely or not at all, even if this process is killed;
 * what was replaced is kept for undo, and what was applied leaves the workspace. Returns 1 if every
 * requested change was applied, 0 if some were refused or are in conflict: *RET_TEXT (heap) lists
 * each with its reason. */
NACRE_API int nacre_workspace_apply(struct nacre *nacre, const char *id,
	const struct nacre_workspace_apply_options *options, char **ret_text,
	struct nacre_error *err);

struct nacre_workspace_undo_options {
	size_t size;
	const char *const *force; /* like that of apply: what the host has changed since goes to the
				   * workspace */
	bool dry_run;
	bool json;
};

/* Undoes the last apply of each workspace: the source has its old content, and the changes are in
 * the workspace again. Returns the same as nacre_workspace_apply. -ENOENT: there is nothing to
 * undo. */
NACRE_API int nacre_workspace_undo(struct nacre *nacre, const char *id,
	const struct nacre_workspace_undo_options *options, char **ret_text,
	struct nacre_error *err);

/* Removes all workspaces of container ID with their changes and with what undo would need. */
NACRE_API int nacre_workspace_discard(struct nacre *nacre, const char *id, struct nacre_error *err);

/* --- checkpoint and restore --- */

/* Options for criu(8), which both calls need and whose manual describes them. Only root can use it
 * (-EPERM). */
struct nacre_criu_options {
	size_t size;
	const char *criu; /* absolute path of the program; NULL: "criu" of $PATH */
	const char *image_path; /* directory of the images; NULL: "checkpoint" */
	const char *work_path; /* directory of criu's log; NULL: the directory of the images */
	const char *manage_cgroups; /* soft, full, strict, ignore; NULL: "ignore", see nacre(8) */
	const char *const *empty_ns; /* may be "network", which always applies */
	bool tcp_established;
	bool ext_unix_sk;
	bool shell_job;
	bool file_locks;
	bool lazy_pages;
	bool auto_dedup;

	/* checkpoint */
	const char *parent_path; /* directory of an earlier pre-dump, relative to the images; NULL:
				  * none */
	const char *page_server; /* ADDRESS:PORT; NULL: none */
	unsigned status_fd; /* fd that gets a NUL byte once pages are served; 0: none */
	bool leave_running;
	bool tcp_skip_in_flight;
	bool link_remap;
	bool pre_dump; /* dumps only memory; the container continues */

	/* restore */
	const char *lsm_profile; /* TYPE:NAME; NULL: the one of the checkpoint */
	const char *lsm_mount_context;
	bool tcp_close;
};

/* Writes a running or paused container to files and deletes it, unless .leave_running is set.
 * -EOPNOTSUPP: the container has something that criu cannot restore. */
NACRE_API int nacre_checkpoint(struct nacre *nacre, const char *id,
	const struct nacre_criu_options *options, struct nacre_error *err);

/* Creates a container from those files and the bundle in CREATE. The members for console, pid file,
 * profile and cgroup apply as for nacre_run; .notify and .listen_fds are refused (-EINVAL). -EPERM:
 * the checkpoint may be looser than the profile. */
NACRE_API int nacre_restore(struct nacre *nacre, const char *id,
	const struct nacre_create_options *create, const struct nacre_criu_options *options,
	struct nacre_process **ret_process, struct nacre_error *err);

/* --- receipts --- */

/* Makes a key for receipts in the file KEY (NULL: its usual place), and its public half in KEY.pub.
 * *RET_PUBLIC: the public half as PEM. -EEXIST: there is a key already. */
NACRE_API int nacre_receipt_keygen(const char *key, char **ret_public, struct nacre_error *err);

/* Returns the contents of the receipt in FILE for people. It verifies nothing: nacre_receipt_verify
 * does. */
NACRE_API int nacre_receipt_show(const char *file, char **ret_text, struct nacre_error *err);

/* Verifies that KEY, the file of a public key, has signed the receipts in FILES (NULL-terminated)
 * and that nothing was changed since. Several must be all the receipts that this key has signed,
 * from the first of them to the last. CHANGES: a file that must be the list of changes that the
 * only receipt names, or NULL. Returns 1 if all of this is so, otherwise 0. *RET_TEXT: a line per
 * valid receipt, and per mismatch. */
NACRE_API int nacre_receipt_verify(const char *key, const char *const *files, const char *changes,
	char **ret_text, struct nacre_error *err);

/* --- without a container --- */

/* Returns the config that `nacre spec` writes. ROOTLESS: a config that the caller can run without
 * privilege; it has a network namespace if PROFILE (NULL: "agent") refuses the host's, otherwise
 * none, like runc's. */
NACRE_API int nacre_default_config(
	bool rootless, const char *profile, char **ret_json, struct nacre_error *err);

/* Options of `nacre sandbox`, which runs a program of the host without an image. Lists end with
 * NULL; NULL is an empty list. */
struct nacre_sandbox_options {
	size_t size;
	const char *const *args; /* the program and its arguments */
	const char *const *workspaces; /* like those of nacre_create_options, which must get them
					* too; none: the working directory, in form cow */
	const char *const *read; /* additional paths of the host that are visible, read-only */
	const char *const *write; /* additional paths of the host that are visible and writable */
	const char *const *hide; /* paths of the host that are not visible */
	const char *const *env; /* "NAME": the caller's variable; "NAME=VALUE": a new one */
	bool terminal;
	bool network; /* a network, with the host's name servers and hosts */
	int64_t memory; /* bytes; 0: the profile's, as for the next two */
	int64_t pids;
	uint64_t cpus; /* in thousandths of a CPU */
	uint64_t tmp_bytes; /* size of each of /tmp, /run and the home; 0: the kernel's default */
	const char *cgroup_manager; /* "cgroupfs", "systemd" or "disabled"; NULL: what the caller
				     * can use */
};

/* Returns the config for these options, which nacre_run takes as .config_text. Returns 1 if
 * nacre_run needs .systemd_cgroup, otherwise 0. Without root and without a cgroup that the caller
 * may use, a scope of the user's systemd holds the limits; without that systemd, limits of the
 * process do. The program begins in the working directory if a workspace contains it, otherwise in
 * the first workspace. -EPERM: a workspace is the root or a home, or contains a home. */
NACRE_API int nacre_sandbox_config(
	const struct nacre_sandbox_options *options, char **ret_json, struct nacre_error *err);

/* Reads options of `nacre sandbox` from the JSON document FILE. *RET_WORDS: words of its command
 * line, each "--NAME=VALUE", ended by NULL, in one block for free(3). nacre-sandbox(1), SETTINGS.
 */
NACRE_API int nacre_sandbox_settings(
	const char *file, const char *const **ret_words, struct nacre_error *err);
/* Writes such a document from such words. */
NACRE_API int nacre_sandbox_settings_json(
	const char *const *words, char **ret_json, struct nacre_error *err);

/* A command line of bubblewrap, as nacre-bwrap(1) understands it. */
struct nacre_bwrap;

/* Reads WORDS, the words after the program's name, ended by NULL and borrowed until
 * nacre_bwrap_release. Reads and closes the fds that they name. -EINVAL: the error names the
 * option. */
NACRE_API int nacre_bwrap_read(
	const char *const *words, struct nacre_bwrap **ret_bwrap, struct nacre_error *err);
NACRE_API void nacre_bwrap_release(struct nacre_bwrap *bwrap);
/* Returns a text to print if nothing else is to be done, otherwise NULL. */
NACRE_API const char *nacre_bwrap_print(const struct nacre_bwrap *bwrap);
/* Returns whether the container is to end when the parent of the calling process ends. */
NACRE_API bool nacre_bwrap_dies_with_parent(const struct nacre_bwrap *bwrap);
/* Returns directories to try as root of nacre_open, in this order, ended by NULL. The last one is
 * new, and the caller removes it. */
NACRE_API const char *const *nacre_bwrap_roots(const struct nacre_bwrap *bwrap);
/* Fills in .config_text, .preserve_fds, .preserve_gaps and .key_masked of OPTIONS. */
NACRE_API void nacre_bwrap_options(
	const struct nacre_bwrap *bwrap, struct nacre_create_options *options);

/* Returns what the runtime can do: features.md. */
NACRE_API int nacre_features(char **ret_json, struct nacre_error *err);

/* The JSON of nacre_harden, nacre_check and nacre_explain has a member "version". Adding members
 * keeps the number; removing a member or changing its meaning changes it.
 * nacre-policy(5), JSON DOCUMENTS, lists all members. */
#define NACRE_CHECK_VERSION 1
#define NACRE_EXPLAIN_VERSION 2

enum nacre_harden_format {
	NACRE_HARDEN_TEXT, /* the report for people */
	NACRE_HARDEN_JSON,
	NACRE_HARDEN_DIFF, /* difference from profile oci */
	NACRE_HARDEN_CONFIG, /* hardened config */
};

/* Returns what a profile makes of a bundle's config. Creates nothing. */
NACRE_API int nacre_harden(const struct nacre_create_options *options,
	enum nacre_harden_format format, char **ret_text, struct nacre_error *err);

/* Reports, as a table or as JSON, whether this host can enforce PROFILE (NULL: the policy's, or
 * "agent"). Returns 1 if it can, 0 if some rule is not enforced completely. */
NACRE_API int nacre_check(const char *profile, bool json, char **ret_text, struct nacre_error *err);

enum nacre_words {
	NACRE_PROFILES,
	NACRE_RULES,
	NACRE_GRANTS /* for a grant with a path, a word in upper case stands for the path:
		      * "mount:SOURCE" */
};

/* Calls EACH with every profile, rule or grant, and a description or NULL. Both are valid only
 * during that call. */
NACRE_API void nacre_each_word(enum nacre_words words,
	void (*each)(void *data, const char *word, const char *about), void *data);

#ifdef __cplusplus
}
#endif

#endif
