# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What every integration test begins with. A test is a function test_what_it_shows; they run in the
# order of the file, each with a container ID of its own in $id, and speak TAP. At its end a test's
# containers are deleted, and then nothing may be left on the host: no state, cgroup, mount or process.
# A test runs in a shell of its own and ends at the first thing that is wrong.
#
# What looks for a container, a process, a cgroup or a file and does not find it is wrong: it never
# prints a path that exists all the same. Only below cgroups and directories that it made does a test write.
#
#	tests/integration/create.t [REGEX]	runs one file, or those tests of it
#
# Who runs it: root; an unprivileged user, whose bundles then have a user namespace; or root of a user
# namespace (as.sh makes either). A test that these cannot pass says so with needs_... in its first lines.
#
# From the environment: NACRE, PAYLOAD, PEER (the programs, from the build); MUST_RUN=1 makes a skip a
# failure, except for what a host may really lack (host_lacks); PATIENCE is how many seconds wait_for waits;
# IDS=shifted gives each container ids of its own.

set -u
export LC_ALL=C

tests=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
build=${BUILD:-$tests/../build}
NACRE=${NACRE:-$build/nacre}
PAYLOAD=${PAYLOAD:-$build/tests/payload}
PEER=${PEER:-$build/tests/peer}
NACRE_LIBEXECDIR=${NACRE_LIBEXECDIR:-$(realpath "$build")}
export NACRE_LIBEXECDIR

page=$(dirname "${BASH_SOURCE[0]}")/../../runtime/nacre-policy.5

