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
 * contrib/example/run-bundle.c is a whole program. nacre-profiles(7) describes profiles, grants and
 * rules.
 *
 * Errors. A call that returns int gives 0 or a positive answer; or -errno, and then sets *ERR,
 * which is never NULL. The codes that a program may branch on:
 *
 *   -ENOENT    the container does not exist, or the bundle or a file in it
 *   -EEXIST    a container with this ID exists
 *   -EINVAL    an argument, the config or a name in it is not valid
 *   -E2BIG     an option is set that this version of the library does not know
 *   -EPERM     refused: by the kernel or by a rule of the profile
 *   -ESRCH     the container or its process is not running
 *   -EBUSY     not possible in the container's present status; or the caller has threads
 *   -ENOTSUP   not possible with this container: it has no cgroup, criu cannot bring it back, or
 *              another version of nacre made it; or with the architecture (= -EOPNOTSUPP)
 *   -ENOSYS    the host lacks what is needed (cgroup v2, a kernel feature)
 *   -ETIMEDOUT a bounded wait ran out
 *   -ENOMEM    out of memory
 *
 * Every other errno of a system call that failed may come as well. RET_ parameters are set on
 * success alone.
 *
 * Memory. An object has a call that ends it, which takes NULL. A text (char **) is NUL-terminated
 * and an array (pid_t **) is as long as is said: both for free(3). What is passed in is borrowed
 * for the call, but for the callbacks of nacre_open. Pointers may not be NULL where nothing is
 * said.
 *
 * Growth. An options struct begins with its size: clear it whole and set size to its sizeof. All
 * zero is the default of everything. A program that was compiled with an older or newer version of
 * this file works: what it lacks is zero, and what is added to it must be zero (-E2BIG). Structs
 * that only the library makes may get members at their end.
 *
 * The calling process. The library forks without exec, since init runs C code before the program:
 * nacre_create, _run, _exec and _restore need a process with one thread (-EBUSY), and so does
 * nacre_start of a container with .trace_denials. These and nacre_start set SIGPIPE to be ignored.
 * The container's first process, and that of an exec, are children of the caller: see nacre_wait.
 * What the calls open is O_CLOEXEC. Until it runs the program, the process that joins a pid
 * namespace has the caller's memory but for the heap of brk(2). A program in there that has
 * CAP_SYS_PTRACE may read it: mallopt(M_MMAP_MAX, 0) puts large blocks into that heap.
 *
 * Threads. What needs one thread is said above; the other calls may be made from any thread. Two
 * threads may use a struct nacre at once, for different containers: what keeps two processes from
 * changing one container at once (fcntl(2), record locks) does not keep two threads of one. The
 * callbacks of nacre_open are then called from both. A struct nacre_process is for one thread at a
 * time. What the library gives to be read (struct nacre_container, nacre_containers) does not
 * change. nacre_list has a thread of its own, which has ended when it returns: nothing that needs
 * one thread may go on meanwhile.
 */

