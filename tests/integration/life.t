#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Commands in any order: several workers at once, on a few containers, with configs and commands by chance, some
# killed by SIGKILL. Each command says one clear error or succeeds. When all are still, what is listed is there
# and is what it is said to be, and after `delete --force` nothing is left.
#
# LIFE_ROUNDS is how often (2), LIFE_SEED the first seed (1); that of a round that failed is told.
. "$(dirname "$0")/lib.sh"
file_needs=needs_root

rounds=${LIFE_ROUNDS:-2}
seed=${LIFE_SEED:-1}
workers=4 commands=12

ids=()

# one WORD...: sets REPLY
one() {
	local words=("$@")
	REPLY=${words[RANDOM % $#]}
}

# --- configs ---

# Each is added to one config of three.
additions=(
	'.root.readonly = false'
	'.process.user = {uid: 1000, gid: 1000, additionalGids: [7]}'
	'.process.noNewPrivileges = true'
	'.process.capabilities.bounding = ["CAP_KILL", "CAP_SYS_PTRACE"]'
	'.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 98, hard: 99}]'
	'.process.oomScoreAdj = 100'
	'.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["getcpu"], action: "SCMP_ACT_ERRNO"}]}'
	'.linux.sysctl = {"kernel.msgmax": "4096"}'
	'.linux.maskedPaths = ["/proc/kcore", "/proc/no-such"] | .linux.readonlyPaths = ["/proc/sys"]'
	'.linux.devices = [{path: "/dev/other", type: "c", major: 1, minor: 3, fileMode: 438}]'
	'.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 0, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
	'.linux.resources.unified["cgroup.max.depth"] = "3"'
	'.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {monotonic: {secs: 5}}'
	'.mounts += [{destination: "/mnt", type: "bind", source: $etc, options: ["rbind", "ro"]}]'
	'.mounts += [{destination: "/more", type: "tmpfs", source: "tmpfs", options: ["size=64k", "nosuid"]}]'
	'.hooks.createRuntime = [{path: "/bin/true"}]'
	'.hooks.createContainer = [{path: "/bin/true"}]'
	'.hooks.startContainer = [{path: "/payload", args: ["/payload", "sleep", "0.01"]}]'
	'.hooks.poststart = [{path: "/bin/sh", args: ["sh", "-c", "exec sleep 0.01"]}]'
	'.hooks.poststop = [{path: "/bin/true"}]'
	'.hostname = "other"'
	'.annotations = {"run.oci.hooks.stdout": "/dev/null", "a.b": "c"}'
)
# One config of four has one of these: it is refused, or its container ends with an error.
faults=(
	'.process.args = ["/no-such-program"]'
	'.root.path = "no-such-directory"'
	'.mounts += [{destination: "/mnt", type: "bind", source: "/no/such/source", options: ["bind"]}]'
	'.hooks.createRuntime = [{path: "/bin/false"}]'
	'.hooks.startContainer = [{path: "/payload", args: ["/payload", "false"]}]'
	'.hooks.poststart = [{path: "/bin/false"}]'
	'.hooks.poststop = [{path: "/bin/false"}]'
	'.linux.namespaces |= map(select(.type != "pid"))'
	'.linux.sysctl = {"kernel.no_such": "1"}'
	'.process.cwd = "/no/such/directory"'
)

# Sets b to the bundle of number $1, its config another one.
random_bundle() {
	local i filter=. program
	b=$T/bundle-$1
	one "pause" "pause" "pause" "sleep 0.05" "true" "false" "spawn 2 : pause" "spawn 2 : sleep 0.02"
	program=$REPLY
	for i in "${additions[@]}"; do
		((RANDOM % 3)) || filter+=" | $i"
	done
	if ((RANDOM % 4 == 0)); then
		one "${faults[@]}"
		filter+=" | $REPLY"
	fi
	mkdir -p "$b/rootfs"/{proc,sys,dev,tmp,etc,mnt,more}
	cp "$PAYLOAD" "$b/rootfs/payload"
	# shellcheck disable=SC2086 # words
	jq '.process.terminal = false | .process.env += ["NACRE_TEST=" + $T]
		| .process.args = ["/payload"] + $ARGS.positional | '"$filter" \
		--arg T "$T" --arg etc "$b/rootfs/etc" --args -- $program <"$tests/data/spec.json" >"$b/config.json" ||
		wrong "jq: $filter"
}

# --- commands ---

# judge PROGRAM COMMAND...: its status is $rc, and what it said beside warnings one clear error, or nothing.
judge() {
	local program=$1 errors
	shift
	errors=$(grep -v '^nacre: warning: ' "$file.err")
	case $rc:$errors in
	*AddressSanitizer* | *LeakSanitizer* | *"runtime error:"*) wrong "a sanitizer spoke up in: $*" "$errors" ;;
	132:* | 134:* | 135:* | 136:* | 139:*) wrong "it crashed: $*" "status $rc, stderr: $errors" ;;
	0:) return ;;
	0:*) wrong "an error with the status 0: $*" "$errors" ;;
	*:) ((program)) || wrong "it failed without an error: $*" "status $rc" ;;
	*$'\n'* | *Success* | *"Unknown error"*) wrong "no one clear error: $*" "status $rc, stderr: $errors" ;;
	*:"nacre: "*) return ;;
	*) wrong "no error of nacre: $*" "status $rc, stderr: $errors" ;;
	esac
}

