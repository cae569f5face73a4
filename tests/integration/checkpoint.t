#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# checkpoint and restore, with the host's criu.
. "$(dirname "$0")/lib.sh"

needs_criu() {
	local why
	needs_root || return
	if ! command -v criu >/dev/null; then
		host_lacks "criu is not installed"
		return 1
	fi
	needs_program busybox || return
	criu check --no-default-config >"$T/criu" 2>&1 && return
	why=$(sed -n 's/.*Error ([^)]*): //p' "$T/criu" | grep -v '^exited' | head -n 1)
	host_lacks "criu $(criu --version | sed -n 's/^Version: //p') does not work here: $why"
	return 1
}

# Without its tools criu cannot keep a network namespace quiet.
needs_network_lock() {
	unshare --net iptables-restore --test <<<$'*filter\nCOMMIT' 2>/dev/null && return
	host_lacks "iptables is not installed, or does not work here"
	return 1
}

file_needs=needs_criu

# shell TEXT: a bundle whose program is a shell that does this.
shell() {
	bundle
	with_busybox || return
	program /bin/sh -c "$1"
}

# A program that counts in memory, and shows it on a tmpfs.
counter() {
	# shellcheck disable=SC2016 # for the shell in the container
	shell 'i=0; while :; do i=$((i + 1)); echo $i >/dev/shm/new; cat /dev/shm/new >/dev/shm/n; sleep 0.05; done'
}

number() {
	local n
	find_root
	n=$(cat "$root/dev/shm/n" 2>/dev/null)
	echo "${n:-0}"
}

above() {
	(($(number) > $1))
}

# quietly ARGS: nacre with /dev/null for stdio, and so for the container's: a file would have to be of the
# same size at restore.
quietly() {
	rm -f "$T/b-log"
	nacre --log "$T/b-log" "$@" "$id" </dev/null >/dev/null 2>&1 ||
		wrong "failed: $*" "$(tail -n 1 "$T/b-log")"
}

started() {
	quietly run --profile "$profile" --bundle "$b" --detach "$@"
	wait_for above 3
}

# checkpoint [OPTION...]
checkpoint() {
	good nacre checkpoint --image-path "$T/b-image" "$@" "$id"
}

restore() {
	quietly restore --profile "$profile" --bundle "$b" --image-path "$T/b-image" --detach "$@"
}

# restore_refused PATTERN [OPTION...]: and nothing is left of the attempt.
restore_refused() {
	local pattern=$1
	shift
	try nacre restore --profile "$profile" --bundle "$b" --image-path "$T/b-image" --detach "$@" "$id"
	is "$rc" 1 "exit status"
	has_line "$err" "nacre: $pattern"
	nothing_left
}

goes_on_from() {
	wait_for above "$1"
	# it did not begin anew, and no more than a few seconds went by
	(($(number) < $1 + 400)) || wrong "it counted to $(number), from $1"
}

test_restore_goes_on_where_checkpoint_stopped() {
	local before
	profile=agent
	counter || return
	started
	before=$(number)
	checkpoint
	nothing_left
	restore --pid-file "$T/b-pid"
	is "$(<"$T/b-pid")" "$(pid_of)" "pid file"
	is "$(state_of .profile)" agent "profile"
	status_is running || wrong "it is not running"
	goes_on_from "$before"
	kill_now
	delete
}

test_what_a_restore_relaxes_is_in_the_audit() {
	profile=agent
	counter || return
	started
	checkpoint
	restore --audit "$T/b-audit" --allow tmp-exec
	is "$(jq -r 'select(.event == "restore") | .grants[0] | .grant + " " + .by' "$T/b-audit")" "tmp-exec command line"
	kill_now
	delete
}

