#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a program in the container could write the runtime's binary by is closed before it starts: by a
# second execution, of a read-only clone, or by the file system that the binary lies on.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

# executes BINARY N: it runs a container, and is executed N times for it
executes() {
	local NACRE=$1
	bundle true
	NACRE_TEST=$T try strace -qq -o "$T/trace" -e trace=execve,execveat -e status=successful \
		"$NACRE" --root "$ROOT" run --profile oci --bundle "$b" "$id"
	is "$rc" 0 "$err"
	is "$(grep -c ^exec "$T/trace")" "$2" "executions of $NACRE"
}

# with_verity: a copy of the binary, $T/verity/nacre, that the kernel lets nobody open for writing
with_verity() {
	needs_root && needs_program mkfs.ext4 || return
	truncate -s 64M "$T/image"
	mkfs.ext4 -q -b 4096 -O verity "$T/image" || wrong "mkfs.ext4 failed"
	mkdir "$T/verity"
	if ! mount -o loop "$T/image" "$T/verity" 2>"$T/why"; then
		host_lacks "no ext4 of a loop device can be mounted"
	elif [[ ! -e /sys/fs/ext4/features/verity ]]; then
		umount "$T/verity"
		host_lacks "the kernel has no fs-verity"
	else
		needs_program fsverity || umount "$T/verity"
	fi
	[[ -z $skipped ]] || return
	cp "$NACRE" "$T/verity/nacre"
	fsverity enable "$T/verity/nacre" || wrong "fsverity failed"
}

test_a_binary_that_could_be_written_is_executed_once_more() {
	needs_strace && needs_root || return
	executes "$NACRE" 2
}

test_a_binary_with_fs_verity_is_executed_once() {
	needs_strace && with_verity || return
	executes "$T/verity/nacre" 1
	! (: >>"$T/verity/nacre") 2>/dev/null || wrong "it was opened for writing"
	umount "$T/verity"
}

all_tests "$@"
