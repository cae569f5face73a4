/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NACRE_CRIU_MESSAGE_H
#define NACRE_CRIU_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "specs/error.h"

/*
 * Messages to and from criu(8): the part of its images/rpc.proto that checkpoint and restore need,
 * in the wire format of protocol buffers. These messages have only numbers and texts, each with a
 * field number in front, so that no library is needed.
 */

/* enum criu_req_type */
enum criu_request {
	CRIU_DUMP = 1,
	CRIU_RESTORE = 2,
	CRIU_PRE_DUMP = 4,
	CRIU_NOTIFY = 6,
};

/* The fields of message criu_opts, by their numbers. */
enum criu_option {
	CRIU_IMAGES_DIR_FD = 1, /* of the process that made the socket */
	CRIU_PID = 2,
	CRIU_LEAVE_RUNNING = 3,
	CRIU_EXT_UNIX_SK = 4,
	CRIU_TCP_ESTABLISHED = 5,
	CRIU_EVASIVE_DEVICES = 6,
	CRIU_SHELL_JOB = 7,
	CRIU_FILE_LOCKS = 8,
	CRIU_LOG_LEVEL = 9,
	CRIU_LOG_FILE = 10,
	CRIU_PAGE_SERVER = 11, /* a message: address = 1, port = 2 */
	CRIU_NOTIFY_SCRIPTS = 12,
	CRIU_ROOT = 13,
	CRIU_PARENT_IMG = 14,
	CRIU_TRACK_MEM = 15,
	CRIU_AUTO_DEDUP = 16,
	CRIU_WORK_DIR_FD = 17, /* as CRIU_IMAGES_DIR_FD */
	CRIU_LINK_REMAP = 18,
	CRIU_CGROUP_ROOT = 25, /* a message: controller = 1, path = 2 */
	CRIU_RESTORE_SIBLING = 26,
	CRIU_INHERIT_FD = 27, /* a message: key = 1, fd = 2 */
	CRIU_MANAGE_CGROUPS_MODE = 34, /* enum criu_cgroups_mode */
	CRIU_EXTERNAL = 37, /* "mnt[KEY]:VALUE", repeated */
	CRIU_EMPTY_NS = 38, /* CLONE_NEW* */
	CRIU_JOIN_NS = 39, /* a message: type = 1, file = 2 */
	CRIU_FREEZE_CGROUP = 44,
	CRIU_TCP_SKIP_IN_FLIGHT = 46,
	CRIU_LAZY_PAGES = 48,
	CRIU_ORPHAN_PTS_MASTER = 50,
	CRIU_CONFIG_FILE = 51,
	CRIU_TCP_CLOSE = 52,
	CRIU_LSM_PROFILE = 53,
	CRIU_LSM_MOUNT_CONTEXT = 63,
	CRIU_MOUNTS_COMPAT_MODE = 65, /* as before criu 3.17 */
};

enum criu_cgroups_mode {
	CRIU_CGROUPS_IGNORE = 0,
	CRIU_CGROUPS_SOFT = 3,
	CRIU_CGROUPS_FULL = 4,
	CRIU_CGROUPS_STRICT = 5,
};

/* Options, or one of the small messages in them. Starts zeroed; criu_request_encode reports a
 * failure to add. */
struct criu_options {
	unsigned char *bytes; /* heap */
	size_t length;
	size_t size;
	bool failed; /* no memory */
};
void criu_options_free(struct criu_options *options);

void criu_add_number(struct criu_options *to, unsigned field, uint64_t value);
void criu_add_text(struct criu_options *to, unsigned field, const char *text);
/* A message of a text (1) and a number or a text (2). */
void criu_add_text_and_number(
	struct criu_options *to, unsigned field, const char *text, uint64_t number);
void criu_add_texts(struct criu_options *to, unsigned field, const char *first, const char *second);

/* *RET_BYTES: heap, the caller's to free. OPTIONS NULL: none, and for CRIU_NOTIFY "it went well".
 */
int criu_request_encode(enum criu_request type, const struct criu_options *options,
	unsigned char **ret_bytes, size_t *ret_length, struct nacre_error *err);

struct criu_response {
	uint64_t type; /* enum criu_request */
	bool success;
	int32_t pid; /* of a notification, or what was restored; 0: none */
	char script[32]; /* of a notification: "post-restore" */
	int32_t error; /* an errno value; 0: none */
};

/* Anything that was cut off or is longer than what it stands in is -EBADMSG, and so are a field
 * with the number 0 and a name with a NUL in it. Unknown fields are skipped. */
int criu_response_decode(const unsigned char *bytes, size_t length,
	struct criu_response *ret_response, struct nacre_error *err);

#endif
