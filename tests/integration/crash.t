#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

# Kill -9 at any point leaves something that `delete --force` removes completely. strace ends nacre on
# entry to one system call after the other; it does not follow init, which runs on alone.
traced() {
	(NACRE_TEST=$T timeout 60 strace -qq -o "$T/out.trace" "${injection[@]}" \
		"$NACRE" --root "$ROOT" "${places[@]}" "$@" </dev/null >"$T/out.log" 2>&1
		exit $?) 2>/dev/null
}

# each_call COMMAND...: sets calls to "NAME:N", the Nth call of that name, in the order of a run that
# is not disturbed.
each_call() {
	injection=()
	traced "$@" || wrong "undisturbed, it failed" "$(<"$T/out.log")"
	mapfile -t calls_made < <(awk -F'(' '/^[a-z0-9_]+\(/ && $1 !~ /^(execve|exit_group)$/ {
		print $1 ":" ++n[$1] }' "$T/out.trace")
	((${#calls_made[@]} > 20)) || wrong "only ${#calls_made[@]} calls"
	good nacre delete --force "$id"
}

# killed_at NAME:N COMMAND...: whether it was killed
killed_at() {
	local call=$1
	shift
	injection=(-e "trace=${call%:*}" -e "inject=${call%:*}:signal=KILL:when=${call#*:}")
	traced "$@"
	grep -q 'killed by SIGKILL' "$T/out.trace" && ((++kills))
}

cleaned_up() {
	doing "killed at $call" "$(tail -2 "$T/out.trace" 2>/dev/null)"
	good nacre list
	good nacre delete --force "$id"
	nothing_left
}

enough_kills() {
	((kills * 10 > ${#calls_made[@]} * 8 / STRIDE)) ||
		wrong "only $kills kills at ${#calls_made[@]} calls"
}

# What is killed from now on works if it is not.
create_and_delete() {
	create
	good nacre delete --force "$id"
}

# every STRIDEth call; 1 is every one
STRIDE=${STRIDE:-1}

# A bundle that makes use of most rows of the table.
rich_bundle() {
	bundle pause
	mount_on /mnt "$b/rootfs/etc" bind rbind ro
	edit '.hooks = {createRuntime: [{path: "/bin/true"}], createContainer: [{path: "/bin/true"}],
			poststart: [{path: "/bin/true"}], poststop: [{path: "/bin/true"}]}
		| .linux.sysctl = {"kernel.msgmax": "4096"}
		| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
			syscalls: [{names: ["getcpu"], action: "SCMP_ACT_ERRNO"}]}'
}

every_call() {
	local i call kills=0
	each_call "$@"
	for ((i = 0; i < ${#calls_made[@]}; i += STRIDE)); do
		call=${calls_made[i]}
		killed_at "$call" "$@"
		cleaned_up
	done
	enough_kills
}

# The same for a command on a container: PREPARE makes it, anew for each kill; look, if it is set, looks at
# it afterwards.
every_call_on() {
	local prepare=$1 i call kills=0
	shift
	$prepare
	each_call "$@"
	for ((i = 0; i < ${#calls_made[@]}; i += STRIDE)); do
		call=${calls_made[i]}
		$prepare
		killed_at "$call" "$@"
		${look:-true}
		cleaned_up
	done
	enough_kills
}

# killed_after_each_step OPTION...: of create with names in its rules. Each line of --debug is one write.
killed_after_each_step() {
	local call number kills=0
	rich_bundle
	edit '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "cat >\($t)/hook"]}]' --arg t "$T"
	for ((number = 1; ; number++)); do
		call=write:$number
		rm -f "$T/hook"
		killed_at "$call" --debug "$@" create --profile oci --egress test.example --bundle "$b" \
			--pid-file "$T/out.pid" "$id" || break
		cleaned_up
		[[ ! -s $T/hook ]] || wait_for has_ended "$(jq .pid "$T/hook")"
	done
	((kills > 20)) || wrong "only $kills steps" "$(<"$T/out.log")"
	is "$(state_of .status)" created status
	grep -q 'debug: runtime: egress relay: ' "$T/out.log" || wrong "no relay" "$(<"$T/out.log")"
}

test_killed_after_each_step_of_create() {
	needs_strace || return
	killed_after_each_step
}

# It is by its pid alone that init is found, which is recorded last.
test_killed_after_each_step_of_create_without_a_cgroup() {
	needs_strace || return
	killed_after_each_step --cgroup-manager disabled
}

test_killed_at_every_system_call_of_create() {
	needs_strace || return
	rich_bundle
	create_and_delete
	every_call create --profile oci --bundle "$b" "$id"
}

# What the program has not written to does not outlive it.
no_workspace_left() {
	[[ -z $(ls -A "$T/workspaces" 2>/dev/null) ]] ||
		wrong "a workspace is left" "$(find "$T/workspaces")"
}

test_killed_at_every_system_call_of_create_with_workspaces() {
	needs_strace || return
	local i call kills=0 command
	places=(--workspaces "$T/workspaces")
	bundle pause
	mkdir "$T/source"
	command=(create --profile oci --bundle "$b" --workspace "$T/source:/mnt" --workspace "$T/source:/etc" "$id")
	good nacre "${command[@]}"
	exists "$T/workspaces/$id/1/workspace.json"
	good nacre delete --force "$id"
	each_call "${command[@]}"
	for ((i = 0; i < ${#calls_made[@]}; i += STRIDE)); do
		call=${calls_made[i]}
		killed_at "$call" "${command[@]}"
		cleaned_up
		no_workspace_left
	done
	enough_kills
}

created_with_changes() {
	rm -rf "$T/workspaces"
	create --workspace "$T/source:/mnt" --workspace "$T/source:/etc"
	echo new >"$T/workspaces/$id/0/upper/file"
}

# What has changes stays as it is, and the rest goes, if not at once then with the next delete.
test_killed_at_every_system_call_of_a_delete_that_keeps_changes() {
	needs_strace || return
	local i call kills=0
	places=(--workspaces "$T/workspaces")
	bundle pause
	mkdir "$T/source"
	created_with_changes
	each_call delete --force "$id"
	for ((i = 0; i < ${#calls_made[@]}; i += STRIDE)); do
		call=${calls_made[i]}
		created_with_changes
		killed_at "$call" delete --force "$id"
		cleaned_up
		is "$(<"$T/workspaces/$id/0/upper/file")" new "what was written"
		exists "$T/workspaces/$id/0/workspace.json"
	done
	enough_kills
	absent "$T/workspaces/$id/1"
}

test_killed_at_every_system_call_of_create_in_a_user_namespace() {
	needs_strace || return
	bundle pause
	with_user_namespace
	create_and_delete
	every_call create --profile oci --bundle "$b" "$id"
}

test_killed_at_every_system_call_of_run() {
	needs_strace || return
	bundle sleep 0.02 : echo ran
	edit '.hooks.poststop = [{path: "/bin/true"}]'
	run
	is "$out" ran
	every_call run --profile oci --bundle "$b" "$id"
}

created() {
	create
}

running() {
	create
	start
}

runs_payload() {
	[[ $(readlink "/proc/$(pid_of)/exe") == */payload ]]
}

# It runs its program, or is "created" and can be started. The turn that was given may be on its way.
started_or_not() {
	doing "killed at $call" "$(tail -2 "$T/out.trace")"
	if status_is created; then
		try nacre start "$id"
		((rc == 0)) || has "$err" "cannot start an already running container"
	fi
	is "$(state_of .status)" running status
	wait_for runs_payload
}

test_killed_at_every_system_call_of_start() {
	needs_strace || return
	local look=started_or_not
	rich_bundle
	every_call_on created start "$id"
}

created_to_be_traced() {
	profile=agent create --trace-denials
}

# The tracer ends with the container, whether `start` lives to tell it or not.
test_killed_at_every_system_call_of_a_traced_start() {
	needs_strace || return
	local look=started_or_not
	bundle call userfaultfd : pause
	every_call_on created_to_be_traced start "$id"
}

test_killed_at_every_system_call_of_delete() {
	needs_strace || return
	rich_bundle
	every_call_on created delete --force "$id"
}

created_with_leftovers() {
	create
	mkdir -p "$ROOT/$id/notify"
	touch "$ROOT/$id/"{denials,.record.1,notify/notify.sock}
}

test_killed_at_every_system_call_of_delete_with_leftovers() {
	needs_strace || return
	bundle pause
	every_call_on created_with_leftovers delete --force "$id"
}

test_killed_at_every_system_call_of_pause() {
	needs_strace || return
	bundle pause
	every_call_on running pause "$id"
}

test_killed_at_every_system_call_of_exec() {
	needs_strace || return
	local i call kills=0
	bundle pause
	running
	each_call exec "$id" /payload sleep 0.02
	running
	for ((i = 0; i < ${#calls_made[@]}; i += STRIDE)); do
		call=${calls_made[i]}
		killed_at "$call" exec "$id" /payload sleep 0.02
		is "$(state_of .status)" running "status after a kill at $call"
	done
	enough_kills
	wait_for eval '(($(nacre ps -f json "$id" | jq length) == 1))'
}

# From the moment on that the program runs, nobody but the watcher can know that nacre is gone.
test_killed_at_every_system_call_of_an_exec_that_takes_all_along() {
	needs_strace || return
	local i call kills=0 command
	bundle pause
	running
	command=(exec --kill-on-exit "$id" /payload spawn 2 : sleep 0.05)
	each_call "${command[@]}"
	running
	for ((i = 0; i < ${#calls_made[@]}; i += STRIDE)); do
		call=${calls_made[i]}
		killed_at "$call" "${command[@]}"
		doing "killed at $call" "$(tail -2 "$T/out.trace")"
		wait_for eval '(($(nacre ps -f json "$id" | jq length) == 1))'
		is "$(state_of .status)" running "status after a kill at $call"
	done
	enough_kills
	good nacre exec --own-cgroup "$id" /payload true
	find_cgroup
	is "$(find "$cg" -name 'exec-*')" "" "cgroups left"
}

depth() {
	value cgroup.max.depth
}

stored_depth() {
	jq -r '.linux.resources.unified."cgroup.max.depth"' "$ROOT/$id/config.json"
}

to_update() {
	bundle pause
	edit '.linux.resources.unified = {"cgroup.max.depth": "3"}'
	running
	echo '{"unified": {"cgroup.max.depth": "4", "cgroup.max.descendants": "9"},
		"devices": [{"allow": false, "access": "rwm"}]}' >"$T/update.json"
}

# What is stored is whole, and an update can be made again.
test_killed_at_every_system_call_of_update() {
	needs_strace || return
	local i call kills=0
	to_update
	each_call update -r "$T/update.json" "$id"
	to_update
	for ((i = 0; i < ${#calls_made[@]}; i += STRIDE)); do
		call=${calls_made[i]}
		killed_at "$call" update -r "$T/update.json" "$id"
		[[ $(stored_depth) == [34] ]] || wrong "killed at $call: stored is $(stored_depth)"
		good nacre state "$id"
	done
	enough_kills
	good nacre update -r "$T/update.json" "$id"
	is "$(depth) $(stored_depth)" "4 4"
}

test_a_system_call_that_fails_in_update_changes_nothing() {
	needs_strace || return
	local number call error
	to_update
	for call in write:ENOSPC openat:EMFILE openat2:EMFILE read:EIO renameat:ENOSPC bpf:ENOMEM \
		fsync:EIO fcntl:EMFILE; do
		[[ $call == openat:* ]] && grep -q __asan_init "$NACRE" && continue
		error=${call#*:} call=${call%:*}
		for ((number = 1; number < 60; number += STRIDE)); do
			write_value cgroup.max.depth 3
			sed -i 's/"cgroup.max.depth":"4"/"cgroup.max.depth":"3"/' "$ROOT/$id/config.json"
			NACRE_TEST=$T timeout 60 strace -qq -o "$T/out.trace" -e "trace=$call" \
				-e "inject=$call:error=$error:when=$number" "$NACRE" --root "$ROOT" \
				update -r "$T/update.json" "$id" </dev/null >"$T/out.log" 2>&1
			rc=$?
			grep -q INJECTED "$T/out.trace" || break
			doing "$call number $number: $error" "$(<"$T/out.log")"
			if ((rc == 0)); then
				is "$(depth) $(stored_depth)" "4 4" "$call number $number"
			else
				is "$(depth) $(stored_depth)" "3 3" "$call number $number"
				[[ -s $T/out.log ]] || wrong "no error text"
			fi
		done
	done
}

# Without strace as well: an engine that is killed takes nacre along (PDEATHSIG).
test_killed_at_any_time() {
	local i
	rich_bundle
	create_and_delete
	for i in {1..60}; do
		(NACRE_TEST=$T timeout -s KILL "0.00$((RANDOM % 10))$((RANDOM % 10))" "$NACRE" \
			--root "$ROOT" create --profile oci --bundle "$b" "$id" </dev/null >/dev/null 2>&1
			true) 2>/dev/null
		call="a random time"
		cleaned_up
	done
}

# Its cgroup is not there to find it by, and it does not run to see that its creator is gone.
test_a_stopped_init_ends_with_its_creator() {
	needs_root || return
	local init creator
	bundle pause
	edit '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c",
		"cat >\($t)/hook.new; mv \($t)/hook.new \($t)/hook; while ! test -e \($t)/go; do sleep 0.05; done"]}]' \
		--arg t "$T"
	in_background unshare --mount sh -c 'mount -t tmpfs none /sys/fs/cgroup && exec "$@"' sh \
		"$NACRE" --root "$ROOT" --rootless true create --profile oci --bundle "$b" "$id"
	wait_for test -s "$T/hook"
	init=$(jq .pid "$T/hook")
	creator=$(awk '/^PPid/ { print $2 }' "/proc/$init/status")
	kill -STOP "$init"
	kill -KILL "$creator"
	wait_for has_ended "$init"
	touch "$T/go"
	background=()
	good nacre delete --force "$id"
	nothing_left
}

test_a_hook_ends_with_its_command_and_with_what_it_started() {
	local hook child
	bundle pause
	edit '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c",
		"sleep 60 & echo $$ $! >\($t)/new; mv \($t)/new \($t)/hook; wait"]}]' --arg t "$T"
	in_background nacre_direct create --profile oci --bundle "$b" "$id"
	wait_for test -s "$T/hook"
	read -r hook child <"$T/hook"
	kill -KILL "${background[0]}"
	wait_for has_ended "$hook"
	wait_for has_ended "$child"
	background=()
	good nacre delete --force "$id"
	nothing_left
}

test_init_killed_in_every_stage_is_reported_and_undone() {
	local stage
	for stage in prestart createRuntime; do
		bundle pause
		edit '.hooks[$stage] = [{path: "/bin/sh", args: ["sh", "-c",
			"pid=$(sed \"s/.*\\\"pid\\\": *\\([0-9]*\\).*/\\1/\"); kill -9 $pid; sleep 0.1"]}]' \
			--arg stage "$stage"
		run_refused "*init*"
	done
}

# asked COMMAND...: succeeds or says one clear error
asked() {
	try nacre "$@"
	((rc == 0 || rc == 1 || rc == 255)) || wrong "ended with $rc: $*" "$err"
	((rc == 0)) || [[ $err == "nacre: "* && $err != *$'\n'* ]] || wrong "no one clear error: $*" "$err"
}

# While it is being created and has no record yet, and when its creation was cut off.
test_any_command_on_a_container_without_a_record() {
	local command unlocked=("state $id" "ps $id" "explain $id" "explain --format json $id"
		"explain --format flags $id" "events --stats $id" "list")
	bundle pause
	edit '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "echo >\($f)
		while test -e \($f); do sleep 0.02; done"]}]' \
		--arg f "$T/reached"
	in_background env NACRE_TEST="$T" "$NACRE" --root "$ROOT" create --profile agent --bundle "$b" "$id"
	wait_for test -e "$T/reached"
	for command in "${unlocked[@]}"; do
		# shellcheck disable=SC2086 # words
		asked $command
	done
	kill -9 "${background[0]}"
	echo '{"unified": {"cgroup.max.depth": "4"}}' >"$T/update.json"
	for command in "${unlocked[@]}" "start $id" "exec $id /payload true" "kill $id KILL" "pause $id" "resume $id" \
		"update -r $T/update.json $id" "checkpoint --image-path $T/image $id" "delete $id"; do
		# shellcheck disable=SC2086 # words
		asked $command
	done
	good nacre delete --force "$id"
}

# Each of these calls fails once, in nacre or in init: an error, nothing left, and no crash.
test_a_system_call_that_fails_leaves_nothing() {
	needs_strace || return
	local number call error
	bundle true
	mount_on /mnt "$b/rootfs/etc" bind rbind ro
	edit '.hooks.createRuntime = [{path: "/bin/true"}] | .linux.sysctl = {"kernel.msgmax": "4096"}'
	for call in clone3:EAGAIN mkdirat:ENOSPC openat:EMFILE openat2:EMFILE write:ENOSPC fsopen:ENOMEM \
		fsmount:ENOMEM open_tree:EPERM move_mount:EPERM mount_setattr:EPERM socketpair:EMFILE \
		renameat:ENOSPC mmap:ENOMEM bpf:EPERM fork:EAGAIN pidfd_open:EMFILE setsid:EPERM \
		capset:EPERM prctl:EINVAL setgroups:EPERM pivot_root:EINVAL sendmsg:ENOBUFS \
		recvmsg:EINTR close_range:EINVAL execve:EACCES; do
		# these are calls of the sanitizers' runtime and of the dynamic loader as well
		[[ $call =~ ^(mmap|prctl|openat): ]] && grep -q __asan_init "$NACRE" && continue
		error=${call#*:} call=${call%:*}
		for ((number = 1; number < 60; number += STRIDE)); do
			NACRE_TEST=$T timeout 60 strace -f -qq -o "$T/out.trace" -e "trace=$call" \
				-e "inject=$call:error=$error:when=$number" "$NACRE" --root "$ROOT" \
				run --profile oci --bundle "$b" "$id" </dev/null >"$T/out.log" 2>&1
			rc=$?
			grep -q INJECTED "$T/out.trace" || break
			doing "$call number $number: $error" "$(<"$T/out.log")"
			((rc < 124 || rc == 255)) || wrong "ended with $rc" "$(<"$T/out.log")"
			((rc == 0)) || [[ -s $T/out.log ]] || wrong "no error text"
			# it ran, and could not be removed: that is told, and can be done again
			grep -q "warning: delete $id after it ended: " "$T/out.log" &&
				good nacre delete --force "$id"
			nothing_left
		done
	done
}

all_tests "$@"
