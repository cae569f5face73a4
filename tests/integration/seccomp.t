#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

# filter RULES: of libseccomp's kind; what no rule names is allowed
filter() {
	edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: '"$1"'}'
}

test_an_errno_is_returned() {
	bundle call getcpu : call getgid
	filter '[{names: ["getcpu"], action: "SCMP_ACT_ERRNO", errnoRet: 95}]'
	run_any
	is "$out" $'getcpu: EOPNOTSUPP\ngetgid: ok'
}

test_errno_without_a_number_is_eperm() {
	bundle call getcpu
	filter '[{names: ["getcpu"], action: "SCMP_ACT_ERRNO"}]'
	run_any
	is "$out" "getcpu: EPERM"
}

test_kill_ends_the_process() {
	local action
	for action in SCMP_ACT_KILL SCMP_ACT_KILL_PROCESS SCMP_ACT_KILL_THREAD; do
		bundle call getcpu : echo survived
		filter '[{names: ["getcpu"], action: "'"$action"'"}]'
		run_any
		is "$rc" 159 "exit code of $action"
		lacks "$out" survived
	done
}

test_trap_sends_a_signal() {
	bundle trap 31 44 : call getcpu : echo survived
	filter '[{names: ["getcpu"], action: "SCMP_ACT_TRAP"}]'
	run_any
	is "$rc" 44 "exit code"
}

test_log_lets_it_pass() {
	bundle call getcpu
	filter '[{names: ["getcpu"], action: "SCMP_ACT_LOG"}]'
	run
	is "$out" "getcpu: ok"
}

test_arguments_decide() {
	bundle call personality 0xffffffff : call personality 8 : call personality 0
	filter '[{names: ["personality"], action: "SCMP_ACT_ERRNO", errnoRet: 1,
		args: [{index: 0, value: 8, op: "SCMP_CMP_EQ"}]}]'
	run_any
	is "$out" $'personality: ok\npersonality: EPERM\npersonality: ok'
}

test_masked_and_unsigned_64_bit_comparisons_work() {
	bundle call getcpu 0x10 : call getcpu 0x20 : call getgid 0xfffffffffffffff0 : call getgid 1
	filter '[{names: ["getcpu"], action: "SCMP_ACT_ERRNO", errnoRet: 1,
		args: [{index: 0, value: 16, valueTwo: 16, op: "SCMP_CMP_MASKED_EQ"}]},
		{names: ["getgid"], action: "SCMP_ACT_ERRNO", errnoRet: 1,
		args: [{index: 0, value: 1000, op: "SCMP_CMP_GT"}]}]'
	run_any
	is "$(grep -c EPERM <<<"$out")" 2 "number refused"
	has_line "$out" "getgid: ok"
}

test_two_rules_on_one_argument_are_alternatives() {
	bundle call personality 8 : call personality 9 : call personality 0
	filter '[{names: ["personality"], action: "SCMP_ACT_ERRNO", errnoRet: 1, args: [
		{index: 0, value: 8, op: "SCMP_CMP_EQ"}, {index: 0, value: 9, op: "SCMP_CMP_EQ"}]}]'
	run_any
	is "$out" $'personality: EPERM\npersonality: EPERM\npersonality: ok'
}

# An allow-list of what the payload and init need.
allow_list() {
	edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 95, syscalls: [
		{action: "SCMP_ACT_ALLOW", names: ["access", "arch_prctl", "brk", "capget", "capset", "chdir",
		"clock_gettime", "close", "close_range", "dup", "dup3", "execve", "exit", "exit_group",
		"faccessat", "faccessat2", "fchdir", "fchown", "fcntl", "fstat", "fstatfs", "futex",
		"getcwd", "getpid", "getppid", "getrandom", "gettid", "getuid", "ioctl", "lseek", "mmap",
		"mprotect", "mremap", "munmap", "newfstatat", "open", "openat", "openat2", "poll", "prctl",
		"pread64", "prlimit64", "read", "readlink", "readlinkat", "recvmsg", "rseq",
		"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sendmsg", "sendto", "set_robust_list",
		"set_tid_address", "setgid", "setgroups", "setresgid", "setresuid", "setuid", "stat",
		"statx", "umask", "uname", "write", "writev"]}]}'
}

test_calls_newer_than_the_profile_answer_enosys() {
	bundle call getcpu : call 9999 : call uname 0
	allow_list
	run_any
	has_line "$out" "getcpu: EOPNOTSUPP"
	has_line "$out" "9999: ENOSYS"
}

test_an_allow_list_of_three_hundred_names_loads_and_is_cached() {
	local files names
	bundle call getcpu : call getgid
	mapfile -t names < <(calls_of_the_kernel | grep -vx getcpu)
	allow_list
	edit '.linux.seccomp.syscalls += [{action: "SCMP_ACT_ALLOW", names: $ARGS.positional}]' \
		--args -- "${names[@]:0:300}"
	run_any
	has_line "$out" "getcpu: EOPNOTSUPP"
	has_line "$out" "getgid: ok"
	files=$(find "$ROOT" -type f)
	[[ -n $files ]] || wrong "nothing is cached below the state root"
	run_any
	has_line "$out" "getcpu: EOPNOTSUPP"
	is "$(find "$ROOT" -type f)" "$files" "cache after a second run"
	is "$(find "$ROOT" -type f -perm /077)" "" "cache files others may read"
}

