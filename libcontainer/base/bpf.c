/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/base/bpf.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "libcontainer/base/cleanup.h"
#include "libcontainer/base/sys.h"

#define LOG_SIZE 16384
#define LOAD_ATTEMPTS 10
#define MAPS_MAX 8 /* of a program */

/* The kernel refuses an attr with nonzero bytes after the members of the command; a braced
 * initialiser does not always clear a whole union. */
static void clear(union bpf_attr *attr)
{
	memset(attr, 0, sizeof(*attr));
}

bool bpf_is_absent(int r)
{
	return r == -EPERM || r == -ENOSYS || r == -EINVAL || r == -ENOTSUP;
}

/* --- programs --- */

int bpf_load(enum bpf_prog_type type, enum bpf_attach_type kind, const char *name,
	const struct bpf_insn *program, size_t n, const char *what, struct nacre_error *err)
{
	cleanup_free char *log = NULL;
	union bpf_attr attr;
	int attempt, r = -EAGAIN;

	clear(&attr);
	attr.prog_type = type;
	attr.expected_attach_type = kind;
	attr.insns = (uintptr_t)program;
	attr.insn_cnt = (uint32_t)n;
	/* None of the called functions is restricted to programs under the GPL. */
	attr.license = (uintptr_t) "Apache-2.0";
	memcpy(attr.prog_name, name, strnlen(name, BPF_OBJ_NAME_LEN - 1));
	/* EAGAIN: a signal came while the verifier ran. */
	for (attempt = 0; r == -EAGAIN && attempt < LOAD_ATTEMPTS; attempt++)
		r = sys_bpf(BPF_PROG_LOAD, &attr);
	if (r >= 0)
		return r;
	if (r != -EACCES && r != -EINVAL)
		return fail_errno(err, r, "load %s", what);
	/* The verifier's log is only requested after a failure: writing it takes time. */
	log = calloc(1, LOG_SIZE);
	if (log) {
		attr.log_buf = (uintptr_t)log;
		attr.log_size = LOG_SIZE;
		attr.log_level = 1;
		(void)close(sys_bpf(BPF_PROG_LOAD, &attr));
	}
	return fail_errno(err, r, "load %s: %.700s", what, log ? log : "");
}

int bpf_open(uint32_t id)
{
	union bpf_attr attr;

	clear(&attr);
	attr.prog_id = id;
	return sys_bpf(BPF_PROG_GET_FD_BY_ID, &attr);
}

/* INFO: bpf_prog_info or bpf_map_info, depending on FD. */
static int object_info(int fd, void *info, size_t size)
{
	union bpf_attr attr;

	clear(&attr);
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = (uint32_t)size;
	attr.info.info = (uintptr_t)info;
	return sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

int bpf_id(int program_fd)
{
	struct bpf_prog_info info = {.type = 0};
	int r = object_info(program_fd, &info, sizeof(info));

	return r < 0 ? r : (int)info.id;
}

int bpf_is_called(int program_fd, const char *name)
{
	struct bpf_prog_info info = {.type = 0};
	int r = object_info(program_fd, &info, sizeof(info));

	return r < 0 ? r : strncmp(info.name, name, sizeof(info.name)) == 0;
}

/* --- maps --- */

int bpf_map_make(enum bpf_map_type type, const char *name, uint32_t key_size, uint32_t value_size,
	uint32_t max_entries, uint32_t flags)
{
	union bpf_attr attr;

	clear(&attr);
	attr.map_type = type;
	attr.key_size = key_size;
	attr.value_size = value_size;
	attr.max_entries = max_entries;
	attr.map_flags = flags;
	memcpy(attr.map_name, name, strnlen(name, BPF_OBJ_NAME_LEN - 1));
	return sys_bpf(BPF_MAP_CREATE, &attr);
}

/* VALUE: the next key for BPF_MAP_GET_NEXT_KEY. */
static int use_map(int command, int map_fd, const void *key, const void *value)
{
	union bpf_attr attr;

	clear(&attr);
	attr.map_fd = (uint32_t)map_fd;
	attr.key = (uintptr_t)key;
	attr.value = (uintptr_t)value;
	return sys_bpf(command, &attr);
}

int bpf_map_read(int map_fd, const void *key, void *ret_value)
{
	return use_map(BPF_MAP_LOOKUP_ELEM, map_fd, key, ret_value);
}

int bpf_map_write(int map_fd, const void *key, const void *value)
{
	return use_map(BPF_MAP_UPDATE_ELEM, map_fd, key, value);
}

int bpf_map_remove(int map_fd, const void *key)
{
	return use_map(BPF_MAP_DELETE_ELEM, map_fd, key, NULL);
}

int bpf_map_next(int map_fd, const void *key, void *ret_next)
{
	return use_map(BPF_MAP_GET_NEXT_KEY, map_fd, key, ret_next);
}

int bpf_map_of(int program_fd, const char *name)
{
	uint32_t ids[MAPS_MAX] = {0};
	struct bpf_prog_info info = {.nr_map_ids = MAPS_MAX, .map_ids = (uintptr_t)ids};
	int r = object_info(program_fd, &info, sizeof(info));

	for (uint32_t i = 0; r == 0 && i < info.nr_map_ids && i < MAPS_MAX; i++) {
		struct bpf_map_info map = {.type = 0};
		cleanup_close int fd = -1;
		union bpf_attr attr;

		clear(&attr);
		attr.map_id = ids[i];
		fd = sys_bpf(BPF_MAP_GET_FD_BY_ID, &attr);
		r = fd < 0 ? fd : object_info(fd, &map, sizeof(map));
		if (r == 0 && strncmp(map.name, name, sizeof(map.name)) == 0)
			return fd_steal(&fd);
	}
	return r < 0 ? r : -ENOENT;
}

/* --- programs that are attached to a cgroup --- */

int bpf_attached(
	int cgroup_fd, enum bpf_attach_type kind, uint32_t ret_ids[BPF_ATTACHED_MAX], size_t *ret_n)
{
	union bpf_attr attr;
	int r;

	clear(&attr);
	attr.query.target_fd = (uint32_t)cgroup_fd;
	attr.query.attach_type = kind;
	attr.query.prog_ids = (uintptr_t)ret_ids;
	attr.query.prog_cnt = BPF_ATTACHED_MAX;
	r = sys_bpf(BPF_PROG_QUERY, &attr);
	*ret_n = r < 0 ? 0 : attr.query.prog_cnt;
	return r;
}

int bpf_attach(int cgroup_fd, enum bpf_attach_type kind, int program_fd, int replace_fd)
{
	union bpf_attr attr;

	clear(&attr);
	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)program_fd;
	attr.attach_type = kind;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (replace_fd >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (uint32_t)replace_fd;
	}
	return sys_bpf(BPF_PROG_ATTACH, &attr);
}

int bpf_detach(int cgroup_fd, enum bpf_attach_type kind, int program_fd)
{
	union bpf_attr attr;

	clear(&attr);
	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)program_fd;
	attr.attach_type = kind;
	return sys_bpf(BPF_PROG_DETACH, &attr);
}