# command_is_clear PROGRAM COMMAND...: one that fails says one clear error; with PROGRAM=1 the status may be
# that of the program, which says nothing. One of four is killed, and each after $most.
command_is_clear() {
	local program=$1 kill=${most:+timeout -s KILL $most} after
	shift
	if ((RANDOM % 4 == 0)); then
		printf -v after '0.%03d' $((RANDOM % 40))
		kill="timeout -s KILL $after"
	fi
	# shellcheck disable=SC2086 # words
	(NACRE_TEST=$T timeout -k 5 120 $kill "$NACRE" --root "$ROOT" "$@" </dev/null >"$file.out" 2>"$file.err"
		exit $?) 2>/dev/null
	rc=$?
	[[ -n $kill && $rc == 137 ]] || judge "$program" "$@"
}

# By chance: what an engine does with $id. Whatever waits for a process has a timeout: another worker may
# have paused it.
random_command() {
	local limit=(--timeout 3s) trace=() profile
	one oci oci agent agent strict nested
	profile=$REPLY
	one '' '' --trace-denials
	[[ -z $REPLY || $profile == oci ]] || trace=("$REPLY")
	b=$T/bundle-$((RANDOM % 6))
	one create create create run-detached run-detached run start start start exec exec exec-detached exec-kept \
		kill kill pause resume update delete delete force state list ps stats explain
	case $REPLY in
	create) command_is_clear 0 create "${limit[@]}" "${trace[@]}" --profile "$profile" --bundle "$b" "$id" ;;
	run-detached) command_is_clear 0 run -d "${trace[@]}" --profile "$profile" --bundle "$b" "$id" ;;
	run) command_is_clear 1 run --timeout 500ms --profile "$profile" --bundle "$b" "$id" ;;
	start) command_is_clear 0 start "${limit[@]}" "$id" ;;
	exec) command_is_clear 1 exec "${limit[@]}" "$id" /payload true ;;
	exec-detached) most=3 command_is_clear 0 exec -d "$id" /payload sleep 0.05 ;; # has no --timeout
	exec-kept) command_is_clear 1 exec --kill-on-exit "${limit[@]}" "$id" /payload spawn 2 : sleep 0.02 ;;
	kill) one TERM KILL KILL 0 && command_is_clear 0 kill "$id" "$REPLY" ;;
	update) command_is_clear 0 update -r "$T/update.json" "$id" ;;
	force) command_is_clear 0 delete --force "$id" ;;
	stats) command_is_clear 0 events --stats "$id" ;;
	list) command_is_clear 0 list --format json ;;
	*) command_is_clear 0 "$REPLY" "$id" ;;
	esac
}

worker() {
	local number=$1 i file=$T/worker-$1
	RANDOM=$((seed + number))
	for ((i = 0; i < commands; i++)); do
		go_on
		one "${ids[@]}"
		id=$REPLY
		random_command
	done
}

# --- what there is then ---

# settled STATUS: $id has a process that is what STATUS says, or has stopped meanwhile
settled() {
	local state pid status
	state=$(nacre state "$id") || return
	read -r status pid < <(jq -r '"\(.status) \(.pid)"' <<<"$state")
	case $status in
	running) [[ $(readlink "/proc/$pid/exe") == */payload ]] ;;
	created | paused) [[ -e /proc/$pid ]] ;;
	stopped) [[ $pid == 0 ]] ;;
	creating) true ;;
	*) false ;;
	esac
}

look_at_all() {
	good nacre list --format json
	local list=$out
	for id in $(jq -r '.[]?.id' <<<"$list"); do
		[[ " ${ids[*]} " == *" $id "* ]] || wrong "listed is a container of nobody: $id"
		doing "$list" "$(nacre state "$id" 2>&1)"
		wait_for settled
	done
	for id in "${ids[@]}"; do
		[[ ! -e $ROOT/$id/record ]] || jq -e --arg id "$id" 'any(.[]; .id == $id)' <<<"$list" >/dev/null ||
			wrong "there is a record of $id, which is not listed" "$list"
	done
}

# What is looked at below is no runtime that does nothing.
one_undisturbed() {
	bundle pause
	id=${ids[0]}
	create
	start
	exec_in echo within
	is "$out" within exec
	good nacre delete --force "$id"
}

test_commands_in_any_order_leave_what_they_say() {
	local round i pids tests_id=$id
	echo '{"unified": {"cgroup.max.depth": "4"}}' >"$T/update.json"
	ids=("$tests_id-a" "$tests_id-b" "$tests_id-c")
	one_undisturbed
	for ((round = 0; round < rounds; round++, seed += 100)); do
		RANDOM=$seed
		for i in {0..5}; do
			random_bundle "$i"
		done
		pids=()
		for ((i = 1; i <= workers; i++)); do
			worker "$i" &
			pids+=($!)
		done
		wait "${pids[@]}"
		[[ ! -s $wrongs ]] || wrong "the seed is $seed"
		look_at_all
		for id in "${ids[@]}"; do
			good nacre delete --force "$id"
		done
		nothing_left
	done
	id=$tests_id
}

all_tests "$@"
