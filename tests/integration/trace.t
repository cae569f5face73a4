#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

# --trace-denials: what nacre's own filter refuses is told, and refused all the same.
traced() {
	: >"$T/audit"
	try nacre run --trace-denials --audit "$T/audit" --bundle "$b" "$@" "$id"
}

# denied FILTER: of the first refused call in the record.
denied() {
	jq -rs "map(select(.event == \"denied\")) | $1" "$T/audit"
}

test_a_refused_call_is_recorded_with_reason_and_grant() {
	local answer
	bundle call bpf
	try nacre run --bundle "$b" "$id"
	answer=$out
	traced
	is "$out" "$answer" "what the program sees"
	is "$(denied '.[0] | [.id, .syscall, .errno, .rule, .allowedBy] | join(" ")')" \
		"$id bpf EPERM own-seccomp-filter syscall:bpf" denial
	has "$(denied '.[0].reason')" CVE
	is "$(denied '.[0].command')" payload command
	is "$(denied '.[0].arguments | length')" 6 arguments
	is "$(denied '.[0].pid > 1')" true "pid on the host"
}

test_arguments_are_told_by_name() {
	bundle socket 38 5 : unshare user : mount bind /proc /tmp/x 0x1000 : socket 36
	traced
	is "$(denied '.[0] | [.allowedBy, .arguments[0], .decoded[]] | join(" ")')" \
		"socket:AF_ALG 0x26 family=AF_ALG type=SOCK_SEQPACKET protocol=0" socket
	is "$(denied '.[1].decoded | join(" ")')" flags=CLONE_NEWUSER unshare
	is "$(denied '.[2].decoded | join(" ")')" \
		"source=/proc target=/tmp/x type=bind flags=MS_BIND" mount
	is "$(denied '.[3] | [.allowedBy, .decoded[0]] | join(" ")')" "syscall:socket family=0x24" \
		"a family without a word"
}

test_allowed_calls_leave_no_line() {
	bundle call getgid : call getppid : true
	traced
	is "$rc" 0 "exit code"
	is "$(denied length)" 0 denials
	is "$(jq -r .event "$T/audit" | tr '\n' ' ')" "create start exit delete " events
}

test_every_process_of_the_container_is_traced() {
	bundle spawn 3 : call bpf
	traced
	is "$(denied 'length >= 1')" true denials
}

test_lines_are_limited_and_counted() {
	local i many=()
	for ((i = 0; i < 300; i++)); do many+=(call bpf :); done
	bundle "${many[@]}" true
	traced
	is "$(denied 'length < 300 and length >= 50')" true "lines are fewer than calls"
	is "$(grep -c EPERM <<<"$out")" 300 "refused calls"
}

# The tracers of the container, by the lock they hold on its counts; there may be none.
tracers() {
	local inode
	inode=$(stat -c %i "$ROOT/$id/denials") || wrong "no counts of container $id"
	awk -v end=":$inode" '$2 == "POSIX" && $4 == "READ" && index($6, end) { print $5 }' /proc/locks
}

# find_tracer: sets tracer to the pid of the only one
find_tracer() {
	tracer=$(tracers) || exit 1
	[[ $tracer =~ ^[1-9][0-9]*$ ]] || wrong "not one tracer: \"$tracer\""
}

traced_and_detached() {
	: >"$T/audit"
	good nacre run --detach --trace-denials --audit "$T/audit" --bundle "$b" "$id"
}

test_a_detached_container_is_traced() {
	bundle call bpf : pause
	traced_and_detached
	wait_for grep -q '"syscall":"bpf"' "$T/audit"
	is "$(tracers | wc -l)" 1 tracers
	kill_now
	wait_for eval '[[ -z $(tracers) ]]'
}

test_a_created_container_is_traced_from_its_start() {
	bundle call bpf : pause
	: >"$T/audit"
	good nacre create --trace-denials --audit "$T/audit" --bundle "$b" "$id"
	is "$(denied length)" 0 "denials before the start"
	start
	wait_for grep -q '"syscall":"bpf"' "$T/audit"
	is "$(denied '.[0].allowedBy')" syscall:bpf
}

test_what_exec_starts_is_traced_by_a_tracer_of_its_own() {
	bundle pause
	traced_and_detached
	try nacre exec "$id" /payload call userfaultfd
	has "$out" EPERM
	if [[ $who != root ]]; then
		has "$err" 'are not traced: only root of the host'
		return
	fi
	is "$(denied '.[0] | [.syscall, .errno] | join(" ")')" "userfaultfd EPERM" denial
	wait_for eval '(($(tracers | wc -l) == 1))'
	try nacre exec --detach "$id" /payload pause
	is "$(tracers | wc -l)" 2 tracers
}

