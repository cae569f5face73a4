#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The cgroup driver of systemd.
. "$(dirname "$0")/../systemd/lib.sh"

test_the_container_is_a_scope_in_the_slice_of_its_path() {
	bundle pause
	in_unit
	create_unit
	start
	is "$(cgroup_of "$(pid_of)")" "/system.slice/$tag-$id.scope" "cgroup"
	is "$(property ActiveState)" active
	is "$(property Slice)" system.slice
	is "$(property Description)" "nacre container $id"
	is "$(property Delegate)" yes
	is "$(property DefaultDependencies)" no
	is "$(property CollectMode)" inactive-or-failed
	is "$(property TasksAccounting)$(property MemoryAccounting)" yesyes
	delete_forced
	no_unit_left
}

test_cgroup_manager_systemd_is_the_same() {
	bundle pause
	in_unit
	good nacre --cgroup-manager systemd create --bundle "$b" "$id"
	is "$(property ActiveState)" active
	good nacre --cgroup-manager cgroupfs delete --force "$id"
	no_unit_left
}

test_run_ends_with_the_status_of_the_program_and_leaves_no_unit() {
	bundle exit 7
	in_unit
	try nacre --systemd-cgroup run --bundle "$b" "$id"
	is "$rc" 7 "status"
	is "$(units_left)" "" "units"
}

test_without_a_path_the_scope_has_the_containers_name() {
	bundle pause
	id=$id+a_b.c
	create_unit
	find_cgroup
	has "$cg" "/system.slice/nacre-${id/+/\\x2b}.scope"
	delete_forced
	no_unit_left
}

# The pid of the relay, which holds the lock on a file of the state.
relay() {
	awk -v inode="$(stat -c %i "$ROOT/$id/egress")" '$2 == "POSIX" && $6 ~ ":" inode "$" { print $5 }' /proc/locks
}

test_the_relay_of_names_is_a_scope_beside() {
	local pid
	bundle pause
	in_unit
	good nacre --systemd-cgroup create --profile oci --egress a.example --bundle "$b" "$id"
	pid=$(relay)
	is "$(cgroup_of "$pid")" "/system.slice/$tag-$id:egress.scope" "its cgroup"
	is "$(systemctl show -P TasksMax "$tag-$id:egress.scope")" 1 TasksMax
	is "$(systemctl show -P MemoryMax "$tag-$id:egress.scope")" $((256 << 20)) MemoryMax
	delete_forced
	wait_for has_ended "$pid"
	no_unit_left
	bad 1 "*pid file*" nacre --systemd-cgroup create --profile oci --egress a.example --bundle "$b" \
		--pid-file "$T/none/pid" "$id"
	no_unit_left
}

test_the_scope_of_the_relay_ends_with_a_create_that_is_killed() {
	needs_strace || return
	bundle pause
	in_unit
	# what is renamed is resolv.conf, and then the record
	try strace -qq -o "$T/out.trace" -e trace=renameat -e inject=renameat:signal=KILL:when=2 \
		"$NACRE" --root "$ROOT" --systemd-cgroup create --profile oci --egress a.example --bundle "$b" "$id"
	has "$(<"$T/out.trace")" '"record"' "where it was killed"
	delete_forced
	nothing_left
	no_unit_left
}

