#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

test_explain_says_what_was_denied_and_what_nobody_counts() {
	bundle pause
	profile=agent create
	good nacre explain "$id"
	has_line "$out" "container $id, profile agent"
	has "$out" 'WHAT CANNOT BE COUNTED'
	has "$out" 'system calls '
	good nacre explain --format json "$id"
	documented "explain --format" 2
	is "$(json '[.id, .profile] | join(" ")')" "$id agent" "id and profile"
	is "$(json '.notCounted | length >= 3')" true "blind spots"
}

test_a_limit_that_this_host_cannot_enforce_is_named() {
	local pids=false
	bundle pause
	profile=agent create
	good nacre explain --format json "$id"
	find_cgroup
	[[ -e $cg/pids.max ]] || pids=true
	is "$(json '.notEnforced | index("pids.max") != null')" "$pids" "pids.max"
	profile=oci
	good nacre delete --force "$id"
	create
	good nacre explain --format json "$id"
	is "$(json '.notEnforced | length')" 0 "under oci"
}

test_refused_forks_are_counted() {
	needs_controller pids || return
	bundle pause
	edit '.linux.resources.pids.limit = 5'
	create
	start
	try nacre exec "$id" /payload forkbomb 20
	good nacre explain --format json "$id"
	is "$(json '.denied[] | select(.counter == "pids.events") | .count > 0')" true "refused forks"
}

test_refused_devices_are_counted() {
	local denied='.denied[] | select(.rule == "devices") | .count'
	needs_device_filter && needs_mknod || return
	bundle mknod /dev/mem c 1 1 : mknod /dev/allowed c 1 3 : pause
	capabilities CAP_MKNOD
	create
	good nacre explain --format json "$id"
	is "$(json "$denied")" 0 "before the start"
	start
	wait_for eval 'nacre explain "$id" | grep -q "^2 *opens of devices refused (rule devices; device:PATH)$"'
	good nacre explain --format json "$id"
	is "$(json "$denied")" 2 "one to read, one to write"
}

# Records of the kernel's audit; where auditd runs it takes them away.
test_calls_in_the_kernels_log_are_told() {
	needs_root || return
	[[ -r /dev/kmsg && ! -e /run/auditd.pid && $(readlink /proc/self/ns/pid) == "pid:[4026531836]" ]] || {
		host_lacks "the kernel's log with its audit records"
		return
	}
	bundle spawn 1 : call getcpu : pause
	edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["getcpu"], action: "SCMP_ACT_LOG"}]}'
	create
	good nacre explain --format json "$id"
	is "$(json '.kernelLog.error')" null error
	is "$(json '.kernelLog.records | length')" 0 "before the start"
	start
	wait_for eval 'nacre explain "$id" | grep -q "^1 *getcpu: logged$"'
	good nacre explain --format json "$id"
	documented "explain --format" 2
	is "$(json '.kernelLog.records[] | select(.syscall == "getcpu") | .action')" \
		logged action
}

test_who_may_not_read_the_kernels_log_is_told() {
	needs_unshare || return
	bundle pause
	create
	mkdir -p "$T/dev"
	good unshare -rm bash -c 'mount --bind "$0" /dev && exec "$@"' "$T/dev" \
		"$NACRE" --root "$ROOT" explain "$id"
	has_line "$out" 'not readable: open /dev/kmsg: *'
}

# From a denial to the grant: what failed works with what is pasted.
refused_of_all() {
	bundle call bpf : socket 16 3 15 : call fchmodat -100 =/own 04755 : call clone3 : true
	mkdir "$b/rootfs/own" # a user may not change /dev/null, whatever the filter says
	edit '.root.readonly = false'
}

