#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
. "$(dirname "$0")/lib.sh"

test_delete_removes_a_stopped_container() {
	bundle true
	create
	start
	wait_for status_is stopped
	delete
	nothing_left
}

test_delete_of_a_created_container_kills_it() {
	bundle pause
	create
	delete
	nothing_left
}

test_delete_of_a_running_container_is_refused() {
	bundle pause
	create
	start
	bad 1 "*cannot delete container $id that is not stopped: running" nacre delete "$id"
	is "$(state_of .status)" running status
}

test_delete_of_a_paused_container_is_refused() {
	bundle pause
	create
	start
	good nacre pause "$id"
	bad 1 "*cannot delete container $id that is not stopped: paused" nacre delete "$id"
	is "$(state_of .status)" paused status
}

test_force_kills_and_removes() {
	bundle spawn 10 : pause
	create
	start
	good nacre delete --force "$id"
	nothing_left
}

test_force_removes_a_paused_container() {
	bundle spawn 10 : pause
	create
	start
	good nacre pause "$id"
	good nacre delete -f "$id"
	nothing_left
}

test_force_without_pid_namespace_removes_every_process() {
	needs_host_procfs || return
	bundle spawn 10 : pause
	without_namespace pid
	create
	start
	good nacre delete --force "$id"
	nothing_left
}

# A removal that was cut off, or somebody's hand.
test_force_removes_what_has_no_lock() {
	mkdir -p "$ROOT/$id"
	bad 1 "container does not exist: $id" nacre delete "$id"
	good nacre delete --force "$id"
	absent "$ROOT/$id"
	mkdir -p "$ROOT/$id/notify"
	touch "$ROOT/$id/"{denials,record,config.json,.record.12,.config.json.3,notify/notify.sock}
	good nacre delete --force "$id"
	nothing_left
	bundle pause
	create
	start
	rm "$ROOT/$id/lock"
	good nacre delete --force "$id"
	nothing_left
	create
}

# --root may point anywhere.
test_what_is_not_nacres_is_not_removed() {
	local name
	for name in mine .mine .record .record.1a records .lock.; do
		mkdir -p "$ROOT/$id"
		touch "$ROOT/$id/$name" "$ROOT/$id/config.json"
		bad 1 "*\"$id\" holds \"$name\", which is not nacre's: move it away*" \
			nacre delete --force "$id"
		is "$(find "$ROOT/$id" -mindepth 1 | wc -l)" 2 files
		rm -r "${ROOT:?}/$id"
	done
	bundle pause
	create
	touch "$ROOT/$id/mine"
	bad 1 "*holds \"mine\", which is not nacre's: *" nacre delete --force "$id"
	exists "$ROOT/$id/lock"
	rm "$ROOT/$id/mine"
	good nacre delete --force "$id"
	nothing_left
}

test_delete_of_no_container_is_an_error() {
	bad 1 "container does not exist: $id" nacre delete "$id"
}

test_force_on_no_container_is_none() {
	bundle pause
	create
	good nacre delete --force "$id"
	absent "$ROOT/$id"
	good nacre delete --force "$id"
	is "$err" "" stderr
}

test_cgroups_that_the_container_made_go_with_it() {
	bundle pause
	create
	start
	find_cgroup
	mkdir -p "$cg/a/b/c" "$cg/a/d"
	good nacre delete --force "$id"
	absent "$cg"
	nothing_left
}

test_the_bundle_stays() {
	bundle create /tmp/kept
	edit '.root.readonly = false'
	run
	exists "$b/rootfs/tmp/kept"
	exists "$b/config.json"
	is "$(ls -A "$b/rootfs/dev")" "" "dev of the rootfs"
	is "$(ls -A "$b/rootfs/proc")" "" "proc of the rootfs"
}

test_the_bundle_may_be_gone_before_the_container() {
	bundle pause
	create
	start
	rm -rf "$b"
	good nacre delete --force "$id"
	nothing_left
}

test_two_deletes_at_once_end_with_it_gone() {
	bundle pause
	create
	in_background nacre delete --force "$id"
	in_background nacre delete --force "$id"
	in_background nacre delete --force "$id"
	for i in "${background[@]}"; do
		wait "$i" || wrong "one of three failed" "$(cat "$T"/out.*)"
	done
	background=()
	nothing_left
}