#ifdef __cplusplus
extern "C" {
#endif

#define NACRE_API __attribute__((visibility("default")))

/* --- the library --- */

/* "1.0.0", and of the runtime-spec, "1.3.0". */
NACRE_API const char *nacre_version(void);
NACRE_API const char *nacre_spec_version(void);

/* To be called first in main by a program that uses nacre_create, _run, _exec or _restore: keeps
 * the program's own binary out of the containers' reach by running it again, with ARGV, from a
 * read-only clone of its mount, if it does not lie on one already (CVE-2019-5736). Needs no
 * privilege that the other calls do not need. */
NACRE_API int nacre_self_protect(char *const argv[], struct nacre_error *err);

/* The containers of one root directory. */
struct nacre;

struct nacre_options {
	size_t size;
	/* State of all containers; NULL: /run/nacre, or without root's rights the first that there
	 * is of $XDG_RUNTIME_DIR/nacre, /run/user/UID/nacre and /tmp/nacre-UID/nacre, which is
	 * made. */
	const char *root;
	bool root_must_exist; /* else it is made */
	/* called from within the other calls, in the thread of the caller: one line without "\n" */
	void (*warn)(void *data, const char *text); /* NULL: dropped */
	void (*debug)(void *data, const char *text); /* one a step, with microseconds; NULL: none */
	void *data; /* of both */
	uint64_t timeout_ms; /* how long create, start, run and exec may each wait for the
			      * container's process to get ready, hooks and all; then that is killed
			      * and what was done taken back: ETIMEDOUT. 0: for ever */
	bool expendable; /* this process does nothing but these calls: nacre_delete of another may
			  * kill it if it forces the end of a container on which this one hangs */
	const char *workspaces; /* directory of all workspaces; NULL: /var/lib/nacre/workspaces, or
				 * $XDG_STATE_HOME/nacre/workspaces */
	bool reviews; /* the caller looks at workspaces that nacre_delete keeps, and tells of them:
		       * WARN is not called for that */
	bool untrusted; /* processes of these containers may write to ROOT, so that nothing that
			 * lies there is acted on: nacre_delete removes the state alone. It runs no
			 * hook, ends no process, takes nothing else back. With FORCE the caller
			 * knows that the container has ended; without it -EBUSY if another call
			 * works on that */
};

NACRE_API int nacre_open(
	const struct nacre_options *options, struct nacre **ret_nacre, struct nacre_error *err);
NACRE_API void nacre_close(struct nacre *nacre);

/* --- creating and starting --- */

/* The size of a terminal that the caller serves itself. process.consoleSize counts first. All zero:
 * unknown. This struct does not grow. */
struct nacre_window {
	unsigned short rows;
	unsigned short columns;
	bool bare_newlines; /* "\n" is not to come out as "\r\n": the output goes to no screen */
};

struct nacre_create_options {
	size_t size;
	const char *bundle; /* directory; NULL: the working directory */
	const char *config; /* file; NULL: config.json in the bundle */
	const char *console_socket; /* unix(7) socket: gets the terminal's master; NULL: none */
	const char *pid_file; /* gets the pid in decimal; NULL: none */
	const char *pidfd_socket; /* takes a pidfd of the process; NULL: none */
	const char *profile; /* NULL: that of the policy, which is "agent" if it names none */
	const char *const *allow; /* grants; NULL-terminated; NULL: none */
	const char *audit; /* file that gets a line for each event of the container's life, or
			    * "journal": the journal of systemd; NULL: none but the policy's */
	bool trace_denials; /* what nacre's own filter refuses goes into the audit record and is
			     * counted for nacre_explain, by a process that goes on as long as the
			     * container; of each nacre_exec likewise */
	const char *const *require; /* rules that must be enforced whole; as ALLOW */
	unsigned preserve_fds; /* fds 3 ... 2 + n stay open in the container's process */
	unsigned listen_fds; /* not more than PRESERVE_FDS: of these, the first n are sockets that
			      * the caller was activated with: the program gets LISTEN_FDS=n and
			      * LISTEN_PID=1. 0: neither */
	const char *rootless; /* "true": where the caller may make no cgroup the container has none,
			       * with a warning, unless the config asks for a limit or a path;
			       * "false": that is an error; NULL, "auto": "true" unless the caller
			       * is root of the host */
	bool no_cgroup; /* the container has none in any case */
	bool notify; /* the program gets NOTIFY_SOCKET: see nacre_process_take_notify */
	bool no_pivot; /* MS_MOVE in place of pivot_root(2) */
	bool no_new_keyring; /* the session keyring is the caller's */
	bool systemd_cgroup; /* the container's cgroup is a unit of systemd, and linux.cgroupsPath
			      * SLICE:PREFIX:NAME; else it is a directory */
	bool detach; /* nacre_run: the caller will not serve the terminal, so a terminal needs a
		      * console socket. nacre_create always acts so */
	struct nacre_window window;
	const char *const *egress; /* rules on what the container connects to, nacre-profiles(7); as
				    * ALLOW; NULL: those of the policy, or of the profile */
	const char *const *workspaces; /* SRC[:DEST][:cow|direct|ro][,size=N[,tmpfs]]: directories
					* to work on, nacre-workspace(8); as ALLOW */
	const char *receipt; /* a file, not there yet, that gets a signed receipt when the container
			      * is deleted; NULL: none but the policy's */
	const char *receipt_key; /* that signs it, a file or an URI; NULL: the policy's, or
				  * receipt.key in /etc/nacre, for others than root in
				  * $XDG_CONFIG_HOME/nacre */
	const char *config_text; /* JSON, in place of a file in the bundle; NULL: none */
	bool kill_on_exit; /* nacre_run, of a config with nacre.reaper: the container is killed when
			    * the calling process ends, however it ends; without a reaper the
			    * program alone, which is all where it is pid 1 of a pid namespace */
	bool preserve_gaps; /* of the PRESERVE_FDS fds some may be closed */
	const char *userns; /* "shifted": the rule user-namespace, whatever the profile; NULL: as
			     * the policy and the profile say */
	bool key_masked; /* by the config, as nacre_bwrap_options gives it: the caller's own key of
			  * receipts. A source that has it in it is not refused then */
	bool late; /* nacre_create: what the program is will be said by nacre_start_late, once. The
		    * config's process tells all but that: the user, capabilities, limits, labels,
		    * filters. A workspace of the form cow is a place for another source */
};

/* A process that was started. */
struct nacre_process;

/* Makes container ID ([A-Za-z0-9_+.-]) of a bundle, with everything but the user's program: status
 * created. Its stdio is the caller's, unless process.terminal is true. On failure nothing is left.
 */
NACRE_API int nacre_create(struct nacre *nacre, const char *id,
	const struct nacre_create_options *options, struct nacre_error *err);

/* Runs the program of a created container. Returns once it is executing. RET_PROCESS may be NULL.
 * -EBUSY: its status is not created. */
NACRE_API int nacre_start(struct nacre *nacre, const char *id, struct nacre_process **ret_process,
	struct nacre_error *err);

struct nacre_start_options {
	size_t size;
	const char *process_file; /* a process of the spec as JSON: args and cwd, and env if not
				   * that of the config. Any other member is an error that names it.
				   * What the profile says of a process holds for it */
	const char *workspace; /* SRC[:DEST], a directory in place of the source of the container's
				* one workspace, in the same form and size. Only root. NULL: what
				* was created */
	const char *const *egress; /* rules in place of those that were created, as in
				    * nacre_update_options; NULL: none */
};

/* Runs another program than the config's in a container that was created .late: exactly one call
 * gets it. -EBUSY: another has, also one that was killed meanwhile: such a container does not run,
 * and is only for nacre_delete. What is not valid is refused before anything is done, and it can be
 * tried again; what fails then ends the container. With .workspace for a process with one thread.
 */
NACRE_API int nacre_start_late(struct nacre *nacre, const char *id,
	const struct nacre_start_options *options, struct nacre_process **ret_process,
	struct nacre_error *err);

/* create and start in one go. */
NACRE_API int nacre_run(struct nacre *nacre, const char *id,
	const struct nacre_create_options *options, struct nacre_process **ret_process,
	struct nacre_error *err);

struct nacre_exec_options {
	size_t size;
	const char *process_file; /* a process of the spec as JSON; NULL: from the members below */
	const char *const *args; /* NULL-terminated, as all lists here */
	const char *cwd; /* NULL: of the container's process */
	const char *const *env; /* added to those of the container's process; NULL: none */
	const char *user; /* "UID[:GID]"; NULL, as an absent GID: of the container's process */
	const char *const *additional_gids; /* decimal, added; NULL: none */
	const char *const *caps; /* added; NULL: none */
	bool no_new_privs;
	bool terminal;
	const char *apparmor; /* NULL: of the container's process */
	const char *process_label; /* SELinux; NULL: likewise */
	const char *console_socket; /* this and the next two: as for nacre_create */
	const char *pid_file;
	const char *pidfd_socket;
	const char *cgroup; /* a path below the container's cgroup; NULL: the container's */
	bool exec_cgroup; /* in a new cgroup below that one, so that nacre_process_kill reaches all
			   * that it starts. The default unless the profile is "oci", or CGROUP or
			   * DETACH are set; but then it is no error if the cgroup takes none */
	bool kill_on_exit; /* exec_cgroup, and it is killed when the calling process or its parent
			    * ends, however they end: by a process that watches both */
	unsigned preserve_fds;
	bool ignore_paused; /* also in a paused container: it starts when that is resumed */
	bool detach; /* as for nacre_run */
	struct nacre_window window;
};

/* A further process in a running container, under the same profile. -ESRCH: it is not running;
 * -EBUSY: it is paused. */
NACRE_API int nacre_exec(struct nacre *nacre, const char *id,
	const struct nacre_exec_options *options, struct nacre_process **ret_process,
	struct nacre_error *err);

/* --- a process that was started --- */

NACRE_API pid_t nacre_process_pid(const struct nacre_process *process); /* as the host counts */

/* Becomes readable when it has ended. The library's: not to be closed. */
NACRE_API int nacre_process_pidfd(const struct nacre_process *process);

/* The master of its terminal, if it has one and no console socket took it. From now on the caller's
 * to close. -1: there is none, or it was taken. */
NACRE_API int nacre_process_take_console(struct nacre_process *process);

/* Created with .notify: the non-blocking datagram socket that its sd_notify(3) calls arrive on.
 * What is read is the program's word. As with the console, the caller's, or -1. */
NACRE_API int nacre_process_take_notify(struct nacre_process *process);

/* Waits until it has ended: TIMEOUT_MS milliseconds, 0: looks only, -1: for ever. A signal does not
 * end the wait. *RET_STATUS: its wait status, for WIFEXITED and the like of wait(2); or
 * NACRE_WAIT_UNKNOWN where the kernel does not tell, since the process is not a child of the caller
 * (who did not call nacre_create or _run itself), SIGCHLD is ignored, or another wait took it. To
 * ask again gives the same. -ETIMEDOUT: it goes on. */
enum {
	NACRE_WAIT_UNKNOWN = -1,
};
NACRE_API int nacre_wait(
	struct nacre_process *process, int timeout_ms, int *ret_status, struct nacre_error *err);

/* SIGKILL: for the container's first process to all of the container, for an exec with a cgroup of
 * its own to all that it started, and else to this process alone. No error if it has ended. */
NACRE_API int nacre_process_kill(struct nacre_process *process, struct nacre_error *err);

/* 1 if the kernel's OOM killer struck in the process's cgroup since it was started, and *RET_WHY
 * says so; else 0. To be asked when it was killed, before the container is deleted. */
NACRE_API int nacre_process_explain(
	const struct nacre_process *process, struct nacre_error *ret_why);

/* Whether there is an audit record, or a receipt is to be written, and for these, by whoever
 * waited: the process of container ID with this PID ended with STATUS, its exit code or 128 + n for
 * signal n. */
NACRE_API bool nacre_process_audited(const struct nacre_process *process);
NACRE_API int nacre_exited(
	struct nacre *nacre, const char *id, pid_t pid, int status, struct nacre_error *err);

/* Forgets it; the process goes on. Its own cgroup is removed if no process is left in it. */
NACRE_API void nacre_process_release(struct nacre_process *process);

/* --- what is done to a container --- */

/* Sends SIG to the container's first process; SIGKILL to all its processes where it has no pid
 * namespace of its own. ALL: to every process of its cgroup, and no error if there is none. */
NACRE_API int nacre_kill(
	struct nacre *nacre, const char *id, int sig, bool all, struct nacre_error *err);

/* "9", "KILL", "SIGKILL", "SIGRTMIN+1" to a number, or -EINVAL. */
NACRE_API int nacre_signal(const char *text, struct nacre_error *err);

/* Undoes create. FORCE: kills a container that runs, and a process that hangs with it if that is
 * expendable (struct nacre_options); and a container that does not exist is no error. After an
 * error the container is there, for another nacre_delete to go on with it. -EBUSY: it runs. Reaps
 * the container's first process if that is a child of the caller: a nacre_wait that comes later
 * gives NACRE_WAIT_UNKNOWN, unless one before had its status. */
NACRE_API int nacre_delete(
	struct nacre *nacre, const char *id, bool force, struct nacre_error *err);

/* Stops all its processes where they are, and lets them go on. -EBUSY: it does not run, or is not
 * paused. -ENOTSUP: it has no cgroup. */
NACRE_API int nacre_pause(struct nacre *nacre, const char *id, struct nacre_error *err);
NACRE_API int nacre_resume(struct nacre *nacre, const char *id, struct nacre_error *err);

struct nacre_update_options {
	size_t size;
	const char *resources; /* linux.resources as JSON; NULL: {} */
	const char *name; /* of that text in errors; NULL: "resources" */
	const char *l3_cache_schema; /* of linux.intelRdt, which must be there; NULL: none */
	const char *mem_bw_schema;
	const char *const *egress; /* rules in place of all that hold, as of nacre_create, ended by
				    * NULL; NULL or none: they stay */
};

/* Changes limits and rules of egress. What is not there or zero stays as it is. Held by the profile
 * and the grants of nacre_create. On failure everything is as before; but if it comes while rules
 * are swapped, only what the old and the new ones both allow is reached until this is done again.
 */
NACRE_API int nacre_update(struct nacre *nacre, const char *id,
	const struct nacre_update_options *options, struct nacre_error *err);

/* --- what a container is --- */

enum nacre_status { /* runtime.md, State; paused is runc's */
	NACRE_CREATING,
	NACRE_CREATED,
	NACRE_RUNNING,
	NACRE_PAUSED,
	NACRE_STOPPED,
};

/* "created"; NULL: there is no such status. */
NACRE_API const char *nacre_status_name(enum nacre_status status);

/* A container as it was when it was looked at. Made by the library alone. A text that is not known,
 * in status creating, is "". */
struct nacre_container {
	const char *id;
	enum nacre_status status;
	pid_t pid; /* of the first process, as the host counts; 0: none, creating or stopped */
	const char *bundle; /* absolute path */
	const char *rootfs; /* likewise; "" for an empty one, as of a sandbox */
	const char *created; /* RFC 3339, UTC, with nanoseconds */
	const char *owner; /* who created it: "root", or the uid in decimal */
	const char *profile;
	const char *const *annotations; /* key, value, key, value, ..., NULL */
};

NACRE_API int nacre_inspect(struct nacre *nacre, const char *id,
	struct nacre_container **ret_container, struct nacre_error *err);
NACRE_API void nacre_container_free(struct nacre_container *container);

/* The same as JSON: runtime.md, State, with runc's members. */
NACRE_API int nacre_state(
	struct nacre *nacre, const char *id, char **ret_json, struct nacre_error *err);

/* Every container below the root, by ID. One whose state cannot be read is a warning. */
struct nacre_containers;
NACRE_API int nacre_list(
	struct nacre *nacre, struct nacre_containers **ret_list, struct nacre_error *err);
/* Of each the ID alone, the rest is 0: no state is read, so one that cannot be read is there too.
 */
NACRE_API int nacre_list_ids(
	struct nacre *nacre, struct nacre_containers **ret_list, struct nacre_error *err);
NACRE_API size_t nacre_containers_size(const struct nacre_containers *list);
/* The one at I, the list's own; NULL: there are not so many. */
NACRE_API const struct nacre_container *nacre_containers_get(
	const struct nacre_containers *list, size_t i);
/* An array of states; -EINVAL for what nacre_list_ids gave. */
NACRE_API int nacre_containers_json(
	const struct nacre_containers *list, char **ret_json, struct nacre_error *err);
NACRE_API void nacre_containers_free(struct nacre_containers *list);

/* The host pids of all its processes. -ESRCH: there are none. */
NACRE_API int nacre_pids(struct nacre *nacre, const char *id, pid_t **ret_pids, size_t *ret_n,
	struct nacre_error *err);

/* What a container uses, as the JSON object on one line that `runc events --stats` prints. -ESRCH:
 * it is not running. */
NACRE_API int nacre_stats(
	struct nacre *nacre, const char *id, char **ret_json, struct nacre_error *err);

/* Calls EVENT with such an object every INTERVAL_MS milliseconds and with {"type":"oom","id":ID}
 * when the OOM killer has struck, until the container ends; or until EVENT returns a negative
 * errno, which is then the result. */
NACRE_API int nacre_events(struct nacre *nacre, const char *id, uint64_t interval_ms,
	int (*event)(void *data, const char *json), void *data, struct nacre_error *err);

enum nacre_explain_format {
	NACRE_EXPLAIN_TEXT, /* for people */
	NACRE_EXPLAIN_JSON,
	NACRE_EXPLAIN_FLAGS, /* a line of --allow GRANT: what would allow all that was refused */
	NACRE_EXPLAIN_POLICY, /* the same as a policy.json */
	NACRE_EXPLAIN_SUMMARY, /* a few lines on what was refused; empty: nothing was */
	NACRE_EXPLAIN_FAILURE, /* the same for a program that failed: with what nobody sees, and may
				  be why */
};

/* What the container was denied since its start, as far as it is counted, and what is not; until it
 * is deleted. */
NACRE_API int nacre_explain(struct nacre *nacre, const char *id, enum nacre_explain_format format,
	char **ret_text, struct nacre_error *err);

/* --- workspaces --- */

/* What a container has changed in the directories that it was given as copies to work on,
 * nacre-workspace(8). They outlive the container. The calls that take an ID are refused while
 * something runs in it (-EBUSY), unless it is paused and the call says so; -ENOENT: it has no
 * workspace. */

/* The workspaces of all containers, a line each, or as JSON. */
NACRE_API int nacre_workspace_list(
	struct nacre *nacre, bool json, char **ret_text, struct nacre_error *err);

enum nacre_workspace_format {
	NACRE_WORKSPACE_TEXT, /* a line for each change, and the digest of all */
	NACRE_WORKSPACE_JSON,
	NACRE_WORKSPACE_STAT, /* how many lines were added and removed in each file */
	NACRE_WORKSPACE_PATCH, /* a unified diff of what is text */
};

struct nacre_workspace_diff_options {
	size_t size;
	enum nacre_workspace_format format;
	const char *const *paths; /* changes at or below these alone: relative to the source or
				   * absolute; NULL-terminated; NULL: all */
	uint64_t max_bytes; /* of content to be read; files beyond it are refused; 0: 4 GiB */
	uint64_t max_changes; /* more are an error, -E2BIG; 0: 1,000,000 */
};

/* What apply would do, and what it would leave out. Also of a paused container. What comes from the
 * container is escaped: the text can go to a terminal. *RET_TEXT: heap. */
NACRE_API int nacre_workspace_diff(struct nacre *nacre, const char *id,
	const struct nacre_workspace_diff_options *options, char **ret_text,
	struct nacre_error *err);

struct nacre_workspace_apply_options {
	size_t size;
	const char *const *paths; /* as of diff; a path that is named itself is applied though it is
				   * protected; NULL: all */
	const char *const *force; /* paths, and what is below them: applied although the source was
				   * changed meanwhile, which undo has; as PATHS; NULL: none */
	const char *const *expect; /* digests that diff has printed: nothing is applied unless each
				    * workspace with changes has one of them; NULL: whatever there
				    * is */
	uint64_t max_bytes; /* as of diff, as the next */
	uint64_t max_changes;
	bool dry_run; /* says what would be done */
	bool json;
	/* called from within, after each change: how many of those that are asked for in one
	 * workspace were looked at; NULL: not called */
	void (*progress)(void *data, uint64_t done, uint64_t all);
	void *data;
};

/* Applies changes to the source of each workspace of container ID, which must have stopped, and
 * have its receipt, if it is to have one (-EBUSY, as of undo and discard: delete it first). Each
 * change is done whole or not at all, also where this is killed; what was replaced is kept for
 * undo, and what was applied leaves the workspace. Returns 1 if all that was asked for was applied,
 * 0 if some of it was refused or is in conflict: *RET_TEXT (heap) has each with its reason. */
NACRE_API int nacre_workspace_apply(struct nacre *nacre, const char *id,
	const struct nacre_workspace_apply_options *options, char **ret_text,
	struct nacre_error *err);

struct nacre_workspace_undo_options {
	size_t size;
	const char *const *force; /* as of apply: what the host made of it goes to the workspace */
	bool dry_run;
	bool json;
};

/* Takes the last apply to each of them back: the source has what it had, and the changes are in the
 * workspace again. Returns as nacre_workspace_apply. -ENOENT: there is nothing to undo. */
NACRE_API int nacre_workspace_undo(struct nacre *nacre, const char *id,
	const struct nacre_workspace_undo_options *options, char **ret_text,
	struct nacre_error *err);

/* Removes all workspaces of container ID with what was changed in them, and what undo would need.
 */
NACRE_API int nacre_workspace_discard(struct nacre *nacre, const char *id, struct nacre_error *err);

/* --- checkpoint and restore --- */

/* For criu(8), which both calls need: it says what each is for. Only root can (-EPERM). */
struct nacre_criu_options {
	size_t size;
	const char *criu; /* absolute path of the program; NULL: "criu" of $PATH */
	const char *image_path; /* directory of the images; NULL: "checkpoint" */
	const char *work_path; /* of criu's log; NULL: that of the images */
	const char *manage_cgroups; /* soft, full, strict, ignore; NULL: "ignore", see nacre(8) */
	const char *const *empty_ns; /* may be "network", which is always so */
	bool tcp_established;
	bool ext_unix_sk;
	bool shell_job;
	bool file_locks;
	bool lazy_pages;
	bool auto_dedup;

	/* checkpoint */
	const char *parent_path; /* of an earlier pre-dump, relative to the images; NULL: none */
	const char *page_server; /* ADDRESS:PORT; NULL: none */
	unsigned status_fd; /* gets a NUL byte once pages are served; 0: none */
	bool leave_running;
	bool tcp_skip_in_flight;
	bool link_remap;
	bool pre_dump; /* memory alone; the container goes on */

	/* restore */
	const char *lsm_profile; /* TYPE:NAME; NULL: as it was */
	const char *lsm_mount_context;
	bool tcp_close;
};

/* Writes a running or paused container to files, and then deletes it, unless it is to be left
 * running. -EOPNOTSUPP: it has something that criu cannot bring back. */
NACRE_API int nacre_checkpoint(struct nacre *nacre, const char *id,
	const struct nacre_criu_options *options, struct nacre_error *err);

/* A new container from those files and the bundle in CREATE, whose members for console, pid file,
 * profile and cgroup hold as for nacre_run; .notify and .listen_fds are refused (-EINVAL). -EPERM:
 * the checkpoint may be looser than the profile. */
NACRE_API int nacre_restore(struct nacre *nacre, const char *id,
	const struct nacre_create_options *create, const struct nacre_criu_options *options,
	struct nacre_process **ret_process, struct nacre_error *err);

/* --- receipts --- */

/* Makes a key for receipts in the file KEY (NULL: its usual place), and its public half in KEY.pub.
 * *RET_PUBLIC: that half, PEM. -EEXIST: one is there. */
NACRE_API int nacre_receipt_keygen(const char *key, char **ret_public, struct nacre_error *err);

/* What the receipt in FILE says, for people. Whether that is true, nacre_receipt_verify says. */
NACRE_API int nacre_receipt_show(const char *file, char **ret_text, struct nacre_error *err);

/* Whether the receipts in FILES, NULL-terminated, were signed with KEY, the file of a public key,
 * and nothing was changed since. Of several they must be all that this key has signed from the
 * first of them to the last. CHANGES: a file that has to be the list of changes that the only
 * receipt names, or NULL. Returns 1 if all is so, else 0. *RET_TEXT: a line for each that is, and
 * for each thing that does not match. */
NACRE_API int nacre_receipt_verify(const char *key, const char *const *files, const char *changes,
	char **ret_text, struct nacre_error *err);

/* --- without a container --- */

/* The config that `nacre spec` writes. ROOTLESS: one that the caller can run without privilege;
 * with a network namespace if PROFILE (NULL: "agent") refuses the host's, else without, as runc's.
 */
NACRE_API int nacre_default_config(
	bool rootless, const char *profile, char **ret_json, struct nacre_error *err);

/* What `nacre sandbox` asks for: a program of the host, without an image. Lists end with NULL, and
 * NULL is an empty one. */
struct nacre_sandbox_options {
	size_t size;
	const char *const *args; /* the program and its arguments */
	const char *const *workspaces; /* as of nacre_create_options, to which they are given too;
					* none: the working directory, in the form cow */
	const char *const *read; /* paths of the host that are shown besides, read-only */
	const char *const *write; /* and that it may change */
	const char *const *hide; /* and that are not shown */
	const char *const *env; /* "NAME": the caller's variable; "NAME=VALUE" */
	bool terminal;
	bool network; /* with the host's name servers and hosts */
	int64_t memory; /* bytes; 0: the profile's, as the next two */
	int64_t pids;
	uint64_t cpus; /* in thousandths */
	uint64_t tmp_bytes; /* of /tmp, /run and the home, each; 0: the kernel's default */
	const char *cgroup_manager; /* "cgroupfs", "systemd" or "disabled"; NULL: what there is for
				       the caller */
};

/* The config for it, which nacre_run takes as .config_text. Returns 1 if nacre_run is to have
 * .systemd_cgroup, else 0: without root, where no cgroup is the caller's, a scope of the user's
 * systemd holds the limits, and where there is none of that, limits of the process do. The program
 * begins in the working directory if a workspace has it, else in the first. -EPERM: one is the
 * root, a home, or has a home in it. */
NACRE_API int nacre_sandbox_config(
	const struct nacre_sandbox_options *options, char **ret_json, struct nacre_error *err);

/* Options of `nacre sandbox` in the JSON document FILE, as words of its command line, each
 * "--NAME=VALUE", with a NULL at the end; one block, the caller's to free. nacre-sandbox(1),
 * SETTINGS. */
NACRE_API int nacre_sandbox_settings(
	const char *file, const char *const **ret_words, struct nacre_error *err);
/* Such a document of such words. */
NACRE_API int nacre_sandbox_settings_json(
	const char *const *words, char **ret_json, struct nacre_error *err);

/* What nacre-bwrap(1) makes of a command line of bubblewrap. */
struct nacre_bwrap;

/* WORDS: those behind the program's name; they end with NULL, and stay the caller's as long as
 * *RET_BWRAP is there. Reads and closes the fds that they name. -EINVAL: the error names the
 * option. */
NACRE_API int nacre_bwrap_read(
	const char *const *words, struct nacre_bwrap **ret_bwrap, struct nacre_error *err);
NACRE_API void nacre_bwrap_release(struct nacre_bwrap *bwrap);
/* A text to print, where nothing more is wanted; NULL. */
NACRE_API const char *nacre_bwrap_print(const struct nacre_bwrap *bwrap);
/* The end of the calling process's parent is to be that of the container. */
NACRE_API bool nacre_bwrap_dies_with_parent(const struct nacre_bwrap *bwrap);
/* Directories for the states, in the order in which nacre_open is to try them; end with NULL. The
 * last one is new, and the caller's to remove. */
NACRE_API const char *const *nacre_bwrap_roots(const struct nacre_bwrap *bwrap);
/* Fills in .config_text, .preserve_fds and .preserve_gaps of OPTIONS. */
NACRE_API void nacre_bwrap_options(
	const struct nacre_bwrap *bwrap, struct nacre_create_options *options);

/* What the runtime can do: features.md. */
NACRE_API int nacre_features(char **ret_json, struct nacre_error *err);

/* The JSON of nacre_harden, nacre_check and nacre_explain has a member "version". Members are added
 * under the same number; one that changes its meaning or goes away gives the document another.
 * nacre-policy(5), JSON DOCUMENTS, has them all. */
#define NACRE_CHECK_VERSION 1
#define NACRE_EXPLAIN_VERSION 2

enum nacre_harden_format {
	NACRE_HARDEN_TEXT, /* the report for people */
	NACRE_HARDEN_JSON,
	NACRE_HARDEN_DIFF, /* what differs from profile oci */
	NACRE_HARDEN_CONFIG, /* the tightened config */
};

/* What a profile makes of a bundle's config. Nothing is created. */
NACRE_API int nacre_harden(const struct nacre_create_options *options,
	enum nacre_harden_format format, char **ret_text, struct nacre_error *err);

/* Whether this host can enforce what PROFILE (NULL: that of the policy, or "agent") does, as a
 * table or as JSON. Returns 1 if it can, 0 if some rule is not enforced whole. */
NACRE_API int nacre_check(const char *profile, bool json, char **ret_text, struct nacre_error *err);

enum nacre_words {
	NACRE_PROFILES,
	NACRE_RULES,
	NACRE_GRANTS /* where one takes a path, a word in upper case stands for it: "mount:SOURCE"
		      */
};

/* Calls EACH with every profile, rule or grant, and what it is about, or NULL. Both are valid for
 * the call. */
NACRE_API void nacre_each_word(enum nacre_words words,
	void (*each)(void *data, const char *word, const char *about), void *data);

#ifdef __cplusplus
}
#endif

#endif
