#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

# Bad input: the exact error, and proof that nothing is left. Both for create and for run.
refused() {
	local command pattern=$1
	shift
	for command in create run; do
		bad 1 "$pattern" nacre "$command" --profile oci --bundle "$b" "$@" "$id"
		nothing_left
	done
}

test_a_missing_bundle() {
	b=$T/none
	refused "bundle $T/none: No such file or directory"
}

test_a_bundle_without_a_config() {
	bundle true
	rm "$b/config.json"
	refused "JSON specification file config.json not found in $b"
}

test_broken_json() {
	bundle true
	echo '{"ociVersion": "1.0.0",' >"$b/config.json"
	refused 'config.json:*: *'
	: >"$b/config.json"
	refused 'config.json:*: *'
	printf '{"ociVersion": "1.0.0"}\n{}' >"$b/config.json"
	refused 'config.json:2: *'
	head -c 4096 /dev/urandom >"$b/config.json"
	refused 'config.json:*: *'
}

test_a_config_without_end() {
	bundle true
	head -c 3000000 /dev/zero | tr '\0' ' ' >"$b/config.json"
	refused '*config.json*'
	yes '[' | head -c 100000 | tr -d '\n' >"$b/config.json"
	refused 'config.json:1: *deep*'
	ln -sf /dev/zero "$b/config.json"
	refused '*config.json*'
}

test_a_config_that_is_a_fifo_does_not_hang() {
	bundle true
	rm "$b/config.json"
	mkfifo "$b/config.json"
	LIMIT=5 refused '*config.json*'
}

test_a_wrong_type_is_named_with_line_and_path() {
	bundle true
	jq . "$b/config.json" >"$b/config.new"
	mv "$b/config.new" "$b/config.json"
	sed -i 's/"readonly": true/"readonly": "yes"/' "$b/config.json"
	line=$(grep -n '"readonly"' "$b/config.json" | cut -d: -f1)
	refused "config.json:$line: root.readonly: expected *, found \"yes\""
}

test_an_unknown_version_of_the_spec() {
	local version
	bundle true
	for version in 2.0.0 0.9.0 9.9; do
		edit '.ociVersion = $v' --arg v "$version"
		refused "config.json:*: ociVersion: *$version*"
	done
	edit 'del(.ociVersion)'
	refused "config.json:*: ociVersion: *"
}

test_a_bad_id() {
	local name
	bundle true
	for name in "" . .. .hidden a/b ../x 'a b' 'a;b' $'a\nb' ä 'a*' "$(printf 'x%.0s' {1..256})"; do
		bad 1 "invalid container ID format: *" nacre create --profile oci --bundle "$b" -- "$name"
		bad 1 "invalid container ID format: *" nacre run --profile oci --bundle "$b" -- "$name"
		bad 1 "invalid container ID format: *" nacre state -- "$name"
		bad 1 "invalid container ID format: *" nacre delete -- "$name"
		bad 1 "invalid container ID format: *" nacre kill -- "$name" KILL
		bad 255 "invalid container ID format: *" nacre exec -- "$name" true
	done
	nothing_left
}

test_a_duplicate_id() {
	local pid
	bundle pause
	create
	start
	pid=$(pid_of)
	for command in create run; do
		bad 1 "*container with given ID already exists: $id" \
			nacre "$command" --profile oci --bundle "$b" "$id"
	done
	is "$(state_of '.pid, .status' | tr '\n' ' ')" "$pid running " "the first one"
}

test_a_rootfs_that_is_a_symlink() {
	bundle true
	mv "$b/rootfs" "$b/real"
	ln -s real "$b/rootfs"
	refused "*rootfs*$b/rootfs*symlink*"
}

test_a_rootfs_that_is_missing_or_no_directory() {
	bundle true
	edit '.root.path = "none"'
	refused "*$b/none*No such file or directory"
	edit '.root.path = "config.json"'
	refused "*$b/config.json* a directory"
	edit '.root.path = ""'
	refused "config.json:*: root.path: must not be empty"
	edit 'del(.root)'
	refused "config.json:*: root*"
}

test_the_root_of_the_host_as_rootfs() {
	bundle true
	edit '.root.path = "/"'
	run_refused "rootfs*: rootfs / is the root of the host"
}

