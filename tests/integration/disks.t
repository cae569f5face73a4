#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# File systems of disks in mounts[]: on a loop device of our own, with an ext4 on it.
. "$(dirname "$0")/lib.sh"

file_needs=needs_disk

needs_disk() {
	needs_root && needs_program losetup && needs_program mke2fs || return
	truncate -s 16M "$T/disk" && mke2fs -q -t ext4 "$T/disk" && attach_disk 2>/dev/null && return
	host_lacks "no loop device can be made"
	return 1
}

# attach_disk [losetup option]: $disk, which goes when fd 8 does
attach_disk() {
	exec 8<&-
	disk=$(losetup "$@" --find --show "$T/disk") || return
	exec 8<"$disk"
	losetup --detach "$disk"
}

# with_disk OPTION...: the disk on /mnt
with_disk() {
	mount_on /mnt "$disk" ext4 "$@"
}

# sha256sum of what is on the disk
sum_of_disk() {
	sync
	sha256sum <"$T/disk"
}

test_a_read_only_disk_is_not_written_to() {
	local before
	before=$(sum_of_disk)
	profile=oci
	bundle cat /proc/self/mountinfo
	with_disk ro
	run
	has "$(grep " /mnt " <<<"$out")" " - ext4 $disk ro"
	is "$(sum_of_disk)" "$before"
	# Nor opened for writing: a write-protected one can be mounted.
	attach_disk --read-only
	bundle cat /proc/self/mountinfo
	with_disk ro
	run
	has "$(grep " /mnt " <<<"$out")" " - ext4 $disk ro"
}

# What the program may not open, init may for the mount: and always, not when it is faster than the filter.
test_a_disk_is_mounted_whatever_the_device_rules_say() {
	local i
	profile=oci
	for i in {1..12}; do
		bundle stat /mnt/lost+found : open /disk
		edit '.linux.devices = [{path: "/disk", type: "b", major: $a, minor: $i}]' \
			--argjson a "$((0x$(stat -c %t "$disk")))" --argjson i "$((0x$(stat -c %T "$disk")))"
		with_disk ro
		try nacre run --profile oci --bundle "$b" "$id"
		is "$out" $'/mnt/lost+found: d 0700 0:0 size=12288 rdev=0:0\nopen: EPERM'
	done
}

disk_bundle() {
	bundle stat /mnt/lost+found
	with_disk "$@"
	profile=agent
}

test_a_profile_needs_a_grant_for_a_disk() {
	disk_bundle ro
	run_refused "profile agent, rule mount-sources: mounts\[*\].source: $disk is a disk of the host; allow it with --allow disk:$disk"
	# A node of /dev alone is something else.
	run_refused "*" --allow "mount:$disk" --allow "device:$disk"
	run --allow "disk:$disk"
	has "$out" "/mnt/lost+found: d"
	edit '.mounts[-1].options += ["journal_path=/dev/null"]'
	run_refused "*the profile does not know the option \"journal_path=/dev/null\" of a disk; leave it out" --allow "disk:$disk"
}

# By its numbers, whatever it is called.
test_a_disk_is_judged_where_it_is_opened() {
	local numbers="$((0x$(stat -c %t "$disk"))) $((0x$(stat -c %T "$disk")))"
	# shellcheck disable=SC2086
	mknod "$T/alias" b $numbers
	mknod "$T/other" b 7 255
	ln -s "$disk" "$T/link"
	disk_bundle ro
	run --allow "disk:$T/alias"
	run --allow "disk:$T/missing" --allow "disk:$T/link"
	run_refused "*$disk is a disk that no grant names; allow it with --allow disk:$disk" --allow "disk:$T/other"
	edit '.mounts[-1].source = $s' --arg s "$T/link"
	run --allow "disk:$disk"
	# A name that is granted, and leads elsewhere.
	edit '.mounts[-1].source = $s' --arg s "$T/other"
	run_refused "*$T/other is a disk that no grant names*" --allow "disk:$disk"
	: >"$T/file"
	edit '.mounts[-1].source = $s' --arg s "$T/file"
	run_refused "*$T/file is not a block device" --allow "disk:$T/file"
	run_refused "*the rule is required, so no grant can allow it" --require mount-sources --allow "disk:$T/file"
}

all_tests "$@"
