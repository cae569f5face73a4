/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>

#include "runtime/commands.h"
#include "specs/error.h"

/* clang-format off */
const struct option_row checkpoint_criu_rows[] = {
	{"image-path", 0, TEXT(criu.image_path), "DIR", "directory of the images; default: ./checkpoint"},
	{"work-path", 0, TEXT(criu.work_path), "DIR", "directory of criu's log; default: the images' directory"},
	{"tcp-established", 0, FLAG(criu.tcp_established), NULL, "also with open TCP connections"},
	{"ext-unix-sk", 0, FLAG(criu.ext_unix_sk), NULL, "also with Unix sockets that lead out of the container"},
	{"shell-job", 0, FLAG(criu.shell_job), NULL, "also if stdio is the caller's terminal"},
	{"file-locks", 0, FLAG(criu.file_locks), NULL, "also with file locks"},
	{"lazy-pages", 0, FLAG(criu.lazy_pages), NULL, "load memory when it is used, from a page server"},
	{"manage-cgroups-mode", 0, WORD(criu.manage_cgroups), "soft|full|strict|ignore", "how criu treats cgroups; default: ignore"},
	{"empty-ns", 0, LIST(criu.empty_ns), "network", "leave this namespace empty; always done"},
	{"auto-dedup", 0, FLAG(criu.auto_dedup), NULL, "remove pages from images that were read, or are in a later image"},
	{NULL},
};

const struct option_row checkpoint_rows[] = {
	{"leave-running", 0, FLAG(criu.leave_running), NULL, "the container continues"},
	{"pre-dump", 0, FLAG(criu.pre_dump), NULL, "write only memory, for a later checkpoint; the container continues"},
	{"parent-path", 0, TEXT(criu.parent_path), "DIR", "images of the previous pre-dump, relative to --image-path"},
	{"tcp-skip-in-flight", 0, FLAG(criu.tcp_skip_in_flight), NULL, "omit TCP connections that are being opened"},
	{"link-remap", 0, FLAG(criu.link_remap), NULL, "give deleted files a name again where possible"},
	{"page-server", 0, TEXT(criu.page_server), "ADDRESS:PORT", "send memory to this server"},
	{"status-fd", 0, POSITIVE(criu.status_fd), "FD", "write a NUL byte to FD once pages are served"},
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
