/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_BPF_H
#define NACRE_BPF_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "specs/error.h"

/* bpf(2): eBPF programs of cgroups and their maps. What returns an fd returns one with O_CLOEXEC.
 * RLIMIT_MEMLOCK is not touched: since Linux 5.11 all this counts as memory of the cgroup. */

/* The most programs that are looked at of one kind at one cgroup. */
#define BPF_ATTACHED_MAX 64

/* Whether R says that this kernel or this caller has no such programs. Any other error may be gone
 * the next time, and is no answer. */
bool bpf_is_absent(int r);

/* Loads N instructions for one kind of hook. NAME: as others see it, at most 15 bytes; WHAT: in
 * error texts, of which the verifier's reasons are a part. Returns an fd. */
int bpf_load(enum bpf_prog_type type, enum bpf_attach_type kind, const char *name,
	const struct bpf_insn *program, size_t n, const char *what, struct nacre_error *err);

/* Makes a map; FLAGS as BPF_F_NO_PREALLOC. Returns an fd or -errno. */
int bpf_map_make(enum bpf_map_type type, const char *name, uint32_t key_size, uint32_t value_size,
	uint32_t max_entries, uint32_t flags);
/* 0 or -errno each. */
int bpf_map_read(int map_fd, const void *key, void *ret_value);
int bpf_map_write(int map_fd, const void *key, const void *value);
int bpf_map_remove(int map_fd, const void *key);
/* KEY: NULL for the first. -ENOENT: there is no further one. */
int bpf_map_next(int map_fd, const void *key, void *ret_next);

/* The map called NAME that a program uses. Returns an fd; -ENOENT: it uses none of that name. */
int bpf_map_of(int program_fd, const char *name);

/* The ids of the programs of one kind that hang at the cgroup itself, in their order. 0 or -errno.
 */
int bpf_attached(int cgroup_fd, enum bpf_attach_type kind, uint32_t ret_ids[BPF_ATTACHED_MAX],
	size_t *ret_n);
/* The program ID, an fd or -errno. */
int bpf_open(uint32_t id);
/* Beside what is there; REPLACE_FD: -1 or the program whose place it takes, at once. A cgroup below
 * may have its own as well (BPF_F_ALLOW_MULTI). 0 or -errno. */
int bpf_attach(int cgroup_fd, enum bpf_attach_type kind, int program_fd, int replace_fd);
int bpf_detach(int cgroup_fd, enum bpf_attach_type kind, int program_fd);
/* The id of a program, or -errno. */
int bpf_id(int program_fd);
/* Whether the program is called NAME; -errno if that cannot be told. */
int bpf_is_called(int program_fd, const char *name);

#endif