test_explain_counts_what_was_refused() {
	local i many=()
	for ((i = 0; i < 300; i++)); do many+=(call bpf :); done
	bundle "${many[@]}" socket 38 : pause
	good nacre run --detach --trace-denials --bundle "$b" "$id"
	wait_for grep -q socket "$ROOT/$id/denials"
	good nacre explain "$id"
	has_line "$out" '300 *bpf: EPERM: *CVE*syscall:bpf)'
	has_line "$out" '1 *socket: EAFNOSUPPORT: *socket:AF_ALG)'
	good nacre explain --format json "$id"
	documented "explain --format" 2
	is "$(json '.traced')" true traced
	is "$(json '.denied[] | select(.syscall == "bpf") | [.count, .errno, .grant] | join(" ")')" \
		"300 EPERM syscall:bpf" "in JSON"
}

test_a_tracer_holds_no_more_than_it_needs() {
	local tracer
	needs_root || return
	bundle pause
	traced_and_detached
	find_tracer
	is "$(sed -n 's/^CapPrm:\t//p' "/proc/$tracer/status")" 0000000000080000 capabilities
	is "$(sed -n 's/^NoNewPrivs:\t//p' "/proc/$tracer/status")" 1 no_new_privs
	is "$(readlink "/proc/$tracer/cwd")" / "working directory"
	is "$(find "/proc/$tracer/fd" -type l -printf '%l\n' | sed "s|$T|T|" | sort | tr '\n' ' ')" \
		"T/audit T/state/$id/denials anon_inode:seccomp notify " files
	is "$(readlink "/proc/$tracer/ns/pid")" "$(readlink /proc/self/ns/pid)" "pid namespace"
}

# The kernel answers ENOSYS for a listener that is gone.
test_the_filter_holds_when_nobody_answers() {
	local tracer
	bundle readline : call bpf : call userfaultfd : pause
	mkfifo "$T/in"
	: >"$T/audit"
	nacre run --detach --trace-denials --audit "$T/audit" --bundle "$b" "$id" \
		<>"$T/in" >"$T/said" 2>&1
	find_tracer
	kill -9 "$tracer"
	wait_for eval '[[ -z $(tracers) ]]'
	echo go >"$T/in"
	wait_for grep -q userfaultfd "$T/said"
	lacks "$(cat "$T/said")" ': ok'
	has "$(cat "$T/said")" ENOSYS
	status_is running || wrong "it ended"
	rm "$T/in"
}

# In a created container init runs the hook under the filter, whose listener it must not hold itself by then.
test_a_killed_tracer_keeps_no_hook_waiting() {
	local tracer
	needs_root || return
	bundle echo ran : pause
	edit '.hooks.startContainer = [{path: "/payload", args: ["/payload", "true"]}]'
	profile=agent create --trace-denials
	find_tracer
	kill -9 "$tracer"
	wait_for eval '[[ -z $(tracers) ]]'
	good nacre start --timeout 30s "$id"
	wait_for grep -q ran "$created_out"
}

# failing_once CALL ERROR NUMBER: a run whose program is refused a call. Whether it came to that failure.
failing_once() {
	try env NACRE_TEST="$T" strace -qq -o "$T/out.trace" -e "trace=$1" -e "inject=$1:error=$2:when=$3" \
		"$NACRE" --root "$ROOT" run --trace-denials --profile agent --bundle "$b" "$id"
	doing "$1 number $3: $2"
	nacre delete --force "$id" || wrong "delete"
	grep -q INJECTED "$T/out.trace"
}

test_an_error_of_the_command_is_not_laid_to_the_program() {
	needs_root && needs_strace || return
	local number errors=0
	bundle call bpf : exit 0
	for ((number = 1; number < 60; number++)); do
		failing_once poll ENOMEM "$number" || break
		((rc == 0)) && continue
		((++errors))
		lacks "$err" "if a program failed"
	done
	((errors)) || wrong "no poll(2) made it fail"
}

