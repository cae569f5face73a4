#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # run_suite calls every feature_ by its name
#
# What containerd.t does with runc and nacre below containerd's own shim, with runc and with
# containerd-shim-nacre-v2: each feature prints the same.

# nobody has it open for a while, which is no end of it
feature_terminal_opened_again() {
	client_on_terminal "run --rm $(flags) -t $image one sh -c \
		'exec <&- >&- 2>&-; sleep 1; exec >/dev/console; echo back; exit 4'"
}

# without a pid namespace of its own an exec outlives the first process
feature_end_of_execs() {
	detached one --with-ns pid:/proc/1/ns/pid -- sleep 100
	c tasks exec --exec-id second --detach --log-uri file:///run/exec.log one sleep 100
	ctr events >/run/events &
	local listener=$!
	sleep 0.3
	c tasks kill --signal SIGKILL one
	wait_until 10 grep -q '/tasks/exit.*"id":"one"' /run/events
	wait_until 10 grep -q '/tasks/exit.*"id":"second"' /run/events
	kill "$listener"
	sed -n 's|.*/tasks/exit.*"id":"\([a-z]*\)".*|\1|p' /run/events
	remove one
}

# what containerd itself does not do: shim_call.py SCENE
call_shim() {
	detached one -- sleep 100
	python3 /nacre/suite/shim_call.py \
		"$(cat /run/containerd/io.containerd.runtime.v2.task/default/one/address)" one "$1"
}

feature_call_with_a_limit() {
	call_shim limit
	remove one
}

feature_exec_that_fails() {
	call_shim failure
	status_of one
	remove one
}

feature_start_while_deleted() {
	call_shim delete
	wait_until 10 is_status one ''
	remove one
}

# shellcheck source=SCRIPTDIR/containerd.t
. "$(dirname "$0")/containerd.t"
