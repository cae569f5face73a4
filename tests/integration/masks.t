#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

test_masked_files_read_empty_and_masked_directories_are_empty() {
	bundle stat /proc/keys : cat /proc/timer_list /proc/keys : ls /sys/firmware
	run
	is "$(wc -l <<<"$out")" 1 "number of lines"
	has_line "$out" "/proc/keys: c * rdev=1:3"
}

test_own_masks_hide_a_file_and_a_directory() {
	bundle cat /etc/secret : ls /etc/secrets : stat /etc/secrets : create /etc/secrets/new
	echo hidden >"$b/rootfs/etc/secret"
	mkdir "$b/rootfs/etc/secrets"
	echo hidden >"$b/rootfs/etc/secrets/inner"
	edit '.linux.maskedPaths += ["/etc/secret", "/etc/secrets"] | .root.readonly = false'
	run_any
	lacks "$out" hidden
	lacks "$out" inner
	has "$out" "create: EROFS"
	is "$(<"$b/rootfs/etc/secret")" hidden "the file of the rootfs"
}

test_a_mask_for_what_is_not_there_does_no_harm() {
	bundle echo fine
	edit '.linux.maskedPaths = ["/no/such/path", "/etc/passwd/below"]
		| .linux.readonlyPaths = ["/not/there/either"]'
	run
	is "$out" fine
}

test_read_only_paths_cannot_be_written() {
	bundle write /proc/sys/kernel/hostname x : create /etc/new : create /tmp/new : cat /etc/passwd
	capabilities CAP_SYS_ADMIN
	edit '.root.readonly = false | .linux.readonlyPaths += ["/etc"]'
	run_any
	has_line "$out" "write: E[AR]*S"
	has_line "$out" "create: EROFS"
	has_line "$out" "create: ok"
	has_line "$out" root:*
}

test_read_only_paths_keep_the_other_flags() {
	bundle cat /proc/self/mountinfo
	mount_on /mnt tmpfs tmpfs nosuid nodev noexec
	edit '.linux.readonlyPaths += ["/mnt"]'
	run
	has_line "$out" "* /mnt ro,nosuid,nodev,noexec*"
}

test_a_mask_does_not_follow_a_symlink_out_of_the_root() {
	local before
	bundle echo fine
	ln -s /etc/hostname "$b/rootfs/etc/link"
	ln -s "$T/out.host" "$b/rootfs/etc/host"
	echo untouched >"$T/out.host"
	edit '.linux.maskedPaths = ["/etc/link", "/etc/host"]'
	run
	is "$out" fine
	is "$(<"$T/out.host")" untouched "file of the host"
	is "$(mounts_left)" "" mounts
}

test_the_program_cannot_lift_a_mask() {
	bundle umount /proc/keys : mount proc none /proc
	run_any
	is "$out" $'umount: EPERM\nmount: EPERM'
}

test_masks_hold_for_exec() {
	bundle pause
	echo hidden >"$b/rootfs/etc/secret"
	edit '.linux.maskedPaths += ["/etc/secret"]'
	create
	start
	exec_in cat /etc/secret
	is "$out" ""
}

test_what_is_masked_twice_is_covered_once() {
	bundle cat /proc/self/mountinfo
	mkdir "$b/rootfs/mnt/dir"
	touch "$b/rootfs/mnt/file"
	edit '.linux.maskedPaths = ["/mnt/dir", "/mnt/file", "/mnt/dir", "/mnt/./file"]'
	run
	is "$(grep -c " /mnt/dir " <<<"$out")" 1 "mounts of the directory"
	is "$(grep -c " /mnt/file " <<<"$out")" 1 "mounts of the file"
}

all_tests "$@"
