/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_BPF_H
#define NACRE_BPF_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "specs/error.h"

/* Wraps bpf(2): eBPF programs of cgroups and their maps. Every fd that is returned is O_CLOEXEC.
 * RLIMIT_MEMLOCK is not touched: since Linux 5.11 this memory is charged to the cgroup instead. */

/* The maximum number of programs of one kind at one cgroup that is handled. */
#define BPF_ATTACHED_MAX 64

/* Whether R means that this kernel or this caller has no such programs. Any other error may be
 * temporary, and is no answer. */
bool bpf_is_absent(int r);

/* Loads N instructions for one kind of hook. NAME: the name that other programs see, at most 15
 * bytes; WHAT: the name in errors, which include the verifier's reasons. Returns an fd. */
int bpf_load(enum bpf_prog_type type, enum bpf_attach_type kind, const char *name,
	const struct bpf_insn *program, size_t n, const char *what, struct nacre_error *err);

/* Creates a map; FLAGS: such as BPF_F_NO_PREALLOC. Returns an fd or -errno. */
int bpf_map_make(enum bpf_map_type type, const char *name, uint32_t key_size, uint32_t value_size,
	uint32_t max_entries, uint32_t flags);
/* Each returns 0 or -errno. */
int bpf_map_read(int map_fd, const void *key, void *ret_value);
int bpf_map_write(int map_fd, const void *key, const void *value);
int bpf_map_remove(int map_fd, const void *key);
/* KEY: NULL for the first. -ENOENT: KEY is the last one. */
int bpf_map_next(int map_fd, const void *key, void *ret_next);

/* Opens the map with the name NAME of a program. Returns an fd; -ENOENT: the program has no such
 * map. */
int bpf_map_of(int program_fd, const char *name);

/* Lists the ids of the programs of one kind that are attached to the cgroup itself, in their order.
 * Returns 0 or -errno. */
int bpf_attached(int cgroup_fd, enum bpf_attach_type kind, uint32_t ret_ids[BPF_ATTACHED_MAX],
	size_t *ret_n);
/* Opens the program with this id. Returns an fd or -errno. */
int bpf_open(uint32_t id);
/* Attaches beside the programs that are attached already; REPLACE_FD: the program that is replaced
 * atomically, or -1. Cgroups below may have their own programs as well (BPF_F_ALLOW_MULTI). Returns
 * 0 or -errno. */
int bpf_attach(int cgroup_fd, enum bpf_attach_type kind, int program_fd, int replace_fd);
int bpf_detach(int cgroup_fd, enum bpf_attach_type kind, int program_fd);
/* Returns the id of a program, or -errno. */
int bpf_id(int program_fd);
/* Whether the program has the name NAME; -errno: the kernel does not report it. */
int bpf_is_called(int program_fd, const char *name);

#endif