test_a_missing_program() {
	bundle true
	program nothing-like-it
	refused 'find the program: exec: "nothing-like-it": executable file not found in $PATH'
	program /nothing/like/it
	refused 'find the program: exec: "/nothing/like/it": stat /nothing/like/it: no such file or directory'
}

test_a_program_that_is_not_executable() {
	bundle true
	program /etc/passwd
	refused 'find the program: exec: "/etc/passwd": permission denied'
	program /etc
	refused 'find the program: exec: "/etc": is a directory: permission denied'
}

test_a_relative_cwd() {
	bundle true
	edit '.process.cwd = "tmp"'
	refused 'config.json:*: process.cwd: "tmp" is not an absolute path'
	edit '.process.cwd = ""'
	refused 'config.json:*: process.cwd: must not be empty'
	edit 'del(.process.cwd)'
	refused 'config.json:*: process.cwd: is required'
}

test_a_cwd_that_is_a_file() {
	bundle true
	edit '.process.cwd = "/etc/passwd"'
	refused '*/etc/passwd* a directory'
}

test_no_arguments() {
	bundle true
	edit '.process.args = []'
	refused 'config.json:*: process.args: must not be empty'
}

# config.md lets a runtime choose; the engines expect what runc does: a warning.
test_an_unknown_capability() {
	bundle true
	edit '.process.capabilities.effective += ["CAP_MAGIC"] | .process.capabilities.bounding += ["CAP_MAGIC"]'
	run
	has "$err" "warning"
	has "$err" CAP_MAGIC
}

test_a_capability_that_we_lack_ourselves() {
	needs_root || return
	if (($(capability_mask) >> 24 & 1)); then
		host_lacks "CAP_SYS_RESOURCE is present, nothing is missing"
		return
	fi
	bundle true
	capabilities CAP_SYS_RESOURCE
	run
	has "$err" warning
	has "$err" CAP_SYS_RESOURCE
}

test_a_mount_of_a_missing_source() {
	bundle true
	mount_on /mnt "$T/none" bind rbind
	refused "*mounts\[7]: $T/none*: open the source: No such file or directory"
}

test_an_invalid_environment() {
	bundle true
	edit '.process.env += ["=x"]'
	refused 'config.json:*: process.env\[*]: *'
}

test_numbers_out_of_range() {
	bundle true
	edit '.process.user.uid = -1'
	refused 'config.json:*: process.user.uid: expected *, found -1'
	sed -i 's/"uid": -1/"uid": 4294967296/' "$b/config.json"
	refused 'config.json:*: process.user.uid: expected *, found 4294967296'
	sed -i 's/"uid": 4294967296/"uid": 1.5/' "$b/config.json"
	refused 'config.json:*: process.user.uid: expected *, found 1.5'
	sed -i 's/"uid": 1.5/"uid": 0/' "$b/config.json"
	edit '.process.oomScoreAdj = 1001'
	refused 'config.json:*: process.oomScoreAdj: *1001*'
	edit '.process.oomScoreAdj = -1001'
	refused 'config.json:*: process.oomScoreAdj: *-1001*'
}

test_a_duplicate_key() {
	bundle true
	sed -i '0,/{/s//{"hostname": "a",/' "$b/config.json"
	refused 'config.json:*: *hostname*'
}

test_two_creates_at_once_make_one_container() {
	local i won=0
	bundle pause
	for i in 1 2 3 4 5 6; do
		in_background nacre create --profile oci --bundle "$b" "$id"
	done
	for i in "${background[@]}"; do
		wait "$i" && ((won++))
	done
	background=()
	is "$won" 1 "number of containers"
	is "$(cat "$T"/out.* | grep -c "container with given ID already exists")" 5 "refused"
	is "$(state_of .status)" created status
}

test_create_and_delete_at_once_leave_all_or_nothing() {
	local i
	bundle pause
	create
	good nacre delete --force "$id"
	for i in {1..10}; do
		in_background nacre create --profile oci --bundle "$b" "$id"
		in_background nacre delete --force "$id"
		wait "${background[@]}"
		background=()
		good nacre delete --force "$id"
		nothing_left
	done
}