calls_of_the_kernel() {
	sed -n 's/^#define __NR_\([a-z0-9_]*\) .*/\1/p' /usr/include/*/asm/unistd_64.h \
		/usr/include/asm-generic/unistd.h 2>/dev/null | sort -u
}

test_a_damaged_cache_is_not_loaded() {
	local file
	bundle call getcpu
	filter '[{names: ["getcpu"], action: "SCMP_ACT_ERRNO", errnoRet: 95}]'
	run_any
	find "$ROOT" -type f >"$T/out.files"
	while read -r file; do
		printf '\x06\0\0\0\0\0\xff\x7f' >"$file" # a program that allows all
	done <"$T/out.files"
	run_any
	is "$out" "getcpu: EOPNOTSUPP"
}

test_the_filter_is_there_before_the_program_with_and_without_no_new_privileges() {
	local value
	for value in true false; do
		bundle status Seccomp Seccomp_filters : call getcpu
		filter '[{names: ["getcpu"], action: "SCMP_ACT_ERRNO", errnoRet: 95}]'
		edit '.process.noNewPrivileges = '"$value"
		run_any
		has "$out" $'Seccomp:\t2'
		has "$out" "getcpu: EOPNOTSUPP"
	done
}

test_a_filter_that_forbids_write_still_starts() {
	bundle exit 5
	filter '[{names: ["write", "sendmsg", "sendto"], action: "SCMP_ACT_ERRNO"}]'
	run_any
	is "$rc" 5 "exit code"
}

test_a_filter_that_forbids_exec_is_reported() {
	bundle true
	filter '[{names: ["execve", "execveat"], action: "SCMP_ACT_ERRNO"}]'
	run_refused "compile seccomp filter: linux.seccomp does not allow execve, which runs the program: add a rule that allows it"
}

test_flags_are_taken() {
	bundle status Seccomp
	filter '[]'
	edit '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
		"SECCOMP_FILTER_FLAG_TSYNC"] | .linux.seccomp.syscalls = [
		{names: ["getcpu"], action: "SCMP_ACT_ERRNO"}]'
	run
	has "$out" $'Seccomp:\t2'
}

test_unknown_actions_operators_architectures_and_flags_are_refused() {
	bundle true
	filter '[{names: ["getcpu"], action: "SCMP_ACT_PRAY"}]'
	run_refused '*linux.seccomp.syscalls\[0].action*SCMP_ACT_PRAY*'
	filter '[{names: ["getcpu"], action: "SCMP_ACT_ALLOW", args: [{index: 0, value: 1, op: "IS"}]}]'
	run_refused '*linux.seccomp.syscalls\[0].args\[0].op*'
	filter '[{names: ["getcpu"], action: "SCMP_ACT_ERRNO", args: [
		{index: 6, value: 1, op: "SCMP_CMP_EQ"}]}]'
	run_refused '*linux.seccomp.syscalls\[0].args\[0].index*'
	filter '[]'
	edit '.linux.seccomp.architectures = ["SCMP_ARCH_ABACUS"]'
	run_refused '*linux.seccomp.architectures\[0]*'
	edit '.linux.seccomp.architectures = [] | .linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_X"]'
	run_refused '*linux.seccomp.flags\[0]*'
}

test_an_unknown_system_call_is_ignored() {
	bundle call getcpu
	filter '[{names: ["no_such_call", "getcpu"], action: "SCMP_ACT_ERRNO", errnoRet: 95}]'
	run_any
	is "$out" "getcpu: EOPNOTSUPP"
}

notify() {
	filter '[{names: ["getcpu"], action: "SCMP_ACT_NOTIFY"}]'
	edit '.linux.seccomp.listenerPath = $p | .linux.seccomp.listenerMetadata = "meta data"' \
		--arg p "$T/out.socket"
	in_background "$PEER" notify "$T/out.socket" 42
	wait_for test -S "$T/out.socket"
}

test_a_listener_gets_the_notifications() {
	bundle call getcpu : call getgid
	notify
	run_any
	is "$out" $'getcpu: ENOMSG\ngetgid: ok'
	has "$(<"$background_out")" "notified of system call"
	state=$(sed -n 's/^received: //p' "$background_out")
	is "$(jq -r .metadata <<<"$state")" "meta data" metadata
	is "$(jq -r '.fds | join(" ")' <<<"$state")" seccompFd fds
	is "$(jq -r .state.id <<<"$state")" "$id" id
	is "$(jq -r .state.bundle <<<"$state")" "$b" bundle
}

test_a_listener_works_without_no_new_privileges() {
	bundle call getcpu
	edit '.process.noNewPrivileges = false'
	notify
	run_any
	is "$out" "getcpu: ENOMSG"
}

test_a_listener_works_for_exec() {
	bundle pause
	notify
	create
	start
	kill "${background[0]}"
	wait "${background[0]}" 2>/dev/null
	background=()
	rm "$T/out.socket"
	in_background "$PEER" notify "$T/out.socket" 42
	wait_for test -S "$T/out.socket"
	if [[ $who == user ]]; then
		bad 255 "*take fd * of init (of an exec only root can): Operation not permitted" \
			nacre exec "$id" /payload call getcpu
		return
	fi
	try nacre exec "$id" /payload call getcpu
	is "$out" "getcpu: ENOMSG"
}

# As runc, nacre itself makes these calls behind the filter while the agent decides on them.
test_an_agent_may_decide_on_what_nacre_calls_itself() {
	local read=63 # aarch64 and what came later
	[[ $(uname -m) != x86_64 ]] || read=0
	bundle echo ran : pause
	filter '[{names: ["execve", "open", "openat", "read", "close", "fcntl"], action: "SCMP_ACT_NOTIFY"}]'
	edit '.linux.seccomp.listenerPath = $p' --arg p "$T/out.socket"
	for privileges in true false; do
		edit ".process.noNewPrivileges = $privileges"
		rm -f "$T/out.socket"
		in_background "$PEER" notify "$T/out.socket" 0
		wait_for test -S "$T/out.socket"
		profile=oci create
		start
		wait_for grep -q ran "$created_out"
		has_line "$(<"$background_out")" "notified of system call $read"
		bad 255 "*linux.seccomp does not allow read, which waits for the runtime*" \
			nacre exec "$id" /payload true
		good nacre delete --force "$id"
	done
}

test_a_listener_that_is_not_there_is_an_error() {
	bundle true
	filter '[{names: ["getcpu"], action: "SCMP_ACT_NOTIFY"}]'
	run_refused '*linux.seccomp*listenerPath*'
	edit '.linux.seccomp.listenerPath = "/no/such/socket"'
	run_refused '*/no/such/socket*No such file or directory'
}

