#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What joins a container is, as soon as it can be seen there, no more than what it is to become, and so is
# what waits for start: against a program with CAP_SYS_PTRACE in the container. JOIN_ROUNDS is how often each way is tried
# (30), and with JOIN_TRACED=all every exec also with all of its system calls slowed down one after the other.
. "$(dirname "$0")/lib.sh"
file_needs=needs_root_and_plain

needs_root_and_plain() {
	needs_root && needs_plain_build "its memory is too large to look through"
}

rounds=${JOIN_ROUNDS:-30}
secret=host-secret-$$-environment

tracer='.process.capabilities = ({"bounding": ["CAP_SYS_PTRACE"]} | .effective = .bounding | .permitted = .bounding)'

# watcher [FILTER]. The program of $id: looks at all others in its pid namespace.
watcher() {
	bundle seize "$(rev <<<"$secret")"
	edit "$tracer | ${1:-.}"
	nacre create --profile "$profile" --allow cap:CAP_SYS_PTRACE --bundle "$b" "$id" >"$T/seen" 2>"$T/seen.err" </dev/null ||
		wrong "create" "$(<"$T/seen.err")"
	start
	wait_for grep -q watching "$T/seen"
}

# Nobody was more than the program is, and somebody was seen at all.
nothing_won() {
	local bad
	bad=$(grep -vxE 'watching|(seized|read): like me' "$T/seen" | sort | uniq -c | head -n 5)
	[[ -z $bad ]] || wrong "$1: the program in the container got hold of more" "$bad"
	grep -q "$2: like me" "$T/seen" || wrong "$1: the program in the container saw nobody" "$(sort "$T/seen" | uniq -c)"
	: >"$T/seen"
}

seize_exec() {
	local i
	watcher "$@"
	for ((i = 0; i < rounds; i++)); do
		NACRE_SECRET=$secret good nacre exec "$id" /payload true
	done
	# strict has a filter that forbids ptrace(2), and no other way in but /proc.
	nothing_won "exec, $profile" "$([[ $profile == strict ]] && echo read || echo seized)"
	kill_now
	delete
}

test_exec_is_no_more_than_the_program_when_it_is_seized() {
	for profile in agent oci strict; do
		seize_exec
	done
}

test_exec_without_no_new_privileges_is_no_more_either() {
	profile=oci
	seize_exec '.process.noNewPrivileges = false
		| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["getcpu"], action: "SCMP_ACT_ERRNO"}]}'
}

test_exec_as_a_user_is_no_more_either() {
	profile=agent
	seize_exec '.process.user = {uid: 1000, gid: 1000, additionalGids: [5, 6]}
		| .process.capabilities.inheritable = ["CAP_SYS_PTRACE"] | .process.capabilities.ambient = ["CAP_SYS_PTRACE"]'
}

# libc gives what is large a mapping of its own, unless it is told not to.
test_exec_takes_nothing_large_along_either() {
	profile=agent
	seize_exec ".annotations.large = \"$secret\" * 9000"
}

# All system calls take their time, so that each moment is seen. The one that is traced cannot be seized,
# but looked at all the same.
test_exec_is_no_more_at_any_moment() {
	local i all=0
	needs_strace || return
	[[ ${JOIN_TRACED:-} != all ]] || all=1
	profile=agent
	watcher
	# The window is two system calls long.
	for ((i = 0; i < 20; i++)); do
		NACRE_SECRET=$secret NACRE_TEST=$T timeout -k 5 120 strace -f -o /dev/null -e inject=all:delay_exit=5000 \
			"$NACRE" --root "$ROOT" exec -e "TOKEN=x" "$id" /payload true </dev/null >/dev/null 2>"$T/err" ||
			wrong "a slow exec" "$(<"$T/err")"
		((!all)) && grep -q read: "$T/seen" && break
	done
	nothing_won "a slow exec" read
}

# In a created container the first process waits; who got in by exec may look at it.
test_what_waits_for_start_is_no_more_than_the_program() {
	local word
	profile=agent
	bundle true
	edit "$tracer"
	NACRE_SECRET=$secret good nacre create --profile agent --allow cap:CAP_SYS_PTRACE --bundle "$b" "$id"
	in_background nacre exec "$id" /payload seize "$(rev <<<"$secret")"
	cp /dev/null "$T/seen"
	wait_for grep -q 'seized:' "$background_out"
	head -n 50 "$background_out" >"$T/seen"
	nothing_won "create" seized
	for word in CapBnd CapEff CapPrm; do
		is "$(sed -n "s/^$word:\t//p" "/proc/$(pid_of)/status")" 0000000000080000 "$word of the first process"
	done
	good nacre delete --force "$id"
	end_background
}