# systemd moves no process that has ended: where that still is, is the caller, too. nacre-systemd's
# stand-in says that the scope is there once it has killed the process.
test_a_process_that_ends_meanwhile_does_not_take_the_caller_with_it() {
	local caller=/sys/fs/cgroup/$tag-caller bystander
	bundle pause
	in_unit
	mkdir "$T/libexec" "$caller"
	cat >"$T/libexec/nacre-systemd" <<-'END'
		#!/bin/sh
		[ "$1" = start ] || exit 0
		pid=$(sed -n 's/^PIDs\tau\t+\t\([0-9]*\)\t-$/\1/p')
		kill -KILL "$pid" && echo "$pid" >"${0%/*}/killed"
	END
	chmod 755 "$T/libexec/nacre-systemd"
	in_background sh -c 'echo 0 >"$1/cgroup.procs" && exec sleep 60' sh "$caller"
	bystander=${background[0]}
	wait_for grep -q . "$caller/cgroup.procs"
	NACRE_LIBEXECDIR=$T/libexec try sh -c 'echo 0 >"$1/cgroup.procs" && shift && exec "$@"' sh "$caller" \
		"$NACRE" --root "$ROOT" --systemd-cgroup create --profile "$profile" --bundle "$b" "$id"
	is "$rc" 1 "exit code"
	has "$err" "the container's process is not in $tag-$id.scope, but in \"/$tag-caller\""
	exists "$T/libexec/killed"
	kill -KILL "$bystander" || wrong "what was in the caller's cgroup has ended"
	wait_for has_ended "$bystander"
	background=()
	rmdir "$caller"
	nothing_left
}

test_a_slice_is_made_below_its_parent() {
	bundle cat /proc/self/cgroup
	in_unit "a$tag-b.slice:$tag:$id"
	without_namespace cgroup
	run_unit
	has "$out" "0::/a$tag.slice/a$tag-b.slice/$tag-$id.scope"
	systemctl stop "a$tag.slice"
	no_unit_left
}

test_a_name_that_ends_in_slice_makes_a_slice() {
	bundle pause
	in_unit "a$tag.slice::a$tag-x.slice"
	create_unit
	start
	is "$(cgroup_of "$(pid_of)")" "/a$tag.slice/a$tag-x.slice" "cgroup"
	is "$(property ActiveState "a$tag-x.slice")" active
	exec_in true
	delete_forced
	systemctl stop "a$tag.slice"
	no_unit_left
}

test_exec_is_in_the_scope_and_dies_with_it() {
	bundle pause
	in_unit
	create_unit
	start
	in_background nacre_direct exec --own-cgroup "$id" /payload pause
	# shellcheck disable=SC2016 # for the inner shell
	find_cgroup
	wait_for sh -c 'grep -q . "$1"/exec-*/cgroup.procs' sh "$cg"
	exec_in true
	is "$(wc -l <"$cg/cgroup.procs")" 1 "processes of the container itself"
	delete_forced
	no_unit_left
}

test_pause_resume_and_kill_work_on_the_scope() {
	bundle pause
	in_unit
	create_unit
	start
	good nacre pause "$id"
	status_is paused || wrong "not paused"
	good nacre resume "$id"
	kill_now
	delete
	no_unit_left
}

test_without_a_cgroup_namespace_the_scope_is_shown() {
	bundle cat /sys/fs/cgroup/cgroup.procs
	in_unit
	without_namespace cgroup
	run_unit
	is "$out" 1 "processes"
}

test_a_stopped_container_does_not_take_the_next_ones_unit() {
	local first=$id
	bundle true
	in_unit "system.slice:$tag:same"
	good nacre --systemd-cgroup create --bundle "$b" "$first"
	start
	wait_for status_is stopped
	wait_for unit_gone
	bundle pause
	in_unit "system.slice:$tag:same"
	good nacre --systemd-cgroup create --bundle "$b" "$first.next"
	good nacre kill --all "$first" KILL
	good nacre delete "$first"
	is "$(state_of .status "$first.next")" created "the other container's status"
	is "$(property ActiveState "$tag-same.scope")" active
}

test_a_name_that_is_taken_is_refused_and_left_alone() {
	local first=$id
	bundle pause
	in_unit "system.slice:$tag:same"
	create_unit
	id=$id.second
	bad 1 "*container's cgroup is not empty: 1 process(es) found in /system.slice/$tag-same.scope" \
		nacre --systemd-cgroup run --bundle "$b" "$id"
	is "$(state_of .status "$first")" created
	is "$(property ActiveState "$tag-same.scope")" active
}