test_flags_allow_what_was_refused() {
	local flags=()
	refused_of_all
	profile=agent
	try nacre run --keep --trace-denials --bundle "$b" --allow rootfs-write "$id"
	has "$err" "container $id, profile agent, refused:"
	has_line "$err" '  1 bpf: EPERM (--allow syscall:bpf)'
	has_line "$err" 'all of it is allowed by: --allow syscall:bpf --allow socket:NETLINK_KOBJECT_UEVENT --allow setuid-files'
	lacks "$err" clone3
	good nacre explain --format flags "$id"
	is "$out" "--allow syscall:bpf --allow socket:NETLINK_KOBJECT_UEVENT --allow setuid-files"
	read -r -a flags <<<"$out"
	good nacre explain --format policy "$id"
	is "$(jq -c . <<<"$out")" \
		'{"version":1,"grants":{"given":["syscall:bpf","socket:NETLINK_KOBJECT_UEVENT","setuid-files"]}}'
	good nacre explain "$id"
	has_line "$out" '1 *clone3: ENOSYS: *syscall:clone3)'
	good nacre delete "$id"
	try nacre run --trace-denials --bundle "$b" --allow rootfs-write "${flags[@]}" "$id"
	# the kernel may refuse it besides
	(($(</proc/sys/kernel/unprivileged_bpf_disabled) == 0)) || out=${out/bpf: EPERM/}
	lacks "$out" "bpf: EPERM"
	# the file is nobody's in a user namespace
	[[ $who != root ]] || lacks "$out" EPERM
	lacks "$out" EPROTONOSUPPORT
	lacks "$err" refused
}

test_run_is_silent_where_nobody_reads() {
	refused_of_all
	profile=agent
	try nacre run --bundle "$b" "$id"
	has "$out" "bpf: EPERM"
	lacks "$err" refused
}

test_a_report_outlives_the_container() {
	refused_of_all
	profile=agent
	bad 1 "--keep-report: open $T/no/report: No such file or directory" \
		nacre run --keep-report "$T/no/report" --bundle "$b" "$id"
	bad 1 "run: --keep-report excludes --detach: no process would wait" \
		nacre run --detach --keep-report "$T/report" --bundle "$b" "$id"
	try nacre run --trace-denials --keep-report "$T/report" --bundle "$b" "$id"
	nothing_left
	out=$(<"$T/report")
	is "$(json '.allow | join(" ")')" "syscall:bpf socket:NETLINK_KOBJECT_UEVENT setuid-files" "in the report"
}

# EACCES of a mount without programs is seen by nobody: what may be, for a program that failed.
test_directories_without_programs_are_named() {
	local tmp='programs in /tmp cannot be run (noexec, rule mount-flags): --allow tmp-exec, unless*'
	bundle exit 3
	mkdir -p "$b/rootfs/cache" "$T/work" "$b/rootfs/work"
	mount_on /cache tmpfs tmpfs mode=755
	mount_on /work "$T/work" bind rbind
	edit '.root.readonly = false'
	profile=agent
	try nacre run --keep --trace-denials --bundle "$b" "$id"
	is "$rc" 3 "exit status"
	has_line "$err" "container $id, profile agent: if a program failed with \"Permission denied\":"
	has_line "$err" "$tmp; or TMPDIR and GOTMPDIR in another directory"
	has_line "$err" 'programs in /cache cannot be run *: --allow tmpfs-exec:/cache, unless*'
	lacks "$err" /dev
	good nacre explain "$id"
	has_line "$out" 'MOUNTS WITHOUT EXEC *'
	has_line "$out" "$tmp"
	good nacre explain --format json "$id"
	documented "explain --format" 2
	is "$(json '.noexec | map(.path + " " + .grant) | sort | join(",")')" \
		"/cache tmpfs-exec:/cache,/tmp tmp-exec" directories
	good nacre explain --format flags "$id"
	is "$out" "" "flags are what was refused"
	good nacre explain --format summary "$id"
	lacks "$out" noexec
	good nacre delete "$id"
	try nacre run --trace-denials --bundle "$b" --allow tmp-exec --allow tmpfs-exec:/cache "$id"
	lacks "$err" noexec
	try nacre run --profile strict --trace-denials --bundle "$b" --allow "workspace:$T" "$id"
	has "$err" 'programs in /work cannot be run (noexec, rule mount-flags): --allow workspace-exec'
	program exit 0
	try nacre run --trace-denials --bundle "$b" "$id"
	lacks "$err" noexec
}