test_what_was_restored_is_held_as_before() {
	local before after
	profile=agent
	counter || return
	started
	before=$(grep -E '^(Cap|NoNewPrivs|Seccomp)' "/proc/$(pid_of)/status")
	has "$before" $'NoNewPrivs:\t1'
	has "$before" $'Seccomp:\t2'
	checkpoint
	restore
	after=$(grep -E '^(Cap|NoNewPrivs|Seccomp)' "/proc/$(pid_of)/status")
	is "$after" "$before" "the process"
	is "$(cgroup_of "$(pid_of)")" "$(cgroup_of "$(pid_of)" | grep "$id")" "the cgroup"
	try nacre exec "$id" /payload write /
	((rc)) || wrong "the root can be written"
}

test_mounts_come_back_with_their_flags() {
	local before after
	counter || return
	mkdir "$b/volume"
	echo kept >"$b/volume/file"
	mount_on /volume "$b/volume" bind rbind ro nosuid
	mount_on /etc/one "$b/volume/file" bind bind
	mount_on /scratch tmpfs tmpfs nodev size=1m
	started
	find_root
	echo content >"$root/scratch/file"
	# devices and ids are other ones now
	before=$(awk '{ print $5, $6, $4 }' "/proc/$(pid_of)/mountinfo" | sort)
	checkpoint
	restore
	after=$(awk '{ print $5, $6, $4 }' "/proc/$(pid_of)/mountinfo" | sort)
	is "$after" "$before" "the mounts"
	find_root
	is "$(<"$root/volume/file")" kept "a bind"
	is "$(<"$root/etc/one")" kept "a bind of a file"
	is "$(<"$root/scratch/file")" content "a tmpfs"
}

# As systemd has it. What the host mounts arrives in binds before and after; nothing goes back.
test_a_host_that_shares_its_mounts() {
	local host
	counter || return
	in_background unshare --mount bash -c 'mount --make-rshared /; exec sleep 1000'
	host=$!
	wait_for grep -q shared: "/proc/$host/mountinfo"
	mkdir "$b/volume"
	: >"$b/file"
	mount_on /volume "$b/volume" bind rbind rslave
	mount_on /etc/one "$b/file" bind bind
	good nsenter --mount --target "$host" "$NACRE" --root "$ROOT" run --profile oci --bundle "$b" \
		--detach "$id"
	wait_for above 3
	grep -q ' /volume .* master:' "/proc/$(pid_of)/mountinfo" || wrong "no slave before"
	checkpoint
	good nsenter --mount --target "$host" "$NACRE" --root "$ROOT" restore --profile oci --bundle "$b" \
		--image-path "$T/b-image" --detach "$id"
	grep -q ' /volume .* master:' "/proc/$(pid_of)/mountinfo" || wrong "no slave after"
	lacks "$(<"/proc/$(pid_of)/mountinfo")" " shared:"
	lacks "$(<"/proc/$host/mountinfo")" "$T/b"
}

test_mount_points_that_the_rootfs_lacks_are_made() {
	counter || return
	mkdir -p "$b/volume/inner" "$b/other"
	mount_on /new/volume "$b/volume" bind bind
	mount_on /new/volume/inner "$b/other" bind bind
	started
	checkpoint
	rm -r "$b/rootfs/new" "$b/rootfs/proc" "$b/volume/inner"
	restore
	exists "$b/volume/inner"
	grep -q " /new/volume/inner " "/proc/$(pid_of)/mountinfo" || wrong "the inner bind is missing"
}

test_leave_running() {
	local before
	counter || return
	started
	checkpoint --leave-running
	before=$(number)
	status_is running || wrong "it is not running"
	goes_on_from "$before"
}

test_a_paused_container_can_be_checkpointed() {
	local before
	counter || return
	started
	good nacre pause "$id"
	before=$(number)
	checkpoint
	restore
	status_is running || wrong "it is not running"
	goes_on_from "$before"
}

test_a_pre_dump_is_the_parent_of_a_checkpoint() {
	local before
	if ! criu check --no-default-config --feature mem_dirty_track >/dev/null 2>&1; then
		host_lacks "the kernel does not track memory (CONFIG_MEM_SOFT_DIRTY)"
		return
	fi
	counter || return
	started
	good nacre checkpoint --image-path "$T/b-first" --pre-dump "$id"
	status_is running || wrong "it is not running after the pre-dump"
	before=$(number)
	checkpoint --parent-path ../b-first
	is "$(readlink "$T/b-image/parent")" ../b-first "the parent"
	restore
	goes_on_from "$before"
}

