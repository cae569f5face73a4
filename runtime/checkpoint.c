/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>

#include "runtime/commands.h"
#include "specs/error.h"

/* clang-format off */
const struct option_row checkpoint_criu_rows[] = {
	{"image-path", 0, TEXT(criu.image_path), "DIR", "of the images; default: ./checkpoint"},
	{"work-path", 0, TEXT(criu.work_path), "DIR", "of criu's log; default: that of the images"},
	{"tcp-established", 0, FLAG(criu.tcp_established), NULL, "with open TCP connections"},
	{"ext-unix-sk", 0, FLAG(criu.ext_unix_sk), NULL, "with Unix sockets that lead out of the container"},
	{"shell-job", 0, FLAG(criu.shell_job), NULL, "with the caller's terminal as stdio"},
	{"file-locks", 0, FLAG(criu.file_locks), NULL, "with file locks"},
	{"lazy-pages", 0, FLAG(criu.lazy_pages), NULL, "memory comes when it is used, from a page server"},
	{"manage-cgroups-mode", 0, WORD(criu.manage_cgroups), "soft|full|strict|ignore", "what criu does about cgroups; default: ignore"},
	{"empty-ns", 0, LIST(criu.empty_ns), "network", "leave this namespace empty; always so"},
	{"auto-dedup", 0, FLAG(criu.auto_dedup), NULL, "drop from images what was read, or is in a later one"},
	{NULL},
};

const struct option_row checkpoint_rows[] = {
	{"leave-running", 0, FLAG(criu.leave_running), NULL, "the container goes on"},
	{"pre-dump", 0, FLAG(criu.pre_dump), NULL, "memory alone, for a later checkpoint; the container goes on"},
	{"parent-path", 0, TEXT(criu.parent_path), "DIR", "images of the pre-dump before, relative to --image-path"},
	{"tcp-skip-in-flight", 0, FLAG(criu.tcp_skip_in_flight), NULL, "without TCP connections that are being made"},
	{"link-remap", 0, FLAG(criu.link_remap), NULL, "give deleted files a name again where possible"},
	{"page-server", 0, TEXT(criu.page_server), "ADDRESS:PORT", "send memory there"},
	{"status-fd", 0, COUNT(criu.status_fd), "FD", "write a NUL byte there once pages are served"},
	{NULL},
};
/* clang-format on */

int command_checkpoint(struct invocation *in, struct nacre_error *err)
{
	const int fd = (int)in->criu.status_fd;
	int flags = fd ? fcntl(fd, F_GETFL) : O_WRONLY;

	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
		return fail(err, EBADF, "--status-fd %d: not open for writing", fd);
	return nacre_checkpoint(in->nacre, in->operands[0], &in->criu, err);
}