test_kill_and_start_and_delete_at_once() {
	local i
	bundle true
	for i in {1..10}; do
		create
		in_background nacre start "$id"
		in_background nacre kill "$id" KILL
		in_background nacre pause "$id"
		in_background nacre delete --force "$id"
		wait "${background[@]}"
		background=()
		good nacre delete --force "$id"
		nothing_left
	done
}

test_a_full_disk_below_the_state_root() {
	bundle true
	mkdir -p "$T/allowed"
	mount -t tmpfs -o mode=0700,size=4k,nr_inodes=100 tmpfs "$T/allowed" || return
	head -c 4096 /dev/zero >"$T/allowed/full"
	for command in create run; do
		bad 1 "state directory: *No space left on device" \
			nacre --root "$T/allowed" "$command" --profile oci --bundle "$b" "$id"
		is "$(ls "$T/allowed")" full "the state root"
		nothing_left
	done
	umount "$T/allowed"
}

test_no_inode_left_below_the_state_root() {
	local n ran=0
	bundle echo ran
	mkdir -p "$T/allowed"
	for n in 2 3 4 5 6 7; do
		mount -t tmpfs -o mode=0700,size=1m,nr_inodes="$n" tmpfs "$T/allowed" || return
		try nacre --root "$T/allowed" run --profile oci --bundle "$b" "$id"
		if ((rc)); then
			has "$err" "No space left on device"
		else
			is "$out" ran
			((++ran))
		fi
		is "$(ls "$T/allowed")" "" "the state root with $n inodes"
		nothing_left
		umount "$T/allowed"
	done
	((ran > 0 && ran < 6)) || wrong "$ran of 6 had inodes enough"
}

test_a_state_root_that_cannot_be_made() {
	bad 1 "*/proc/nacre*" nacre --root /proc/nacre list
	bad 1 "*/etc/passwd* a directory" nacre --root /etc/passwd list
}

test_a_damaged_record() {
	bundle pause
	create
	echo garbage >"$ROOT/$id/record"
	bad 1 "container \"$id\": record:1: *" nacre state "$id"
	good nacre list
	good nacre delete --force "$id"
	nothing_left
}

test_strange_things_in_the_state_root_are_no_containers() {
	mkdir -p "$ROOT"
	touch "$ROOT/file"
	ln -s /etc "$ROOT/link"
	good nacre list --quiet
	is "$out" ""
	bad 1 "*link*" nacre delete --force link
	exists /etc/passwd
	rm "$ROOT/file" "$ROOT/link"
}

test_a_closed_stdout_is_an_error() {
	try bash -c '"$1" --root "$2" features >&-' - "$NACRE" "$ROOT"
	try bash -c '"$1" --root "$2" features >/dev/full' - "$NACRE" "$ROOT"
	is "$rc" 1 "exit code"
	is "$err" "nacre: write to stdout: No space left on device"
}

test_sigpipe_and_closed_stdio_do_no_harm() {
	bundle create /tmp/ran
	edit '.root.readonly = false'
	good bash -c 'NACRE_TEST=$5 "$1" --root "$2" run --profile oci --bundle "$3" "$4" <&- >&- 2>&-' - \
		"$NACRE" "$ROOT" "$b" "$id" "$T"
	exists "$b/rootfs/tmp/ran"
	nothing_left
}

test_apparmor_and_selinux_that_are_not_there_fail_closed() {
	bundle true
	[[ -d /sys/kernel/security/apparmor ]] || {
		edit '.process.apparmorProfile = "no-such-profile"'
		refused "process.apparmorProfile: *"
		edit 'del(.process.apparmorProfile)'
	}
	[[ -d /sys/fs/selinux ]] || {
		edit '.process.selinuxLabel = "system_u:system_r:container_t:s0"'
		refused "process.selinuxLabel: *"
	}
}

test_intel_rdt_needs_resctrl() {
	bundle true
	edit '.linux.intelRdt = {closID: "no-such-group"}'
	if [[ $(stat -fc %t /sys/fs/resctrl 2>/dev/null) == 7655821 ]]; then
		run_refused "resctrl group: group no-such-group, which must be there if no schemata*"
		edit '.linux.intelRdt = {enableMonitoring: true}'
		run
		absent "/sys/fs/resctrl/$id"
		return
	fi
	run_refused "linux.intelRdt: no resctrl file system on /sys/fs/resctrl: mount it*"
}

all_tests "$@"