test_children_come_back() {
	local pid
	shell '/bin/sleep 1000 & echo 9 >/dev/shm/n; wait; exit 3' || return
	started
	checkpoint
	restore
	good nacre ps "$id"
	has_line "$out" "*/bin/sleep 1000"
	pid=$(pid_of)
	kill "$(tr -d ' ' <"/proc/$pid/task/$pid/children")"
	wait_for status_is stopped
}

# The caller of restore serves the process as run does.
test_restore_ends_with_the_exit_status_of_the_program() {
	# shellcheck disable=SC2016
	shell 'echo 9 >/dev/shm/n; while [ ! -e /mnt/end ]; do sleep 0.05; done; exit 7' || return
	mkdir "$b/volume"
	mount_on /mnt "$b/volume" bind bind
	started
	checkpoint
	: >"$b/volume/end"
	try nacre restore --profile oci --bundle "$b" --image-path "$T/b-image" "$id"
	is "$rc" 7 "exit status"
	is "$err" "" "stderr"
	nothing_left
}

test_pipes_are_those_of_the_new_caller() {
	shell 'echo 9 >/dev/shm/n; while read -r line; do echo "read: $line"; done' || return
	mkfifo "$T/b-in"
	nacre run --detach --profile oci --bundle "$b" "$id" < <(sleep 60 & echo $! >"$T/b-sleep") \
		> >(cat >"$T/b-first") 2>&1
	wait_for above 3
	checkpoint
	kill "$(<"$T/b-sleep")"
	echo typed | nacre restore --profile oci --bundle "$b" --image-path "$T/b-image" "$id" |
		cat >"$T/b-second"
	is "$(<"$T/b-second")" "read: typed" "output"
}

test_no_input_stays_no_input() {
	# shellcheck disable=SC2016 # for the shell in the container
	shell 'while :; do echo 9 >/dev/shm/n; sleep 0.05; read -r line && echo "$line" >/dev/shm/n; done' || return
	started
	checkpoint
	mkfifo "$T/b-in"
	nacre restore --profile "$profile" --bundle "$b" --image-path "$T/b-image" --detach "$id" \
		<>"$T/b-in" >/dev/null 2>&1 || wrong "a pipe in place of /dev/null"
	is "$(stat -L --format %t:%T "/proc/$(pid_of)/fd/0")" 1:3 "input"
}

test_hooks_run_as_for_create() {
	local kind
	counter || return
	for kind in prestart createRuntime createContainer startContainer poststart poststop; do
		edit '.hooks[$kind] += [{path: "/bin/sh", args: ["sh", "-c", "echo \($kind) $(jq -r .pid) >>$LOG"],
			env: ["LOG=" + $log, "PATH=/bin:/usr/bin"]}]' --arg kind "$kind" --arg log "$T/b-hooks"
	done
	edit 'del(.hooks.startContainer)'
	started
	: >"$T/b-hooks"
	checkpoint
	is "$(<"$T/b-hooks")" "poststop 0" "after checkpoint"
	: >"$T/b-hooks"
	restore
	is "$(tr '\n' ' ' <"$T/b-hooks")" \
		"prestart $(pid_of) createRuntime $(pid_of) " "after restore"
	good nacre delete --force "$id"
	is "$(tail -n 1 "$T/b-hooks")" "poststop 0" "after delete"
}