join_pidns() {
	edit '(.linux.namespaces[] | select(.type == "pid")).path = "/proc/\($p)/ns/pid" | '"${2:-.}" --arg p "$1"
}

# A procfs of another pid namespace: option of Linux 6.17.
needs_procfs_from_outside() {
	local version
	version=$(uname -r)
	((${version%%.*} > 6 || (${version%%.*} == 6 && $(cut -d. -f2 <<<"$version") >= 17))) && return
	host_lacks "this kernel's procfs has no option pidns"
	return 1
}

test_a_container_in_the_pid_namespace_of_another_is_no_more() {
	local first=$id pid i
	needs_procfs_from_outside || return
	profile=agent
	watcher
	pid=$(pid_of)
	bundle true
	# Whoever is like the watcher.
	edit "$tracer"
	join_pidns "$pid"
	id=$first-second
	for ((i = 0; i < (rounds + 2) / 3; i++)); do
		NACRE_SECRET=$secret good nacre create --profile agent --allow cap:CAP_SYS_PTRACE --bundle "$b" "$id"
		wait_for nacre start "$id" # the watcher may have stopped it
		good nacre delete --force "$id"
		NACRE_SECRET=$secret good nacre run --profile agent --allow cap:CAP_SYS_PTRACE --bundle "$b" "$id"
	done
	id=$first
	sed -i 's/ its root its cwd$/ like me/' "$T/seen" # its own
	nothing_won "create in a pid namespace" seized
}

test_a_container_in_the_pid_namespace_of_another_works() {
	local first=$id pid
	profile=oci
	bundle pause
	create
	start
	pid=$(pid_of)
	bundle readlink /proc/self/ns/pid : status NSpid : id : cat /proc/1/comm
	join_pidns "$pid" '.process.rlimits = [{type: "RLIMIT_NPROC", soft: 200, hard: 300}, {type: "RLIMIT_NOFILE", soft: 90, hard: 99}]'
	edit '.hooks.startContainer = [{path: "/payload", args: ["/payload", "true"]}]'
	id=$first-second
	run
	has "$out" "$(readlink "/proc/$pid/ns/pid")"
	has "$out" "payload"
	edit '.process.args = ["/payload", "rlimit", "RLIMIT_NPROC", ":", "pause"]'
	nacre create --profile oci --bundle "$b" --pid-file "$T/pid" "$id" >"$T/second" 2>&1 </dev/null || wrong create "$(<"$T/second")"
	is "$(state_of .status)" created status
	is "$(<"$T/pid")" "$(pid_of)" "pid file"
	good nacre exec "$id" /payload true
	start
	is "$(state_of .status)" running status
	is "$(awk '/Max processes/ { print $3, $4 }' "/proc/$(pid_of)/limits")" "200 300" "limit of processes"
	is "$(awk '/Max open files/ { print $4, $5 }' "/proc/$(pid_of)/limits")" "90 99" "limit of files"
	kill_now
	delete
	id=$first
}

# Who goes into the pid namespace is born last. Until then hooks get who has all the other namespaces.
test_a_hook_gets_who_has_the_other_namespaces_of_the_container() {
	local first=$id pid
	profile=oci
	bundle pause
	create
	start
	pid=$(pid_of)
	bundle pause
	join_pidns "$pid"
	edit '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c",
		"s=$(tr -d \" \\n\\t\"); p=${s#*\\\"pid\\\":}; p=${p%%,*}
		for ns in net uts ipc mnt; do readlink /proc/$p/ns/$ns; done >\($t)/hook"]}]' --arg t "$T"
	id=$first-second
	good nacre create --profile oci --bundle "$b" "$id"
	is "$(<"$T/hook")" "$(for ns in net uts ipc mnt; do readlink "/proc/$(pid_of)/ns/$ns"; done)" \
		"namespaces of the pid that the hook got"
	good nacre delete --force "$id"
	id=$first
	kill_now
	delete
}

all_tests "$@"