test_a_frozen_slice_is_refused() {
	local slice=$cg_mount/a$tag.slice
	bundle true
	in_unit "a$tag.slice:$tag:$id"
	mkdir "$slice"
	echo 1 >"$slice/cgroup.freeze"
	bad 1 "*container's cgroup unexpectedly frozen: /a$tag.slice" \
		nacre --systemd-cgroup run --bundle "$b" "$id"
	echo 0 >"$slice/cgroup.freeze"
	systemctl stop "a$tag.slice"
	nothing_left
	no_unit_left
}

test_a_cgroup_that_is_there_is_left_alone() {
	local cg=$cg_mount/system.slice/$tag-$id.scope
	bundle pause
	in_unit
	mkdir "$cg"
	echo 1 >"$cg/cgroup.freeze"
	bad 1 "*container's cgroup unexpectedly frozen: /system.slice/$tag-$id.scope *" \
		nacre --systemd-cgroup run --bundle "$b" "$id"
	[[ -d $cg ]] || wrong "the cgroup is gone"
	echo 0 >"$cg/cgroup.freeze"
	sleep 1000 &
	echo $! >"$cg/cgroup.procs"
	bad 1 "*container's cgroup is not empty: 1 process(es) found in /system.slice/$tag-$id.scope" \
		nacre --systemd-cgroup run --bundle "$b" "$id"
	kill $!
	wait $! 2>/dev/null
	rmdir "$cg"
	nothing_left
	no_unit_left
}

test_a_unit_that_failed_earlier_gives_its_name_back() {
	bundle true
	in_unit
	# shellcheck disable=SC2016 # for the inner shell
	try sh -c 'systemd-run --quiet --scope --unit "$1" -p RuntimeMaxSec=50ms sleep 5; :' \
		sh "$tag-$id"
	wait_for test "$(property ActiveState)" = failed
	run_unit
	no_unit_left
}

test_what_a_killed_create_left_is_deleted() {
	bundle true
	in_unit
	printf '#!/bin/sh\nkill -9 $PPID\n' >"$T/hook"
	chmod +x "$T/hook"
	edit '.hooks.createRuntime = [{path: $p}]' --arg p "$T/hook"
	try nacre --systemd-cgroup create --bundle "$b" "$id"
	is "$rc" 137 "status of create"
	good nacre delete --force "$id"
	is "$(property ActiveState)" inactive
	nothing_left
	no_unit_left
}

test_bad_names_are_refused() {
	bundle true
	in_unit /not/of/systemd
	refused "*linux.cgroupsPath: \"/not/of/systemd\"*expects SLICE:PREFIX:NAME"
	in_unit a--b.slice:p:n
	refused "*\"a--b.slice\" is not the name of a slice*"
	in_unit "system.slice:$tag:$(printf '%0250d' 0)"
	refused "*makes a unit name longer than 255 bytes"
}

test_a_path_for_systemd_needs_the_option() {
	bundle true
	in_unit
	bad 1 '*needs --systemd-cgroup*' nacre run --bundle "$b" "$id"
}

test_annotations_set_properties() {
	bundle pause
	in_unit
	edit '.annotations = {
		"org.systemd.property.TimeoutStopSec": "uint64 3",
		"org.systemd.property.SendSIGHUP": "true",
		"org.systemd.property.After": "['"'basic.target'"']"}'
	create_unit
	is "$(property TimeoutStopUSec)" 3s
	is "$(property SendSIGHUP)" yes
	has "$(property After)" basic.target
}

test_a_bad_annotation_is_refused_and_leaves_nothing() {
	bundle true
	in_unit
	edit '.annotations = {"org.systemd.property.TimeoutStopUSec": "soon"}'
	refused '*annotations\["org.systemd.property.TimeoutStopUSec"\]: soon: a number is expected'
	edit '.annotations = {"org.systemd.property.NoSuchThing": "true"}'
	refused '*NoSuchThing*'
	profile=agent
	edit '.annotations = {"org.systemd.property.SendSIGHUP": "true"}'
	refused '*annotations\["org.systemd.property.SendSIGHUP"\]*only under the profile oci'
	no_unit_left
}