test_a_terminal_goes_to_the_console_socket() {
	# shellcheck disable=SC2016
	shell 'echo 9 >/dev/shm/n; while read -r line; do echo "read: $line"; done' || return
	edit '.process.terminal = true'
	in_background "$PEER" console "$T/b-console"
	wait_for test -S "$T/b-console"
	started --console-socket "$T/b-console"
	checkpoint
	in_background "$PEER" console "$T/b-console2"
	wait_for test -S "$T/b-console2"
	restore --console-socket "$T/b-console2"
	is "$(readlink "/proc/$(pid_of)/fd/0")" /dev/pts/0 "stdin"
	differs "$(awk '{ print $7 }' "/proc/$(pid_of)/stat")" 0 "controlling terminal"
}

test_open_connections_need_tcp_established() {
	needs_network_lock || return
	shell 'nc -l -p 9000 -e cat & sleep 0.3
		mkfifo /dev/shm/in; nc 127.0.0.1 9000 </dev/shm/in >/dev/shm/out & exec 5>/dev/shm/in
		echo first >&5; while [ ! -s /dev/shm/out ]; do sleep 0.05; done; echo 9 >/dev/shm/n
		while [ ! -e /dev/shm/more ]; do sleep 0.05; done; echo second >&5; sleep 1000' || return
	cp "$b/rootfs/bin/sh" "$b/rootfs/bin/nc"
	cp "$b/rootfs/bin/sh" "$b/rootfs/bin/mkfifo"
	started
	bad 1 "criu failed: *onnected TCP socket*" nacre checkpoint --image-path "$T/b-image" "$id"
	status_is running || wrong "it is not running any more"
	checkpoint --tcp-established
	restore --tcp-established
	find_root
	: >"$root/dev/shm/more"
	# shellcheck disable=SC2016
	wait_for bash -c '[[ $(<"$1/dev/shm/out") == first*second ]]' - "$root"
}

is_elsewhere() {
	[[ $(readlink /proc/self/ns/net) != "$(readlink "/proc/$1/ns/net")" ]]
}

test_a_joined_network_namespace_is_joined_again() {
	local before
	needs_network_devices || return
	counter || return
	in_background unshare --net sleep 1000
	wait_for is_elsewhere $!
	edit '.linux.namespaces |= map(if .type == "network" then .path = $p else . end)' \
		--arg p "/proc/$!/ns/net"
	started
	before=$(readlink "/proc/$(pid_of)/ns/net")
	checkpoint
	restore
	is "$(readlink "/proc/$(pid_of)/ns/net")" "$before" "the network namespace"
}

test_loopback_is_up() {
	counter || return
	started
	checkpoint
	restore
	good nsenter --net --target "$(pid_of)" ip -json address show dev lo
	is "$(json '.[0].addr_info[0].local')" 127.0.0.1 "address of lo"
}

test_with_a_user_namespace_there_is_no_checkpoint() {
	counter || return
	with_user_namespace
	started
	bad 1 "a container with a user namespace can be neither checkpointed nor restored: *" \
		nacre checkpoint --image-path "$T/b-image" "$id"
	status_is running || wrong "it is not running any more"
}

# --- the profile ---

test_under_landlock_there_is_no_checkpoint() {
	profile=strict
	counter || return
	run --detach
	bad 1 "a container with rule landlock can be neither checkpointed nor restored: criu knows nothing of \
Landlock" \
		nacre checkpoint --image-path "$T/b-image" "$id"
	absent "$T/b-image"
}

test_a_checkpoint_of_a_looser_profile_is_refused() {
	counter || return
	started
	checkpoint
	profile=agent
	restore_refused "profile agent: the checkpoint was made under profile oci, and a restore cannot apply a stricter one; restore it with --profile oci"
	profile=strict
	restore_refused "a container with rule landlock can be neither checkpointed nor restored: *"
	rm "$T/b-image/nacre.json"
	profile=agent
	restore_refused "profile agent: the checkpoint does not name the profile that it was made under; *"
	profile=oci
	restore
}

test_a_grant_of_the_checkpoint_must_be_given_again() {
	profile=agent
	counter || return
	started --allow rootfs-write
	checkpoint
	restore_refused "profile agent: the checkpoint was made with --allow rootfs-write, and a restore cannot revoke a grant; give the same --allow to restore"
	restore --allow rootfs-write
}

