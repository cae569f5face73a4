#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
#	BUILD=build TREE=build/tools tests/tools/tools.t [REGEX]
#
# What agents use, from Debian's packages (tree): the same script under each profile. Strict is given the
# workspace.
# shellcheck disable=SC2016,SC2034,SC2154,SC2317 # as for the integration tests
# shellcheck source=SCRIPTDIR/../integration/lib.sh
. "$(dirname "$0")/../integration/lib.sh"
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=SCRIPTDIR/tools.sh
. "$(dirname "$0")/tools.sh"

file_needs=needs_tree

# fetched NAME: what the registries of npm and Python have, and the tree lacks where they cannot be reached.
fetched() {
	[[ -e $TREE/opt/$1 ]] && return
	skip "the tree has no /opt/$1: its registry could not be reached when it was made"
	return 1
}

# refuses PROFILE TOOL PATTERN PROFILE [OPTION...]: PROFILE keeps TOOL from working, and TOOL prints a
# line that is PATTERN; it works under the second PROFILE with these options.
declare -A refusal=() remedy=()
refuses() {
	refusal[$1:$2]=$3
	remedy[$1:$2]=${*:4}
}

# Whether the tool is run by exec in a container that sleeps.
by_exec=''

tool_bundle() {
	tree_bundle
	command=(/bin/bash -euc "$(declare -f await browse "tool_$1"); tool_$1; echo; echo it works")
	program "${command[@]}"
}

run_by_exec() {
	program sleep 1000
	create "$@"
	start
	try nacre exec "$id" "${command[@]}"
	nacre delete --force "$id" || wrong "delete failed"
}

# under PROFILE TOOL [OPTION...]
under() {
	profile=$1
	tool_bundle "$2"
	shift 2
	# Those profiles that make the root read-only add a /tmp.
	[[ $profile != @(oci|nested) ]] || mount_on /tmp tmpfs tmpfs nosuid nodev mode=1777
	if [[ $profile == nested ]]; then
		with_user_namespace
		chown 101000:101000 "$work"
		# The kernel gives a procfs to a sandbox inside if nothing of the outer one is hidden.
		edit 'del(.linux.maskedPaths, .linux.readonlyPaths)'
	fi
	[[ $profile != strict ]] || set -- --allow "workspace:$work" "$@"
	if [[ -n $by_exec ]]; then
		run_by_exec "$@"
	else
		run_any "$@"
	fi
	[[ -z $writable ]] || umount "$b/tree"
}

# everywhere TOOL [PROFILE...]
everywhere() {
	local tool=$1 name words
	shift
	(($#)) || set -- oci agent strict
	for name in "$@"; do
		under "$name" "$tool"
		if [[ -n ${refusal[$name:$tool]:-} ]]; then
			differs "$rc" 0 "exit code under $name"
			has_line "$out"$'\n'"$err" "${refusal[$name:$tool]}"
			read -ra words <<<"${remedy[$name:$tool]}"
			under "${words[0]}" "$tool" "${words[@]:1}"
			name=${words[*]}
		fi
		works "$name"
	done
}

# --- what a profile refuses ---

refuses agent go_test '*fork/exec /tmp/*: permission denied' agent --allow tmp-exec
refuses strict go_test '*fork/exec /tmp/*: permission denied' strict --allow tmp-exec
refuses agent apt '*Read-only file system*' agent --allow rootfs-write
refuses agent sudo '*"no new privileges" flag is set*' agent --allow new-privileges
for name in bash python python_module pip_wheel npm c sanitizers leak_sanitizer thread_sanitizer cmake go cargo gdb; do
	refuses strict "$name" '*Permission denied*' strict --allow workspace-exec
done
refuses agent sshd '*chroot("/run/sshd"): Operation not permitted*' agent --allow cap:CAP_SYS_CHROOT
# For the heap sprays that messages are.
refuses strict dpkg_buildpackage '*lack of SYSV IPC support*' agent
# A sandbox inside is what the profile nested is for.
refuses agent unshare 'unshare: unshare failed: Operation not permitted' nested
refuses strict unshare 'unshare: unshare failed: Operation not permitted' nested
refuses agent chromium_in_its_sandbox '*No usable sandbox*' nested
refuses agent bwrap 'bwrap: No permissions to create new namespace*' nested

# --- the tests ---

test_bash() {
	everywhere bash
}

test_python() {
	everywhere python
}

test_python_module() {
	everywhere python_module
}

test_pip_wheel() {
	fetched wheels || return
	everywhere pip_wheel
}

test_node() {
	everywhere node
}

test_npm() {
	everywhere npm
}

test_vite() {
	fetched npm/node_modules/vite || return
	everywhere vite
}

test_deno() {
	fetched npm/node_modules/deno || return
	everywhere deno
}

test_git() {
	everywhere git
}

test_c() {
	everywhere c
}

test_sanitizers() {
	everywhere sanitizers
}

test_leak_sanitizer() {
	everywhere leak_sanitizer
}

test_thread_sanitizer() {
	everywhere thread_sanitizer
}

test_cmake() {
	everywhere cmake
}

test_go() {
	everywhere go
}

test_go_test() {
	everywhere go_test
}

test_cargo() {
	everywhere cargo
}

test_java() {
	everywhere java
}

test_maven() {
	everywhere maven
}

test_gdb() {
	everywhere gdb
}

test_strace() {
	everywhere strace
}

test_postgresql() {
	everywhere postgresql
}

test_redis() {
	everywhere redis
}

test_files() {
	everywhere files
}

test_curl() {
	everywhere curl
}

test_ssh_keygen() {
	everywhere ssh_keygen
}

test_sshd() {
	local user=0 change='.mounts += [{destination: "/run", type: "tmpfs", source: "tmpfs",
		options: ["nosuid", "nodev", "mode=755"]}]'
	everywhere sshd oci agent
}

test_tmux() {
	everywhere tmux
}

test_sqlite() {
	everywhere sqlite
}

test_dpkg_buildpackage() {
	everywhere dpkg_buildpackage
}

# With what Docker sets; without it ping wants a raw socket.
test_ping() {
	local change='.linux.sysctl = {"net.ipv4.ping_group_range": "0 2147483647"}'
	everywhere ping
}

test_chromium() {
	everywhere chromium
}

test_playwright() {
	fetched npm/node_modules/playwright-core || return
	everywhere playwright
}

test_chromium_in_its_sandbox() {
	everywhere chromium_in_its_sandbox agent
}

test_unshare() {
	everywhere unshare
}

test_bwrap() {
	everywhere bwrap agent
}

test_sudo() {
	everywhere sudo oci agent
}

test_apt() {
	local user=0 writable=1
	everywhere apt oci agent
}

# From what is refused to the grant, by what the summary says.
test_apt_of_a_setuid_program() {
	local user=0 writable=1
	under agent apt_setuid --trace-denials --allow rootfs-write
	differs "$rc" 0 "exit code under agent"
	has "$err" "all of it is allowed by: --allow setuid-files"
	under agent apt_setuid --allow rootfs-write --allow setuid-files
	works agent
}

test_debuggers_by_exec() {
	local by_exec=1
	everywhere gdb
	everywhere strace
}

test_a_server_of_one_exec_answers_the_next() {
	profile=agent
	tool_bundle redis
	program sleep 1000
	create
	start
	good nacre exec "$id" redis-server --daemonize yes --dir /workspace
	wait_for nacre exec "$id" redis-cli ping
	good nacre exec "$id" redis-cli set key value
	is "$out" OK
}

all_tests "$@"