# Each limit whose controller this host has. FILE VALUE FILTER
limits='memory.max 100003840 {memory:{limit:100003840}}
memory.low 4096 {memory:{reservation:4096}}
memory.swap.max 8192 {memory:{limit:100003840,swap:100012032}}
memory.high 50003968 {unified:{"memory.high":"50003968"}}
memory.min 4096 {unified:{"memory.min":"4096"}}
memory.oom.group 1 {unified:{"memory.oom.group":"1"}}
pids.max 77 {pids:{limit:77}}
cpu.weight 100 {cpu:{shares:1024}}
cpu.max 12500:50000 {cpu:{quota:12345,period:50000}}
cpu.max 30000:100000 {cpu:{quota:30000}}
cpu.max.burst 10000 {cpu:{quota:50000,period:100000,burst:10000}}
cpuset.cpus 0 {cpu:{cpus:"0"}}
cpuset.mems 0 {cpu:{mems:"0"}}
io.weight default:200 {unified:{"io.weight":"200"}}
hugetlb.2MB.max 4194304 {hugepageLimits:[{pageSize:"2MB",limit:4194304}]}'

is_limit() {
	is "$(value "$1" | tr ' ' :)" "$2" "$1 $3"
}

test_a_reload_of_systemd_changes_no_limit() {
	local file value filter
	while read -r file value filter; do
		grep -qw "${file%%.*}" "$cg_mount/cgroup.controllers" || continue
		bundle pause
		in_unit
		resources "$filter"
		create_unit
		is_limit "$file" "$value" "after create"
		systemctl daemon-reload
		is_limit "$file" "$value" "after a reload"
		delete_forced
	done <<<"$limits"
}

test_update_tells_systemd() {
	bundle pause
	in_unit
	create_unit
	if grep -qw pids "$cg_mount/cgroup.controllers"; then
		good nacre update --pids-limit 55 --memory 100003840 "$id"
		is_limit pids.max 55 "after update"
		is "$(property TasksMax)" 55
		systemctl daemon-reload
		is_limit pids.max 55 "after a reload"
		is_limit memory.max 100003840 "after a reload"
	fi
	if grep -qw io "$cg_mount/cgroup.controllers"; then
		# Of 111 systemd would make 183 for BFQ, now and with whatever it is told later.
		good nacre update --blkio-weight 111 "$id"
		good nacre update --pids-limit 56 "$id"
		is_limit io.weight default:1021 "after update"
		find_cgroup
		[[ ! -e $cg/io.bfq.weight ]] || is_limit io.bfq.weight default:111 "after update"
	fi
	if grep -qw cpu "$cg_mount/cgroup.controllers"; then
		good nacre update --cpu-period 50000 "$id"
		is_limit cpu.max max:50000 "after update"
	fi
	start
	printf '{"devices": [{"allow": false, "access": "rwm"},
		{"allow": true, "type": "c", "major": 1, "minor": 11, "access": "r"}]}' >"$T/resources"
	good nacre update --resources "$T/resources" "$id"
	has "$(property DeviceAllow)" "/dev/char/1:11 r"
	delete_forced
	no_unit_left
}

test_update_keeps_the_weights_of_devices() {
	needs_bfq || return
	bundle pause
	in_unit
	block_io '{weight: 300, weightDevice: [{major: $a, minor: $i, weight: 400}]}'
	create_unit
	good nacre update --blkio-weight 111 "$id"
	is "$(value io.bfq.weight)" "default 111"$'\n'"$number 400"
	good nacre update --pids-limit 56 "$id"
	is "$(value io.bfq.weight)" "default 111"$'\n'"$number 400"
	delete_forced
	no_unit_left
}