test_a_regular_expression_deletes_all_that_match_it() {
	local name
	bundle pause
	for name in a b c-a; do
		good nacre create --profile oci --bundle "$b" "$id-$name"
	done
	good nacre start "$id-b"
	bad 1 "$id-b: cannot delete container $id-b that is not stopped: running" \
		nacre delete --regex "^$id-(a|b)\$"
	is "$(nacre list --quiet)" "$id-b
$id-c-a" "containers"
	good nacre delete --force -r "^$id-"
	good nacre delete --regex "^$id-"
	bad 1 '--regex: "(": *' nacre delete --regex "("
	nothing_left
}

# deletes_with CALL:ERROR...: each call that delete makes fails once. Whatever it says must be true, and
# the next delete goes on where it ended.
deletes_with() {
	local number call error
	for call; do
		error=${call#*:} call=${call%:*}
		for ((number = 1; number < 80; number++)); do
			bundle spawn 3 : pause
			edit '.hooks.poststop = [{path: "/bin/sh", args: ["sh", "-c", "echo >>\($file)"]}]' \
				--arg file "$T/out.hook"
			rm -f "$T/out.hook"
			create
			start
			try strace -qq -o "$T/out.trace" -e "trace=$call" \
				-e "inject=$call:error=$error:when=$number" "$NACRE" --root "$ROOT" \
				delete --force "$id"
			grep -q INJECTED "$T/out.trace" || break
			doing "$call number $number: $error" "$err"
			if ((rc == 0)); then
				nothing_left
			else
				[[ $err == nacre:* ]] || wrong "no error text"
				[[ -z $(processes_left)$(cgroups_left) || -n $(nacre list -q) ]] ||
					wrong "it is not listed, and there is something of it"
				good nacre delete --force "$id"
				nothing_left
			fi
			[[ $err == *"error running poststop hook"* ]] ||
				is "$(wc -l <"$T/out.hook")" 1 "runs of the poststop hook"
		done
		good nacre delete --force "$id"
	done
}

test_a_delete_that_fails_can_be_done_again() {
	needs_strace || return
	deletes_with unlinkat:EIO openat2:EMFILE pidfd_send_signal:EPERM pidfd_open:EMFILE poll:ENOMEM \
		write:EIO
}

test_a_look_at_files_that_fails_is_no_answer() {
	needs_strace || return
	needs_plain_build "its loader asks as well" || return
	deletes_with pread64:EIO openat:ENOMEM %%stat:ENOMEM fcntl:ENOMEM getdents64:EIO read:EIO
}

# A process that does not die: here, that its cgroup is said to have some.
test_state_stays_as_long_as_processes_do() {
	needs_strace || return
	bundle pause
	create
	start
	try strace -qq -o "$T/out.trace" -e trace=pidfd_send_signal,write -e inject=write:retval=1 \
		-e inject=pidfd_send_signal:retval=0 "$NACRE" --root "$ROOT" delete --force "$id"
	is "$rc" 1 "exit code"
	is "$(state_of .status)" running status
	good nacre delete --force "$id"
	nothing_left
}

# Also one whose command hangs and holds the lock: that is killed, with its hook.
test_force_gets_past_a_command_that_hangs() {
	local stage pid
	for stage in createRuntime createContainer startContainer; do
		bundle pause
		with_busybox || return
		rm -f "$T/out.hook"
		edit '.hooks = {"\($stage)": [{path: "/bin/sh", args: ["sh", "-c", $command]}]}' \
			--arg stage "$stage" --arg command "echo \$\$ >$T/out.hook; exec sleep 60"
		if [[ $stage == startContainer ]]; then
			create
			in_background nacre_direct start "$id"
			pid=$(pid_of)
			wait_for eval '[[ $(cat "/proc/$pid/task/$pid/children") ]]'
		else
			in_background nacre_direct create --profile oci --bundle "$b" "$id"
			wait_for test -s "$T/out.hook"
		fi
		exists "$ROOT/$id/lock"
		good nacre delete --force "$id"
		wait "${background[0]}"
		is $? 137 "exit code of what hung"
		background=()
		[[ $stage != createRuntime ]] || wait_for has_ended "$(<"$T/out.hook")"
		nothing_left
	done
}

all_tests "$@"