# EROFS of the root is seen by nobody, either: the first thing that fails in a container.
test_a_root_that_is_read_only_is_named() {
	local words='only mounts can be written to (rule read-only-root): --allow rootfs-write, unless*'
	bundle exit 3
	edit '.root.readonly = false'
	profile=agent
	try nacre run --keep --trace-denials --bundle "$b" "$id"
	has_line "$err" "container $id, profile agent: if a program failed with \"Read-only file system\":"
	has_line "$err" "$words"
	good nacre explain "$id"
	has_line "$out" 'READ-ONLY ROOT *'
	has_line "$out" "$words"
	good nacre explain --format json "$id"
	is "$(json .readOnlyRoot)" rootfs-write grant
	good nacre explain --format flags "$id"
	is "$out" "" "flags are what was refused"
	good nacre delete "$id"
	try nacre run --keep --trace-denials --bundle "$b" --allow rootfs-write "$id"
	lacks "$err" Read-only
	good nacre explain --format json "$id"
	is "$(json .readOnlyRoot)" "" "with the grant"
	good nacre delete "$id"
	try nacre run --profile oci --trace-denials --bundle "$b" "$id"
	lacks "$err" Read-only
}

# F34: config.json's own filter tells nobody.
test_what_config_refuses_is_named() {
	bundle pause
	edit '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["mount", "unshare", "getcpu"], action: "SCMP_ACT_ERRNO"}]}'
	profile=nested create
	good nacre explain "$id"
	has_line "$out" 'REFUSED BY config.json (linux.seccomp; no --allow helps)'
	good nacre explain --format json "$id"
	is "$(json '.refusedByConfig | sort | join(" ")')" "getcpu mount unshare" "all three"
	good nacre delete --force "$id"
	profile=agent create
	good nacre explain --format json "$id"
	is "$(json '.refusedByConfig | join(" ")')" getcpu "what nacre refuses is told by the tracer"
}

# F31: engines show no warning of create.
test_what_nested_lacks_is_named() {
	bundle pause
	capabilities CAP_SETUID CAP_SETGID
	profile=nested create
	good nacre explain "$id"
	has "$out" "--cap-add SETFCAP"
	good nacre explain --format json "$id"
	is "$(json '.insideLacks | length')" 1 nested
	good nacre delete --force "$id"
	profile=agent create
	good nacre explain --format json "$id"
	is "$(json '.insideLacks | length')" 0 agent
}

# F30: a grant is named only where it would help.
test_who_set_a_limit_is_told() {
	local limit='.denied[] | select(.counter == "pids.events") | [.rule, .grant, .remedy] | join("|")'
	needs_controller pids || return
	bundle pause
	for row in "null|resources||config.json can set another: linux.resources.pids.limit" \
		"{limit: -1}|resources|unlimited:pids|" "{limit: 4194304}|resources|unlimited:pids|" "{limit: 9}|||the limit is config.json's: linux.resources.pids.limit"; do
		edit ".linux.resources.pids = ${row%%|*}"
		profile=agent create
		good nacre explain --format json "$id"
		is "$(json "$limit")" "${row#*|}" "${row%%|*}"
		good nacre delete --force "$id"
	done
}

# F33: until delete, and F34: of this container alone.
test_a_container_that_has_ended_can_be_explained() {
	bundle call bpf
	profile=agent
	try nacre run --keep --trace-denials --bundle "$b" "$id"
	good nacre explain --format json "$id"
	is "$(json '.denied[] | select(.syscall == "bpf") | .count')" 1 bpf
}

test_no_container_cannot_be_explained() {
	bad 1 "container does not exist: $id" nacre explain "$id"
}

test_what_cannot_be_looked_for_is_said() {
	needs_strace || return
	bundle pause
	profile=agent create
	find_cgroup
	good strace -qq -o "$T/out.trace" -e trace=getdents64 -e inject=getdents64:error=EIO "$NACRE" \
		--root "$ROOT" explain "$id"
	has "$out" "Input/output error"
}

all_tests "$@"
