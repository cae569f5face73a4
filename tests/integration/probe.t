#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the kernel says to every system call inside, profile by profile. The verdicts are the kernel's:
# see tests/probe/verdict.h.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

top=$(dirname "$0")/../..
PROBE=${PROBE-$build/tests/probe/probe}
[[ -x $PROBE || -z $PROBE ]] || PROBE=$build/tests/probe

# A config such as Docker 26 gives, with what it mounts from the host left out. Without its filter:
# nacre's own must hold without it (--security-opt seccomp=unconfined).
docker_bundle() {
	if [[ -z $PROBE ]]; then
		skip "the static libseccomp is missing (libseccomp-dev)"
		return 1
	fi
	bundle true
	cp "$PROBE" "$b/rootfs/probe"
	mkdir -p "$b/rootfs/work"
	jq --slurpfile own "$b/config.json" '
		.root = {path: "rootfs"} | .process.terminal = false | del(.process.consoleSize)
		| .process.env += $own[0].process.env | del(.hooks, .annotations, .hostname)
		| .linux.resources |= {devices} | del(.linux.cgroupsPath, .process.apparmorProfile,
			.process.rlimits, .process.oomScoreAdj)
		| .mounts |= map(select(.type != "bind"))
		| .linux.namespaces |= (map(del(.path)) + [{type: "cgroup"}] | unique_by(.type))
		' "$top/tests/data/config/docker-26.json" >"$b/config.new" || wrong "jq failed"
	mv "$b/config.new" "$b/config.json"
	program /probe "$@"
}

without_filter() {
	edit 'del(.linux.seccomp)'
}

all_verdicts_are_the_tables() {
	profile=$1
	docker_bundle check "$@" || return 0
	without_filter
	run_any
	is "$rc" 0 "exit code"
	has "$out" " verdicts of $profile"
	lacks "$out" wrong
}

test_every_verdict_of_agent_is_that_of_the_table() {
	all_verdicts_are_the_tables agent setuid
}

test_every_verdict_of_strict_is_that_of_the_table() {
	all_verdicts_are_the_tables strict setuid
}

test_every_verdict_of_nested_is_that_of_the_table() {
	all_verdicts_are_the_tables nested
}

test_every_verdict_with_setuid_files_allowed_is_that_of_the_table() {
	for profile in agent strict; do
		docker_bundle check "$profile" || return 0
		without_filter
		run_any --allow setuid-files
		is "$rc" 0 "exit code"
		has "$out" " verdicts of $profile"
		lacks "$out" wrong
	done
}

test_the_filter_is_there_with_all_capabilities_and_new_privileges_too() {
	profile=agent
	docker_bundle check agent setuid || return 0
	without_filter
	capabilities CAP_SYS_ADMIN CAP_BPF CAP_PERFMON CAP_DAC_READ_SEARCH CAP_SYS_MODULE CAP_NET_ADMIN
	run_any --allow new-privileges --allow cap:CAP_SYS_ADMIN --allow cap:CAP_BPF \
		--allow cap:CAP_PERFMON --allow cap:CAP_DAC_READ_SEARCH --allow cap:CAP_SYS_MODULE \
		--allow cap:CAP_NET_ADMIN
	is "$rc" 0 "exit code"
	has "$out" " verdicts of agent"
	lacks "$out" wrong
}

test_the_filter_holds_for_exec() {
	profile=agent
	docker_bundle check agent setuid || return 0
	without_filter
	edit '.process.args = ["/payload", "pause"]'
	create
	start
	good nacre exec --cap CAP_SYS_ADMIN "$id" /probe check agent setuid
	has "$out" "verdicts of agent"
	lacks "$out" wrong
}

test_grants_hold_for_exec() {
	profile=agent
	docker_bundle true || return 0
	without_filter
	edit '.process.args = ["/payload", "pause"]'
	create --allow socket:AF_VSOCK
	start
	exec_in socket 40
	is "$out" "socket: ok"
	try nacre exec "$id" /payload socket 38
	is "$out" "socket: EAFNOSUPPORT"
}

# getpid, bpf, socketcall
test_a_32_bit_call_is_there_by_its_grant_alone() {
	local call
	[[ $(uname -m) == x86_64 ]] || { host_lacks "not x86_64"; return; }
	profile=agent
	docker_bundle i386 20 || return 0
	without_filter
	run
	is "$out" ENOSYS
	for call in 20=reached 357=EPERM 102=EPERM; do
		edit '.process.args[2] = $n' --arg n "${call%=*}"
		run --allow abi:x86
		is "$out" "${call#*=}" "call ${call%=*}"
	done
	run --allow abi:x86 --allow syscall:socketcall
	is "$out" reached
}

# As README.md has it, for one profile: what | of the probe's lines
column() {
	docker_bundle table || return 1
	[[ $profile == oci ]] || without_filter
	run
}

# cell NAME: the text after "NAME: " in the probe's answer
cell() {
	sed -n "s/^$1: //p" <<<"$out"
}

row() {
	printf '| %s | %s | %s | %s | %s |\n' "$@"
}

# about NAME COUNT...: the row NAME of README.md has these counts, each at most 10 off, so that a further rule
# of the filter is no change of the document.
about() {
	local name=$1 cells cell i
	shift
	IFS='|' read -r -a cells < <(grep -F "| $name, about |" "$top/README.md")
	is "${#cells[@]}" $((2 + $#)) "cells of the row $name in README.md"
	for ((i = 1; i <= $#; i++)); do
		read -r cell <<<"${cells[i + 1]:-}"
		((${!i%% *} - ${cell%% *} <= 10 && ${cell%% *} - ${!i%% *} <= 10)) ||
			wrong "README.md has $cell for $name, which is ${!i}"
		is "${cell#"${cell%% *}"}" "${!i#"${!i%% *}"}" "the whole of $name"
	done
}

test_the_table_of_the_readme_is_what_the_kernel_says() {
	local name reached=() conditions=() families=() capabilities=() writable=() table n
	for name in oci agent strict nested; do
		profile=$name
		column || return 0
		reached+=("$(cell "system calls")")
		conditions+=("$(cell "with conditions" | sed 's/\([0-9]*\): .*/\1/')")
		families+=("$(cell "socket families")")
		capabilities+=("$(cell capabilities)")
		writable+=("$(cell writable)")
		n=$(cell "system calls")
		case $name in
		agent) ((${n%% *} <= 297)) || wrong "agent: $n" ;;
		strict) ((${n%% *} <= 268)) || wrong "strict: $n" ;;
		esac
	done
	table=$(
		row "socket families" "${families[@]}"
		row "capabilities" "${capabilities[@]}"
		row "writable" "${writable[@]}"
	)
	[[ $(uname -m) == x86_64 ]] || return 0
	about "system calls" "${reached[@]}"
	about "of these with conditions" "${conditions[@]}"
	while IFS= read -r line; do
		grep -qxF "$line" "$top/README.md" || wrong "README.md has not this line:" "$line"
	done <<<"$table"
}

all_tests "$@"