test_a_summary_is_whole_after_a_signal() {
	needs_root && needs_strace || return
	local number runs=0
	bundle call bpf : exit 0
	for ((number = 1; number < 100; number++)); do
		failing_once write EINTR "$number" || break
		((rc == 0)) || continue
		((++runs))
		has "$err" "all of it is allowed by: --allow syscall:bpf"
	done
	((runs)) || wrong "it never ran to its end"
}

# An error of a moment costs a denial no more than that; its end would cost all that come.
test_a_tracer_goes_on_after_an_error() {
	local tracer call
	needs_root "another process is traced" || return
	needs_strace || return
	for call in ioctl:ENOMEM:1 ioctl:ENOMEM:2 ioctl:EIO:3 poll:ENOMEM:2 pwrite64:ENOSPC:1; do
		doing "$call"
		bundle readline : call bpf : call userfaultfd : pause
		rm -f "$T/in" && mkfifo "$T/in"
		nacre run --detach --trace-denials --bundle "$b" "$id" <>"$T/in" >"$T/said" 2>&1
		find_tracer
		in_background strace -qq -p "$tracer" -o "$T/out.trace" -e "trace=${call%%:*}" \
			-e "inject=${call%%:*}:error=$(cut -d: -f2 <<<"$call"):when=${call##*:}"
		wait_for grep -q "^TracerPid:[^0]*[1-9]" "/proc/$tracer/status"
		echo go >"$T/in"
		wait_for grep -q userfaultfd "$T/said"
		grep -q INJECTED "$T/out.trace" || wrong "no call failed"
		lacks "$(cat "$T/said")" ENOSYS
		is "$(tracers)" "$tracer" tracer
		good nacre delete --force "$id"
		end_background
	done
	rm "$T/in"
}

# A process that somebody moved out of the container's cgroup, and that no pid namespace ends.
test_delete_ends_a_tracer_that_goes_on() {
	local tracer child
	needs_all_cgroups || return
	bundle spawn 1 : pause
	without_namespace pid
	good nacre run --detach --trace-denials --allow host-pid --bundle "$b" "$id"
	find_tracer
	wait_for eval '(($(nacre ps -f json "$id" | jq length) == 2))'
	child=$(nacre ps -f json "$id" | jq ".[] | select(. != $(pid_of))")
	mkdir "$cg_mount/parent-$tag"
	echo "$child" >"$cg_mount/parent-$tag/cgroup.procs" || wrong "the process stays"
	kill_now
	is "$(tracers)" "$tracer" tracer
	delete
	[[ -z $(ls "/proc/$tracer/fd" 2>/dev/null) ]] || wrong "it goes on"
	exists "/proc/$child"
	kill -9 "$child"
	wait_for rmdir "$cg_mount/parent-$tag"
}

# Hooks in the container are under the filter as well, while the command waits for them.
test_a_hook_in_the_container_is_answered() {
	bundle true
	edit '.hooks.startContainer = [{path: "/payload", args: ["payload", "call", "bpf"]}]'
	traced
	has "$err" 'hooks: startContainer: '
	is "$(denied 'map(.syscall) | index("bpf") != null')" true denial
}

# The filter is loaded while there is privilege, and the ids are changed under it.
test_a_container_that_may_gain_privileges_is_traced_too() {
	needs_root || return
	bundle id : status NoNewPrivs : call bpf
	edit '.process.noNewPrivileges = false | .process.user = {uid: 1000, gid: 1000}'
	traced --allow new-privileges
	has_line "$out" 'uid=1000 gid=1000 *'
	has_line "$out" 'NoNewPrivs:?0'
	is "$(denied '.[0].syscall')" bpf
}

test_the_policy_may_ask_for_it() {
	needs_mount || return
	mkdir -p "$T/etc/nacre"
	printf '{"version": 1, "audit_file": "%s", "trace_denials": true}\n' "$T/audit" \
		>"$T/etc/nacre/policy.json"
	for profile in agent oci; do
		: >"$T/audit"
		bundle call bpf
		try unshare -m --propagation private bash -c 'mount --bind "$0/etc" /etc && exec "$@"' \
			"$T" "$NACRE" --root "$ROOT" run --profile "$profile" --bundle "$b" "$id"
		is "$(denied 'map(.syscall) | index("bpf") != null')" \
			"$([[ $profile == oci ]] && echo false || echo true)" "denied under $profile"
	done
}

test_it_needs_a_filter() {
	bundle true
	bad 1 '--trace-denials: needs a profile with a seccomp filter*' \
		nacre run --profile oci --trace-denials --bundle "$b" "$id"
	nothing_left
}

all_tests "$@"