# Who can write the images could also write this file: what counts is what the kernel says.
test_a_checkpoint_that_names_a_wrong_profile_does_not_run() {
	counter || return
	edit '.process.noNewPrivileges = false | .root.readonly = true'
	started
	checkpoint
	echo '{"version": 1, "profile": "agent"}' >"$T/b-image/nacre.json"
	profile=agent
	restore_refused "profile holds: what was restored is not held by profile agent: *"
}

# --- errors ---

test_without_criu() {
	counter || return
	started
	bad 1 "criu is not installed, and without it there is no checkpoint or restore: install the package \
criu, or give --criu PATH" env PATH=/nowhere "$NACRE" --root "$ROOT" checkpoint --image-path "$T/b-image" "$id"
	bad 1 "criu /nowhere/criu: not the absolute path of a program" \
		nacre --criu /nowhere/criu checkpoint --image-path "$T/b-image" "$id"
	status_is running || wrong "it is not running any more"
	absent "$T/b-image"
}

test_only_what_runs_can_be_checkpointed() {
	counter || return
	create
	bad 1 "container cannot be checkpointed in created state" \
		nacre checkpoint --image-path "$T/b-image" "$id"
	start
	kill_now
	bad 1 "container cannot be checkpointed in stopped state" \
		nacre checkpoint --image-path "$T/b-image" "$id"
	delete
	bad 1 "container does not exist: *" nacre checkpoint --image-path "$T/b-image" "$id"
}

test_options_are_checked() {
	counter || return
	started
	bad 1 "--parent-path /abs: must be relative to the directory of the images" \
		nacre checkpoint --image-path "$T/b-image" --parent-path /abs "$id"
	bad 1 "--parent-path ../none: No such file or directory" \
		nacre checkpoint --image-path "$T/b-image" --parent-path ../none "$id"
	bad 1 "--page-server here: expected ADDRESS:PORT" \
		nacre checkpoint --image-path "$T/b-image" --page-server here "$id"
	bad 1 "--empty-ns user: criu knows network alone" \
		nacre checkpoint --image-path "$T/b-image" --empty-ns user "$id"
	bad 1 "--status-fd 77: not open for writing" \
		nacre checkpoint --image-path "$T/b-image" --status-fd 77 "$id"
	status_is running || wrong "it is not running any more"
}

test_the_id_must_be_free() {
	counter || return
	started
	checkpoint --leave-running
	bad 1 "*container with given ID already exists*" nacre restore --profile oci --bundle "$b" \
		--image-path "$T/b-image" --detach "$id"
	status_is running || wrong "it is not running any more"
}

test_images_must_be_there_and_whole() {
	counter || return
	restore_refused "--image-path $T/b-image: No such file or directory"
	mkdir "$T/b-image"
	restore_refused "$T/b-image is no checkpoint of a container: open descriptors.json: No such file*"
	rmdir "$T/b-image"
	started
	checkpoint
	rm "$T/b-image"/pages-*.img
	restore_refused "*criu failed: *more in $T/b-image/restore.log?"
}

test_a_bind_source_that_is_gone_is_named() {
	counter || return
	mkdir "$b/volume"
	mount_on /mnt "$b/volume" bind bind
	started
	checkpoint
	rmdir "$b/volume"
	restore_refused "mount points: *$b/volume*No such file or directory"
}

test_the_log_is_in_the_work_directory() {
	counter || return
	started
	checkpoint --work-path "$T/b-work"
	exists "$T/b-work/dump.log"
	absent "$T/b-image/dump.log"
	restore --work-path "$T/b-work"
	exists "$T/b-work/restore.log"
}

test_both_are_in_the_audit_record() {
	counter || return
	started --audit "$T/b-audit"
	checkpoint
	restore --audit "$T/b-audit"
	is "$(jq -r .event "$T/b-audit" | tr '\n' ' ')" "create start checkpoint delete restore " "the record"
}

all_tests "$@"