test_a_reload_of_systemd_keeps_the_devices() {
	bundle pause
	in_unit
	with_one_device
	create_unit
	start
	devices_are_as_configured
	systemctl daemon-reload
	devices_are_as_configured
	systemctl daemon-reexec
	devices_are_as_configured
	has "$(property DeviceAllow)" "/dev/char/10:229 rw"
}

# --- a user's own systemd ---

user=1000

needs_user_manager() {
	if [[ ${BOOT:-} == private && ! -S /run/user/$user/bus ]]; then
		getent passwd "$user" >/dev/null || try useradd -M -u "$user" tester
		good systemctl start "user@$user"
	fi
	[[ -S /run/user/$user/bus ]] && return
	skip "no systemd of a user runs for uid $user"
	return 1
}

# as_user COMMAND...
as_user() {
	timeout -k 5 60 setpriv --reuid "$user" --regid "$user" --init-groups env -i PATH="$PATH" \
		NACRE_LIBEXECDIR="$NACRE_LIBEXECDIR" NACRE_TEST="$T" "XDG_RUNTIME_DIR=/run/user/$user" "$@"
}

of_user() {
	as_user "$NACRE" "$@"
}

user_units_left() {
	as_user systemctl --user list-units --all --plain --no-legend --no-pager "*$tag*"
}

test_without_privilege_it_is_a_scope_of_the_users_systemd() {
	needs_user_manager || return
	bundle pause
	rm "$b/config.json"
	chown "$user" "$b"
	good of_user spec --rootless --bundle "$b"
	program /payload pause
	edit '.process.terminal = false'
	in_unit ":$tag:$id"
	good of_user --systemd-cgroup create --bundle "$b" "$id"
	good of_user start "$id"
	good of_user state "$id"
	has "$(cgroup_of "$(json .pid)")" "/user@$user.service/user.slice/$tag-$id.scope"
	# From a cgroup that is root's.
	good of_user exec "$id" /payload true
	good of_user exec --own-cgroup "$id" /payload true
	good of_user delete --force "$id"
	is "$(user_units_left)" "" "units of the user"
}

test_without_the_variable_the_state_is_where_a_login_has_it() {
	needs_user_manager || return
	as_user env -u XDG_RUNTIME_DIR "$NACRE" list -q >"$T/out.list" || wrong "$(<"$T/out.list")"
	exists "/run/user/$user/nacre"
}

# sandbox_of_user [OPTION...]: of a shell that waits for the file go, as $pid
sandbox_of_user() {
	mkdir -p "$T"/{project,home}
	chown "$user" "$T"/{project,home}
	(cd "$T/project" && exec timeout 60 setpriv --reuid "$user" --regid "$user" --init-groups env -i PATH="$PATH" \
		HOME="$T/home" NACRE_LIBEXECDIR="$NACRE_LIBEXECDIR" "XDG_RUNTIME_DIR=/run/user/$user" \
		"$NACRE" "$@" sandbox --name "$id" --workspace .:direct --pids 20 --memory 64M -- /bin/sh -c \
		'until [ -e go ]; do sleep 0.1; done; i=0; while [ $((i += 1)) -le 20 ]; do sleep 60 & done; echo all') \
		>"$T/out.sandbox" 2>&1 &
	pid=$!
	wait_for sandbox_runs
}

sandbox_runs() {
	of_user state "$id" 2>/dev/null | grep -q '"running"'
}