test_a_start_container_hook_has_no_more_rights_than_the_program() {
	bundle true
	filter '[{names: ["getcpu"], action: "SCMP_ACT_ERRNO"}]'
	edit '.process.user = {uid: 1000, gid: 1000} | .process.capabilities = {}
		| .hooks.startContainer = [{path: "/payload", args: ["payload", "call", "getcpu", ":",
			"id", ":", "status", "CapEff", ":", "error", "end"]}]
		| .annotations."run.oci.hooks.stdout" = $f' --arg f "$T/hooks"
	run_any
	has "$(<"$T/hooks")" $'getcpu: EPERM\nuid=1000 gid=1000'
	has "$(<"$T/hooks")" "CapEff:	0000000000000000"
	has "$err" "error running startContainer hook #0: exit status 1, stderr: \"end\""
	filter '[{names: ["getgid"], action: "SCMP_ACT_KILL"}]'
	edit '.hooks.startContainer[0].args = ["payload", "call", "getgid"] | .process.rlimits = []'
	run_refused "*startContainer hook #0: signal: bad system call*"
}

test_a_filter_without_close_range_still_starts() {
	bundle echo ran
	filter '[{names: ["close_range", "openat2", "open_tree", "move_mount", "mount_setattr"],
		action: "SCMP_ACT_ERRNO", errnoRet: 38}]'
	edit '.process.noNewPrivileges = false'
	run
	is "$out" ran
}

# Before anything runs, the call that is missing is named.
test_a_filter_without_what_nacre_needs_is_refused_by_name() {
	bundle pause
	filter '[{names: ["write"], action: "SCMP_ACT_ERRNO"}]'
	bad 1 "*linux.seccomp does not allow write, which tells the runtime that all is ready: add a rule that allows it" \
		nacre create --profile oci --bundle "$b" "$id"
	nothing_left
	filter '[{names: ["capset"], action: "SCMP_ACT_ERRNO"}]'
	edit '.process.noNewPrivileges = false'
	run_refused "*linux.seccomp does not allow capset, which takes CAP_SYS_ADMIN away*process.noNewPrivileges is false*"
	filter '[{names: ["setsid"], action: "SCMP_ACT_ERRNO"}]'
	profile=oci create
	start
	bad 255 "*linux.seccomp does not allow setsid, which makes the process in a pid namespace that others are in*" \
		nacre exec "$id" /payload true
}

test_a_filter_without_signal_calls_still_starts() {
	bundle exit 5
	filter '[{names: ["rt_sigaction", "rt_sigprocmask", "close", "prctl", "fcntl"], action: "SCMP_ACT_KILL_PROCESS"}]'
	edit '.process.noNewPrivileges = true'
	run_any
	is "$rc" 5 "exit code"
}

test_the_listener_goes_out_at_create() {
	bundle call getcpu : pause
	notify
	create
	wait_for grep -q received: "$background_out"
	state=$(sed -n 's/^received: //p' "$background_out")
	is "$(jq -r .state.status <<<"$state")" creating status
	is "$(jq -r .pid <<<"$state")" "$(pid_of)" pid
	start
	wait_for grep -q "getcpu: ENOMSG" "$created_out"
	good nacre delete --force "$id"
}

all_tests "$@"