# Not below a name with "nacre" in it, and world-readable: containers with other users look into it.
T=$(mktemp -d "${TMPDIR:-/tmp}/it-XXXXXXXX") || exit 99
chmod 755 "$T"
tag=${T##*/it-}
ROOT=$T/state
places=() # other options before the command
[[ ${IDS:-} != shifted ]] || places=(--userns shifted)
profile=oci # of most tests: the mechanism alone. Tests of the profile set it to agent.

who=user
((EUID)) || who=userns
# PROC_USER_INIT_INO of the kernel
[[ $EUID == 0 && $(readlink /proc/self/ns/user) == "user:[4026531837]" ]] && who=root

# Who a file of root of the host belongs to, seen in a container.
host_owner=0:0
[[ $who == root ]] || host_owner=65534:65534

cg_mount=/sys/fs/cgroup
[[ -e $cg_mount/cgroup.controllers ]] || cg_mount=/sys/fs/cgroup/unified
# Where below it cgroups can be made: for those who are not root beside that of the test.
cg_base=''
[[ $who == root ]] || cg_base=$(sed -n 's|^0::\(.*\)/[^/]*$|\1|p' /proc/self/cgroup)

PATIENCE=${PATIENCE:-60}
count=0 failures=0 calls=0
skipped='' finished='' out='' err='' rc=0 out_file='' id='' b=''
background=()

# --- what went wrong ---

# What was wrong, and what was being done: files, since it may be a subshell that says so.
title='' # of the test
wrongs=$T/.wrongs
tap=$T/.tap
deeds=$T/.deeds

# doing TEXT...: what is said if one of the next steps is wrong
doing() {
	printf '%s\n' "$@" >"$deeds"
}

# wrong TEXT [TEXT...]: the test has failed and ends here. A subshell of it, as that of $(...), ends, and
# the test with its next step.
wrong() {
	local frame=1
	while [[ ${BASH_SOURCE[frame]} == "${BASH_SOURCE[0]}" && ${FUNCNAME[frame]} != run_test ]]; do
		((frame++))
	done
	{
		printf 'line %s: %s\n' "${BASH_LINENO[frame - 1]}" "$1"
		shift
		(($# == 0)) || printf '  %s\n' "$@"
	} >>"$wrongs"
	exit 1
}

go_on() {
	[[ ! -s $wrongs ]] || exit 1
}

# A reason that is the machine's fault and no test's: it may stay a skip where everything must run.
host_lacks() {
	skipped=$1
}

skip() {
	[[ ${MUST_RUN:-} != 1 ]] || wrong "had to run, but: $1"
	skipped=$1
}

needs_program() {
	command -v "$1" >/dev/null && return
	skip "$1 is not installed"
	return 1
}

needs_strace() {
	needs_program strace || return
	strace -o /dev/null true 2>/dev/null && return
	skip "strace may not trace here"
	return 1
}

needs_controller() {
	grep -qw "$1" "$cg_mount/cgroup.controllers" && return
	host_lacks "cgroup v2 controller $1 is absent on this host"
	return 1
}

# A device for limits of blockIO, in $device, with $number for its numbers.
device='' number=''

# A device that goes when this shell does: detached at once, and held by fd 9.
loop_device() {
	truncate -s 64M "$T/disk"
	device=$(losetup --find --show "$T/disk") || return
	exec 9<>"$device"
	losetup --detach "$device"
	rm "$T/disk"
	number=$(($(stat -c '0x%t' "$device"))):$(($(stat -c '0x%T' "$device")))
}

needs_loop_device() {
	needs_controller io && needs_program losetup || return
	[[ -n $device ]] || loop_device 2>/dev/null && return
	host_lacks "no loop device can be made"
	return 1
}

# whose weights BFQ knows one by one
needs_bfq() {
	needs_loop_device || return
	echo bfq >"/sys/dev/block/$number/queue/scheduler" && return
	host_lacks "the kernel has no BFQ"
	return 1
} 2>/dev/null

needs_cap_sys_resource() {
	# Root of a user namespace has it, but over no limit.
	[[ $who == root ]] && (($(capability_mask) >> 24 & 1)) && return
	host_lacks "CAP_SYS_RESOURCE is absent"
	return 1
}

# Memory limits and static layout do not fit a sanitizer's shadow memory.
needs_plain_build() {
	[[ -z ${NACRE_SANITIZED:-} ]] && return
	host_lacks "not with a sanitizer: $1"
	return 1
}

# What only root of the host may. Each asks the kernel, where that can be asked, so that a test is skipped
# for nothing less; and if root finds it missing, that is no reason to skip. A file whose tests all need
# the same sets file_needs to the name.
lacks_privilege() {
	if [[ $who == root ]]; then
		skip "$1"
	else
		host_lacks "$who: $1"
	fi
	return 1
}

# The test is about root of the host: its ids, its files, its sysctls.
needs_root() {
	[[ $who == root ]] || lacks_privilege "this is about root of the host"
}

# groups that are not the caller's
needs_setgroups() {
	setpriv --groups=7 true 2>/dev/null || lacks_privilege "setgroups"
}

# files and processes of ids that are not the caller's
needs_other_ids() {
	local file=$T/owned
	: >"$file"
	chown 100000:100000 "$file" 2>/dev/null
	[[ $(stat -c %u:%g "$file") == 100000:100000 ]]
	set -- $?
	rm -f "$file"
	(($1 == 0)) || lacks_privilege "chown to another id"
}

needs_mknod() {
	mknod "$T/node" c 1 3 2>/dev/null && rm "$T/node" && return
	lacks_privilege "mknod of a device"
}

# mount(2) outside of containers
needs_mount() {
	mkdir -p "$T/mnt" && mount -t tmpfs tmpfs "$T/mnt" 2>/dev/null && umount "$T/mnt" && return
	lacks_privilege "mount"
}

# new namespaces outside of containers, and entering others
needs_unshare() {
	unshare -m true 2>/dev/null || lacks_privilege "unshare and nsenter"
}

# network devices of one's own, in the network namespace that one is in
needs_network_devices() {
	needs_program ip || return
	ip link add "n$tag" type bridge 2>/dev/null && ip link delete "n$tag" && return
	lacks_privilege "making a network device"
}

# A procfs belongs to its pid namespace, and that to a user namespace.
needs_host_procfs() {
	[[ $who == root ]] || lacks_privilege "a procfs of the host's pid namespace"
}

# a cgroup anywhere below the mount
needs_all_cgroups() {
	[[ -w $cg_mount/cgroup.procs ]] || lacks_privilege "the root cgroup"
}

# BPF programs for cgroups, and so a device filter
needs_device_filter() {
	[[ $who == root ]] || lacks_privilege "BPF"
}

# clones of mounts of the host, to map their ids
needs_id_mapped_mounts() {
	[[ $who == root ]] || lacks_privilege "id-mapped mounts of the host's file systems"
}

capability_mask() {
	echo "0x$(sed -n 's/^CapBnd:\t//p' /proc/self/status)"
}

# --- running things ---

# nacre ARGS: with the tests' own state root; $T in its environment marks its processes as ours.
nacre() {
	NACRE_TEST=$T timeout -k 5 "${LIMIT:-60}" "$NACRE" --root "$ROOT" "${places[@]}" "$@"
}

# Without the time limit, for one that is to be killed or goes on in the background.
nacre_direct() {
	NACRE_TEST=$T exec "$NACRE" --root "$ROOT" "${places[@]}" "$@"
}

# try COMMAND: sets out, err and rc. Files of its own each time: a created container keeps stdout open.
try() {
	go_on
	((calls++))
	out_file=$T/out.$calls
	"$@" >"$out_file" 2>"$T/err.$calls" <"${input:-/dev/null}"
	rc=$?
	out=$(tr -d '\0' <"$out_file")
	err=$(tr -d '\0' <"$T/err.$calls")
	case $err in
	*AddressSanitizer* | *LeakSanitizer* | *"runtime error:"*)
		wrong "a sanitizer spoke up in: $*" "$err"
		;;
	esac
}

# good COMMAND: must succeed.
good() {
	try "$@"
	((rc == 0)) || wrong "failed with $rc: $*" "stdout: $out" "stderr: $err"
}

# bad CODE PATTERN COMMAND: must fail with CODE, and stderr must be the line "nacre: PATTERN", whole.
bad() {
	local code=$1 pattern=$2
	shift 2
	try "$@"
	((rc == code)) || wrong "ended with $rc, not $code: $*" "stdout: $out" "stderr: $err"
	# shellcheck disable=SC2053 # a pattern is wanted
	[[ $err == "nacre: "$pattern ]] || wrong "$*: the error is another" "found:    $err" \
		"expected: nacre: $pattern"
}

run() {
	good nacre run --profile "$profile" --bundle "$b" "$@" "$id"
}

# run, whatever its exit code
run_any() {
	try nacre run --profile "$profile" --bundle "$b" "$@" "$id"
}

# run_refused PATTERN [OPTION...]
run_refused() {
	local pattern=$1
	shift
	bad 1 "$pattern" nacre run --profile "$profile" --bundle "$b" "$@" "$id"
	nothing_left
}

# What the container writes is then in $created_out.
create() {
	good nacre create --profile "$profile" --bundle "$b" "$@" "$id"
	created_out=$out_file
	is "$(state_of .status)" created "status after create"
}

start() {
	good nacre start "$id"
}

exec_in() {
	good nacre exec "$id" /payload "$@"
}

# Sets all, the list of the CPUs that this machine gives, and one, the last of them.
some_cpus() {
	all=$(taskset -c 0-1023 grep Cpus_allowed_list /proc/self/status) || { skip "no CPU can be chosen" && return 1; }
	all=${all#*$'\t'} one=${all##*[,-]}
	[[ $all != "$one" ]] || { host_lacks "one processor alone" && return 1; }
}

# As nacre, by a caller that is pinned to CPU $one.
nacre_on_one() {
	NACRE_TEST=$T timeout -k 5 "${LIMIT:-60}" taskset -c "$one" "$NACRE" --root "$ROOT" "${places[@]}" "$@"
}

kill_now() {
	good nacre kill "$id" KILL
	wait_for status_is stopped
}

delete() {
	good nacre delete "$id"
}

# in_background COMMAND: ended with the test. Its pid is in $!.
in_background() {
	((calls++))
	background_out=$T/out.$calls
	"$@" >"$background_out" 2>&1 </dev/null &
	background+=($!)
}

# wait_for COMMAND: until it succeeds, $PATIENCE seconds at most.
wait_for() {
	local i
	for ((i = 0; i < PATIENCE * 50; i++)); do
		go_on
		"$@" >/dev/null 2>&1 && return
		sleep 0.02
	done
	wrong "waited $PATIENCE s for: $*"
}

# A zombie has, until somebody reaps it.
has_ended() {
	! grep -qs '^State:[[:space:]]*[^Z]' "/proc/$1/status"
}

# keys_are_gone FIRST: the keys of the block of ids that begins with FIRST. The kernel takes them back
# some time after the user namespace is gone; on a busy host, seconds.
keys_are_gone() {
	awk -v first="$1" '{sub(":", "", $1)} $1 >= first && $1 < first + 65536 {n++} END {exit n > 0}' /proc/key-users
}

# --- looking at the result ---

is() {
	go_on
	[[ $1 == "$2" ]] || wrong "${3:-it} is another" "found:    $1" "expected: $2"
}

differs() {
	go_on
	[[ $1 != "$2" ]] || wrong "${3:-it} is $2"
}

# has TEXT FRAGMENT
has() {
	go_on
	[[ $1 == *"$2"* ]] || wrong "not found: $2" "in: $1"
}

lacks() {
	go_on
	[[ $1 != *"$2"* ]] || wrong "found: $2" "in: $1"
}

# has_line TEXT PATTERN: one whole line of it, or several, matches.
has_line() {
	local line
	go_on
	while IFS= read -r line; do
		# shellcheck disable=SC2053 # a pattern is wanted
		[[ ${line%$'\r'} == $2 ]] && return
	done <<<"$1"
	wrong "no line is: $2" "in: $1"
}

# json FILTER: of the last stdout.
json() {
	jq -r "$1" <<<"$out" 2>&1
}

# documented TEXT [VERSION]: $out is version 1, or VERSION, of a document of ours, and every member of it stands in the
# section of nacre-policy(5) whose heading has TEXT.
documented() {
	local section member
	section=$(awk -v text="$1" '/^\.S[sh] / { inside = /^\.Ss / && index($0, text) }
		inside { gsub(/[.,]/, " "); print $0, "" }' "$page")
	[[ -n $section ]] || wrong "nothing in the manual page" "$1"
	is "$(json .version)" "${2-1}" "version of $1"
	# What was changed is the config's.
	while read -r member; do
		grep -qE "^ (It )?Va .*\\b$member\\b" <<<"$section" || wrong "not in the manual page: $member" "$1"
	done < <(jq -r '(.changes[]? | .from, .to) |= 0 | del(.version) | [.. | objects | keys[]] | unique[]' \
		<<<"$out")
}

exists() {
	go_on
	[[ -e $1 || -L $1 ]] || wrong "$1 does not exist"
}

absent() {
	go_on
	[[ ! -e $1 && ! -L $1 ]] || wrong "$1 exists" "$(ls -ld "$1")"
}

# --- looking for the container ---

# state_of FILTER [ID]: of the state, which must be there; null is what it lacks. A stopped container has
# the pid 0.
state_of() {
	local state
	state=$(nacre state "${2:-$id}") || wrong "no state of container ${2:-$id}"
	[[ -n $state ]] || wrong "the state of container ${2:-$id} is empty"
	jq -r "$1" <<<"$state" || wrong "no $1 in the state of container ${2:-$id}" "$state"
}

# For wait_for too: the container must be there, only its status may be another.
status_is() {
	local status
	status=$(state_of .status) || exit 1
	[[ $status == "$1" ]]
}

# pid_of [ID]: of the first process, which must be alive.
pid_of() {
	local pid
	pid=$(state_of .pid "${1:-$id}") || exit 1
	# The state: neither a zombie nor dead.
	[[ $pid != 0 && $(sed 's/.*) //; s/ .*//' "/proc/$pid/stat" 2>/dev/null) == [^ZX] ]] ||
		wrong "container ${1:-$id} has no process: its pid is $pid"
	echo "$pid"
}

# cgroup_of PID: where that process is in the cgroup2 tree, below its mount.
cgroup_of() {
	[[ $1 == self || $1 =~ ^[1-9][0-9]*$ ]] || wrong "not a pid: \"$1\""
	grep -m 1 -oP '^0::\K.+' "/proc/$1/cgroup" || wrong "process $1 has no cgroup"
}

# no_cgroup COMMAND: where the user of as.sh can make no cgroup
no_cgroup() {
	(
		echo "$BASHPID" >"$cg_mount$cg_base/closed/session/cgroup.procs" || exit 98
		"$@"
	)
}

# find_cgroup [ID]: sets cg to the directory of the container's cgroup, which must be one of this test.
find_cgroup() {
	local pid path
	pid=$(pid_of "$@") && path=$(cgroup_of "$pid") || exit 1
	[[ $path == *"$tag"* && -d $cg_mount$path ]] || wrong "$cg_mount$path is no cgroup of this test"
	cg=$cg_mount$path
}

# value FILE: of the container's cgroup.
value() {
	find_cgroup
	cat "$cg/$1" || wrong "no value of $1"
}

# write_value FILE VALUE: in the container's cgroup
write_value() {
	find_cgroup
	echo "$2" >"$cg/$1" || wrong "write \"$2\" to $1"
}

# find_root [ID]: sets root to the root directory of a container of this bundle, as the host sees it.
find_root() {
	local pid
	pid=$(pid_of "$@") || exit 1
	[[ /proc/$pid/root/. -ef $b/rootfs ]] || wrong "the root of process $pid is not $b/rootfs"
	root=/proc/$pid/root
}

# What root of with_user_namespace is outside.
host_root() {
	jq -e '.linux.uidMappings[0].hostID' "$b/config.json" || wrong "no user namespace in config.json"
}

# --- bundles ---

# bundle VERB...: a fresh bundle in $b, whose program is the payload with these verbs.
bundle() {
	((calls++))
	b=$T/b$calls
	mkdir -p "$b/rootfs"/{proc,sys,dev,tmp,etc,bin,mnt}
	chmod 1777 "$b/rootfs/tmp"
	cp "$PAYLOAD" "$b/rootfs/payload"
	printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n' \
		>"$b/rootfs/etc/passwd"
	# What nacre spec writes, without the runtime that is tested.
	cp "$tests/data/spec.json" "$b/config.json" || wrong "no config"
	# In one go: under emulation jq takes longer than a container.
	edit "$for_user"'.process.terminal = false | .process.env += ["NACRE_TEST=" + $T]
		| .process.args = ["/payload"] + $ARGS.positional' --arg T "$T" --args -- "$@"
}

# edit FILTER [JQ-OPTION...]: changes config.json.
edit() {
	local filter=$1
	shift
	jq "$filter" "$@" <"$b/config.json" >"$b/config.new" || wrong "jq: $filter"
	mv "$b/config.new" "$b/config.json"
}

# --- records of other versions ---

records=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../data/records")

# bundle_of NAME: a fresh bundle in $b for the container that left the record NAME
bundle_of() {
	bundle pause
	jq --argjson spec "$(<"$b/config.json")" --arg b "$b" '
		.process.env = $spec.process.env | del(.nacre, .linux.resources["memory", "pids", "unified"])
		| (.mounts[].source | strings) |= sub("^/mnt/[a-z]*"; $b)' \
		<"$records/$1.config.json" >"$b/config.new"
	mv "$b/config.new" "$b/config.json"
}

# record_filter FILTER: changes the record
record_filter() {
	jq -c "$1" "${@:2}" <"$ROOT/$id/record" >"$T/out.record" || wrong "jq: $1"
	cat "$T/out.record" >"$ROOT/$id/record"
}

# put_record NAME: the container $id, of bundle_of, is as that version left it; what it has of this
# machine stays.
put_record() {
	# shellcheck disable=SC2016 # for jq
	record_filter '. as $own | $there + ($own | {id, bundle, rootfs, pid, startTime, cgroup})
		| if .boot then .boot = $own.boot else . end
		| if .unit and $own.unit then . + ($own | {unit, cgroupId}) else del(.cgroupId) end
		| if .audit then .audit = [$audit] else . end' \
		--argjson there "$(<"$records/$1.record.json")" --arg audit "$T/out.audit"
	jq -c --argjson own "$(<"$ROOT/$id/config.json")" '.process.env = $own.process.env' \
		<"$records/$1.config.json" >"$T/out.config"
	sed "s|\"/mnt/[a-z]*/|\"$b/|g" "$T/out.config" >"$ROOT/$id/config.json"
}

# resources JSON: more of linux.resources
resources() {
	edit '.linux.resources += '"$1"
}

# block_io FILTER: with $a and $i for the device's numbers
block_io() {
	edit ".linux.resources.blockIO = $1" --argjson a "${number%:*}" --argjson i "${number#*:}"
}

# program ARG...: process.args
program() {
	edit '.process.args = $ARGS.positional' --args -- "$@"
}

# mount_on DESTINATION SOURCE TYPE OPTION...: one more mount
mount_on() {
	local destination=$1 source=$2 type=$3
	shift 3
	edit '.mounts += [{destination: $d, source: $s, type: $t, options: $ARGS.positional}]' \
		--arg d "$destination" --arg s "$source" --arg t "$type" --args -- "$@"
}

# capabilities NAME...: all five sets are these
capabilities() {
	edit '.process.capabilities = (["bounding", "effective", "inheritable", "permitted", "ambient"]
		| map({(.): $ARGS.positional}) | add)' --args -- "$@"
}

# without_namespace TYPE
without_namespace() {
	edit '.linux.namespaces |= map(select(.type != $t))' --arg t "$1"
}

# for_user is jq text: the own id is root, the others are what /etc/subuid and /etc/subgid give.
for_user=''
map_all_ids() {
	local uid gid
	uid=$(sed -n "s/^$(id -un)://p" /etc/subuid | tail -n 1)
	gid=$(sed -n "s/^$(id -un)://p" /etc/subgid | tail -n 1)
	for_user='.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: '$EUID', size: 1},
			{containerID: 1, hostID: '${uid%:*}', size: '${uid#*:}'}]
		| .linux.gidMappings = [{containerID: 0, hostID: '$(id -g)', size: 1},
			{containerID: 1, hostID: '${gid%:*}', size: '${gid#*:}'}] | '
}

with_user_namespace() {
	[[ $who != user ]] || return 0
	edit '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
	chown -R 100000:100000 "$b/rootfs"
}

# map_ids PID: waits until it is `sleep` in its own user namespace, and gives that the ids from 100000 on.
map_ids() {
	wait_for eval "[[ \$(</proc/$1/comm) == sleep ]]"
	echo 0 100000 65536 >"/proc/$1/uid_map" || wrong "no uids can be mapped"
	echo 0 100000 65536 >"/proc/$1/gid_map" || wrong "no gids can be mapped"
}

# Sets foreign, the path of a user namespace that user 1000 owns.
foreign_user_namespace() {
	needs_root && needs_unshare && needs_program setpriv || return
	in_background setpriv --reuid 1000 --regid 1000 --clear-groups unshare --user sleep 60
	foreign=/proc/$!/ns/user
	map_ids $!
}

with_busybox() {
	local applet
	for applet in sh cat mount umount chroot sleep ls; do
		cp "$(command -v busybox)" "$b/rootfs/bin/$applet" 2>/dev/null && continue
		skip "busybox (busybox-static) is not installed"
		return 1
	done
}

# --- the administrator's file ---

# Its place is fixed: nacre runs where another /etc is mounted.
policy() {
	mkdir -p "$T/etc/nacre"
	printf '%s\n' "$1" >"$T/etc/nacre/policy.json"
}

under_policy() {
	NACRE_TEST=$T timeout -k 5 60 unshare -m --propagation private bash -c \
		'mount --bind "$0/etc" /etc && exec "$@"' "$T" "$NACRE" --root "$ROOT" "${places[@]}" "$@"
}

# --- nothing may be left ---

processes_left() {
	local environ
	grep -lsF "NACRE_TEST=$T" /proc/[0-9]*/environ | while read -r environ; do
		environ=${environ#/proc/}
		echo "${environ%/environ} ($(tr '\0' ' ' <"/proc/${environ%/environ}/cmdline"))"
	done 2>/dev/null
}

cgroups_left() {
	find "$cg_mount" -depth -type d -name "*$tag*" ! -name "parent-$tag" 2>/dev/null
}

mounts_left() {
	grep -hF "$T" /proc/self/mountinfo /proc/1/mountinfo 2>/dev/null | grep -vF "$T/allowed"
}

# The seccomp cache is no container's.
state_left() {
	[[ -d $ROOT ]] && find "$ROOT" -mindepth 1 -maxdepth 1 ! -name '.*' 2>/dev/null
}

nothing_left() {
	local what left i
	for what in state cgroups mounts processes; do
		for ((i = 0; i < 25; i++)); do
			left=$("${what}_left")
			# A killed process is gone a moment after the kill; nothing else has time.
			[[ -z $left || $what != processes ]] && break
			sleep 0.02
		done
		[[ -z $left ]] || wrong "$what left" "$left"
	done
	true
}

# --- the frame ---

# unshare --fork ignores SIGTERM.
end_background() {
	local i
	((${#background[@]})) || return 0
	kill "${background[@]}" 2>/dev/null
	for ((i = 0; i < 50; i++)); do
		kill -0 "${background[@]}" 2>/dev/null || break
		sleep 0.02
	done
	kill -KILL "${background[@]}" 2>/dev/null
	wait "${background[@]}" 2>/dev/null
	background=()
}

delete_containers() {
	local name
	for name in $(state_left); do
		good nacre delete --force "${name##*/}"
	done
}

# What a failed test has left, so that the next one starts clean.
sweep() {
	local name
	for name in $(processes_left | cut -d' ' -f1); do
		kill -9 "$name" 2>/dev/null
	done
	find "$cg_mount" -depth -type d -name "*$tag*" 2>/dev/null | while read -r name; do
		echo 0 >"$name/cgroup.freeze"
		echo 1 >"$name/cgroup.kill"
		sleep 0.05
		rmdir "$name"
	done 2>/dev/null
	awk -v t="$T" 'index($5, t) { print $5 }' /proc/self/mountinfo | tac | while read -r name; do
		umount -l "$name"
	done
	rm -rf "$ROOT"
}

finish() {
	local name
	end_background
	sweep
	find "$cg_mount" -depth -type d -name "*$tag*" -exec rmdir {} + 2>/dev/null
	rm -rf "$T"
}

# In the test's shell, whatever its stdout is then. Its status is 1 if it failed.
end_test() {
	[[ -n $finished || -n $skipped || -s $wrongs ]] || (wrong "it ended before its last line")
	end_background
	(delete_containers)
	[[ -s $wrongs ]] || (nothing_left)
	if [[ -s $wrongs ]]; then
		echo "not ok $count - $title" >"$tap"
		cat "$wrongs" "$deeds" 2>/dev/null | sed 's/^/# /' >>"$tap"
		exit 1
	fi
	echo "ok $count - $title${skipped:+ # SKIP $skipped}" >"$tap"
	exit 0
}

run_test() {
	title=${1#test_}
	title=${title//_/ }
	((count++))
	id=t-$tag-$count
	rm -f "$wrongs" "$deeds" "$tap"
	(
		trap end_test EXIT
		! ${file_needs:-true} || "$1"
		finished=1
	) || {
		((failures++))
		sweep
	}
	cat "$tap" 2>/dev/null || echo "not ok $count - $title: killed"
	find "$T" -mindepth 1 -maxdepth 1 ! -path "$ROOT" -exec rm -rf --one-file-system {} +
}

all_tests() {
	local name
	trap finish EXIT
	trap 'exit 98' INT TERM
	if [[ $who == user ]]; then
		if ! command -v newuidmap >/dev/null || ! grep -q "^$(id -un):" /etc/subuid /etc/subgid; then
			echo "1..0 # SKIP newuidmap (package uidmap) or a line in /etc/subuid is missing"
			[[ ${MUST_RUN:-} != 1 ]]
			exit
		fi
		map_all_ids
	fi
	needs_program jq || { echo "Bail out! jq is not installed"; exit 99; }
	for name in "$NACRE" "$PAYLOAD" "$PEER"; do
		[[ -x $name ]] || { echo "Bail out! $name is missing: build first"; exit 99; }
	done
	while read -r name; do
		[[ $name =~ ${1:-.} ]] && run_test "$name"
	done < <(sed -n 's/^\(test_[a-z0-9_]*\)().*/\1/p' "$0")
	echo "1..$count"
	((failures == 0))
	exit
}
