/* SPDX-License-Identifier: Apache-2.0 */
#include "libcontainer/workspace/walk_content.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "libcontainer/base/files.h"
#include "specs/sha256.h"

enum {
	PIECE = 64 * 1024,
};

int walk_content_digest(int fd, uint64_t size, int other_fd, char ret_hex[65], bool *ret_same,
	struct nacre_error *err)
{
	unsigned char piece[PIECE], other[PIECE];
	bool same = other_fd >= 0;
	struct sha256 sum;
	uint64_t at = 0;
	int n;

	sha256_init(&sum);
	do {
		n = file_read_at(fd, piece, sizeof(piece), (off_t)at);
		if (n < 0)
			return fail_errno(err, n, "read");
		sha256_add(&sum, piece, (size_t)n);
		/* The source may change meanwhile: an error there counts as a difference. */
		if (same)
			same = file_read_at(other_fd, other, sizeof(other), (off_t)at) == n &&
			       !memcmp(piece, other, (size_t)n);
		at += (uint64_t)n;
	} while (n == PIECE && at <= size);
	if (at != size)
		return fail(err, ESTALE, "changed while it was read");
	sha256_finish(&sum, ret_hex);
	*ret_same = same;
	return 0;
}
