/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_TESTS_INJECT_WORLD_H
#define NACRE_TESTS_INJECT_WORLD_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Where a worker runs its cases: it is pid 1 of a pid namespace, so that every process that a case
 * leaves becomes its child, and has a mount namespace with a /tmp, /run and /dev/shm of its own, so
 * that whatever is found there was left by the case. Only the cgroups lie on the host, below one
 * that the worker makes.
 */
#define WORLD_ID "c"
#define WORLD_NACRE "/tmp/nacre"
#define WORLD_LIBEXEC "/tmp" /* of its companions */
#define WORLD_SYSTEMD WORLD_LIBEXEC "/nacre-systemd"
#define WORLD_EGRESS WORLD_LIBEXEC "/nacre-egress"
#define WORLD_BUNDLE "/tmp/b"
#define WORLD_STATE "/tmp/state"
#define WORLD_UPDATE "/tmp/update.json"
#define WORLD_PROCESS "/tmp/process.json"
#define WORLD_OUT "/tmp/out" /* of the command that is disturbed */
#define WORLD_ERR "/tmp/err"
#define WORLD_OTHER_OUT "/tmp/other-out" /* of those before and after it */
#define WORLD_OTHER_ERR "/tmp/other-err"

/* Said by whoever cannot go on: the program ends with 99. */
_Noreturn void give_up(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Once in a worker, which must be pid 1 of a new pid namespace and in a new mount namespace. NAME
 * is that of its cgroup. EGRESS, SYSTEMD: the companions; of systemd its containers are units of a
 * slice of that name; the worker stays in systemd's pid namespace, whose numbers the bus takes, and
 * sees its /run. NULL: no systemd. */
void world_enter(const char *name, const char *nacre, const char *look, const char *egress,
	const char *systemd);

/* By whom the worker was made, after its end: removes its cgroups. */
void world_leave(const char *name);

/* linux.cgroupsPath of config.json. */
const char *world_cgroups_path(void);
/* The directory of it. */
const char *world_container_cgroup(void);

/* Whether nothing of a container is there; if not, the first thing is named in text. Processes that
 * are about to end are waited for. */
bool world_is_clean(char *text, size_t size);

/* Removes whatever a case has left. */
void world_sweep(void);

/* The content of a file, cut at size; "" if it cannot be read. */
void read_text(const char *path, char *text, size_t size);
void write_text(const char *path, const char *text);

#endif