test_a_sandbox_of_a_user_is_a_scope_with_its_limits() {
	local pid
	needs_user_manager || return
	needs_controller memory || return
	needs_controller pids || return
	sandbox_of_user
	good of_user state "$id"
	has "$(cgroup_of "$(json .pid)")" "/user@$user.service/user.slice/nacre-$id.scope"
	is "$(as_user systemctl --user show -P TasksMax "nacre-$id.scope")" 20 TasksMax
	is "$(as_user systemctl --user show -P MemoryMax "nacre-$id.scope")" $((64 << 20)) MemoryMax
	: >"$T/project/go"
	wait "$pid"
	has "$(<"$T/out.sandbox")" fork
	lacks "$(<"$T/out.sandbox")" warning
	is "$(as_user systemctl --user list-units --all --plain --no-legend --no-pager "*$id*")" "" "units"
}

test_without_controllers_a_sandbox_of_a_user_asks_no_systemd() {
	local pid
	needs_user_manager || return
	[[ ! $(<"/sys/fs/cgroup/user.slice/user-$user.slice/user@$user.service/cgroup.controllers") == *pids* ]] ||
		{ host_lacks "the user's systemd has them"; return; }
	sandbox_of_user
	: >"$T/project/go"
	wait "$pid"
	has "$(<"$T/out.sandbox")" "no limits but of processes (RLIMIT_NPROC) and of the memory of each alone"
	has "$(<"$T/out.sandbox")" fork
}

# --- what can be wrong with systemd and the bus ---

without_bus() {
	DBUS_SYSTEM_BUS_ADDRESS=unix:path=$1 nacre --systemd-cgroup run --bundle "$b" "$id"
}

test_a_missing_bus_is_told() {
	bundle true
	in_unit
	bad 1 '*connect to D-Bus of the system: No such file or directory: check that dbus is installed and running' \
		without_bus "$T/none"
	nothing_left
}

test_a_missing_systemd_is_told() {
	bundle true
	in_unit
	# shellcheck disable=SC2016 # for the inner shell
	bad 1 '*systemd is not this host*s init*use --cgroup-manager cgroupfs' \
		unshare -m sh -c 'mount -t tmpfs tmpfs /run && exec "$@"' sh \
		"$NACRE" --root "$ROOT" --systemd-cgroup run --bundle "$b" "$id"
	nothing_left
}

test_a_missing_companion_is_told() {
	bundle true
	in_unit
	NACRE_LIBEXECDIR=$T bad 1 '*nacre-systemd is missing in*' \
		nacre --systemd-cgroup run --bundle "$b" "$id"
	nothing_left
}

test_a_bus_that_does_not_answer_is_waited_for_30_seconds() {
	bundle true
	in_unit
	systemd-socket-activate --listen "$T/mute" sleep 60 >/dev/null 2>&1 </dev/null &
	background+=($!)
	wait_for test -S "$T/mute"
	bad 1 '*systemd did not answer on D-Bus within 30 s' without_bus "$T/mute"
	nothing_left
}

test_a_caller_who_may_not_manage_units_is_told() {
	# As nobody: the error is that of the companion alone.
	try setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$NACRE_LIBEXECDIR/nacre-systemd" stop system init.scope
	is "$rc" 13 "exit status, EACCES"
	# With polkit and without it says other words.
	has "$err" "systemd: stop init.scope: "
	has "$err" " manage units"
}

# state, exec, update, kill and delete know the unit from the record of another version.
unit_of_version() {
	bundle_of "$1"
	in_unit
	profile=agent run_unit --detach
	put_record "$1"
	is "$(state_of .status)" running status
	is "$(jq -r .unit "$ROOT/$id/record")" "$tag-$id.scope" unit
	good nacre exec "$id" /payload true
	# systemd is told of the device rules
	echo '{"unified": {"cgroup.max.depth": "6"}, "devices": [{"allow": false, "access": "rwm"}]}' >"$T/out.r"
	good nacre update -r "$T/out.r" "$id"
	is "$(value cgroup.max.depth)" 6 "what update set"
	kill_now
	delete
	no_unit_left
}

test_a_unit_of_version_4() {
	unit_of_version 4-systemd
}

test_a_unit_of_version_5() {
	unit_of_version 5-systemd
}

all_tests "$@"
